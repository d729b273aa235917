"""Memory runs short: a step is tried again, narrower or from the stage's beginning: rows
come out the same. And one whose numbers break fails alone."""

from functools import partial

import pytest
import torch

from engines.memory_limit import REACTIONS, Driven, take_too_much
from engines.tortoise.recordings import recorded
from engines.tortoise.stage_driver import QUICK, close
from narrated.engines.interface import RequestFailure, SpeechRequest, SpeechResult
from narrated.engines.tortoise.engine import load
from support.engine_context import PlainContext

TEXTS = ("Hello there.", "The kettle is on.", "Yes!")
QUICKER = {**QUICK, "num_autoregressive_samples": 2, "batch": 4, "max_mel_tokens": 8}
NAMES = ("anna", "bert", "anna")

PARTS = {
    "conditioning": "ears.autoregressive.attn.1",
    "autoregressive": "autoregressive.gpt.h.1.mlp",
    "clvp": "clvp.to_speech_latent",
    "aligning": "autoregressive.gpt.h.1.mlp",
    "diffusion": "diffusion.integrating_conv",
    "vocoder": "vocoder.conv_pre",
}
"""A part of the model that is called in the midst of each stage's steps."""


@pytest.fixture(scope="module")
def voices(tmp_path_factory):
    own = tmp_path_factory.mktemp("voices")
    for seed, name in enumerate(("anna", "bert")):
        recorded(own / name, count=2, seed=seed, seconds=4.0)
    return own


class Line(Driven):
    """An engine, and what its rows became."""

    def __init__(self, folder, voices, cache, held, **options):
        context = PlainContext(voices=voices, cache=cache, held=held)
        self.engine = load({"model": str(folder), **QUICKER, **options}, context)
        super().__init__(self.engine)
        self.engine.models[0].warm()
        self.module = self.engine.models[0].module
        self.pipeline = self.engine._pipeline
        self.stages = dict(zip(PARTS, self.pipeline._stages, strict=True))
        self.rows = {}
        self.worked_by = None
        for name, stage in self.stages.items():
            stage.work = partial(self.work, name, stage.work)

    def work(self, name, work, *arguments):
        self.worked_by = name
        return work(*arguments)

    def admit(self, texts=TEXTS):
        for number, text in enumerate(texts):
            request = SpeechRequest(str(number), text, NAMES[number % 3], seed=number)
            self.engine.admit(request)
            self.rows |= {row.id: row for row in self.stages["conditioning"].requests}

    def driven(self, react=REACTIONS["again"]):
        return self.until(len(self.rows), react)

    def now_in(self, name):
        return self.worked_by == name

    def same(self, other, ids):
        """True if rows have the codes of others, and their sound but for rounding."""
        for id in ids:
            mine, theirs = self.rows[id], other.rows[id]
            assert (mine.candidates, mine.codes) == (theirs.candidates, theirs.codes)
            assert isinstance(self.out[id], SpeechResult)
            assert close(self.out[id].pcm, other.out[id].pcm)
        return True


@pytest.fixture(scope="module")
def held():
    """One model for all of them."""
    return {}


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def undisturbed(folder, voices, cache, held):
    line = Line(folder, voices, cache, held)
    line.admit()
    return line.driven()


@pytest.fixture
def line(folder, voices, cache, held, undisturbed):
    """An engine that finds its voices kept."""
    return Line(folder, voices, cache, held)


@pytest.fixture
def unheard(folder, voices, tmp_path, held):
    """An engine whose voices are still to be heard."""
    return Line(folder, voices, tmp_path / "cache", held)


def part(module, path):
    """A part of the model by its path; `ears` are none of its modules."""
    for name in path.split("."):
        module = getattr(module, name)
    return module


def before(line, name, act):
    """Have `act` be called with the number of the call, before a stage's part works."""
    count = iter(range(1_000_000))

    def called(module, arguments):
        if line.now_in(name):
            act(next(count))

    return part(line.module, PARTS[name]).register_forward_pre_hook(called)


def starved(line, undisturbed, hooked, reaction, names):
    """Have each of these stages find no memory at times; requests come out the same."""
    starving = dict.fromkeys(names, 0)

    def starve(name, call):
        if call in (0, 1, 9):
            starving[name] += 1
            take_too_much()

    for name in names:
        hooked(before(line, name, partial(starve, name)))
    line.admit()
    line.driven(REACTIONS[reaction])
    assert min(starving.values()) >= 2
    assert len(line.named) == sum(starving.values())
    assert all(ids and set(ids) <= line.rows.keys() for ids in line.named)
    assert line.same(undisturbed, line.rows)


@pytest.mark.parametrize(
    ("reaction", "names"),
    [
        ("again", tuple(PARTS)),
        # Where nothing is kept on the device there is nothing that a release alone would change.
        ("release", ("autoregressive", "diffusion")),
    ],
)
def test_retry_in_every_stage(unheard, undisturbed, hooked, reaction, names):
    """After steps without memory, in any stage, requests come out the same."""
    starved(unheard, undisturbed, hooked, reaction, names)


@pytest.mark.parametrize("name", PARTS)
def test_retry_at_smaller_width(line, unheard, undisturbed, hooked, name):
    """After a step without memory, and at half the width, requests come out the same."""
    line = unheard if name == "conditioning" else line
    starved(line, undisturbed, hooked, "shrink", [name])


def test_release_at_any_time(line, undisturbed):
    """Memory may be taken away at any time."""
    line.admit()
    for step in range(1_000):
        line.step()
        if len(line.out) == len(line.rows):
            break
        if step % 7 == 6:
            line.engine.release()
        if step == 10:
            assert line.engine.shrink() and line.pipeline.width == 2
    assert step > 14 and line.same(undisturbed, line.rows)


def test_interrupted_voice_continues(unheard, hooked):
    """A voice whose hearing was interrupted is heard no clip twice."""
    line = unheard
    heard = []

    def starve(call):
        if call == 1:
            take_too_much()
        heard.append(call)

    hooked(before(line, "conditioning", starve))
    line.admit(TEXTS[:1])
    line.driven(REACTIONS["shrink"])
    assert (len(line.named), len(heard)) == (1, 2)


def test_width_halves_and_regrows(line):
    """The width halves to one and grows back while idle."""
    widths = []
    while line.engine.shrink():
        widths.append(line.pipeline.width)
    assert widths == [2, 1]
    for width in (2, 4, 4):
        line.out.clear()
        line.admit(["Yes!"])
        line.driven()
        assert line.pipeline.width == width


def test_width_regrows_under_load(folder, voices, tmp_path, held):
    """The width grows back in the midst of a book too."""
    line = Line(folder, voices, tmp_path, held, rows=2, batch=2, max_mel_tokens=4)
    assert line.engine.shrink()
    widths = set()
    line.engine.admit(SpeechRequest("0", "Yes!", "anna"))
    for number in range(1, 14):  # one comes for each that goes: it is never idle
        line.engine.admit(SpeechRequest(str(number), "Yes!", "anna"))
        while len(line.out) < number:
            line.step()
        widths.add(line.pipeline.width)
    assert widths == {1, 2}


def test_released_memory_is_free(line):
    """Released memory is free."""
    line.admit()
    autoregressive, diffusion = line.stages["autoregressive"], line.stages["diffusion"]
    while autoregressive._batch is None:
        line.step()
    line.engine.release()
    assert autoregressive._batch is None
    while not any(work.condition is not None for work in diffusion._works.values()):
        line.step()
    line.engine.release()
    assert all(work.condition is None for work in diffusion._works.values())


def test_key_values_freed_after_stage(line):
    """Keys and values are free once all candidates are made."""
    line.admit()
    stage = line.stages["autoregressive"]
    while not stage.requests:
        line.step()
    while stage.requests:
        line.step()
    assert stage._batch is None


SPOILT = {
    "conditioning": ("ears.diffusion", "conditioning"),
    "autoregressive": ("autoregressive.mel_head", "autoregressive"),
    "clvp": ("clvp.to_speech_latent", "CLVP"),
    "aligning": ("autoregressive.final_norm", "autoregressive"),
    "diffusion": ("diffusion.integrating_conv", "diffusion"),
    "vocoder": ("vocoder.conv_post", "vocoder"),
}
"""What gives something that is no number, and the model that is named for it."""


def spoiled(line, name, calls, rows=slice(0, 1)):
    """Have these calls of a stage's part give what is not a number, for some rows of the batch."""
    count = iter(range(1_000_000))

    def spoil(module, arguments, output):
        if line.now_in(name) and next(count) in calls:
            output[rows] = float("nan")

    return part(line.module, SPOILT[name][0]).register_forward_hook(spoil)


@pytest.mark.parametrize("name", SPOILT)
def test_nan_fails_its_request_only(line, unheard, undisturbed, hooked, name):
    """A request that is not a number fails and the others do not."""
    line = unheard if name == "conditioning" else line
    hooked(spoiled(line, name, {2 if name == "conditioning" else 0}))
    line.admit()
    line.driven()
    failed = [each for each in line.out.values() if isinstance(each, RequestFailure)]
    assert len(failed) == 1 and not failed[0].unavailable
    assert f"{SPOILT[name][1]} model gave values that are not finite" in failed[0].problem
    assert line.same(undisturbed, line.rows.keys() - {failed[0].id})
    assert not any(stage.requests for stage in line.pipeline._stages)


def test_nan_candidate_fails_request(line, undisturbed, hooked):
    """A request one of whose candidates is no number fails."""
    hooked(spoiled(line, "autoregressive", {4}))  # in the midst of a slice
    line.admit()
    line.driven()
    assert {each.id for each in line.out.values() if isinstance(each, RequestFailure)} == {"0"}
    assert line.same(undisturbed, {"1", "2"})


def test_all_nan_fails_once(line, undisturbed, hooked):
    """A request all of whose candidates are no numbers fails once."""
    hooked(spoiled(line, "autoregressive", {0, 1}, rows=slice(None)))
    line.admit()
    line.driven()
    failed = {each.id for each in line.out.values() if isinstance(each, RequestFailure)}
    assert failed == {"0", "1"}
    assert line.same(undisturbed, {"2"})


def test_nan_latents_are_not_cached(unheard, undisturbed, hooked, tmp_path):
    """A voice that was no number once is neither kept nor remembered."""
    line = unheard
    hooked(spoiled(line, "conditioning", {0}))
    line.admit(TEXTS[:1])
    line.driven()
    assert isinstance(line.out.pop("0"), RequestFailure)
    assert not (tmp_path / "cache").exists()
    line.admit(TEXTS[:1])
    assert line.driven().same(undisturbed, {"0"})


def test_restart_reuses_its_seeds(driver):
    """A request begins again with the numbers it had."""
    row, again = (driver.row("1", "Hello", seed=5) for _ in range(2))
    other = driver.row("1", "Hello", seed=6)
    path = ("diffusion", 2)
    assert torch.equal(row.uniform(9, *path), again.uniform(9, *path))
    assert torch.equal(row.noise((3, 4), *path), again.noise((3, 4), *path))
    assert not torch.equal(row.uniform(9, *path), row.uniform(9, "diffusion", 3))
    assert not torch.equal(row.noise((3, 4), *path), other.noise((3, 4), *path))
