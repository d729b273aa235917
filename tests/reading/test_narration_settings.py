"""Folder settings: what they may say, how they are put together, and what is refused."""

import pytest

from narrated.errors import SourceError
from narrated.reading.narration_settings import (
    NarrationSettings,
    for_posts,
    lexicon_path,
    merged,
    parse_folder_settings,
)

CHOICES = {
    "engine": ("bark", "espeak"),
    "links": ("text", "announce"),
    "code": ("announce", "read", "skip"),
    "footnotes": ("paragraph", "end", "skip"),
    "numbers": ("british", "american"),
    "pauses": ("title", "paragraph"),
}
EVERYTHING = """
author: Leo
date: 2024-01-02
lang: de
engine: bark
voice: v2
lexicon: tech-lexicon.yaml
narrate: no
album: Letters
links: announce
code: skip
tables: 12
footnotes: end
numbers: american
pauses: {paragraph: 0.25, title: 2}
pictures: {/static: static}
"""


def parsed(text: str, file: str = "blog/.narrated.yaml") -> NarrationSettings:
    return parse_folder_settings(text, file, CHOICES)


def refused(text: str, file: str = "blog/.narrated.yaml") -> str:
    """The whole error that a text is refused with."""
    with pytest.raises(SourceError) as caught:
        parsed(text, file)
    return str(caught.value)


def test_gallery_has_keys_of_its_own() -> None:
    """A gallery has a title and a description; no post takes them, or the gallery, from there."""
    gallery = parsed("gallery: true\ntitle: Sea\ndescription: Salt.\nvoice: v2\n")
    assert (gallery.gallery, gallery.title, gallery.description) == (True, "Sea", "Salt.")
    assert for_posts(gallery) == NarrationSettings(voice="v2")
    assert "has an unknown key `title`" in refused("title: Sea\n")


def test_every_key_is_read() -> None:
    assert parsed(EVERYTHING) == NarrationSettings(
        author="Leo",
        date="2024-01-02",
        language="de",
        engine="bark",
        voice="v2",
        narrate=False,
        album="Letters",
        links="announce",
        code="skip",
        tables=12,
        footnotes="end",
        numbers="american",
        pauses={"paragraph": 0.25, "title": 2.0},
        pictures={"/static": "static"},
        lexicon="tech-lexicon.yaml",
    )


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "author:\nalbum: ~\npauses: {}\n"])
def test_what_is_empty_says_nothing(text: str) -> None:
    assert parsed(text) == NarrationSettings()


def test_several_authors_are_joined() -> None:
    """Several authors are joined as in front matter."""
    assert parsed("author: [Ada, Leo]").author == "Ada and Leo"
    assert parsed("author: {name: Ada, email: a@example.com}").author == "Ada"


def test_language_has_a_longer_name() -> None:
    assert parsed("language: fr").language == "fr"


def test_unknown_key_is_refused() -> None:
    """An unknown key is refused with the file and the known keys."""
    error = refused("autor: Leo")
    assert "blog/.narrated.yaml has an unknown key `autor`" in error
    assert "author, date, lang," in error


@pytest.mark.parametrize(
    ("text", "key", "value", "allowed"),
    [
        ("code: maybe", "code", "maybe", "announce, read, skip"),
        ("links: {a: b}", "links", "{'a': 'b'}", "text, announce"),
        ("footnotes: [end]", "footnotes", "['end']", "paragraph, end, skip"),
        ("tables: few", "tables", "few", "all, skip, or a number of rows"),
        ("tables: 0", "tables", "0", "all, skip, or a number of rows"),
        ("engine: siren", "engine", "siren", "bark, espeak"),
        ("narrate: perhaps", "narrate", "perhaps", "true, false"),
        ("author: {a: b}", "author", "{'a': 'b'}", "a plain value"),
        ("album: [{a: b}]", "album", "[{'a': 'b'}]", "a plain value"),
        ("pauses: 2", "pauses", "2", "{paragraph: 0.5}"),
        ("pauses: {title: long}", "pauses: title", "long", "from 0 to 60"),
        ("pauses: {title: -1}", "pauses: title", "-1", "from 0 to 60"),
        ("pauses: {title: 61}", "pauses: title", "61", "from 0 to 60"),
        ("pauses: {title: .inf}", "pauses: title", ".inf", "from 0 to 60"),
        ("pauses: {title: nan}", "pauses: title", "nan", "from 0 to 60"),
        ("pictures: static", "pictures", "static", "{/static: static}"),
        ("pictures: {/s: [a]}", "pictures", "{'/s': ['a']}", "{/static: static}"),
        ("pictures: {/s: ../../etc}", "pictures: /s", "../../etc", "a folder of the inbox"),
        ("dialects: obsidian", "dialects", "obsidian", "{obsidian: off}"),
        ("dialects: {tex: perhaps}", "dialects: tex", "perhaps", "true, false"),
        ("lexicon: words.yaml", "lexicon", "words.yaml", "path of a lexicon.yaml file"),
        ("lexicon: ../../lexicon.yaml", "lexicon", "../../lexicon.yaml", "in the inbox"),
        ("lexicon: /etc/lexicon.yaml", "lexicon", "/etc/lexicon.yaml", "in the inbox"),
        ("lexicon: [a-lexicon.yaml]", "lexicon", "['a-lexicon.yaml']", "in the inbox"),
    ],
)
def test_wrong_value_is_refused(text: str, key: str, value: str, allowed: str) -> None:
    """A wrong value is refused with its file, its key and the allowed values."""
    error = refused(text)
    assert f"blog/.narrated.yaml: `{key}` is `{value}`" in error
    assert allowed in error


def test_unknown_role_is_refused() -> None:
    """A pause for an unknown role is refused with the known roles."""
    error = refused("pauses: {song: 1}")
    assert "blog/.narrated.yaml: `pauses` has an unknown role `song`" in error
    assert "title, paragraph" in error


@pytest.mark.parametrize("text", ["a: &x 1\nb: *x", "author: [", "- author", "Words."])
def test_no_mapping_is_refused(text: str) -> None:
    """A file that is no plain YAML mapping is refused with its name."""
    assert "blog/.narrated.yaml" in refused(text)


def test_error_is_one_short_line() -> None:
    """An error stays on one short line."""
    error = refused('author: {"a\\nb": "' + "x" * 1000 + '"}', "a\nb/.narrated.yaml")
    assert "\n" not in error
    assert len(error) < 200


def test_deeper_folder_wins() -> None:
    """A deeper folder wins key by key."""
    root = parsed("author: Ada\nalbum: All\ncode: skip\nnarrate: false")
    deep = parsed("author: Leo\nnarrate: true")
    assert merged([root, deep]) == parsed("author: Leo\nalbum: All\ncode: skip\nnarrate: true")


def test_mappings_merge_by_entry() -> None:
    """Pauses and pictures are merged entry by entry."""
    root = parsed("pauses: {title: 2, paragraph: 1}\npictures: {/a: x, /b: y}")
    deep = parsed("pauses: {title: 3}\npictures: {b/: z}")
    whole = merged([root, deep])
    assert whole.pauses == {"title": 3.0, "paragraph": 1.0}
    assert whole.pictures == {"/a": "x", "/b": "z"}


def test_pictures_may_map_to_the_root() -> None:
    """Pictures may lie in the inbox itself."""
    assert parsed("pictures: {/static: ., /deep: ./a/../b/}").pictures == {
        "/static": "",
        "/deep": "b",
    }


@pytest.mark.parametrize(
    ("file", "name", "place"),
    [
        ("a/post.md", "tech-lexicon.yaml", "a/tech-lexicon.yaml"),
        ("a/post.md", "../words/lexicon.yaml", "words/lexicon.yaml"),
        ("post.md", "./b/../My-Lexicon.YAML", "My-Lexicon.YAML"),
    ],
)
def test_lexicon_path_is_relative(file: str, name: str, place: str) -> None:
    """A lexicon's path is relative to the file that names it."""
    assert lexicon_path(file, name) == place


@pytest.mark.parametrize("name", ["../../etc/lexicon.yaml", "a\0/lexicon.yaml", "..", "", "b.md"])
def test_bad_lexicon_path_is_refused(name: str) -> None:
    """A path that cannot be a lexicon is refused."""
    with pytest.raises(SourceError, match=r"a/post\.md: `lexicon`"):
        lexicon_path("a/post.md", name)


def test_takes_merge_key_by_key() -> None:
    """A deeper folder overrides single settings of the checks; its words are those of the file."""
    upper = parsed("takes: {check: off, most: 5, strict: yes}\n")
    lower = parsed("takes: {check: ears, publish: now}\n")
    whole = {"check": "ears", "most": 5, "strict": True, "publish": "now"}
    assert upper.takes == {"check": "off", "most": 5, "strict": True}
    assert merged([upper, lower]).takes == whole


@pytest.mark.parametrize(
    ("takes", "told"),
    [
        ("loud", "`takes` is `loud`. Allowed: a mapping"),
        ("{check: loud}", "`takes: check` is `loud`. Allowed: signal, ears, off."),
        ("{most: 0}", "`takes: most` is `0`. Allowed: a whole number from 1 to 20."),
        ("{most: ³}", "`takes: most` is `³`. Allowed"),
        ("{hearing: x}", "`takes` has an unknown key `hearing`. Known: check, most"),
    ],
)
def test_wrong_takes_are_refused(takes: str, told: str) -> None:
    """A wrong setting of the checks is named with the values that it may have."""
    assert told in refused(f"takes: {takes}\n")
