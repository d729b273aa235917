"""The lines that begin chapters: the title, headings of three levels, and pictures."""

import pytest

from narrated.script.default_voice import SpeechEngines
from narrated.script.script import Caption, Draft, ReadingSettings
from narrated.script.source_to_draft import build_draft


def titles(text: str, captions: dict[str, Caption] | None = None) -> list[str]:
    """Draft a post; give the titles of its chapters."""
    draft = drafted(text, captions)
    spoken = [line.id for line in draft.script.units]
    places = [spoken.index(each.line) for each in draft.chapters]
    assert places == sorted(places)
    return [each.title for each in draft.chapters]


def drafted(text: str, captions: dict[str, Caption] | None = None) -> Draft:
    return build_draft(
        text.encode(),
        "post.md",
        captions=captions or {},
        lexicons=(),
        settings=ReadingSettings(),
        engines=SpeechEngines({"espeak": 400, "pico": 400}),
    )


def test_headings_begin_chapters() -> None:
    """The title begins the first chapter, each heading of three levels another, as written."""
    text = "# T\n\nA.\n\n## 3 *May*, 8 GB\n\nB.\n\n### Below[^1]\n\nC.\n\n#### Deep\n\nD.\n\n"
    assert titles(f"{text}[^1]: N.\n") == ["T", "3 May, 8 GB", "Below"]


def test_title_begins_one_chapter() -> None:
    """A heading with the title's words begins no chapter of its own."""
    assert titles("---\ntitle: Tea\n---\nWords.\n\n# Tea\n\nMore.\n\n# Milk\n\nLast.\n") == [
        "Tea",
        "Milk",
    ]


def test_quoted_heading_is_no_section() -> None:
    """A heading inside a quotation, or without words, begins no chapter."""
    assert titles("# T\n\nA.\n\n> ## Quoted\n>\n> B.\n\n## ---\n\nC.\n\n## Own\n\nD.\n") == [
        "T",
        "Own",
    ]


@pytest.mark.parametrize(
    ("levels", "kept"),
    [({1: 3, 2: 90, 3: 7}, 100), ({1: 3, 2: 90, 3: 8}, 93), ({2: 101, 3: 5}, 101)],
)
def test_many_headings_upper_levels(levels: dict[int, int], kept: int) -> None:
    """Of over a hundred headings, the upper levels alone begin chapters."""
    counts = ((level, at) for level, count in levels.items() for at in range(count))
    text = "\n\n".join(f"{'#' * level} Part {level} {at}\n\nWords." for level, at in counts)
    assert len(titles(f"---\ntitle: T\n---\n{text}\n")) == 1 + kept


def test_pictures_begin_chapters() -> None:
    """A picture begins a chapter by its label, or else its caption; one in a sentence does not."""
    text = "# T\n\nA ![in](in.png) B.\n\n![A desk](a.png)\n\nB.\n\n![](b.png)\n\nC.\n\n![](c.png)\n"
    captions = {"b.png": Caption("A green tram")}
    assert titles(text, captions) == ["T", "A desk", "A green tram", "An image"]


def test_vast_titles_fill_no_plan() -> None:
    """A vast heading, and a picture with a vast address, take little room in the plan."""
    picture = f"https://example.org/{'a' * 100_000}"
    draft = drafted(f"# T\n\nA.\n\n## {'word ' * 20_000}\n\nB.\n\n![A leaf]({picture})\n\nC.\n")
    assert len(draft.chapters) == 3
    assert all(len(each.title) <= 256 and not each.picture for each in draft.chapters)
