"""Say names of types and their parts outside code: `Foo::bar`, `Vec<T>`, `std::vector<int>`."""

import re

from narrated.script.english.rule_engine import Rules, rule, starts_at_words, word_set

_PRIMITIVES = word_set("""
    int char bool float double void string number str object byte long short any unknown never auto
    null undefined u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64 dynamic
""")
_HOLDERS = word_set("""
    vector map set list array deque queue stack pair tuple dict optional span variant function
    unique_ptr shared_ptr weak_ptr static_cast dynamic_cast const_cast reinterpret_cast make_unique
    make_shared unordered_map unordered_set multimap atomic future promise expected
""")
"""Types in small letters that hold others."""
_ITEM = re.compile(
    r"(?:(?:dyn|impl|const|mut|unsigned|signed|static|keyof|typeof|in|out|class|typename) ){0,3}"
    r"[\w.:'\[\]()?*#]*(?: const)?"
)
_PARTING = re.compile(r"[<>,|&]+|\.\.\.")
_LIFETIME = re.compile(r"&?'[a-z_]\w*,?\s?|[&*?]")
_UNIT = re.compile(r"\(\)")
_HOLE = re.compile(r"(?<!\w)_(?!\w)")
_BRACKETS = re.compile(r"\s?[<>]+")
_SPACE_BEFORE = re.compile(r"\s+(?=,)|,\s*\Z")


def _generic(found: re.Match[str]) -> str:
    """Say a type with the types it holds, without brackets: Option<Vec<u8>>."""
    if not _is_type(found["name"], found["held"]):
        return found[0]
    held = _UNIT.sub("unit", _LIFETIME.sub("", found["held"]))
    said = _BRACKETS.sub(" ", _HOLE.sub("", held))
    parts = f"{found['path']}{found['name']} {' '.join(said.split())}".strip()
    is_glued = found.string[found.end() : found.end() + 1].isalnum()
    end = " colon colon " if found["more"] else " " if is_glued else ""
    return _SPACE_BEFORE.sub("", parts) + end


def _is_type(name: str, held: str) -> bool:
    """True unless the brackets compare something: a<b and c>d."""
    items = [item.strip() for item in _PARTING.split(held)]
    if not all(_ITEM.fullmatch(item) for item in items):
        return False
    named = [item.split()[-1] for item in items if item]
    is_held = any(item[:1].isupper() or item in _PRIMITIVES for item in named)
    return (name[:1].isupper() and len(name) > 1) or name in _HOLDERS or is_held


_HELD = r"<(?:[^<>\n]|<(?:[^<>\n]|<[^<>\n]{0,60}>){1,80}>){1,120}>"

HINT = r":(?<=\w:):(?=[A-Za-z_<])|<(?<=\w<)[\w&(\[*'?]"

RULES: Rules = (
    rule(
        rf"\b(?P<path>(?:[A-Za-z_]\w*::){{0,20}})(?P<name>[A-Za-z_]\w*)(?:::)?(?P<held>{_HELD})(?P<more>::(?=[A-Za-z_]))?",
        _generic,
        starts=starts_at_words(r"<(?:(?<=\w<)|(?<=\w::<))(?=[\w&(\[*'?])", "_:"),
    ),
    rule(
        # A name of hexadecimal digits alone is an address of a network.
        r"(?<!\w)(?<!::)(?![\da-fA-F:]+(?!\w))[A-Za-z_]\w*(?:::[A-Za-z_]\w*){1,20}",
        lambda found: found[0].replace("::", " colon colon "),
        starts=starts_at_words(r"(?<=\w)::(?=[A-Za-z_])", "_:"),
    ),
)
