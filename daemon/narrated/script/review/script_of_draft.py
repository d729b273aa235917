"""The lines of a draft as a person sees them."""

import hashlib
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from narrated.script.passages import Passage
from narrated.script.review.inline_languages import inline_text
from narrated.script.review.line_ids import line_ids
from narrated.script.review.review_script import ReviewLine, ReviewScript
from narrated.script.script import Draft, Line, Role

_ROLES_OF_SPEAKERS = {Role.PICTURE: "caption", Role.QUOTE: "quote", Role.HEADING: "heading"}
_DIGEST_CHARACTERS = 12
NARRATOR = "narrator"


def script_of_draft(draft: Draft) -> ReviewScript:
    """Give the script of a draft as its file would have it."""
    units = units_of(draft)
    pictures = {start.line: start.picture for start in draft.chapters if start.picture}
    written = [
        _address(pictures.get(parts[0].id, "")) or " ".join(map(written_words, parts))
        for parts in units
    ]
    ids = line_ids(
        f"{parts[0].role.value}\0{words}" for parts, words in zip(units, written, strict=True)
    )
    return ReviewScript(
        tuple(
            ReviewLine(
                text=text_of_unit(parts),
                role=parts[0].role,
                id=id,
                pause_s=parts[-1].pause_s,
                speaker=_speaker_of(parts, draft),
                source=hashlib.sha256(words.encode()).hexdigest()[:_DIGEST_CHARACTERS],
            )
            for parts, words, id in zip(units, written, ids, strict=True)
        )
    )


def units_of(draft: Draft) -> list[list[Line]]:
    """Give the units of a draft: each a line, or the parts of one in several languages."""
    return [list(parts) for _, parts in groupby(draft.script.lines, lambda line: line.id)]


def text_of_unit(parts: Sequence[Line]) -> str:
    """Give the words of a unit as the file has them."""
    return inline_text(Passage(marked_language(one), one.text) for one in parts)


def marked_language(line: Line) -> str:
    """Give the language that a part is marked as of; empty for that of the post."""
    return line.language if line.speaker == line.language else ""


def speaker_of_role(role: Role, draft: Draft) -> str:
    """Name the one who says a line of this role."""
    who = _ROLES_OF_SPEAKERS.get(role, NARRATOR)
    is_of_picture = who == "caption" and draft.kind == "picture"
    return who if who in draft.speakers and not is_of_picture else NARRATOR


def written_words(line: Line) -> str:
    """Give the words of a line for the eye."""
    return " ".join(written for _, written in written_sentences(line)) or line.text


def written_sentences(line: Line) -> Iterator[tuple[str, str]]:
    """Give the sentences of a line as they are spoken, and as they are written."""
    ends = [*(one.start for one in line.sentences), len(line.text)]
    for one, (start, end) in zip(line.sentences, pairwise(ends), strict=True):
        spoken = line.text[start:end].strip()
        yield spoken, one.written or spoken


def _address(picture: str) -> str:
    """Stand for the words of a picture: another captioner is no change of the post."""
    return f"picture {picture}" if picture else ""


def _speaker_of(parts: Sequence[Line], draft: Draft) -> str:
    """Name who says the parts in the post's language; empty for the one of the role."""
    own = next((one.speaker for one in parts if not marked_language(one)), "")
    return "" if own == speaker_of_role(parts[0].role, draft) else own
