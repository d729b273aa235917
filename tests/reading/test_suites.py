"""The suites of CommonMark and of HTML5's parser: no word of theirs is lost, none costs long.

A word is kept where it is spoken, or listed as never spoken.
"""

import time
from collections import Counter

import msgspec
import pytest

from narrated.errors import SourceError
from narrated.reading import html, markdown
from narrated.reading.source_reader import read
from narrated.reading.text_decoding import cleaned
from support.suites import SuiteCase, examples, trees, words

MOST_S = 1.0
RUNS_ON = {"Text", "InlineCode", "InlineMath", "Emphasis", "Deleted", "Link"}
UNSAID = {"type", "target", "source", "label", "kind", "reason"}


def told(value):
    """Write all that blocks hold: spans run on, all else stands apart."""
    if isinstance(value, dict):
        parts = [joined(key, inner) for key, inner in value.items() if key not in UNSAID]
        return "".join(parts) if value.get("type") in RUNS_ON else "\n".join(["", *parts, ""])
    if isinstance(value, list | tuple):
        return "\n".join(told(inner) for inner in value)
    return value if isinstance(value, str) else ""


def joined(key, value):
    return "".join(told(inner) for inner in value) if key == "spans" else told(value)


def post(case):
    return told(msgspec.to_builtins(markdown.blocks(cleaned(case.source), case.name)))


def page(case):
    found = html.page(cleaned(case.source), case.name)
    return f"{found.title}\n{told(msgspec.to_builtins(found.blocks))}"


def lost_words(case, text):
    return Counter(case.words) - Counter(words(text))


def lost_letters(case, text):
    """Tell what a page lacks, where its elements may part words and join them otherwise."""
    lost = Counter("".join(case.words)) - Counter("".join(words(text)))
    torn = [word for word in case.words if word in case.source and word not in text]
    return lost or torn


def failures(cases, reading, lost):
    for case in cases:
        began_s = time.process_time()
        missing = lost(case, reading(case))
        spent_s = time.process_time() - began_s
        if missing or spent_s > MOST_S:
            yield case.name, case.source, missing, spent_s


def test_commonmark_loses_no_word():
    """No word of a CommonMark example is lost."""
    cases = examples()
    assert len(cases) > 600
    assert list(failures(cases, post, lost_words)) == []


def test_html5_trees_lose_no_word():
    """No word of an HTML5 tree is lost."""
    cases = trees()
    assert len(cases) > 1600
    assert list(failures(cases, page, lost_letters)) == []


@pytest.mark.parametrize(("suite", "name"), [(examples, "a.md"), (trees, "a.html")])
def test_cases_are_read_or_refused(suite, name):
    """Each case is read as a file or refused by its name."""
    for case in suite():
        try:
            assert read(case.source.encode(), name).blocks
        except SourceError as error:
            assert "nothing to say" in error.problem or "\0" in case.source
            assert name in error.problem


@pytest.mark.parametrize(("reading", "lost"), [(post, lost_words), (page, lost_letters)])
def test_a_lost_word_would_be_noticed(reading, lost):
    assert lost(
        SuiteCase("a", "<p>kept</p>", ("kept", "gone")), reading(SuiteCase("a", "<p>kept", ()))
    )
