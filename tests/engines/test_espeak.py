"""The embedded voice: any text, any voice, and the same sound for the same request."""

import _ctypes
import ctypes
import itertools

import espeakng_loader
import numpy as np
import pytest

from narrated.engines.espeak import load
from narrated.engines.interface import CaptionRequest, SpeechRequest, SpeechResult
from narrated.engines.registry import BUILT_IN_ENGINES, EngineSpec
from narrated.engines.registry import load as load_engine
from narrated.errors import EngineError, EngineUnavailable
from support.engine_context import PlainContext


@pytest.fixture(scope="module")
def engine():
    return load({}, PlainContext())


def spoken(engine, text, voice="en-us", seed=0, **options):
    engine.admit(SpeechRequest("1", text, voice, options, "en", seed))
    (outcome,) = engine.step()
    assert isinstance(outcome, SpeechResult)
    return outcome.pcm


def seconds(engine, pcm):
    return len(pcm) / 2 / engine.sample_rate


def test_sentence_becomes_sound(engine):
    """A sentence comes out as sound."""
    pcm = spoken(engine, "The quick brown fox jumps over the lazy dog.")
    samples = np.frombuffer(pcm, dtype="<i2")
    assert 2 < seconds(engine, pcm) < 4
    assert np.abs(samples).max() > 5000


def test_sound_depends_on_request(engine):
    """The same request gives the same sound whatever was said before."""
    requests = [
        ("Hello there, this is one.", "en-us", {}),
        ("Hello there, this is one.", "en-us", {"rate": 300, "pitch": 80}),
        ("Und das hier ist eine andere Sprache!", "de", {"gap": 20}),
        ("Привет, hello, 12,345.", "ru", {"volume": 30}),
        ("[[noise]] <b>and</b> marks?", "en-gb", {"variant": "f3"}),
    ]
    first = [spoken(engine, text, voice, **options) for text, voice, options in requests]
    for order in itertools.islice(itertools.permutations(range(len(requests))), 0, 120, 17):
        for index in order:
            text, voice, options = requests[index]
            assert spoken(engine, text, voice, **options) == first[index]


def test_another_package_opens_espeak(engine):
    """The sound stays the same while another package keeps the library open."""
    held = ctypes.CDLL(espeakng_loader.get_library_path())
    try:
        first = [spoken(engine, text) for text in ("It is 5 km.", "It is five kilometres.", "p")]
        again = [spoken(engine, text) for text in ("p", "It is five kilometres.", "It is 5 km.")]
    finally:
        _ctypes.dlclose(held._handle)
    assert first == again[::-1]


def test_same_identity_same_sound(engine):
    """Another engine of the same identity gives the same sound."""
    other = load({}, PlainContext())
    assert other.identity == engine.identity
    assert spoken(other, "Once more.", seed=3) == spoken(engine, "Once more.", seed=3)


def test_seed_gives_another_take(engine):
    """Another seed is another take of about the same length."""
    takes = [spoken(engine, "This is a sentence to say again.", seed=seed) for seed in range(4)]
    assert len(set(takes)) == 4
    lengths = [seconds(engine, take) for take in takes]
    assert max(lengths) - min(lengths) < 0.1


def test_markup_is_read_aloud(engine):
    """Markup and phoneme marks are read not obeyed."""
    plain = spoken(engine, "hello")
    assert len(spoken(engine, "<break time='9s'/>hello")) > len(plain)
    assert seconds(engine, spoken(engine, "<break time='9s'/>hello")) < 9
    assert spoken(engine, "[[h@'loU]]") != plain


@pytest.mark.parametrize("text", ["...", "—", " ", "", "\x01\x02", "\udc80\udcff", "…"])
def test_silence_without_words(engine, text):
    """A text without sound becomes a short silence."""
    assert 0 < seconds(engine, spoken(engine, text)) < 1


@pytest.mark.parametrize(
    "text", ["日本語のテキスト", "Привет, мир", "שלום עולם", "🎉 👩‍👩‍👧", "a\0b"]
)
def test_any_script_is_spoken(engine, text):
    """Any script is said somehow."""
    assert spoken(engine, text)


def test_faster_rate_is_shorter(engine):
    """A faster rate takes less time."""
    text = "A sentence of some length to be said at two rates."
    assert len(spoken(engine, text, rate=300)) < 0.8 * len(spoken(engine, text, rate=175))


def test_narrators_rate_is_announced(engine):
    """A narrator speaks slower than espeak itself, unless the configuration sets a rate."""
    text = "The quick brown fox jumps over the lazy dog."
    paced = spoken(engine, text, **engine.narrator_options)
    assert len(paced) > 1.1 * len(spoken(engine, text)) == 1.1 * len(spoken(engine, text, rate=175))
    assert load({"rate": 175}, PlainContext()).narrator_options == {}


def test_unknown_voice_is_refused(engine):
    """An unknown voice is refused with names near it."""
    with pytest.raises(EngineUnavailable, match=r"no voice 'en-uss'\. .*en-us"):
        engine.admit(SpeechRequest("1", "Hello", "en-uss"))


def test_language_chooses_voice(engine):
    """Without a wish the language chooses the voice."""

    def unwished(language):
        engine.admit(SpeechRequest("1", "Guten Tag", "", language=language))
        return engine.step()[0].pcm

    assert unwished("de") == spoken(engine, "Guten Tag", "de")
    assert unwished("de-DE") == spoken(engine, "Guten Tag", "de")
    assert unwished("tlh") == spoken(engine, "Guten Tag", "en-us")


@pytest.mark.parametrize("options", [{"speed": 3}, {"rate": 10_000}, {"rate": "fast"}])
def test_invalid_option_is_refused(engine, options):
    """An option that cannot be is refused."""
    with pytest.raises(EngineError, match="option"):
        engine.admit(SpeechRequest("1", "Hello", "en-us", options))


def test_unknown_variant_is_refused(engine):
    """An unknown variant is refused with names near it."""
    with pytest.raises(EngineError, match=r"no variant 'f33'.*f3"):
        engine.admit(SpeechRequest("1", "Hello", "en-us", {"variant": "f33"}))


def test_variant_changes_voice(engine):
    """A variant changes the voice."""
    assert spoken(engine, "Hello", variant="f3") != spoken(engine, "Hello")


def test_picture_is_not_spoken(engine):
    """A picture is not spoken."""
    with pytest.raises(EngineError, match="cannot describe"):
        engine.admit(CaptionRequest("1", b""))


def test_common_voices_have_digests(engine):
    """Common voices are there each with a digest."""
    voices = engine.voices()
    assert {"en", "en-us", "en-gb", "de", "fr-fr", "es", "ru", "cmn"} <= voices.keys()
    assert voices["en-us"] != voices["en-gb"]


def test_options_change_identity(engine):
    """Options of the engine are part of its identity."""
    faster = load({"rate": 300}, PlainContext())
    assert faster.identity != engine.identity
    assert len(spoken(faster, "Some words to say.")) < len(spoken(engine, "Some words to say."))


def test_cancelled_text_is_dropped(engine):
    """A cancelled utterance is not spoken."""
    engine.admit(SpeechRequest("1", "Hello", "en-us"))
    engine.admit(SpeechRequest("2", "Hello", "en-us"))
    engine.cancel("1")
    assert [outcome.id for outcome in engine.step()] == ["2"]


def test_texts_leak_little_memory(engine):
    """Many utterances leave little memory behind."""
    from narrated.engines.espeak import _memory_bytes

    for _ in range(50):
        spoken(engine, "Hi.")
    before = _memory_bytes()
    for _ in range(200):
        spoken(engine, "Hi.")
    assert _memory_bytes() - before < 200 * 10_000
    assert not engine.worn


def test_built_in_engines_by_name():
    """Engines that come with the program are found by name."""
    for name in ("espeak", "embedded"):
        spec = BUILT_IN_ENGINES.get(name)
        assert load_engine(spec, PlainContext()).kind == spec.kind
    assert BUILT_IN_ENGINES.get("no such engine") is None


def test_missing_module_is_named():
    """A module that is not installed says so."""
    with pytest.raises(EngineUnavailable, match="no_such_engine"):
        load_engine(EngineSpec("none", "speech", "no_such_engine", 400), PlainContext())
