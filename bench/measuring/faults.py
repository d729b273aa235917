"""Faults in a daemon's long life, each for a while and then over."""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random

from measuring.measured_daemon import MeasuredDaemon
from measuring.processes import tree
from support.disk import Disk

_CLONE_NEWNS = 0x00020000

Fault = Callable[[MeasuredDaemon, Random], Iterator[bool]]
"""A generator: it begins before its yield and ends after it. It yields True if the user may go on
meanwhile."""

SILENCE_S = 5
"""The timeout of a worker: on a busy machine one that is well may wait for seconds for its turn."""

OVERFLOWING = 6_000
"""Files opened and closed: three events each, and the kernel's queue holds 16,384."""


def killed(daemon: MeasuredDaemon, random: Random) -> Iterator[bool]:
    """`kill -9`, and started again as systemd does."""
    daemon.kill()
    yield True
    daemon.start()


def stopped(daemon: MeasuredDaemon, random: Random) -> Iterator[bool]:
    """Stopped in good order, and started again."""
    daemon.stop()
    yield True
    daemon.start()


def child_killed(daemon: MeasuredDaemon, random: Random) -> Iterator[bool]:
    """A worker or a parser is killed."""
    _signal(_children(daemon, random)[: random.randint(1, 2)], signal.SIGKILL)
    yield True


def child_frozen(daemon: MeasuredDaemon, random: Random) -> Iterator[bool]:
    """A worker or a parser stands still, at times beyond its timeout."""
    pids = _children(daemon, random)[:1]
    _signal(pids, signal.SIGSTOP)
    yield True
    time.sleep(random.uniform(0.2, SILENCE_S + 2))
    _signal(pids, signal.SIGCONT)


def frozen(daemon: MeasuredDaemon, random: Random) -> Iterator[bool]:
    """The daemon itself stands still for seconds."""
    daemon.signal(signal.SIGSTOP)
    yield True
    time.sleep(random.uniform(0.2, 2))
    daemon.signal(signal.SIGCONT)


def flooded(daemon: MeasuredDaemon, random: Random) -> Iterator[bool]:
    """More events than the kernel's queue holds, while nobody takes any."""
    daemon.signal(signal.SIGSTOP)
    hidden = daemon.inbox / ".flood.tmp"
    for _ in range(OVERFLOWING):
        hidden.write_bytes(b"")
        hidden.unlink()
    yield True
    daemon.signal(signal.SIGCONT)


def full(daemon: MeasuredDaemon, random: Random) -> Iterator[bool]:
    """The disk of the outbox, of the cache or of the state is full."""
    disk = Disk(random.choice((daemon.outbox, daemon.cache, daemon.state)), 0)
    disk.fill()
    yield True
    time.sleep(random.uniform(0.5, 3))
    disk.empty()


def closed(daemon: MeasuredDaemon, random: Random) -> Iterator[bool]:
    """The outbox, or a folder or file of the inbox, is closed to the daemon."""
    below = [path for path in daemon.inbox.rglob("*") if not path.name.startswith(".")]
    place, mode = random.choice([(daemon.outbox, 0o555), (random.choice(below), 0)])
    before = place.stat().st_mode & 0o7777
    place.chmod(mode)
    yield False
    time.sleep(random.uniform(0.3, 2))
    place.chmod(before)


def away(daemon: MeasuredDaemon, random: Random) -> Iterator[bool]:
    """The inbox is moved away and comes back; at times an empty folder stands there meanwhile."""
    aside = daemon.inbox.with_name("inbox-aside")
    daemon.inbox.rename(aside)
    emptied = random.random() < 0.5
    if emptied:
        daemon.inbox.mkdir()
    yield False
    time.sleep(random.uniform(0.2, 3))
    if emptied:
        daemon.inbox.rmdir()
    aside.rename(daemon.inbox)


def damaged(daemon: MeasuredDaemon, random: Random) -> Iterator[bool]:
    """Some takes of the cache are damaged, and some are lost."""
    takes = sorted(daemon.cache.rglob("*.flac"))
    for path in random.sample(takes, min(5, len(takes))):
        with suppress(FileNotFoundError):
            path.unlink() if random.random() < 0.5 else path.write_bytes(b"fLaC and rot")
    yield True


RESTARTS: tuple[Fault, ...] = (killed, killed, stopped)
OTHERS: tuple[Fault, ...] = (child_killed, child_frozen, frozen, flooded, away, damaged)


@contextmanager
def inject(fault: Fault, daemon: MeasuredDaemon, random: Random) -> Iterator[bool]:
    """Have a fault while the block runs; gives True if the user may go on."""
    yield from fault(daemon, random)


@contextmanager
def small_disks(folders: tuple[Path, ...], kib: int) -> Iterator[str]:
    """Put each folder on a small disk of its own for the block; gives the reason if it cannot.

    Needs root. The mounts are this process's own: however it ends, they are gone with it.
    """
    if problem := _unshare_mounts():
        yield problem
        return
    disks = [Disk(folder, kib) for folder in folders]
    try:
        for disk in disks:
            disk.mount()
        yield ""
    finally:
        for disk in disks:
            if disk.folder.is_mount():
                disk.take_away()


def _unshare_mounts() -> str:
    """Part this process's mounts from the machine's; gives the reason if it cannot."""
    if os.geteuid() != 0:
        return "needs root to mount small disks"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS):
        return f"no mounts of its own: {os.strerror(ctypes.get_errno())}"
    subprocess.run(("mount", "--make-rprivate", "/"), check=True)
    return ""


def _children(daemon: MeasuredDaemon, random: Random) -> list[int]:
    children = [pid for pid in tree(daemon.pid) if pid != daemon.pid]
    random.shuffle(children)
    return children


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
