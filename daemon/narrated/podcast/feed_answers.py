"""A parser's answers to requests for parts of a feed."""

import json
from collections.abc import Iterable
from functools import partial
from typing import Any

import msgspec

from narrated.errors import SourceError
from narrated.podcast.episode import TextBlock
from narrated.podcast.episode_text import (
    Paragraph,
    paragraphs_of_plan,
    paragraphs_of_sentences,
)
from narrated.podcast.feed_requests import FeedRequest
from narrated.podcast.feed_text import feed_html, picture_address
from narrated.podcast.rss import feed_head, feed_item
from narrated.podcast.show_section import folder_section
from narrated.post_html.kept_text import KeptText
from narrated.post_html.opening_words import opening_words
from narrated.printable import printable


def answer(header: dict[str, Any], payload: bytes) -> bytes:
    """Write the part of a feed that a request asks for."""
    asked, sentences, plan, text = FeedRequest.decode(header, payload)
    if asked.episode is None:
        return feed_head(asked.show, asked.newest_s)
    blocks = asked.episode.blocks
    words = paragraphs_of_sentences(sentences, blocks) or paragraphs_of_plan(plan)
    html = KeptText.decode(text).html if text else ""
    shown = feed_html(html, partial(picture_address, asked.show))
    description = asked.episode.description.strip() or opening_words(html)
    episode = msgspec.structs.replace(asked.episode, description=description)
    return feed_item(asked.show, episode, words or _beginnings(blocks), shown)


def section_answer(path: str, content: bytes) -> bytes:
    """Return the section of a folder's settings as JSON; empty if they give no show.

    Errors: SourceError.
    """
    try:
        text = content.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise SourceError(f"{printable(path)} is not UTF-8.", "Save it as UTF-8.") from error
    section = folder_section(text, path)
    if section is None:
        return b""
    return json.dumps(msgspec.to_builtins(section)).encode("ascii")  # paths may not be Unicode


def _beginnings(blocks: Iterable[TextBlock]) -> tuple[Paragraph, ...]:
    """The text as far as an older manifest has it, where the plan of its job is lost."""
    return tuple(Paragraph(each.role, each.beginning, each.picture) for each in blocks)
