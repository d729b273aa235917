"""The script file: what is written is read again, whatever an editor makes of it."""

import re
import textwrap

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrated.errors import SourceError
from narrated.script.passages import has_words
from narrated.script.review.review_script import ReviewLine, ReviewScript
from narrated.script.review.reviewed_draft import reviewed
from narrated.script.review.script_file import is_script_file, script_name, write_review
from narrated.script.review.script_of_draft import script_of_draft
from narrated.script.script import Caption, Role
from support.reviews import LIMITS, NAME, SETTINGS, after, draft_of, file_of, posts, read, said

POST = """\
---
title: The first day
author: Ann
---
It costs $5, and "half" of it -- more or less -- is an API's.

> Begin at the *beginning*, he said, <i lang="fr">mon ami</i>, and go on.

![a cat](cat.png)

***

- [ ] one {brace} and a [bracket]
- two

| a | b |
|---|---|
| 1 | 2 |

```lisp
(print 1)
```
"""
BROKEN = [
    ("[paragrph, 1 s] A word.", "paragrph", "`paragraph`"),
    ("[sic] he said.", "sic", "\\["),
    ("[paragraph, soon] A word.", "soon", "0.5 s"),
    ("[paragraph, 500 ms] A word.", "`ms`", "seconds"),
    ("[0.5 s] A word.", "no role", "[paragraph, 0.5 s]"),
    ("[quote, voice bob] A word.", "bob", "narrator"),
    ("He said {fr: bonjour.", "not closed", "}"),
    ("He said {de: guten Tag}.", "{de:", "braces"),
    ("A w\0rd.", "control characters", "Remove them"),
    ("pronounce: nginx", "pronounce", "engine x"),
    ("<!-- to do", "does not end", "-->"),
    ("[paragraph, 61 s] A word.", "61 s", "60 s"),
]


def tidy(text):
    """Wrap the lines as an editor does."""
    return "\n\n".join(
        textwrap.fill(each, 60, break_long_words=False, break_on_hyphens=False)
        if each.startswith("[")
        else each
        for each in text.split("\n\n")
    )


EDITORS = {
    "windows": lambda text: "\ufeff" + text.replace("\n", "\r\n"),
    "old_mac": lambda text: text.replace("\n", "\r"),
    "spaces": lambda text: "\n".join(f"  {line} \t" for line in text.split("\n")),
    "tabs": lambda text: re.sub(r"(?<=[a-z,]) (?=[a-z])", "\t", text),
    "unbroken": lambda text: re.sub(r"(?<=[a-z,]) (?=[a-z])", "\u00a0", text),
    "wrapping": tidy,
    "dashes": lambda text: text.replace("--", "—"),
    "quotes": lambda text: re.sub(r'"(\w+)"', r"“\1”", text).replace("'", "’"),
    "blank": lambda text: text.replace("\n\n", "\n \n\n\n"),
    "close": lambda text: text.replace("\n\n[", "\n["),
    "comma": lambda text: text.replace("0.5 s", "0,5s"),
    "escaping": lambda text: re.sub(r"(?m)^\[(.*?)\]", r"\\[\1\\]", text),
    "utf16": lambda text: text.encode("utf-16"),
    "no_end": lambda text: text.rstrip("\n"),
}


@pytest.mark.parametrize("post", posts(), ids=lambda post: post.stem)
def test_an_unedited_file_is_the_draft(post):
    """Written, read and applied, the draft of a post is the same in all its parts."""
    told = {"intro": "Welcome.", "outro": "Good bye.", "code": "read", "tables": "all"}
    own = {"pauses": {"quote": 0.3333, "item": 60}, "footnotes": "end"}
    chosen = msgspec.structs.replace(SETTINGS, **told, **own)
    draft = draft_of(post.read_bytes(), name=post.name, settings=chosen)
    script = read(write_review(script_of_draft(draft), draft, post.name))
    found = reviewed(draft, script, LIMITS, NAME)
    assert (found.draft, found.conflicts) == (draft, ())


@pytest.mark.parametrize("editor", EDITORS)
def test_editors_habits_change_nothing(editor):
    """Line ends, marks, wraps, tabs and typography of an editor are no edits."""
    captions = {"cat.png": Caption("a cat on a mat")}
    draft = draft_of(POST, captions=captions)
    text = EDITORS[editor](file_of(POST, captions=captions))
    content = text if isinstance(text, bytes) else text.encode()
    assert is_script_file(content)
    found = reviewed(draft, read(content), LIMITS, NAME)
    assert (found.draft, found.conflicts) == (draft, ())


SIGNS = st.sampled_from([*"abAB19.,:;!?'\"()[]{}<>*_`~#|-—–\\/&$%@ \n", "\n\n", "ü", "API "])


@settings(deadline=None, max_examples=80)
@given(st.lists(SIGNS, max_size=120).map("".join))
def test_any_post_survives_its_file(source):
    """No source makes a file that cannot be read, or that says something else."""
    try:
        draft = draft_of(source)
    except SourceError:
        return
    if draft.script.lines:
        script = read(write_review(script_of_draft(draft), draft, "post.md"))
        assert reviewed(draft, script, LIMITS, NAME).draft == draft


WORDS = st.text(max_size=40).map(lambda text: " ".join(text.split())).filter(has_words)


@settings(deadline=None, max_examples=80)
@given(st.lists(st.tuples(WORDS, st.sampled_from(Role), st.floats(0, 60))))
def test_a_persons_lines_come_back(found):
    """A line with any signs, role and silence is read as it was written."""
    draft = draft_of("A post.")
    escape = str.maketrans({sign: f"\\{sign}" for sign in "\\[{}<"})
    clean = [
        " ".join(read(f"{HEAD}[paragraph] {text.translate(escape)}").lines[0].text.split())
        for text, _, _ in found
    ]
    lines = tuple(
        ReviewLine(text, role, pause_s=round(pause, 2))
        for text, (_, role, pause) in zip(clean, found, strict=True)
    )
    script = read(write_review(ReviewScript(lines), draft, "post.md"))
    assert [(one.text, one.role, one.pause_s) for one in script.lines] == [
        (one.text, one.role, one.pause_s) for one in lines
    ]


HEAD = "<!-- narrated script of post.md, form 1 -->\n\n"


@pytest.mark.parametrize(("line", "problem", "remedy"), BROKEN)
def test_a_broken_line_is_named(line, problem, remedy):
    """A line that cannot be understood fails with its number, and with what to write."""
    with pytest.raises(SourceError) as error:
        after("A post.", f"{HEAD}One.\n\n{line}\n\nTwo.".encode())
    assert error.value.problem.startswith("post.script.md, line 5: ")
    assert problem in error.value.problem
    assert remedy in error.value.remedy


@settings(deadline=None, max_examples=80)
@given(st.text(alphabet="[]{}:,.<>!-—\\ \n\tas1k3pronounce=>#*", max_size=200))
def test_rubbish_is_refused_or_read(rubbish):
    """Whatever stands below the header is read, or refused with a line."""
    try:
        read(HEAD + rubbish)
    except SourceError as error:
        assert ", line " in error.problem


@pytest.mark.parametrize(
    ("content", "is_one"),
    [
        (b"<!-- narrated script of a.md, form 1 -->", True),
        ("\ufeff\r\n<!— narrated script".encode(), True),
        (b"# narrated script\n", False),
        (b"Text <!-- narrated script -->", False),
        (b"\xff\xfe\0\0", False),
    ],
)
def test_a_script_file_is_recognised(content, is_one):
    """A file is a script by its header line alone."""
    assert is_script_file(content) is is_one


def test_a_newer_form_is_refused():
    """A file of a later form tells to upgrade."""
    with pytest.raises(SourceError, match="form 2") as error:
        read(HEAD.replace("form 1", "form 2") + "Words.")
    assert "Upgrade" in error.value.remedy


@pytest.mark.parametrize(
    ("post", "name"),
    [("post.md", "post.script.md"), ("a.b.html", "a.b.script.md"), ("README", "README.script.md")],
)
def test_a_script_is_named_as_its_post(post, name):
    """The script file has the name of its post, with another suffix."""
    assert script_name(post) == name


def test_a_new_line_may_be_markdown():
    """A line without brackets tells its role as Markdown does; else it is a paragraph."""
    draft, _ = after("A post.", f"{HEAD}# One\n\n## Two\n\nThree\n\n- Four\n- Five\n\n> Six")
    assert [line.role.value for line in draft.script.lines] == [
        "title",
        "heading",
        "paragraph",
        "item",
        "item",
        "quote",
    ]
    assert said(draft) == ["One", "Two", "Three", "Four", "Five", "Six"]
    assert [line.speaker for line in draft.script.lines][-1] == "quote"
