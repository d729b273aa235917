"""Each narration is of one show: that of its deepest folder with a section, or of the root."""

import pytest

from narrated.errors import SourceError
from narrated.podcast.feed_answers import section_answer
from narrated.podcast.feed_parts import new_guid
from narrated.podcast.show import Show
from narrated.podcast.show_section import ShowSection, folder_section
from narrated.podcast.shows import Shows, ShowSettings

ROOT = Show(title="All", author="Ada", base_url="https://example.org/pod/", picture="/cover.jpg")


def _shows(
    sections: dict[str, ShowSection], *stems: str, each: bool = False
) -> tuple[dict[str, str], dict[str, Show]]:
    """The folder of the show of each narration, and the shows by their folders."""
    shows = Shows(ShowSettings(ROOT, each), sections)
    places = {stem: shows.place(f"{stem}.md", stem) for stem in stems}
    return places, {show.folder: show for show in shows.shows()}


def test_one_show_has_all() -> None:
    """Without a section all narrations are of the show of the root."""
    assert _shows({}, "a", "b/c/d") == ({"a": "", "b/c/d": ""}, {"": ROOT})


def test_each_first_folder_is_a_show() -> None:
    """With `folders: each` the first folder counts, however deep a narration lies."""
    places, shows = _shows({}, "a", "b c/d", "b c/e/f", each=True)
    assert places == {"a": "", "b c/d": "b c", "b c/e/f": "b c"}
    assert (shows["b c"].title, shows["b c"].author) == ("b c", "Ada")
    assert shows["b c"].base_url == "https://example.org/pod/b%20c/"
    assert shows[""] == ROOT


def test_deepest_section_wins() -> None:
    """The deepest folder with a section has a narration; what it leaves out is said above it."""
    sections = {
        "a": ShowSection(title="A", author="Bo", language="fr"),
        "a/b/c": ShowSection(description="Of c.", author=""),
    }
    places, shows = _shows(sections, "a/x", "a/b/x", "a/b/c/d/x", "ab/x")
    assert places == {"a/x": "a", "a/b/x": "a", "a/b/c/d/x": "a/b/c", "ab/x": ""}
    assert (shows["a"].title, shows["a"].author) == ("A", "Bo")
    deepest = shows["a/b/c"]
    assert (deepest.title, deepest.author, deepest.language) == ("c", "", "fr")
    assert deepest.base_url == "https://example.org/pod/a/b/c/"


def test_section_of_the_root_counts() -> None:
    """A section at the inbox's root says of all shows what the configuration would say."""
    _, shows = _shows({"": ShowSection(title="Mine", author="Bo")}, "x", "a/x", each=True)
    assert (shows[""].title, shows["a"].title, shows["a"].author) == ("Mine", "a", "Bo")


def test_own_address_is_of_its_folder() -> None:
    """A show with an address of its own is served there, and those below it as well."""
    sections = {"a": ShowSection(base_url="https://a.org"), "a/ü": ShowSection()}
    _, shows = _shows(sections, "a/x", "a/ü/x")
    assert shows["a"].base_url == "https://a.org/"
    assert shows["a/ü"].base_url == "https://a.org/%C3%BC/"
    assert new_guid(shows["a"]) != new_guid(shows["a/ü"])


def test_picture_replaces_picture() -> None:
    """A picture of the inbox takes the place of the configuration's, and no show has both."""
    _, shows = _shows({"a": ShowSection(inbox_picture="a/c.png")}, "a/x", "b/x", each=True)
    assert (shows["a"].picture, shows["a"].inbox_picture) == ("", "a/c.png")
    assert (shows["b"].picture, shows["b"].inbox_picture) == ("/cover.jpg", "")


def test_names_that_meet_are_one_show() -> None:
    """Folders of the inbox that are one in the outbox are one show; a section names it."""
    for paths in (("Té/x.md", "Te/y.md"), ("Te/y.md", "Té/x.md")):
        shows = Shows(ShowSettings(ROOT, is_each=True), {"Té": ShowSection(title="Tea")})
        assert {shows.place(path, f"Te/{path[-4]}") for path in paths} == {"Te"}
        assert [each.title for each in shows.shows()] == ["Tea"]


def test_narration_elsewhere_is_roots() -> None:
    """A narration that lies at another depth than its source is of the show of the root."""
    shows = Shows(ShowSettings(ROOT, is_each=True), {"a": ShowSection()})
    assert shows.place("a/b.md", "b") == ""


def test_gallery_is_of_the_folder_above() -> None:
    """A gallery stands beside its folder, so it is of the show of the folder above."""
    shows = Shows(ShowSettings(ROOT, is_each=True), {})
    assert shows.place("trips/rome/.narrated.yaml", "trips/rome") == "trips"
    assert shows.place("rome/.narrated.yaml", "rome") == ""


def test_any_folder_name_makes_a_show() -> None:
    """A folder whose name is no Unicode has a title, an address and a digest."""
    _, shows = _shows({}, "b\udcfe\n\\/x", each=True)
    (show,) = shows.values()
    assert show.base_url.endswith("/b%FE%0A%5C/")
    assert (show.title, len(show.digest)) == ("b\ufffd \\", 16)


GOOD = """
voice: en-gb
podcast:
  title: "  Tea  "
  category: [Technology, Arts > Books]
  explicit: yes
  owner: {name: Ada, email: ada@example.org}
  type: serial
  image: ../covers/tea.png
  link:
"""


def test_section_is_read() -> None:
    """Each key of a section is read; an empty one is left to the section above."""
    assert folder_section(GOOD, "blog/tea/.narrated.yaml") == ShowSection(
        title="  Tea  ",
        category=("Technology", "Arts > Books"),
        explicit=True,
        owner_name="Ada",
        owner_email="ada@example.org",
        type="serial",
        inbox_picture="blog/covers/tea.png",
    )


@pytest.mark.parametrize("text", ["", "voice: a", "podcast:", "podcast: {}"])
def test_no_section_is_no_show(text: str) -> None:
    """Settings without a section, or with an empty one, give no show."""
    assert folder_section(text, ".narrated.yaml") is None
    assert section_answer(".narrated.yaml", text.encode()) == b""


BAD = {
    "podcast: on": "`podcast` is no section",
    "podcast: [a]": "`podcast` is no section",
    "podcast: {titel: a}": "unknown key `titel`. Known: title,",
    "podcast: {folders: each}": "unknown key `folders`",
    "podcast: {title: [a]}": "`podcast: title` is",
    "podcast: {title: ' '}": "it is empty. Name the podcast",
    f"podcast: {{title: {'x' * 256}}}": "Shorten it to 255 bytes.",
    "podcast: {language: klingon!}": "that is no language.",
    "podcast: {category: Boks}": "Apple has no `Boks`. Did you mean `Arts > Books`?",
    f"podcast: {{category: [{'Books, ' * 10}]}}": "at most 9",
    "podcast: {explicit: perhaps}": "Allowed: on, off.",
    "podcast: {owner: Ada}": "Allowed: {name: Ada,",
    "podcast: {owner: {mail: x}}": "Allowed: {name: Ada,",
    "podcast: {owner: {email: ada}}": "that is no address of mail.",
    "podcast: {type: film}": "Allowed: episodic, serial.",
    "podcast: {image: ../../x.png}": "Allowed: the path of a picture in the inbox",
    "podcast: {image: /etc/x.png}": "Allowed: the path of a picture in the inbox",
    "podcast: {image: post.md}": "that is no picture.",
    "podcast: {base_url: 'ftp://a.org'}": "that is no address of the web.",
    "podcast: {base_url: 'https://a.org/?x'}": "no path can follow it.",
    "podcast: {link: 'https://me:pass@a.org'}": "name or password",
    f"podcast: {{link: 'https://{'a' * 1100}'}}": "that is no address of the web.",
}


@pytest.mark.parametrize("text", BAD)
def test_bad_section_is_told(text: str) -> None:
    """A value that no feed can say is told with the file, the key and the remedy."""
    with pytest.raises(SourceError) as told:
        section_answer("a/.narrated.yaml", text.encode())
    assert str(told.value).startswith("a/.narrated.yaml: `podcast")
    assert BAD[text] in str(told.value)


def test_section_of_no_utf_8_is_told() -> None:
    """A file that is no UTF-8 is told as such."""
    with pytest.raises(SourceError, match="is not UTF-8"):
        section_answer("a/.narrated.yaml", b"podcast: {title: \xff}")
