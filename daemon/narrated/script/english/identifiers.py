"""Names that programs use: snake_case, camelCase, calls, flags, dotted names."""

import re

from narrated.script.english.acronyms import acronym, is_acronym, is_no_word
from narrated.script.english.alphanumerics import mixed
from narrated.script.english.rule_engine import NormalisationRule, at, at_words, names, rule
from narrated.script.english.units import UNITS

_BRANDS = names("""
    GitHub GitLab JavaScript TypeScript CoffeeScript PyTorch YouTube LinkedIn TensorFlow LaTeX
    BibTeX MacBook DeepSpeed WordPress PowerPoint StackOverflow DuckDuckGo CommonMark HuggingFace
    SoundCloud PayPal DevOps BitTorrent NumPy SciPy FireFox OpenStack McDonald SaaS PaaS IaaS WiFi
    AirPods iPhone iPad iPod eBay jQuery iCloud iTunes iMac PhD
""")
_SAID = {
    "iOS": "i O S",
    "macOS": "mac O S",
    "PhD": "P H D",
    "IoT": "I O T",
    "PostgreSQL": "Postgres Q L",
}
# A unit without its number, where it is written like a name: "in kHz".
_SAID |= {unit: UNITS[unit][1] for unit in names("kHz MHz GHz dB kB kWh mAh KiB MiB GiB")}
_FAMILY_NAME = re.compile(r"(?:Mac|Mc|De|Di|Du|Le|La|Fitz|Van|Von)[A-Z][a-z]+")
_HUMPS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[A-Z]|\d+")


def _snake(found: re.Match[str]) -> str:
    return " ".join(_part(part) for part in found[0].split("_") if part)


def _part(part: str) -> str:
    if any(sign.isdigit() for sign in part):
        return mixed(part)
    if part.isupper() and len(part) > 1:
        return acronym(part) if is_no_word(part) else part.lower()
    return _parted(part)


def _camel(found: re.Match[str]) -> str:
    word = found[0]
    if word in _SAID:
        return _SAID[word]
    if word in _BRANDS or _FAMILY_NAME.fullmatch(word):
        return word
    return _parted(word)


def _parted(word: str) -> str:
    """Part a name at its humps; after a small first letter the others become small too."""
    humps = _HUMPS.findall(word)
    if len(humps) < 2:
        return word
    small = word[0].islower()
    said = (acronym(hump) if is_acronym(hump) else hump for hump in humps)
    return " ".join(one.lower() if small and not _is_spelled(one) else one for one in said)


def _is_spelled(said: str) -> bool:
    return said.replace(" ", "").isupper()


def _dotted(found: re.Match[str]) -> str:
    return found[0].replace(".", " dot ")


_AT_CALLS = at(r"\((?<=\w\()")
_AT_FLAGS = at(r"-(?<![\w-]-)(?=[-A-Za-z])")

RULES: tuple[NormalisationRule, ...] = (
    rule(r"(?<=\w)\(\)", "", "(", _AT_CALLS),
    rule(r"(?<=\w)\((?!(?:e?s|ies)\))([\w., ]{1,60})\)", r" \1", "(", _AT_CALLS),
    rule(r"(?<![\w-])--(?=[a-z])", "dash dash ", "-", _AT_FLAGS),
    rule(r"(?<![\w-])-(?=[A-Za-z]{1,4}(?![\w-]))", "dash ", "-", _AT_FLAGS),
    rule(r"(?<![\w.])[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+", _dotted, ".", at_words(r"\.(?=\w)", "_.")),
    rule(
        r"(?<![^\W_])_*[^\W_]+(?:_+[^\W_]+)+_*(?![^\W_])|\b__[^\W_]+__\b",
        _snake,
        "_",
        at_words("_", "_"),
    ),
    rule(
        r"\b[a-z]+[A-Z][A-Za-z\d]*\b|\b[A-Z][A-Za-z\d]*[a-z\d][A-Z]\w*\b|\b[A-Z]{2,}[a-z][a-z]\w*\b",
        _camel,
        starts=at_words(r"[A-Z](?:(?<=[a-z\d][A-Z])|(?=[A-Z][a-z]))"),
    ),
    rule(r"\bPhD\b", "P H D", "D"),
)
