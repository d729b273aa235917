"""Formats the takes of a narration for a terminal, each with the command that speaks it again."""

import math
import re
import shlex
from collections.abc import Iterator, Sequence

from narrated.human_formatting import count_noun
from narrated.jobs.respeaking import check_command
from narrated.outbox.manifest_takes import ChunkTakes, ManifestTakes
from narrated.printable import line_of, printable
from narrated.service.take_listing import TakeReport

_INDENT = " " * 9


def summary_lines(report: TakeReport, *, lists_all: bool) -> Iterator[str]:
    """Say how many takes of a narration are doubtful, and how they were checked."""
    shown, takes = printable(report.path), report.takes
    if takes is None and report.is_checked_soon:
        yield f"{shown}: its takes are about to be checked; `narrated status` tells how far it is"
        return
    if takes is None:
        yield f"{shown}: its takes were not checked"
        yield f"  To check them: {check_command(report.path)}"
        return
    yield f"{shown}: {_outcome(takes)}"
    yield f"  checked {_checkers(takes)}{_others(takes)}"
    if report.is_checked_soon:
        yield "  a new check of them is under way"
    if not lists_all and (more := takes.doubtful - len(_doubtful(takes.chunks))) > 0:
        yield f"  the first {len(_doubtful(takes.chunks))} are listed; {more} more are doubtful"


def listed_chunks(report: TakeReport, *, lists_all: bool) -> Sequence[ChunkTakes]:
    """Return the chunks to list, in the order of time: the doubtful ones, or all."""
    told = report.takes.chunks if report.takes else ()
    if not lists_all:
        return _doubtful(told)
    return sorted((*told, *report.others), key=lambda each: (each.start_s, each.chunk))


def chunk_lines(report: TakeReport, chunk: ChunkTakes) -> Iterator[str]:
    """Say when a chunk is heard and what is wrong with its take.

    For a take with faults the words follow, as they are said and as they were heard.
    """
    at, is_known = clock(chunk), chunk.chunk not in report.unknown
    if not chunk.faults:
        verdict = f"good{_best_of(chunk)}" if is_known else "not checked"
        yield f"{at:>8} {verdict}: {_words(chunk.text, 60)}"
        return
    faults = "; ".join(line_of(each.told) for each in chunk.faults)
    accepted = "accepted, since each take is heard alike: " if chunk.accepted else ""
    yield f"{at:>8} {accepted}{faults}{_best_of(chunk)}"
    yield f"{_INDENT}said:  {_words(chunk.text)}"
    if chunk.heard:
        yield f"{_INDENT}heard: {_words(chunk.heard)}"
    if chunk.chunk in report.without_others:
        yield f"{_INDENT}The voice has no other take: change the words, or a lexicon's."
    else:
        yield f"{_INDENT}narrated respeak {shlex.quote(printable(report.path))} --at {at}"


def clock(chunk: ChunkTakes) -> str:
    """The time of a chunk as `--at` takes it; rounded up, so that it is within the chunk."""
    tenths = math.ceil(round(chunk.start_s * 10, 3))
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    before = f"{hours}:{minutes:02}" if hours else f"{minutes}"
    return f"{before}:{rest // 10:02}.{rest % 10}"


def doubtful_line(path: str, count: int) -> str:
    """Tell that a narration has doubtful takes."""
    return f"{printable(path)}: {count_noun(count, 'doubtful take')}"


def _outcome(takes: ManifestTakes) -> str:
    count = takes.checked
    if not takes.doubtful:
        return f"{'its one take is' if count == 1 else f'all {count:,} takes are'} good"
    is_are = "is" if takes.doubtful == 1 else "are"
    return f"{takes.doubtful:,} of {count_noun(count, 'take')} {is_are} doubtful"


def _checkers(takes: ManifestTakes) -> str:
    if not takes.heard:
        return "by their signal alone; no hearing model listened"
    which = "all" if takes.heard == takes.checked else f"{takes.heard:,}"
    return f"by their signal, {which} heard by {printable(_named(takes.hearing))}"


def _named(hearing: str) -> str:
    """The name in a hearing engine's identity, without its revision and digest."""
    return re.sub("-[0-9]+-[0-9a-f]{32}$", "", hearing)


def _others(takes: ManifestTakes) -> str:
    told = []
    if takes.retaken:
        told.append(f"{takes.retaken:,} spoken more than once")
    if takes.accepted:
        told.append(f"{takes.accepted:,} accepted, since each take is heard alike")
    return "".join(f"; {each}" for each in told)


def _best_of(chunk: ChunkTakes) -> str:
    return f" (the best of {chunk.takes} takes)" if chunk.takes > 1 else ""


def _doubtful(chunks: Sequence[ChunkTakes]) -> list[ChunkTakes]:
    return [each for each in chunks if each.is_doubtful]


def _words(text: str, most: int = 0) -> str:
    shown = line_of(text)
    return shown if not most or len(shown) <= most else f"{shown[: most - 1]}…"
