"""The proof of a plan: what would be said, as lines for a person to read."""

from collections.abc import Iterator

from narrated.printable import printable
from narrated.script.script import Chunk, Plan, Skip


def proof(plan: Plan) -> Iterator[str]:
    """Give the lines that show a plan: every chunk under its role, pauses, what is skipped."""
    yield from _head(plan)
    spoken_lines: str | None = None
    for chunk in plan.chunks:
        if chunk.line != spoken_lines:
            yield ""
            yield f"[{chunk.role.value}]{_speaker(chunk)}"
            spoken_lines = chunk.line
        yield f"  {printable(chunk.text)}"
        yield f"  ... {chunk.pause_s:g} s"
    yield from _skipped(plan.script.skipped)


def _head(plan: Plan) -> Iterator[str]:
    yield printable(plan.title)
    characters = sum(len(chunk.text) for chunk in plan.chunks)
    speaker = plan.speakers["narrator"]
    yield (
        f"{len(plan.chunks)} chunks, {characters} characters, in {plan.language}, "
        f"said by {speaker.engine} ({speaker.voice or 'its own voice'})"
    )
    if not plan.narrate:
        yield "Its front matter says `narrate: false`: it is not narrated."


def _speaker(chunk: Chunk) -> str:
    return "" if chunk.speaker == "narrator" else f" said by {chunk.speaker}"


def _skipped(skipped: tuple[Skip, ...]) -> Iterator[str]:
    if not skipped:
        return
    yield ""
    yield "Not said:"
    for skip in skipped:
        beginning = f": {printable(skip.text)}" if skip.text else ""
        yield f"  {skip.kind} ({skip.reason}){beginning}"
