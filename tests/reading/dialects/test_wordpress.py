"""WordPress: its shortcodes are silent, or read as what they mean."""

import pytest

from narrated.reading.document import Code
from narrated.reading.markdown import blocks
from support.dialect_posts import listed, said


@pytest.mark.parametrize(
    "text",
    [
        '[caption id="x" align="left"]<img src="a.png" alt="A"> My *caption*[/caption]',
        '[caption width="3"]<a href="b"><img src="a.png" alt="A" /></a> My caption[/caption]',
        "[caption]![A](a.png) My caption[/caption]",
        '[caption caption="My caption"]<img src="a.png" alt="A">[/caption]',
    ],
)
def test_captions_follow_their_picture(text):
    """A picture with a caption is a picture, and the caption a paragraph."""
    assert said(text) == ["An image: A.", "My caption"]


@pytest.mark.parametrize(
    "text",
    [
        '[sourcecode language="python"]\na = 1\n\nb\n[/sourcecode]',
        "[code lang=python]\na = 1\n\nb\n[/code]",
        "[python]\na = 1\n\nb\n[/python]",
    ],
)
def test_code_is_code(text):
    """The text of a shortcode for code is code, whatever stands in it."""
    assert blocks(text, "a.md") == (Code("a = 1\n\nb", "python"),)


@pytest.mark.parametrize(
    "shortcode",
    [
        "[youtube https://www.youtube.com/watch?v=abc]",
        '[gallery ids="1,2"]',
        "[gallery]",
        '[contact-form-7 id="1" title="x"]',
        '[vc_row full_width="yes"]',
        '[su_divider top="no" /]',
    ],
)
def test_shortcodes_are_listed(shortcode):
    """A shortcode is silent, and listed."""
    assert said(f"One {shortcode} two.") == ["One two."]
    assert listed(f"One.\n\n{shortcode}\n\nTwo.") == [("shortcode", shortcode)]


def test_text_in_shortcodes_is_read():
    """The text between an unknown pair is read; that of embedded content is not."""
    assert said('[su_note note_color="#fff"]Inner *text*.[/su_note]') == ["Inner text."]
    assert said("One.\n\n[embed]https://a.b/c[/embed]") == ["One."]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[caption id="x"] unclosed text.', "unclosed text."),
        ('[sourcecode language="c"] unclosed text.', "unclosed text."),
        ("[code] unclosed text.", "[code] unclosed text."),
    ],
)
def test_unclosed_loses_no_text(text, words):
    """The text after a shortcode without its end is read."""
    assert said(text) == [words]


@pytest.mark.parametrize(
    "text",
    [
        "So [sic] and [1] and [x] and [more info].",
        "So [/rant] ends.",
        "A [code] word in an [embed] or a [caption].",
        'So input[type="text"] and a[b c="d"].',
        "As [see a=b] says.",
    ],
)
def test_brackets_of_prose_stay(text):
    """Brackets of prose stay, and their words."""
    words = said(text)[0].replace("equals", "=").replace("slash ", "/").replace(" ", "")
    assert words.replace("one", "1") == text.replace(" ", "")


def test_links_stay_links():
    """A shortcode's name in a link is no shortcode."""
    assert said("A [gallery](b) and [one][gallery] and [c d=e](f).\n\n[gallery]: g") == [
        "A gallery and one and c d equals e."
    ]


def test_code_keeps_shortcodes():
    """Code keeps everything as it is."""
    assert blocks('```\n[gallery ids="1"]\n[code]\n```', "a.md") == (
        Code('[gallery ids="1"]\n[code]', ""),
    )


@pytest.mark.parametrize("name", ["footnote", "efn_note", "mfn", "ref"])
def test_notes_in_place_are_footnotes(name):
    """The note of a plugin for footnotes is said after its paragraph."""
    text = f"One[{name}]See [a]({'b'}) *note*.\n\nMore.[/{name}] two."
    assert said(text) == ["One two.", "Footnote: See a note. More."]


def test_pairs_in_brackets_are_listed():
    """A name in brackets with its end is a shortcode, at the edge of a word and in another one."""
    text = "[spoiler]Rex [dropcap]d[/dropcap]ies[/spoiler] as [sic] and[one_half]one[/one_half]."
    assert said(text)[0].startswith("Rex dies as [sic] and")
    nested = '[vc_row][vc_column width="1/2"]Words.[/vc_column][/vc_row]'
    assert said(nested) == ["Words."]
    assert ("shortcode", "[vc_row]") in listed(nested)


@pytest.mark.parametrize(
    "shortcode",
    [
        "[youtube=https://youtu.be/abc&w=3]",
        "[tweet 12345]",
        "[table id=3 /]",
        "[audio a=b][/audio]",
    ],
)
def test_bare_arguments_are_silent(shortcode):
    """Embeds with an argument without a name, and closed ones, are silent."""
    assert said(f"One.\n\n{shortcode}\n\nTwo.") == ["One.", "Two."]
    assert said("A [tweet today] and a [video link].") == ["A [tweet today] and a [video link]."]


def test_latex_is_a_formula():
    """WordPress's LaTeX is a formula."""
    assert said("So [latex]x^2[/latex] is.") == ["So a formula is."]


def test_names_without_their_end_stay():
    """A name in brackets without its end is no shortcode: a link's label stays one."""
    text = "A [link][ref], [ref] and [name]. So [/rant] and [b]c[/b].\n\n[ref]: u\n[name]: v"
    assert said(text) == ["A link, ref and name. So [slash rant] and c."]


def test_captions_in_arguments_are_said():
    """The caption of a gallery and the title of a video are said."""
    assert said('[gallery ids="1,2" caption="Our trip"]') == ["Our trip"]
    assert said('One.\n\n[video src="a.mp4" title="A film"]\n\nTwo.') == ["One.", "A film", "Two."]
