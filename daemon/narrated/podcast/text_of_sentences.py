"""HTML of a narration whose source is gone: its sentences, block by block, by their roles."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from narrated.outbox.manifest_sentences import SentenceTime
from narrated.podcast.episode import TextBlock
from narrated.post_html.inline_markup import attributes, words

_TAGS = {"title": "h1", "heading": "h2", "item": "li", "quote": "blockquote", "code": "pre"}
"""The elements of roles; all others are paragraphs."""


def text_of_sentences(heard: Sequence[SentenceTime], blocks: Iterable[TextBlock]) -> str:
    """Write the sentences of a manifest, marked; what belongs to no block is no part of the text.

    The items of a list that follow each other are one list.
    """
    roles = {each.number: each.role for each in reversed(list(blocks))}
    written = []
    for is_list, group in groupby(_elements(heard, roles), lambda each: each[0]):
        content = "\n".join(element for _, element in group)
        written.append(f"<ul>\n{content}\n</ul>" if is_list else content)
    return "\n".join(written)


def _elements(heard: Sequence[SentenceTime], roles: dict[int, str]) -> Iterator[tuple[bool, str]]:
    """Give each block's element, and True if it is an item of a list."""
    for block, parts in groupby(enumerate(heard), lambda each: each[1].block):
        if block < 0:
            continue
        tag = _TAGS.get(roles.get(block, ""), "p")
        spans = " ".join(
            f"<span{attributes('s', [number])}>{words(each.written or each.spoken)}</span>"
            for number, each in parts
        )
        yield tag == "li", f"<{tag}>{spans}</{tag}>"
