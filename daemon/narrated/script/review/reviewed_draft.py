"""The draft of a post whose script file a person edited."""

from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

from narrated.script.review.application import applied
from narrated.script.review.conflicts import Conflict, ConflictKind
from narrated.script.review.restored_lines import restored_lines
from narrated.script.review.review_script import (
    ReviewScript,
    pronunciations,
    words_as_lexicon,
)
from narrated.script.review.script_of_draft import script_of_draft
from narrated.script.review.three_way_merge import merged
from narrated.script.script import Draft


class ReviewedDraft(msgspec.Struct, frozen=True):
    """A draft as a person wants it said, and the conflicts with what the post has become."""

    draft: Draft
    script: ReviewScript
    """The person's script, merged with that of the post."""
    conflicts: tuple[Conflict, ...] = ()


def reviewed(
    draft: Draft, script: ReviewScript, limits: Mapping[str, int], name: str
) -> ReviewedDraft:
    """Merge the script that was read from the file of this name with the draft, and apply it.

    `limits` are the most characters of a chunk, by engine. Errors: ScriptFileWrong.
    """
    theirs = script_of_draft(draft)
    lost: tuple[Conflict, ...] = ()
    base = script.base
    if base is None:
        base, lost = theirs.lines, (Conflict(ConflictKind.NO_BASE),)
        script = replace(script, lines=tuple(restored_lines(script.lines, base)))
    both, conflicts = merged(ReviewScript(base), theirs, script)
    return ReviewedDraft(applied(draft, both, limits, name), both, (*lost, *conflicts))


def lexicon_text(script: ReviewScript) -> str:
    """Write the pronunciations of a script file as a lexicon; empty if there are none."""
    return words_as_lexicon(pronunciations(script)) if script.pronounced else ""
