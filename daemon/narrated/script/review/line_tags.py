"""The brackets before a line: `[paragraph k3f9, 0.5 s, voice quote]`."""

import re
from difflib import get_close_matches

from msgspec.structs import replace

from narrated.script.review.line_ids import LINE_ID
from narrated.script.review.review_script import ReviewLine
from narrated.script.script import Role

_ROLES = {role.value: role for role in Role}
_PAUSE = re.compile(r"(\d{1,4}(?:[.,]\d{1,4})?|[.,]\d{1,4})(?:s|sec|seconds?)?", re.IGNORECASE)
_MILLISECONDS = re.compile(r"(?:\d{1,7})?(?:ms|milliseconds?)", re.IGNORECASE)
_UNITS = ("s", "sec", "second", "seconds")
_LONGEST_TAG = 300
_LONGEST_PAUSE_S = 9999.0
_TAG = re.compile(rf"(\\?)\[([^\[\]\n]{{0,{_LONGEST_TAG}}}?)\\?\]")
_EXAMPLE = "Write, for example, `[paragraph, 0.5 s]`, or `\\[` if the bracket is to be said."


class TagWrong(ValueError):
    """Brackets that cannot be understood: a problem, and its remedy."""

    def __init__(self, problem: str, remedy: str = _EXAMPLE) -> None:
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy


def line_tag(line: ReviewLine) -> str:
    """Write the brackets of a line."""
    parts = [f"{line.role.value} {line.id}".strip()]
    parts += [f"{shown_pause_s(line.pause_s):g} s"] if line.pause_s is not None else []
    parts += [f"voice {line.speaker}"] if line.speaker else []
    return f"[{', '.join(parts)}]"


def shown_pause_s(pause_s: float) -> float:
    """Round a pause as the file shows it."""
    return min(round(pause_s, 2), _LONGEST_PAUSE_S)


def split_tag(text: str) -> tuple[str, str] | None:
    """Split a text into what stands in the brackets at its start, and the rest; None without any.

    Some editors of Markdown write a backslash before such brackets: it counts if words are to be
    said in brackets, not before an id.
    """
    found = _TAG.match(text)
    if not found or (found[1] and not any(map(LINE_ID.fullmatch, _words(found[2])))):
        return None
    return found[2], text[found.end() :].strip()


def is_tag(text: str) -> bool:
    """True if a text begins with brackets that name a role or an id."""
    found = split_tag(text)
    words = _words(found[0]) if found else []
    return bool(words) and (words[0].lower() in _ROLES or any(map(LINE_ID.fullmatch, words)))


def parsed_tag(content: str) -> ReviewLine:
    """Read what stands in the brackets, into a line without words. Errors: TagWrong."""
    line, role = ReviewLine(""), None
    words = _words(content)
    is_unit_wanted = False
    while words:
        word = words.pop(0)
        if word.lower() in _ROLES:
            role = _ROLES[word.lower()]
        elif LINE_ID.fullmatch(word):
            line = replace(line, id=word)
        elif pause := _PAUSE.fullmatch(word):
            line = replace(line, pause_s=float(pause[1].replace(",", ".")))
        elif is_unit_wanted and word.lower() in _UNITS:
            pass
        elif word.lower() == "voice" and words:
            line = replace(line, speaker=words.pop(0))
        else:
            raise _unknown(word)
        is_unit_wanted = bool(_PAUSE.fullmatch(word))
    if role is None:
        raise TagWrong("the brackets name no role")
    return replace(line, role=role)


def _words(content: str) -> list[str]:
    return re.sub(r"[,;](?=\s|$)", " ", content).split()


def _unknown(word: str) -> TagWrong:
    if _MILLISECONDS.fullmatch(word):
        return TagWrong(
            f"`{word}` in the brackets is no silence", "Write seconds, such as `0.5 s`."
        )
    problem = f"`{word[:80]}` in the brackets is no role, no silence and no voice"
    near = get_close_matches(word.lower()[:80], _ROLES, 1)
    remedy = f"Do you mean `{near[0]}`? " if near else ""
    return TagWrong(problem, f"{remedy}{_EXAMPLE} Roles: {', '.join(_ROLES)}.")
