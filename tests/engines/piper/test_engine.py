"""Piper with a real voice: its sound, its takes, its times, and what it makes of trouble."""

import asyncio
import gc
import json
import shutil
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engines.hearing.real_models import piper_joe
from narrated.engines.interface import (
    CaptionRequest,
    Mark,
    ProgressReport,
    RequestFailure,
    SpeechRequest,
    SpeechResult,
    WeightsLocation,
)
from narrated.engines.model_resources import ModelResources
from narrated.engines.neural.host_threads import shared_threads
from narrated.engines.neural.onnx_model import onnxruntime, session_options
from narrated.engines.piper.engine import PiperEngine, load
from narrated.engines.registry import BUILT_IN_ENGINES
from narrated.errors import EngineError, EngineUnavailable
from support.engine_context import PlainContext
from workers.support import eventually, running, spec

GONE = "not taken: the package of Piper's voice joe is no longer to be had"
NAME = "en_US-joe-medium"
SENTENCES = ("The queue was empty.", "Nobody had told the clock!", "Was it you, at five?")
TEXT = " ".join(SENTENCES)
NOISE = {"noise_scale": 0.667, "noise_w_scale": 0.8}


@pytest.fixture(scope="module")
def joe() -> Path:
    """The weights of the voice joe."""
    found = piper_joe()
    if found is None:
        pytest.skip(GONE)
    return found


@pytest.fixture(scope="module")
def engine(joe: Path) -> PiperEngine:
    """An engine without noise, as it is unless options say otherwise."""
    return loaded(joe)


def loaded(joe: Path, **options: object) -> PiperEngine:
    return load(options, PlainContext(voices=joe.parent))


def stepped(engine: PiperEngine) -> list[object]:
    """A step, with its models warm."""
    for model in engine.models:
        model.warm()
    return list(engine.step())


def spoken(engine: PiperEngine, *requests: SpeechRequest) -> list[SpeechResult]:
    """The result of each request, all of them in flight at once."""
    for request in requests:
        engine.admit(request)
    told: dict[str, SpeechResult] = {}
    while len(told) < len(requests):
        for outcome in stepped(engine):
            if not isinstance(outcome, ProgressReport):
                assert isinstance(outcome, SpeechResult), outcome
                told[outcome.id] = outcome
    return [told[request.id] for request in requests]


def request(text: str = TEXT, id: str = "1", **fields: object) -> SpeechRequest:
    return replace(SpeechRequest(id, text, NAME), **fields)


def test_sound_is_pipers_own(engine: PiperEngine, joe: Path) -> None:
    """Without noise, the samples are those of piper's own `synthesize`, to the last bit.

    The number of threads decides about the order of sums, and so about that bit.
    """
    from piper import PiperVoice, SynthesisConfig

    voice = PiperVoice.load(joe)
    threads = session_options(shared_threads())
    voice.session = onnxruntime().InferenceSession(str(joe), threads)
    still = SynthesisConfig(noise_scale=0.0, noise_w_scale=0.0)
    theirs = b"".join(each.audio_int16_bytes for each in voice.synthesize(TEXT, still))
    (ours,) = spoken(engine, request())
    assert ours.pcm == theirs and ours.sample_rate == voice.config.sample_rate
    slow = SynthesisConfig(noise_scale=0.0, noise_w_scale=0.0, length_scale=1.5, volume=0.5)
    theirs = b"".join(each.audio_int16_bytes for each in voice.synthesize(TEXT, slow))
    (ours,) = spoken(engine, request(options={"length_scale": 1.5, "volume": 0.5}))
    assert ours.pcm == theirs


def test_same_request_same_sound(engine: PiperEngine, joe: Path) -> None:
    """A request sounds the same alone, among others, with another seed, and by another engine."""
    (alone,) = spoken(engine, request())
    among = spoken(engine, request("One two.", "0"), request(seed=7), request("Three.", "2"))
    assert among[1].pcm == alone.pcm
    (again,) = spoken(loaded(joe), request())
    assert again.pcm == alone.pcm
    assert not engine.varies


def test_takes_vary_by_their_seed(joe: Path) -> None:
    """With noise, a seed gives one take in any order, also if the model left the memory midway."""
    noisy = loaded(joe, **NOISE)
    assert noisy.varies and noisy.identity != loaded(joe).identity
    first, second = spoken(noisy, request(seed=1), request(seed=2, id="2"))
    assert first.pcm != second.pcm
    noisy.admit(request(seed=1))
    assert isinstance(stepped(noisy)[0], ProgressReport)
    session = weakref.ref(noisy.models[0].session)
    noisy.release()
    noisy.models[0].park()
    gc.collect()
    assert session() is None, "nothing else keeps the weights in memory"
    while not isinstance(outcome := stepped(noisy)[0], SpeechResult):
        pass
    assert outcome.pcm == first.pcm


def test_times_of_sentences(engine: PiperEngine) -> None:
    """Each sentence is told with its place in the request's text, and the second of its sound."""
    (result,) = spoken(engine, request(options={"sentence_silence": 0.5}))
    assert [TEXT[at:] for at, _ in result.sentences] == [
        " ".join(SENTENCES[number:]) for number in range(3)
    ]
    wave = np.frombuffer(result.pcm, np.int16)
    for _, at_s in result.sentences[1:]:
        at = round(at_s * result.sample_rate)
        # The seconds are told to a millisecond.
        before, after = wave[at - 10_900 : at - 50], wave[at : at + 11_025]
        assert np.abs(before).max() == 0 < np.abs(after).max()


def test_places_before_the_front(engine: PiperEngine) -> None:
    """Letters are said by name, and later places are still those of the request's text."""
    text = "Two A P Is met. Then they left."
    mark = Mark(text.index("A P I"), text.index("s met"), "letters")
    (plain,), (marked,) = spoken(engine, request(text)), spoken(engine, request(text, marks=[mark]))
    assert marked.pcm != plain.pcm
    assert [at for at, _ in marked.sentences] == [0, text.index("Then")]


def test_progress_and_cancel(engine: PiperEngine) -> None:
    """Each sentence is reported; a cancelled request has no outcome, and the next one speaks."""
    engine.admit(request())
    engine.admit(request("Hello.", "2"))
    assert stepped(engine) == [ProgressReport("1", 1 / 3)]
    engine.cancel("1")
    assert [each.id for each in stepped(engine)] == ["2"]


@pytest.mark.parametrize("text", ["", "— …", "\0\ud800", "[[" * 200, "你好"])
def test_texts_without_words(engine: PiperEngine, text: str) -> None:
    """A text without words that it knows is a short sound, and no error."""
    (result,) = spoken(engine, request(text))
    assert 0 < len(result.pcm) < 20 * result.sample_rate


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"length_scale": 9}, "length_scale"),
        ({"noise_scale": 0.5}, "belongs to the engine"),
        ({"rate": 3}, "There is no option 'rate'"),
    ],
)
def test_wrong_options(engine: PiperEngine, options: dict[str, float], problem: str) -> None:
    """A wrong option is refused; noise is the engine's, since it decides if takes vary."""
    with pytest.raises(EngineError, match=problem):
        engine.admit(request(options=options))
    with pytest.raises(EngineError, match="Piper speaks"):
        engine.admit(CaptionRequest("1", b""))


def test_damaged_voices(joe: Path, tmp_path: Path) -> None:
    """Weights or a configuration that cannot be read, and one that would fetch, are told."""
    weights = tmp_path / f"{NAME}.onnx"
    weights.write_bytes(joe.read_bytes()[:100_000])
    config = Path(f"{weights}.json")
    shutil.copy(f"{joe}.json", config)
    engine = load({}, PlainContext(voices=tmp_path))
    engine.admit(request())
    with pytest.raises(EngineUnavailable, match=rf"{NAME} cannot be used"):
        engine.models[0].warm()
    engine.cancel("1")
    config.write_text("{}")
    with pytest.raises(EngineUnavailable, match=f"The voice {NAME} cannot be used"):
        engine.admit(request())
    told = json.loads(Path(f"{joe}.json").read_text())
    config.write_text(json.dumps({**told, "phoneme_type": "pinyin"}))
    with pytest.raises(EngineUnavailable, match="would fetch"):
        engine.admit(request())
    with pytest.raises(EngineUnavailable, match="There is no voice of Piper") as caught:
        load({}, PlainContext(voices=tmp_path / "none", models=tmp_path / "none"))
    assert caught.value.remedy.endswith("narrated models pull en_US-ljspeech-medium")


def test_one_request_fails_alone(engine: PiperEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of piper's for one text fails that request, and no other."""
    engine.admit(request())
    voice = engine._pending[0].voice
    monkeypatch.setattr(voice, "phonemize", lambda text: 1 / 0)
    engine.admit(request("Hello.", "2"))
    (failure,) = stepped(engine)
    assert isinstance(failure, RequestFailure) and failure.id == "1"
    monkeypatch.undo()
    assert [type(each) for each in stepped(engine)] == [SpeechResult]


def test_worker_counts_its_memory(joe: Path) -> None:
    """In a worker the voice is in the budget, without torch; it leaves the memory when idle."""
    worker_spec = replace(
        spec(BUILT_IN_ENGINES["piper"], name="models", load_s=120.0, silence_s=20.0),
        resources=ModelResources(device="cpu", voices=str(joe.parent), idle_unload_s=1.0),
    )

    async def story() -> None:
        async with running(worker_spec) as watched:
            worker = await watched.worker()
            await watched.until(lambda: "piper" in worker.engines)
            assert NAME in worker.engines["piper"].voices
            header = {"text": TEXT, "voice": NAME, "language": "en"}
            told = await worker.submit("piper", header, b"", lambda fraction: None)
            assert len(told.payload) > 22_050
            # The worker tells of the speech first, then of the model that made it.
            await eventually(lambda: len(watched.pool.states()[0].models) == 1)
            (model,) = watched.pool.states()[0].models
            assert (model.name, model.device) == (f"piper/{NAME}", "cpu")
            assert 40e6 < model.weights_bytes < 400e6
            maps = Path(f"/proc/{worker.pid}/maps").read_text()
            assert "onnxruntime" in maps and "libtorch" not in maps
            absent = WeightsLocation.ABSENT.value
            await eventually(lambda: watched.pool.states()[0].models[0].warmth == absent)

    asyncio.run(story())
