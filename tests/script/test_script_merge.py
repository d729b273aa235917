"""Three scripts in one: what narrated wrote, what the post became, and what a person made of it."""

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from narrated.script.review.conflicts import ConflictKind, describe_conflict
from narrated.script.review.review_script import ReviewLine, ReviewScript
from narrated.script.review.three_way_merge import merged
from narrated.script.review.word_merge import merged_words
from narrated.script.script import Role

VOCABULARY = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
SEED = st.integers(0, 2**32)


def with_ids(texts):
    """A script of these texts, as narrated writes one."""
    seen = Counter()
    lines = []
    for text in texts:
        seen[text] += 1
        lines.append(ReviewLine(text, id=f"{text}#{seen[text]}", pause_s=0.5, source=text))
    return ReviewScript(tuple(lines))


def some_texts(chance):
    count = chance.randrange(9)
    return [" ".join(chance.choices(VOCABULARY, k=chance.randrange(1, 8))) for _ in range(count)]


def changed_texts(texts, chance):
    """The texts of a source after some edits: words changed, lines added, gone and moved."""
    texts = list(texts)
    for _ in range(chance.randrange(4)):
        at = chance.randrange(len(texts) + 1)
        match chance.randrange(4):
            case 0:
                texts.insert(at, " ".join(chance.choices(VOCABULARY, k=3)))
            case 1 if at < len(texts):
                del texts[at]
            case 2 if at < len(texts):
                texts[at] = f"{texts[at]} {chance.choice(VOCABULARY)}"
            case 3 if at < len(texts):
                texts.insert(chance.randrange(len(texts)), texts.pop(at))
    return texts


def edited(script, chance):
    """A script after some edits of a person."""
    lines = list(script.lines)
    for number in range(chance.randrange(5)):
        at = chance.randrange(len(lines) + 1)
        match chance.randrange(6):
            case 0:
                lines.insert(at, ReviewLine(f"mine {number}"))
            case 1 if at < len(lines):
                del lines[at]
            case 2 if at < len(lines):
                lines[at] = replace(lines[at], text=f"my {number} {lines[at].text}")
            case 3 if at < len(lines):
                lines.insert(chance.randrange(len(lines)), lines.pop(at))
            case 4 if at < len(lines):
                lines[at] = replace(lines[at], pause_s=3.0 + number)
            case 5 if at < len(lines):
                lines[at] = replace(lines[at], role=Role.QUOTE, speaker="quote")
    return ReviewScript(tuple(lines))


def plain(script):
    """The lines without what the merge sets itself."""
    return [(one.text, one.role, one.pause_s, one.speaker) for one in script.lines]


@settings(deadline=None, max_examples=100)
@given(SEED)
def test_an_unchanged_post_keeps_edits(seed):
    """If the post did not change, the script is the person's, and nothing conflicts."""
    chance = random.Random(seed)
    base = with_ids(some_texts(chance))
    persons = edited(base, chance)
    found, conflicts = merged(base, base, persons)
    assert plain(found) == plain(persons)
    assert conflicts == ()


@settings(deadline=None, max_examples=100)
@given(SEED)
def test_an_unedited_file_follows_post(seed):
    """If the person changed nothing, the script is the post's, and nothing conflicts."""
    chance = random.Random(seed)
    texts = some_texts(chance)
    base, theirs = with_ids(texts), with_ids(changed_texts(texts, chance))
    assert merged(base, theirs, base) == (replace(theirs, base=theirs.lines), ())


@settings(deadline=None, max_examples=100)
@given(SEED)
def test_equal_changes_are_one(seed):
    """If both made the same changes, they are made once, and nothing conflicts."""
    chance = random.Random(seed)
    texts = some_texts(chance)
    base, both = with_ids(texts), with_ids(changed_texts(texts, chance))
    found, conflicts = merged(base, both, both)
    assert plain(found) == plain(both)
    assert conflicts == ()


@settings(deadline=None, max_examples=200)
@given(SEED)
def test_no_line_is_lost_silently(seed):
    """Each line of either side is said, was taken out by the other, or stands in a conflict."""
    chance = random.Random(seed)
    texts = some_texts(chance)
    base, theirs = with_ids(texts), with_ids(changed_texts(texts, chance))
    persons = edited(base, chance)
    found, conflicts = merged(base, theirs, persons)
    said = " / ".join(line.text for line in found.lines)
    told = {one.yours for one in conflicts} | {one.post for one in conflicts}
    written, own_ids = {one.text for one in base.lines}, {one.id for one in persons.lines}
    for line in persons.lines:
        mine = line.text.split(" ")[:2] if line.text.startswith("my ") else [line.text]
        assert " ".join(mine) in said or line.text in told or line.text in written, line
    for line in theirs.lines:
        taken_out = line.id in {one.id for one in base.lines} - own_ids
        is_said = any(set(line.text.split()) <= set(one.text.split()) for one in found.lines)
        assert is_said or line.text in told or taken_out, line


def script(*texts):
    return with_ids(texts)


def test_both_changes_of_a_line_hold():
    """Different words of one line, changed by each side, are both changed."""
    base, post = (
        script("It has five dollars and eight bytes."),
        script("It costs five dollars and eight bytes."),
    )
    mine = ReviewScript((replace(base.lines[0], text="It has five dollars and ate bytes."),))
    found, conflicts = merged(base, post, mine)
    assert [one.text for one in found.lines] == ["It costs five dollars and ate bytes."]
    assert conflicts == ()


def test_the_posts_line_wins_a_conflict():
    """If both changed the same words, the post's line is said, and the conflict names both."""
    base, post = script("It has five lines."), script("It has six lines.")
    mine = ReviewScript((replace(base.lines[0], text="It has many lines.", number=7),))
    found, (conflict,) = merged(base, post, mine)
    assert [one.text for one in found.lines] == ["It has six lines."]
    assert conflict.kind is ConflictKind.WORDS
    told = describe_conflict(conflict, "post.script.md")
    assert told.startswith("post.script.md, line 7: ")
    assert "It has six lines." in told
    assert "It has many lines." in told


def test_a_long_conflict_is_cut():
    """Of two long lines a person sees where they differ."""
    base = script(f"{'word ' * 99}one.")
    mine = ReviewScript((replace(base.lines[0], text=base.lines[0].text.replace("one", "two")),))
    _, (conflict,) = merged(base, script(f"{'word ' * 99}three."), mine)
    told = describe_conflict(conflict)
    assert "word three.”" in told
    assert "word two.”" in told
    assert len(told) < 300


def test_a_lexicon_overrules_nobody():
    """A line with the words of before in the source is the person's, however it is normalised."""
    base = script("It has five nginx lines.")
    post = ReviewScript((replace(base.lines[0], text="It has five engine x lines."),))
    mine = ReviewScript((replace(base.lines[0], text="It has five en jinx lines."),))
    found, conflicts = merged(base, post, mine)
    assert [one.text for one in found.lines] == ["It has five en jinx lines."]
    assert conflicts == ()


def test_a_changed_line_comes_back():
    """A line that the person took out is said again if the post changed it, and told."""
    base, post = script("One two three.", "Four."), script("One two three four.", "Four.")
    found, (conflict,) = merged(base, post, ReviewScript(base.lines[1:]))
    assert [one.text for one in found.lines] == ["One two three four.", "Four."]
    assert conflict.kind is ConflictKind.BACK


def test_a_line_gone_from_post_is_told():
    """A line that the person changed and the post took out is not said, and told."""
    base, post = script("One two three.", "Four."), script("Four.")
    mine = ReviewScript((replace(base.lines[0], text="One two."), base.lines[1]))
    found, (conflict,) = merged(base, post, mine)
    assert [one.text for one in found.lines] == ["Four."]
    assert (conflict.kind, conflict.yours) == (ConflictKind.GONE, "One two.")


def test_a_moved_line_takes_the_change():
    """A line that the person moved and the post edited has the new words at the new place."""
    base = script("One two three.", "Four.", "Five.")
    post = script("One two three four.", "Four.", "Five.")
    found, _ = merged(base, post, ReviewScript((*base.lines[1:], base.lines[0])))
    assert [one.text for one in found.lines] == ["Four.", "Five.", "One two three four."]


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ("It is. It was. It will be.", ["It is. It was.", "It will be."]),
        ("It once is. It was. It will be.", ["It once is. It was.", "It will be."]),
        ("It is. It was. It shall be.", ["It is. It was.", "It shall be."]),
        ("It is. It will be.", ["It is.", "It will be."]),
        ("It is. {fr: It was. It will} be.", ["It is. {fr: It was. It will} be."]),
    ],
)
def test_a_parted_line_takes_changes(now, said):
    """A line that the person parted is parted at the same place after a change of the post."""
    base = script("It is. It was. It will be.", "End.")
    parts = (
        replace(base.lines[0], text="It is. It was."),
        ReviewLine("It will be.", parted_from=base.lines[0].id),
    )
    mine = ReviewScript((*parts, base.lines[1]))
    found, conflicts = merged(base, script(now, "End."), mine)
    assert [line.text for line in found.lines] == [*said, "End."]
    assert conflicts == ()


def test_two_insertions_both_hold():
    """Lines that both added after the same line are both said."""
    base, post = script("One.", "Two."), script("One.", "Theirs.", "Two.")
    mine = ReviewScript((base.lines[0], ReviewLine("Mine."), base.lines[1]))
    found, conflicts = merged(base, post, mine)
    assert [one.text for one in found.lines] == ["One.", "Mine.", "Theirs.", "Two."]
    assert conflicts == ()


@settings(deadline=None, max_examples=100)
@given(*[st.lists(st.sampled_from("abc"), min_size=1, max_size=8).map(" ".join)] * 3)
def test_merged_words_obey_laws(base, one, other):
    """Merged words are the same from either side, and one's alone if the other has no change."""
    assert merged_words(base, one, other) == merged_words(base, other, one)
    assert merged_words(base, one, base) == merged_words(base, one, one) == one


def test_scattered_changes_are_merged():
    """Changes of each side may stand by turns in one line, as long as they do not touch."""
    base = "one two three four five six seven eight nine"
    mine = "ONE two three four FIVE six seven eight NINE"
    post = "one two THREE four five six SEVEN eight nine"
    assert merged_words(base, mine, post) == "ONE two THREE four FIVE six SEVEN eight NINE"
    assert merged_words(base, mine, post.replace("four", "FOUR")) is None


def test_a_merge_of_many_lines_is_quick():
    """Three thousand lines, all of them changed and turned round, take no quadratic time."""
    base = with_ids([f"line {number} of the post" for number in range(3_000)])
    post = with_ids([f"line {number} of the posts" for number in range(3_000)])
    mine = ReviewScript(tuple(replace(one, text=f"{one.text} mine") for one in base.lines[::-1]))
    found, _ = merged(base, post, mine)
    assert len(found.lines) >= 3_000
