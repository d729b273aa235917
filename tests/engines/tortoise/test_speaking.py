"""Tortoise's rows: what they sound like, whatever the text, in any company, and cancelled."""

from dataclasses import replace

import numpy as np
import pytest

from engines.speaking import came_of
from engines.tortoise.speaking import TEXT, asked, pcm, warmed, watched
from engines.tortoise.stage_driver import close, samples
from narrated.engines.interface import CaptionRequest, RequestFailure, SpeechRequest, SpeechResult
from narrated.errors import EngineError

STAGES = ("conditioning", "autoregressive", "ranking", "aligning", "diffusion", "vocoder")


def test_texts_become_sound(engine):
    """Texts come out as sound and their progress only grows."""
    requests = [SpeechRequest(str(i), TEXT, "anna", seed=i) for i in range(3)]
    outcomes, told = came_of(engine, *requests)
    for outcome in outcomes:
        assert outcome.sample_rate == engine.sample_rate == 24_000
        assert np.abs(samples(outcome.pcm)).max() > 0
    for request in requests:
        fractions = [outcome.fraction for outcome in told if outcome.id == request.id]
        assert fractions == sorted(fractions)
        assert fractions[0] >= 0 and fractions[-1] < 1


def test_same_request_same_sound(engine):
    """The same request gives the same sound."""
    assert pcm(engine, seed=3) == pcm(engine, seed=3) != pcm(engine, seed=4)


def test_sound_ignores_the_batch(engine, rows):
    """A row's sound depends on its request alone."""
    wishes = {"preset": "fast", "num_autoregressive_samples": 2, "diffusion_iterations": 4}
    requests = [
        SpeechRequest("1", TEXT, "anna", {}, "en", 1),
        SpeechRequest("2", "Yes!", "bert", {"temperature": 0.3, "max_mel_tokens": 25}, "en", 2),
        SpeechRequest("3", "", "bert", {}, "en", 3),
        SpeechRequest("4", "I am 21 - and [so] on.", "bert", wishes, "en", 4),
        SpeechRequest("5", TEXT, "anna", {}, "en", 5),
    ]
    together, _ = came_of(engine, *requests)
    codes = {id: (row.candidates, row.codes) for id, row in rows.items()}
    for request, outcome in zip(requests, together, strict=True):
        (alone,), _ = came_of(engine, request)
        row = rows[request.id]
        assert codes[request.id] == (row.candidates, row.codes)
        assert close(outcome.pcm, alone.pcm)
    assert codes["1"] != codes["5"]


def test_long_text_is_refused(engine):
    """A text too long is refused with its length."""
    longest = "one? " * 132  # three tokens each: a space counts as one
    words = len(engine._checkpoint.words(longest))
    assert words == 395
    engine.admit(asked(longest + "no"))
    engine.cancel("1")
    with pytest.raises(EngineError, match=r"4\d\d tokens, where it reads 398") as refusal:
        engine.admit(asked(longest + "one? two?"))
    assert "shorter pieces" in refusal.value.remedy


def test_longest_text_is_spoken(engine):
    """The longest text is spoken."""
    longest = "one? " * 132
    assert pcm(engine, longest, num_autoregressive_samples=1, max_mel_tokens=600)


@pytest.mark.parametrize("text", ["", " ", "\n", "🎉", "“”", "♪"])
def test_no_words_is_silence(engine, text):
    """A text without words is a short silence."""
    said = samples(pcm(engine, text))
    assert 0 < len(said) < 24_000 and not said.any()


ODD_TEXTS = (
    "\udc80\udcff",
    "日本語",
    "a\0b",
    "[UNK] [STOP] [SPACE]",
    "$",
    "$1.2.3",
    "1,,1",
    "1" * 50,
    "$" + "9" * 40,
    "1,111," * 10 + "0",
    "²" * 50,
    "5" * 40 + "th",
)


def test_any_text_is_spoken(engine):
    """Any text is said somehow."""
    requests = [SpeechRequest(str(i), text, "anna") for i, text in enumerate(ODD_TEXTS)]
    outcomes, _ = came_of(engine, *requests)
    assert all(isinstance(each, SpeechResult) and each.pcm for each in outcomes)


def test_long_number_by_digits(engine):
    """A number longer than any that has a name is said digit by digit."""
    words = engine._checkpoint.words
    assert words("4" * 40) == words(" ".join("4" * 40)) != words("4" * 20)
    with pytest.raises(EngineError, match="too long for Tortoise"):
        words("1" * 5000)


def test_picture_is_not_spoken(engine):
    """A picture is not spoken."""
    with pytest.raises(EngineError, match="cannot describe"):
        engine.admit(CaptionRequest("1", b""))


@pytest.fixture(scope="module")
def alone(engine):
    """The codes and the sound of the second request that `test_cancel_in_any_stage` makes."""
    with pytest.MonkeyPatch.context() as patch:
        rows = watched(engine, patch)
        (outcome,), _ = came_of(engine, SpeechRequest("2", TEXT, "anna", seed=2))
    return rows["2"].candidates, outcome.pcm


@pytest.mark.parametrize("stage", STAGES)
def test_cancel_in_any_stage(folder, context, monkeypatch, tmp_path, alone, stage):
    """A request is cancelled in whichever stage it is and others go on."""
    engine = warmed(folder, replace(context, cache=tmp_path))
    rows = watched(engine, monkeypatch)
    at = engine._pipeline._stages[STAGES.index(stage)]
    requests = [SpeechRequest(id, TEXT, "anna", seed=int(id)) for id in ("1", "2")]
    for request in requests:
        engine.admit(request)
    out = []
    while rows["1"] not in at.requests:
        out += engine.step()
    if stage != STAGES[-1]:
        out += engine.step()  # where it takes more than one it is in the midst of it
    engine.cancel("1")
    assert not any(rows["1"] in each.requests for each in engine._pipeline._stages)
    while not (out and isinstance(out[-1], SpeechResult)):
        out += engine.step()
    assert {each.id for each in out if isinstance(each, SpeechResult | RequestFailure)} == {"2"}
    assert rows["2"].candidates == alone[0]
    assert close(out[-1].pcm, alone[1])


def test_cancel_frees_memory(folder, context, tmp_path):
    """A cancelled request's memory is freed."""
    engine = warmed(folder, replace(context, cache=tmp_path))
    conditioning, autoregressive = engine._pipeline._stages[:2]
    engine.admit(asked())
    engine.step()  # one of the clips is heard
    assert conditioning._unfinished
    engine.cancel("1")
    assert not conditioning._unfinished
    engine.admit(asked())
    while autoregressive._batch is None:
        engine.step()
    engine.cancel("1")
    assert autoregressive._batch is None


def test_cancel_unknown_is_harmless(engine):
    """Cancelling what is not there does no harm."""
    engine.cancel("nobody")


def test_weights_drop_between_steps(engine):
    """Weights may be dropped and come back between steps."""
    expected = pcm(engine, seed=9)
    engine.admit(asked(seed=9))
    out, steps = [], 0
    while not (out and isinstance(out[-1], SpeechResult)):
        if steps % 4 == 1:
            engine.models[0].drop()
            engine.models[0].warm()
        out += engine.step()
        steps += 1
    assert out[-1].pcm == expected
