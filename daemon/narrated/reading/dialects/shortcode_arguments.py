"""Arguments of template tags: `src="cat.jpg" alt='A cat' "one" two`, `id="x", width=3`."""

import re
from dataclasses import dataclass, field

_ARGUMENT = re.compile(
    r"""(?:(?P<name>[\w:-]+)\s*[=:]\s*)?(?:"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>[^']*)'"""
    r"""|`(?P<tick>[^`]*)`|“(?P<curly>[^”]*)”|(?P<bare>[^\s"'`,=]+))""",
    re.S,
)
_ESCAPED = re.compile(r"\\(.)", re.S)


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of a tag."""

    places: tuple[str, ...] = ()
    names: dict[str, str] = field(default_factory=dict)

    def get(self, *names: str, place: int = -1) -> str:
        """Return the first argument with one of these names, else that of a place, else ""."""
        given = next((self.names[name] for name in names if self.names.get(name)), "")
        return given or (self.places[place] if 0 <= place < len(self.places) else "")


def parse_arguments(text: str) -> Arguments:
    """Parse the arguments of a tag; names are in lower case."""
    places, names = [], {}
    for found in _ARGUMENT.finditer(text):
        kind = found.lastgroup or ""
        value = found[kind] or ""
        if kind == "double":
            value = _ESCAPED.sub(r"\1", value)
        if found["name"]:
            names[found["name"].lower()] = value
        else:
            places.append(value)
    return Arguments(tuple(places), names)
