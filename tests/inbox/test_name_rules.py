"""The meaning of a name, before anything is opened."""

import pytest

from narrated.inbox.name_rules import NameKind, ignored, judge, judge_path


@pytest.mark.parametrize(
    "name",
    [
        "post.md",
        "photo.JPG",
        "a b c.txt",
        "~approximately.md",
        "#hashtag.md",
        "partial differential.txt",
        "tmp.md",
        "post.part.md",
        "4913.md",
        "naïve.md",
        "\udcff\udcfe.md",
        "x" * 252 + ".md",
    ],
)
def test_personal_name_is_a_document(name: str) -> None:
    """A name that a person gave is a document's."""
    assert judge(name) is NameKind.DOCUMENT


@pytest.mark.parametrize(
    "name",
    [
        ".post.md.MPuSum",  # rsync
        ".rsync-partial",
        ".~tmp~",
        ".syncthing.post.md.tmp",
        "~syncthing~post.md.tmp",
        ".stfolder",
        ".stignore",
        ".stversions",
        ".post.md.swp",  # vim
        "post.md~",
        "#post.md#",  # emacs
        ".#post.md",
        "post.md.part",
        "post.md.crdownload",
        "post.md.partial",
        "post.md.TMP",
        "~$post.docx",  # office
        ".~lock.post.odt#",
        ".DS_Store",
        "._post.md",
        "Thumbs.db",
        "desktop.ini",
        ".git",
        ".narrated.yaml~",
        ".narrated.yaml.swp",
        "..narrated.yaml.MPuSum",
        ".syncthing..narrated.yaml.tmp",
        ".syncthing.lexicon.yaml.tmp",
        "~syncthing~lexicon.yaml",
        ".lexicon.yaml",
        ".narrated.yml",
        ".x\n.md",
        "",
    ],
)
def test_program_file_is_temporary(name: str) -> None:
    """A program's own file is temporary."""
    assert judge(name) is NameKind.TEMPORARY


@pytest.mark.parametrize(
    "name",
    [
        ".narrated.yaml",
        "lexicon.yaml",
        "tech-lexicon.yaml",
        "My Lexicon.YAML",
    ],
)
def test_settings_names_are_settings(name: str) -> None:
    """Settings files and lexicons have the kind SETTINGS."""
    assert judge(name) is NameKind.SETTINGS


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("a/.narrated.yaml", NameKind.SETTINGS),
        ("a/b.md", NameKind.DOCUMENT),
        (".git/lexicon.yaml", NameKind.TEMPORARY),
        ("lexicon.yaml/post.md", NameKind.TEMPORARY),
    ],
)
def test_path_kind_follows_folders(path: str, kind: NameKind) -> None:
    """A path has the kind of its name unless it lies in a program's folder."""
    assert judge_path(path) is kind


@pytest.mark.parametrize(
    "name",
    [
        ".narrated.sync-conflict-20261122-072736-JDC4FTG.yaml",
        ".narrated (Ann's conflicted copy 2026-11-22).yaml",
        "lexicon.sync-conflict-20261122-072736-JDC4FTG.yaml",
    ],
)
def test_settings_copy_is_conflict(name: str) -> None:
    """A conflicting copy of settings is a conflict."""
    assert judge(name) is NameKind.CONFLICT


@pytest.mark.parametrize(
    "name",
    [
        "post.sync-conflict-20261122-072736-JDC4FTG.md",
        "post.sync-conflict-20261122-072736-JDC4FTG",
        "post (Ann's conflicted copy 2026-11-22).md",
        "post (conflicted copy 2026-11-22 072736).md",
    ],
)
def test_synchroniser_copy_is_conflict(name: str) -> None:
    """A synchroniser's conflicting copy is a conflict."""
    assert judge(name) is NameKind.CONFLICT


def test_conflict_copy_is_temporary() -> None:
    """A temporary copy of a conflict is temporary."""
    name = ".syncthing.post.sync-conflict-20261122-072736-JDC4FTG.md.tmp"
    assert judge(name) is NameKind.TEMPORARY


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*.log", "a.log"),
        ("*.log", "deep/down/a.log"),
        ("drafts", "drafts/post.md"),
        ("drafts/", "blog/drafts/post.md"),
        ("/drafts", "drafts/post.md"),
        ("blog/*.txt", "blog/a.txt"),
        ("blog/**/a.txt", "blog/a.txt"),
        ("blog/**/a.txt", "blog/x/y/a.txt"),
        ("**/old/*", "x/old/a.md"),
        ("post-[0-9].md", "post-7.md"),
        ("post-[!0-9].md", "post-x.md"),
        ("a?c.md", "abc.md"),
    ],
)
def test_pattern_ignores_its_matches(pattern: str, path: str) -> None:
    """A pattern ignores the paths it matches."""
    assert ignored(path, [pattern])


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*.log", "a.log.md"),
        ("/drafts", "blog/drafts/post.md"),
        ("blog/*.txt", "blog/x/a.txt"),
        ("blog/*.txt", "other/blog/a.txt"),
        ("a?c.md", "a/c.md"),
        ("post-[!0-9].md", "post-7.md"),
        ("post.md", "postXmd"),
        ("[", "x"),
    ],
)
def test_a_pattern_ignores_nothing_else(pattern: str, path: str) -> None:
    assert not ignored(path, [pattern])


def test_open_bracket_is_literal() -> None:
    """An unclosed bracket stands for itself."""
    assert ignored("[draft.md", ["[draft.md"])
