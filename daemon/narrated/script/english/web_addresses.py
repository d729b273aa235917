"""Say URLs, host names and e-mail addresses, part by part."""

import re
from urllib.parse import unquote

from narrated.script.english.file_paths import AT_DOTTED, say_file_name
from narrated.script.english.rule_engine import Rules, any_of, rule

_MOST_OF_A_PATH = 40
_TOP_LEVELS = "com org net io dev edu gov de uk ai app info eu fr nl ch at ca us jp xyz blog wiki"


def _url(found: re.Match[str]) -> str:
    host = found["host"].removeprefix("www.").replace(".", " dot ")
    port = f" port {found['port']}" if found["port"] else ""
    return f"{host}{port}{_path(found['path'] or '')}{found['end'] or ''}"


def _path(path: str) -> str:
    parts = [unquote(part) for part in path.split("/") if part]
    if len("/".join(parts)) > _MOST_OF_A_PATH:
        return ""
    return "".join(f" slash {say_file_name(part)}" for part in parts)


def _mail(found: re.Match[str]) -> str:
    name = found[1].replace(".", " dot ").replace("_", " underscore ").replace("+", " plus ")
    return f"{name} at {found[2].replace('.', ' dot ')}"


_PATH = r"(?:/[^\s<>()\"“”?#]*[^\s<>()\"“”?#.,;:!'’]|/)?"

RULES: Rules = (
    rule(
        r"\b(?:https?|ftp)://(?:[\w.-]+@)?(?P<host>[^\s/?#:<>()\"'“”,;!]*[^\s/?#:<>()\"'“”.,;:!])"
        rf"(?::(?P<port>\d+))?(?P<path>{_PATH})"
        r"(?:[?#][^\s<>()\"“”]*?)?(?P<end>[.,;:!?]*)(?=[\s<>()\"”'’]|$)",
        _url,
        ":",
    ),
    rule(r"(?<![\w.+-])([\w.+-]{1,64})@([\w-]{1,63}(?:\.[\w-]{1,63})+)", _mail, "@"),
    rule(
        rf"(?<![\w@.-])(?P<host>(?:www\.)?(?:[^\W_](?:[\w-]{{0,61}}[^\W_])?\.){{1,4}}(?:{any_of(_TOP_LEVELS.split())}))"
        rf"(?::(?P<port>\d+))?(?P<path>{_PATH})(?:[?#][\w=&%+-]+)?(?P<end>)(?![\w@]|\.\w|\()",
        _url,
        ".",
        AT_DOTTED,
    ),
    rule(rf"\b(?P<host>localhost)(?::(?P<port>\d+))(?P<path>{_PATH})(?P<end>)", _url, ":"),
)
