"""The tags that a published audio file gets."""

import msgspec

from narrated.audio.chapters import Chapter


class AudioTags(msgspec.Struct, frozen=True):
    """Tags of a narration; an empty field is not written."""

    title: str
    author: str = ""
    album: str = ""
    date: str = ""
    """ISO 8601; may be a year or a month alone."""
    language: str = ""
    """A language tag such as `en` or `en-us`."""
    cover: bytes | None = None
    """A JPEG file."""
    description: str = ""
    genres: tuple[str, ...] = ()
    """The tags of the post, since every format has a place for genres."""
    chapters: tuple[Chapter, ...] = ()
    """As they are settled; a wav has no place for them."""
