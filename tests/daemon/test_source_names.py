"""Names of sources, as users type them: by their own names, or by those of published files."""

import shutil
from pathlib import Path

import pytest
from PIL import Image

from support.daemon import Daemon, wait
from support.published import SUFFIXES, is_manifest

PUBLISHED = (*SUFFIXES, "chapters.json")


@pytest.fixture(scope="module")
def daemon(daemon: Daemon) -> Daemon:
    """The module's daemon, with posts in a folder, one that failed, and a picture."""
    for name, text in {
        "trip/post.md": "A trip.\n",
        "post.md": "At home.\n",
        "deep/down/one.md": "Deep down.\n",
        "deep/down/one.txt": "Deep down as well.\n",
        "notes.txt": "Some notes.\n",
        "Café.md": "In a café.\n",
    }.items():
        daemon.drop(name, text)
    daemon.drop("broken.md", "This will FAIL.\n")
    Image.new("RGB", (64, 48), "red").save(daemon.home / "photo.png")
    daemon.drop("photo.png", (daemon.home / "photo.png").read_bytes())
    for stem in ("trip/post", "post", "deep/down/one", "notes", "photo", "Café"):
        daemon.manifest(stem)
    daemon.note("broken")
    daemon.wait_idle()
    return daemon


def _found(daemon: Daemon, typed: str | Path) -> str:
    """The source that a command finds, or the message of its refusal."""
    asked = daemon.ask("refresh", str(typed))
    if asked.returncode:
        assert not asked.stdout
        return asked.stderr
    return asked.stdout.removesuffix(" is narrated again\n")


@pytest.mark.parametrize("suffix", PUBLISHED)
def test_published_name_is_understood(daemon: Daemon, suffix: str) -> None:
    """The name of a published file is understood, below the outbox or with its whole path."""
    for typed in (f"trip/post.{suffix}", f"./trip/post.{suffix}"):
        assert _found(daemon, typed) == "trip/post.md"
    assert _found(daemon, daemon.outbox / f"trip/post.{suffix}") == "trip/post.md"


def test_every_command_understands(daemon: Daemon) -> None:
    """Every command that takes a source understands the name of a published file or note."""
    assert "done" in daemon.ask("history", "post.mp3").stdout
    assert "The toy fails on demand." in daemon.ask("history", "broken.error.txt").stdout
    assert daemon.ask("retry", "broken.error.txt").stdout == "broken.md is tried again\n"
    wait(lambda: daemon.history("broken.md") == ["superseded", "failed"])
    assert daemon.ask("respeak", "Café.vtt").stdout == "Café.md is spoken again\n"
    assert daemon.ask("refresh", "post.json").stdout == "post.md is narrated again\n"
    daemon.wait_idle()
    refused = daemon.ask("cancel", "post.mp3")
    assert "Nothing is being done for post.md." in refused.stderr
    printed = daemon.ask("script", str(daemon.outbox / "post.mp3"))
    assert "At home." in printed.stdout, printed.stderr
    assert "At home." in daemon.ask("script", "post.vtt").stdout


def test_source_named_from_anywhere(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A source is found from any folder: by its path, or as it lies in inbox or outbox."""
    for folder, typed, source in (
        (tmp_path, "trip/post.md", "trip/post.md"),
        (tmp_path, "./trip/post.md", "trip/post.md"),
        (daemon.inbox, "./post.md", "post.md"),
        (daemon.inbox / "trip", "post.md", "trip/post.md"),
        (daemon.inbox / "trip", "../post.md", "post.md"),
        (daemon.inbox / "trip", "post.mp3", "trip/post.md"),
        (daemon.inbox / "trip", "trip/post.md", "trip/post.md"),
        (daemon.outbox / "trip", "post.mp3", "trip/post.md"),
        (daemon.outbox / "trip", "post.md", "trip/post.md"),
        (daemon.outbox / "trip", "../post.vtt", "post.md"),
        (daemon.outbox, "trip//post.json", "trip/post.md"),
        (daemon.home, "outbox/trip/post.mp3", "trip/post.md"),
        (daemon.home, "inbox/trip/post.md", "trip/post.md"),
    ):
        monkeypatch.chdir(folder)
        assert _found(daemon, typed) == source, (folder, typed)


def test_linked_folders_are_understood(daemon: Daemon, tmp_path: Path) -> None:
    """Paths through a link to the inbox or the outbox are understood."""
    for name, root in {"in": daemon.inbox, "out": daemon.outbox}.items():
        (tmp_path / name).symlink_to(root)
    assert _found(daemon, tmp_path / "in/post.md") == "post.md"
    assert _found(daemon, tmp_path / "out/trip/post.mp3") == "trip/post.md"


def test_two_sources_of_one_stem(daemon: Daemon) -> None:
    """Where two sources would share a name, each file's name finds its own."""
    stems = {daemon.manifest(stem)["source"]["path"]: stem for stem in _stems(daemon)}
    for source in ("deep/down/one.md", "deep/down/one.txt"):
        assert _found(daemon, f"{stems[source]}.mp3") == source


def _stems(daemon: Daemon) -> set[str]:
    def found() -> set[str]:
        names = daemon.files
        deep = (name for name in names if name.startswith("deep/down/") and is_manifest(name))
        return {name.removesuffix(".json") for name in deep}

    wait(lambda: len(found()) == 2)
    return found()


def test_other_spelling_is_understood(daemon: Daemon) -> None:
    """A laptop's spelling of an accent or a capital finds the file all the same."""
    assert _found(daemon, "Cafe\u0301.mp3") == "Café.md"
    assert _found(daemon, "café.mp3") == "Café.md"


def test_folder_is_refreshed_by_any_name(daemon: Daemon) -> None:
    """A folder may be named below the inbox or the outbox; the inbox itself means everything."""
    assert _found(daemon, daemon.outbox / "trip") == "trip/post.md"
    assert _found(daemon, "trip/") == "trip/post.md"
    everything = daemon.ask("refresh", str(daemon.inbox)).stdout
    assert {"post.md is narrated again", "trip/post.md is narrated again"} < {
        *everything.splitlines()
    }


def test_present_folder_is_meant_alone(
    daemon: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dot is the present folder below inbox or outbox, and never means the whole inbox."""
    for folder in (daemon.inbox / "trip", daemon.outbox / "trip"):
        monkeypatch.chdir(folder)
        assert _found(daemon, ".") == "trip/post.md"
    monkeypatch.chdir(tmp_path)
    assert ". is not known." in _found(daemon, ".")


def test_ambiguous_name_is_refused(daemon: Daemon) -> None:
    """A name that a source has, and a file published of another one, is refused with both."""
    daemon.drop("photo.txt", "Words about a photo.\n")
    daemon.manifest("photo.txt")
    refused = _found(daemon, "photo.txt")
    assert "photo.txt may mean photo.txt or photo.png" in refused
    assert f"Give the whole path: {daemon.inbox}/photo.txt or {daemon.outbox}/photo.txt." in refused
    assert _found(daemon, daemon.inbox / "photo.txt") == "photo.txt"
    assert _found(daemon, daemon.outbox / "photo.txt") == "photo.png"


@pytest.mark.parametrize("typed", ["none.mp3", "none.md", "post", "/etc/passwd", "..", ""])
def test_unknown_name_is_refused(daemon: Daemon, typed: str) -> None:
    """A name that nothing has is refused, and the message says where names come from."""
    refused = daemon.ask("history", typed)
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"narrated: {typed or 'An empty name'} is not known.")
    assert f"The inbox is {daemon.inbox}." in refused.stderr


def test_replaced_name_is_understood(tmp_path: Path) -> None:
    """The name that stands in a portable outbox finds the source whose own name it could not be."""
    resting = Daemon(tmp_path, outbox_names="portable")
    resting.drop("why: one?.md", "Words with a reason.\n")
    assert resting.ask("once", "--quiet").returncode == 0
    (published,) = (name for name in resting.files if name.endswith(".mp3"))
    assert "?" not in published
    assert resting.ask("refresh", published).stdout.startswith("why: one?.md is narrated again")


def test_names_without_a_daemon(tmp_path: Path) -> None:
    """Without a daemon the same names are understood."""
    resting = Daemon(tmp_path / "resting")
    resting.drop("a/post.md", "Words at rest.\n")
    assert resting.ask("once", "--quiet").returncode == 0
    assert "done" in resting.ask("history", "a/post.mp3").stdout
    assert "Words at rest." in resting.ask("script", str(resting.outbox / "a/post.vtt")).stdout
    shutil.rmtree(resting.inbox)
    assert "done" in resting.ask("history", str(resting.outbox / "a/post.json")).stdout
