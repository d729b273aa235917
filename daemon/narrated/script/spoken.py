"""Numbers, signs and addresses in words: English by its rules, other languages by num2words."""

import re

from narrated.script.emoji import emoji_named
from narrated.script.numbers import decimal, number

# Where a text may be written otherwise than it is said: a sign or digit, capitals side by side or
# inside a word, what a dot joins or ends. Each of these is seen at its own place, so that the
# search is linear.
_ODD = re.compile(
    r"[^A-Za-zÀ-ɏ\s,;:.'’‘“”!?()\"–—…-]|[A-Za-z][A-Z]|\w[.:(]\w|\w\(\)|(?<!\w)[.-]\w"
    r"|\b(?:[A-Z][a-z]{0,4}|[a-z]|etc|approx|vs|cf|ca|viz|incl|dept|misc|esp|al)\."
    r"|\bvs\b|\b[IVXL]\b|\b(?:Ctrl|Cmd|Alt|Shift)-"
)
_TOKEN = re.compile(r"\S{300}(?=\S)")
_ENGLISH = "en"
_UNIFORM = str.maketrans(
    {"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2011": "-", "\u00ad": None}
)
_INTEGER = re.compile(r"(?<![\w.,:/-])(?P<minus>(?<!\S)[-−])?\d+(?![\w:/-]|[.,]\d)")
_DECIMAL = re.compile(
    r"(?<![\w.,:/-])(?P<minus>(?<!\S)[-−])?(\d+)[.,](\d{1,2}|\d{4,})(?![\w:/-]|[.,]\d)"
)


def spoken(text: str, language: str = "en") -> str:
    """Write a text's numbers and signs as words; what is spoken already stays as it is."""
    if not _ODD.search(text):
        return text
    text = emoji_named(text.translate(_UNIFORM), language)
    text = _english(text) if _base(language) == _ENGLISH else _elsewhere(text, language)
    return " ".join(text.split())


def _english(text: str) -> str:
    from narrated.script.english.rules import RULES  # late: other languages need none of it

    text = _TOKEN.sub(r"\g<0> ", text)  # what nobody wrote by hand costs no more than it is long
    signs = set(text)
    for pattern, say, needed in RULES:
        if not needed or not needed.isdisjoint(signs):
            text = pattern.sub(say, text)
    return text


def _elsewhere(text: str, language: str) -> str:
    text = _DECIMAL.sub(lambda found: decimal(_with_point(found), language), text)
    return _INTEGER.sub(lambda found: number(found[0].replace("−", "-"), language), text)


def _with_point(found: re.Match[str]) -> str:
    return f"{'-' if found['minus'] else ''}{found[2]}.{found[3]}"


def _base(language: str) -> str:
    return language.replace("_", "-").split("-")[0].lower()
