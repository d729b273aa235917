"""Review in the parser: what a planned post says by its script file, or the file to be reviewed."""

from collections.abc import Callable, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from narrated.script.review.conflicts import describe_conflict
from narrated.script.review.review_script import ReviewScript
from narrated.script.review.reviewed_draft import lexicon_text, reviewed
from narrated.script.review.script_file import write_review
from narrated.script.review.script_file_reading import read_script
from narrated.script.review.script_of_draft import script_of_draft
from narrated.script.script import Draft

_MOST_CONFLICTS = 50

Lexicons = Sequence[tuple[str, str]]


class ReviewAsked(msgspec.Struct, frozen=True):
    """The part of a request for a draft that is about its review."""

    is_wanted: bool = False
    """The configuration's; the post and its folders may say otherwise."""
    post: str = ""
    """The name of the post's file."""
    saved_as: str = ""
    """The name under which its script file is to be saved."""
    path: str = ""
    """The inbox path of its script file; empty if it has none."""
    content: str = ""
    """The bytes of that file, each as a character."""


def reviewed_draft(
    build: Callable[[Lexicons], Draft], asked: ReviewAsked, limits: Mapping[str, int]
) -> Draft:
    """Build a draft with what its script file says, or with the file that a person is to review.

    `build` gets the lexicons that the script file adds. `limits` are the most characters of a
    chunk, by engine. Errors: SourceError.
    """
    if not asked.path:
        return _to_be_reviewed(build(()), asked)
    script = read_script(asked.content.encode("latin-1"), asked.path)
    words = lexicon_text(script)
    draft = build([(asked.path, words)] if words else ())
    return _as_reviewed(draft, script, asked, limits) if _is_text(draft) else draft


def _is_text(draft: Draft) -> bool:
    return draft.kind == "text" and draft.narrate and not draft.is_blank


def _to_be_reviewed(draft: Draft, asked: ReviewAsked) -> Draft:
    is_wanted = asked.is_wanted if draft.review is None else draft.review
    if not is_wanted or not _is_text(draft) or not draft.chunks:
        return draft
    return replace(
        draft, script_file=write_review(script_of_draft(draft), draft, asked.post, asked.saved_as)
    )


def _as_reviewed(
    draft: Draft, script: ReviewScript, asked: ReviewAsked, limits: Mapping[str, int]
) -> Draft:
    found = reviewed(draft, script, limits, asked.path)
    name = asked.path.rpartition("/")[2]
    conflicts = [describe_conflict(each, name) for each in found.conflicts[:_MOST_CONFLICTS]]
    if (more := len(found.conflicts) - _MOST_CONFLICTS) > 0:
        conflicts.append(f"and {more} more")
    both = write_review(found.script, draft, asked.post, asked.saved_as) if conflicts else ""
    return replace(
        found.draft,
        is_reviewed=True,
        script_file=both,
        script_conflicts=tuple(conflicts),
        pronounced=script.pronounced,
    )
