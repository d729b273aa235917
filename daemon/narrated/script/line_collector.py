"""The lines of a script as they are written: their ids, pauses, speakers, and what is left out."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from narrated.script.lexicon import Lexicon
from narrated.script.normalisation import normalise
from narrated.script.script import Line, ReadingSettings, Role, Script, Skip

PAUSES_S = {Role.TITLE: 1.0, Role.BYLINE: 1.0, Role.HEADING: 1.0}
"""Silence after a line, by role; half a second after all others."""
_PAUSE_S = 0.5
_BREAK_S = 1.0
_SHORT_CHARACTERS = 80


@dataclass(slots=True)
class LineCollector:
    """Collects what is said and what is not."""

    lexicon: Lexicon
    settings: ReadingSettings
    block: int = -1
    """The number of the block that is being written."""
    quoting: bool = False
    _said: list[Line] = field(default_factory=list)
    _skipped: list[Skip] = field(default_factory=list)
    _covered: set[int] = field(default_factory=set)
    _seen: Counter[tuple[Role, str]] = field(default_factory=Counter)

    def say(self, role: Role, text: str) -> None:
        """Add a line, in spoken words; what holds no word at all is skipped."""
        said = normalise(self.lexicon.apply(text), self.settings.language)
        if not any(sign.isalnum() for sign in said):
            self.skip(role.value, "holds no words", text)
            return
        line = Line(
            id=self._id(role, said),
            block=self.block,
            role=role,
            text=said,
            pause_s=self.settings.pauses.get(role.value, PAUSES_S.get(role, _PAUSE_S)),
            speaker=self._speaker(),
            language=self.settings.language,
        )
        self._said.append(line)

    def skip(self, kind: str, reason: str, text: str = "") -> None:
        """Note what is not said, and why."""
        short = " ".join(text.split())
        if len(short) > _SHORT_CHARACTERS:
            short = f"{short[:_SHORT_CHARACTERS]}…"
        self._skipped.append(Skip(self.block, kind, reason, short))

    def breathe(self) -> None:
        """Lengthen the pause after what was said last, for a break in the text."""
        if self._said:
            last = self._said[-1]
            pause_s = max(last.pause_s, _BREAK_S)
            self._said[-1] = msgspec.structs.replace(last, pause_s=pause_s)

    def cover(self, blocks: Iterable[int]) -> None:
        """Note blocks whose words are said, or skipped, together with another's."""
        self._covered.update(blocks)

    def accounted(self) -> set[int]:
        """Give the blocks of which something is said or skipped."""
        said = {line.block for line in self._said}
        return said | {skip.block for skip in self._skipped} | self._covered

    def script(self) -> Script:
        """Give all that was collected."""
        return Script(tuple(self._said), tuple(self._skipped))

    def _speaker(self) -> str:
        return "quote" if self.quoting and "quote" in self.settings.speakers else "narrator"

    def _id(self, role: Role, text: str) -> str:
        self._seen[role, text] += 1
        key = f"{role.value}\0{text}\0{self._seen[role, text]}"
        return hashlib.sha256(key.encode()).hexdigest()[:16]
