"""A text as a front writes it, and the place in the first text of each of its parts."""

from bisect import bisect_right
from dataclasses import dataclass, field


@dataclass(slots=True)
class Respelling:
    """Collects the parts of a text: those that stay, and those that are written otherwise."""

    _parts: list[str] = field(default_factory=list)
    _starts: list[int] = field(default_factory=list)
    _sources: list[tuple[int, bool]] = field(default_factory=list)
    _length: int = 0

    def keep(self, part: str, source: int) -> None:
        """Add a part that stays as it is, from this character of the first text."""
        self._add(part, source, stays=True)

    def replace(self, part: str, source: int) -> None:
        """Add what stands for a part that begins at this character of the first text."""
        self._add(part, source, stays=False)

    @property
    def text(self) -> str:
        """The text as it is written now."""
        return "".join(self._parts)

    def source(self, at: int) -> int:
        """The character of the first text that one of this text stands for."""
        number = max(bisect_right(self._starts, at) - 1, 0)
        if not self._starts:
            return at
        source, stays = self._sources[number]
        return source + (at - self._starts[number] if stays else 0)

    def _add(self, part: str, source: int, *, stays: bool) -> None:
        if part:
            self._parts.append(part)
            self._starts.append(self._length)
            self._sources.append((source, stays))
            self._length += len(part)


def unchanged(text: str) -> Respelling:
    """A text of which every part stays."""
    respelling = Respelling()
    respelling.keep(text, 0)
    return respelling
