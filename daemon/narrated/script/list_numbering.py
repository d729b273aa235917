"""The numbers of list items, as they are said: "Two point one."."""

from dataclasses import dataclass

from narrated.script.language_codes import is_english
from narrated.script.number_words import number


@dataclass(frozen=True, slots=True)
class ListNumbering:
    """Where in numbered lists an item stands; `outer` is the item that its list is in."""

    language: str
    outer: "ListNumbering | None" = None
    count: int = 0

    def at(self, count: int) -> "ListNumbering":
        """Give the numbering of an item of this list."""
        return ListNumbering(self.language, self.outer, count)

    def __str__(self) -> str:
        joint = " point " if is_english(self.language) else " "
        said = joint.join(number(str(each), self.language) for each in self._counts())
        return f"{said[:1].upper()}{said[1:]}."

    def _counts(self) -> list[int]:
        return [*(self.outer._counts() if self.outer else []), self.count]
