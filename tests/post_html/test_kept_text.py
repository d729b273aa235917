"""A post's text in the ledger, and the episode that it becomes the text of."""

import msgspec
import pytest
from hypothesis import given, settings

from narrated.outbox.manifest import BlockTime
from narrated.outbox.manifest_sentences import SentenceTime
from narrated.podcast.episode import TextBlock
from narrated.podcast.text_of_sentences import text_of_sentences
from narrated.post_html.kept_text import KeptText
from narrated.post_html.spoken_sentences import (
    numbers_in_manifest,
    sentences_of_manifest,
    sentences_of_script,
    spoken_size,
)
from narrated.script.builder import build_script
from narrated.script.chunks import chunk_script
from narrated.script.lexicon import Lexicon
from support.documents import DOCUMENT
from support.page_texts import PLAIN, check_safe, numbers_in, parsed

HTML = (
    '<h1 id="t-h0"><span class="s" data-s="0">A.</span></h1><p class="announced" data-s="1 2">B</p>'
)


def heard(*spoken):
    """The sentences of a manifest."""
    return tuple(SentenceTime(block=0, start_s=0, end_s=1, spoken=each) for each in spoken)


def test_text_comes_back_whole():
    """A text is as it was after the ledger kept it."""
    text = KeptText(HTML, (2, 1, 1))
    assert KeptText.decode(text.encode()) == text


def test_ids_get_the_episodes_key():
    """No id of one episode's text is that of another's, and links inside follow."""
    html = KeptText('<p id="t-h1"><a href="#t-h1" rel="x">t-h1 id=&quot;t-</a></p>').html_for(
        "k", ()
    )
    assert html == '<p id="k-h1"><a href="#k-h1" rel="x">t-h1 id=&quot;t-</a></p>'


@pytest.mark.parametrize(
    ("spoken", "numbers"),
    [
        (("A.", "B", "C"), {0, 1, 2}),
        (("A.", "B C"), {0, 1}),  # nobody knows when C begins
        (("A. B C",), {0}),
        (("A.", "other words"), set()),
        ((), set()),
    ],
)
def test_numbers_are_the_manifests(spoken, numbers):
    """A text has the numbers of its narration's sentences; of other words it has no marks."""
    text = KeptText(HTML, (2, 1, 1))
    assert numbers_in(text.html_for("k", heard(*spoken))) == numbers


def test_text_by_manifest_keeps_numbers():
    """A text that was marked by the manifest's sentences has their numbers already."""
    assert numbers_in(KeptText(HTML).html_for("k", ())) == {0, 1, 2}


@settings(deadline=None, max_examples=60)
@given(DOCUMENT)
def test_scripts_count_as_manifests_do(document):
    """A script's sentences are those that its chunks give the manifest, however they are cut."""
    script = build_script(document, {}, Lexicon.parse([]), PLAIN)
    sentences = sentences_of_script(script)
    told = []
    for chunk in chunk_script(script, {"narrator": 30}):
        starts = [one.start for one in chunk.sentences] or [0]
        for number, (start, end) in enumerate(zip(starts, [*starts[1:], None], strict=True)):
            spoken = chunk.text[start:end].strip()
            if number == 0 and chunk.sentences and chunk.sentences[0].goes_on:
                told[-1] += f" {spoken}"
            else:
                told.append(spoken)
    manifest = tuple(SentenceTime(block=0, start_s=0, end_s=1, spoken=each) for each in told)
    sizes = [spoken_size(each.spoken) for each in sentences]
    assert numbers_in_manifest(sizes, manifest) == list(range(len(sentences)))


def test_manifest_knows_lines_by_times():
    """The sentences of a manifest are of the lines that its blocks tell of, by their times."""
    lines = [BlockTime(3, role, "", at, at + 2.0) for at, role in enumerate(("table", "table"))]
    times = [
        SentenceTime(block=3, start_s=at, end_s=at, spoken="a", written="b") for at in (0, 0.5, 1)
    ]
    found = sentences_of_manifest(times, lines)
    assert [each.line for each in found] == [0, 0, 1]
    assert {each.words for each in found} == {"b"}
    assert msgspec.to_builtins(found[0].role) == "table"


def test_gone_source_has_its_sentences():
    """A narration without its source has its sentences in elements by their roles."""
    roles = ("title", "heading", "paragraph", "item", "item", "quote")
    blocks = [TextBlock(at, role, "") for at, role in enumerate(roles)]
    times = [
        SentenceTime(block=at, start_s=0, end_s=1, spoken="It <b>.") for at in (-1, *range(6), 2)
    ]
    tree = parsed(text_of_sentences(times, blocks))
    assert [each.name for each in tree.body.find_all(recursive=False)] == [
        *("h1", "h2", "p", "ul", "blockquote", "p")
    ]
    assert [each["data-s"] for each in tree.select("ul > li > span.s")] == ["4", "5"]
    check_safe(str(tree.body.decode_contents()))
