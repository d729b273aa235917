"""The inbox as a user relies on it: which files are read, and when again; none is touched."""

import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.daemon import Daemon, running, wait
from support.published import narration


def _tree(root: Path) -> dict[str, tuple[str, int, int]]:
    """Every file of a folder with its content, mode and modification time."""
    return {
        str(path.relative_to(root)): (
            hashlib.sha256(path.read_bytes()).hexdigest(),
            path.stat().st_mode,
            path.stat().st_mtime_ns,
        )
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def _below(daemon: Daemon, folder: str) -> set[str]:
    return {name for name in daemon.files if name.startswith(f"{folder}/")}


def _arriving(daemon: Daemon, folder: str) -> list[str]:
    paths = [path for path, _ in daemon.status()["arriving"]]
    return [path for path in paths if path.startswith(f"{folder}/")]


@pytest.fixture(scope="module")
def deleting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon that deletes what it has narrated."""
    with running(tmp_path_factory.mktemp("deleting"), after="delete") as ready:
        yield ready


def _barrier(daemon: Daemon, name: str) -> None:
    """All that was dropped before is dealt with once a file dropped now is published."""
    text = f"The barrier {name} is passed."
    daemon.drop(f"{name}.md", text)
    daemon.published(name, text)


def test_inbox_stays_unchanged(daemon: Daemon) -> None:
    """The inbox is not changed and folders are mirrored."""
    daemon.drop("mirror/a/one.md", "# One\n\nIn a folder.\n")
    daemon.drop("mirror/two.txt", "At the top.\n")
    before = _tree(daemon.inbox / "mirror")
    daemon.manifest("mirror/a/one")
    daemon.manifest("mirror/two")
    assert _below(daemon, "mirror") == narration("mirror/a/one") | narration("mirror/two")
    assert _tree(daemon.inbox / "mirror") == before


def test_ignored_names_are_never_read(daemon: Daemon) -> None:
    """Temporary names symlinks and ignored kinds are never read."""
    folder = daemon.inbox / "never"
    folder.mkdir()
    secret = daemon.home / "secret.md"
    secret.write_text("Nobody shall hear this.")
    (folder / "link.md").symlink_to(secret)
    for name in (".syncthing.post.md.tmp", ".post.md.AbCdEf", "~syncthing~post.md.tmp"):
        (folder / name).write_text("Not yet whole.")
    for kept in (".stversions", ".rsync-partial", ".~tmp~"):
        (folder / kept).mkdir()
        (folder / kept / "post.md").write_text("An old version.")
    os.link(daemon.drop("never/real.md", "I am real."), folder / "hard.md")
    daemon.published("never/hard", "I am real.")
    daemon.published("never/real", "I am real.")
    _barrier(daemon, "never/last")
    assert _below(daemon, "never") == (
        narration("never/real") | narration("never/hard") | narration("never/last")
    )


def test_link_is_reported_not_followed(daemon: Daemon, tmp_path: Path) -> None:
    """A link is told as long as it is there and not followed."""
    secret = tmp_path / "elsewhere"
    secret.mkdir()
    (secret / "secret.md").write_text("Nobody shall hear this.")
    told, before = daemon.outbox / "narrated.status.txt", len(daemon.spoken)
    (daemon.inbox / "link").mkdir()
    (daemon.inbox / "link/file.md").symlink_to(secret / "secret.md")
    (daemon.inbox / "link/folder").symlink_to(secret)
    daemon.drop("link/words.md", "My own words.")
    daemon.published("link/words", "My own words.")
    wait(
        lambda: "link/folder: a link, and links are not followed" in told.read_text(),
        lambda: daemon.log,
    )
    assert "link/file.md: a link, and links are not followed: put the file" in told.read_text()
    (daemon.inbox / "link/folder").unlink()
    daemon.drop("link/file.md", "Now it is a file.")
    daemon.published("link/file", "Now it is a file.")
    wait(lambda: _arriving(daemon, "link") == [], lambda: str(daemon.status()))
    assert daemon.spoken[before:] == ["words", "My own words.", "file", "Now it is a file."]


def test_file_that_becomes_link_is_gone(daemon: Daemon) -> None:
    """A narrated file that becomes a link is gone and the link is told."""
    before = len(daemon.spoken)
    daemon.drop("becomes/mine.md", "Words of my own.")
    daemon.published("becomes/mine", "Words of my own.")
    (daemon.inbox / "becomes/mine.md").unlink()
    (daemon.inbox / "becomes/mine.md").symlink_to("/etc/hostname")
    wait(lambda: _arriving(daemon, "becomes") == ["becomes/mine.md"])
    daemon.drop("becomes/other.md", "Other words.")
    daemon.published("becomes/other", "Other words.")
    assert daemon.spoken[before:] == ["mine", "Words of my own.", "other", "Other words."]
    (daemon.inbox / "becomes/mine.md").unlink()


def test_conflict_copy_is_not_read(daemon: Daemon) -> None:
    """A sync conflict copy is reported and not read."""
    name = "conflict/post.sync-conflict-20261122-072736-JDC4FTG.md"
    daemon.drop("conflict/post.md", "My own version.")
    (daemon.inbox / name).write_text("The other version.")
    daemon.published("conflict/post", "My own version.")
    wait(lambda: daemon.status()["conflicts"] == [name])
    assert _below(daemon, "conflict") == narration("conflict/post")
    wait(lambda: name in (daemon.outbox / "narrated.status.txt").read_text())
    (daemon.inbox / name).unlink()


def test_edit_speaks_changed_chunks(daemon: Daemon) -> None:
    """An edited file replaces its narration and speaks what changed."""
    daemon.drop("edit/post.md", "# Edited\n\nThe first.\n\nThe second.\n")
    daemon.manifest("edit/post")
    edited = "# Edited\n\nThe first.\n\nThe second, changed.\n"
    before = len(daemon.spoken)
    daemon.drop("edit/post.md", edited)
    daemon.published("edit/post", edited)
    assert daemon.spoken[before:] == ["The second, changed."]
    assert _below(daemon, "edit") == narration("edit/post")


def test_same_content_is_no_work(daemon: Daemon) -> None:
    """The same content again is no work."""
    text = "# Again\n\nThe same words.\n"
    daemon.drop("again/post.md", text)
    published = daemon.published("again/post", text)
    daemon.drop("again/post.md", text)
    os.utime(daemon.inbox / "again/post.md")
    _barrier(daemon, "again/last")
    assert daemon.manifest("again/post") == published
    wait(lambda: daemon.history("again/post.md") == ["done"])


def test_empty_file_waits(daemon: Daemon) -> None:
    """An empty file waits for its content."""
    daemon.drop("empty/post.md", "")
    _barrier(daemon, "empty/last")
    assert ["empty/post.md", "empty"] in daemon.status()["arriving"]
    daemon.drop("empty/post.md", "Now there is something.")
    daemon.published("empty/post", "Now there is something.")


def test_open_file_waits_for_close(daemon: Daemon) -> None:
    """A file still open for writing is read when it is closed."""
    (daemon.inbox / "open").mkdir()
    with (daemon.inbox / "open/post.md").open("w") as file:
        file.write("The first half, ")
        file.flush()
        _barrier(daemon, "open/last")
        wait(lambda: ["open/post.md", "still open for writing"] in daemon.status()["arriving"])
        assert _below(daemon, "open") == narration("open/last")
        file.write("and the second.")
    daemon.published("open/post", "The first half, and the second.")


def test_narrate_false_is_respected(daemon: Daemon) -> None:
    """A post that does not want to be narrated is left alone."""
    daemon.drop("quiet/post.md", "---\nnarrate: false\n---\n\nNot for the ear.\n")
    _barrier(daemon, "quiet/last")
    wait(lambda: "narrate: false" in daemon.ask("history", "quiet/post.md").stdout)
    assert _below(daemon, "quiet") == narration("quiet/last")


def test_narrate_false_withdraws(daemon: Daemon) -> None:
    """A post that no longer wants to be narrated loses its narration."""
    daemon.drop("hush/post.md", "Said at first.\n")
    daemon.manifest("hush/post")
    daemon.drop("hush/post.md", "---\nnarrate: false\n---\n\nSaid at first.\n")
    wait(lambda: not _below(daemon, "hush"), lambda: daemon.log)


def test_source_is_archived_on_request(tmp_path: Path) -> None:
    """A narrated source is archived where that is wished."""
    settings = {"after": "archive", "archive": "archive", "removed": "withdraw"}
    with running(tmp_path, **settings, withdraw_after="0s") as daemon:
        daemon.drop("in/post.md", "Archived when it is read.")
        daemon.published("in/post", "Archived when it is read.")
        wait(lambda: not (daemon.inbox / "in/post.md").exists())
        archived = tmp_path / "archive/in/post.md"
        assert archived.read_text() == "Archived when it is read."
        _barrier(daemon, "last")
        assert narration("in/post") <= daemon.files


@pytest.mark.parametrize("after", [{"after": "archive", "archive": "archive"}, {"after": "delete"}])
def test_kept_narration_outlives_source(tmp_path: Path, after: dict[str, str]) -> None:
    """Sources that leave once a lexicon changed nothing in them are not found anew, nor missed."""
    posts = {f"p{number}": f"Words of {number}.\n" for number in range(8)}
    with running(tmp_path) as daemon:
        for stem, text in posts.items():
            daemon.drop(f"{stem}.md", text)
        for stem, text in posts.items():
            daemon.published(stem, text)
        daemon.stop()
        daemon.configure(**after, removed="withdraw", withdraw_after="0s")
        (daemon.inbox / "lexicon.yaml").write_text("words: {nowhere: no where}\n")
        daemon.start()
        wait(lambda: not any(daemon.inbox.glob("*.md")), lambda: daemon.log)
        _barrier(daemon, "last")
        assert daemon.status()["waiting"] == []
        assert {state for stem in posts for state in daemon.history(f"{stem}.md")} == {
            "superseded",
            "done",
        }
        assert daemon.files == {name for stem in (*posts, "last") for name in narration(stem)}
        assert "is missing" not in (daemon.home / "log").read_text()


def test_deleted_source_keeps_narration(tmp_path: Path) -> None:
    """A source deleted on purpose is not withdrawn nor taken for moved."""
    settings = {"after": "delete", "removed": "withdraw", "withdraw_after": "0s"}
    with running(tmp_path, **settings) as daemon:
        path = daemon.drop("post.md", "Deleted when it is read.")
        daemon.published("post", "Deleted when it is read.")
        wait(lambda: not path.exists())
        daemon.drop("twin.md", "Deleted when it is read.")
        daemon.drop("post.txt", "Deleted when it is read.")
        daemon.manifest("twin")
        daemon.manifest("post.txt")
        _barrier(daemon, "last")
        wait(lambda: not any(daemon.inbox.iterdir()))
        daemon.stop()
        daemon.start()
        _barrier(daemon, "very-last")
        stems = ("post", "twin", "post.txt", "last", "very-last")
        assert daemon.files == {name for stem in stems for name in narration(stem)}


def test_redropped_file_is_removed(deleting: Daemon) -> None:
    """The same file dropped again is taken away again."""
    for _ in range(2):
        deleting.drop("twice.md", "Dropped twice.")
        wait(lambda: not any(deleting.inbox.iterdir()), lambda: deleting.log)
    assert deleting.spoken.count("Dropped twice.") == 1


def test_own_removals_are_no_trouble(deleting: Daemon) -> None:
    """An inbox that the daemon emptied itself is no trouble."""
    for text in ("The first.", "The second."):
        path = deleting.drop("post.md", text)
        deleting.published("post", text)
        wait(lambda path=path: not path.exists())
        time.sleep(1.2)  # a second look, at an inbox that is empty, would come after a second
        _barrier(deleting, f"after {text.lower().strip('.')}")
        assert deleting.status()["notices"] == []
    assert "empty" not in (deleting.home / "log").read_text()
