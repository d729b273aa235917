"""Pico's voices: any text, and the same sound for the same request, whatever was said before."""

import ctypes
import itertools
import tomllib
from pathlib import Path
from random import Random

import numpy as np
import pytest
from packaging.requirements import Requirement

from narrated.engines import pico, pico_voices
from narrated.engines.espeak import _PARAMETERS as ESPEAKS_OPTIONS
from narrated.engines.interface import CaptionRequest, RequestFailure, SpeechRequest, SpeechResult
from narrated.engines.pico import load, written_for_pico
from narrated.engines.registry import BUILT_IN_ENGINES
from narrated.engines.registry import load as load_engine
from narrated.errors import EngineError, EngineUnavailable
from support.engine_context import PlainContext

FULL_SCALE = 32_767


@pytest.fixture(scope="module")
def engine():
    return load({}, PlainContext())


def spoken(engine, text, voice="en-US", language="en", **options):
    engine.admit(SpeechRequest("1", text, voice, options, language))
    (outcome,) = engine.step()
    assert isinstance(outcome, SpeechResult)
    return outcome.pcm


def seconds(engine, pcm):
    return len(pcm) / 2 / engine.sample_rate


def test_sentence_becomes_sound(engine):
    """A sentence comes out as sound that does not clip."""
    pcm = spoken(engine, "The quick brown fox jumps over the lazy dog. Isn't it amazing?")
    samples = np.abs(np.frombuffer(pcm, dtype="<i2").astype(int))
    assert 3 < seconds(engine, pcm) < 7
    assert 5000 < samples.max() < FULL_SCALE


def test_sound_depends_on_request(engine):
    """The same request gives the same sound whatever was said before, however long it was."""
    requests = [
        ("A cache is a promise.", "en-US", {}),
        ("A cache is a promise.", "en-GB", {"speed": 1.4, "pitch": 0.8}),
        ("On Tuesday morning the disk was full. " * 12, "en-US", {}),
        ("Und das hier ist eine andere Sprache!", "de-DE", {"volume": 0.3}),
        ("Voilà une autre phrase.", "fr-FR", {}),
    ]
    first = [spoken(engine, text, voice, **options) for text, voice, options in requests]
    for order in itertools.islice(itertools.permutations(range(len(requests))), 0, 120, 17):
        for index in order:
            text, voice, options = requests[index]
            assert spoken(engine, text, voice, **options) == first[index]


def fill_freed_memory(byte):
    """Leave this byte in freed blocks of all sizes, between others that stay."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, (ctypes.c_size_t,)
    libc.free.argtypes = (ctypes.c_void_p,)
    sizes = Random(byte)
    blocks = []
    for _ in range(3000):
        size = sizes.randint(16, 60_000)
        block = libc.malloc(size)
        ctypes.memset(block, byte, size)
        blocks.append(block)
    for number, block in enumerate(blocks):
        if number % 500:
            libc.free(block)


def test_freed_memory_is_not_heard(engine):
    """The sound does not depend on what the process kept in its memory before."""
    texts = ("A cache is a promise.", "On Tuesday morning the disk was full.")
    first = [spoken(engine, text) for text in texts]
    for byte in (0x01, 0x55, 0xA0, 0xFF):
        fill_freed_memory(byte)
        assert [spoken(engine, text) for text in texts] == first


def test_same_identity_same_sound(engine):
    """Another engine of the same identity gives the same sound."""
    other = load({}, PlainContext())
    assert other.identity == engine.identity
    assert spoken(other, "Once more.") == spoken(engine, "Once more.")


def test_options_change_identity():
    """Options of the engine are part of its identity."""
    plain, fast = load({}, PlainContext()), load({"speed": 1.5}, PlainContext())
    assert plain.identity != fast.identity
    assert plain.voices()["en-US"] != fast.voices()["en-US"]


@pytest.mark.parametrize("text", ["...", "—", " ", "", "\x01\x02", "\udc80\udcff", "…"])
def test_silence_without_words(engine, text):
    """A text without sound becomes a short silence."""
    assert 0 < seconds(engine, spoken(engine, text)) < 1


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("<break time='9s'/> hello", "break time='9s'/ hello"),
        ("if a < b", "if a b"),
        ("He came — he saw … and left...", "He came, he saw, and left."),
        ("a well-known case", "a well-known case"),
        ("“Yes,” it’s [sic] so", "Yes, it's, sic, so"),
        ("Привет, мир", "Privet, mir"),
        ("naïve café in Łódź", "naïve café in Lódz"),
        ("e\u0301te\u0301", "été"),
    ],
)
def test_signs_are_written_for_pico(text, written):
    """Markup is none, other brackets and dashes are pauses, and letters are ones that it knows."""
    assert written_for_pico(text) == written


@pytest.mark.parametrize(
    "text", ["日本語のテキスト", "Привет, мир", "שלום עולם", "a\0b", "x" * 600]
)
def test_any_script_is_spoken(engine, text):
    """Any script is said somehow."""
    assert seconds(engine, spoken(engine, text)) > 0.3


def test_language_chooses_voice(engine):
    """Without a wish the language chooses the voice; a voice is found in any case."""
    assert spoken(engine, "Guten Tag", "", "de-AT") == spoken(engine, "Guten Tag", "de-de")
    assert spoken(engine, "Hello", "", "en-GB") == spoken(engine, "Hello", "en-GB")
    assert spoken(engine, "Hello", "", "en") == spoken(engine, "Hello", "en-US")


@pytest.mark.parametrize(
    ("voice", "language", "message"),
    [("en-uk", "en", "no voice 'en-uk'.*en-GB"), ("", "pl", "language 'pl'.*espeak")],
)
def test_unknown_voice_is_refused(engine, voice, language, message):
    """An unknown voice or language is refused, with those that there are."""
    with pytest.raises(EngineUnavailable, match=message):
        engine.admit(SpeechRequest("1", "Hello", voice, {}, language))


@pytest.mark.parametrize(
    "options", [{"rate": 3}, {"speed": 10}, {"speed": "fast"}, {"volume": 1.1}]
)
def test_invalid_option_is_refused(engine, options):
    """An unknown option, or a value out of its range, is refused."""
    with pytest.raises(EngineError, match="option"):
        engine.admit(SpeechRequest("1", "Hello", "en-US", options))


def test_faster_speed_is_shorter(engine):
    """A higher speed takes less time."""
    text = "A sentence of some length to be said at two speeds."
    assert len(spoken(engine, text, speed=1.6)) < 0.8 * len(spoken(engine, text))


def test_picture_is_not_spoken(engine):
    """A picture is not spoken."""
    with pytest.raises(EngineError, match="cannot describe"):
        engine.admit(CaptionRequest("1", b""))


def test_cancelled_request_is_not_spoken(engine):
    """A cancelled request leaves the queue."""
    engine.admit(SpeechRequest("gone", "Never said.", ""))
    engine.admit(SpeechRequest("stays", "Said.", ""))
    engine.cancel("gone")
    (outcome,) = engine.step()
    assert outcome.id == "stays"


def test_library_error_costs_one_request(monkeypatch):
    """An error of the library fails the request, and the next is spoken."""
    engine = load({}, PlainContext())
    library = engine._library

    class Failing:
        def speak(self, *_, **__):
            raise RuntimeError("pico_getData failed")

    engine._library = Failing()
    engine.admit(SpeechRequest("1", "Hello", ""))
    (outcome,) = engine.step()
    assert isinstance(outcome, RequestFailure)
    engine._library = library
    assert spoken(engine, "Hello")


def test_absent_package_is_told(monkeypatch):
    """Where there is no wheel of it, the engine says which package is missing."""
    monkeypatch.setitem(__import__("sys").modules, "py_nanotts", None)
    with pytest.raises(EngineUnavailable, match="pip install py-nanotts"):
        load_engine(BUILT_IN_ENGINES["pico"], PlainContext())


@pytest.mark.parametrize(
    ("platform", "machine", "python", "has_wheel"),
    [
        ("linux", "x86_64", "CPython", True),
        ("linux", "aarch64", "CPython", True),
        ("linux", "armv7l", "CPython", False),
        ("linux", "i686", "CPython", False),
        ("linux", "riscv64", "CPython", False),
        ("linux", "x86_64", "PyPy", False),
        ("darwin", "arm64", "CPython", False),
        ("darwin", "x86_64", "CPython", False),
        ("win32", "AMD64", "CPython", False),
    ],
)
def test_install_asks_where_wheels_are(platform, machine, python, has_wheel):
    """pip installs pico's package where it has a wheel, and fails no install elsewhere."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    required = [Requirement(each) for each in project["dependencies"]]
    (pico_package,) = [each for each in required if each.name == pico_voices.PACKAGE]
    environment = {
        "sys_platform": platform,
        "platform_machine": machine,
        "platform_python_implementation": python,
    }
    assert pico_package.marker.evaluate(environment) is has_wheel


def test_own_options_are_not_of_espeak():
    """The options that name pico without an engine are those that espeak has not."""
    assert pico._PARAMETERS.keys() - ESPEAKS_OPTIONS.keys() == pico_voices.OWN_OPTIONS


@pytest.mark.parametrize("voice", list(pico_voices.VOICES))
def test_long_sentence_does_not_crackle(engine, voice):
    """A sentence of many words without a stop is whole, where Pico's sound would overflow."""
    words = "the people who wrote this did not know that others would use it for so many years "
    for text in (words * 7, "7" * 90):
        samples = np.frombuffer(spoken(engine, text, voice, voice), dtype="<i2").astype(int)
        # A voice that reads a foreign language has single peaks; a crackle has hundreds.
        assert np.count_nonzero(np.abs(samples) >= FULL_SCALE) < 100


def test_wide_bracket_is_no_markup():
    """A wide bracket, which becomes a narrow one, is no markup either."""
    assert written_for_pico("Words ＜break＞ stay ［here］.") == "Words break stay, here, ."
