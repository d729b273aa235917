"""`narrated lexicon suggest`: words of a folder that may need an entry in its lexicon."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from narrated.config.values import Config
from narrated.errors import NarratedError, SourceError
from narrated.outbox.manifest_takes import ChunkTakes, decoded_takes
from narrated.outbox.narration_search import whole_narrations
from narrated.printable import printable
from narrated.script.script import Draft
from narrated.script.unknown_words import Oddity, UnknownWord, WordCounts
from narrated.service.app import App
from narrated.take_checks.heard_words import compare
from narrated.terminal.folder_check import CheckedFile, OnFile, draft_files

MOST = 40
"""Words of each list that are printed, unless all are asked for."""
_MOST_VARIANTS = 3
_WHY = {
    Oddity.LETTERS: "letters that no English word has",
    Oddity.MIXED: "capitals or digits inside",
    Oddity.NAME: "a name",
}


class MisheardWord(msgspec.Struct, frozen=True):
    """Words that a hearing model heard otherwise, in takes that were doubtful or spoken again."""

    word: str
    count: int
    heard: tuple[str, ...]
    """What was heard instead, most often first."""


class Suggestions(msgspec.Struct, frozen=True):
    """Words of a folder that may need an entry; the field names are keys of the JSON."""

    misheard: tuple[MisheardWord, ...]
    unknown: tuple[UnknownWord, ...]
    problems: tuple[CheckedFile, ...] = ()
    """Files that could not be read."""


async def suggest_words(
    app: App, folder: str, on_file: OnFile, without: Sequence[Path] = ()
) -> Suggestions:
    """Read every file in a folder of the app's inbox as the daemon does, and count its words.

    Folders in `without` are passed over.
    """
    counts = WordCounts()
    problems: list[CheckedFile] = []

    def add(path: str, draft: Draft | NarratedError) -> None:
        if isinstance(draft, NarratedError):
            problems.append(CheckedFile(path, problem=draft.problem, remedy=draft.remedy))
        elif draft.narrate:
            for chunk in draft.chunks:
                counts.add(chunk, path)

    found = await draft_files(app, folder, on_file, add, without)
    problems += found.unlisted
    in_order = sorted(problems, key=lambda each: each.path)
    return Suggestions((), tuple(counts.unknown()), tuple(in_order))


def misheard_words(config: Config, folder: str) -> tuple[MisheardWord, ...]:
    """Words of the narrations of a folder of the inbox that were heard otherwise."""
    heard: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for _, narration in whole_narrations(config.outbox):
        is_below = not folder or narration.source.path.startswith(f"{folder}/")
        takes = decoded_takes(narration.takes) if is_below else None
        for chunk in takes.chunks if takes else ():
            for said, instead in _misheard(chunk, narration.language or "en"):
                heard[said][instead] += 1
    words = (
        MisheardWord(word, sum(each.values()), tuple(like for like, _ in each.most_common()))
        for word, each in heard.items()
    )
    return tuple(sorted(words, key=lambda each: (-each.count, each.word)))


def _misheard(chunk: ChunkTakes, language: str) -> Iterator[tuple[str, str]]:
    if not chunk.heard:
        return
    try:
        found = compare(chunk.text, chunk.heard, language)
    except SourceError:
        return
    for said, instead in found.misheard:
        if said and instead:
            yield said, instead


def report_lines(found: Suggestions, folder: Path, *, lists_all: bool) -> Iterator[str]:
    """Format the suggestions for a terminal."""
    for each in found.problems:
        yield f"{printable(each.path)}  NOT READ: {f'{each.problem} {each.remedy}'.rstrip()}"
    if found.misheard:
        yield "Heard otherwise by the hearing model:"
        for one in found.misheard[: None if lists_all else MOST]:
            heard = ", ".join(f'"{printable(each)}"' for each in one.heard[:_MOST_VARIANTS])
            yield f"{one.count:6}  {printable(one.word)}  heard as {heard}"
    if found.unknown:
        yield "Words that a voice may not know:"
        for word in found.unknown[: None if lists_all else MOST]:
            yield f"{word.count:6}  {printable(word.word)}  {_WHY[word.why]}"
    more = max(len(found.misheard) - MOST, 0) + max(len(found.unknown) - MOST, 0)
    if more and not lists_all:
        yield f"{more} more: add --all"
    if found.misheard or found.unknown:
        yield "Listen to one: narrated say WORD --play"
        yield f"Say it otherwise: narrated lexicon add WORD SAID{_where(folder)}"
    elif not found.problems:
        yield f"No word of {printable(str(folder))} looks unknown to a voice."


def _where(folder: Path) -> str:
    return f" --folder {printable(str(folder))}"
