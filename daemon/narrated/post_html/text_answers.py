"""A parser's answers to requests for a post's text, and for copies of its pictures."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

import msgspec

from narrated.outbox.manifest import BlockTime
from narrated.outbox.manifest_sentences import decoded_sentences
from narrated.post_html.kept_text import KeptText
from narrated.post_html.page_text import page_text
from narrated.post_html.spoken_sentences import (
    sentences_of_manifest,
    sentences_of_script,
    spoken_size,
)
from narrated.post_html.text_forms import CopyAnswer, DraftWithText, PageCopy
from narrated.reading import document as doc
from narrated.reading.cover_jpeg import cover
from narrated.script.script import Caption, Draft

_LINES = list[BlockTime]


def answer_with_text(document: doc.Document, draft: Draft, header: Mapping[str, Any]) -> bytes:
    """Answer with a draft and the text of its document.

    A narration of before has its sentences in its manifest, which may be of another script.
    """
    captions = msgspec.convert(header["captions"], dict[str, Caption])
    copies = msgspec.convert(header["copies"], dict[str, PageCopy])
    sizes: tuple[int, ...] = ()
    if "sentences" in header:
        heard = decoded_sentences(msgspec.Raw(header["sentences"].encode()))
        sentences = sentences_of_manifest(heard, msgspec.convert(header["lines"], _LINES))
    else:
        sentences = sentences_of_script(draft.script)
        sizes = tuple(spoken_size(each.spoken) for each in sentences)
    html = page_text(document, sentences, captions, copies, draft.language)
    text = KeptText(html, sizes).encode()
    return msgspec.msgpack.encode(DraftWithText(msgspec.json.encode(draft), text))


def picture_copy(picture: bytes, side: int) -> bytes:
    """Answer with a JPEG of at most `side` pixels a side. Errors: SourceError."""
    from PIL import Image  # late: few requests need Pillow

    jpeg = cover(picture, side=side)
    with Image.open(BytesIO(jpeg)) as copy:
        return msgspec.msgpack.encode(CopyAnswer(jpeg, *copy.size))
