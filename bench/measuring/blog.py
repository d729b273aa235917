"""Posts like those of a technical blog: the same in every run, and no sentence twice.

About seven words in ten stand in paragraphs; the rest are headings, lists, code, quotations,
tables, footnotes and highlighted code in raw HTML.
"""

import html
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from random import Random

from markdown_it import MarkdownIt
from mdit_py_plugins.footnote import footnote_plugin

from measuring.texts import VOCABULARY

Maker = Callable[[], str]
"""Writes something else each time."""

_TALLY = list(accumulate(1 / (rank + 8) for rank in range(len(VOCABULARY))))
"""Words are drawn by their place in the vocabulary."""
_ACRONYMS = "API CPU GPU TTS SQL HTTP JSON YAML TLS DNS SSD RAM CLI SDK NASA GPUs URLs US"
_NAMES = "Python Postgres Redis Linux GitHub Kubernetes SQLite Rust Berlin Lisbon Ada"
_ABBREVIATIONS = "e.g.|i.e.|etc.|vs.|approx.|cf.|Dr. Hale|Fig. 3|No. 7|p. 12"
_EMOJI = ("😀", "👍🏽", "🎉", "🚀", "🇩🇪", "⚠️")
_UNITS = "GB MB ms kg km GHz KiB fps dB °C km/h MB/s %"
_MONTHS = "January March May June August October December"
_SUFFIXES = "py md yaml rs html log js"
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


class _Author:
    """Writes one post, the same one for the same `random`; footnotes are numbered in it."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._things: Sequence[tuple[Maker, int]] = (
            (self._number, 8),
            (self._measure, 7),
            (self._code_words, 12),
            (self._link, 9),
            (self._emphasis, 8),
            (self._identifier, 5),
            (self._date, 5),
            (self._version, 4),
            (self._path, 3),
            (self._money, 2),
            (self._clock, 2),
            (self._address, 1),
            (lambda: random.choice(_ACRONYMS.split()), 8),
            (lambda: random.choice(_NAMES.split()), 6),
            (lambda: random.choice(_ABBREVIATIONS.split("|")), 4),
            (lambda: random.choice(_EMOJI), 1),
        )
        self._notes = 0
        self._blocks: Sequence[tuple[Maker, int]] = (
            (lambda: self._sentences(2, 6), 100),
            (self._heading, 16),
            (self._list, 12),
            (self._nested_list, 3),
            (self._fence, 16),
            (lambda: f"> {self._sentences(1, 5)}", 5),
            (self._noted_paragraph, 4),
            (self._picture, 6),
            (self._highlighted, 3),
            (self._table, 2),
            (lambda: "---", 1),
        )

    def _one_of(self, makers: Sequence[tuple[Maker, int]]) -> str:
        """Let one of several makers write, each as often as its number says."""
        every, weights = zip(*makers, strict=True)
        maker: Maker = self._random.choices(every, weights)[0]
        return maker()

    def _some(self, least: int, most: int) -> list[str]:
        count = self._random.randint(least, most)
        return self._random.choices(VOCABULARY, cum_weights=_TALLY, k=count)

    def _phrase(self, least: int, most: int) -> str:
        return " ".join(self._some(least, most))

    def _sentence(self) -> str:
        words = self._some(6, 24)
        for at in range(3, len(words), 9):
            if self._random.random() < 0.7:
                words[at] = self._one_of(self._things)
        if len(words) > 11:
            words[len(words) // 2] += self._random.choice(",,,,;:")
        words[0] = words[0][0].upper() + words[0][1:]
        return " ".join(words) + self._random.choice("........?!")

    def _sentences(self, least: int, most: int) -> str:
        return " ".join(self._sentence() for _ in range(self._random.randint(least, most)))

    def _number(self) -> str:
        number = self._random.randrange(10 ** self._random.randint(1, 7))
        return self._random.choice((f"{number}", f"{number:,}", f"{number / 100:.2f}"))

    def _measure(self) -> str:
        space = self._random.choice(("", " "))
        return f"{self._random.randint(1, 900)}{space}{self._random.choice(_UNITS.split())}"

    def _money(self) -> str:
        return f"{self._random.choice('$€£')}{self._random.randint(1, 9_999) / 100:.2f}"

    def _date(self) -> str:
        year, month, day = (
            self._random.randint(*each) for each in ((1950, 2025), (1, 12), (1, 28))
        )
        spelled = f"{self._random.choice(_MONTHS.split())} {day}, {year}"
        return self._random.choice((f"{year}-{month:02}-{day:02}", spelled, f"in {year}"))

    def _clock(self) -> str:
        return f"{self._random.randint(0, 23)}:{self._random.randint(0, 59):02}"

    def _version(self) -> str:
        parts = ".".join(str(self._random.randint(0, 20)) for _ in range(3))
        return self._random.choice((f"v{parts}", parts, f"Python 3.{self._random.randint(8, 14)}"))

    def _identifier(self) -> str:
        words = [word for word in self._some(2, 3) if word.isalpha()] or ["size"]
        camel = words[0] + "".join(word.capitalize() for word in words[1:])
        return self._random.choice(("_".join(words), camel, f"{camel}()"))

    def _path(self) -> str:
        names = "/".join(word for word in self._some(2, 3) if word.isalpha())
        suffix = self._random.choice(_SUFFIXES.split())
        return self._random.choice((f"/usr/{names}", f"{names}.{suffix}", f"~/{names}.{suffix}"))

    def _code_words(self) -> str:
        return f"`{self._one_of(((self._identifier, 5), (self._path, 2), (self._flag, 2)))}`"

    def _flag(self) -> str:
        return f"--{self._some(1, 1)[0].strip(chr(39))}-{self._random.randint(0, 9)}"

    def _link(self) -> str:
        return f"[{self._phrase(1, 4)}]({self._address()})"

    def _address(self) -> str:
        return (
            f"https://example.org/{self._random.randint(2005, 2025)}/{self._random.randrange(999)}"
        )

    def _emphasis(self) -> str:
        mark = self._random.choice(("*", "**", "_"))
        return f"{mark}{self._phrase(1, 4)}{mark}"

    def post(self, words: int) -> str:
        blocks = [f"# {self._phrase(4, 9).capitalize()}", self._sentences(2, 6)]
        words -= sum(len(each.split()) for each in blocks)
        while words > 0:
            blocks.append(self._one_of(self._blocks))
            words -= len(blocks[-1].split())
        return "\n\n".join(blocks) + "\n"

    def _noted_paragraph(self) -> str:
        self._notes += 1
        label = f"[^note-{self._notes}]"
        return f"{self._sentences(2, 6)}{label}\n\n{label}: {self._sentences(1, 2)}"

    def _heading(self) -> str:
        return f"{'#' * self._random.randint(2, 4)} {self._phrase(2, 7).capitalize()}"

    def _list(self) -> str:
        count = self._random.randint(2, 6)
        marks = self._random.choice((["-"] * count, [f"{n}." for n in range(1, count + 1)]))
        return "\n".join(f"{mark} {self._sentence()}" for mark in marks)

    def _nested_list(self) -> str:
        return "\n".join(
            f"- {self._sentence()}\n  - {self._sentence()}\n  - {self._phrase(2, 6)}"
            for _ in range(self._random.randint(2, 3))
        )

    def _fence(self) -> str:
        return f"```{self._random.choice(_LANGUAGES)}\n{self._code()}\n```"

    def _code(self) -> str:
        return "\n".join(
            f"{'    ' * self._random.randint(0, 2)}{self._identifier()} = "
            f"{self._phrase(1, 3)}({self._random.randint(0, 99)})  # {self._phrase(1, 4)}"
            for _ in range(self._random.randint(1, 10))
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
        return f"![{self._phrase(2, 7)}](/static/{self._random.randint(2005, 2025)}/photo.jpg)"

    def _table(self) -> str:
        rows = [[self._phrase(1, 2), self._number(), self._measure()] for _ in range(4)]
        head = "| Name | Count | Size |\n|---|---|---|\n"
        return head + "\n".join(f"| {' | '.join(row)} |" for row in rows)
