"""Obsidian's links, embeds, callouts and marks are read as what they mean."""

import pytest

from support.dialect_posts import listed, said

POST = """\
#diary #travel/italy

See [[Create a base|create a base]], [[folder/Views]] and [[Note#Heading]], [[#Here]].

![[cat.png]]

![[dog.png|A dog|300]]

![[Other note#Part]] and ![[talk.mp3]]

Some ==highlighted== text with ==**bold** marks==. ^block-id

%% a private comment %%

%%
A long comment

of two paragraphs.
%%

Done %%inline%% now #tag/sub.

mood:: fine

> [!question]- May callouts *fold*?
> Yes.
>
> > [!tip] Nested
> > Inner.

> [!note]
> - an item

> [!tip] Only a title

| a | b |
|---|---|
| [[x\\|y]] | z |

- item ^abc-1

![Alt|100](a.png)
"""
SAID = [
    "See create a base, Views and Note, Heading, Here.",
    "An image.",
    "An image: A dog.",
    "and",
    "Some highlighted text with bold marks.",
    "Done now hashtag tag sub.",
    "mood: fine",
    "Question: May callouts fold? Yes.",
    "Tip: Nested. Inner.",
    "Note:",
    "an item",
    "Tip: Only a title.",
    "A table of one row: a, b.",
    "a: y; b: z.",
    "item",
    "An image: Alt.",
]


def test_whole_note():
    """A whole note of Obsidian is said without any of its signs."""
    assert said(POST) == SAID
    hidden = listed(POST)
    assert ("tags", "#diary #travel/italy") in hidden
    assert ("comment", "%% A long comment of two paragraphs. %%") in hidden
    assert ("embed", "![[Other note#Part]]") in hidden
    assert ("embed", "![[talk.mp3]]") in hidden
    assert ("block id", "^block-id") in hidden


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("If a == b it holds.", "If a equals b it holds."),
        ("Both x==y and z==w hold.", "Both x equals y and z equals w hold."),
        ("The list [[1,2],[3,4]] here.", "one,two"),
        ("In R, x[[1]] is first.", "one"),
        ("If [[ -f x ]] then.", "x"),
        ("Only 50%% off and 20%% more.", "off and"),
        ("Take e := x::y here.", "x colon colon y"),
        ("Use std::vector here.", "std"),
        ("The power x ^2", "two"),
        ("As [[1]](#fn) says.", "As"),
        ("Open ==mark stays.", "mark stays"),
        ("Open %% comment stays.", "comment stays"),
        ("Open [[link stays.", "link stays"),
    ],
)
def test_similar_prose_stays(text, heard):
    """Prose that only looks like Obsidian's marks stays."""
    assert heard in " ".join(said(text))


def test_code_keeps_its_marks():
    """Code that holds Obsidian's marks keeps them."""
    assert listed("Use `[[x]]`, `%%y%%`.\n\n```\n![[z]]\n%%a%%\n```") == []


def test_custom_tasks_say_their_status():
    """A task with a status of its own says it; a letter is one only beside other tasks."""
    tasks = "- [/] a cake\n- [-] tea\n- [>] mail\n- [!] rent\n- [x] bread\n- [I] fly"
    assert said(tasks) == [
        "In progress: a cake",
        "Dropped: tea",
        "Put off: mail",
        "Important: rent",
        "Done: bread",
        "Idea: fly",
    ]
    assert said("- [b] one\n- [c] two") == ["[b] one", "[c] two"]
    assert said("See [[#^id]] here.") == ["See a part of this note here."]
