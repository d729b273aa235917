"""Who speaks where nobody, or only half, names an engine and a voice."""

import msgspec
import pytest

from narrated.script.default_voice import SpeechEngines, speaker_in, with_engine
from narrated.script.script import Draft, ReadingSettings, Speaker
from narrated.script.source_to_draft import build_draft

LANGUAGES = ("de", "en", "es", "fr", "it")
ENGINES = SpeechEngines({"espeak": 600, "pico": 600}, {"pico": LANGUAGES})


def draft(
    text: str,
    narrator: Speaker | None = None,
    default: str = "pico",
    folder: str = "",
) -> Draft:
    settings = ReadingSettings(
        speakers={"narrator": narrator or Speaker()},
        default_engine=default,
        voices_of_languages=True,
    )
    return build_draft(
        text.encode(),
        "post.md",
        captions={},
        lexicons=[],
        settings=settings,
        engines=ENGINES,
        folders=[("narrated.yaml", folder)] if folder else [],
    )


def narrator(text: str, **rest: object) -> Speaker:
    return draft(text, **rest).speakers["narrator"]  # type: ignore[arg-type]


@pytest.mark.parametrize("language", ["en", "en-GB", "en_US", "en-AU", "de", "de-AT", "fr", "it"])
def test_pico_speaks_its_languages(language: str) -> None:
    """Where nobody names an engine, pico speaks its languages, in any country."""
    assert narrator(f"---\nlang: {language}\n---\nWords.") == Speaker("pico")


@pytest.mark.parametrize("language", ["pl", "ru", "zh-Hans", "eo", "deu"])
def test_espeak_speaks_other_languages(language: str) -> None:
    """espeak speaks a post in a language that pico does not; the draft has the reason."""
    made = draft(f"---\nlang: {language}\n---\nWords.")
    assert made.speakers == {"narrator": Speaker("espeak")}
    assert made.not_spoken_by == "pico"
    assert made.overrides.settings.speakers == made.speakers


def test_espeak_speaks_where_no_wheel_is() -> None:
    """Without pico's wheel the default is espeak's American voice, and no other language's."""
    assert narrator("Words.", default="espeak") == Speaker("espeak", "en-us")
    assert narrator("---\nlang: de\n---\nWorte.", default="espeak") == Speaker("espeak")
    assert draft("Words.", default="espeak").not_spoken_by == ""


@pytest.mark.parametrize(
    ("speaker", "engine"),
    [
        (Speaker(), ""),
        (Speaker("bark", "en-us"), "bark"),
        (Speaker(voice="en-us"), "espeak"),
        (Speaker(voice="en-gb"), "espeak"),
        (Speaker(voice="de"), "espeak"),
        (Speaker(voice="en-GB"), "pico"),
        (Speaker(options={"rate": 160}), "espeak"),
        (Speaker(options={"pitch": 60}), "espeak"),
        (Speaker(options={"variant": "f3"}), "espeak"),
        (Speaker(options={"speed": 1.2}), "pico"),
        (Speaker(options={"speed": 1.2, "volume": 1}), "espeak"),
        (Speaker(voice="en-us", options={"speed": 1.2}), "espeak"),
    ],
)
def test_voice_or_option_names_engine(speaker: Speaker, engine: str) -> None:
    """A voice or an option without an engine is espeak's, unless only pico has it."""
    assert with_engine(speaker, "pico").engine == engine


def test_front_matter_voice_is_of_espeak() -> None:
    """A voice of espeak's in a post or its folder keeps espeak; one of pico's is pico's."""
    assert narrator("---\nvoice: en-gb\n---\nWords.") == Speaker("espeak", "en-gb")
    assert narrator("Words.", folder="voice: en-gb") == Speaker("espeak", "en-gb")
    assert narrator("---\nvoice: en-GB\n---\nWords.") == Speaker("pico", "en-GB")
    named = Speaker("pico")
    assert narrator("---\nvoice: en-gb\n---\nWords.", narrator=named) == Speaker("pico", "en-gb")


def test_front_matter_engine_keeps_voice() -> None:
    """A post that names espeak is read in the voice that espeak always had by default."""
    assert narrator("---\nengine: espeak\n---\nWords.") == Speaker("espeak", "en-us")
    named = Speaker("espeak", "", {"rate": 160})
    kept = Speaker("espeak", "en-us", {"rate": 160})
    assert narrator("---\nengine: espeak\n---\nWords.", narrator=named) == kept


@pytest.mark.parametrize(
    ("configured", "text", "spoken"),
    [
        (Speaker(), "Worte.", Speaker("espeak", "en-us")),
        (Speaker("espeak", "", {"rate": 160}), "Worte.", Speaker("espeak", "en-us", {"rate": 160})),
        (Speaker("espeak", "de"), "Worte.", Speaker("espeak", "de")),
        (Speaker(), "---\nlang: en\n---\nWords.", Speaker("espeak")),
        (Speaker("pico", "en-us"), "Worte.", Speaker("pico")),
    ],
)
def test_former_voice_of_language(configured: Speaker, text: str, spoken: Speaker) -> None:
    """Settings from before unnamed voices were of their language give the voice of then."""
    settings = ReadingSettings(language="de", speakers={"narrator": configured})
    made = build_draft(
        text.encode(), "post.md", captions={}, lexicons=[], settings=settings, engines=ENGINES
    )
    assert msgspec.structs.replace(made.speakers["narrator"], speed=None) == spoken


def test_foreign_voice_leaves_default() -> None:
    """Without a voice that is another tool's, the default engine speaks, and not espeak."""
    made = draft("---\nvoice: alloy\n---\nWords.")
    assert made.speakers == {"narrator": Speaker("espeak", "alloy")}
    assert made.narrator_otherwise == Speaker("pico")


def test_options_stay_with_their_engine() -> None:
    """Options of an engine do not go to the one that speaks in its place."""
    fast = Speaker("pico", "", {"speed": 1.3})
    assert speaker_in(fast, "de", ENGINES, "pico") == fast
    assert speaker_in(fast, "pl", ENGINES, "pico") == Speaker("espeak")
    voiced = Speaker("pico", "en-GB")
    assert speaker_in(voiced, "pl", ENGINES, "pico") == voiced
