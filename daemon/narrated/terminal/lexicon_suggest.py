"""`narrated lexicon suggest`: words of a folder that may need an entry in its lexicon."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from pathlib import Path

import msgspec

from narrated.errors import NarratedError
from narrated.ledger.misheard_words import MisheardPair
from narrated.printable import printable
from narrated.script.script import Draft
from narrated.script.unknown_words import Oddity, UnknownWord, WordCounts
from narrated.service.app import App
from narrated.take_checks.compared_words import written_words
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
    """Words that a hearing model heard otherwise."""

    word: str
    count: int
    """The number of takes in which it did."""
    heard: tuple[str, ...]
    """The words heard instead, most often first."""


class Suggestions(msgspec.Struct, frozen=True):
    """Words of a folder that may need an entry; the field names are keys of the JSON."""

    misheard: tuple[MisheardWord, ...]
    unknown: tuple[UnknownWord, ...]
    problems: tuple[CheckedFile, ...] = ()
    """Files that could not be read."""


async def suggest_words(
    app: App,
    folder: str,
    on_file: OnFile,
    misheard: Iterable[MisheardPair] = (),
    without: Sequence[Path] = (),
) -> Suggestions:
    """Read every file in a folder of the app's inbox as the daemon does, and count its words.

    `misheard`: pairs that the daemon's ledger has, of any folder. Folders in `without` are passed
    over.
    """
    counts = WordCounts()
    words: set[tuple[str, str]] = set()
    problems: list[CheckedFile] = []

    def add(path: str, draft: Draft | NarratedError) -> None:
        if isinstance(draft, NarratedError):
            problems.append(CheckedFile(path, problem=draft.problem, remedy=draft.remedy))
        elif draft.narrate:
            for chunk in draft.chunks:
                counts.add(chunk, path)
                written = written_words(chunk.text, chunk.marks)
                words.update((chunk.language, word.casefold()) for word in written)

    found = await draft_files(app, folder, on_file, add, without)
    problems += found.unlisted
    in_order = sorted(problems, key=lambda each: each.path)
    return Suggestions(_misheard(misheard, words), tuple(counts.unknown()), tuple(in_order))


def _misheard(
    kept: Iterable[MisheardPair], words: Set[tuple[str, str]]
) -> tuple[MisheardWord, ...]:
    """Group the pairs whose words are said in the folder; a capital makes no other word."""
    spellings: defaultdict[str, Counter[str]] = defaultdict(Counter)
    heard: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for language, said, instead, count in kept:
        if all((language, word.casefold()) in words for word in said.split()):
            spellings[said.casefold()][said] += count
            heard[said.casefold()][instead] += count
    found = (
        MisheardWord(
            spellings[word].most_common(1)[0][0],
            each.total(),
            tuple(like for like, _ in each.most_common()),
        )
        for word, each in heard.items()
    )
    return tuple(sorted(found, key=lambda each: (-each.count, each.word)))


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
