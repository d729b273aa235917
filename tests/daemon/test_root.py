"""Nothing is withdrawn while the inbox itself is missing, replaced or suddenly empty."""

from collections.abc import Callable
from pathlib import Path

import pytest

from support.daemon import Daemon, as_anybody, running, toy, wait

WITHDRAW = {"removed": "withdraw", "withdraw_after": "0s"}
SET = {f"{stem}.{suffix}" for stem in ("one", "two") for suffix in ("mp3", "vtt", "json")}


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
def test_a_lost_inbox_withdraws_nothing_and_is_found_again(
    tmp_path: Path, lose: Callable[[Daemon], None], notice: str
) -> None:
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


def test_an_inbox_missing_at_the_start_is_told_and_read_when_it_comes(tmp_path: Path) -> None:
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


def test_an_inbox_that_was_lost_while_the_daemon_was_away_withdraws_nothing(
    tmp_path: Path,
) -> None:
    daemon = Daemon(tmp_path, **WITHDRAW)
    with daemon:
        _fill(daemon)
    _replaced(daemon)
    with daemon:
        wait(lambda: "empty" in _notices(daemon))
        assert daemon.files == SET
        status = (daemon.outbox / "narrated.status.txt").read_text
        wait(lambda: "empty" in status(), status)


def test_another_folder_in_the_place_of_the_inbox_withdraws_nothing(tmp_path: Path) -> None:
    with running(tmp_path, **WITHDRAW) as daemon:
        _fill(daemon)
        _replaced(daemon)
        daemon.drop("other.md", "Of another folder.")
        daemon.published("other", "Of another folder.")
        assert daemon.files > SET


def test_what_was_to_be_read_while_the_inbox_was_away_is_read_when_it_is_back(
    tmp_path: Path,
) -> None:
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


def test_what_was_to_be_read_while_its_folder_was_closed_is_read_when_that_is_opened(
    tmp_path: Path,
) -> None:
    posts = {f"in/post-{n}": f"This is post {n}." for n in range(60)}
    daemon = Daemon(tmp_path, **toy(tmp_path, delay_s=0.05, rows=1))
    for stem, text in posts.items():
        daemon.drop(f"{stem}.md", text)
    try:
        daemon.start(*as_anybody())
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
