"""A parser's answers to requests for parts of a feed."""

from collections.abc import Iterable
from typing import Any

from narrated.podcast.episode import TextBlock
from narrated.podcast.episode_text import (
    Paragraph,
    paragraphs_of_plan,
    paragraphs_of_sentences,
)
from narrated.podcast.feed_requests import FeedRequest
from narrated.podcast.rss import feed_head, feed_item


def answer(header: dict[str, Any], payload: bytes) -> bytes:
    """Write the part of a feed that a request asks for."""
    asked, sentences, plan = FeedRequest.decode(header, payload)
    if asked.episode is None:
        return feed_head(asked.show, asked.newest_s)
    blocks = asked.episode.blocks
    words = paragraphs_of_sentences(sentences, blocks) or paragraphs_of_plan(plan)
    return feed_item(asked.show, asked.episode, words or _beginnings(blocks))


def _beginnings(blocks: Iterable[TextBlock]) -> tuple[Paragraph, ...]:
    """The text as far as an older manifest has it, where the plan of its job is lost."""
    return tuple(Paragraph(each.role, each.beginning, each.picture) for each in blocks)
