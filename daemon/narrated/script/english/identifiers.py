"""Say identifiers: snake_case, camelCase, calls, flags, dotted names, names with digits."""

import re

from narrated.script.english.acronyms import acronym, is_acronym, is_no_word, is_small_acronym
from narrated.script.english.numbers import cardinal, hundreds, pairs, plural, spelled
from narrated.script.english.rule_engine import (
    Rules,
    rule,
    starts_at,
    starts_at_words,
    word_set,
    word_table,
)
from narrated.script.english.units import UNITS
from narrated.script.marks import mark_letters

LONG_CODE = "a long code"
LONGEST = 12
"""Spell a meaningless code up to this length; call a longer one a long code."""

_RUNS = re.compile(r"\d+|[^\W\d_]+")
_MANY_RUNS = 4
_BRANDS = word_set("""
    GitHub GitLab JavaScript TypeScript CoffeeScript PyTorch YouTube LinkedIn TensorFlow LaTeX
    BibTeX MacBook DeepSpeed WordPress PowerPoint StackOverflow DuckDuckGo CommonMark HuggingFace
    SoundCloud PayPal DevOps BitTorrent NumPy SciPy FireFox OpenStack McDonald SaaS PaaS IaaS WiFi
    CoV AirPods iPhone iPad iPod eBay jQuery iCloud iTunes iMac GeForce ThinkPad VoIP
""")
_SAID = word_table("""
    PostgreSQL: Postgres 𝚀𝙻; macOS: mac 𝙾𝚂; LLaMA: Llama; VMware: 𝚅𝙼 ware; DoS: DOS; DDoS: 𝙳 DOS;
    NaN: nan; LoRA: Lora; QLoRA: 𝚀 Lora; PuTTY: Putty; NeXT: Next; cURL: curl;
    LuaTeX: Lua TeX; XeTeX: Zee TeX; pdfTeX: 𝙿𝙳𝙵 TeX
""")
_SAID |= {
    name: mark_letters(name.upper())
    for name in word_set("PhD BSc MSc IoT MoE pH mRNA DoD DoJ DoE GmbH")
}
_SAID |= word_table("""
    YoY: year over year; QoQ: quarter over quarter; MoM: month over month; WoW: Wow
""")
_SAID["iOS"] = mark_letters("iOS")
# A unit without its number, written like a name: "in kHz".
_SAID |= {unit: UNITS[unit][1] for unit in word_set("kHz MHz GHz dB kB kWh mAh KiB MiB GiB")}
_FAMILY_NAME = re.compile(r"(?:Mac|Mc|De|Di|Du|Le|La|Fitz|Van|Von)[A-Z][a-z]+")
_HUMPS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[A-Z]|\d+")


def say_alphanumeric(name: str) -> str:
    """Say a name with numbers in it: x86_64 is "x eighty-six sixty-four"."""
    runs = _RUNS.findall(name)
    if len(name) > LONGEST and len(runs) > _MANY_RUNS:
        return LONG_CODE
    is_long = len(runs) == 3 and (len(runs[0]) > 1 or len(runs[1]) > 2)
    if runs[-1] == "s" and runs[0].isupper() and is_long:  # several MP3s, H100s
        return plural(say_alphanumeric(name[:-1]))
    first, *rest = runs
    said = [_leading_number(first) if first.isdigit() else _letters(first)]
    said += [inner_number(run) if run.isdigit() else _letters(run) for run in rest]
    return " ".join(said)


def _letters(run: str) -> str:
    if run in ("a", "A"):
        return mark_letters(run)
    return acronym(run.upper() if is_small_acronym(run) else run)


def _leading_number(digits: str) -> str:
    """Say a number at a name's start: 1080p is "ten eighty p", 221B "two twenty-one B"."""
    if len(digits) == 4:
        return pairs(digits)
    return hundreds(digits) if len(digits) == 3 and digits[0] != "0" else inner_number(digits)


def inner_number(digits: str) -> str:
    """Say a number inside a name: two digits as one, a year by its pairs, others one by one."""
    if len(digits) == 4 and digits.endswith("000") and digits[0] != "0":
        return cardinal(digits)
    if len(digits) == 4 and "1900" <= digits <= "2099":
        return pairs(digits)
    if len(digits) == 3 and digits.endswith("0") and digits[0] != "0":
        return hundreds(digits)
    return cardinal(digits) if len(digits) <= 2 else spelled(digits)


def _snake(found: re.Match[str]) -> str:
    return " ".join(_part(part) for part in found[0].split("_") if part)


def _part(part: str) -> str:
    if any(sign.isdigit() for sign in part):
        return say_alphanumeric(part)
    if part.isupper() and len(part) > 1:
        return acronym(part) if is_no_word(part) else part.lower()
    return _parted(part)


def _camel(found: re.Match[str]) -> str:
    word = found[0]
    bare, plural_s = (word[:-1], "s") if word[:-1] in _SAID and word[-1] == "s" else (word, "")
    if bare in _SAID:
        return _SAID[bare] + plural_s
    is_name = word in _BRANDS or word == "TeX" or _FAMILY_NAME.fullmatch(word)
    return word if is_name else _parted(word)


def _parted(word: str) -> str:
    """Split a name at its capitals; after a small first letter, make all parts small."""
    humps = _HUMPS.findall(word)
    if len(humps) < 2:
        return word
    small = word[0].islower()
    said = (acronym(hump) if is_acronym(hump) else hump for hump in humps)
    return " ".join(one.lower() if small and not one.isupper() else one for one in said)


def _inflected(found: re.Match[str]) -> str:
    """Say SSHing and DMed: an acronym as a verb."""
    stem = found[1]
    is_verb = is_acronym(stem) and is_no_word(stem)
    return f"{acronym(stem)}'{'d' if found[2] == 'ed' else found[2]}" if is_verb else found[0]


_ONE_PRIME = frozenset("'’′")
_AT_CALLS = starts_at(r"\((?<=\w\()")
_AT_FLAGS = starts_at(r"-(?<![\w-]-)(?=[-A-Za-z])")

RULES: Rules = (
    rule(
        r"(?<![\w'’])([A-Za-z])(['’′]{1,2}|[\"″])(?=\([\w, +-]{1,20}\))",
        lambda found: f"{found[1]} {'prime' if found[2] in _ONE_PRIME else 'double prime'}",
        "(",
        starts_at(r"[A-Za-z](?=['’′\"″]{1,2}\()"),
    ),
    rule(r"(?<=\w)\(\)", "", "(", _AT_CALLS),
    rule(r"(?<=[a-z]{3})\((e?s)\)(?!\w)", r"\1", "(", _AT_CALLS),
    rule(r"(?<=\ba)\(n\)(?= )", "", "(", _AT_CALLS),
    rule(r"(?<=\w)\((?!(?:e?s|ies)\))([\w., ]{1,60})\)", r" \1", "(", _AT_CALLS),
    rule(r"(?<![\w-])--(?=[a-z])", "dash dash ", "-", _AT_FLAGS),
    rule(r"(?<![\w-])-(?=[A-Za-z]{1,4}(?![\w-]))", "dash ", "-", _AT_FLAGS),
    rule(
        r"(?<![\w.])[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+",
        lambda found: found[0].replace(".", " dot "),
        ".",
        starts_at_words(r"\.(?=\w)", "_."),
    ),
    rule(
        r"(?<![^\W_])(?:_*[^\W_]+(?:_+[^\W_]+)+_*|__[^\W_]+__)(?![^\W_])",
        _snake,
        "_",
        starts_at_words("_", "_"),
    ),
    rule(
        r"(?<![^\W_])_([A-Za-z][A-Za-z\d]*)_?(?![\w(])",
        r"\1",
        "_",
        starts_at(r"_(?<!\w_)(?=[A-Za-z])"),
    ),
    rule(r"\b([A-Z]{2,6})(ing|ed)\b", _inflected, starts=starts_at(r"[A-Z]{2,6}(?=ing\b|ed\b)")),
    rule(r"\b([BM])Sc\b", lambda found: mark_letters(f"{found[1]}SC"), starts=starts_at("[BM]Sc")),
    rule(
        r"\b[a-z]+[A-Z][A-Za-z\d]*\b|\b[A-Z][A-Za-z\d]*[a-z\d][A-Z]\w*\b|\b[A-Z]{2,}[a-z][a-z]\w*\b",
        _camel,
        starts=starts_at_words(r"[A-Z](?:(?<=[a-z\d][A-Z])|(?=[A-Z][a-z]))"),
    ),
)
