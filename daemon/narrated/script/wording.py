"""Running text as it is said: spans become words."""

import re
from collections.abc import Iterable, Iterator
from typing import Literal

from narrated.reading.document import (
    Emphasis,
    FootnoteMark,
    InlineCode,
    InlineMath,
    InlinePicture,
    LineBreak,
    Link,
    Spans,
    Text,
)
from narrated.script import phrases
from narrated.script.script import Caption, Captions

UNDESCRIBED = Caption(missing="nobody has described it yet")
_BREAK = "\n"
_SPACE_BEFORE_END = re.compile(r"(?<=\))\s+(?=[.,;:!?])")
_UNENDED_LINE = re.compile(r"(?<=[\w)”’\"'])\s*\n\s*")


def worded(
    spans: Iterable[Spans], captions: Captions, links: Literal["text", "announce"] = "text"
) -> str:
    """Say spans on one line; footnote marks are silent, broken lines get a comma."""
    text = "".join(_words(span, captions, links) for span in spans).strip()
    text = _SPACE_BEFORE_END.sub("", _UNENDED_LINE.sub(", ", text))
    return " ".join(text.split())


def called_notes(spans: Iterable[Spans]) -> Iterator[str]:
    """Give the labels of the footnotes that these spans call, in order."""
    for span in flattened(spans):
        if isinstance(span, FootnoteMark):
            yield span.label


def shown_pictures(spans: Iterable[Spans]) -> Iterator[InlinePicture]:
    """Give the pictures inside these spans, in order."""
    for span in flattened(spans):
        if isinstance(span, InlinePicture):
            yield span


def flattened(spans: Iterable[Spans]) -> Iterator[Spans]:
    """Give spans and the spans inside them, in order."""
    for span in spans:
        yield span
        if isinstance(span, Emphasis | Link):
            yield from flattened(span.spans)


def _words(span: Spans, captions: Captions, links: Literal["text", "announce"]) -> str:
    match span:
        case Text(text):
            return text.replace(_BREAK, " ")
        case InlineCode(text):
            return text
        case Emphasis(spans=inner):
            return "".join(_words(one, captions, links) for one in inner)
        case Link(spans=inner):
            words = "".join(_words(one, captions, links) for one in inner)
            return f"{words} {phrases.LINK}" if links == "announce" and words.strip() else words
        case InlinePicture(source, alt, title):
            caption = captions.get(source, UNDESCRIBED)
            return f" {phrases.inline_picture(alt, title, caption.text)} "
        case InlineMath():
            return phrases.INLINE_FORMULA
        case LineBreak():
            return _BREAK
        case FootnoteMark():
            return ""
