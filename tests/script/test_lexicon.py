"""The user's pronunciations: whole words, their case, patterns, and messages about mistakes."""

import time
from pathlib import Path

import pytest

from narrated.errors import SourceError, SourceTookTooLong
from narrated.script.lexicon import Lexicon
from narrated.script.regex_time_limit import (
    NeedsBacktracking,
    RefusingRegexRunner,
    TimeLimitedRegexRunner,
)

EXAMPLE = Path(__file__).parents[2] / "config" / "lexicon.yaml"


def said(text, *lexicons):
    return Lexicon.parse(lexicons).apply(text)


def test_lower_case_matches_any_case():
    """A word in lower case matches in any case."""
    assert said("Nginx, NGINX, nginx", "words: {nginx: engine x}") == "engine x, engine x, engine x"


def test_capitals_match_exactly():
    """A word with a capital matches exactly."""
    assert said("US and us", "words: {US: U S}") == "U S and us"


def test_only_whole_words_are_replaced():
    """Only whole words are replaced."""
    assert said("cat concat cats cat_x cat", "words: {cat: dog}") == "dog concat cats cat_x dog"


def test_entries_hold_signs_and_spaces():
    """Words may hold signs and phrases may hold spaces."""
    lexicon = 'words: {"C++": C plus plus, ".net": dot net, "vi  editor": six}'
    assert said("C++, .NET and the vi editor", lexicon) == "C plus plus, dot net and the six"


def test_longest_entry_wins():
    """The longest entry wins, and its pronunciation is not replaced again."""
    assert said("new york", "words: {new: old, new york: new amsterdam}") == "new amsterdam"


def test_later_lexicon_wins():
    """A later lexicon wins."""
    assert said("a b", "words: {a: one, b: two}", "words: {a: first}") == "first two"


def test_patterns_follow_the_words():
    """Patterns are applied in order after the words."""
    lexicon = "words: {rfc: RFC}\npatterns:\n- {match: 'RFC (\\d+)', say: 'R F C \\1'}"
    assert said("rfc 2119", lexicon) == "R F C 2119"


def test_empty_lexicon_changes_nothing():
    """An empty lexicon changes nothing."""
    for empty in ("", "words:\npatterns:\n", "# nothing\n"):
        assert said("a b", empty) == "a b"


@pytest.mark.parametrize(
    ("lexicon", "named"),
    [
        ("words: [a]", "words"),
        ("words: {a: [b]}", "words: a"),
        ("wrods: {a: b}", "wrods"),
        ("patterns: {a: b}", "patterns"),
        ("patterns: [{match: a}]", "match"),
        ("patterns: [{match: '(', say: a}]", r"`\(`"),
        ("patterns: [{match: a, say: '\\1'}]", "group"),
        ("words: {a: b", "line"),
        ("just words", "mapping"),
    ],
)
def test_wrong_lexicon_names_the_entry(lexicon, named):
    """A lexicon that is wrong is refused with the entry's name."""
    with pytest.raises(SourceError, match=named):
        Lexicon.parse([lexicon])


def test_second_lexicon_is_named():
    """The second of two lexicons is named by its path."""
    with pytest.raises(SourceError, match=r"^b\.yaml: The lexicon: `words` is not a mapping"):
        Lexicon.parse(["words: {a: b}", "words: [a]"], ["a.yaml", "b.yaml"])


def test_limit_ends_backtracking():
    """Patterns that `re` must run share one second of CPU time; the next source has its own."""
    lexicon = "patterns:\n- {match: '(?=a)(a+)+$', say: x}\n- {match: 'b(?=c)', say: d}"
    limited = Lexicon.parse([lexicon], ["a.yaml"], TimeLimitedRegexRunner(0.2))
    assert limited.apply("bc aa bb") == "dc aa bb"
    began_s = time.process_time()
    with pytest.raises(SourceTookTooLong, match=r"a\.yaml.*`\(\?=a\).*longer than 0\.2 s"):
        for _ in range(100):
            limited.apply("a" * 18 + "!")
    assert time.process_time() - began_s < 5  # the limit of 0.2, and what `re` does between looks


def test_no_backtracking_is_refused():
    """Without backtracking, a pattern that needs `re` is refused, and only where it is applied."""
    lexicon = "patterns:\n- {match: 'a$', say: x}\n- {match: 'b(?=c)', say: d}"
    with pytest.raises(NeedsBacktracking):
        Lexicon.parse([lexicon], regex_runner=RefusingRegexRunner()).apply("bc")


def test_same_lexicon_is_read_once():
    """The next post under a large lexicon does not pay for reading it again."""
    lexicon = "words:\n" + "".join(f"  word{number}: said{number}\n" for number in range(1000))
    spent_s = []
    for _ in range(2):
        began_s = time.process_time()
        assert said("word7", lexicon) == "said7"
        spent_s.append(time.process_time() - began_s)
    assert spent_s[1] < spent_s[0] / 4


def test_example_lexicon_is_right():
    """The example lexicon is right."""
    assert said("nginx, RFC 2119 & 8 GB", EXAMPLE.read_text()) == (
        "engine x, R F C 2119 & 8 gigabytes"
    )


def test_deep_pattern_names_the_lexicon() -> None:
    """A pattern of too many groups within groups is refused as any wrong one, and not in full."""
    deep = "(" * 3000 + "a" + ")" * 3000
    with pytest.raises(SourceError, match=r"^lexicon.yaml: .*too many groups") as refused:
        Lexicon.parse([f"patterns:\n  - match: '{deep}'\n    say: x\n"], ["lexicon.yaml"])
    assert len(refused.value.problem) < 500
