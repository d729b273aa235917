"""A parser's answers to requests for parts of the page."""

from collections.abc import Iterable
from html import escape, unescape
from typing import Any

import msgspec

from narrated.outbox.manifest_sentences import SentenceTime, decoded_sentences
from narrated.podcast.episode_text import (
    Paragraph,
    description_html,
    paragraphs_of_plan,
    paragraphs_of_sentences,
)
from narrated.podcast.page_episode import PageSentence
from narrated.podcast.page_markup import page_entry, page_head
from narrated.podcast.page_requests import PageParts, PageRequest
from narrated.podcast.page_scripts import episode_script, search_words
from narrated.podcast.show import Show
from narrated.podcast.text_of_sentences import text_of_sentences
from narrated.post_html.kept_text import KeptText
from narrated.post_html.opening_words import opening_words


def answer(header: dict[str, Any], payload: bytes) -> bytes:
    """Write the part of the page that a request asks for."""
    asked, sentences, plan, text = PageRequest.decode(header, payload)
    if asked.episode is None:
        return page_head(asked.podcast or Show(title=""), asked.shows, asked.searches)
    blocks = asked.blocks
    heard = decoded_sentences(msgspec.Raw(sentences))
    words = paragraphs_of_sentences(sentences, blocks) or paragraphs_of_plan(plan)
    words = words or tuple(Paragraph(each.role, each.beginning) for each in blocks)
    html = KeptText.decode(text).html_for(asked.episode.key, heard) if text else ""
    own = asked.episode.description.strip()
    episode = msgspec.structs.replace(
        asked.episode,
        description=unescape(description_html(own or opening_words(html), words)),
        sentences=tuple(map(_sentence, range(len(heard)), heard)),
        html=html or text_of_sentences(heard, blocks) or _text_of_paragraphs(words),
    )
    parts = PageParts(page_entry(episode), episode_script(episode), search_words(episode))
    return msgspec.msgpack.encode(parts)


def _sentence(number: int, heard: SentenceTime) -> PageSentence:
    return PageSentence(number, heard.start_s, heard.end_s, heard.written or heard.spoken)


def _text_of_paragraphs(paragraphs: Iterable[Paragraph]) -> str:
    """The text of a narration of before there were sentences."""
    return "\n".join(f"<p>{escape(each.text, quote=False)}</p>" for each in paragraphs)
