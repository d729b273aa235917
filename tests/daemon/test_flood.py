"""More files at once than the kernel can tell of, while nobody listens."""

import ctypes
import fcntl
import hashlib
import json
import os
import shutil
import signal
import tempfile
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.daemon import Daemon, running, toy, wait
from support.published import SUFFIXES

FOLDERS = [f"{number}" for number in range(10)]
"""All but the last are watched when the files come."""
PATIENCE_S = 500.0
"""Five times what it takes where nothing else is at work."""
MEMORY = Path("/dev/shm")
ROOM_BYTES = 1 << 30
"""Twice what all of it takes."""
_PIDFD_GETFD = 438


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon in memory, since disks differ, that walks its inbox only where it is in doubt."""
    is_roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM_BYTES
    with tempfile.TemporaryDirectory(dir=MEMORY if is_roomy else tmp_path) as memory:
        home = Path(memory)
        settings = toy(home, seconds_a_character=0.001, sample_rate=8000)
        audio = {"format": "wav"}
        for folder in FOLDERS[:-1]:
            (home / "inbox" / folder).mkdir(parents=True)
        with running(home, **settings, audio=audio, scan="1h", log="info") as ready:
            yield ready


@contextmanager
def _stopped(daemon: Daemon) -> Iterator[int]:
    """Keep a daemon from running; gives a descriptor of the queue of changes that it reads."""
    daemon.signal(signal.SIGSTOP)
    queue = _queue_of(daemon)
    try:
        yield queue
    finally:
        os.close(queue)
        daemon.signal(signal.SIGCONT)


def _queue_of(daemon: Daemon) -> int:
    assert daemon.process is not None
    held = Path(f"/proc/{daemon.process.pid}/fd").iterdir()
    (theirs,) = (int(fd.name) for fd in held if "inotify" in str(fd.readlink()))
    process = os.pidfd_open(daemon.process.pid)
    try:
        ours = ctypes.CDLL(None, use_errno=True).syscall(_PIDFD_GETFD, process, theirs, 0)
    finally:
        os.close(process)
    assert ours >= 0, os.strerror(ctypes.get_errno())
    return int(ours)


def _queued_bytes(queue: int) -> int:
    return int.from_bytes(fcntl.ioctl(queue, termios.FIONREAD, bytes(4)), "little")


def _done(daemon: Daemon) -> int:
    return int(daemon.status()["counts"].get("done", 0))


def _fill(folder: Path, queue: int) -> None:
    """Make changes that no post needs, until the queue takes no more."""
    before = -1
    while (held := _queued_bytes(queue)) > before:
        before = held
        for number in range(1000):
            (folder / f".filler-{number}").touch()
            (folder / f".filler-{number}").unlink()


@pytest.mark.timeout(PATIENCE_S + 100)
@pytest.mark.parametrize("files", [1_000, pytest.param(10_000, marks=pytest.mark.long)])
def test_flood_narrated_once(daemon: Daemon, files: int, figure: Callable[[str], None]) -> None:
    """All files that came past a full queue while the daemon stood still are narrated once."""
    each = files // len(FOLDERS)
    posts = {f"{FOLDERS[n // each]}/{n}": f"# Note {n}\n" for n in range(files)}
    told, untold = list(posts)[: files // 10], list(posts)[files // 10 :]
    with _stopped(daemon) as queue:
        for stem in told:
            daemon.drop(f"{stem}.md", posts[stem])
        _fill(daemon.inbox / FOLDERS[0], queue)
        held = _queued_bytes(queue)
        for stem in untold:
            daemon.drop(f"{stem}.md", posts[stem])
        assert _queued_bytes(queue) == held > 0  # it held no more
    began_s = time.monotonic()
    wait(lambda: _done(daemon) == files or time.sleep(0.5), lambda: daemon.log, PATIENCE_S)
    took_s = time.monotonic() - began_s

    wait(lambda: daemon.status()["counts"] == {"done": files})
    for stem, text in posts.items():
        source = json.loads((daemon.outbox / f"{stem}.json").read_bytes())["source"]
        assert source["sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert len(daemon.files) == len(SUFFIXES) * files
    assert len(daemon.spoken) == len({*daemon.spoken}) == files
    daemon.drop(f"{FOLDERS[-1]}/late.md", "# Late\n")
    daemon.published(f"{FOLDERS[-1]}/late", "# Late\n")
    figure(f"{files} files narrated in {took_s:.0f} s, {files / took_s:.0f} a second")
