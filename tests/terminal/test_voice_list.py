"""The voices of `narrated voices list`: what is known of them, filters, and engines without any."""

from pathlib import Path

import pytest

from narrated.config.values import Config, ReadingConfig, SpeechConfig
from narrated.engines.engine_info import EngineInfo
from narrated.engines.registry import BUILT_IN_ENGINES
from narrated.errors import NarratedError
from narrated.terminal.voice_list import (
    fitting_voices,
    list_voices,
    missing_engines,
    voice_lines,
)
from narrated.voices.descriptions import describe_voices
from narrated.workers.pool import EngineProbe, WorkerSnapshot, WorkerState

CODES = ["af", "en-gb", "en-us", "fr-fr"]
ESPEAK = EngineInfo("espeak", "speech", "espeak-1", 22_050, dict.fromkeys(CODES, "1"), 4)
PRESETS = ["v2/de_speaker_3", "v2/en_speaker_6", "v2/fr_speaker_0"]
BARK = EngineInfo("bark", "speech", "bark-1", 24_000, dict.fromkeys(PRESETS, "1"), 4)
PROBE = EngineProbe({"espeak": ESPEAK, "bark": BARK}, [])


def config(language: str = "en", **speech: str) -> Config:
    return Config(
        inbox=Path("/in"),
        outbox=Path("/out"),
        speech=SpeechConfig(**speech),
        reading=ReadingConfig(language=language),
    )


def names(*filters: str) -> list[str]:
    return [each.name for each in fitting_voices(list_voices(config(), PROBE, "espeak"), filters)]


def test_voices_are_described():
    """Language, accent and sex are told in words, as far as they are known."""
    told = {each.name: each for each in list_voices(config(), PROBE)}
    british, german, own = told["en-gb"], told["v2/de_speaker_3"], told["en-GB"]
    assert (british.language, british.accent, british.sex) == ("English", "British", "male")
    assert (german.language, german.accent, german.sex) == ("German", "", "female")
    assert (own.engine, own.accent, own.sex) == ("pico", "British", "female")
    tortoise = BUILT_IN_ENGINES["tortoise"]
    assert [each.sex for each in describe_voices(tortoise, ["anna", "train_grace"])] == [
        "",
        "female",
    ]


def test_filters_narrow_the_list():
    """A filter is a code, a language, an accent or a sex; several must all fit."""
    assert names("en") == ["en-gb", "en-us"]
    assert names("EN_GB") == names("british") == ["en-gb"]
    assert names("french") == names("fr") == ["fr-fr"]
    assert names("english", "american", "male") == ["en-us"]
    every = list_voices(config(), PROBE)
    assert {each.engine for each in fitting_voices(every, ["bark"])} == {"bark"}


def test_unknown_filter_tells_what_fits():
    """For a filter that fits nothing, the message has the languages and engines that there are."""
    with pytest.raises(NarratedError, match="No voice fits 'en female'") as caught:
        names("en", "female")
    assert "There are 3 languages (af, en, fr), and 1 engine (espeak)." in caught.value.remedy


@pytest.mark.parametrize(
    ("speech", "language", "speaks"),
    [
        ({"engine": "espeak", "voice": "en-gb"}, "en", "en-gb"),
        ({"engine": "espeak", "voice": ""}, "fr-FR", "fr-fr"),
        ({"engine": "bark"}, "de", "v2/en_speaker_6"),
        ({"engine": "pico"}, "en", "en-US"),
        ({"engine": "pico"}, "de", "de-DE"),
        ({"engine": "pico"}, "en-gb", "en-GB"),
    ],
)
def test_default_is_who_really_speaks(speech, language, speaks):
    """One voice is marked: the configured one, else the one that its engine takes."""
    found = list_voices(config(language, **speech), PROBE)
    assert [each.name for each in found if each.default] == [speaks]
    assert found[0].engine == speech["engine"]


def test_list_can_be_piped():
    """Without a terminal the list is a table alone, a voice a line, without a blank one."""
    voices = list_voices(config(engine="espeak"), PROBE)
    lines = [*voice_lines(voices, for_people=False)]
    assert lines[0].split() == ["ENGINE", "VOICE", "SEX", "LANGUAGE"]
    assert [line.split()[:2] for line in lines[1:]] == [[each.engine, each.name] for each in voices]
    assert len([*voice_lines(voices, for_people=True)]) > len(lines) + 2


def state(name, state, engines=(), missing=None) -> WorkerSnapshot:
    return WorkerSnapshot(name, 1, state, engines, 0, 0, "", missing or {})


def refused(only, *states) -> NarratedError:
    probe = EngineProbe(
        {"espeak": ESPEAK}, [state("engines", WorkerState.READY, ("espeak",)), *states]
    )
    with pytest.raises(NarratedError) as caught:
        list_voices(config(), probe, only)
    return caught.value


def test_lists_one_engine_alone():
    """The voices of one engine are listed alone."""
    assert {each.engine for each in list_voices(config(), PROBE, "espeak")} == {"espeak"}


def test_loading_engine_is_awaited():
    """For an engine that still loads, the message says to try again."""
    error = refused("tortoise", state("models", WorkerState.STARTING))
    assert "The engine tortoise does not answer yet" in error.problem
    assert "moment" in error.remedy


def test_missing_engine_says_why():
    """For an unavailable engine, the message names the reason."""
    why = "The model Manmay/tortoise-tts is missing. narrated models pull Manmay/tortoise-tts"
    error = refused("tortoise", state("models", WorkerState.READY, (), {"tortoise": why}))
    assert "engine tortoise is not available" in error.problem
    assert "narrated models pull" in str(error)


def test_missing_engines_are_known():
    """A configured engine that cannot be used is known with its reason; a captioner is no voice."""
    why = {"bark": "The model suno/bark is missing.", "blip": "The model is missing."}
    probe = EngineProbe({"espeak": ESPEAK}, [state("models", WorkerState.READY, (), why)])
    assert missing_engines(config(), probe) == {"bark": why["bark"]}


def test_unknown_engine_says_how():
    """For an unconfigured engine, the message names the key."""
    error = refused("tortoise", state("models", WorkerState.READY))
    assert "No speech engine tortoise" in error.problem
    assert "`engines:`" in error.remedy
