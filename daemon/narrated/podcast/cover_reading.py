"""Reads what a cover says of itself, for the check of the rules of covers."""

import warnings
from io import BytesIO

from PIL import Image

from narrated.podcast.feed_reading import CoverFacts

HEAD_BYTES = 1 << 16
"""The beginning of a cover, in which its size stands."""
_BROKEN = (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError)
"""Errors of Pillow for a picture that is none, is damaged, or claims to be enormous."""


def cover_facts(beginning: bytes) -> CoverFacts:
    """Read the kind and the size of a picture; nothing of it is decoded.

    One that is none, whoever wrote it, has neither.
    """
    try:
        with (
            warnings.catch_warnings(action="ignore"),  # of pictures that are too large
            Image.open(BytesIO(beginning), formats=("JPEG", "PNG")) as found,
        ):
            return CoverFacts(str(found.format), found.mode, *found.size)
    except _BROKEN:
        return CoverFacts("", "", 0, 0)
