"""State and cache: their owner's alone, whatever the umask, and read with the same care."""

import os
import signal
import stat
from pathlib import Path

import pytest

from support.daemon import Daemon, toy, wait

TEXT = "# Own\n\nThe first words.\n"
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def _open_to_others(daemon: Daemon) -> dict[str, str]:
    """What others may read or write of state and cache; a socket has rights of its own."""
    folders = [daemon.home / name for name in ("state", "cache")]
    paths = [*folders, *(path for folder in folders for path in folder.rglob("*"))]
    modes = {path: path.lstat().st_mode for path in paths}
    return {
        str(path.relative_to(daemon.home)): oct(mode)
        for path, mode in modes.items()
        if mode & OTHERS and not stat.S_ISSOCK(mode)
    }


def _start(daemon: Daemon, umask: str) -> None:
    daemon.start("sh", "-c", f'umask {umask}; exec "$@"', "sh")


@pytest.mark.parametrize("umask", ["0", "022"])
def test_own_files_are_private(tmp_path: Path, umask: str) -> None:
    """Nobody else may read state and cache; the outbox is shared as it was."""
    daemon = Daemon(tmp_path)
    daemon.drop("post.md", TEXT)
    _start(daemon, umask)
    try:
        daemon.published("post", TEXT)
        assert _open_to_others(daemon) == {}
        assert (daemon.outbox / "post.mp3").stat().st_mode & 0o777 == 0o664
    finally:
        daemon.stop()
    assert _open_to_others(daemon) == {}


def test_work_in_progress_is_private(tmp_path: Path) -> None:
    """Nobody else may read a narration that is still being encoded."""
    daemon = Daemon(tmp_path, **toy(tmp_path, rows=1, delay_s=0.2))
    daemon.drop("post.md", "\n\n".join(f"Part {number}." for number in range(60)))
    _start(daemon, "0")
    try:
        wait(lambda: any((tmp_path / "state/work").glob("*/*")), lambda: daemon.log)
        daemon.signal(signal.SIGSTOP)
        assert _open_to_others(daemon) == {}
    finally:
        daemon.signal(signal.SIGCONT)
        daemon.stop()


def test_earlier_files_become_private(tmp_path: Path) -> None:
    """What an earlier version left open is closed to all but the group, which may see who runs."""
    daemon = Daemon(tmp_path)
    for name in ("state", "cache"):
        (tmp_path / name).mkdir()
        (tmp_path / name).chmod(0o777)
    (tmp_path / "state/ledger.sqlite").touch()
    (tmp_path / "state/ledger.sqlite").chmod(0o644)
    daemon.drop("post.md", TEXT)
    daemon.start()
    try:
        daemon.published("post", TEXT)
        modes = {path: oct((tmp_path / path).stat().st_mode & 0o777) for path in MODES}
        assert modes == MODES
    finally:
        daemon.stop()


MODES = {
    "state": "0o750",
    "cache": "0o750",
    "state/lock": "0o640",
    "state/ledger.sqlite": "0o600",
    "state/ledger.sqlite-wal": "0o600",
}


def test_pipes_in_state_and_cache(tmp_path: Path) -> None:
    """A pipe in the place of a take, of the record, or of work left over, blocks nothing."""
    daemon = Daemon(tmp_path)
    daemon.drop("post.md", TEXT)
    assert daemon.ask("once", "--quiet").returncode == 0
    take = next((tmp_path / "cache").glob("??/*.flac"))
    take.unlink()
    os.mkfifo(take)
    os.mkfifo(take.with_name("ab" * 32 + ".flac"))
    os.mkfifo(tmp_path / "cache/tmp/pipe")
    (tmp_path / "cache/tmp/folder").mkdir()
    (tmp_path / "cache/file").touch()
    os.mkfifo(tmp_path / "state/leaving")
    (tmp_path / "state/work").rmdir()
    os.mkfifo(tmp_path / "state/work")
    edited = TEXT + "\nThe second words.\n"
    daemon.start()
    try:
        daemon.drop("post.md", edited)
        daemon.published("post", edited)
        wait(lambda: take.is_file(), lambda: daemon.log)
    finally:
        daemon.stop()
