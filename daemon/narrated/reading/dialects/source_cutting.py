"""Cuts markup out of a source, but not out of its code, and pairs the ends of containers."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from narrated.reading.block_lines import LineShifts
from narrated.reading.dialects.tokens import Tokens, unspoken

OPEN, CLOSE = "\ufdd0", "\ufdd1"
"""Characters around a placeholder's number. Unicode gives them to no sign."""
_FOREIGN = re.compile(f"[{OPEN}{CLOSE}]")
_LEADING = r"[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?"
_FENCE = rf"(?P<fence>(?<![^\n]){_LEADING}(?:`{{3,}}(?=[^`\n]*(?:\n|\Z))|~{{3,}}))"
_OTHER_CODE = r"(?P<ticks>`+)|(?P<escape>\\[!-/:-@\[-`{-~])"
_TICKS = re.compile("`+")
_EMPTY_LINE = re.compile(r"\n[ \t>]*(?=\n|\Z)")
_LEAD = re.compile(_LEADING)
_MARKER = re.compile(r"[^ \t>]")
_LONGEST_LEAD = 200


@dataclass(slots=True)
class Meaning:
    """The meaning of one piece of markup."""

    tokens: Tokens = ()
    """In a sentence."""
    alone: Tokens = ()
    """Between blocks, where it stands alone on a line; else a paragraph of `tokens`."""
    target: str = ""
    """In the target of a link or a picture."""
    opens: str = ""
    """The name of a container that begins here; without its end, `tokens` hold."""
    opening: Tokens = ()
    """Tokens that open a container of blocks, then those that close it; without them it is none,
    or only where both of its ends stand alone on a line."""
    closing: Tokens = ()
    paired: Tokens = ()
    """In a sentence, if the other end is there; empty: `tokens`."""
    closes: str = ""
    """The name of a container that ends here."""
    until: re.Pattern[str] | None = None
    """The end of a verbatim text that begins here; without the end, `tokens` hold."""
    verbatim: "Callable[[str], Meaning | None] | None" = None
    """Gives the meaning of a verbatim text; None: it is read as Markdown that holds no markup."""
    needs_end: bool = False
    """True for a mark that is plain text without its other end."""
    source: str = ""
    """Markdown that takes the place of the markup, and of its verbatim text."""


@dataclass(frozen=True, slots=True)
class Markup:
    """Markup of a dialect: a pattern without groups, and the reader of its match.

    A text without `hint` is not searched. The reader returns None for a match that is plain text.
    The pattern must take linear time on any text: an opening without an end may come many times.
    """

    hint: str
    pattern: str
    read: Callable[[str], Meaning | None]
    probe: re.Pattern[str] | Callable[[str], object] | None = None
    """A pattern that a text must hold, or a test of it, where a hint alone says little."""

    def may_be_in(self, text: str) -> bool:
        """True if it is worth to search a text that has the hint."""
        if self.probe is None:
            return True
        test = self.probe.search if isinstance(self.probe, re.Pattern) else self.probe
        return bool(test(text))


@dataclass(slots=True)
class Cut:
    """A piece of markup with its meaning."""

    raw: str
    meaning: Meaning = field(default_factory=Meaning)
    pair: int = -1
    """The number of the other end; -1 for none."""
    is_block: bool = False
    """True if it is an end of a container of blocks."""


class _Rewritten(NamedTuple):
    """Markdown in place of markup."""

    raw: str
    source: str


def silent(kind: str, reason: str) -> Callable[[str], Meaning]:
    """Return the reader of markup that is silent, and listed with a reason."""
    return lambda raw: Meaning((unspoken(kind, raw.strip(), reason),))


def placeholder(number: int) -> str:
    """Return the placeholder with this number."""
    return f"{OPEN}{number}{CLOSE}"


def cut(
    text: str, markups: Sequence[Markup], shifts: LineShifts | None = None
) -> tuple[str, list[Cut]]:
    """Return a text with placeholders, and what they stand for, by number.

    `shifts` learns which lines of the text became which.
    """
    hints = {hint for hint in {markup.hint for markup in markups} if hint in text}
    active = [markup for markup in markups if markup.hint in hints and markup.may_be_in(text)]
    if not active:
        return text, []
    cutter = _Cutter(_FOREIGN.sub("", text), active)
    cutter.run()
    return cutter.with_placeholders(shifts or LineShifts()), cutter.cuts


@lru_cache(maxsize=32)
def _compiled(patterns: tuple[str, ...]) -> re.Pattern[str]:
    named = [f"(?P<m{number}>{pattern})" for number, pattern in enumerate(patterns)]
    return re.compile("|".join([_FENCE, *named, _OTHER_CODE]), re.S)


class _Cutter:
    """Splits a text into plain pieces and cuts."""

    def __init__(self, text: str, markups: Sequence[Markup]) -> None:
        self.cuts: list[Cut] = []
        self._text = text
        self._markups = markups
        self._pieces: list[str | int | _Rewritten] = []
        self._done = 0
        self._code = _CodeEnds(text)
        self._endless: set[re.Pattern[str]] = set()

    def run(self) -> None:
        """Find and pair all markup."""
        pattern = _compiled(tuple(markup.pattern for markup in self._markups))
        at = 0
        while found := pattern.search(self._text, at):
            kind = found.lastgroup or ""
            if kind.startswith("m"):
                at = self._take(found, self._markups[int(kind[1:])])
            else:
                at = self._code.end(found, kind)
        self._pieces.append(self._text[self._done :])
        self._pair()

    def with_placeholders(self, shifts: LineShifts) -> str:
        """Write the text with its placeholders; each end of a container gets its own line."""
        writer = _PlaceholderWriter()
        for piece in self._pieces:
            begun = len(writer.written)
            self._write(piece, writer)
            shifts.add("".join(writer.written[begun:]), self._raw(piece))
        return "".join(writer.written)

    def _raw(self, piece: "str | int | _Rewritten") -> str:
        if isinstance(piece, _Rewritten):
            return piece.raw
        return self.cuts[piece].raw if isinstance(piece, int) else piece

    def _write(self, piece: "str | int | _Rewritten", writer: "_PlaceholderWriter") -> None:
        if isinstance(piece, _Rewritten):
            writer.write(piece.source)
        elif isinstance(piece, str):
            writer.write(piece)
        elif self.cuts[piece].meaning.needs_end and self.cuts[piece].pair < 0:
            writer.write(self.cuts[piece].raw)
        else:
            writer.write_cut(piece, self.cuts[piece].is_block)

    def _take(self, found: re.Match[str], markup: Markup) -> int:
        meaning = markup.read(found[0])
        if meaning is None:
            return found.end()
        if meaning.source:
            return self._rewrite(found.start(), found.end(), meaning.source)
        end = self._end_of_verbatim(meaning, found.end())
        if end is None and meaning.needs_end and meaning.verbatim:
            return found.end()
        if end is None or meaning.verbatim is None:
            self._add(found.start(), found.end(), meaning)
            return found.end()
        within = self._text[found.end() : end.start()]
        whole = meaning.verbatim(within)
        if whole and whole.source:
            return self._rewrite(found.start(), end.end(), whole.source)
        if whole:
            self._add(found.start(), end.end(), whole)
        else:
            self._add(found.start(), found.end(), meaning)
            self._add(end.start(), end.end(), Meaning())
        return end.end()

    def _end_of_verbatim(self, meaning: Meaning, at: int) -> re.Match[str] | None:
        if meaning.until is None or meaning.until in self._endless:
            return None
        end = meaning.until.search(self._text, at)
        if end is None:
            self._endless.add(meaning.until)
        return end

    def _rewrite(self, start: int, end: int, source: str) -> int:
        raw = self._text[start:end]
        self._pieces += [self._text[self._done : start], _Rewritten(raw, source)]
        self._done = end
        return end

    def _add(self, start: int, end: int, meaning: Meaning) -> None:
        self._pieces += [self._text[self._done : start], len(self.cuts)]
        self.cuts.append(Cut(self._text[start:end], meaning))
        self._done = end

    def _pair(self) -> None:
        """Pair the ends of containers; an end without another stays alone."""
        open_cuts: list[int] = []
        waiting: Counter[str] = Counter()
        for number, one in enumerate(self.cuts):
            if one.meaning.opens:
                open_cuts.append(number)
                waiting[one.meaning.opens] += 1
            elif waiting[one.meaning.closes]:
                while self.cuts[open_cuts[-1]].meaning.opens != one.meaning.closes:
                    waiting[self.cuts[open_cuts.pop()].meaning.opens] -= 1
                one.pair = open_cuts.pop()
                waiting[one.meaning.closes] -= 1
                _join(self.cuts[one.pair], one, number)


def _join(opening: Cut, closing: Cut, number: int) -> None:
    opening.pair = number
    opening.is_block = closing.is_block = bool(opening.meaning.opening)
    for each in (opening.meaning, closing.meaning):
        each.tokens = each.paired or each.tokens


class _PlaceholderWriter:
    """Writes text and placeholders, and knows the beginning of the current line."""

    def __init__(self) -> None:
        self.written: list[str] = []
        self._line = ""
        self._must_break = False

    def write(self, text: str) -> None:
        """Write a plain text."""
        if self._must_break and text.strip(" \t"):
            if not text.lstrip(" \t").startswith("\n"):
                self._break()
                text = text.lstrip(" \t")
            self._must_break = False
        self._put(text)

    def write_cut(self, number: int, own_line: bool) -> None:
        """Write a placeholder."""
        if self._must_break or (own_line and not _LEAD.fullmatch(self._line)):
            self._break()
        self._put(placeholder(number))
        self._must_break = own_line

    def _break(self) -> None:
        lead = _LEAD.match(self._line)
        self._put("\n" + _MARKER.sub(" ", lead[0] if lead else ""))

    def _put(self, text: str) -> None:
        self.written.append(text)
        _, line_end, after = text.rpartition("\n")
        self._line = (after if line_end else self._line + after)[:_LONGEST_LEAD]


class _CodeEnds:
    """Finds the ends of code in a text, as Markdown does."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._ends: dict[int, int] | None = None

    def end(self, found: re.Match[str], kind: str) -> int:
        """Return the place after a piece of code, or after an escaped sign."""
        if kind == "fence":
            return self._end_of_fence(found)
        if kind == "escape":
            return found.end()
        if self._ends is None:
            self._ends = self._ends_of_spans()
        return self._ends.get(found.start(), found.end())

    def _end_of_fence(self, found: re.Match[str]) -> int:
        fence = found[0].lstrip(" \t>-*+.)0123456789")
        sign = re.escape(fence[0])
        closing = _closing_fence(sign, len(fence)).search(self._text, found.end())
        return closing.end() if closing else len(self._text)

    def _ends_of_spans(self) -> dict[int, int]:
        """The end of each code span by its start: the next run of as many ticks in its block."""
        borders = [each.start() for each in _EMPTY_LINE.finditer(self._text)]
        ends: dict[int, int] = {}
        next_runs: dict[int, tuple[int, int]] = {}
        for run in reversed(list(_TICKS.finditer(self._text))):
            ticks, block = len(run[0]), bisect_right(borders, run.start())
            at, its_block = next_runs.get(ticks, (-1, -1))
            if its_block == block:
                ends[run.start()] = at + ticks
            next_runs[ticks] = run.start(), block
        return ends


@lru_cache(maxsize=64)
def _closing_fence(sign: str, ticks: int) -> re.Pattern[str]:
    return re.compile(rf"^[ \t>]*{sign}{{{ticks},}}[ \t]*$", re.M)
