"""A text file that grows in large parts: a short one is opened once, a long one takes no memory."""

from pathlib import Path

_PART_CHARACTERS = 1 << 16


class GrowingText:
    """Collects text, and appends it to a file whenever there is much of it; it keeps none open.

    The first part replaces a file that is there. Errors: OSError.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._parts: list[str] = []
        self._characters = 0
        self._is_made = False

    def write(self, text: str) -> None:
        """Add text."""
        self._parts.append(text)
        self._characters += len(text)
        if self._characters > _PART_CHARACTERS:
            self.flush()

    def flush(self) -> None:
        """Write what was added since the last time."""
        with self._path.open("ab" if self._is_made else "wb") as file:
            self._is_made = True
            file.write("".join(self._parts).encode())
        self._parts.clear()
        self._characters = 0
