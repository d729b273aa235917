"""An inbox that is watched: what is found, when, and what is not."""

import hashlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from narrated.inbox.events import (
    ConflictCopyFound,
    ConflictCopyGone,
    FileReady,
    FileVanished,
    ScanFinished,
)
from narrated.inbox.inbox import Inbox
from narrated.inbox.readiness import FileSignature

NEVER_S = 600.0  # a settle time that no test outlives


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def signature(path: Path) -> FileSignature:
    return FileSignature.of(path.lstat())


def drop(path: Path, text: str = "Words.") -> None:
    """Write under a temporary name and rename, as synchronisers do."""
    draft = path.with_name(f".{path.name}.tmp")
    draft.write_text(text)
    draft.rename(path)


def test_what_lies_there_at_the_start_is_found_with_its_hash(root: Path, listen: Any) -> None:
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "b" / "post.md").write_text("Words.")
    found = listen().expect(FileReady)
    assert found.path == "a/b/post.md"
    assert found.sha256 == sha256("Words.")
    assert found.signature == signature(root / "a" / "b" / "post.md")


def test_the_first_walk_ends_with_the_number_of_files(root: Path, listen: Any) -> None:
    for name in ("a.md", "b.md", ".hidden"):
        (root / name).write_text("x")
    assert listen(first_walk=False).expect(ScanFinished).files == 2


def test_a_known_file_that_is_unchanged_yields_nothing(root: Path, listen: Any) -> None:
    (root / "post.md").write_text("Words.")
    listener = listen({"post.md": signature(root / "post.md")}, settle_s=0.0)
    assert listener.walked() == []


def test_a_known_file_that_differs_is_found_again(root: Path, listen: Any) -> None:
    (root / "post.md").write_text("Words.")
    before = signature(root / "post.md")
    (root / "post.md").write_text("Other words.")
    assert listen({"post.md": before}).expect(FileReady).sha256 == sha256("Other words.")


def test_a_file_still_open_for_writing_is_not_taken(
    root: Path, listen: Any, writer: Any, finish: Any, until: Callable[..., None]
) -> None:
    listener = listen()
    with writer(root / "post.md", "half ") as process:
        listener.inbox.recheck()  # it may have been seen when it was still empty
        until(lambda: listener.inbox.waiting() == [("post.md", "still open for writing")])
        finish(process, "done")
        assert listener.expect(FileReady).sha256 == sha256("half done")
    assert listener.kinds(FileReady) == ["post.md"]


def test_a_file_that_its_writer_closes_unchanged_is_taken_soon(
    root: Path, listen: Any, writer: Any, finish: Any, until: Callable[..., None]
) -> None:
    listener = listen(settle_s=1.0)
    with writer(root / "post.md") as process:
        listener.inbox.recheck()  # it may have been seen when it was still empty
        until(lambda: listener.inbox.waiting() == [("post.md", "still open for writing")])
        finish(process)
        listener.expect(FileReady, within_s=0.5)


def test_a_file_renamed_into_place_need_not_settle(root: Path, listen: Any) -> None:
    listener = listen(settle_s=NEVER_S)
    drop(root / "post.md")
    assert listener.expect(FileReady).path == "post.md"


def test_a_file_renamed_into_place_but_still_being_written_is_not_taken(
    root: Path, listen: Any, writer: Any, finish: Any, until: Callable[..., None]
) -> None:
    listener = listen()
    with writer(root / ".post.tmp", "half ") as process:
        (root / ".post.tmp").rename(root / "post.md")
        until(lambda: listener.inbox.waiting() == [("post.md", "still open for writing")])
        finish(process, "done")
        assert listener.expect(FileReady).sha256 == sha256("half done")


def test_a_file_moved_within_the_tree_is_found_at_once_and_missed_later(
    root: Path, listen: Any
) -> None:
    (root / "sub").mkdir()
    (root / "old.md").write_text("Words.")
    (root / "other.md").write_text("Words.")
    known = {name: signature(root / name) for name in ("old.md", "other.md")}
    listener = listen(known, settle_s=NEVER_S)
    (root / "old.md").rename(root / "sub" / "new.md")
    assert listener.expect(FileReady).path == "sub/new.md"
    assert listener.expect(FileVanished).path == "old.md"


def test_a_written_file_is_taken_when_it_has_settled_and_not_before(
    root: Path, listen: Any
) -> None:
    listener = listen(settle_s=0.4)
    (root / "post.md").write_text("Words.")
    found = listener.expect(FileReady)
    rested_s = time.monotonic() - found.ready_s
    assert 0.4 <= rested_s < 0.6


def test_a_file_moved_in_from_outside_has_to_settle(
    root: Path, listen: Any, tmp_path: Path
) -> None:
    listener = listen(settle_s=0.4)
    (tmp_path / "post.md").write_text("Words.")
    (tmp_path / "post.md").rename(root / "post.md")
    ready_s = listener.expect(FileReady).ready_s
    assert time.monotonic() - ready_s >= 0.4


def test_every_change_starts_the_settling_anew(
    root: Path, listen: Any, until: Callable[..., None]
) -> None:
    listener = listen(settle_s=0.4)
    post = root / "post.md"
    post.write_text("1")
    until(lambda: listener.inbox.waiting() == [("post.md", "settling")])
    began_s = time.monotonic()
    while time.monotonic() < began_s + 0.6:
        post.write_text(post.read_text() + "1")
        time.sleep(0.05)
    closed_s = time.monotonic()
    found = listener.expect(FileReady)
    assert found.sha256 == sha256(post.read_text())
    assert time.monotonic() >= closed_s + 0.3
    assert listener.kinds(FileReady) == ["post.md"]


def test_an_old_mtime_does_not_hide_that_a_file_is_new(root: Path, listen: Any) -> None:
    listener = listen(settle_s=0.4)
    (root / "post.md").write_text("Words.")
    os.utime(root / "post.md", (1e9, 1e9))
    ready_s = listener.expect(FileReady).ready_s
    assert time.monotonic() - ready_s >= 0.4


def test_an_empty_file_waits_for_its_content(
    root: Path, listen: Any, until: Callable[..., None]
) -> None:
    listener = listen()
    (root / "post.md").touch()
    until(lambda: listener.inbox.waiting() == [("post.md", "empty")])
    (root / "post.md").write_text("Words.")
    assert listener.expect(FileReady).sha256 == sha256("Words.")


def test_an_edited_file_is_found_again(root: Path, listen: Any) -> None:
    listener = listen()
    drop(root / "post.md", "One.")
    listener.expect(FileReady)
    drop(root / "post.md", "Two.")
    assert listener.expect(FileReady).sha256 == sha256("Two.")


def test_a_folder_moved_in_is_found_whole(root: Path, listen: Any, tmp_path: Path) -> None:
    listener = listen()
    folder = tmp_path / "blog" / "2026"
    folder.mkdir(parents=True)
    for number in range(20):
        (folder / f"{number}.md").write_text("x")
    (tmp_path / "blog").rename(root / "blog")
    for _ in range(20):
        listener.expect(FileReady)
    assert sorted(listener.kinds(FileReady)) == sorted(f"blog/2026/{n}.md" for n in range(20))


def test_a_folder_renamed_within_the_tree_takes_its_files_along(root: Path, listen: Any) -> None:
    (root / "old").mkdir()
    (root / "keep.md").write_text("x")
    (root / "old" / "post.md").write_text("x")
    known = {name: signature(root / name) for name in ("keep.md", "old/post.md")}
    listener = listen(known)
    (root / "old").rename(root / "new")
    assert listener.expect(FileReady).path == "new/post.md"
    assert listener.expect(FileVanished).path == "old/post.md"


def test_files_written_into_folders_just_made_are_all_found(root: Path, listen: Any) -> None:
    listener = listen()
    for number in range(200):
        (root / f"d{number}" / "e").mkdir(parents=True)
        (root / f"d{number}" / "e" / "post.md").write_text("x")
    for _ in range(200):
        listener.expect(FileReady)
    assert len(set(listener.kinds(FileReady))) == 200


def test_a_deleted_file_vanishes_after_a_second_look(root: Path, listen: Any) -> None:
    for name in ("a.md", "b.md"):
        (root / name).write_text("x")
    listener = listen({name: signature(root / name) for name in ("a.md", "b.md")})
    began_s = time.monotonic()
    (root / "a.md").unlink()
    assert listener.expect(FileVanished).path == "a.md"
    assert time.monotonic() - began_s >= 0.3


def test_a_deleted_folder_takes_its_files_away(root: Path, listen: Any, tmp_path: Path) -> None:
    (root / "sub" / "deep").mkdir(parents=True)
    names = ("keep.md", "sub/a.md", "sub/deep/b.md")
    for name in names:
        (root / name).write_text("x")
    listener = listen({name: signature(root / name) for name in names})
    (root / "sub").rename(tmp_path / "sub")
    listener.expect(FileVanished)
    listener.expect(FileVanished)
    assert sorted(listener.kinds(FileVanished)) == ["sub/a.md", "sub/deep/b.md"]


def test_a_file_that_was_replaced_has_not_vanished(root: Path, listen: Any) -> None:
    for name in ("post.md", "gone.md"):
        (root / name).write_text("One.")
    listener = listen({name: signature(root / name) for name in ("post.md", "gone.md")})
    (root / "post.md").unlink()
    (root / "gone.md").unlink()
    drop(root / "post.md", "Two.")
    assert listener.expect(FileVanished).path == "gone.md"
    assert listener.walked() == []
    assert listener.kinds(FileVanished) == ["gone.md"]
    assert listener.kinds(FileReady) == ["post.md"]


def test_what_vanished_while_nobody_watched_is_told_at_the_start(root: Path, listen: Any) -> None:
    (root / "here.md").write_text("x")
    known = {"here.md": signature(root / "here.md"), "sub/gone.md": FileSignature(1, 2, 3, 4)}
    assert listen(known).expect(FileVanished).path == "sub/gone.md"


def test_a_conflicting_copy_is_told_and_told_gone_but_never_read(root: Path, listen: Any) -> None:
    copy = root / "post.sync-conflict-20261122-072736-JDC4FTG.md"
    (root / "post.md").write_text("x")
    listener = listen()
    drop(copy)
    assert listener.expect(ConflictCopyFound).path == copy.name
    copy.unlink()
    assert listener.expect(ConflictCopyGone).path == copy.name
    assert copy.name not in listener.kinds(FileReady)


def test_links_are_not_followed_and_pipes_not_opened(
    root: Path, listen: Any, tmp_path: Path
) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.md").write_text("x")
    (root / "file.md").symlink_to(tmp_path / "outside" / "secret.md")
    (root / "folder").symlink_to(tmp_path / "outside")
    os.mkfifo(root / "pipe.md")
    listener = listen()
    os.link(tmp_path / "outside" / "secret.md", root / "hard.md")
    assert listener.expect(FileReady).path == "hard.md"
    listener.walked()
    assert listener.kinds(FileReady) == ["hard.md"]


def test_a_folder_that_becomes_a_link_takes_its_files_away(
    root: Path, listen: Any, tmp_path: Path
) -> None:
    (root / "sub").mkdir()
    for name in ("keep.md", "sub/post.md"):
        (root / name).write_text("x")
    listener = listen({name: signature(root / name) for name in ("keep.md", "sub/post.md")})
    (root / "sub").rename(tmp_path / "sub")
    (root / "sub").symlink_to(tmp_path / "sub")
    assert listener.expect(FileVanished).path == "sub/post.md"


@pytest.mark.parametrize("name", [b"x" * 252 + b".md", b"\xff\xfe.md", b"a\nb.md", b" .md"])
def test_odd_names_are_found(root: Path, listen: Any, name: bytes) -> None:
    listener = listen()
    (root / os.fsdecode(name)).write_text("x")
    assert os.fsencode(listener.expect(FileReady).path) == name
    (root / os.fsdecode(name)).unlink()


def test_temporary_and_ignored_folders_are_not_entered(root: Path, listen: Any) -> None:
    for folder in (".stversions", "drafts", "posts"):
        (root / folder).mkdir()
        (root / folder / "old.md").write_text("x")
    listener = listen(ignore=["drafts/"])
    for folder in (".stversions", "drafts", "posts"):
        drop(root / folder / "new.md")
    listener.expect(FileReady, "posts/new.md")
    listener.expect(FileReady, "posts/old.md")
    listener.walked()
    assert sorted(listener.kinds(FileReady)) == ["posts/new.md", "posts/old.md"]


def test_a_known_file_that_is_ignored_now_has_not_vanished(root: Path, listen: Any) -> None:
    (root / "drafts").mkdir()
    for name in ("drafts/a.md", "gone.md", "keep.md"):
        (root / name).write_text("x")
    known = {name: signature(root / name) for name in ("drafts/a.md", "gone.md", "keep.md")}
    (root / "gone.md").unlink()
    listener = listen(known, ignore=["drafts"])
    listener.expect(FileVanished, "gone.md")
    listener.walked()
    assert listener.kinds(FileVanished) == ["gone.md"]


def test_a_path_that_is_to_be_looked_at_is_found_again_without_settling(
    root: Path, listen: Any
) -> None:
    (root / "post.md").write_text("x")
    listener = listen({"post.md": signature(root / "post.md")}, settle_s=NEVER_S)
    listener.inbox.look("post.md")
    assert listener.expect(FileReady).path == "post.md"


def test_a_walk_that_is_asked_for_finds_what_no_event_announces(root: Path, listen: Any) -> None:
    (root / "post.md").write_text("x")
    listener = listen({"post.md": signature(root / "post.md")})
    os.utime(root / "post.md", (1e9, 1e9))
    listener.inbox.recheck()
    assert listener.expect(FileReady).path == "post.md"


def test_what_is_renamed_into_place_need_not_wait_for_the_end_of_a_walk(root: Path) -> None:
    for number in range(100):
        (root / f"{number}").mkdir()
        (root / f"{number}" / "x.sync-conflict-20261122-072736-JDC4FTG.md").touch()
    inbox = Inbox(root, {}, settle_s=NEVER_S)
    for event in inbox.events():
        if not isinstance(event, ConflictCopyFound):
            break
        drop(root / "post.md")  # after each folder: the walk is long enough to be told
        time.sleep(0.01)
    inbox.stop()
    assert isinstance(event, FileReady)


def test_walks_alone_find_what_is_new_and_what_is_gone(root: Path, listen: Any) -> None:
    (root / "gone.md").write_text("x")
    listener = listen({"gone.md": signature(root / "gone.md")}, watching=False, scan_s=0.1)
    (root / "gone.md").unlink()
    (root / "new.md").write_text("x")
    listener.expect(FileReady, "new.md")
    listener.expect(FileVanished, "gone.md")


def test_a_stop_is_heard_while_idle_and_in_the_middle_of_a_large_file(
    root: Path, listen: Any, until: Callable[..., None]
) -> None:
    idle = listen()
    assert idle.stop() < 0.2
    busy = listen()
    with (root / "large.md").open("wb") as file:
        file.truncate(1 << 40)
    pulses: set[float] = set()
    until(lambda: pulses.add(busy.inbox.pulse) or len(pulses) > 20)
    assert busy.stop() < 0.2
    assert busy.kinds(FileReady) == []


def test_the_pulse_goes_on_while_nothing_happens(
    root: Path, listen: Any, until: Callable[..., None]
) -> None:
    listener = listen()
    before_s = listener.inbox.pulse
    until(lambda: listener.inbox.pulse > before_s + 0.5, within_s=5.0)


def test_no_thread_is_left_after_a_stop(listen: Any) -> None:
    before = threading.active_count()
    listen().stop()
    assert threading.active_count() == before


def test_an_inbox_reached_through_a_link_is_watched(
    root: Path, listen: Any, tmp_path: Path
) -> None:
    real = tmp_path / "real"
    root.rename(real)
    root.symlink_to(real)
    listener = listen(settle_s=NEVER_S)
    drop(real / "post.md")
    assert listener.expect(FileReady).path == "post.md"


def test_settings_and_lexicons_are_found_and_missed_like_documents(root: Path, listen: Any) -> None:
    listener = listen()
    drop(root / ".narrated.yaml", "author: Leo")
    assert listener.expect(FileReady).path == ".narrated.yaml"
    drop(root / "lexicon.yaml", "words: {a: b}")
    assert listener.expect(FileReady).path == "lexicon.yaml"
    (root / ".narrated.yaml").unlink()
    assert listener.expect(FileVanished).path == ".narrated.yaml"


def test_settings_that_go_before_they_are_taken_are_told_to_be_gone(
    root: Path, listen: Any, until: Callable[..., None]
) -> None:
    listener = listen(settle_s=NEVER_S)
    (root / ".narrated.yaml").write_text("author: Leo")
    until(lambda: listener.inbox.waiting() == [(".narrated.yaml", "settling")])
    (root / ".narrated.yaml").unlink()
    assert listener.expect(FileVanished).path == ".narrated.yaml"


def test_settings_that_are_emptied_are_found(root: Path, listen: Any) -> None:
    (root / ".narrated.yaml").write_text("author: Leo")
    listener = listen({".narrated.yaml": signature(root / ".narrated.yaml")})
    (root / ".narrated.yaml").write_text("")
    assert listener.expect(FileReady).sha256 == sha256("")


@pytest.mark.parametrize("name", [".narrated.yaml", "lexicon.yaml"])
def test_a_folder_named_like_settings_is_not_entered(root: Path, listen: Any, name: str) -> None:
    (root / name).mkdir()
    (root / name / "post.md").write_text("Words.")
    listener = listen(settle_s=0.0)
    (root / name / "later.md").write_text("Words.")
    assert listener.walked() == []
    drop(root / "real.md")
    listener.expect(FileReady)
    assert listener.kinds(FileReady) == ["real.md"]
