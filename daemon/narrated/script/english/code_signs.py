"""Say the signs of code: operators, format strings, escapes, regular expressions.

Names, numbers, paths and flags stay unchanged, for the other rules.
"""

import re

from narrated.script.english.numbers import spelled
from narrated.script.english.rule_engine import Rules, any_of, rule, starts_at_words, word_table
from narrated.script.english.symbols import BETWEEN_SPACES

_OPERATORS = BETWEEN_SPACES | word_table(r"""
    ::: colon colon; ===: equals; !==: is not equal to; /=: is not equal to; :=: equals;
    +=: plus equals; -=: minus equals; ...: dot dot dot; |: pipe; >: greater than; <: less than;
    *: star; &: and; $: dollar; \: backslash; @: at; %: percent; #: hash; ^: caret; ~: tilde;
    ?.: question mark dot; ??: question mark question mark; ++: plus plus
""")
"""Operators of running text, and those of code alone; there `<` and `>` compare nothing."""
_ALONE = word_table(r"""
    =: equals sign; ==: double equals; ===: triple equals; !=: not equals; !==: not double equals;
    =>: fat arrow; ->: arrow; <-: left arrow; &&: double ampersand; ||: double pipe; &: ampersand;
    :=: colon equals; **: star star; //: slash slash; /: slash; --: minus minus; -: minus;
    ?: question mark; !: exclamation mark; ,: comma; :: colon; (: open parenthesis;
    ): close parenthesis; (): parentheses; []: square brackets; {}: braces; [: open bracket;
    ]: close bracket; {: open brace; }: close brace; <>: angle brackets; ": quotation mark;
    ': apostrophe; _: underscore; .: dot; ..: dot dot; >=: greater or equal; <=: less or equal;
    >>: greater greater; <<: less less; /*: slash star; */: star slash; <!--: comment
""") | {";": "semicolon", "`": "backtick", "```": "three backticks"}
"""Signs that are the whole of a piece of code: people then talk about the sign."""
_SIGN = re.compile(
    any_of(_OPERATORS)
    + r"|(?P<silent>[()\[\]{}\"'`“”‘’;?]|(?<!\d),|,(?!\d)|(?<!\d):|:(?!\d))"
    + r"|(?P<negated>(?<!\w)!(?=[\w(]))|(?P<silent_too>!)"
)
_TAG = re.compile(r"</?([A-Za-z][\w-]*)((?:\s[^<>/]*)?)/?>|(?<=\w)<([\w, ]+)>|<([\w./+-]+)>")
_DEPTH = 4
_ADDRESS = re.compile(
    r"\w+://\S+|[\w.+-]+(?:/[\w.@+-]+)+(?::\d+){0,2}|(?:[\w.-]+/)*\*\.\w+"
    r"|(?:~|\.{1,2})?/[\w.@+/-]+|[\w.+-]+@[\w-]+\.[\w.-]+|[\w.-]+:\d+|[A-Z]:\\\S+"
    r"|(?:Ctrl|Alt|Cmd|Shift)[+-]\S+|[A-Za-z]{1,2}(?:\+\+|#)|\d+(?:[.,:/%x-]\d+)*%?|--?[A-Za-z][\w-]*"
)
_URL = re.compile(r"(\b\w{1,16}://[^\s\"'`“”<>{}\[\],;]*[\w/])")
_CLASS = re.compile(r"\[[^\[\]\s]+-\w[^\[\]\s]*\]")
_FROM_TO = re.compile(r"([aA])-([zZfF])|(\d)-(\d)|(?<=\[)(\w)-(\w)(?=\])|(?<=\[\^)(\w)-(\w)(?=\])")
_FORMAT = re.compile(r"(?<!\w)%([-+#0]*)(\d*)(\.\d+)?(?:l{0,2}|z|h)([a-zA-Z])(?!\w)")
_FIELD = re.compile(r"\{(\w*):([^{}\s]*)\}")
_PRECISION = re.compile(r"\.(\d+)([a-z%]?)")
_ESCAPE = re.compile(
    r"\\(?:(x)([\da-fA-F]{2})|(u)([\da-fA-F]{4})|(0)(\d\d))(?:\[(\d+)((?:;\d+)*)m)?"
)
_OUTER_UNDERSCORES = re.compile(r"(?<!\w)_+(?=[^\W_])|(?<=[^\W_])_+(?!\w)")
_ANY = re.compile(r"\.(?=[*+?])")


def say_code(code: str) -> str:
    """Say code on one line in words."""
    if code.strip() in _ALONE:
        return _ALONE[code.strip()]
    return " ".join(" ".join(map(_token, _without_tags(code).split())).split())


def _without_tags(code: str) -> str:
    """Leave the words of tags and generic types, from the inside out."""
    for _ in range(_DEPTH):
        bare = _TAG.sub(r" \1\2\3\4 ", code)
        if bare == code:
            break
        code = bare
    return code


def _token(token: str) -> str:
    if token == "-":
        return "minus"
    if _ADDRESS.fullmatch(token):
        return token
    if "://" in token:
        return "".join(part if _URL.fullmatch(part) else _signs(part) for part in _URL.split(token))
    return _signs(token)


def _signs(token: str) -> str:
    if "[" in token:
        token = _CLASS.sub(_class, token)
    if "%" in token:
        token = _FORMAT.sub(_format, token)
    if "{" in token:
        token = _FIELD.sub(_field, token)
    if "\\" in token:
        token = _ESCAPE.sub(_escape, token)
    if "_" in token:
        token = _OUTER_UNDERSCORES.sub("", token)
    return _SIGN.sub(_sign, _ANY.sub(" dot ", token))


def _class(found: re.Match[str]) -> str:
    """Say the ranges of a character class: [a-z_] is "a to z underscore"."""
    return _FROM_TO.sub(r" \1\3\5\7 to \2\4\6\8 ", found[0]).replace("_", " underscore ")


def _format(found: re.Match[str]) -> str:
    flags, width, precision, kind = found.groups()
    said = [
        "percent",
        *("minus" for sign in flags if sign == "-"),
        spelled(flags.replace("-", "") + width),
        f"point {spelled(precision)}" if precision else "",
        kind,
    ]
    return f" {' '.join(said)} "


def _field(found: re.Match[str]) -> str:
    precision = _PRECISION.sub(lambda part: f" point {spelled(part[1])} {part[2]} ", found[2])
    return f" {found[1]} colon {precision} "


def _escape(found: re.Match[str]) -> str:
    kind = next(found[group] for group in (1, 3, 5) if found[group])
    code = next(found[group] for group in (2, 4, 6) if found[group])
    said = f" backslash {'zero' if kind == '0' else kind} {spelled(code)} "
    if found[7]:
        numbers = " ".join(map(spelled, f"{found[7]}{found[8]}".split(";")))
        said += f" bracket {numbers} m "
    return said


def _sign(found: re.Match[str]) -> str:
    if found["silent"] or found["silent_too"]:
        return " "
    return " not " if found["negated"] else f" {_OPERATORS[found[0]]} "


def _code_like(found: re.Match[str]) -> str:
    """Say a word of running text that is plainly code."""
    return f" {found[1]}{' '.join(_signs(found[2]).split())}{found[3]}"


_CODE_LIKE = (
    r"\^\[|[\])][+*?]|(?<!\w)\.\*|\\[dwsbnrtxu](?![a-z]{2})|\\0\d\d|\$\{|%[-+0]*\d*(?:\.\d+)?[a-zA-Z](?![\w%])"
    r"|\{\w*:[^{}\s]{1,12}\}|\?\."
)
_PUNCTUATION = "^[](){}\\$%.*+?|<>=!&#@~:;,/_\"'`“”‘’-"

HINT = (
    r"[\\\])^*${%?](?:(?<=\\)[dwsbnrtxu0]|(?<=[\])])[+*?]|(?<=\^)\[|(?<=\.\*)|(?<=\$)\{"
    r"|(?<=\{)\w*:|(?<=%)[-+.\da-zA-Z]|(?<=\?)\.(?=\w))"
)

RULES: Rules = (
    rule(
        rf"(?<!\S)([(“\"]*)((?=\S{{0,120}}(?:{_CODE_LIKE}))\S{{1,200}}?)((?:[.,;:!?)”\"]|$)*)(?!\S)",
        _code_like,
        "^\\%{[.*?",
        starts_at_words(rf"(?:{_CODE_LIKE})", _PUNCTUATION),
    ),
)
"""Code in running text that nobody marked as code."""
