"""Preview a draft: its script as lines for a person to read.

    heading    1.0 s  The first day
    quote      0.5 s  [quote] Quote: Begin at the beginning. ¦ Go on to the end.

A line shows its role and the silence after it; ¦ separates chunks.
"""

import textwrap
from collections.abc import Iterator
from itertools import groupby

from narrated.human_formatting import count_noun
from narrated.printable import printable
from narrated.script.coverage_counts import Coverage, count_coverage
from narrated.script.script import Chunk, Draft, Role, Skip, Speaker

WIDTH = 100
_CUT = " ¦ "
"""Between two chunks of one line."""
_WORDS_A_MINUTE = 150

_ROLE_WIDTH = max(map(len, Role))
_MARGIN = " " * (_ROLE_WIDTH + len("  0.50 s  "))
_LEAST_WIDTH = 2 * len(_MARGIN)


def preview_lines(draft: Draft, width: int = WIDTH) -> Iterator[str]:
    """Give the lines of the preview: a head, the script, and the skips."""
    yield from _head(draft)
    yield ""
    for _, chunks in groupby(draft.chunks, key=lambda chunk: chunk.line):
        yield from _line(list(chunks), draft.language, max(width, _LEAST_WIDTH))
    if draft.script.skipped:
        yield ""
        yield "Not said:"
        for skip in draft.script.skipped:
            yield f"  {describe_skip(skip)}"


def describe_skip(skip: Skip) -> str:
    """Describe a skip: its kind, its reason and its beginning."""
    beginning = f": {printable(skip.text)}" if skip.text else ""
    return f"{printable(skip.kind)} ({printable(skip.reason)}){beginning}"


def describe_coverage(coverage: Coverage) -> str:
    """Describe a coverage in words."""
    counts = f"{coverage.spoken:,} spoken, {coverage.announced:,} announced"
    counts += f", {coverage.skipped:,} skipped"
    return f"{count_noun(coverage.blocks, 'block')}: {counts}; {count_noun(coverage.words, 'word')}"


def speaking_time(words: float) -> str:
    """Estimate the time to say this many words at speed 1."""
    whole = round(words / _WORDS_A_MINUTE)
    return f"about {whole:,} min" if whole else "under a minute"


def _head(draft: Draft) -> Iterator[str]:
    yield printable(draft.title)
    if byline := ", ".join(filter(None, (draft.author, draft.date))):
        yield printable(byline)
    yield f"in {printable(draft.language)}, said by {_voices(draft)}"
    if draft.not_spoken_by:
        yield f"{draft.not_spoken_by} does not speak {printable(draft.language)}."
    if draft.unvoiced:
        languages = printable(", ".join(draft.unvoiced))
        yield f"No voice speaks {languages}: its words are read as {printable(draft.language)}."
    coverage = count_coverage(draft.script)
    time = speaking_time(coverage.words / draft.mean_speed)
    chunks = count_noun(len(draft.chunks), "chunk")
    yield f"{describe_coverage(coverage)}, {time}; {chunks}"
    if draft.is_blank:
        yield "It is not narrated: it has front matter alone."
    elif not draft.narrate:
        yield "It is not narrated: its front matter or its folder says `narrate: false`."
    elif draft.held_back:
        yield f"It is held back: {printable(draft.held_back)}."
    elif draft.awaits_review:
        yield "It waits for your review: its script comes to the outbox before it is narrated."
    elif draft.is_reviewed:
        yield "It is said as its script file has it."
        yield from map(printable, draft.script_conflicts)


def _voices(draft: Draft) -> str:
    labels = {name: _voice(one) for name, one in draft.speakers.items()}
    if draft.loose_voice:
        otherwise = draft.narrator_otherwise or Speaker()
        labels["narrator"] += f" if it has that voice, else {_voice(otherwise)}"
    others = [f"{name}: {one}" for name, one in labels.items() if name != "narrator"]
    return printable("; ".join([labels["narrator"], *others]))


def _voice(speaker: Speaker) -> str:
    speed = "" if speaker.speed in (None, 1.0) else f", speed {speaker.speed:g}"
    return f"{speaker.engine} ({speaker.voice or 'its own voice'}{speed})"


def _line(chunks: list[Chunk], language: str, width: int) -> Iterator[str]:
    last = chunks[-1]
    marks = [_who(chunk, language) for chunk in chunks]
    if len(set(marks)) == 1:  # one mark is enough
        marks[1:] = [""] * (len(marks) - 1)
    said = zip(marks, chunks, strict=True)
    text = _CUT.join(f"{mark}{printable(chunk.text)}" for mark, chunk in said)
    start = f"{last.role.value:<{_ROLE_WIDTH}}  {_pause(last.pause_s):>6}  "
    yield from textwrap.wrap(
        text,
        width,
        initial_indent=start,
        subsequent_indent=_MARGIN,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _pause(pause_s: float) -> str:
    """Format seconds with at least one decimal."""
    short = f"{pause_s:.1f}"
    return f"{short if float(short) == pause_s else f'{pause_s:g}'} s"


def _who(chunk: Chunk, language: str) -> str:
    """Name the speaker if not the narrator, and the language if not the text's."""
    unusual = [chunk.speaker] if chunk.speaker != "narrator" else []
    unusual += [chunk.language] if chunk.language not in (language, chunk.speaker) else []
    return printable(f"[{', '.join(unusual)}] ") if unusual else ""
