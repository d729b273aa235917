"""Tests that need a GPU: the codes of a processor, half precision, and coming back."""

import numpy as np
import pytest
import torch

from engines.tortoise.stage_driver import TortoiseDriver, close, samples
from narrated.engines.interface import SpeechResult, WeightsLocation

pytestmark = pytest.mark.gpu

TEXTS = ("Hello there.", "The kettle is on, and I am back at four.", "Yes!")
GREEDY = {"top_k": 1}


def rows_of(driver, **wishes):
    return [driver.row(str(i), text, voice=i, seed=i, **wishes) for i, text in enumerate(TEXTS)]


def codes(rows):
    return [(row.candidates, row.codes) for row in rows]


@pytest.fixture(scope="module", autouse=True)
def whole_single_precision():
    """Convolutions that round to ten bits, as they may by default, would hide what differs."""
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        yield


@pytest.fixture(scope="module")
def single(folder):
    return TortoiseDriver(folder, device="cuda", dtype="float32")


@pytest.mark.parametrize("wishes", [GREEDY, {}])
def test_gpu_codes_match_cpu(single, driver, wishes):
    """A gpu chooses the codes that a processor does."""
    there, here = rows_of(single, **wishes), rows_of(driver, **wishes)
    spoken = single.spoken(there), driver.spoken(here)
    assert codes(there) == codes(here)
    for row in there:
        one, other = (samples(each[row.id].pcm) for each in spoken)
        assert len(one) == len(other)
        np.testing.assert_allclose(one, other, atol=2e-2)


def test_batch_matches_single(single):
    """Requests of a batch are what they are alone."""
    together = rows_of(single)
    spoken = single.spoken(together)
    for row in together:
        alone = single.row(row.id, TEXTS[int(row.id)], voice=int(row.id), seed=row.seed)
        (outcome,) = single.spoken([alone]).values()
        assert codes([row]) == codes([alone])
        assert close(spoken[row.id].pcm, outcome.pcm)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_speaks_all(folder, dtype):
    """Half precision speaks every text."""
    driver = TortoiseDriver(folder, device="cuda", dtype=dtype)
    for outcome in driver.spoken(rows_of(driver, cond_free=True)).values():
        assert isinstance(outcome, SpeechResult)
        assert np.abs(samples(outcome.pcm)).max() > 0.01


@pytest.mark.parametrize(("dtype", "likeness"), [("float16", 0.99), ("bfloat16", 0.95)])
def test_half_sound_matches_single(folder, single, dtype, likeness):
    """The codes are given: of weights drawn at random, rounding alone draws others."""
    driver = TortoiseDriver(folder, device="cuda", dtype=dtype)
    wholes = rows_of(single, cond_free=True)
    single.spoken(wholes)
    halves = rows_of(driver, cond_free=True)
    for half, whole in zip(halves, wholes, strict=True):
        half.candidates, half.codes = whole.candidates, whole.codes
    for stage in driver.stages()[2:]:
        driver.through(stage, halves)
    for half, whole in zip(halves, wholes, strict=True):
        one, other = samples(half.pcm), samples(whole.pcm)
        assert len(one) == len(other)
        assert np.corrcoef(one, other)[0, 1] > likeness
        assert one.std() == pytest.approx(other.std(), rel=0.1)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_ranks_like_single(folder, single, dtype):
    """Candidates are ranked in half precision as in single."""
    halved = TortoiseDriver(folder, device="cuda", dtype=dtype)
    drawn = torch.Generator().manual_seed(0)
    candidates = torch.randint(0, 8192, (8, 40), generator=drawn).tolist()
    scores = []
    for driver in (halved, single):
        row = driver.row("1", TEXTS[1], num_autoregressive_samples=8)
        row.candidates, row.have_ended = candidates, [True] * len(candidates)
        driver.through(driver.stages()[1], [row])
        scores.append(torch.tensor(row.scores))
    apart = scores[1].max() - scores[1].min()
    assert (scores[0] - scores[1]).abs().max() < 0.02 * apart


def test_parked_model_same_codes(folder):
    """A parked model comes back and gives the same codes."""
    driver = TortoiseDriver(folder, device="cuda", dtype="float32")
    model = driver.checkpoint.model
    before = rows_of(driver)
    driver.spoken(before)
    in_use = torch.cuda.memory_allocated()
    model.park()
    assert model.warmth is WeightsLocation.PARKED
    assert torch.cuda.memory_allocated() <= in_use - model.weights_bytes
    model.warm()
    after = rows_of(driver)
    driver.spoken(after)
    assert codes(before) == codes(after)


def test_park_within_a_request(single):
    """Weights may be parked in the midst of a request."""
    undisturbed = rows_of(single)
    single.spoken(undisturbed)
    rows = rows_of(single)
    pipeline, model = single.pipeline(), single.checkpoint.model
    for row in rows:
        pipeline.admit(row)
    spoken, steps = 0, 0
    while spoken < len(rows):
        if steps % 5 == 2:
            model.park()
            model.warm()
        spoken += sum(isinstance(each, SpeechResult) for each in pipeline.step())
        steps += 1
    assert codes(rows) == codes(undisturbed)


def test_release_frees_key_values(single):
    """Keys and values leave the gpu when they are released."""
    single.spoken(rows_of(single))  # libraries keep what they first allocate
    pipeline = single.pipeline()
    for row in rows_of(single):
        pipeline.admit(row)
    before = torch.cuda.memory_allocated()
    pipeline.step()
    assert torch.cuda.memory_allocated() > before
    pipeline.release()
    assert torch.cuda.memory_allocated() == before
