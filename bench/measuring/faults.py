"""What happens to a daemon in a long life, each for a while and then over."""

import ctypes
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random

from measuring.processes import tree
from measuring.subject import Subject

_CLONE_NEWNS = 0x00020000

Fault = Callable[[Subject, Random], Iterator[bool]]
"""A generator: what comes before its yield begins, what follows mends. It yields whether the user
may go on meanwhile."""

OVERFLOWING = 6_000
"""Files opened and closed: three events each, and the kernel's queue holds 16,384."""


def killed(subject: Subject, random: Random) -> Iterator[bool]:
    """`kill -9`, and started again as systemd does."""
    subject.kill()
    yield True
    subject.start()


def stopped(subject: Subject, random: Random) -> Iterator[bool]:
    """Stopped in good order, and started again."""
    subject.stop()
    yield True
    subject.start()


def child_killed(subject: Subject, random: Random) -> Iterator[bool]:
    """A worker or an editor is killed."""
    for pid in _children(subject, random)[: random.randint(1, 2)]:
        _signal(pid, signal.SIGKILL)
    yield True


def child_frozen(subject: Subject, random: Random) -> Iterator[bool]:
    """A worker or an editor stands still, longer at times than it may."""
    pids = _children(subject, random)[:1]
    for pid in pids:
        _signal(pid, signal.SIGSTOP)
    yield True
    time.sleep(random.uniform(0.2, 3))
    for pid in pids:
        _signal(pid, signal.SIGCONT)


def frozen(subject: Subject, random: Random) -> Iterator[bool]:
    """The daemon itself stands still for seconds."""
    subject.signal(signal.SIGSTOP)
    yield True
    time.sleep(random.uniform(0.2, 2))
    subject.signal(signal.SIGCONT)


def flooded(subject: Subject, random: Random) -> Iterator[bool]:
    """More events than the kernel's queue holds, while nobody takes any."""
    subject.signal(signal.SIGSTOP)
    hidden = subject.inbox / ".flood.tmp"
    for _ in range(OVERFLOWING):
        hidden.write_bytes(b"")
        hidden.unlink()
    yield True
    subject.signal(signal.SIGCONT)


def full(subject: Subject, random: Random) -> Iterator[bool]:
    """The disk of the outbox, of the cache or of the state is full."""
    folder = random.choice((subject.outbox, subject.cache, subject.state))
    filler = folder / ".filler"
    with suppress(OSError), filler.open("wb") as file:
        while True:
            file.write(bytes(1 << 16))
            file.flush()
    with suppress(OSError), filler.open("ab") as file:
        while True:
            file.write(b"0")
            file.flush()
    yield True
    time.sleep(random.uniform(0.5, 3))
    filler.unlink()


def closed(subject: Subject, random: Random) -> Iterator[bool]:
    """The outbox, or a folder or file of the inbox, is closed to the daemon."""
    below = [path for path in subject.inbox.rglob("*") if not path.name.startswith(".")]
    place, mode = random.choice([(subject.outbox, 0o555), (random.choice(below), 0)])
    before = place.stat().st_mode & 0o7777
    place.chmod(mode)
    yield False
    time.sleep(random.uniform(0.3, 2))
    place.chmod(before)


def away(subject: Subject, random: Random) -> Iterator[bool]:
    """The inbox is moved away and comes back; at times an empty folder stands there meanwhile."""
    aside = subject.inbox.with_name("inbox-aside")
    subject.inbox.rename(aside)
    emptied = random.random() < 0.5
    if emptied:
        subject.inbox.mkdir()
    yield False
    time.sleep(random.uniform(0.2, 3))
    if emptied:
        subject.inbox.rmdir()
    aside.rename(subject.inbox)


def damaged(subject: Subject, random: Random) -> Iterator[bool]:
    """Some of the sound that is kept rots, and some is lost."""
    takes = sorted(subject.cache.rglob("*.flac"))
    for path in random.sample(takes, min(5, len(takes))):
        with suppress(FileNotFoundError):
            path.unlink() if random.random() < 0.5 else path.write_bytes(b"fLaC and rot")
    yield True


RESTARTS: tuple[Fault, ...] = (killed, killed, stopped)
OTHERS: tuple[Fault, ...] = (
    child_killed,
    child_frozen,
    frozen,
    flooded,
    away,
    damaged,
)


@contextmanager
def happening(fault: Fault, subject: Subject, random: Random) -> Iterator[bool]:
    """A fault while the block runs; whether the user may go on."""
    yield from fault(subject, random)


@contextmanager
def small_disks(folders: tuple[Path, ...], size_bytes: int) -> Iterator[str]:
    """Put each folder on a small disk of its own while the block runs; why not, if it cannot be.

    Needs root. The mounts are this process's own: however it ends, they are gone with it.
    """
    if problem := _own_mounts():
        yield problem
        return
    mounted: list[Path] = []
    try:
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
            options = f"size={size_bytes},mode=2775"
            _ordered("mount", "-t", "tmpfs", "-o", options, "soak", str(folder))
            mounted.append(folder)
        yield ""
    finally:
        for folder in mounted:
            _ordered("umount", "--lazy", str(folder))


def _own_mounts() -> str:
    """Part this process's mounts from the machine's; why that cannot be, in words."""
    if os.geteuid() != 0:
        return "needs root to mount small disks"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS):
        return f"no mounts of its own: {os.strerror(ctypes.get_errno())}"
    _ordered("mount", "--make-rprivate", "/")
    return ""


def _ordered(*command: str) -> None:
    subprocess.run(command, check=True)


def as_anybody() -> list[str]:
    """A launcher that leaves root no more rights to files than anybody has."""
    if os.geteuid() != 0:
        return []
    if not shutil.which("setpriv"):
        return []
    return ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]


def _children(subject: Subject, random: Random) -> list[int]:
    children = [pid for pid in tree(subject.pid) if pid != subject.pid]
    random.shuffle(children)
    return children


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
