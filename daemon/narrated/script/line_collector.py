"""Collect the lines of a script, with ids, pauses and speakers, and its skips."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from narrated.engines.interface import Mark
from narrated.script.lexicon import Lexicon
from narrated.script.passages import Passage, beside, has_words
from narrated.script.script import Line, ReadingSettings, Role, Script, Skip
from narrated.script.sentence_alignment import aligned_sentences
from narrated.script.text_normalisation import normalise_and_mark

PAUSES_S = {Role.TITLE: 1.0, Role.BYLINE: 1.0, Role.HEADING: 1.0}
"""Silence after a line, by role; half a second for all other roles."""
_PAUSE_S = 0.5
_BREAK_S = 1.0
_SHORT_CHARACTERS = 80
_JOINT_S = 0.1
"""Silence at a change of language after a sign; inside a clause there is none."""


class _Part(NamedTuple):
    """A part of a line in one language: its spoken words with their marks, and its written ones."""

    language: str
    text: str
    marks: tuple[Mark, ...]
    written: str


@dataclass(slots=True)
class LineCollector:
    """Collects lines and skips."""

    lexicon: Lexicon
    settings: ReadingSettings
    is_of_picture: bool = False
    """True for a picture of its own: the narrator describes it."""
    block: int = -1
    """Number of the current block."""
    quoting: bool = False
    _said: list[Line] = field(default_factory=list)
    _skipped: list[Skip] = field(default_factory=list)
    _covered: set[int] = field(default_factory=set)
    _seen: Counter[tuple[Role, str]] = field(default_factory=Counter)

    def say(self, role: Role, text: str, written: str = "") -> None:
        """Normalise a text and add it as a line; skip a text without words.

        `written` are its words for the eye; empty if they are the text.
        """
        self.say_passages(role, [Passage("", text)], [Passage("", written)] if written else [])

    def say_passages(
        self, role: Role, passages: Sequence[Passage], written: Sequence[Passage] = ()
    ) -> None:
        """Normalise the passages of a line and add each as a part of it; skip those without words.

        All parts have one id. Between them is no more than a breath, so that they stay a sentence.
        `written` are the passages for the eye; none if they are the same.
        """
        pairs = beside(passages, written)
        parts = [part for one, eye in pairs if (part := self._normalised(role, one, eye))]
        id = self._id(role, " ".join(part.text for part in parts)) if parts else ""
        for number, (language, text, marks, read) in enumerate(parts, start=1):
            own_language = language or self.settings.language
            line = Line(
                id=id,
                block=self.block,
                role=role,
                text=text,
                pause_s=pause_after(role, self.settings) if number == len(parts) else joint_s(text),
                speaker=language or self._speaker(role),
                language=own_language,
                marks=marks,
                sentences=aligned_sentences(text, read, own_language),
            )
            self._said.append(line)

    def _normalised(self, role: Role, passage: Passage, written: str) -> _Part | None:
        """Normalise a passage in its own language; None, and a skip, if it has no words then."""
        language, text = passage
        said, marks = normalise_and_mark(
            self.lexicon.apply(text), language or self.settings.language
        )
        if has_words(said):
            return _Part(language, said, marks, written or text)
        self.skip(role.value, "holds no words", text)
        return None

    def skip(self, kind: str, reason: str, text: str = "") -> None:
        """Add a skip with its reason."""
        short = " ".join(text.split())
        if len(short) > _SHORT_CHARACTERS:
            short = f"{short[:_SHORT_CHARACTERS]}…"
        self._skipped.append(Skip(self.block, kind, reason, short))

    def lengthen_pause(self) -> None:
        """Lengthen the pause after the last line, for a break in the text."""
        if self._said:
            last = self._said[-1]
            pause_s = max(last.pause_s, _BREAK_S)
            self._said[-1] = msgspec.structs.replace(last, pause_s=pause_s)

    def enclose(self, intro: str, outro: str) -> None:
        """Put a sentence before all lines, and one after them, if there are any."""
        inside, self._said = self._said, []
        self.block = -1
        if inside and intro:
            self.say(Role.NOTICE, intro)
        self._said += inside
        if inside and outro:
            self.say(Role.NOTICE, outro)

    def cover(self, blocks: Iterable[int]) -> None:
        """Mark blocks as said, or skipped, together with another block."""
        self._covered.update(blocks)

    def accounted(self) -> set[int]:
        """Give the blocks with a line, a skip or a mark."""
        said = {line.block for line in self._said}
        return said | {skip.block for skip in self._skipped} | self._covered

    def script(self) -> Script:
        """Give the script of all lines and skips."""
        return Script(tuple(self._said), tuple(self._skipped))

    def _speaker(self, role: Role) -> str:
        """Choose who says a line: a description is no part of the quotation around it."""
        parts = {
            "caption": role is Role.PICTURE and not self.is_of_picture,
            "quote": self.quoting,
            "heading": role is Role.HEADING,
        }
        named = (who for who, speaks in parts.items() if speaks and who in self.settings.speakers)
        return next(named, "narrator")

    def _id(self, role: Role, text: str) -> str:
        self._seen[role, text] += 1
        key = f"{role.value}\0{text}\0{self._seen[role, text]}"
        return hashlib.sha256(key.encode()).hexdigest()[:16]


def pause_after(role: Role, settings: ReadingSettings) -> float:
    """The silence after a line of this role."""
    return settings.pauses.get(role.value, PAUSES_S.get(role, _PAUSE_S))


def joint_s(text: str) -> float:
    """The silence after a part of a line, before one in another language."""
    return 0.0 if text[-1].isalnum() else _JOINT_S
