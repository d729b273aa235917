"""Scripts are cut at sentences and clauses, and no word is lost."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrated.script.chunks import BREATH_S, chunk_script
from narrated.script.script import Line, Role, Script
from narrated.script.text_normalisation import normalise_and_mark


def line(text, speaker="narrator", id="one"):
    return Line(id, 0, Role.PARAGRAPH, text, 0.5, speaker)


def pieces(text, limit):
    return [chunk.text for chunk in chunk_script(Script((line(text),), ()), {"narrator": limit})]


def test_short_line_is_one_chunk():
    """A line within the limit is one chunk."""
    assert pieces("One. Two. Three.", 16) == ["One. Two. Three."]


def test_short_sentences_are_packed():
    """Short sentences are packed up to the limit."""
    assert pieces("One two. Three four. Five six.", 20) == ["One two. Three four.", "Five six."]


def test_fitting_sentence_stays_whole():
    """A sentence within the limit stays whole."""
    text = "A short one. Dr. Smith came at 3.5 p.m. to us."
    assert pieces(text, 36) == ["A short one.", "Dr. Smith came at 3.5 p.m. to us."]


def test_long_sentence_cut_at_clauses():
    """A sentence over the limit is divided at clauses."""
    text = "When it rains, the cat sleeps; the dog — a sad one — waits."
    assert pieces(text, 32) == ["When it rains, the cat sleeps;", "the dog — a sad one — waits."]


def test_long_clause_cut_at_words():
    """A clause over the limit is divided at words."""
    assert pieces("aaa bbb ccc ddd", 7) == ["aaa bbb", "ccc ddd"]


def test_long_word_cut_anywhere():
    """A word over the limit is cut anywhere."""
    assert pieces("a" * 25, 10) == ["a" * 10, "a" * 10, "a" * 5]


def test_chunks_never_cross_a_line():
    """Chunks never cross a line."""
    script = Script((line("One."), line("Two.", id="two")), ())
    assert [chunk.line for chunk in chunk_script(script, {"narrator": 100})] == ["one", "two"]


def test_last_chunk_has_the_line_pause():
    """The line's pause comes after its last chunk and a breath after the others."""
    chunks = chunk_script(Script((line("One two. Three four."),), ()), {"narrator": 12})
    assert [chunk.pause_s for chunk in chunks] == [BREATH_S, 0.5]


def test_each_speaker_has_its_limit():
    """Each speaker has a limit of its own."""
    script = Script((line("One two."), line("One two.", "quote")), ())
    assert len(chunk_script(script, {"narrator": 8, "quote": 4})) == 3


def test_edit_changes_its_line_alone():
    """An inserted word changes the chunks of its own line alone."""
    lines = [line(f"Sentence {at} goes here. And on it goes.", id=str(at)) for at in range(20)]
    changed = [line("A word, then. Sentence 0 goes here.", id="new"), *lines[1:]]
    before, after = (
        chunk_script(Script(tuple(some), ()), {"narrator": 30}) for some in (lines, changed)
    )
    assert [one for one in before if one.line != "0"] == [one for one in after if one.line != "new"]


@pytest.mark.parametrize("limit", [200, 400, 1000])
def test_first_word_changes_one_chunk(limit):
    """A word inserted at the start of a long paragraph changes one chunk."""
    changed = []
    for seed in range(60):
        text = " ".join(_sentences(seed, limit))
        before, after = (set(pieces(one, limit)) for one in (text, f"Indeed, {text}"))
        changed.append(len(after - before))
    assert changed.count(1) >= 54
    assert max(changed) <= 3


def _sentences(seed, limit):
    chance = Random(seed)
    for _ in range(chance.randint(limit // 40, limit // 12)):
        words = ["word" * chance.randint(1, 3) for _ in range(chance.randint(4, 20))]
        yield f"{' '.join(words).capitalize()} {chance.random():.6f}."


def test_edit_rarely_changes_two_chunks():
    """A word inserted among short sentences seldom changes more than one chunk."""
    said = [f"This is sentence number {at}, and it says what it has to say." for at in range(60)]
    before = pieces(" ".join(said), 400)
    changed = []
    for at in range(60):
        edited = [*said[:at], f"Indeed, {said[at]}", *said[at + 1 :]]
        changed.append(len(set(pieces(" ".join(edited), 400)) - set(before)))
    assert len(before) > 10
    assert changed.count(1) > 40
    assert max(changed) <= 4


WORDS = st.lists(st.text("ab.,;:!?…—–-“”()'\" \n\t1é日😀", min_size=1, max_size=12), max_size=40)


@settings(deadline=None, max_examples=150)
@given(st.lists(WORDS.map(" ".join), max_size=4), st.integers(1, 60), st.sampled_from(["en", "ja"]))
def test_chunks_keep_all_words_in_order(texts, limit, language):
    """Chunks fit the limit, and hold all words in order."""
    lines = tuple(
        Line(str(at), at, Role.PARAGRAPH, text, 0.5, language=language)
        for at, text in enumerate(texts)
    )
    chunks = chunk_script(Script(lines, ()), {"narrator": limit})
    assert "".join("".join(texts).split()) == "".join("".join(one.text for one in chunks).split())
    assert all(0 < len(chunk.text) <= limit and chunk.text.strip() for chunk in chunks)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.text("abc.,;é", min_size=1, max_size=8), max_size=60))
def test_fitting_words_stay_whole(words):
    """Words that fit are never broken."""
    chunks = chunk_script(Script((line(" ".join(words)),), ()), {"narrator": 20})
    assert [word for chunk in chunks for word in chunk.text.split()] == words


@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_empty_line_gives_no_chunk(text):
    """A line without a sign gives no chunk."""
    assert pieces(text, 10) == []


def marked_words(text, limit):
    said, marks = normalise_and_mark(text)
    line = Line("one", 0, Role.PARAGRAPH, said, 0.5, marks=marks)
    chunks = chunk_script(Script((line,), ()), {"narrator": limit})
    return [[chunk.text[mark.start : mark.end] for mark in chunk.marks] for chunk in chunks]


def test_marks_follow_their_chunk():
    """A mark stands at its letters in whatever chunk they are, also after a dash."""
    text = "The API of it—an SDK—is here. And the AWS one. No more."
    assert marked_words(text, 200) == [["A P I", "S D K", "A W S"]]
    cut = marked_words(text, 16)
    assert len(cut) > 3
    assert [word for words in cut for word in words] == ["A P I", "S D K", "A W S"]


def test_cut_letters_are_two_marks():
    """A mark that a chunk's end cuts is in both chunks."""
    assert marked_words("The HTTPS one.", 9) == [["H T T"], ["P S"]]
