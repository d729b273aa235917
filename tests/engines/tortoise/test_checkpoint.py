"""Checkpoints: what is wrong with one is said and nothing of it is run; each of its models is in
the precision that it bears."""

import io
import pickle
import shutil
import zipfile

import numpy as np
import pytest
import torch

from engines.tortoise.stage_driver import TortoiseDriver, samples
from narrated.engines.interface import SpeechResult, WeightsLocation
from narrated.engines.neural.checkpoint_lookup import find_checkpoint
from narrated.engines.tortoise.candidate_draws import CandidateDraws
from narrated.engines.tortoise.checkpoint import TortoiseCheckpoint
from narrated.engines.tortoise.clvp_ranking import RankingStage
from narrated.engines.tortoise.required_files import FILES
from narrated.errors import EngineUnavailable
from support.engine_context import PlainContext

CLVP_CLOSE = 0.02
"""Of how far the best candidate's score is from the worst one's."""


@pytest.fixture
def copied(folder, tmp_path):
    """A checkpoint of one's own, to be spoiled."""
    return shutil.copytree(folder, tmp_path / "own")


def opened(folder, dtype="float32"):
    context = PlainContext()
    return TortoiseCheckpoint.opened(find_checkpoint(context, str(folder), FILES), dtype, context)


def refusal(folder):
    """The refusal once the weights are needed; before that nothing of them was read."""
    model = opened(folder).model
    with pytest.raises(EngineUnavailable) as caught:
        model.warm()
    assert model.warmth is WeightsLocation.ABSENT
    assert caught.value.remedy == f"Check its files: narrated models verify {folder}"
    return caught.value.problem


def changed(file, change):
    """Write a file's weights again, with a change."""
    state = torch.load(file, weights_only=True)
    own = state.get("model_g", state)
    change(own)
    torch.save(state, file)


ONE_OF_EACH = {
    "autoregressive.pth": "final_norm.weight",
    "clvp2.pth": "temperature",
    "diffusion_decoder.pth": "unconditioned_embedding",
    "vocoder.pth": "conv_pre.bias",
}


@pytest.mark.parametrize("name", FILES)
def test_missing_weight_is_named(copied, name):
    """A weight that is missing is named."""
    weight = ONE_OF_EACH[name]
    changed(copied / name, lambda state: state.pop(weight))
    assert f"lacks 1 weights of {name}, {weight} among them" in refusal(copied)


def test_missing_shape_weight_named(copied):
    """A weight that the sizes are read off is named too."""
    changed(copied / "autoregressive.pth", lambda state: state.pop("mel_embedding.weight"))
    assert "mel_embedding.weight" in refusal(copied)


def test_wrong_shape_is_named(copied):
    """A weight of another shape is named."""

    def widen(state):
        state["final_norm.weight"] = torch.ones(129)

    changed(copied / "autoregressive.pth", widen)
    assert "size mismatch for final_norm.weight" in refusal(copied)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("share", [0.0, 0.9])
def test_truncated_file_is_refused(copied, name, share):
    """A file that is cut off cannot be read."""
    content = (copied / name).read_bytes()
    (copied / name).write_bytes(content[: int(len(content) * share)])
    assert "cannot be read" in refusal(copied)


def test_foreign_weights_are_refused(copied):
    """Weights of another model cannot be read."""
    shutil.copy(copied / "clvp2.pth", copied / "autoregressive.pth")
    assert "cannot be read" in refusal(copied)


class Evil:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder):
        self.folder = str(folder)

    def __reduce__(self):
        import os

        return os.mkdir, (self.folder,)


@pytest.mark.parametrize("zipped", [True, False])
def test_pickle_code_does_not_run(copied, tmp_path, zipped):
    """A pickle that would run code runs nothing."""
    ran = tmp_path / "ran"
    state = {"mel_embedding.weight": Evil(ran)}
    torch.save(state, copied / "autoregressive.pth", _use_new_zipfile_serialization=zipped)
    assert "cannot be read (it is damaged, or a file of another kind" in refusal(copied)
    assert not ran.exists()
    torch.load(copied / "autoregressive.pth", weights_only=False)
    assert ran.is_dir(), "that it would have run"


def test_non_dictionary_is_refused(copied):
    """A file without a dictionary cannot be read."""
    (copied / "vocoder.pth").write_bytes(pickle.dumps([1, 2]))
    assert "cannot be read" in refusal(copied)


def test_old_torch_file_is_the_same(folder, copied):
    """A file of torch's old kind is the same model."""
    for name in FILES:
        state = torch.load(copied / name, weights_only=True)
        torch.save(state, copied / name, _use_new_zipfile_serialization=False)
        assert not zipfile.is_zipfile(copied / name)
    old, new = opened(copied).model, opened(folder).model
    old.warm()
    new.warm()
    weights = old.module.state_dict()
    assert weights.keys() == new.module.state_dict().keys()
    assert all(torch.equal(weights[key], each) for key, each in new.module.state_dict().items())


def test_half_weights_any_precision(copied):
    """Weights that were stored in half precision are worked with as wished."""
    for name in FILES:
        changed(copied / name, lambda state: [_halve(state, key) for key in state])
    driver = TortoiseDriver(copied)
    assert {each.dtype for each in driver.module.parameters()} == {torch.float32}
    (outcome,) = driver.spoken([driver.row("1", "Hello there.", max_mel_tokens=9)]).values()
    assert isinstance(outcome, SpeechResult)


def _halve(state, key):
    if state[key].is_floating_point():
        state[key] = state[key].half()


def test_warm_weights_own_memory(copied):
    """A file that is exchanged under a running worker does not change what it speaks."""
    model = opened(copied).model
    model.warm()
    parts = (model.module, model.module.ears.autoregressive, model.module.ears.diffusion)
    before = [{key: each.clone() for key, each in part.state_dict().items()} for part in parts]
    for name in FILES:
        size = (copied / name).stat().st_size
        with (copied / name).open("r+b") as file:
            file.write(bytes(size))
    for part, weights in zip(parts, before, strict=True):
        assert all(torch.equal(weights[key], each) for key, each in part.state_dict().items())


def test_training_parts_are_removed(driver):
    """The parts that only training needs are left out."""
    kept = set(driver.module.state_dict())
    assert "autoregressive.mel_embedding.weight" in kept
    for unused in ("text_head", "code_embedding", "code_converter", "diffusion.mel_head"):
        assert not any(unused in name for name in kept)


@pytest.fixture(scope="module")
def halved(folder):
    return TortoiseDriver(folder, dtype="bfloat16")


def dtypes(module):
    return {each.dtype for each in module.parameters()}


def test_half_only_where_it_works(halved):
    """Half precision is for those that bear it."""
    module = halved.module
    assert dtypes(module.ears.autoregressive) == dtypes(module.ears.diffusion) == {torch.float32}
    assert dtypes(module.diffusion) == dtypes(module.vocoder) == {torch.float32}
    assert dtypes(module.autoregressive) == dtypes(module.clvp) == {torch.bfloat16}


def test_frequencies_stay_single(halved, driver):
    """The frequencies of positions stay in single precision."""
    told = [
        {name: each for name, each in own.module.named_buffers() if "inv_freq" in name}
        for own in (halved, driver)
    ]
    assert len(told[0]) >= 2
    for name, each in told[0].items():
        assert each.dtype == torch.float32
        assert torch.equal(each, told[1][name])


def test_half_speaks_on_cpu(halved):
    """It speaks in half precision on a processor too."""
    texts = ("Hello there.", "Yes!")
    rows = [halved.row(text, text, max_mel_tokens=12) for text in texts]
    for outcome in halved.spoken(rows).values():
        assert isinstance(outcome, SpeechResult)
        assert np.abs(samples(outcome.pcm)).max() > 0


def test_half_ranks_like_single(halved, driver):
    """Candidates are ranked in half precision as in single."""
    drawn = torch.Generator().manual_seed(0)
    candidates = torch.randint(0, 8192, (8, 40), generator=drawn).tolist()
    scores = []
    for own in (halved, driver):
        row = own.row("1", "The kettle is on.", num_autoregressive_samples=8)
        row.candidates, row.have_ended = candidates, [True] * len(candidates)
        own.through(RankingStage(CandidateDraws()), [row])
        scores.append(torch.tensor(row.scores))
    apart = scores[1].max() - scores[1].min()
    assert (scores[0] - scores[1]).abs().max() < CLVP_CLOSE * apart
    assert scores[0].argmax() == scores[1].argmax()


def test_tokenizer_before_weights(folder):
    """The tokenizer is there before the weights."""
    checkpoint = opened(folder)
    assert checkpoint.tokenizer.decode(checkpoint.words("Dr. Who has 2 cats")) == (
        "doctor who has two cats"
    )
    assert checkpoint.model.warmth is WeightsLocation.ABSENT


def test_digest_of_used_files_only(folder, copied):
    """Other content is another model and a file it does not use is not."""
    digest = opened(folder).digest
    (copied / "rlg_auto.pth").write_bytes(b"of a random voice")
    assert opened(copied).digest == digest
    buffer = io.BytesIO()
    torch.save({}, buffer)
    (copied / "vocoder.pth").write_bytes(buffer.getvalue())
    assert opened(copied).digest != digest
