"""Say code in words: name its operators, and leave out its brackets and quotation marks.

Names, numbers, paths and flags stay unchanged, for the normalisation rules.
"""

import re

from narrated.script.english.rule_engine import any_of, word_table
from narrated.script.english.symbols import BETWEEN_SPACES
from narrated.script.language_codes import is_english

_OPERATORS = BETWEEN_SPACES | word_table(r"""
    ::: colon colon; ===: equals; !==: is not equal to; /=: is not equal to; :=: equals;
    +=: plus equals; -=: minus equals; ...: dot dot dot; |: pipe; >: greater than; <: less than;
    *: star; &: and; $: dollar; \: backslash; @: at; %: percent; #: hash; ^: caret; ~: tilde
""")
"""Operators of running text, and those of code alone; there `<` and `>` compare nothing."""
_SIGN = re.compile(
    any_of(_OPERATORS)
    + r"|(?P<silent>[()\[\]{}\"'`“”‘’;?]|(?<!\d),|,(?!\d)|(?<!\d):|:(?!\d))"
    + r"|(?P<negated>(?<!\w)!(?=[\w(]))|(?P<silent_too>!)"
)
_TAG = re.compile(r"</?([A-Za-z][\w-]*)((?:\s[^<>]*)?)/?>|(?<=\w)<([\w, ]+)>")
_ADDRESS = re.compile(
    r"\w+://\S+|(?:~|\.{1,2})?/[\w.@+/-]+|[\w.+-]+@[\w-]+\.[\w.-]+|[\w.-]+:\d+|[A-Z]:\\\S+"
    r"|(?:Ctrl|Alt|Cmd|Shift)[+-]\S+|[A-Za-z]{1,2}(?:\+\+|#)|\d+(?:[.,:/%x-]\d+)*%?|--?[A-Za-z][\w-]*"
)


def code_words(code: str, language: str) -> str:
    """Say code on one line in words; return it unchanged for languages other than English."""
    if not is_english(language):
        return " ".join(code.split())
    bare = _TAG.sub(r" \1\2\3 ", code)
    return " ".join(" ".join(map(_token, bare.split())).split())


def _token(token: str) -> str:
    if token == "-":
        return "minus"
    return token if _ADDRESS.fullmatch(token) else _SIGN.sub(_sign, token)


def _sign(found: re.Match[str]) -> str:
    if found["silent"] or found["silent_too"]:
        return " "
    return " not " if found["negated"] else f" {_OPERATORS[found[0]]} "
