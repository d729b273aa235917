"""Hugo's shortcodes are silent, or read as what they mean."""

import pytest

from support.dialect_posts import listed, said

POST = """\
Intro with {{< param version >}} and [a guide]({{< ref "guide.md" >}}).

{{< figure src="cat.jpg" alt="A cat" caption="My cat" >}}

{{< highlight go "linenos=table" >}}
// {{< not a shortcode >}}
func main() {}
{{< / highlight >}}

{{< notice warning "Mind *the* gap" >}}
Do not **jump**.

- one
{{< /notice >}}

{{% callout type="info" %}}One line.{{% /callout %}}

{{< youtube w7Ft2ymGmfc >}}

{{< details summary="Click me" >}}
Hidden text.
{{< /details >}}

{{< tabs >}}
{{< tab "Python" >}}
Snakes.
{{< /tab >}}
{{< /tabs >}}

{{< figure
  src="dog.png"
  alt="A dog"
>}}

Press {{< button href="/x" >}}the button{{< /button >}}, says {{ .Params.author }}.

{{< quote author="Ada" >}}
Short.
{{< /quote >}}
"""
SAID = [
    "Intro with and a guide.",
    "An image, labelled A cat, titled My cat.",
    "Code in Go, two lines.",
    "Warning: Mind the gap. Do not jump.",
    "one",
    "Info: One line.",
    "Click me",
    "Hidden text.",
    "Python",
    "Snakes.",
    "An image: A dog.",
    "Press the button, says .",
    "Quote: Short. Ada",
]


def test_whole_post():
    """A whole post of Hugo is said without any sign of a shortcode."""
    assert said(POST) == SAID
    assert ("shortcode", "{{< youtube w7Ft2ymGmfc >}}") in listed(POST)
    assert ("shortcode", "{{< param version >}}") in listed(POST)


def test_kinds_in_a_first_place():
    """A kind in a tag's first place is the note's kind, an icon or a colour is not."""
    assert said("{{< hint info >}}\nBody.\n{{< /hint >}}") == ["Info: Body."]
    assert said('{{< alert "circle-info" >}}\nBody.\n{{< /alert >}}') == ["Note: Body."]
    assert said("Press {{< kbd Ctrl C >}} now.") == ["Press Ctrl C now."]


def test_escaped_shortcode_is_code():
    """A shortcode that the author shows is read as code."""
    assert said('Write {{</* ref "x" */>}} or {{%/* y */%}}.') == [
        "Write less than ref x greater than or percent y percent."
    ]


@pytest.mark.parametrize(
    "text",
    ["One {{< two three.", "{{< tip >}}\n\nOne two three.", "One {{< /tip >}} two three."],
)
def test_unclosed_forms_lose_no_word(text):
    """A shortcode without its end loses no word."""
    heard = " ".join(said(text))
    assert all(word in heard for word in ("two", "three"))


def test_dialect_may_be_off():
    """A dialect that is off leaves its signs as text."""
    assert "x" in " ".join(said("A {{< x >}} b", frozenset({"hugo"})))
    assert said("A {{< x >}} b") == ["A b"]


def test_marks_of_columns_are_silent():
    """The mark between two columns is silent."""
    assert said("{{< columns >}}\nA\n<--->\nB\n{{< /columns >}}") == ["A", "B"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('The {{< abbr title="Hyper" text="HTM" >}} page.', ["The H T M page."]),
        ('See {{< link href="u" content="Words" >}}.', ["See Words."]),
        ('{{< style "color:red" >}}\nSome *words*.\n{{< /style >}}', ["Some words."]),
        ('{{< spoiler text="Look" >}}\nFound.\n{{< /spoiler >}}', ["Look", "Found."]),
        (
            '{{< tab header="Py" lang="python" >}}\na = 1\nb = 2\n{{< /tab >}}',
            ["Py", "Code in Python, two lines."],
        ),
        ('One.\n\n{{< echarts >}}\n{"a": {"b": 1}}\n{{< /echarts >}}', ["One."]),
    ],
)
def test_shortcodes_of_themes(text, words):
    """Words in arguments are said, tabs of code are code, and sources of charts silent."""
    assert said(text) == words


def test_titles_of_embeds_are_said():
    """The title of something that is shown from elsewhere is said."""
    assert said('{{< youtube id="abc" title="A talk on cats" >}}') == ["A talk on cats"]
    assert said('One {{< vimeo id="1" >}} two.') == ["One two."]
