"""Zola's shortcodes and Hexo's tags are silent, or read as what they mean."""

from support.dialect_posts import listed, said


def test_whole_post_of_zola():
    """A whole post of Zola is said without any sign of a shortcode."""
    text = """\
{{ youtube(id="x", autoplay=true) }}

{% quote(author="Ada") %}
Quoted *text*.
{% end %}

{% crt() %}
```
code here
more
```
{% end %}

Inline {{ icon(name="x") }} stays a sentence; {{/* shown() */}} too.

{{ figure(src="a.png", alt="A plot") }}
"""
    assert said(text) == [
        "Quote: Quoted text. Ada",
        "Code, two lines.",
        "Inline stays a sentence; shown too.",
        "An image: A plot.",
    ]
    assert ("shortcode", '{{ youtube(id="x", autoplay=true) }}') in listed(text)


def test_whole_post_of_hexo():
    """A whole post of Hexo is said without any sign of a tag."""
    text = """\
{% blockquote David Levithan, Wide Awake https://x.org %}
Do not just seek happiness.
{% endblockquote %}

{% codeblock Array.map lang:js https://x.org %}
array.map(callback)

b
{% endcodeblock %}

{% asset_img foo.jpg "This is an example image" %}

{% img left /images/dog.png 300 200 "A dog here" %}

{% youtube lJIrF4YjHfQ %}

See [it]({% post_path my-post %}).
"""
    assert said(text) == [
        "Quote: Do not just seek happiness. David Levithan, Wide Awake",
        "Code in JavaScript, two lines.",
        "An image: This is an example image.",
        "An image: A dog here.",
        "See it.",
    ]
    assert ("template", "{% youtube lJIrF4YjHfQ %}") in listed(text)


def test_named_keys_and_titles_stay():
    """A key is said by its name; a note's title stands after its switches."""
    assert said('Press {{ kbd(key="Ctrl") }} now.') == ["Press Ctrl now."]
    note = "{% note warning no-icon 'Mind' %}\nWords.\n{% endnote %}"
    assert said(note) == ["Warning: Mind. Words."]
