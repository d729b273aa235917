"""Say blocks of code: announce, read or skip each, or tell a run of them once."""

from collections.abc import Sequence
from dataclasses import dataclass

from narrated.reading.document import Code
from narrated.script import announcements
from narrated.script.inline_text import InlineText
from narrated.script.line_collector import LineCollector
from narrated.script.script import Role

FOLDED = "told once, with what is beside it"
_SHORT_WORDS = 5
_FIRST_LINE_WORDS = 30
_FEWEST_LONG = 2
"""A run is told once if so many of its pieces are too long to be said in words."""


@dataclass(frozen=True, slots=True)
class CodeSpeaker:
    """Says blocks of code by the setting `code`."""

    lines: LineCollector
    inline: InlineText

    def say(self, code: Code) -> None:
        """Say one block of code, or skip it with its reason."""
        setting = self.lines.settings.code
        lines = _lines(code)
        if not lines:
            self.lines.skip("code", "holds no lines", code.language)
        elif setting == "skip":
            self.lines.skip("code", "code is not read (setting `code: skip`)", code.text)
        elif words := self._short(lines):
            written = announcements.written_code(written_line(lines[0]))
            self.lines.say(Role.CODE, announcements.short_code(words), written)
        else:
            self.lines.say(Role.CODE, *self._announced(code.language, lines))
            if setting == "read":
                self._read(lines)

    def folds(self, pieces: Sequence[Code]) -> bool:
        """True if a run is told once."""
        is_folding = self.lines.settings.code == "fold" and len(pieces) >= _FEWEST_LONG
        return is_folding and sum(not self._short(_lines(one)) for one in pieces) >= _FEWEST_LONG

    def say_once(self, pieces: Sequence[tuple[int, Code]]) -> None:
        """Tell a run once, and list each piece, with the number of its block."""
        count = sum(len(_lines(piece)) for _, piece in pieces)
        languages = [piece.language for _, piece in pieces]
        self.lines.block = pieces[0][0]
        self.lines.say(Role.CODE, announcements.announce_code_run(languages, count))
        for number, piece in pieces:
            self.lines.block = number
            self.lines.skip("code", FOLDED, piece.text)

    def _short(self, lines: list[str]) -> str:
        """Give the words of one short line of code; empty for more or longer lines."""
        words = self.inline.code(lines[0]) if len(lines) == 1 else ""
        return words if len(words.split()) <= _SHORT_WORDS else ""

    def _announced(self, language: str, lines: list[str]) -> tuple[str, str]:
        """Announce code, and say its first line if it is read: for the ear, and for the eye."""
        announced = announcements.announce_code(language, len(lines))
        if self.lines.settings.code != "first-line":
            return announced, ""
        words = self.inline.code(lines[0])
        if not 0 < len(words.split()) <= _FIRST_LINE_WORDS:
            return announced, ""
        written = announcements.written_first_line(written_line(lines[0]))
        return f"{announced} {announcements.first_code_line(words)}", f"{announced} {written}"

    def _read(self, lines: list[str]) -> None:
        for line in lines:
            self.lines.say(Role.CODE, self.inline.code(line), written_line(line))
        self.lines.say(Role.NOTICE, announcements.CODE_END)


def written_line(line: str) -> str:
    """Give a line of code for the eye."""
    return " ".join(line.split())


def _lines(code: Code) -> list[str]:
    return [line for line in code.text.splitlines() if line.strip()]
