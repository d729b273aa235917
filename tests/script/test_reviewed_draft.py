"""A draft as its edited script file says it."""

import pytest

from narrated.errors import SourceError
from narrated.reading.yaml_toml import load_yaml
from narrated.script.review.application import TAKEN_OUT
from narrated.script.review.kept_base import base_block
from narrated.script.review.review_script import ReviewLine
from narrated.script.review.reviewed_draft import lexicon_text, reviewed
from narrated.script.review.script_file import write_review
from narrated.script.review.script_of_draft import script_of_draft
from narrated.script.script import Caption
from support.reviews import LIMITS, NAME, after, draft_of, edited, file_of, read, said

POST = """\
---
title: My JSON API
---
The API costs $5. It has 8 GB of RAM.

## The server

I run nginx, and it says <i lang="fr">bonjour</i> daily.

> Begin at the beginning, and go on. Then stop.

The end.
"""
FILE = file_of(POST)


def changed(*changes, source=POST):
    return after(source, edited(FILE, *changes))


def without_line(words):
    """The file without the line that has these words."""
    return "\n\n".join(part for part in FILE.split("\n\n") if words not in part)


def chunk_texts(draft):
    return [chunk.text for chunk in draft.chunks]


def test_only_changed_lines_are_spoken():
    """An edit of one line leaves all other chunks as they are, to the letter."""
    before = draft_of(POST)
    draft, conflicts = changed(("The end.", "The very end."))
    assert draft.chunks[:-1] == before.chunks[:-1]
    assert chunk_texts(draft)[-1] == "The very end."
    assert conflicts == ()


def test_changed_words_stay_as_written():
    """Numbers and signs of a person go to the voice as they are, without the lexicon."""
    text = edited(FILE, ("The end.", "It costs $7, says nginx."))
    lexicon = [("lexicon.yaml", "words: {nginx: engine x}")]
    draft = reviewed(draft_of(POST, lexicons=lexicon), read(text), LIMITS, NAME).draft
    assert said(draft)[-1] == "It costs $7, says nginx."
    assert "engine x" in said(draft)[3]


def test_pronounced_words_hold():
    """A pronunciation of the file holds for words of the person, and as a lexicon for others."""
    text = edited(FILE, ("The end.", "The end of nginx."))
    text = text.replace("[title", "pronounce: nginx = engine x\npronounce: GB = gibi 🙂\n\n[title")
    script = read(text)
    assert load_yaml(lexicon_text(script), "") == {"words": {"nginx": "engine x", "GB": "gibi 🙂"}}
    draft = draft_of(POST, lexicons=[("post.script.md", lexicon_text(script))])
    found = reviewed(draft, script, LIMITS, NAME)
    assert "The end of engine x." in said(found.draft)
    assert "I run engine x, and it says bonjour daily." in said(found.draft)
    assert found.conflicts == ()


def test_a_line_taken_out_is_not_said():
    """A line without its place in the file is not said, and is listed with the reason."""
    draft, _ = after(POST, without_line("I run nginx"))
    assert not any("nginx" in text for text in said(draft))
    (skip,) = [each for each in draft.script.skipped if each.reason == TAKEN_OUT]
    assert (skip.kind, skip.text[:11], skip.block) == ("paragraph", "I run nginx", 2)


def test_an_empty_line_is_not_said():
    """Who empties a line and leaves its brackets has taken it out."""
    draft, _ = changed((" The end.", ""))
    assert "The end." not in said(draft)


def test_new_and_moved_lines_are_said():
    """The order of the file is the order of the lines, and a new one belongs to that above."""
    last = next(part for part in FILE.split("\n\n") if "The end." in part)
    text = without_line("The end.").replace("[heading", f"{last}\n\nA new line.\n\n[heading")
    draft, _ = after(POST, text)
    assert said(draft)[1:5] == [
        "The A P I costs five dollars. It has eight gigabytes of RAM.",
        "The end.",
        "A new line.",
        "The server",
    ]
    moved, new = draft.script.lines[2:4]
    assert (moved.block, new.block, new.role.value, new.pause_s) == (5, 5, "paragraph", 0.5)


def test_manner_changes_without_words():
    """A role, a voice and a silence may change, and the words stay to the letter."""
    line = next(part for part in FILE.split("\n\n") if "The end." in part)
    tag, _, _ = line.partition("]")
    new = tag.replace("paragraph", "notice").replace("0.5 s", ".25 s") + ", voice Quote"
    draft, _ = changed((tag, new))
    last = draft.script.lines[-1]
    assert (last.role, last.speaker, last.pause_s) == ("notice", "quote", 0.25)
    assert chunk_texts(draft) == chunk_texts(draft_of(POST))


def test_letters_are_still_spelled():
    """Marks go along: those of the words that stay, and of the same letters elsewhere."""
    draft, _ = changed(("The A P I costs five", "An A P I costs six"), ("The end.", "No A P Is."))
    lines = draft.script.lines
    marked = [[line.text[mark.start : mark.end] for mark in line.marks] for line in lines]
    assert marked[1] == ["A P I", "RAM"]
    assert marked[-1] == ["A P I"]


def test_written_words_are_the_persons():
    """A changed sentence is shown as the person wrote it; the one beside it as in the source."""
    draft, _ = changed(("has eight gigabytes", "has nine gigabytes"))
    line = draft.script.lines[1]
    assert [one.written or line.text[one.start :] for one in line.sentences] == [
        "The API costs $5.",
        "It has nine gigabytes of RAM.",
    ]


def test_words_of_a_language_stay():
    """Words in braces are said by the voice of their language, changed or not."""
    draft, _ = changed(("{fr: bonjour}", "{fr: salut} each and every"))
    parts = [(part.speaker, part.text) for part in draft.script.lines if part.block == 2]
    assert parts == [
        ("narrator", "I run nginx, and it says"),
        ("fr", "salut"),
        ("narrator", "each and every daily."),
    ]


def test_chapters_follow_the_lines():
    """A changed heading names its chapter, a new one begins one, and one taken out has none."""
    draft, _ = changed(
        ("The server", "My server"), ("The end.", "The end.\n\n## More\n\nAnd more.")
    )
    assert [each.title for each in draft.chapters] == ["My JSON API", "My server", "More"]
    assert {each.line for each in draft.chapters} <= {line.id for line in draft.script.lines}
    line = next(part for part in FILE.split("\n\n") if "The end." in part)
    draft, _ = changed((line, line.replace("paragraph", "heading")))
    assert [each.title for each in draft.chapters] == ["My JSON API", "The server", "The end."]
    draft, _ = after(POST, without_line("The server"))
    assert [each.title for each in draft.chapters] == ["My JSON API"]
    draft, _ = after(POST, without_line("My JSON"))
    assert draft.chapters[0].line == draft.script.lines[0].id


def test_a_parted_line_keeps_its_voice():
    """The second half of a line that a person parted has its role and its voice."""
    draft, _ = changed(("go on. Then stop.", "go on.\n\nThen stop."))
    assert [(line.role, line.speaker) for line in draft.script.lines if line.block == 3] == [
        ("quote", "quote"),
        ("quote", "quote"),
    ]


@pytest.mark.parametrize(
    ("line", "new", "role"),
    [
        ("The end.", "## The end", "heading"),
        ("The end.", "> The end", "quote"),
        ("go on. Then stop.", "Then stop.", "paragraph"),
        ("go on. Then stop.", "Quote: Begin", "paragraph"),
    ],
)
def test_a_repeated_line_is_new(line, new, role):
    """A new line that repeats words of the one above, which has them still, is of its own role."""
    draft, _ = changed((line, f"{line}\n\n{new}"))
    after_it = next(at for at, text in enumerate(said(draft)) if text.endswith(line)) + 1
    found = draft.script.units[after_it]
    assert (found.role, found.speaker) == (role, "quote" if role == "quote" else "narrator")


@pytest.mark.parametrize("new", ["[paragraph] Then stop.", "# Then stop.", "The", "st"])
def test_a_part_is_words_without_role(new):
    """Only bare words that the line above has lost, whole ones, are its second part."""
    draft, _ = changed(("go on. Then stop.", f"go on.\n\n{new}"))
    assert draft.script.units[5].role.value == ("title" if new.startswith("#") else "paragraph")


def test_an_id_that_stands_twice_is_one():
    """Of a line that was copied, the one with its words is the post's; the other is new."""
    line = next(part for part in FILE.split("\n\n") if "The end." in part)
    text = FILE.replace("[heading", f"{line.replace('The end', 'Not the end')}\n\n[heading")
    draft, _ = after(POST, text)
    assert said(draft)[2] == "Not the end."
    assert draft.script.lines[-1] == draft_of(POST).script.lines[-1]


def test_a_changed_post_keeps_edits():
    """The person's lines hold where the post did not change, and the post's new ones are said."""
    now = POST.replace("$5", "$6").replace("The end.", "The end.\n\nA postscript.")
    draft, conflicts = changed(("I run nginx", "I drive nginx"), source=now)
    assert said(draft) == [
        "My JSON A P I",
        "The A P I costs six dollars. It has eight gigabytes of RAM.",
        "The server",
        "I drive nginx, and it says bonjour daily.",
        "Quote: Begin at the beginning, and go on. Then stop.",
        "The end.",
        "A postscript.",
    ]
    assert conflicts == ()


def test_another_caption_is_no_change():
    """A caption that the person wrote holds, whatever another captioner sees in the picture."""
    post = "# A day\n\nWords.\n\n![](a.png)\n"
    before, now = (
        draft_of(post, captions={"a.png": Caption(text)})
        for text in ("a cat on a mat", "some fur near something flat")
    )
    text = edited(write_review(script_of_draft(before), before, "p"), ("a cat on a mat", "Tom"))
    found = reviewed(now, read(text), LIMITS, NAME)
    assert said(found.draft)[-1] == "An image: Tom."
    assert found.conflicts == ()


def test_a_merged_file_is_read_again():
    """The file that is written after a conflict has the person's other changes."""
    now = draft_of(POST.replace("The end.", "The new end."))
    script = read(edited(FILE, ("The end.", "My end."), ("I run", "I drive")))
    found = reviewed(now, script, LIMITS, NAME)
    assert [one.yours for one in found.conflicts] == ["My end."]
    again = reviewed(now, read(write_review(found.script, now, "post.md")), LIMITS, NAME)
    assert (again.draft, again.conflicts) == (found.draft, ())


def test_a_file_without_block_is_said():
    """Without its last block a file is said as it stands, and that is told."""
    text = FILE.partition("<!-- narrated keeps")[0].replace("The end.", "My end.")
    draft, (conflict,) = after(POST, text)
    assert said(draft)[-1] == "My end."
    assert draft.chunks[:-1] == draft_of(POST).chunks[:-1]
    assert conflict.kind.value == "no base"


@pytest.mark.parametrize("damage", ["eN", "AAAA", "=", "é"])
def test_a_damaged_block_is_as_none(damage):
    """A block that somebody damaged fails nothing."""
    head, kept, block = FILE.partition("Leave this.\n")
    draft, (conflict,) = after(POST, f"{head}{kept}{damage}{block[9:]}")
    assert draft.chunks == draft_of(POST).chunks
    assert conflict.kind.value == "no base"


@pytest.mark.parametrize("forged", [("", 1.0), ("zzz", 1.0), ("b1c2", 1e9), ("b1c2", -5.0)])
def test_a_forged_block_is_as_none(forged):
    """A block with lines that narrated never writes counts as damaged: no silence gets by it."""
    id, pause_s = forged
    block = base_block((ReviewLine("Words.", id=id, pause_s=pause_s),))
    script = read(f"{FILE.partition('<!-- narrated keeps')[0]}A new line.\n\n{block}\n")
    assert script.base is None
    assert script.lines[-1].pause_s is None


def test_nothing_left_to_say_is_refused():
    """A file without a line is no silent narration, but an error with a remedy."""
    with pytest.raises(SourceError, match=r"post\.script\.md: it leaves nothing") as error:
        after(POST, FILE.partition("[title")[0])
    assert "remove post.script.md" in error.value.remedy


def test_ids_stay_while_words_stay():
    """Each line has an id that is no word, and keeps it while its words in the source stay."""
    ids = [one.id for one in script_of_draft(draft_of(POST)).lines]
    now = draft_of(POST.replace("$5", "$6"), lexicons=[("l", "words: {nginx: engine x}")])
    others = [one.id for one in script_of_draft(now).lines]
    assert len(set(ids)) == len(ids)
    assert [one == other for one, other in zip(ids, others, strict=True)] == [
        True,
        False,
        True,
        True,
        True,
        True,
    ]
