"""The language that an author marks words with, in HTML and in the dialects of Markdown."""

import pytest

from narrated.reading import document as doc
from narrated.reading.source_reader import read
from narrated.script.inline_text import find_spans
from narrated.script.traversal import numbered_blocks


def foreign(text, name="post.md"):
    """The marked words of a source, in order, each with its language."""
    document = read(text.encode(), name)
    found = []
    for _, block in numbered_blocks(document):
        rows = [block.header, *block.rows] if isinstance(block, doc.Table) else []
        cells = [cell.spans for row in rows for cell in row]
        for spans in [getattr(block, "spans", ()), *cells]:
            found += [
                (doc.plain(one.spans), one.language) for one in find_spans(spans, doc.Foreign)
            ]
    return found


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("<p>He said <i lang=fr>bonjour</i>.", [("bonjour", "fr")]),
        ("<p>He said <q lang='pt-BR'>oi <b>tu</b></q>.", [("“oi tu”", "pt-BR")]),
        ("<blockquote lang=fr><p>Oui.<p>Non.</blockquote>", [("Oui.", "fr"), ("Non.", "fr")]),
        ("<section lang=de>Ja<ul><li>Eins</ul></section>", [("Ja", "de"), ("Eins", "de")]),
        ("<ul><li lang=de>Eins<li>One</ul>", [("Eins", "de")]),
        ("<h2 lang=it>Ciao</h2><p>x", [("Ciao", "it")]),
        ("<table><caption lang=es>Uno</caption><tr lang=de><td>Ja</table>",
         [("Uno", "es"), ("Ja", "de")]),
        ("<p xml:lang=fr>Oui", [("Oui", "fr")]),
        ("<p lang=de_AT>Servus", [("Servus", "de-AT")]),
    ],
)  # fmt: skip
def test_html_marks_languages(text, marked):
    """The `lang` of an element, of a block or in a sentence, is that of its words."""
    assert foreign(text, "page.html") == marked
    assert foreign(f"Before.\n\n{text}") == marked


def test_innermost_language_wins():
    """A language inside another wins; an empty one, and one that is none, are the post's."""
    text = '<p lang=fr>a <i lang=de>b</i> <i lang="">c</i> <i lang=klingon>d</i> <i lang=xx>e</i>'
    assert foreign(text)[1:] == [("b", "de"), ("c", ""), ("d", ""), ("e", "")]
    assert foreign(f"<p lang={'a' * 10_000}>Words") == []


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("He said [bon *jour*]{lang=fr}.", [("bon jour", "fr")]),
        ("He said [bonjour]{.x lang=fr}[ja]{lang=de}.", [("bonjour", "fr"), ("ja", "de")]),
        ("::: {lang=fr}\nOui.\n\n- Non.\n:::\n\nYes.", [("Oui.", "fr"), ("Non.", "fr")]),
        ("::: {.note lang=fr}\nOui.\n:::", [("Oui.", "fr")]),
        ("# Gut {lang=de}\n\nx", [("Gut", "de")]),
        ("# Gut {#id lang=de}\n\nx", [("Gut", "de")]),
        ("# Gut {: lang='de'}\n\nx", [("Gut", "de")]),
        ("Bonjour.\n{: lang='fr'}\n\nx", [("Bonjour.", "fr")]),
        ("{: lang='fr'}\nBonjour.\n\nx", [("Bonjour.", "fr")]),
        ("Bonjour.\n{ lang=fr }\n\nx", [("Bonjour.", "fr")]),
        ("> Oui.\n{: lang='fr'}\n\nx", [("Oui.", "fr")]),
        ("- un\n- deux\n{: lang='fr'}\n\nx", [("un", "fr"), ("deux", "fr")]),
        ("- un\n  {: lang='fr'}\n- two", [("un", "fr")]),
        ("a *bonjour*{: lang='fr'} b", [("bonjour", "fr")]),
        ("a [t](u){lang=fr} b", [("t", "fr")]),
        ("<div markdown lang='fr'>\n\nOui *non*.\n\n</div>\n\nx", [("Oui non.", "fr")]),
        ("<p markdown='1' lang=fr>Oui *non*.</p>\n\nx", [("Oui non.", "fr")]),
        ("a :span[bonjour]{lang=fr} b", [("bonjour", "fr")]),
        (":::note{lang=fr}\nOui.\n:::\n\nx", [("Oui.", "fr")]),
        ("| a |\n|--|\n| [oui]{lang=fr} |", [("oui", "fr")]),
    ],
)
def test_markdown_marks_languages(text, marked):
    """The attributes of Pandoc, kramdown and MkDocs name the language of their element."""
    assert foreign(text) == marked


def test_other_attributes_mark_nothing():
    """Braces in a sentence stay words, and the language of code is none of words."""
    assert foreign("See {lang=fr} here.") == []
    assert (
        foreign("```{lang=fr}\nx\n```\n\n<pre lang=cs>x</pre>\n\nA <code lang=cs>y</code>.") == []
    )


def test_page_has_its_own_language():
    """A page's language is that of its root, body or article, not one of words inside."""
    for text in (
        "<html lang=fr><p>Oui",
        "<body lang=fr><p>Oui",
        "<article lang=fr><p>Oui</article>",
    ):
        document = read(text.encode(), "page.html")
        assert (document.metadata.language, foreign(text, "page.html")) == ("fr", [])
    assert read(b"<html lang=klingon><p>Oui", "page.html").metadata.language is None
