"""Say versions, telephone numbers, network addresses, hexadecimals and names with digits."""

import re

from narrated.script.english.acronyms import acronym
from narrated.script.english.identifiers import LONG_CODE, LONGEST, inner_number, say_alphanumeric
from narrated.script.english.numbers import (
    cardinal,
    figure,
    hundreds,
    pairs,
    plural,
    power,
    spelled,
)
from narrated.script.english.rule_engine import (
    NUMBER,
    Rules,
    any_of,
    begins_sentence,
    number_rule,
    rule,
    starts_at,
    starts_at_words,
    word_before,
    word_set,
)
from narrated.script.spoken_numbers import say_number

_PROGRAMS = word_set("""
    Python Java JavaScript Node PHP Perl Ruby Rust Go Scala Kotlin Swift Elixir Erlang Haskell GHC
    GCC Clang LLVM Lua Julia R SBCL Clojure OCaml Ubuntu Debian Fedora Alpine CentOS FreeBSD
    OpenBSD Linux kernel Windows macOS iOS Android Chrome Firefox Safari Emacs Vim Git PostgreSQL
    Postgres MySQL SQLite Redis nginx Nginx Apache Docker Kubernetes systemd rsync Syncthing
    PyTorch torch TensorFlow CUDA cuDNN transformers Transformers NumPy numpy pydantic Django
    Flask Rails React Vue Angular TypeScript Bash bash zsh OpenSSL OpenSSH glibc ffmpeg FFmpeg
    HTTP TLS SSL USB Bluetooth CMake pip version Version versions release Release releases python
    node
""")
_WORDS_BEFORE_PAIRS = ("RFC", "ISO", "IEEE", "BCP", "PEP")
_RELEASES = {"rc": "R C", "a": "alpha", "b": "beta"}


def _version(found: re.Match[str]) -> str:
    stage, count = found["stage"], found["count"]
    release = f" {_RELEASES.get(stage, stage)}" if stage else ""
    return _points(found["number"]) + release + (f" {cardinal(count)}" if release and count else "")


def _version_of_a_name(found: re.Match[str]) -> str:
    """Say a version after a name: a word with a capital that does not begin its sentence."""
    name = word_before(found)
    is_name = name[:1].isupper() and not begins_sentence(
        found.string, found.start() - len(name) - 1
    )
    return _version(found) if is_name else found[0]


def _points(written: str) -> str:
    parts = written.split(".")
    return " point ".join(cardinal(part) if part.isdigit() else "x" for part in parts)


def _ip(found: re.Match[str]) -> str:
    octets = found["host"].split(".")
    if any(int(octet) > 255 for octet in octets):
        return _points(found["host"]) + found[0][len(found["host"]) :]
    said = " dot ".join(hundreds(octet) for octet in octets)
    if found["port"]:
        said += f" port {cardinal(found['port'])}"
    return f"{said} slash {say_number(found['mask'])}" if found["mask"] else said


def _ip6(found: re.Match[str]) -> str:
    said = " colon ".join(map(spelled, found["host"].split(":")))
    mask = f" slash {say_number(found['mask'])}" if found["mask"] else ""
    return " ".join(said.split()) + mask


def _scientific(found: re.Match[str]) -> str:
    minus = "minus " if found["minus"] else ""
    return f"{minus}{figure(found['base'])} times ten {_to_the_power(found['power'])}"


def _to_the_power(exponent: str) -> str:
    return f"to the power of {figure(exponent.lstrip('+'))}"


def _raised(found: re.Match[str]) -> str:
    if found[1].isdigit():
        return f"{found[1]} {_to_the_power(found[2])}"
    return f"{found[1]} {power(found[2])}"


def _standard(found: re.Match[str]) -> str:
    name = " ".join(map(acronym, found[1].split("/")))
    return f"{name} {pairs(found[2]) if len(found[2]) == 4 else cardinal(found[2])}"


def _standard_of_networks(found: re.Match[str]) -> str:
    """Say 802.11ac: eight oh two point eleven A C."""
    revisions = found[0].removeprefix(f"802.{found[1]}").split("/")
    said = " slash ".join(filter(None, map(spelled, revisions)))
    return f"eight oh two point {cardinal(found[1])} {said}".rstrip()


def _spelled_or_long(code: str) -> str:
    return spelled(code) if len(code) <= LONGEST else LONG_CODE


def _in_base(base: str, found: re.Match[str]) -> str:
    """Say the digits of a number after its base, which the text may have named."""
    said = _spelled_or_long(found[1].replace("_", ""))
    return said if word_before(found).lower() == base else f"{base} {said}"


def _by_hyphen(found: re.Match[str]) -> str:
    said = inner_number(found[2])
    return f"{acronym(found[1])} {plural(said) if found[3] else said}"


# Looking back from the number is cheaper than a search for a hundred names.
_AFTER_A_PROGRAM = "|".join(
    rf"(?<=\b{re.escape(name)}{gap})" for name in _PROGRAMS for gap in (" ", "")
)
_STAGE = r"(?:-?(?P<stage>rc|alpha|beta|a|b|dev|post|pre)(?:[.-]?(?P<count>\d+))?)?"
_END = r"(?!\w|\.\d)"

BEFORE: Rules = (
    rule(
        r"(?<![\w&])#([\da-fA-F]{6}|(?=[a-fA-F]*\d)[\da-fA-F]{3}(?<=[a-fA-F\d]))\b(?<!#\d\d\d)",
        lambda found: f"hash {spelled(found[1])}",
        "#",
    ),
    rule(
        r"(?<![\w:.])(?=[\da-fA-F:]*\d|::)(?P<host>(?:[\da-fA-F]{1,4}:){7}[\da-fA-F]{1,4}"
        r"|(?:[\da-fA-F]{1,4}:){0,6}(?:[\da-fA-F]{1,4})?::(?:[\da-fA-F]{1,4}:){0,6}[\da-fA-F]{0,4})"
        r"(?:/(?P<mask>\d{1,3}))?(?![\w:])",
        _ip6,
        ":",
        starts_at(r"[\da-fA-F:](?<![\w:].)(?=[\da-fA-F]*:)"),
    ),
    rule(r"(?<![\w+])\+(?=\d|[$€£]\d)", "plus ", "+"),
    rule(
        r"\b[\da-fA-F]{8}-[\da-fA-F]{4}-[\da-fA-F]{4}-[\da-fA-F]{4}-[\da-fA-F]{12}\b",
        LONG_CODE,
        "-",
        starts_at_words(r"-(?<=\b[\da-fA-F]{8}-)(?=[\da-fA-F]{4}-)"),
    ),
    rule(
        r"\b(v\d+(?:\.\d+){0,3})\s?[-–]\s?(?=v\d)",
        r"\1 to ",
        "-–",
        starts_at(r"v(?=\d)"),
    ),
    rule(r"(?<=\.x)\s?[-–]\s?(?=\d+(?:\.\d+)?\.x\b)", " to ", "-–"),
    rule(
        rf"(?P<gap>(?<=[^\W_])-|(?<=[A-Z][A-Z])|(?<![\w.-]))v(?P<number>\d+(?:\.(?:\d+|x))*){_STAGE}{_END}",
        lambda found: f" version {_version(found)}",
        "v",
        starts_at(r"v(?=\d)|-(?=v\d)"),
    ),
    rule(
        r"\bISO[- ]8859-(\d\d?)(?![\w-])",
        lambda found: f"{acronym('ISO')} eighty-eight fifty-nine {cardinal(found[1])}",
        "-",
        starts_at(r"ISO[- ](?=8859)"),
    ),
    rule(
        r"\b(ISO(?:/IEC)?|IEC) (\d{4,5}):((?:19|20)\d\d)\b",
        lambda found: f"{_standard(found)}, {pairs(found[3])}",
        ":",
        starts_at("ISO|IEC"),
    ),
    rule(
        rf"\b({any_of(_WORDS_BEFORE_PAIRS)})[ -]?(\d{{4}})\b(?!-\d)",
        lambda found: f"{acronym(found[1])} {pairs(found[2])}",
        starts=starts_at(any_of(_WORDS_BEFORE_PAIRS)),
    ),
    rule(
        r"\b(?<![-–])([A-Z][A-Za-z]*)-(\d+)(s?)\b(?![-–.]?\d|[%°])",
        _by_hyphen,
        "-",
        starts_at_words(r"-(?=\d)"),
    ),
    rule(
        r"\bWW([123])\b",
        lambda found: f"World War {('One', 'Two', 'Three')[int(found[1]) - 1]}",
        starts=starts_at(r"WW(?=\d)"),
    ),
    rule(
        r"\b([A-Z])\.(\d{2,})\b",
        lambda found: f"{found[1]} {spelled(found[2])}",
        ".",
        starts_at(r"[A-Z](?=\.\d\d)"),
    ),
    rule(
        r"\b(?:[\dA-Fa-f]{2}:){5}[\dA-Fa-f]{2}\b",
        lambda found: ", ".join(map(spelled, found[0].split(":"))),
        ":",
        starts_at_words(r":(?<=\b[\dA-Fa-f]{2}:)(?=(?:[\dA-Fa-f]{2}:){4})"),
    ),
    rule(
        r"\b(?:[\dA-Fa-f]{2}-){5}[\dA-Fa-f]{2}\b",
        lambda found: ", ".join(map(spelled, found[0].split("-"))),
        "-",
        starts_at_words(r"-(?<=\b[\dA-Fa-f]{2}-)(?=(?:[\dA-Fa-f]{2}-){4})"),
    ),
    rule(r"([\w)\]])\^([-−]?\d+)", _raised, "^"),
    rule(r"(?<=[\w)\]])\^([a-z])\b", r" to the power of \1", "^"),
    rule(r"(?<=[\d)\]])(⁻?[⁰¹²³⁴-⁹]+)", lambda found: f" {power(found[1])}", "⁰¹²³⁴⁵⁶⁷⁸⁹"),
)
"""Codes with a number inside."""

ADDRESSES: Rules = (
    number_rule(
        r"(?<![\w.,])802\.(\d{1,2})([a-zX]{0,2})(?:/[a-z]{1,2})*\b(?!\.\d)",
        _standard_of_networks,
        ".",
    ),
    number_rule(r"(?<![\w#])0[bB]([01_]+)\b", lambda found: _in_base("binary", found), "bB"),
    number_rule(r"(?<![\w#])0[oO]([0-7]+)\b", lambda found: _in_base("octal", found), "oO"),
    number_rule(r"(?<![\w#])0[xX]([\da-fA-F]+)\b", lambda found: _in_base("hex", found), "xX"),
    number_rule(
        r"(?<![\w.])(?P<host>\d{1,3}(?:\.\d{1,3}){3})(?::(?P<port>\d{1,5}))?(?:/(?P<mask>\d\d?))?"
        r"(?!\w|\.\d)",
        _ip,
        ".",
    ),
)

VERSIONS: Rules = (
    number_rule(
        rf"(?<![\w.])(?P<minus>(?<![\w)])[-−])?(?P<base>{NUMBER})[eE](?P<power>[+-]?\d+)\b",
        _scientific,
        "eE",
    ),
    number_rule(rf"(?<![\w.,])(?P<number>\d+(?:\.\d+){{2,}}(?:\.x)?){_STAGE}{_END}", _version, "."),
    number_rule(r"(?<![\w.,])(?P<number>\d+(?:\.\d+)*\.x)(?P<stage>)(?P<count>)\b", _version, "x"),
    number_rule(
        rf"(?=\d+\.\d)(?:{_AFTER_A_PROGRAM})(?P<number>\d+\.\d+){_STAGE}{_END}",
        lambda found: f" {_version(found)}",
        ".",
    ),
    number_rule(r"(?<=[a-z]:)(?P<number>\d+(?:\.\d+)+)" + _STAGE + _END, _version, "."),
    number_rule(
        # Any other name inside a sentence, unless a unit may follow.
        rf"(?<=[A-Za-z] )(?P<number>\d+\.\d+){_STAGE}(?![\w%°]|\.\d| ?[a-zµ]{{1,3}}\b)",
        _version_of_a_name,
        ".",
    ),
    number_rule(
        r"(?<![\w.,])(?P<number>\d+\.\d+)-?(?P<stage>rc|alpha|beta|a|b|dev)(?:[.-]?(?P<count>\d+))?\b",
        _version,
        ".",
    ),
)

_AT_MIXED = starts_at_words(r"\d(?:(?=[A-Za-z])|(?<=[A-Za-z]\d))", "_")

AFTER: Rules = (
    rule(r"(?<=[\w)\]])(⁻?[⁰¹²³⁴-⁹]+)", lambda found: f" {power(found[1])}", "⁰¹²³⁴⁵⁶⁷⁸⁹"),
    rule(
        r"\b(?=[\da-f]*\d)(?=\d*[a-f])(?=\w*[a-f]\d|\w*\d[a-f])[\da-f]{7,}\b",
        lambda found: _spelled_or_long(found[0]),
        starts=_AT_MIXED,
    ),
    rule(
        r"(?<!\w)([A-Za-z]+)(?P<number>\d+(?:\.\d+)+)(?![\w]|\.\d)",
        lambda found: f"{acronym(found[1])} {_points(found['number'])}",
        ".",
        _AT_MIXED,
    ),
    rule(
        r"(?<!\w)(?=[A-Za-z_]*\d)(?!\d+(?:st|nd|rd|th)\b)(?=\w*[A-Za-z])[A-Za-z\d]+(?:_\d+)*\b(?!_)",
        lambda found: say_alphanumeric(found[0]),
        starts=_AT_MIXED,
    ),
)
"""Names: letters and digits still joined after the quantities became words."""
