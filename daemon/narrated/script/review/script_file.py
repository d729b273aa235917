"""The script file `post.script.md`: how it begins, and how it is written.

<!-- narrated script of post.md, form 1 -->

[title k3f9, 1 s] The first day

[quote b4d2, 0.5 s, voice narrator] Quote: Begin at the beginning.
"""

import codecs
import re

from narrated.printable import printable
from narrated.script.review.kept_base import base_block
from narrated.script.review.line_tags import line_tag
from narrated.script.review.review_script import ReviewLine, ReviewScript
from narrated.script.review.script_of_draft import NARRATOR, script_of_draft
from narrated.script.script import Draft

SCRIPT_SUFFIX = ".script.md"
"""Suffix of a script file, instead of that of its post."""
HEADER = "<!-- narrated script"
FORM = 1
_BEGINNING = re.compile(r"\s*<!(?:--|[–—])\s*narrated\s+script\b", re.IGNORECASE)
BEGINNING_BYTES = 200
"""They tell a script file from others."""
_HOW_TO = """\
Edit what is said, and save this file as {name} beside the post in the inbox.
Change words; delete, move or add lines, with an empty line between. A new line needs no brackets.
In brackets: the role, the line's id (leave it) and the silence after the line. `voice NAME` in them
changes who says it. Voices here: {voices}.
To say a word otherwise, add a line below this: pronounce: nginx = engine x"""


def is_script_file(content: bytes) -> bool:
    """True if a file begins with the header line."""
    is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    charset = "utf-16" if is_wide else "utf-8-sig"
    beginning = content[:BEGINNING_BYTES].decode(charset, errors="ignore")
    return _BEGINNING.match(beginning) is not None


def script_name(name: str) -> str:
    """Name the script file of a post."""
    stem, dot, suffix = name.rpartition(".")
    return f"{stem if dot and stem and '/' not in suffix else name}{SCRIPT_SUFFIX}"


def write_script(draft: Draft, name: str, saved_as: str = "") -> str:
    """Write the script file of a draft; see `write_review`."""
    return write_review(script_of_draft(draft), draft, name, saved_as)


def write_review(script: ReviewScript, draft: Draft, name: str, saved_as: str = "") -> str:
    """Write the file of a script of this draft, whose post has this name.

    The script may have a person's changes.

    Its base is the draft's: what differs from it counts as the person's. `saved_as` is the name
    that the file needs to be found; empty for that of `script_name`.
    """
    own = script_of_draft(draft).lines
    voices = ", ".join(sorted({NARRATOR, *draft.speakers}, key=lambda who: who != NARRATOR))
    how_to = _HOW_TO.format(
        name=_in_comment(saved_as or script_name(name)), voices=_in_comment(voices)
    )
    parts = [
        f"{HEADER} of {_in_comment(name)}, form {FORM} -->",
        f"<!-- {how_to} -->",
        *(f"pronounce: {word} = {said}" for word, said in script.pronounced),
        *map(_line, script.lines),
        base_block(own),
    ]
    return "\n\n".join(parts) + "\n"


def _line(line: ReviewLine) -> str:
    return f"{line_tag(line)} {line.text}"


def _in_comment(text: str) -> str:
    """Write a name so that it ends no comment."""
    return printable(text).replace(">", "_").replace("<", "_")
