"""Leave out emoticons with letters or other spoken signs, and end or part the sentence there.

`:)` stays: engines are silent at it, and pause.
"""

import re

from narrated.script.english.rule_engine import Rules, rule, word_before, word_set

_SHRUG = r"¯\\_\(ツ\)_/¯"
_FACE = rf"(?:[:=]['’]?-?[DP]|:-?[p/]|;-?[DPp]|xD|\^_?\^|-_-|>_<|T_T|[oO]_[oO]|\\o/|{_SHRUG})"
_CLOSES = re.compile(r"[.,!?;:)\]”\"]")
_SENTENCE_NEXT = re.compile(r"\s+[“\"'(]?[A-Z]|\s*\Z")
_BEFORE_A_NUMBER = word_set("is are be was were value values than of if at with a the and or")


def _face(found: re.Match[str]) -> str:
    text, begin, end = found.string, found.start(), found.end()
    name = " shrug" if found[0].endswith("¯") else ""
    if begin == 0 or not text[begin - 1].isalnum() or _CLOSES.match(text, end):
        return name
    return f"{name}." if _SENTENCE_NEXT.match(text, end) else f"{name},"


def _heart(found: re.Match[str]) -> str:
    return found[0] if word_before(found) in _BEFORE_A_NUMBER else "heart"


HINT = r"[-<:;=xXo^_>T\\¯](?:(?<!\S.)(?<![-<])[-'’DPp/_^<To\\]|(?<=-)_-|(?<=<)3)"

RULES: Rules = (
    rule(rf"(?:\s|\A){_FACE}(?=[\s.,!?;)\]]|\Z)", _face),
    rule(r"(?:(?<=\bI )|(?<=\b[Ww]e )|(?<=\b[Yy]ou ))<3(?= [A-Za-z])", "love", "<"),
    rule(r"(?<=\s)<3(?=\s*(?:[.!,)]|\Z))", _heart, "<"),
)
