"""Liquid's and Nunjucks' tags are silent, or read as what they mean."""

import pytest

from support.dialect_posts import listed, said

POST = """\
* TOC
{:toc}

{% highlight ruby linenos %}
def foo
  puts '{% x %}'
end
{% endhighlight %}

See [the post]({% post_url 2010-07-21-name %}), [that]({{ site.baseurl }}/a) and {{ page.title }}.
{: .notice--info}

{% raw %}Use {{ this }} in templates.{% endraw %}

{% comment %}
Hidden text.
{% endcomment %}

{% include figure.html src="a.png" alt="A cat" caption="Cap" %}
{% include note.html content="Be *careful* now." %}
{% include youtube.html id="x" %}

{% if page.x %}
Shown text.
{% else %}
Other text.
{% endif %}

{% assign x = "foo" %}
{% capture notice %}
Captured **text**.
{% endcapture %}

![Pic]({{ "/img/cat.png" | relative_url }}){: width="300"}

A [link](x){:target="_blank"} and *em*{: .x}.

<!--more-->

{% warning %}One line.{% endwarning %}

{# A comment of Nunjucks. #}

{% image "./cat.jpg", "a photo of my cat", "(min-width: 30em) 50vw, 100vw" %}

{%- for each in list -%}
Once.
{%- endfor -%}
"""
SAID = [
    "Code in Ruby, three lines.",
    "See the post, that and .",
    "Use this in templates.",
    "An image, labelled A cat, titled Cap.",
    "Note: Be careful now.",
    "Shown text.",
    "Other text.",
    "Captured text.",
    "An image: Pic.",
    "A link and em.",
    "Warning: One line.",
    "An image: a photo of my cat.",
    "Once.",
]


def test_whole_post():
    """A whole post of Jekyll is said without any sign of a template."""
    assert said(POST) == SAID
    hidden = listed(POST)
    assert ("comment", "Hidden text.") in hidden
    assert ("template", '{% assign x = "foo" %}') in hidden
    assert ("attributes", "{: .notice--info}") in hidden


@pytest.mark.parametrize(
    "text",
    [
        "About {% of them stay.",
        "The array {{1, 2}, {3, 4}} stays.",
        "The set {{a, b}} of sets stays.",
        "From 50% to 60%} it stays.",
        "Open {{ for ever stays.",
        "A brace {# that is open stays.",
        "A smile {: that stays.",
    ],
)
def test_prose_with_braces_stays(text):
    """Prose with braces that are no template stays."""
    heard = " ".join(said(text))
    assert "stay" in heard
    assert listed(text) == []


def test_raw_without_end_loses_nothing():
    """A region without its end hides no word."""
    assert said("{% raw %}\n\nOne.\n\n{% comment %}\n\nTwo.") == ["One.", "Two."]


def test_kramdown_comment_is_listed():
    """A comment of Kramdown is silent and listed."""
    text = "Before.\n\n{::comment}\nNot *said*.\n{:/comment}\n\nAfter."
    assert said(text) == ["Before.", "After."]
    assert ("comment", "Not *said*.") in listed(text)


def test_shown_tags_are_code():
    """Tags that an author shows in `raw` are code; the code around them stays."""
    text = "{% raw %}\nUse {% include x %}.\n\n```\n{% if x %}\n{{ y }}\n```\n{% endraw %}"
    assert said(text) == ["Use percent include x percent.", "Code, two lines."]


def test_captions_are_without_signs():
    """A picture's label is without markup; its caption is said beside its title, too."""
    figure = '{% include figure image_path="/a.png" caption="A **cat** of [Ada](b)" %}'
    assert said(figure) == ["An image: A cat of Ada."]
    within = 'So {{< figure src="a.png" title="Cat" caption="By *Ada*" >}} it is.'
    assert said(within) == ["So (an image: Cat) By Ada it is."]
