"""A parser's answers to requests for parts of a feed."""

from typing import Any

from narrated.podcast.episode import Episode
from narrated.podcast.episode_text import Paragraph, paragraphs_of_plan
from narrated.podcast.feed_requests import FeedRequest
from narrated.podcast.rss import feed_head, feed_item


def answer(header: dict[str, Any], payload: bytes) -> bytes:
    """Write the part of a feed that a request asks for."""
    asked, plan = FeedRequest.decode(header, payload)
    if asked.episode is None:
        return feed_head(asked.show, asked.newest_s)
    known = paragraphs_of_plan(plan) if plan else ()
    return feed_item(asked.show, asked.episode, known or _beginnings(asked.episode))


def _beginnings(episode: Episode) -> tuple[Paragraph, ...]:
    """The text as far as the manifest has it: a ledger that was restored has no plans."""
    return tuple(Paragraph(role, text) for role, text in episode.beginnings)
