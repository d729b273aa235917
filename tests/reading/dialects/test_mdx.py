"""MDX: the text in components is read, and what a page runs is silent."""

import pytest

from support.dialect_posts import listed, said

POST = """\
import Tabs from '@theme/Tabs';
import {A, B} from "./x";
import {
  C,
} from './y';

export const meta = {
  title: 'x',
};

<Tabs>
  <TabItem value="apple" label="Apple" default>
    This is an apple.
  </TabItem>
  <TabItem value="orange" label="Orange">

    This is an **orange**.

  </TabItem>
</Tabs>

<Highlight color="#25c2a0">Docusaurus green</Highlight> is nice. Text{' '}here {/* c */} ends.

{/* a comment
of two lines */}

<YouTube id="abc" />

<Note title="Heed">Take care.</Note>

<Aside type="tip" title="Try it">
Some *tip*.
</Aside>

The version is {props.version}.
"""
SAID = [
    "Apple",
    "This is an apple.",
    "Orange",
    "This is an orange.",
    "Docusaurus green is nice. Text here ends.",
    "Note: Heed. Take care.",
    "Tip: Try it. Some tip.",
    "The version is .",
]


def test_whole_page():
    """A whole page of MDX is said without its imports, tags and properties."""
    assert said(POST) == SAID
    hidden = listed(POST)
    assert ("component", '<YouTube id="abc" />') in hidden
    assert ("code of the page", "import Tabs from '@theme/Tabs';") in hidden
    assert ("comment", "{/* a comment of two lines */}") in hidden


@pytest.mark.parametrize(
    "text",
    [
        "import duties rose from the shop.",
        "export function is broken.",
        "The <T> parameter stays.",
        "A List<String> stays.",
        "A {x, y} set stays.",
        "A {name} stays.",
    ],
)
def test_similar_prose_stays(text):
    """Prose that only looks like MDX stays, also on a page of MDX."""
    page = f"import X from 'x'\n\n{text}"
    assert listed(page) == [("code of the page", "import X from 'x'")]
    assert said(page)[0].split()[-1] == text.split()[-1]


def test_code_keeps_its_tags():
    """Code keeps its imports, tags and expressions."""
    page = "```jsx\nimport X from 'x'\n<Tabs>{a.b}</Tabs>\n```\n\nUse `<Tabs>`."
    assert listed(page) == []


def test_open_component_loses_no_word():
    """A component without its end loses no word."""
    assert said('<Card title="x">\n\nOne.\n\nTwo.')[-2:] == ["One.", "Two."]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<img src={require('./a.png').default} alt=\"A\" />", "An image: A."),
        ("So <img src={url('/a.png')} width={3} alt='A'/> it is.", "So (an image: A) it is."),
        ("<div className=\"x\" onClick={() => alert('hi')}>Words</div>", "Words"),
        ('<span :class="$style.x" @click="n++">Words</span>', "Words"),
        ("If a < b and c={d} > e.", "If a is less than b and c={d} is greater than e."),
    ],
)
def test_attributes_in_braces_are_silent(text, words):
    """An element of HTML with JSX's or Vue's attributes is read as HTML."""
    assert said(text) == [words]


def test_code_component_is_code():
    """Docusaurus's component for code is code; the name of another file's code is listed."""
    text = '<CodeBlock language="py">\n{`a = 1\nb = <c>2</c>`}\n</CodeBlock>'
    assert said(text) == ["Code in Python, two lines."]
    assert said("One.\n\n<CodeBlock>{Source}</CodeBlock>") == ["One."]
    assert said('<LinkCard title="A" href="b" description="Words" />') == ["A", "Words"]


def test_imports_in_code_make_no_mdx():
    """Code that imports does not make a text of its document one of MDX."""
    code = "```js\nimport a from 'a';\nlet b;\n```\n\nSay `<Tabs >`."
    assert said(f"Extends: {{errors.Error}}\n\n{code}")[0] == "Extends: {errors dot Error}"
    assert said("import a from 'a';\n\nSo {props.x} it is.") == ["So it is."]


def test_expressions_are_silent():
    """An expression in braces is silent in MDX, and a number is said; elsewhere braces stay."""
    code = "import a from 'a';\n\n"
    assert said(code + "It is {1 + 1} or {a ? 'b' : 'c'}, of {42} or {`x`}.") == [
        "It is or , of forty-two or x."
    ]
    assert said("Take {1, 2} here.") == ["Take {one, two} here."]
