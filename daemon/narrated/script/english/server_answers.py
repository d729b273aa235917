"""Say the answers of a web server: HTTP 404, a 502 Bad Gateway, the 301 redirect."""

import re

from narrated.script.english.numbers import hundreds
from narrated.script.english.rule_engine import (
    Rules,
    number_rule,
    word_after,
    word_before,
    word_set,
)

_BEFORE = word_set("http https error errors status code codes response")
_ARTICLES = word_set("a an the that this of or and with got returned returns return gives gave any")
_AFTER = word_set("""
    page pages error errors response responses status redirect redirects OK Found Gateway Service
    Too Created Accepted Conflict Gone
""")
_NAMES = word_set("Not Bad Forbidden Unauthorized Internal Moved")
_COUNTED = word_set("times lines words people")
_GOES_ON = re.compile(
    r"[.,;:!?)”\"’']|\s?[–—]|\Z|\s(?:and|or|from|when|if|on|because|for|instead|but)\b"
)
_ANSWERS = r"(?:1(?:00|01)|20[0-6]|30[0-478]|4(?:0\d|1[0-8]|2[1-689]|31|51)|50[0-8]|5(?:2[0-6]|11))"


def _answer(found: re.Match[str]) -> str:
    """Say 404 as "four oh four" where a server answers with it; else it counts something."""
    return hundreds(found[0]) if _is_answer(found) else found[0]


def _is_answer(found: re.Match[str]) -> bool:
    before, after = word_before(found).lower(), word_after(found)
    if after in _COUNTED:
        return False
    is_named = after in _NAMES or (after in _AFTER and before in _ARTICLES)
    is_one = before in ("a", "an") and _GOES_ON.match(found.string, found.end())
    return before in _BEFORE or is_named or bool(is_one)


NUMBERS: Rules = (number_rule(rf"(?<![\w.,/$€£:-]){_ANSWERS}(?![\w%/:-]|[.,]\d)", _answer),)
"""Numbers of three digits."""
