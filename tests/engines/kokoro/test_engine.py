"""Kokoro with a tiny checkpoint in the form of kokoro-onnx: its sound, its takes, its voices."""

import gc
import shutil
import weakref
from dataclasses import replace
from pathlib import Path

import pytest

from engines.checkpoints.kokoro import VOICES, kokoro
from narrated.config.values import ModelsConfig
from narrated.engines.interface import (
    CaptionRequest,
    Mark,
    ProgressReport,
    SpeechRequest,
    SpeechResult,
)
from narrated.engines.kokoro.engine import KokoroEngine, load
from narrated.engines.registry import BUILT_IN_ENGINES
from narrated.errors import EngineError, EngineUnavailable
from narrated.models.catalogue import detect_layout, find_model, select_files
from narrated.voices.descriptions import describe_voices
from narrated.voices.known_names import known_names
from support.engine_context import PlainContext

TEXT = "The queue was empty. Nobody had told the clock, or the printer! Was it you, at five?"
LONG = " ".join([TEXT] * 12)
FILES = ("kokoro-v1.0.onnx", "voices-v1.0.bin")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint whose sound depends on its inputs alone."""
    return kokoro(tmp_path_factory.mktemp("kokoro") / "still")


@pytest.fixture(scope="module")
def noisy_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint that draws, as some exports do."""
    return kokoro(tmp_path_factory.mktemp("kokoro") / "noisy", with_noise=True)


def loaded(folder: Path, **options: object) -> KokoroEngine:
    return load({"model": str(folder), **options}, PlainContext())


def stepped(engine: KokoroEngine) -> list[object]:
    """A step, with its model warm."""
    for model in engine.models:
        model.warm()
    return list(engine.step())


def spoken(engine: KokoroEngine, *requests: SpeechRequest) -> list[bytes]:
    """The sound of each request, all of them in flight at once."""
    for request in requests:
        engine.admit(request)
    told: dict[str, bytes] = {}
    while len(told) < len(requests):
        for outcome in stepped(engine):
            if not isinstance(outcome, ProgressReport):
                assert isinstance(outcome, SpeechResult), outcome
                told[outcome.id] = outcome.pcm
    return [told[request.id] for request in requests]


def request(text: str = TEXT, id: str = "1", **fields: object) -> SpeechRequest:
    return replace(SpeechRequest(id, text, ""), **fields)


@pytest.mark.parametrize("text", [TEXT, LONG], ids=["one batch", "many batches"])
def test_sound_is_upstreams_own(folder: Path, text: str) -> None:
    """The samples are those of kokoro-onnx's own `create`, also where it speaks in batches."""
    import numpy as np
    from kokoro_onnx import Kokoro

    upstream = Kokoro(str(folder / FILES[0]), str(folder / FILES[1]))
    for voice, language, speed in (("af_heart", "en-us", 1.0), ("ff_siwis", "fr-fr", 1.5)):
        wave, rate = upstream.create(text, voice, speed, language)
        theirs = (np.clip(wave, -1, 1).astype(np.float32) * 32767.0).astype("<i2").tobytes()
        (ours,) = spoken(loaded(folder), request(text, voice=voice, options={"speed": speed}))
        assert rate == loaded(folder).sample_rate and len(ours) > rate
        assert ours == theirs


def test_same_request_same_sound(folder: Path, noisy_folder: Path) -> None:
    """A request sounds the same alone, among others and by another engine, noise or none."""
    for each in (folder, noisy_folder):
        (alone,) = spoken(loaded(each), request(LONG, seed=3))
        engine = loaded(each)
        assert not engine.varies
        among = spoken(engine, request("One.", "0"), request(LONG, seed=3), request("Two.", "2"))
        assert among[1] == alone
    one, other = spoken(loaded(noisy_folder), request(seed=1), request(seed=2, id="2"))
    assert one != other, "its noise is its seed's"


def test_noise_after_an_eviction(noisy_folder: Path) -> None:
    """A model that left the memory midway begins the request again, with the same sound."""
    engine = loaded(noisy_folder)
    (whole,) = spoken(engine, request(LONG, seed=5))
    engine.admit(request(LONG, seed=5))
    assert isinstance(stepped(engine)[0], ProgressReport)
    session = weakref.ref(engine.models[0].session)
    engine.release()
    engine.models[0].park()
    gc.collect()
    assert session() is None, "nothing else keeps the weights in memory"
    while not isinstance(outcome := stepped(engine)[0], SpeechResult):
        pass
    assert outcome.pcm == whole


def test_voices_of_languages(folder: Path) -> None:
    """Voices are found by language and country; those that espeak cannot serve are left out."""
    engine = loaded(folder)
    assert set(engine.voices()) == set(VOICES) - {"jf_alpha"}
    assert engine.voice_digest("af_sky") == engine.voices()["af_sky"] != engine.voices()["af_heart"]
    found = {tag: engine._voices.find("", tag) for tag in ("en", "en-GB", "en-AU", "fr", "fr-CA")}
    assert [*found.values()] == ["af_heart", "bf_emma", "af_heart", "ff_siwis", "ff_siwis"]
    with pytest.raises(EngineUnavailable, match="does not speak the language 'de'"):
        engine.admit(request(language="de"))
    with pytest.raises(EngineUnavailable, match="no voice 'af_hart'") as refused:
        engine.admit(request(voice="af_hart"))
    assert "af_heart" in refused.value.remedy


def test_described_by_their_names(folder: Path, tmp_path: Path) -> None:
    """Voices are listed with language, accent and sex, and the one that speaks by default."""
    spec = BUILT_IN_ENGINES["kokoro"]
    shutil.copytree(folder, tmp_path / "fastrtc/kokoro-onnx")
    names = known_names(spec, ModelsConfig(folder=tmp_path, voices=tmp_path / "voices"))
    told = {each.name: each for each in describe_voices(spec, names, "", "en-GB")}
    emma, adam = told["bf_emma"], told["am_adam"]
    assert (emma.language, emma.accent, emma.sex) == ("English", "British", "female")
    assert (adam.accent, adam.sex) == ("American", "male")
    assert emma.default and not adam.default and "jf_alpha" not in told


def test_letters_by_the_front(folder: Path) -> None:
    """Marked letters of an English text are said by their names; French is left as it is."""
    mark = Mark(4, 9, "letters")
    for voice, is_other in (("af_heart", True), ("ff_siwis", False)):
        plain, marked = (
            spoken(loaded(folder), request("The A P I works.", voice=voice, marks=marks))
            for marks in ((), (mark,))
        )
        assert (plain != marked) is is_other


@pytest.mark.parametrize("text", ["", "— …", "\0\ud800", "你好", "[[" * 300, "x" * 3000])
def test_texts_without_words(folder: Path, text: str) -> None:
    """A text without words, or of one endless word, is a sound and no error."""
    (pcm,) = spoken(loaded(folder), request(text))
    assert pcm


def test_wrong_options(folder: Path) -> None:
    """A wrong option is refused, and so is a picture."""
    engine = loaded(folder)
    for options, problem in (({"speed": 9}, "speed"), ({"model": "a/b"}, "belongs to the engine")):
        with pytest.raises(EngineError, match=problem):
            engine.admit(request(options=options))
    with pytest.raises(EngineError, match="Kokoro speaks"):
        engine.admit(CaptionRequest("1", b""))
    assert loaded(folder, speed=1.5).identity != engine.identity


def test_missing_and_damaged_files(folder: Path, tmp_path: Path) -> None:
    """A model that is not pulled is told with its pull, and a damaged file with its check."""
    with pytest.raises(EngineUnavailable, match="is missing") as caught:
        load({}, PlainContext(models=tmp_path))
    assert caught.value.remedy == "narrated models pull fastrtc/kokoro-onnx"
    copied = tmp_path / "fastrtc/kokoro-onnx"
    shutil.copytree(folder, copied)
    weights, voices = (copied / name for name in FILES)
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(EngineUnavailable, match="cannot be used") as caught:
        load({}, PlainContext(models=tmp_path)).models[0].warm()
    assert caught.value.remedy == "Check its files: narrated models verify fastrtc/kokoro-onnx"
    weights.write_bytes(whole)
    voices.write_bytes(b"PK")
    with pytest.raises(EngineUnavailable, match="cannot be used"):
        load({}, PlainContext(models=tmp_path))


def test_files_of_the_repository() -> None:
    """A pull takes the network and the voices, of the catalogue's repository and of others."""
    listed = (*FILES, "README.md", "config.json")
    assert select_files(find_model("kokoro"), listed) == FILES
    assert select_files(find_model("somebody/kokoro"), (*FILES, "README.md")) == FILES
    layout = detect_layout(FILES)
    assert layout is not None and "Kokoro" in layout.kind
