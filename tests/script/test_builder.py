"""The builder says each kind of block, to the word."""

import msgspec
import pytest

from narrated.reading.document import Document, Item, Listing, Paragraph, Picture, Text
from narrated.reading.source_reader import read
from narrated.script.builder import build_script
from narrated.script.lexicon import Lexicon
from narrated.script.script import Caption, ReadingSettings, Role, Speaker

CAT = Caption("A cat.")


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


def test_first_heading_title_said_once():
    """A title that is the first heading is said once."""
    assert titles("# The title\n\nWords.") == ["The title"]
    assert said("# The title\n\nWords.") == [("paragraph", "Words.")]
    assert said("---\ntitle: the  Title\n---\n# The title\n\nWords.") == [("paragraph", "Words.")]


def test_later_heading_is_said_twice():
    """A title that is a later heading is said first, and again in its place after words."""
    assert titles("Words.\n\n# Later") == ["Later"]
    assert said("Words.\n\n# Later") == [("paragraph", "Words."), ("heading", "Later")]


def test_picture_above_title_follows_it():
    """Pictures above the heading follow the title, and the heading is not said again."""
    text = "[![a badge](a.png)](x)\n\n# The title\n\nWords."
    assert titles(text) == ["The title"]
    assert [role for role, _ in said(text)] == ["picture", "paragraph"]


def test_signs_make_no_other_title():
    """A heading that differs from the title in signs alone is not said again."""
    assert said("---\ntitle: Don't\n---\n# Don’t!\n\nWords.") == [("paragraph", "Words.")]


def test_markup_in_title_is_read():
    """Markup in front matter's title is read, not spelled."""
    text = "---\ntitle: Using `x = 1` in **Rust** &amp; C\n---\nWords."
    assert titles(text) == ["Using x equals one in Rust and C"]


def test_other_title_comes_first():
    """A title from outside the text is said before all else."""
    assert titles("Words.", "my_post.md") == ["my post"]
    assert titles("---\ntitle: Above\n---\n# Other\n\nWords.") == ["Above"]


def test_byline_follows_the_title():
    """Author and date follow the title."""
    text = "---\nauthor: Ada\ndate: 2024-03-09\n---\n# T\n\nWords."
    assert said(text)[0] == ("byline", "By Ada, March ninth, twenty twenty-four.")


def test_links_said_or_announced():
    """Links are said as their text or announced."""
    text = "A [*good* post](http://a.b/c) here."
    assert said(text) == [("paragraph", "A good post here.")]
    announced = [("paragraph", "A good post (link in post) here.")]
    assert said(text, links="announce") == announced


def test_short_inline_code_in_words():
    """Short code in a sentence is read as words."""
    assert said("Run `make demo` now.") == [("paragraph", "Run make demo now.")]
    text = "Say `foo_bar(x) = 2`, or `a | b`."
    assert said(text) == [("paragraph", "Say foo bar x equals two, or a pipe b.")]


def test_long_inline_code_is_announced():
    """Long code in a sentence is announced and listed."""
    found = script("Run `one two three four five six seven eight nine` now.")
    assert found.lines[1].text == "Run (a piece of code) now."
    (skip,) = found.skipped
    assert (skip.kind, skip.text) == ("code", "one two three four five six seven eight nine")


def test_lexicon_sees_written_code():
    """The lexicon sees inline code as written."""
    found = script("Run `kubectl_x` now.", lexicon="words: {kubectl_x: cube control}")
    assert found.lines[1].text == "Run cube control now."


def test_struck_out_words_are_marked():
    """Struck-out words are announced as such."""
    assert said("<del>Old</del> new.", name="a.html") == [("paragraph", "(struck out: Old) new.")]


def test_nested_numbers_said_whole():
    """Numbers of nested lists are said whole."""
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


def test_tasks_said_done_or_to_do():
    """Tasks are said to be done or not."""
    items = (
        Item((Paragraph((Text("a"),)),), done=True),
        Item((Paragraph((Text("b"),)),), done=False),
    )
    document = Document("text", "T", "name", (Listing(items),))
    found = build_script(document, {}, Lexicon.parse([]), ReadingSettings())
    assert [line.text for line in found.lines[1:]] == ["Done: a", "To do: b"]


def test_line_break_becomes_a_comma():
    """A line break is heard as a comma."""
    assert said("One\\\ntwo.\\\nThree") == [("paragraph", "One, two. Three")]


def test_ordered_items_say_numbers():
    """Ordered items are said with their numbers."""
    text = "3. Go.\n4. Rest.\n   - here\n\n   And more."
    assert said(text) == [
        ("item", "Three. Go."),
        ("item", "Four. Rest."),
        ("item", "here"),
        ("item", "And more."),
    ]


def test_code_item_keeps_its_number():
    """An item that begins with code keeps its number."""
    assert said("1. ```\n   x\n   y\n   ```") == [("item", "One."), ("code", "Code, two lines.")]


def test_short_quote_is_one_line():
    """A short quotation is one line."""
    assert said("> One. Two.\n>\n> Three.") == [("quote", "Quote: One. Two. Three.")]


def test_long_quote_announces_its_end():
    """A long quotation is announced, and so is its end."""
    assert said("> One. Two. Three. Four.") == [
        ("notice", "A longer quotation."),
        ("quote", "One. Two. Three. Four."),
        ("notice", "End of quotation."),
    ]


def test_admonition_says_kind_and_title():
    """A note or a warning says its kind, its title and its text in one line."""
    assert said("> [!warning] Mind the gap\n> Do *not* jump.\n>\n> - one") == [
        ("paragraph", "Warning: Mind the gap. Do not jump."),
        ("item", "one"),
    ]
    assert said("> [!note]\n> Folded.") == [("paragraph", "Note: Folded.")]
    assert said("> [!tip] Tip\n> Same.") == [("paragraph", "Tip: Same.")]
    assert said("> [!tip] Alone.") == [("paragraph", "Tip: Alone.")]


def test_quote_has_its_own_speaker():
    """A quotation may have a speaker of its own."""
    speakers = {"narrator": Speaker(), "quote": Speaker(voice="en-gb")}
    lines = script("Me.\n\n> One. Two. Three. Four.\n\nMe.", speakers=speakers).lines
    who = [line.speaker for line in lines]
    assert who == ["narrator", "narrator", "narrator", "quote", "narrator", "narrator"]


def test_sentences_enclose_the_script():
    """A sentence before and one after a text are lines of no block; a picture has none."""
    settings = ReadingSettings(intro="Hello 1.", outro="Bye.", language="en")
    lines = script("# T\n\nWords.", intro="Hello 1.", outro="Bye.").lines
    assert [(line.block, line.role.value, line.text) for line in lines] == [
        (-1, "notice", "Hello one."),
        (0, "title", "T"),
        (1, "paragraph", "Words."),
        (-1, "notice", "Bye."),
    ]
    document, captions = Document("picture", "cat", "name", (Picture("c.png"),)), {"c.png": CAT}
    assert len(build_script(document, captions, Lexicon.parse([]), settings).lines) == 1
    blank = Document("text", "", "name", ())
    assert build_script(blank, {}, Lexicon.parse([]), settings).lines == ()


SPOKEN_PARTS = """# Title

## Part

Me.

![A cat](cat.png)

> ## Theirs
>
> One. Two. Three. Four.
>
> ![A dog](dog.png)

## <i lang="fr">Bonjour</i>
"""


def test_headings_pictures_have_speakers():
    """Headings, but not the title, and pictures may have speakers; a marked language wins."""
    speakers = {who: Speaker() for who in ("narrator", "quote", "heading", "caption")}
    settings = ReadingSettings(speakers=speakers)
    document = read(SPOKEN_PARTS.encode(), "post.md")
    lines = build_script(document, {}, Lexicon.parse([]), settings, lambda marked: marked).lines
    assert [(line.role.value, line.speaker) for line in lines] == [
        ("title", "narrator"),
        ("heading", "heading"),
        ("paragraph", "narrator"),
        ("picture", "caption"),
        ("notice", "narrator"),
        ("heading", "quote"),
        ("quote", "quote"),
        ("picture", "caption"),
        ("notice", "narrator"),
        ("heading", "fr"),
    ]


def test_heading_in_unnamed_quotation():
    """Where no speaker of quotations is named, a heading in one is said by that of headings."""
    speakers = {"narrator": Speaker(), "heading": Speaker()}
    lines = script("> ## Theirs\n>\n> One. Two. Three. Four.", speakers=speakers).lines
    assert [line.speaker for line in lines[1:]] == ["narrator", "heading", "narrator", "narrator"]


def test_narrator_says_loose_picture():
    """A picture of its own is described by the narrator, whoever speaks for those of a text."""
    speakers = {"narrator": Speaker(), "caption": Speaker()}
    document = Document("picture", "cat", "name", (Picture("cat.png"),))
    settings, captions = ReadingSettings(speakers=speakers), {"cat.png": Caption("A cat.")}
    (line,) = build_script(document, captions, Lexicon.parse([]), settings).lines
    assert (line.role, line.speaker) == (Role.PICTURE, "narrator")


def test_code_says_language_and_lines():
    """Code is announced by language and length."""
    assert said("```py\na\n\nb\n```") == [("code", "Code in Python, two lines.")]
    assert said("```brainfuck\na\nb\n```") == [("code", "Code in Brainfuck, two lines.")]
    assert said("```text\na\nb\n```") == [("code", "Code, two lines.")]


def test_short_line_of_code_is_read():
    """One short line of code is read."""
    assert said("```sh\nmake demo\n```") == [("code", "Code: make demo.")]
    long = [("code", "Code in shell, one line.")]
    assert said("```sh\nmake demo and all that is\n```") == long


def test_code_may_be_read():
    """Code may be read."""
    assert said("```\na\n  b\n```", code="read") == [
        ("code", "Code, two lines."),
        ("code", "a"),
        ("code", "b"),
        ("notice", "End of code."),
    ]


def test_skipped_code_is_listed():
    """Code may be skipped and is then listed."""
    found = script("Words.\n\n```\nsecret\n```", code="skip")
    assert "secret" not in str(found.lines)
    (skip,) = found.skipped
    assert (skip.kind, skip.text, skip.block) == ("code", "secret", 1)


def test_empty_code_is_listed():
    """Code without a line is listed."""
    (skip,) = script("Words.\n\n```sh\n```").skipped
    assert (skip.kind, skip.text) == ("code", "sh")


def test_table_rows_say_their_headers():
    """A table is said row by row with its headers."""
    assert said("| A | B |\n|---|---|\n| a. | b |\n| c |  |") == [
        ("table", "A table of two rows: A, B."),
        ("table", "A: a; B: b."),
        ("table", "A: c; B: empty."),
    ]


NOTES = "A[^1] b.\n\nC.\n\n[^1]: Note[^2].\n\n[^2]: More.\n\n[^3]: Uncalled."


def test_footnotes_after_paragraph():
    """Footnotes are said after their paragraph."""
    assert [text for _, text in said(NOTES)] == ["A b.", "Footnote: Note.", "Footnote: More.", "C."]


def test_footnotes_at_the_end():
    """Footnotes may be said at the end."""
    texts = [text for _, text in said(NOTES, footnotes="end")]
    assert texts == ["A b.", "C.", "Footnote: Note.", "Footnote: More."]


def test_skipped_footnotes_are_listed():
    """Footnotes may be skipped and are then listed."""
    found = script(NOTES, footnotes="skip")
    assert [line.text for line in found.lines[1:]] == ["A b.", "C."]
    assert [skip.text for skip in found.skipped] == ["Note.", "More.", "Uncalled."]


def test_uncalled_footnote_is_listed():
    """A footnote without a mark is listed."""
    (skip,) = script(NOTES).skipped
    assert (skip.kind, skip.text) == ("footnote", "Uncalled.")
    assert "calls" in skip.reason


def test_footnote_cycles_end():
    """Footnotes that call each other end."""
    assert len(said("A[^1].\n\n[^1]: B[^2].\n\n[^2]: C[^1].")) == 3


def test_long_footnote_chain_is_read():
    """A chain of a thousand footnotes is read."""
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
def test_picture_described_in_place(picture, caption, text):
    """A picture is described in its place."""
    assert said(f"W.\n\n{picture}", captions={"a.png": Caption(caption)})[1] == ("picture", text)


def test_inline_picture_in_brackets():
    """A picture inside a sentence is described in it."""
    text = "See ![Rex](a.png), my dog."
    assert said(text, captions={"a.png": Caption("a dog")}) == [
        ("paragraph", "See (an image, labelled Rex, of: a dog), my dog.")
    ]


@pytest.mark.parametrize("around", ["", "See ", "> ", "- ", "| a |\n|---|\n| "])
def test_undescribed_picture_is_listed(around):
    """A picture without a description is announced and listed."""
    captions = {"a.png": Caption(missing="no such file")}
    found = script(f"Words.\n\n{around}![Rex](a.png)", captions=captions)
    assert any("mage: Rex" in line.text for line in found.lines)
    assert [(one.kind, one.reason, one.text) for one in found.skipped] == [
        ("picture", "no such file", "a.png")
    ]


def test_missing_caption_has_a_reason():
    """A picture that nobody described says so."""
    (skip,) = script("Words.\n\n![Rex](a.png)").skipped
    assert skip.reason


def test_comments_and_scripts_skipped():
    """Comments and scripts are listed and never said."""
    found = script("Words.\n\n<!-- secret -->\n\n<script>secret()</script>")
    assert "secret" not in str(found.lines)
    assert [skip.kind for skip in found.skipped] == ["comment", "script"]


def test_thematic_break_lengthens_pause():
    """A thematic break is a longer pause."""
    found = script("One.\n\n---\n\nTwo.")
    assert [line.pause_s for line in found.lines] == [1.0, 1.0, 0.5]
    assert [skip.kind for skip in found.skipped] == ["rule"]


def test_formulas_are_announced():
    """Formulas are announced."""
    assert said("So $x^2$ is.\n\n$$\nx^2\n$$") == [
        ("paragraph", "So a formula is."),
        ("math", "A formula."),
    ]


def test_lines_without_words_are_listed():
    """Signs without a word are listed and not said."""
    found = script("Words.\n\n…—!?")
    assert [line.text for line in found.lines[1:]] == ["Words."]
    assert found.skipped[0].text == "…—!?"


def test_pauses_follow_the_role():
    """Pauses follow the role and may be set."""
    lines = script("# T\n\n## H\n\nP.\n\n- I.", pauses={"item": 2.5}).lines
    assert [line.pause_s for line in lines] == [1.0, 1.0, 0.5, 2.5]


def test_lexicon_comes_before_rules():
    """The lexicon applies before the normalisation rules."""
    found = script("The v2 of nginx.", lexicon="words: {v2: version number 2, nginx: engine x}")
    assert found.lines[1].text == "The version number two of engine x."


def test_line_ids_ignore_their_place():
    """A line's id does not depend on the lines before it."""
    before = script("One.\n\nTwo.\n\nTwo.").lines
    after = script("New.\n\nOne.\n\nTwo.\n\nTwo.").lines
    assert [line.id for line in before[1:]] == [line.id for line in after[2:]]


def test_line_ids_are_unique():
    """Every line has an id of its own."""
    ids = [line.id for line in script("Two.\n\nTwo.\n\n- Two.\n\n- Two.").lines]
    assert len(set(ids)) == len(ids)


def test_lines_know_their_block():
    """Lines know the block they come from."""
    blocks = [line.block for line in script("# T\n\nA.\n\n- b\n- c\n\n> d").lines]
    assert blocks == [0, 1, 3, 4, 5]


def test_script_survives_json():
    """A script can be written down and read back."""
    found = script(NOTES)
    assert msgspec.json.decode(msgspec.json.encode(found), type=type(found)) == found


def test_numbers_are_american_if_set():
    """American numbers go without "and", in text, lists and announcements."""
    text = "101. In 2001, 305 of them.\n\n```\n" + "x = f(y, z, a, b, c)\n" * 105 + "```\n"
    american = [
        ("item", "One hundred one. In two thousand one, three hundred five of them."),
        ("code", "Code, one hundred five lines."),
    ]
    assert said(text, numbers="american") == american
    british = "One hundred and one. In two thousand and one, three hundred and five of them."
    assert said(text)[0] == ("item", british)
