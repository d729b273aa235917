"""What is said of each kind of block, to the word."""

import msgspec
import pytest

from narrated.reading.document import Document, Item, Listing, Paragraph, Text
from narrated.reading.source_reader import read
from narrated.script.builder import build_script
from narrated.script.lexicon import Lexicon
from narrated.script.script import Caption, ReadingSettings, Role, Speaker


def script(text, name="a.md", captions=None, lexicon="", **settings):
    document = read(text.encode(), name)
    return build_script(
        document, captions or {}, Lexicon.parse([lexicon]), ReadingSettings(**settings)
    )


def said(text, name="a.md", captions=None, **settings):
    """The lines after the title, as (role, text)."""
    lines = script(text, name, captions, **settings).lines
    return [(line.role.value, line.text) for line in lines if line.role is not Role.TITLE]


def titles(text, name="a.md"):
    return [line.text for line in script(text, name).lines if line.role is Role.TITLE]


def test_a_title_that_is_the_first_heading_is_said_once():
    assert titles("# The title\n\nWords.") == ["The title"]
    assert said("# The title\n\nWords.") == [("paragraph", "Words.")]
    assert said("---\ntitle: the  Title\n---\n# The title\n\nWords.") == [("paragraph", "Words.")]


def test_a_title_that_is_a_later_heading_is_said_where_it_stands():
    assert titles("Words.\n\n## Later") == []
    assert said("Words.\n\n## Later") == [("paragraph", "Words."), ("heading", "Later")]


def test_a_title_from_elsewhere_is_said_before_all():
    assert titles("Words.", "my_post.md") == ["my post"]
    assert titles("---\ntitle: Above\n---\n# Other\n\nWords.") == ["Above"]


def test_author_and_date_follow_the_title():
    text = "---\nauthor: Ada\ndate: 2024-03-09\n---\n# T\n\nWords."
    assert said(text)[0] == ("byline", "By Ada, March ninth, twenty twenty-four.")


def test_links_are_said_as_their_text_or_announced():
    text = "A [*good* post](http://a.b/c) here."
    assert said(text) == [("paragraph", "A good post here.")]
    announced = [("paragraph", "A good post (link in post) here.")]
    assert said(text, links="announce") == announced


def test_short_code_in_a_sentence_is_read_as_words():
    assert said("Run `make demo` now.") == [("paragraph", "Run make demo now.")]
    text = "Say `foo_bar(x) = 2`, or `a | b`."
    assert said(text) == [("paragraph", "Say foo bar x equals two, or a pipe b.")]


def test_long_code_in_a_sentence_is_announced_and_listed():
    found = script("Run `one two three four five six seven eight nine` now.")
    assert found.lines[1].text == "Run (a piece of code) now."
    (skip,) = found.skipped
    assert (skip.kind, skip.text) == ("code", "one two three four five six seven eight nine")


def test_the_lexicon_sees_code_in_a_sentence_as_it_is_written():
    found = script("Run `kubectl_x` now.", lexicon="words: {kubectl_x: cube control}")
    assert found.lines[1].text == "Run cube control now."


def test_struck_out_words_are_said_to_be_so():
    assert said("<del>Old</del> new.", name="a.html") == [("paragraph", "(struck out: Old) new.")]


def test_numbers_of_nested_lists_are_said_whole():
    text = "1. A\n2. B\n   1. C\n      1. D\n   2. E\n3. F\n   - G\n     1. H"
    assert [words for _, words in said(text)] == [
        "One. A",
        "Two. B",
        "Two point one. C",
        "Two point one point one. D",
        "Two point two. E",
        "Three. F",
        "G",
        "One. H",
    ]


def test_tasks_are_said_to_be_done_or_not():
    items = (
        Item((Paragraph((Text("a"),)),), done=True),
        Item((Paragraph((Text("b"),)),), done=False),
    )
    document = Document("text", "T", "name", (Listing(items),))
    found = build_script(document, {}, Lexicon.parse([]), ReadingSettings())
    assert [line.text for line in found.lines[1:]] == ["Done: a", "To do: b"]


def test_a_broken_line_is_heard():
    assert said("One\\\ntwo.\\\nThree") == [("paragraph", "One, two. Three")]


def test_ordered_items_are_said_with_their_numbers():
    text = "3. Go.\n4. Rest.\n   - here\n\n   And more."
    assert said(text) == [
        ("item", "Three. Go."),
        ("item", "Four. Rest."),
        ("item", "here"),
        ("item", "And more."),
    ]


def test_an_item_that_begins_with_code_keeps_its_number():
    assert said("1. ```\n   x\n   y\n   ```") == [("item", "One."), ("code", "Code, two lines.")]


def test_a_short_quotation_is_said_in_one():
    assert said("> One. Two.\n>\n> Three.") == [("quote", "Quote: One. Two. Three.")]


def test_a_long_quotation_is_announced_with_its_end():
    assert said("> One. Two. Three. Four.") == [
        ("notice", "A longer quotation."),
        ("quote", "One. Two. Three. Four."),
        ("notice", "End of quotation."),
    ]


def test_a_quotation_may_have_a_speaker_of_its_own():
    speakers = {"narrator": Speaker(), "quote": Speaker(voice="en-gb")}
    lines = script("Me.\n\n> One. Two. Three. Four.\n\nMe.", speakers=speakers).lines
    who = [line.speaker for line in lines]
    assert who == ["narrator", "narrator", "narrator", "quote", "narrator", "narrator"]


def test_code_is_announced_by_language_and_length():
    assert said("```py\na\n\nb\n```") == [("code", "Code in Python, two lines.")]
    assert said("```brainfuck\na\nb\n```") == [("code", "Code in Brainfuck, two lines.")]
    assert said("```text\na\nb\n```") == [("code", "Code, two lines.")]


def test_one_line_of_code_that_is_short_is_read():
    assert said("```sh\nmake demo\n```") == [("code", "Code: make demo.")]
    long = [("code", "Code in shell, one line.")]
    assert said("```sh\nmake demo and all that is\n```") == long


def test_code_may_be_read():
    assert said("```\na\n  b\n```", code="read") == [
        ("code", "Code, two lines."),
        ("code", "a"),
        ("code", "b"),
        ("notice", "End of code."),
    ]


def test_code_may_be_skipped_and_is_then_listed():
    found = script("Words.\n\n```\nsecret\n```", code="skip")
    assert "secret" not in str(found.lines)
    (skip,) = found.skipped
    assert (skip.kind, skip.text, skip.block) == ("code", "secret", 1)


def test_code_without_a_line_is_listed():
    (skip,) = script("Words.\n\n```sh\n```").skipped
    assert (skip.kind, skip.text) == ("code", "sh")


def test_a_table_is_said_row_by_row_with_its_headers():
    assert said("| A | B |\n|---|---|\n| a. | b |\n| c |  |") == [
        ("table", "A table of two rows: A, B."),
        ("table", "A: a; B: b."),
        ("table", "A: c; B: empty."),
    ]


NOTES = "A[^1] b.\n\nC.\n\n[^1]: Note[^2].\n\n[^2]: More.\n\n[^3]: Uncalled."


def test_footnotes_are_said_after_their_paragraph():
    assert [text for _, text in said(NOTES)] == ["A b.", "Footnote: Note.", "Footnote: More.", "C."]


def test_footnotes_may_be_said_at_the_end():
    texts = [text for _, text in said(NOTES, footnotes="end")]
    assert texts == ["A b.", "C.", "Footnote: Note.", "Footnote: More."]


def test_footnotes_may_be_skipped_and_are_then_listed():
    found = script(NOTES, footnotes="skip")
    assert [line.text for line in found.lines[1:]] == ["A b.", "C."]
    assert [skip.text for skip in found.skipped] == ["Note.", "More.", "Uncalled."]


def test_a_footnote_that_nothing_calls_is_listed():
    (skip,) = script(NOTES).skipped
    assert (skip.kind, skip.text) == ("footnote", "Uncalled.")
    assert "calls" in skip.reason


def test_footnotes_that_call_each_other_end():
    assert len(said("A[^1].\n\n[^1]: B[^2].\n\n[^2]: C[^1].")) == 3


def test_a_chain_of_a_thousand_footnotes_is_read():
    chain = "".join(f"[^{at}]: Note[^{at + 1}].\n\n" for at in range(1000))
    assert len(said(f"A[^0].\n\n{chain}")) == 1001


@pytest.mark.parametrize(
    ("picture", "caption", "text"),
    [
        ("![](a.png)", "A dog.", "An image: A dog."),
        ("![Rex](a.png)", "A dog.", "An image, labelled Rex, of: A dog."),
        ('![Rex](a.png "My dog")', "A dog", "An image, labelled Rex, titled My dog, of: A dog."),
        ("![A dog.](a.png)", "A dog", "An image: A dog."),
    ],
)
def test_a_picture_is_described_where_it_stands(picture, caption, text):
    assert said(f"W.\n\n{picture}", captions={"a.png": Caption(caption)})[1] == ("picture", text)


def test_a_picture_inside_a_sentence_is_described_in_it():
    text = "See ![Rex](a.png), my dog."
    assert said(text, captions={"a.png": Caption("a dog")}) == [
        ("paragraph", "See (an image, labelled Rex, of: a dog), my dog.")
    ]


@pytest.mark.parametrize("around", ["", "See ", "> ", "- ", "| a |\n|---|\n| "])
def test_a_picture_without_description_is_announced_and_listed(around):
    captions = {"a.png": Caption(missing="no such file")}
    found = script(f"Words.\n\n{around}![Rex](a.png)", captions=captions)
    assert any("mage: Rex" in line.text for line in found.lines)
    assert [(one.kind, one.reason, one.text) for one in found.skipped] == [
        ("picture", "no such file", "a.png")
    ]


def test_a_picture_that_nobody_described_says_so():
    (skip,) = script("Words.\n\n![Rex](a.png)").skipped
    assert skip.reason


def test_comments_and_scripts_are_listed_and_never_said():
    found = script("Words.\n\n<!-- secret -->\n\n<script>secret()</script>")
    assert "secret" not in str(found.lines)
    assert [skip.kind for skip in found.skipped] == ["comment", "script"]


def test_a_thematic_break_is_a_longer_pause():
    found = script("One.\n\n---\n\nTwo.")
    assert [line.pause_s for line in found.lines] == [1.0, 1.0, 0.5]
    assert [skip.kind for skip in found.skipped] == ["rule"]


def test_formulas_are_announced():
    assert said("So $x^2$ is.\n\n$$\nx^2\n$$") == [
        ("paragraph", "So a formula is."),
        ("math", "A formula."),
    ]


def test_signs_without_a_word_are_listed_and_not_said():
    found = script("Words.\n\n…—!?")
    assert [line.text for line in found.lines[1:]] == ["Words."]
    assert found.skipped[0].text == "…—!?"


def test_pauses_follow_the_role_and_may_be_set():
    lines = script("# T\n\n## H\n\nP.\n\n- I.", pauses={"item": 2.5}).lines
    assert [line.pause_s for line in lines] == [1.0, 1.0, 0.5, 2.5]


def test_the_lexicon_comes_before_our_own_spoken_forms():
    found = script("The v2 of nginx.", lexicon="words: {v2: version number 2, nginx: engine x}")
    assert found.lines[1].text == "The version number two of engine x."


def test_a_line_s_id_does_not_depend_on_what_stands_before_it():
    before = script("One.\n\nTwo.\n\nTwo.").lines
    after = script("New.\n\nOne.\n\nTwo.\n\nTwo.").lines
    assert [line.id for line in before[1:]] == [line.id for line in after[2:]]


def test_every_line_has_an_id_of_its_own():
    ids = [line.id for line in script("Two.\n\nTwo.\n\n- Two.\n\n- Two.").lines]
    assert len(set(ids)) == len(ids)


def test_lines_know_the_block_they_come_from():
    blocks = [line.block for line in script("# T\n\nA.\n\n- b\n- c\n\n> d").lines]
    assert blocks == [0, 1, 3, 4, 5]


def test_a_script_can_be_written_down_and_read_back():
    found = script(NOTES)
    assert msgspec.json.decode(msgspec.json.encode(found), type=type(found)) == found
