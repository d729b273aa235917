"""Nothing is withdrawn while the inbox itself is missing, replaced or suddenly empty."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from support.daemon import Daemon, running, toy, wait
from support.published import narration

WITHDRAW = {"removed": "withdraw", "withdraw_after": "0s"}
SET = narration("one") | narration("two")


def _fill(daemon: Daemon) -> None:
    for stem in ("one", "two"):
        daemon.drop(f"{stem}.md", f"The post {stem}.")
    for stem in ("one", "two"):
        daemon.published(stem, f"The post {stem}.")


def _notices(daemon: Daemon) -> str:
    return " ".join(daemon.status()["notices"])


def _away(daemon: Daemon) -> None:
    daemon.inbox.rename(daemon.home / "aside")


def _replaced(daemon: Daemon) -> None:
    _away(daemon)
    daemon.inbox.mkdir()


def _emptied(daemon: Daemon) -> None:
    (daemon.home / "aside").mkdir()
    for path in list(daemon.inbox.iterdir()):
        path.rename(daemon.home / "aside" / path.name)


@pytest.mark.parametrize(
    ("lose", "notice"),
    [(_away, "missing"), (_replaced, "replaced|empty"), (_emptied, "empty")],
    ids=["moved away", "replaced by an empty folder", "emptied"],
)
def test_lost_inbox_withdraws_nothing(
    tmp_path: Path, lose: Callable[[Daemon], None], notice: str
) -> None:
    """A lost inbox withdraws nothing and is found again."""
    with running(tmp_path, **WITHDRAW) as daemon:
        _fill(daemon)
        spoken = len(daemon.spoken)
        lose(daemon)
        wait(lambda: any(word in _notices(daemon) for word in notice.split("|")))
        daemon.ask("status")
        assert daemon.files == SET
        if daemon.inbox.exists():
            daemon.inbox.rmdir()
        (daemon.home / "aside").rename(daemon.inbox)
        wait(lambda: not _notices(daemon), lambda: daemon.log)
        daemon.drop("new.md", "Found again.")
        daemon.published("new", "Found again.")
        assert daemon.files >= SET
        assert len(daemon.spoken) == spoken + 2
        wait(lambda: not daemon.status()["arriving"])
        (daemon.inbox / "two.md").unlink()
        wait(lambda: "two.mp3" not in daemon.files, lambda: daemon.log)


def test_missing_inbox_at_start(tmp_path: Path) -> None:
    """An inbox missing at the start is told and read when it comes."""
    daemon = Daemon(tmp_path)
    daemon.inbox.rmdir()
    with daemon:
        assert "missing" in _notices(daemon)
        aside = tmp_path / "aside"
        aside.mkdir()
        (aside / "post.md").write_text("It came after all.")
        aside.rename(daemon.inbox)
        daemon.published("post", "It came after all.")
        assert not _notices(daemon)
    assert "missing" not in (daemon.outbox / "narrated.status.txt").read_text()


def test_inbox_lost_while_stopped(
    tmp_path: Path,
) -> None:
    """An inbox that was lost while the daemon was away withdraws nothing."""
    daemon = Daemon(tmp_path, **WITHDRAW)
    with daemon:
        _fill(daemon)
    _replaced(daemon)
    with daemon:
        wait(lambda: "empty" in _notices(daemon))
        assert daemon.files == SET
        status = (daemon.outbox / "narrated.status.txt").read_text
        wait(lambda: "empty" in status(), status)


def test_new_inbox_withdraws_nothing(tmp_path: Path) -> None:
    """Another folder in the place of the inbox withdraws nothing."""
    with running(tmp_path, **WITHDRAW) as daemon:
        _fill(daemon)
        _replaced(daemon)
        daemon.drop("other.md", "Of another folder.")
        daemon.published("other", "Of another folder.")
        assert daemon.files > SET


def test_job_waits_for_lost_inbox(
    tmp_path: Path,
) -> None:
    """Queued jobs wait while the inbox is away, and go on when it is back."""
    posts = {f"post-{n}": f"This is post {n}." for n in range(60)}
    with running(tmp_path, **toy(tmp_path, delay_s=0.05, rows=1)) as daemon:
        for stem, text in posts.items():
            daemon.drop(f"{stem}.md", text)
        wait(lambda: daemon.status()["counts"].get("queued", 0) > 10, lambda: daemon.log)
        _away(daemon)
        wait(lambda: daemon.status()["state"] == "waiting", lambda: daemon.log)
        assert not [name for name in daemon.files if name.endswith(".error.txt")]
        (daemon.home / "aside").rename(daemon.inbox)
        for stem, text in posts.items():
            daemon.published(stem, text)


def test_job_waits_for_closed_folder(
    tmp_path: Path,
) -> None:
    """Queued jobs wait while their folder is closed, and go on when it is opened."""
    posts = {f"in/post-{n}": f"This is post {n}." for n in range(60)}
    daemon = Daemon(tmp_path, **toy(tmp_path, delay_s=0.05, rows=1))
    for stem, text in posts.items():
        daemon.drop(f"{stem}.md", text)
    try:
        daemon.start(as_anybody=True)
        wait(lambda: daemon.status()["counts"].get("queued", 0) > 10, lambda: daemon.log)
        (daemon.inbox / "in").chmod(0)
        wait(lambda: daemon.status()["waiting"], lambda: daemon.log)
        (daemon.inbox / "in").chmod(0o755)
        for stem, text in posts.items():
            daemon.published(stem, text)
        wait(lambda: not [name for name in daemon.files if name.endswith(".error.txt")])
    finally:
        (daemon.inbox / "in").chmod(0o755)
        daemon.stop()


def test_reload_ends_no_loss(tmp_path: Path) -> None:
    """An inbox that is back at a reload is told as back, though the new one never lost it."""
    with running(tmp_path, **WITHDRAW, scan="30s") as daemon:
        _fill(daemon)
        for scan in ("31s", "32s", "33s"):
            _away(daemon)
            wait(lambda: "missing" in _notices(daemon), lambda: daemon.log)
            daemon.configure(**WITHDRAW, scan=scan)
            (daemon.home / "aside").rename(daemon.inbox)
            daemon.signal(signal.SIGHUP)
            wait(lambda: not _notices(daemon), lambda: daemon.log)
        (daemon.inbox / "one.md").unlink()
        wait(lambda: "one.mp3" not in daemon.files, lambda: daemon.log)
