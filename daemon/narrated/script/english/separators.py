"""Write numbers with the separators of other countries in the English way: 1,234,567.89."""

import re

from narrated.script.english.rule_engine import Rules, rule, word_before

_POINT = r"\."
_OCTETS = 4
_APOSTROPHE = "['’]"
_WESTERN = re.compile(r"\d{1,3}(?:,\d{3})+")
_INDIAN = re.compile(r"[1-9]\d?(?:,\d\d){1,3},\d{3}")
_MEASURED = re.compile(r"(?:\.\d+)?\s?(?:[€$£¥₹%°]|(?:km|m|cm|mm|kg|g|t|km²|m²|mi|ft|EUR|USD)\b)")


def _points(found: re.Match[str]) -> str:
    """Write 1.234.567 with commas, unless it is a version or the address of a machine."""
    groups = found[0].split(".")
    if len(groups) == _OCTETS and all(int(group) < 256 for group in groups):
        return found[0]
    name = word_before(found)
    is_version = name[:1].isupper() or name in ("version", "release", "v")
    return found[0] if is_version else found[0].replace(".", ",")


def _spaces(found: re.Match[str]) -> str:
    """Join 10 000 and 1 234 567; other numbers side by side, such as 10 200, stay apart."""
    first, *groups = found[0].split(" ")
    is_one = groups[-1] == "000" or (len(groups) > 1 and len(first) < 3)
    if not is_one and not _MEASURED.match(found.string, found.end()):
        return found[0]
    return ",".join((first, *groups))


def _groups_of_two(found: re.Match[str]) -> str:
    """Group 12,34,567 by threes, and part a list such as 8,16,32,128 by spaces."""
    if _WESTERN.fullmatch(found[0]):
        return found[0]
    parts = found[0].split(",")
    is_list = all(int(part).bit_count() == 1 or part.endswith("0") for part in parts)
    if is_list or not _INDIAN.fullmatch(found[0]):
        return ", ".join(parts)
    return f"{int(''.join(parts)):,}"


def _grouped(mark: str, count: str) -> str:
    """Give a pattern of a number whose thousands are parted by a mark."""
    return rf"[1-9]\d{{0,2}}(?:{mark}\d{{3}}){count}"


HINT = r"\d(?:[.'’ ]\d{3}(?!\d)|,(?:\d\d,\d|\d\d?(?!\d)))"

RULES: Rules = (
    rule(r"(?<=[€$£])(\d{1,3}),(\d\d)(?!\w|[.,]\d)", r"\1.\2", ","),
    rule(
        r"(?<![\w.,])(\d{1,3}),(\d\d?)(?=\s?(?:[€%]|(?:EUR|mm|cm|km|kg|GB|MB|GHz|kWh)\b))",
        r"\1.\2",
        ",",
    ),
    rule(
        rf"(?<![\w.,])({_grouped(_POINT, '+')}),(\d{{1,2}})(?!\w|[.,]\d)",
        lambda found: f"{found[1].replace('.', ',')}.{found[2]}",
        ",",
    ),
    rule(
        rf"(?<![\w.,-]){_grouped(_POINT, '{2,4}')}(?![\w-]|[.,]\d)",
        _points,
        ".",
    ),
    rule(
        rf"(?<![\w.,/:-])(?<!\d ){_grouped(' ', '{1,4}')}(?![\w-]| \d|[.,]\d{{3}})",
        _spaces,
        " ",
    ),
    rule(
        rf"(?<![\w.,]){_grouped(_APOSTROPHE, '{1,4}')}(?!\w)",
        lambda found: re.sub("['’]", ",", found[0]),
        "'’",
    ),
    rule(r"(?<![\w.,])\d{1,4}(?:,\d{1,4}){2,30}(?!\w|,\d)", _groups_of_two, ","),
)
"""Thousands by points, spaces, apostrophes, and in India's groups of two."""
