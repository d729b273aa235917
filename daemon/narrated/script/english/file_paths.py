"""Say file paths and file names, part by part."""

import re

from narrated.script.english.numbers import cardinal
from narrated.script.english.rule_engine import (
    Rules,
    any_of,
    rule,
    starts_at,
    starts_at_words,
    word_set,
)

_SPELLED = word_set("""
    md py js ts jsx tsx sh txt rs rb cpp hpp cc hs el cl clj cljs php xml svg png jpg bmp tiff tif
    pdf gz tgz xz bz2 yml cfg csv tsv sql exe dll deb rpm iso vtt npz pth html htm css scss c h m
    r kt pl ps db so mp3 mp4 m4a mkv avi ogv srt asm jar cs fs vb ipynb npy pt
""")
_SAID = word_set("""
    yaml json toml ini conf log zip tar bin dat lock service lisp org tex bib go java lua vim wav
    flac ogg opus gif jpeg webp onnx safetensors bak tmp markdown diff patch swift scala doc docx
    env rar wasm el proto rst timer socket nix swp part orig example sample local git io
""")
_BEGINNINGS = {"~": "home", ".": "dot", "..": "dot dot", None: ""}
_BACKSLASH = "\\"
AT_DOTTED = starts_at_words(r"\.(?=\w)", "_.-")
"""Names with a dot inside."""


def say_file_name(name: str) -> str:
    """Say a file's name with its suffixes: `a.tar.gz` is "a dot tar dot G Z"."""
    first, *rest = name.split(".")
    return " dot ".join([first, *(_suffix(one) for one in rest if one)]).strip()


def _say_path(path: str, separator: str = "/", said: str = "slash") -> str:
    """Say the parts of a path, each after its separator."""
    return "".join(f" {said} {say_file_name(part)}" for part in path.split(separator) if part)


def _place(found: re.Match[str]) -> str:
    """Say the line after a file's name, and the column: `main.rs:42:7`."""
    line = f" line {cardinal(found['line'])}" if found["line"] else ""
    return f"{line} column {cardinal(found['column'])}" if found["column"] else line


def _suffix(suffix: str) -> str:
    return " ".join(suffix.upper()) if suffix.lower() in _SPELLED else suffix


_SUFFIX = any_of(_SPELLED | _SAID)
_PLACE = r"(?::(?P<line>\d{1,6})(?::(?P<column>\d{1,4}))?)?"

RULES: Rules = (
    rule(
        r"(?<![\w.-])([\w+-]+)\.so((?:\.\d+){1,4})(?![\w-]|\.\w)",
        lambda found: f"{found[1].replace('+', ' plus')} dot S O{found[2].replace('.', ' dot ')}",
        ".",
        starts_at_words(r"\.so\.(?=\d)", "_-+."),
    ),
    rule(
        r"\b([A-Z]):\\([\w.\\-]*\w)?\\?",
        lambda found: f"{found[1]} colon{_say_path(found[2] or '', _BACKSLASH, 'backslash')}",
        _BACKSLASH,
    ),
    rule(
        r"(?<![\w:/.)~<$€£¥%°+#-])(?P<first>~|\.{1,2})?(?P<rest>(?:/[\w.@+-]*[\w@+-])+)/?(?![\w>])",
        lambda found: f"{_BEGINNINGS[found['first']]}{_say_path(found['rest'])}".lstrip(),
        "/",
        starts_at(r"[/~.](?<![\w:/)]\.)"),
    ),
    rule(
        r"(?<!\w)\\\\(\w[\w.\\$-]*\w)",
        lambda found: f"backslash{_say_path(_BACKSLASH + found[1], _BACKSLASH, 'backslash')}",
        _BACKSLASH,
    ),
    rule(
        rf"(?<![\w./:@-])((?:[\w@+-][\w.@+-]*/)+[\w.@+-]+\.(?:{_SUFFIX}))\b{_PLACE}(?!\.\w|\(|-\w)",
        lambda found: _say_path(found[1]).removeprefix(" slash ") + _place(found),
        "/",
        starts_at_words(r"\.(?=\w)", "_.-/@+"),
    ),
    rule(
        r"(?<![\w./-])[\w-]+(?:\.[\w-]+)*(?<![./-]\w)(?<!\A\w)(?<!\s\w)"
        rf"\.(?:{_SUFFIX})\b{_PLACE}(?!\.\w|\(|-\w)",
        lambda found: say_file_name(found[0].partition(":")[0]) + _place(found),
        ".",
        AT_DOTTED,
    ),
    rule(
        r"(?<![\w*])\*\.([A-Za-z]\w{0,7})\b",
        lambda found: f"star dot {_suffix(found[1])}",
        "*",
    ),
    rule(r"(?<![\w./])\.(?=[a-z][\w-]+)", "dot ", "."),
)
