"""The page's text of documents, as an HTML parser reads it."""

import re
from typing import Any

from bs4 import BeautifulSoup, Tag

from narrated.post_html.page_text import page_text
from narrated.post_html.spoken_sentences import SpokenSentence, sentences_of_script
from narrated.reading import document as doc
from narrated.reading.source_reader import read
from narrated.script.builder import build_script
from narrated.script.lexicon import Lexicon
from narrated.script.script import Caption, ReadingSettings

PLAIN = ReadingSettings()


def sentences_of(
    document: doc.Document,
    captions: dict[str, Caption] | None = None,
    settings: ReadingSettings = PLAIN,
) -> list[SpokenSentence]:
    """The sentences of a document's script."""
    script = build_script(document, captions or {}, Lexicon.parse([]), settings)
    return sentences_of_script(script)


def html_of(
    source: str, *, name: str = "post.md", captions: Any = None, copies: Any = None, **settings: Any
) -> str:
    """The page's text of a source."""
    document = read(source.encode(), name)
    chosen = ReadingSettings(**settings)
    sentences = sentences_of(document, captions, chosen)
    return page_text(document, sentences, captions or {}, copies or {}, chosen.language)


def parsed(html: str) -> BeautifulSoup:
    """The text as a parser reads it that follows the rules of browsers."""
    return BeautifulSoup(html, "lxml")


def words_of(node: Tag) -> str:
    """The words of an element, white space folded."""
    return " ".join(node.get_text().split())


def marked(tree: BeautifulSoup) -> dict[int, str]:
    """The words of each sentence that is marked, by its number."""
    found: dict[int, list[str]] = {}
    for node in tree.select("[data-s]"):
        for number in map(int, str(node["data-s"]).split()):
            found.setdefault(number, []).append(node.get_text())
    return {number: re.sub(r"\s+", " ", "".join(parts)) for number, parts in found.items()}


_ELEMENTS = """
    h1 h2 h3 h4 h5 h6 p ul ol li dl dt dd table caption thead tbody tr th td blockquote pre code
    figure img figcaption section a em strong del sub sup mark abbr span br hr div
"""
_ATTRIBUTES = """
    data-s class id lang dir start scope colspan rowspan href rel src alt title width height loading
"""
ELEMENTS, ATTRIBUTES = set(_ELEMENTS.split()), set(_ATTRIBUTES.split())
TARGET = re.compile(r"https?://\S+|mailto:\S+|#t-[\w-]+", re.I)
"""Targets of links, and `src` of pictures alone: index.files/."""


def check_safe(html: str) -> None:
    """Nothing in a text can run, load or look like anything that is not ours."""
    body = parsed(html).body
    ids = []
    for node in body.find_all(True) if body else ():
        assert node.name in ELEMENTS, node
        assert set(node.attrs) <= ATTRIBUTES, node
        ids += [node["id"]] if node.has_attr("id") else []
        if node.has_attr("href"):
            assert node.name == "a", node
            assert TARGET.fullmatch(str(node["href"])), node
            assert not str(node["href"]).startswith("#") or str(node["href"])[1:] in html, node
        if node.has_attr("src"):
            assert re.fullmatch(r"index\.files/[0-9a-f]+\.jpg", str(node["src"])), node
    assert len(ids) == len(set(ids))


def numbers_in(html: str) -> set[int]:
    """The sentences that a text marks."""
    return {
        int(each) for found in re.findall(r' data-s="([\d ]+)"', html) for each in found.split()
    }
