"""State and cache: their owner's alone, whatever the umask, and read with the same care."""

import os
import signal
import stat
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path

import pytest

from support.daemon import Daemon, toy, wait

TEXT = "# Own\n\nThe first words.\n"
FOLDER, FILE = "0o750", "0o640"


def _modes(daemon: Daemon) -> dict[str, str]:
    """The modes of all that state and cache hold; a socket has rights of its own."""
    folders = [(daemon.home / name).resolve() for name in ("state", "cache")]
    modes = {}
    for path in chain(folders, *(paths_and_folders(folder) for folder in folders)):
        with suppress(FileNotFoundError):  # what is in progress goes meanwhile
            modes[str(path.relative_to(daemon.home))] = path.lstat().st_mode
    return {
        name: oct(stat.S_IMODE(mode)) for name, mode in modes.items() if not stat.S_ISSOCK(mode)
    }


def paths_and_folders(root: Path) -> Iterator[Path]:
    """All below a folder, though folders of it may go meanwhile, on which `rglob` fails."""
    for folder, folders, names in os.walk(root):
        yield from (Path(folder, name) for name in (*folders, *names))


def _others(daemon: Daemon) -> dict[str, str]:
    """What has not the mode of a folder or a file of ours."""
    return {
        name: mode
        for name, mode in _modes(daemon).items()
        if mode != (FOLDER if (daemon.home / name).is_dir() else FILE)
    }


def _start(daemon: Daemon, umask: str) -> None:
    daemon.start("sh", "-c", f'umask {umask}; exec "$@"', "sh")


@pytest.mark.parametrize("umask", ["0", "022", "077"])
def test_own_files_are_private(tmp_path: Path, umask: str) -> None:
    """State and cache are 0750, their files 0640, by any umask; the outbox is shared as it was."""
    daemon = Daemon(tmp_path)
    daemon.configure(state="above/state", cache="above/cache")
    (tmp_path / "state").symlink_to("above/state")
    (tmp_path / "cache").symlink_to("above/cache")
    daemon.drop("post.md", TEXT)
    _start(daemon, umask)
    try:
        daemon.published("post", TEXT)
        assert _others(daemon) == {}
        assert len(_modes(daemon)) > 8
        assert (daemon.outbox / "post.mp3").stat().st_mode & 0o777 == 0o664
        assert (tmp_path / "above").stat().st_mode & 0o022 == 0
    finally:
        daemon.stop()
    assert _others(daemon) == {}


def test_work_in_progress_is_private(tmp_path: Path) -> None:
    """Nobody else may read a narration that is still being encoded."""
    daemon = Daemon(tmp_path, **toy(tmp_path, rows=1, delay_s=0.2))
    daemon.drop("post.md", "\n\n".join(f"Part {number}." for number in range(60)))
    _start(daemon, "0")
    try:
        wait(lambda: any((tmp_path / "state/work").glob("*/*")), lambda: daemon.log)
        daemon.signal(signal.SIGSTOP)
        assert _others(daemon) == {}
    finally:
        daemon.signal(signal.SIGCONT)
        daemon.stop()


def _earlier(daemon: Daemon, folder: int, file: int) -> None:
    """State and cache of an earlier version, with these modes."""
    for name in ("state", "cache"):
        (daemon.home / name).mkdir()
    for name in ("state/ledger.sqlite", "state/lock"):
        (daemon.home / name).touch()
        (daemon.home / name).chmod(file)
    for name in ("state", "cache"):
        (daemon.home / name).chmod(folder)


def _after_a_post(daemon: Daemon) -> dict[str, str]:
    """The modes of what was there before, after a post."""
    daemon.drop("post.md", TEXT)
    daemon.start()
    try:
        daemon.published("post", TEXT)
        modes = _modes(daemon)
        return {name: modes[name] for name in EARLIER}
    finally:
        daemon.stop()


EARLIER = ("state", "cache", "state/lock", "state/ledger.sqlite", "state/ledger.sqlite-wal")


def test_earlier_files_become_private(tmp_path: Path) -> None:
    """What an earlier version left open to everybody is closed."""
    daemon = Daemon(tmp_path)
    _earlier(daemon, 0o777, 0o666)
    expected = {name: FOLDER if name in ("state", "cache") else FILE for name in EARLIER}
    assert _after_a_post(daemon) == expected


def test_closed_files_stay_closed(tmp_path: Path) -> None:
    """What its owner has closed to the group as well is never opened."""
    daemon = Daemon(tmp_path)
    _earlier(daemon, 0o700, 0o600)
    expected = {name: "0o700" if name in ("state", "cache") else "0o600" for name in EARLIER}
    assert _after_a_post(daemon) == expected


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
