"""Cases of many sources: narrated all at once, known for long, taken away with their folders."""

import contextlib
import os
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from measuring import texts
from measuring.measured_daemon import MeasuredDaemon
from measuring.processes import memory_bytes, peak_bytes, processor_s
from measuring.program import Figure, say
from measuring.workspace import Tree
from narrated.errors import NarratedError
from narrated.inbox.events import FileVanished
from narrated.inbox.file_signature import FileSignature
from narrated.inbox.inbox import Inbox
from narrated.service.state_lock import holder
from support.daemon import toy

FILE_CPU_S, FLATNESS = 0.020, 1.3
MEMORY_BYTES = 170 * 2**20
STATUS_S = 0.5
STOP_S = 3.0
FOLDERS_CPU_S = 1.0
FOLDER = "dropped"
_POLL_S = 0.2
_PATIENCE_S = 3600.0
_START_S = 60.0
_HALFWAY_S = 1.0


@dataclass(frozen=True, slots=True)
class ScalePlace:
    """The scratch folder, and the numbers of files to measure with."""

    scratch: Path
    counts: tuple[int, ...]


def narrate(place: ScalePlace) -> list[Figure]:
    """Narrate folders of one-line files with a fast engine."""
    figures: list[Figure] = []
    costs: list[float] = []
    for count in place.counts:
        say(f"narrate: {count} files")
        home = place.scratch / f"narrate-{count}"
        with MeasuredDaemon(home, **_fast(home)) as daemon:
            began_s = processor_s(daemon.pid)
            with _asking(daemon) as waits:
                _drop(home, daemon.inbox, count)
                daemon.wait_published(FOLDER, count, _PATIENCE_S)
            costs.append((processor_s(daemon.pid) - began_s) / count)
            memory, all_memory = peak_bytes(daemon.pid), memory_bytes(daemon.pid)
        figures += [
            _cost(count, costs[-1]),
            _memory(count, memory, all_memory),
            _status(f"while {count} files are narrated", waits),
        ]
        shutil.rmtree(home)
    return [*figures, _flatness(place.counts, costs)]


def standing(place: ScalePlace) -> list[Figure]:
    """Start with narrated files, put settings at their root, refresh them all, and stop."""
    figures: list[Figure] = []
    for count in place.counts:
        tree = Tree(MeasuredDaemon(place.scratch / f"standing-{count}"), count)
        daemon = tree.daemon
        daemon.configure(**_fast(daemon.home))
        say(f"standing: {count} files, start")
        began_s = time.monotonic()
        daemon.start()
        ready_s = time.monotonic() - began_s
        bound_s = 2.0 + count / 20_000
        figures.append(
            Figure(
                f"start to READY with {count} files done",
                f"{ready_s:.1f} s",
                f"at most {bound_s:.1f} s",
                ready_s <= bound_s,
            )
        )
        say(f"standing: {count} files, settings")
        with _asking(daemon) as waits:
            since = daemon.log_file.stat().st_size
            (daemon.inbox / ".narrated.yaml").write_text("author: Leo\n")
            _wait_logged(daemon, "files are planned again", since)
        figures.append(_status(f"while settings of {count} files change", waits))
        say(f"standing: {count} files, refresh")
        with _asking(daemon) as waits:
            daemon.request("refresh", path=None)
        figures.append(_status(f"while `refresh` goes over {count} files", waits))
        figures += _stops(daemon, count)
        shutil.rmtree(daemon.home)
    return figures


def _stops(daemon: MeasuredDaemon, count: int) -> list[Figure]:
    """Stop it in the middle of what it does with many files."""
    say(f"standing: {count} files, stops")
    figures = [_stop(daemon, f"while {count} files are planned again")]
    _start_halfway(daemon)
    figures.append(_stop(daemon, f"while it starts with {count} files queued"))
    daemon.start()
    asking = threading.Thread(target=_refresh_in_vain, args=(daemon,))
    asking.start()
    time.sleep(_HALFWAY_S)
    figures.append(_stop(daemon, f"while `refresh` goes over {count} files"))
    asking.join()
    for file in daemon.inbox.rglob("*.txt"):
        os.utime(file)
    _start_halfway(daemon)
    figures.append(_stop(daemon, f"while {count} changed files are scanned"))
    return figures


def _start_halfway(daemon: MeasuredDaemon) -> None:
    """Start it, until it answers, and a moment more."""
    daemon.start(ready=False)
    deadline_s = time.monotonic() + _START_S
    while not _answers(daemon):
        assert time.monotonic() < deadline_s, f"it answers nobody: {daemon.log}"
        time.sleep(_POLL_S)
    time.sleep(_HALFWAY_S)


def _answers(daemon: MeasuredDaemon) -> bool:
    first = holder(daemon.state)
    if first is None or first.pid != daemon.pid or not first.socket:
        return False
    with contextlib.suppress(NarratedError):
        return bool(daemon.request("status"))
    return False


def _refresh_in_vain(daemon: MeasuredDaemon) -> None:
    with contextlib.suppress(NarratedError):
        daemon.request("refresh", path=None)


def _stop(daemon: MeasuredDaemon, when: str) -> Figure:
    took_s = daemon.stop(_PATIENCE_S)
    assert daemon.process is not None
    ended = daemon.process.poll()
    end = "" if ended == 0 else f", and ended with {ended}"
    figure = f"{took_s:.1f} s{end}"
    return Figure(f"stop {when}", figure, f"at most {STOP_S:g} s", took_s <= STOP_S and not ended)


def folders(place: ScalePlace) -> list[Figure]:
    """Take away folders of one file each while the inbox does not look."""
    figures: list[Figure] = []
    for count in place.counts:
        root = place.scratch / f"folders-{count}"
        (root / "kept").mkdir(parents=True)
        (root / "kept/post.md").write_text("Words.\n")
        known = {
            f"blog/{number // 100}/{number}/index.md": FileSignature(number + 1, 5, 1, 1)
            for number in range(count)
        }
        began_s = time.thread_time()
        events = list(Inbox(root, known, settle_s=0.1).once())
        cpu_s = time.thread_time() - began_s
        assert sum(isinstance(each, FileVanished) for each in events) == count
        bound_s = FOLDERS_CPU_S * max(1.0, count / 10_000)
        figures.append(
            Figure(
                f"the inbox misses {count} folders",
                f"{cpu_s:.2f} s of CPU",
                f"under {bound_s:g} s",
                cpu_s < bound_s,
            )
        )
    return figures


@contextlib.contextmanager
def _asking(daemon: MeasuredDaemon) -> Iterator[list[float]]:
    """Ask for the status again and again; the seconds that each answer took."""
    waits: list[float] = []
    ended = threading.Event()

    def ask() -> None:
        while not ended.wait(_POLL_S):
            began_s = time.monotonic()
            with contextlib.suppress(NarratedError):
                daemon.request("status")
            waits.append(time.monotonic() - began_s)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield waits
    finally:
        ended.set()
        asking.join()


def _fast(home: Path) -> dict[str, object]:
    return {**toy(home, seconds_a_character=0.0005), "settle": "200ms", "log": "info"}


def _drop(home: Path, inbox: Path, count: int) -> None:
    """Rename a whole folder of notes into the inbox."""
    staged = home / "staged"
    staged.mkdir()
    for number in range(count):
        (staged / f"note-{number:06}.txt").write_text(texts.note(number))
    staged.rename(inbox / FOLDER)


def _wait_logged(daemon: MeasuredDaemon, words: str, since: int) -> None:
    deadline_s = time.monotonic() + _PATIENCE_S
    while words not in daemon.log_file.read_bytes()[since:].decode(errors="replace"):
        assert time.monotonic() < deadline_s, f"`{words}` was not logged: {daemon.log}"
        time.sleep(_POLL_S)


def _cost(count: int, cost_s: float) -> Figure:
    return Figure(
        f"CPU a file for {count} one-line files, daemon and children together",
        f"{cost_s * 1000:.1f} ms",
        f"at most {FILE_CPU_S * 1000:.0f} ms",
        cost_s <= FILE_CPU_S,
    )


def _flatness(counts: tuple[int, ...], costs: list[float]) -> Figure:
    ratio = max(costs) / min(costs)
    return Figure(
        f"CPU a file, of {' and '.join(map(str, counts))} files, the dearest against the cheapest",
        f"{ratio:.2f}",
        f"at most {FLATNESS}",
        ratio <= FLATNESS,
    )


def _memory(count: int, daemon_bytes: int, all_bytes: int) -> Figure:
    return Figure(
        f"peak memory of the daemon with {count} files; at the end all processes hold "
        f"{all_bytes / 2**20:.0f} MiB",
        f"{daemon_bytes / 2**20:.0f} MiB",
        f"under {MEMORY_BYTES >> 20} MiB",
        daemon_bytes < MEMORY_BYTES,
    )


def _status(when: str, waits: list[float]) -> Figure:
    worst_s = max(waits, default=0.0)
    return Figure(
        f"the longest wait for a status {when} ({len(waits)} asked)",
        f"{worst_s * 1000:.0f} ms",
        f"at most {STATUS_S * 1000:.0f} ms",
        worst_s <= STATUS_S,
    )
