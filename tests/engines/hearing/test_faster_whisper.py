"""Whisper by faster-whisper: what it hears of real voices, and what it makes of trouble."""

import asyncio
import shutil
import wave
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from engines.hearing.real_models import piper_joe, whisper_base, whisper_tiny
from engines.hearing.takes import heard, request
from narrated.engines import espeak, pico
from narrated.engines.hearing import faster_whisper
from narrated.engines.hearing.faster_whisper import load
from narrated.engines.interface import (
    HearingResult,
    ProgressReport,
    SpeechRequest,
    SpeechResult,
    WeightsLocation,
)
from narrated.engines.model_resources import ModelResources
from narrated.engines.registry import BUILT_IN_ENGINES
from narrated.errors import EngineError, EngineUnavailable, OutOfMemory
from support.engine_context import PlainContext
from workers.support import running, spec

SENTENCES = (
    "Last winter I moved our whole build from a rented server to a small box under my desk.",
    "The first thing that broke was the clock, because nobody had told it what time it was.",
    "A cache is a promise that yesterday's answer is still good enough for today.",
    "If you cannot explain the bug to your grandmother, you have not found it yet.",
    "My colleague drew the queue on a napkin, and the napkin is still our best document.",
    "A good test tells you what is broken before it tells you where.",
    "The old printer in the corner hummed like a bee in a glass jar.",
    "Please do not deploy on Friday unless you enjoy working on Saturday.",
)

GONE = "not taken: its package is no longer to be had"

Spoken = list[tuple[bytes, int]]


@pytest.fixture(scope="module")
def tiny() -> Path | None:
    return whisper_tiny()


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path | None:
    return whisper_base(tmp_path_factory.mktemp("ears") / "whisper-base")


def loaded(folder: Path, **options: object) -> faster_whisper.FasterWhisperEngine:
    engine = load({"model": str(folder), **options}, PlainContext())
    engine.models[0].warm()
    return engine


def spoken(voice: str, sentences: Iterable[str] = SENTENCES) -> Spoken | None:
    """Speak sentences by a voice; None if it is not installed."""
    if voice == "piper":
        model = piper_joe()
        return None if model is None else list(_piper(model, sentences))
    engine = {"pico": pico, "espeak": espeak}[voice].load({}, PlainContext())
    for at, text in enumerate(sentences):
        engine.admit(SpeechRequest(f"{at:03}", text, ""))
    told: dict[str, SpeechResult] = {}
    while len(told) < len(tuple(sentences)):
        told |= {each.id: each for each in engine.step() if isinstance(each, SpeechResult)}
    return [(told[id].pcm, told[id].sample_rate) for id in sorted(told)]


def _piper(model: Path, sentences: Iterable[str]) -> Iterator[tuple[bytes, int]]:
    from piper import PiperVoice, SynthesisConfig

    voice = PiperVoice.load(str(model))
    for text in sentences:
        written = BytesIO()
        with wave.open(written, "wb") as file:
            still = SynthesisConfig(noise_scale=0.0, noise_w_scale=0.0)
            voice.synthesize_wav(text, file, syn_config=still)
        with wave.open(BytesIO(written.getvalue())) as file:
            yield file.readframes(file.getnframes()), file.getframerate()


def word_error_rate(said: Iterable[str], heard: Iterable[str]) -> float:
    """Words wrong, lost or added, for each word said."""
    wrong = words = 0
    for one, other in zip(said, heard, strict=True):
        first, second = _words(one), _words(other)
        row = list(range(len(second) + 1))
        for at, word in enumerate(first, 1):
            above, row[0] = row[0], at
            for to, also in enumerate(second, 1):
                above, row[to] = row[to], min(row[to] + 1, row[to - 1] + 1, above + (word != also))
        wrong, words = wrong + row[-1], words + len(first)
    return wrong / words


def _words(text: str) -> list[str]:
    kept = "".join(each if each.isalnum() or each == "'" else " " for each in text.lower())
    return kept.split()


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("model", "voice", "most"),
    [
        ("tiny", "pico", 0.08),
        ("tiny", "piper", 0.08),
        ("base", "espeak", 0.28),
    ],
)
def test_words_of_real_voices_are_heard(
    model: str, voice: str, most: float, request: pytest.FixtureRequest, figure: Callable[..., None]
) -> None:
    """Real ears hear the words of real voices, as well as they did when they were chosen."""
    folder, takes = request.getfixturevalue(model), spoken(voice)
    if folder is None or takes is None:
        figure(f"{model} hears {voice}: {GONE}")
        return
    engine = loaded(folder)
    told = heard(engine, *(_take(f"{at:03}", *take) for at, take in enumerate(takes)))
    rate = word_error_rate(SENTENCES, (told[id].text for id in sorted(told)))
    figure(f"{model} hears {voice}: word error rate {rate:.3f}, at most {most}")
    assert rate <= most
    assert all(-2 < result.score < 0 for result in told.values())


def _take(id: str, pcm: bytes, rate: int, language: str = "en"):
    return replace(request(id, pcm, language), sample_rate=rate)


def test_languages_of_a_checkpoint(
    tiny: Path | None, base: Path | None, figure: Callable[[str], None]
) -> None:
    """A model for English alone refuses other languages; another knows a hundred."""
    if tiny is None or base is None:
        figure(GONE)
        return
    english, every = (
        load({"model": str(tiny)}, PlainContext()),
        load({"model": str(base)}, PlainContext()),
    )
    assert english.languages == ("en",)
    assert {"de", "en", "fr", "nb", "zh"} < set(every.languages) and len(every.languages) > 90
    with pytest.raises(EngineError, match="does not hear the language 'de'"):
        english.admit(request("1", bytes(32000), "de"))
    assert load({"model": str(base), "languages": "de"}, PlainContext()).languages == ("de",)


def test_german_is_heard_as_german(base: Path | None, figure: Callable[[str], None]) -> None:
    """The language of a take goes to the model: German is written down in German."""
    if base is None:
        figure(GONE)
        return
    engine = pico.load({}, PlainContext())
    said = "Die Festplatte ist voll, und das Programm wartet auf mehr Platz."
    engine.admit(SpeechRequest("1", said, "", language="de"))
    (result,) = [each for each in engine.step() if isinstance(each, SpeechResult)]
    told = heard(loaded(base), _take("1", result.pcm, result.sample_rate, "de"))["1"]
    assert word_error_rate([said], [told.text]) <= 0.2


def test_worker_counts_its_memory(tiny: Path | None, figure: Callable[[str], None]) -> None:
    """In a worker the model is in the budget, without torch; a long take reports while heard."""
    if tiny is None:
        figure(GONE)
        return
    known = replace(BUILT_IN_ENGINES["faster-whisper"], options={"model": str(tiny)})
    worker_spec = replace(
        spec(known, name="models", load_s=120.0, silence_s=20.0),
        resources=ModelResources(device="cpu"),
    )
    takes = spoken("pico") or []
    pcm, rate = b"".join(take for take, _ in takes), takes[0][1]

    async def story() -> None:
        async with running(worker_spec) as watched:
            worker = await watched.worker()
            await watched.until(lambda: "faster-whisper" in worker.engines)
            fractions: list[float] = []
            header = {"sample_rate": rate, "language": "en"}
            told = await worker.submit("faster-whisper", header, pcm, fractions.append)
            assert word_error_rate([" ".join(SENTENCES)], [told.header["text"]]) < 0.2
            assert fractions == sorted(fractions) and fractions[-1] > 0
            (model,) = watched.pool.states()[0].models
            assert (model.warmth, model.device) == ("warm", "cpu")
            assert 40e6 < model.weights_bytes < 400e6
            maps = Path(f"/proc/{worker.pid}/maps").read_text()
            assert "ctranslate2" in maps and "libtorch" not in maps

    asyncio.run(story())


def test_cancelled_and_released_takes(tiny: Path | None, figure: Callable[[str], None]) -> None:
    """A take that is cancelled has no outcome; one that is let go is heard again."""
    if tiny is None:
        figure(GONE)
        return
    takes = spoken("pico", SENTENCES[:2]) or []
    engine = loaded(tiny)
    for at, take in enumerate(takes):
        engine.admit(_take(str(at), *take))
    assert all(isinstance(each, ProgressReport | HearingResult) for each in engine.step())
    engine.cancel("0")
    engine.release()
    engine.models[0].park()
    assert engine.models[0].warmth is WeightsLocation.ABSENT
    engine.models[0].warm()
    told: list[HearingResult] = []
    while not told:
        told = [each for each in engine.step() if isinstance(each, HearingResult)]
    assert [each.id for each in told] == ["1"] and "clock" in told[0].text
    assert not engine._takes


class Full:
    """Stands in for a library's model, whose memory is full."""

    def transcribe(self, *_: object, **__: object) -> None:
        raise RuntimeError("std::bad_alloc")


def test_full_memory_names_the_take(
    tiny: Path | None, monkeypatch: pytest.MonkeyPatch, figure: Callable[[str], None]
) -> None:
    """The library's error about memory names the take, which is heard once there is room."""
    if tiny is None:
        figure(GONE)
        return
    engine = loaded(tiny)
    engine.admit(_take("7", *(spoken("pico", SENTENCES[:1]) or [])[0]))
    whole, engine.models[0]._whisper = engine.models[0]._whisper, Full()
    with pytest.raises(OutOfMemory) as caught:
        while True:
            engine.step()
    assert caught.value.rows == ("7",) and not engine.shrink()
    engine.models[0]._whisper = whole
    assert "server" in heard_rest(engine).text


def heard_rest(engine: faster_whisper.FasterWhisperEngine) -> HearingResult:
    while True:
        for each in engine.step():
            if isinstance(each, HearingResult):
                return each


def test_nothing_is_fetched(tmp_path: Path, tiny: Path | None, figure: Callable[[str], None]):
    """A folder without its tokenizer, and a model that is not pulled, are told with a remedy."""
    with pytest.raises(EngineUnavailable, match="missing") as caught:
        load({"model": "Systran/faster-whisper-base"}, PlainContext(models=tmp_path))
    assert caught.value.remedy == "narrated models pull Systran/faster-whisper-base"
    if tiny is None:
        figure(GONE)
        return
    folder = tmp_path / "model"
    shutil.copytree(tiny, folder)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(EngineUnavailable, match=r"no tokenizer\.json"):
        load({"model": str(folder)}, PlainContext())
    (folder / "tokenizer.json").write_text("{")
    with pytest.raises(EngineUnavailable, match="cannot be used"):
        load({"model": str(folder)}, PlainContext())
    shutil.copy(tiny / "tokenizer.json", folder)
    (folder / "model.bin").write_bytes((folder / "model.bin").read_bytes()[:1000])
    with pytest.raises(EngineUnavailable, match="cannot be used"):
        load({"model": str(folder)}, PlainContext()).models[0].warm()
