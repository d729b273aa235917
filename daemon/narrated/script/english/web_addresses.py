"""Say URLs, e-mail addresses, paths and file names, part by part."""

import re
from urllib.parse import unquote

from narrated.script.english.rule_engine import (
    NormalisationRule,
    any_of,
    rule,
    starts_at,
    starts_at_words,
    word_set,
)

_MOST_OF_A_PATH = 40
_SPELLED = word_set("""
    md py js ts jsx tsx sh txt rs rb cpp hpp cc hs el cl clj cljs php xml svg png jpg bmp tiff tif
    pdf gz tgz xz bz2 yml cfg csv tsv sql exe dll deb rpm iso vtt npz pth html htm css scss c h m
    r kt pl ps db so log4j tex mp3 mp4 m4a mkv avi ogv srt asm jar cs fs vb ipynb npy pt
""") - {"log4j", "log", "tex"}
_SAID = word_set("""
    yaml json toml ini conf log zip tar bin dat lock service lisp org tex bib go java lua vim wav
    flac ogg opus gif jpeg webp onnx safetensors bak tmp markdown diff patch swift scala doc docx
    env rar wasm el proto rst timer socket nix swp part orig example sample local git io
""")
_TOP_LEVELS = "com org net io dev edu gov de uk ai app info eu fr nl ch at ca us jp xyz blog wiki"


def _url(found: re.Match[str]) -> str:
    path = found["path"] or ""
    port = f" port {found['port']}" if found["port"] else ""
    return f"{_host(found['host'])}{port}{_path_of_url(path)}{found['end'] or ''}"


def _host(host: str) -> str:
    return host.removeprefix("www.").replace(".", " dot ")


def _path_of_url(path: str) -> str:
    parts = [unquote(part) for part in path.split("/") if part]
    if len("/".join(parts)) > _MOST_OF_A_PATH:
        return ""
    return "".join(f" slash {_file(part)}" for part in parts)


def _mail(found: re.Match[str]) -> str:
    name = found[1].replace(".", " dot ").replace("_", " underscore ").replace("+", " plus ")
    return f"{name} at {found[2].replace('.', ' dot ')}"


def _path(found: re.Match[str]) -> str:
    first, rest = found["first"] or "", found["rest"]
    begins = {"~": "home", ".": "dot", "..": "dot dot"}.get(first, first)
    parts = "".join(f" slash {_file(part)}" for part in rest.split("/") if part)
    return f"{begins}{parts}".lstrip()


def _windows(found: re.Match[str]) -> str:
    parts = "".join(f" backslash {_file(part)}" for part in (found[2] or "").split("\\") if part)
    return f"{found[1]} colon{parts}"


def _file(name: str) -> str:
    """Say a file's name with its suffixes: `a.tar.gz` is "a dot tar dot G Z"."""
    first, *rest = name.split(".")
    said = (_suffix(one) for one in rest if one)
    return " dot ".join([first, *said] if first else ["", *said]).strip()


def _suffix(suffix: str) -> str:
    return " ".join(suffix.upper()) if suffix.lower() in _SPELLED else suffix


def _named_file(found: re.Match[str]) -> str:
    return _file(found[0])


_AT_DOTTED = starts_at_words(r"\.(?=\w)", "_.-")
_PATH = r"(?:/[^\s<>()\"“”?#]*[^\s<>()\"“”?#.,;:!'’]|/)?"

RULES: tuple[NormalisationRule, ...] = (
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
        _AT_DOTTED,
    ),
    rule(rf"\b(?P<host>localhost)(?::(?P<port>\d+))(?P<path>{_PATH})(?P<end>)", _url, ":"),
    rule(r"\b([A-Z]):\\([\w.\\-]*\w)?\\?", _windows, "\\"),
    rule(
        r"(?<![\w:/.)~<-])(?P<first>~|\.{1,2})?(?P<rest>(?:/[\w.@+-]*[\w@+-])+)/?(?![\w>])",
        _path,
        "/",
        starts_at(r"[/~.](?<![\w:/)]\.)"),
    ),
    rule(
        r"(?<![\w./-])[\w-]+(?:\.[\w-]+)*(?<![./-]\w)(?<!\A\w)(?<!\s\w)"
        rf"\.(?:{any_of(_SPELLED | _SAID)})\b(?!\.\w|\(|-\w)",
        _named_file,
        ".",
        _AT_DOTTED,
    ),
    rule(r"(?<![\w./])\.(?=[a-z][\w-]+)", "dot ", "."),
)
