"""Describes voices for those who choose one: language, accent and sex, as far as they are known.

espeak's voices are described by its own data, those of Pico, Piper, Kokoro and Bark by their names,
those of Tortoise by what their package says. Of an engine that was not made by us nothing is known.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType

from narrated.engines.kokoro import voices as kokoro_voices
from narrated.engines.piper.voice_names import language_tag, preference
from narrated.engines.registry import EngineSpec
from narrated.errors import NarratedError

FEMALE, MALE = "female", "male"
_FALLBACK = "en"


@dataclass(frozen=True, slots=True)
class VoiceDescription:
    """A voice of an engine; parts that nobody knows are empty. Its fields are keys of JSON."""

    engine: str
    name: str
    code: str = ""
    """The code of its language, such as en or en-GB."""
    language: str = ""
    """The same in words."""
    accent: str = ""
    sex: str = ""
    default: bool = False
    """True if it speaks where no file says otherwise."""

    @property
    def words(self) -> frozenset[str]:
        """The words that it is found by, in small letters."""
        told = " ".join((self.engine, self.name, self.language, self.accent, self.sex))
        return frozenset(re.findall(r"[^\W_]+", told.lower())) | {self.engine, self.name.lower()}

    def fits(self, wanted: str) -> bool:
        """True if a filter names its language, by word or code, or its accent, sex or engine."""
        wanted, code = wanted.lower().replace("_", "-"), self.code.lower()
        if re.fullmatch(r"[a-z]{2,3}", wanted):  # the code of a language, or the word "all"
            names = (self.engine, self.name.lower())
            return code.partition("-")[0] == wanted or wanted in names
        return f"{code}-".startswith(f"{wanted}-") or wanted in self.words


_LANGUAGES: Mapping[str, str] = MappingProxyType(
    {
        "de": "German",
        "en": "English",
        "es": "Spanish",
        "fr": "French",
        "hi": "Hindi",
        "it": "Italian",
        "ja": "Japanese",
        "ko": "Korean",
        "pl": "Polish",
        "pt": "Portuguese",
        "ru": "Russian",
        "tr": "Turkish",
        "zh": "Chinese",
    }
)
"""The languages of Pico and Bark."""
_ACCENTS: Mapping[str, str] = MappingProxyType(
    {
        "US": "American",
        "GB": "British",
        "DE": "Germany",
        "ES": "Spain",
        "FR": "France",
        "IT": "Italy",
    }
)
_ESPEAK_ACCENTS: Mapping[str, str] = MappingProxyType(
    {
        "America": "American",
        "America, New York City": "American, New York City",
        "Great Britain": "British",
        "Lancaster": "British, Lancaster",
        "Received Pronunciation": "British, Received Pronunciation",
        "Scotland": "British, Scotland",
        "West Midlands": "British, West Midlands",
    }
)
"""Accents that espeak names otherwise than the other engines."""
_TITLE = re.compile(r"([^()]*?)\s*(?:\((.*)\))?")

_PRESET = re.compile(r"(?:v2/)?([a-z]{2})_speaker_(\d)", re.ASCII)
_FEMALE_PRESETS: Mapping[str, str] = MappingProxyType(
    {
        "de": "38",
        "en": "9",
        "es": "89",
        "fr": "125",
        "hi": "01349",
        "it": "279",
        "ja": "01345789",
        "ko": "0",
        "pl": "469",
        "pt": "",
        "ru": "569",
        "tr": "45",
        "zh": "4679",
    }
)
"""The numbers of the women among Bark's presets, by Suno's library of speakers."""

# Of the package tortoise-tts. Those whose clips leave a doubt are in neither.
_TORTOISE_FEMALE = (
    *("angie", "applejack", "emma", "halle", "jlaw", "lj", "rainbow", "weaver"),
    *("train_daws", "train_grace"),
)
_TORTOISE_MALE = (
    *("daniel", "deniro", "freeman", "geralt", "myself", "pat", "tim_reynolds", "tom", "william"),
    *("train_dotrice", "train_empire", "train_lescault"),
)


# Of the catalogue.
_PIPER_FEMALE = ("alba", "hfc_female", "kristin", "lessac", "ljspeech", "paola", "siwis")
_PIPER_MALE = ("davefx", "faber", "joe", "norman", "northern_english_male", "thorsten")


def describe_voices(
    spec: EngineSpec, names: Iterable[str], default: str | None = None, language: str = _FALLBACK
) -> list[VoiceDescription]:
    """Describe an engine's voices, sorted by name.

    `default` is the configured voice of the engine that speaks, empty if the engine chooses one for
    the language, and None for any other engine.
    """
    described = [_described(spec, name) for name in sorted(names)]
    chosen = default if default != "" else _chosen(spec, described, language)
    return [replace(each, default=each.name == chosen) for each in described]


def usual_voice(spec: EngineSpec, names: Iterable[str], language: str) -> str:
    """The voice that an engine takes for a language where none is named; empty if only the engine
    knows."""
    described = describe_voices(spec, names, "", language)
    return next((each.name for each in described if each.default), "")


def _described(spec: EngineSpec, name: str) -> VoiceDescription:
    code, language, accent, sex = _told(spec.module.partition(":")[0], name)
    return VoiceDescription(spec.name, name, code, language, accent, sex)


def _told(module: str, name: str) -> tuple[str, str, str, str]:
    """Code, language, accent and sex of a voice, as far as they are known."""
    match module:
        case "narrated.engines.espeak":
            found = _TITLE.fullmatch(_espeak_titles().get(name, ""))
            language, accent = found.groups(default="") if found else ("", "")
            return name, language, _ESPEAK_ACCENTS.get(accent, accent), MALE
        case "narrated.engines.pico":
            language, _, country = name.partition("-")
            return name, _LANGUAGES.get(language, ""), _ACCENTS.get(country, ""), FEMALE
        case "narrated.engines.bark.engine":
            if found := _PRESET.fullmatch(name):
                language, number = found.groups()
                sex = FEMALE if number in _FEMALE_PRESETS.get(language, "") else MALE
                return language, _LANGUAGES.get(language, ""), "", sex
        case "narrated.engines.piper.engine":
            return _of_piper(name)
        case "narrated.engines.kokoro.engine":
            language, _, country = (code := kokoro_voices.language_tag(name)).partition("-")
            sex = {"f": FEMALE, "m": MALE}.get(name[1:2], "")
            return code, _LANGUAGES.get(language, ""), _ACCENTS.get(country, country), sex
        case "narrated.engines.tortoise.engine":
            is_female, is_male = name in _TORTOISE_FEMALE, name in _TORTOISE_MALE
            return "en", "English", "", FEMALE if is_female else MALE if is_male else ""
    return "", "", "", ""


def _of_piper(name: str) -> tuple[str, str, str, str]:
    """Piper's names tell the language and the country. Its own voices alone have a known sex."""
    code = language_tag(name)
    language, _, country = code.partition("-")
    speaker = name.split("-")[1] if code else ""
    sex = FEMALE if speaker in _PIPER_FEMALE else MALE if speaker in _PIPER_MALE else ""
    title = _LANGUAGES.get(language) or _espeak_language(language)
    return code, title, _ACCENTS.get(country, country if code else ""), sex


def _espeak_language(code: str) -> str:
    return _espeak_titles().get(code, "").partition(" (")[0] if code else ""


@cache
def _espeak_titles() -> Mapping[str, str]:
    from narrated.engines.espeak import opened

    try:
        return opened({}).titles()
    except (NarratedError, OSError):  # its voices are listed all the same
        return {}


def _chosen(spec: EngineSpec, described: list[VoiceDescription], language: str) -> str:
    """The voice that an engine takes for a language if none is named; empty if nobody can tell."""
    if spec.module == "narrated.engines.piper.engine":
        base = language.partition("-")[0].lower()
        spoken = [each for each in described if each.code.partition("-")[0].lower() == base]
        by_preference = sorted(spoken, key=lambda each: preference(each.name, each.code, language))
        return next((each.name for each in by_preference), "")
    if spec.module == "narrated.engines.kokoro.engine":
        return kokoro_voices.best_voice([each.name for each in described], language)
    names = {each.name for each in described}
    return next((name for name in _choices(spec, language) if name in names), "")


def _choices(spec: EngineSpec, language: str) -> Iterator[str]:
    short = language.partition("-")[0].lower()
    match spec.module.partition(":")[0]:
        case "narrated.engines.espeak":
            yield from (language.lower(), short, "en-us")
        case "narrated.engines.pico":
            country = language.partition("-")[2].upper()
            yield from (
                f"{short}-{country}",
                "en-US" if short == "en" else f"{short}-{short.upper()}",
            )
        case "narrated.engines.bark.engine":
            yield from (f"v2/{short}_speaker_6", f"v2/{_FALLBACK}_speaker_6")
        case "narrated.engines.tortoise.engine":
            from narrated.engines.tortoise.voices import PREFERRED

            yield from PREFERRED
