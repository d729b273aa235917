"""An inbox that is watched: what is found, when, and what is not."""

import hashlib
import math
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from narrated.inbox import inbox, readiness
from narrated.inbox.events import (
    ConflictCopyFound,
    ConflictCopyGone,
    FileIgnored,
    FileReady,
    FileVanished,
    ScanFinished,
)
from narrated.inbox.file_signature import FileSignature
from narrated.inbox.folder_scanner import FolderScanner
from narrated.inbox.handled_versions import HandledVersions
from narrated.inbox.inbox import Inbox
from narrated.inbox.path_reconciler import PathReconciler
from narrated.inbox.pending_files import PendingFiles
from narrated.inbox.watcher import HintCause, HintQueue

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


def test_present_file_is_found(root: Path, listen: Any) -> None:
    """Files present at the start are reported with their hash."""
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "b" / "post.md").write_text("Words.")
    found = listen().expect(FileReady)
    assert found.path == "a/b/post.md"
    assert found.sha256 == sha256("Words.")
    assert found.signature == signature(root / "a" / "b" / "post.md")


def test_first_scan_counts_files(root: Path, listen: Any) -> None:
    """The first scan ends with the number of files."""
    for name in ("a.md", "b.md", ".hidden"):
        (root / name).write_text("x")
    assert listen(first_scan=False).expect(ScanFinished).files == 2


def test_unchanged_file_is_silent(root: Path, listen: Any) -> None:
    """A known, unchanged file yields no event."""
    (root / "post.md").write_text("Words.")
    listener = listen({"post.md": signature(root / "post.md")}, settle_s=0.0)
    assert listener.scanned() == []


def test_changed_file_is_found(root: Path, listen: Any) -> None:
    """A known file that differs is reported again."""
    (root / "post.md").write_text("Words.")
    before = signature(root / "post.md")
    (root / "post.md").write_text("Other words.")
    assert listen({"post.md": before}).expect(FileReady).sha256 == sha256("Other words.")


def test_open_file_is_not_taken(
    root: Path, listen: Any, writer: Any, finish: Any, until: Callable[..., None]
) -> None:
    """A file that is still open for writing is not taken."""
    listener = listen()
    with writer(root / "post.md", "half ") as process:
        listener.scan()  # it may have been seen when it was still empty
        until(lambda: listener.inbox.waiting() == [("post.md", "still open for writing")])
        finish(process, "done")
        assert listener.expect(FileReady).sha256 == sha256("half done")
    assert listener.kinds(FileReady) == ["post.md"]


def test_closed_file_is_taken_soon(
    root: Path,
    listen: Any,
    writer: Any,
    finish: Any,
    until: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A file is taken when its writer closes it unchanged, without waiting for a retry."""
    monkeypatch.setattr(
        PendingFiles, "retry_later", lambda files, path, why: files.postpone(path, why, math.inf)
    )
    listener = listen()
    with writer(root / "post.md") as process:
        listener.scan()  # it may have been seen when it was still empty
        until(lambda: listener.inbox.waiting() == [("post.md", "still open for writing")])
        finish(process)
        listener.expect(FileReady)


def test_renamed_file_is_taken_at_once(root: Path, listen: Any) -> None:
    """A file that is renamed into place need not settle."""
    listener = listen(settle_s=NEVER_S)
    drop(root / "post.md")
    assert listener.expect(FileReady).path == "post.md"


def test_renamed_open_file_is_not_taken(
    root: Path, listen: Any, writer: Any, finish: Any, until: Callable[..., None]
) -> None:
    """A file that is renamed into place but still written is not taken."""
    listener = listen()
    with writer(root / ".post.tmp", "half ") as process:
        (root / ".post.tmp").rename(root / "post.md")
        until(lambda: listener.inbox.waiting() == [("post.md", "still open for writing")])
        finish(process, "done")
        assert listener.expect(FileReady).sha256 == sha256("half done")


def test_moved_file_found_then_missed(root: Path, listen: Any) -> None:
    """A moved file is found at its new path at once, and missed at its old path later."""
    (root / "sub").mkdir()
    (root / "old.md").write_text("Words.")
    (root / "other.md").write_text("Words.")
    known = {name: signature(root / name) for name in ("old.md", "other.md")}
    listener = listen(known, settle_s=NEVER_S)
    (root / "old.md").rename(root / "sub" / "new.md")
    assert listener.expect(FileReady).path == "sub/new.md"
    assert listener.expect(FileVanished).path == "old.md"


def test_written_file_settles_first(root: Path, listen: Any) -> None:
    """A written file is taken once it has settled, and not before."""
    listener = listen(settle_s=0.4)
    (root / "post.md").write_text("Words.")
    found = listener.expect(FileReady)
    assert time.monotonic() - found.ready_s >= 0.4


def test_file_moved_in_settles_first(root: Path, listen: Any, tmp_path: Path) -> None:
    """A file moved in from outside has to settle."""
    listener = listen(settle_s=0.4)
    (tmp_path / "post.md").write_text("Words.")
    (tmp_path / "post.md").rename(root / "post.md")
    ready_s = listener.expect(FileReady).ready_s
    assert time.monotonic() - ready_s >= 0.4


def test_change_restarts_settling(root: Path, listen: Any, until: Callable[..., None]) -> None:
    """Every change restarts the settle time."""
    listener = listen(settle_s=NEVER_S)
    pending = listener.inbox._reconciler.pending
    for text in ("1", "11", "111"):
        changed_s = time.monotonic()
        (root / "post.md").write_text(text)

        def is_due_later(changed_s: float = changed_s) -> bool:
            file = pending.get("post.md")
            return file is not None and changed_s + NEVER_S <= file.due_s < math.inf

        until(is_due_later)
    assert listener.inbox.waiting() == [("post.md", "settling")]
    drop(root / "post.md", "Words.")
    assert listener.expect(FileReady).sha256 == sha256("Words.")
    assert listener.kinds(FileReady) == ["post.md"]


def test_old_mtime_hides_nothing(root: Path, listen: Any) -> None:
    """An old mtime does not hide that a file is new."""
    listener = listen(settle_s=0.4)
    (root / "post.md").write_text("Words.")
    os.utime(root / "post.md", (1e9, 1e9))
    ready_s = listener.expect(FileReady).ready_s
    assert time.monotonic() - ready_s >= 0.4


def test_empty_file_waits(root: Path, listen: Any, until: Callable[..., None]) -> None:
    """An empty file waits for its content."""
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


def test_moved_in_folder_is_found(root: Path, listen: Any, tmp_path: Path) -> None:
    """A folder moved in is found with all its files."""
    listener = listen()
    folder = tmp_path / "blog" / "2026"
    folder.mkdir(parents=True)
    for number in range(20):
        (folder / f"{number}.md").write_text("x")
    (tmp_path / "blog").rename(root / "blog")
    for _ in range(20):
        listener.expect(FileReady)
    assert sorted(listener.kinds(FileReady)) == sorted(f"blog/2026/{n}.md" for n in range(20))


def test_renamed_folder_moves_files(root: Path, listen: Any) -> None:
    """A renamed folder takes its files along."""
    (root / "old").mkdir()
    (root / "keep.md").write_text("x")
    (root / "old" / "post.md").write_text("x")
    known = {name: signature(root / name) for name in ("keep.md", "old/post.md")}
    listener = listen(known)
    (root / "old").rename(root / "new")
    assert listener.expect(FileReady).path == "new/post.md"
    assert listener.expect(FileVanished).path == "old/post.md"


def test_files_in_new_folders_found(root: Path, listen: Any) -> None:
    """Files in folders that were just made are all found."""
    listener = listen()
    for number in range(60):
        (root / f"d{number}" / "e").mkdir(parents=True)
        (root / f"d{number}" / "e" / "post.md").write_text("x")
    for _ in range(60):
        listener.expect(FileReady)
    assert len(set(listener.kinds(FileReady))) == 60


def test_deletion_needs_second_look(root: Path, listen: Any) -> None:
    """A deleted file vanishes after a second look."""
    for name in ("a.md", "b.md"):
        (root / name).write_text("x")
    listener = listen({name: signature(root / name) for name in ("a.md", "b.md")})
    began_s = time.monotonic()
    (root / "a.md").unlink()
    assert listener.expect(FileVanished).path == "a.md"
    assert time.monotonic() - began_s >= 0.3


def test_deleted_folder_loses_files(root: Path, listen: Any, tmp_path: Path) -> None:
    """A deleted folder takes its files away."""
    (root / "sub" / "deep").mkdir(parents=True)
    names = ("keep.md", "sub/a.md", "sub/deep/b.md")
    for name in names:
        (root / name).write_text("x")
    listener = listen({name: signature(root / name) for name in names})
    (root / "sub").rename(tmp_path / "sub")
    listener.expect(FileVanished)
    listener.expect(FileVanished)
    assert sorted(listener.kinds(FileVanished)) == ["sub/a.md", "sub/deep/b.md"]


def test_replaced_file_stays_known(root: Path, listen: Any) -> None:
    """A file that was replaced has not vanished."""
    for name in ("post.md", "gone.md"):
        (root / name).write_text("One.")
    listener = listen({name: signature(root / name) for name in ("post.md", "gone.md")})
    (root / "post.md").unlink()
    (root / "gone.md").unlink()
    drop(root / "post.md", "Two.")
    assert listener.expect(FileVanished).path == "gone.md"
    assert listener.scanned() == []
    assert listener.kinds(FileVanished) == ["gone.md"]
    assert listener.kinds(FileReady) == ["post.md"]


def test_earlier_deletion_is_reported(root: Path, listen: Any) -> None:
    """A deletion before the start is reported at the start."""
    (root / "here.md").write_text("x")
    known = {"here.md": signature(root / "here.md"), "sub/gone.md": FileSignature(1, 2, 3, 4)}
    assert listen(known).expect(FileVanished).path == "sub/gone.md"


def test_conflict_copy_is_never_read(root: Path, listen: Any) -> None:
    """A conflicting copy is reported, reported gone, and never read."""
    copy = root / "post.sync-conflict-20261122-072736-JDC4FTG.md"
    (root / "post.md").write_text("x")
    listener = listen()
    drop(copy)
    assert listener.expect(ConflictCopyFound).path == copy.name
    copy.unlink()
    assert listener.expect(ConflictCopyGone).path == copy.name
    assert copy.name not in listener.kinds(FileReady)


def test_links_and_pipes_are_left(root: Path, listen: Any, tmp_path: Path) -> None:
    """Links are not followed and pipes not opened."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.md").write_text("x")
    (root / "file.md").symlink_to(tmp_path / "outside" / "secret.md")
    (root / "folder").symlink_to(tmp_path / "outside")
    os.mkfifo(root / "pipe.md")
    listener = listen()
    os.link(tmp_path / "outside" / "secret.md", root / "hard.md")
    assert listener.expect(FileReady).path == "hard.md"
    listener.scanned()
    assert listener.kinds(FileReady) == ["hard.md"]


def test_folder_turned_link_vanishes(root: Path, listen: Any, tmp_path: Path) -> None:
    """A folder that becomes a link takes its files away."""
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


def test_ignored_folders_not_entered(root: Path, listen: Any) -> None:
    """Temporary and ignored folders are not entered."""
    for folder in (".stversions", "drafts", "posts"):
        (root / folder).mkdir()
        (root / folder / "old.md").write_text("x")
    listener = listen(ignore=["drafts/"])
    for folder in (".stversions", "drafts", "posts"):
        drop(root / folder / "new.md")
    for _ in range(2):  # which of the two is ready first, the disk decides
        listener.expect(FileReady)
    listener.scanned()
    assert sorted(listener.kinds(FileReady)) == ["posts/new.md", "posts/old.md"]


def test_ignored_file_is_not_gone(root: Path, listen: Any) -> None:
    """A known file that is ignored now has not vanished."""
    (root / "drafts").mkdir()
    for name in ("drafts/a.md", "gone.md", "keep.md"):
        (root / name).write_text("x")
    known = {name: signature(root / name) for name in ("drafts/a.md", "gone.md", "keep.md")}
    (root / "gone.md").unlink()
    listener = listen(known, ignore=["drafts"])
    listener.expect(FileVanished, "gone.md")
    listener.scanned()
    assert listener.kinds(FileVanished) == ["gone.md"]


def test_admitted_file_may_go(root: Path, listen: Any, until: Callable[..., None]) -> None:
    """A known file that is ignored no longer, and goes before it is read, is reported gone."""
    (root / "drafts").mkdir()
    (root / "drafts/a.md").write_text("x")
    (root / ".narratedignore").write_text("drafts\n")
    listener = listen({"drafts/a.md": signature(root / "drafts/a.md")}, settle_s=NEVER_S)
    assert listener.kinds(FileIgnored) == ["drafts/a.md"]
    (root / ".narratedignore").unlink()
    listener.scan()
    until(lambda: listener.inbox.pending_count == 1)
    (root / "drafts/a.md").unlink()
    assert listener.expect(FileVanished).path == "drafts/a.md"


def test_look_reports_path_again(root: Path, listen: Any) -> None:
    """A path passed to `look` is reported again without settling."""
    (root / "post.md").write_text("x")
    listener = listen({"post.md": signature(root / "post.md")}, settle_s=NEVER_S)
    listener.inbox.look("post.md")
    assert listener.expect(FileReady).path == "post.md"


def test_scan_finds_silent_change(root: Path, listen: Any) -> None:
    """A scan finds a change without an event."""
    (root / "post.md").write_text("x")
    listener = listen({"post.md": signature(root / "post.md")})
    os.utime(root / "post.md", (1e9, 1e9))
    listener.scan()
    assert listener.expect(FileReady).path == "post.md"


def test_rename_interrupts_scan(
    root: Path, until: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file renamed into place need not wait for the end of a scan."""
    causes: list[HintCause] = []
    put = HintQueue.put

    def recorded(hints: HintQueue, cause: HintCause, path: str = "") -> None:
        put(hints, cause, path)
        causes.append(cause)

    monkeypatch.setattr(HintQueue, "put", recorded)
    for number in range(5):
        (root / f"{number}").mkdir()
        (root / f"{number}" / "x.sync-conflict-20261122-072736-JDC4FTG.md").touch()
    scanned = Inbox(root, {}, settle_s=NEVER_S)
    events = scanned.events()
    assert isinstance(next(events), ConflictCopyFound)
    drop(root / "post.md")
    until(lambda: HintCause.RENAMED in causes)
    assert isinstance(next(events), FileReady)
    scanned.stop()
    list(events)


def test_scans_alone_find_changes(root: Path, listen: Any) -> None:
    """Scans alone find new and deleted files."""
    (root / "gone.md").write_text("x")
    listener = listen({"gone.md": signature(root / "gone.md")}, watching=False, scan_s=0.1)
    (root / "gone.md").unlink()
    (root / "new.md").write_text("x")
    listener.expect(FileReady, "new.md")
    listener.expect(FileVanished, "gone.md")


def test_stop_is_prompt(
    root: Path, listen: Any, until: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stop takes effect while idle and in the middle of a large file."""
    monkeypatch.setattr(inbox, "_IDLE_S", 600.0)  # the stop itself has to wake it
    monkeypatch.setattr(readiness, "MOST_HASHED_BYTES", 1 << 40)  # an hour's hashing
    idle = listen()
    idle.stop()
    busy = listen()
    with (root / "large.md").open("wb") as file:
        file.truncate(1 << 40)
    pulses: set[float] = set()
    until(lambda: pulses.add(busy.inbox.pulse) or len(pulses) > 20)
    busy.stop()
    assert busy.kinds(FileReady) == []


def test_pulse_goes_on_while_idle(root: Path, listen: Any, until: Callable[..., None]) -> None:
    """The pulse goes on while the inbox is idle."""
    listener = listen()
    before_s = listener.inbox.pulse
    until(lambda: listener.inbox.pulse > before_s + 0.5)


def test_no_thread_is_left_after_a_stop(listen: Any) -> None:
    before = threading.active_count()
    listen().stop()
    assert threading.active_count() == before


def test_linked_inbox_is_watched(root: Path, listen: Any, tmp_path: Path) -> None:
    """An inbox that is reached through a link is watched."""
    real = tmp_path / "real"
    root.rename(real)
    root.symlink_to(real)
    listener = listen(settle_s=NEVER_S)
    drop(real / "post.md")
    assert listener.expect(FileReady).path == "post.md"


def test_settings_are_reported(root: Path, listen: Any) -> None:
    """Settings and lexicons are found and missed like documents."""
    listener = listen()
    drop(root / ".narrated.yaml", "author: Leo")
    assert listener.expect(FileReady).path == ".narrated.yaml"
    drop(root / "lexicon.yaml", "words: {a: b}")
    assert listener.expect(FileReady).path == "lexicon.yaml"
    (root / ".narrated.yaml").unlink()
    assert listener.expect(FileVanished).path == ".narrated.yaml"


def test_pending_settings_reported_gone(
    root: Path, listen: Any, until: Callable[..., None]
) -> None:
    """Settings that go before they are taken are reported gone."""
    listener = listen(settle_s=NEVER_S)
    (root / ".narrated.yaml").write_text("author: Leo")
    until(lambda: listener.inbox.waiting() == [(".narrated.yaml", "settling")])
    (root / ".narrated.yaml").unlink()
    assert listener.expect(FileVanished).path == ".narrated.yaml"


def test_emptied_settings_are_found(root: Path, listen: Any) -> None:
    """Settings that are emptied are found."""
    (root / ".narrated.yaml").write_text("author: Leo")
    listener = listen({".narrated.yaml": signature(root / ".narrated.yaml")})
    (root / ".narrated.yaml").write_text("")
    assert listener.expect(FileReady).sha256 == sha256("")


@pytest.mark.parametrize("name", [".narrated.yaml", "lexicon.yaml"])
def test_settings_folder_not_entered(root: Path, listen: Any, name: str) -> None:
    """A folder named like settings is not entered."""
    (root / name).mkdir()
    (root / name / "post.md").write_text("Words.")
    listener = listen(settle_s=0.0)
    (root / name / "later.md").write_text("Words.")
    assert listener.scanned() == []
    drop(root / "real.md")
    listener.expect(FileReady)
    assert listener.kinds(FileReady) == ["real.md"]


def test_folder_swapped_for_a_link(root: Path, tmp_path: Path) -> None:
    """Nothing outside is listed or opened, though a folder became a link since the last look."""
    outside, folder = tmp_path / "outside", root / "sub"
    outside.mkdir()
    folder.mkdir()
    (folder / "post.md").write_text("Words.")
    (outside / "post.md").hardlink_to(folder / "post.md")
    scanner = FolderScanner(str(root), (), lambda: None)
    reconciler = PathReconciler(str(root), HandledVersions({}), 0.0, 0.3, lambda: None)
    (seen,) = scanner.list_folder("sub", {}).changed
    assert not list(reconciler.reconcile("sub/post.md", seen[1], 0.0))
    folder.rename(root / ".away")
    folder.symlink_to(outside)
    assert not list(reconciler.take_due())
    with pytest.raises(NotADirectoryError):
        scanner.list_folder("sub", {})
    assert not list(reconciler.reconcile("sub/post.md", reconciler.version("sub/post.md"), 0.0))
