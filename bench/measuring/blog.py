"""Posts in the manner of a technical blog: the same in every run, and no sentence twice.

About seven words in ten stand in paragraphs; the rest are headings, lists, code, quotations,
tables, footnotes and highlighted code in raw HTML.
"""

import html
from collections.abc import Iterator, Sequence
from random import Random

from markdown_it import MarkdownIt
from mdit_py_plugins.footnote import footnote_plugin

from measuring.prose import Maker, Prose

_LANGUAGES = ("python", "bash", "rust", "sql", "yaml", "c", "")


def posts(words: int, seed: int) -> Iterator[str]:
    """Posts in Markdown of 400 to 6,000 words, until there are so many words in all."""
    random = Random(seed)
    while words > 0:
        text = post(min(words, random.randint(400, 6_000)), random.randrange(2**32))
        words -= len(text.split())
        yield text


def post(words: int, seed: int) -> str:
    """One post in Markdown, of so many words or up to a block more."""
    return _Author(Random(seed)).post(words)


def page(markdown: str) -> str:
    """The same words as a page of HTML, with a menu around them."""
    body = MarkdownIt().enable("table").use(footnote_plugin).render(markdown)
    return (
        "<!DOCTYPE html>\n<html lang=en><head><title>A post</title></head><body>"
        f"<nav><a href=/>Home</a></nav><article>\n{body}</article></body></html>\n"
    )


def plain(markdown: str) -> str:
    """The same words without any markup, an empty line between paragraphs."""
    found = []
    for token in MarkdownIt().enable("table").parse(markdown):
        if token.type == "inline":
            found.append("".join(each.content for each in token.children or ()))
        elif token.type in ("fence", "code_block"):
            found.append(token.content)
    return "\n\n".join(found) + "\n"


class _Author(Prose):
    """Writes one post; footnotes are numbered in it."""

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        self._notes = 0
        self._blocks: Sequence[tuple[Maker, int]] = (
            (self._paragraph, 100),
            (self._heading, 16),
            (self._list, 12),
            (self._nested_list, 3),
            (self._fence, 16),
            (self._quote, 5),
            (self._noted_paragraph, 4),
            (self._picture, 6),
            (self._highlighted, 3),
            (self._table, 2),
            (self._rule, 1),
        )

    def post(self, words: int) -> str:
        blocks = [f"# {self.phrase(4, 9).capitalize()}", self._paragraph()]
        words -= sum(len(each.split()) for each in blocks)
        while words > 0:
            blocks.append(self.one_of(self._blocks))
            words -= len(blocks[-1].split())
        return "\n\n".join(blocks) + "\n"

    def _paragraph(self) -> str:
        return self.sentences(2, 6)

    def _noted_paragraph(self) -> str:
        self._notes += 1
        label = f"[^note-{self._notes}]"
        return f"{self._paragraph()}{label}\n\n{label}: {self.sentences(1, 2)}"

    def _heading(self) -> str:
        return f"{'#' * self.random.randint(2, 4)} {self.phrase(2, 7).capitalize()}"

    def _list(self) -> str:
        count = self.random.randint(2, 6)
        marks = self.random.choice((["-"] * count, [f"{n}." for n in range(1, count + 1)]))
        return "\n".join(f"{mark} {self.sentence()}" for mark in marks)

    def _nested_list(self) -> str:
        return "\n".join(
            f"- {self.sentence()}\n  - {self.sentence()}\n  - {self.phrase(2, 6)}"
            for _ in range(self.random.randint(2, 3))
        )

    def _quote(self) -> str:
        return f"> {self.sentences(1, 5)}"

    def _fence(self) -> str:
        return f"```{self.random.choice(_LANGUAGES)}\n{self._code()}\n```"

    def _code(self) -> str:
        return "\n".join(
            f"{'    ' * self.random.randint(0, 2)}{self.identifier()} = "
            f"{self.phrase(1, 3)}({self.random.randint(0, 99)})  # {self.phrase(1, 4)}"
            for _ in range(self.random.randint(1, 10))
        )

    def _highlighted(self) -> str:
        lines = "\n".join(
            f'<span class="k">def</span> <span class="nf">{html.escape(line)}</span>'
            for line in self._code().splitlines()
        )
        return (
            f'<div class="highlight"><pre><code class="language-python">{lines}</code></pre></div>'
        )

    def _picture(self) -> str:
        return f"![{self.phrase(2, 7)}](/static/{self.random.randint(2005, 2025)}/photo.jpg)"

    def _table(self) -> str:
        rows = [[self.phrase(1, 2), self.number(), self.measure()] for _ in range(4)]
        head = "| Name | Count | Size |\n|---|---|---|\n"
        return head + "\n".join(f"| {' | '.join(row)} |" for row in rows)

    def _rule(self) -> str:
        return "---"
