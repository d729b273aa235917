"""Cases of a tree of 100,000 narrated files: a new one is noticed soon, and watching is cheap."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from measuring import baselines, texts
from measuring.measured_daemon import MeasuredDaemon
from measuring.processes import processor_s
from measuring.program import Figure, NotTaken, say
from measuring.workspace import Tree, Workspace
from support.daemon import toy

RENAMED_S = 0.1
SETTLE_S = 1.0
IDLE_SHARE = 0.01
WALKS, ALLOWANCE_S = 3, 1.0
_PATIENCE_S = 20.0
_SCANNED = re.compile(r"(\d+) files scanned")


def latency(workspace: Workspace) -> list[Figure]:
    """Measure from a finished rename, and from a close, to the chunk's admission."""
    tree, sizes = workspace.tree, workspace.sizes
    tree.daemon.configure(settle=SETTLE_S, **toy(tree.daemon.home))
    with tree.daemon as daemon:
        say(f"latency: {sizes.drops} renames")
        renamed = median(_delay_s(daemon, 1_000_000 + n, _rename) for n in range(sizes.drops))
        say(f"latency: {sizes.writes} files written in place")
        written = median(_delay_s(daemon, 2_000_000 + n, _write) for n in range(sizes.writes))
    return [
        Figure(
            f"from a finished rename to the chunk's admission, among {tree.files} files "
            "(until the engine has spoken it: a little more)",
            f"{renamed * 1000:.0f} ms, the median of {sizes.drops}",
            f"under {RENAMED_S * 1000:.0f} ms",
            renamed < RENAMED_S,
        ),
        Figure(
            "from a close without rename to the chunk's admission",
            f"{written * 1000:.0f} ms, the median of {sizes.writes}",
            f"at most the settle time + 100 ms = {(SETTLE_S + RENAMED_S) * 1000:.0f} ms",
            written <= SETTLE_S + RENAMED_S,
        ),
    ]


def idle(workspace: Workspace) -> list[Figure]:
    """Measure processor time from one scan of the tree to the next, that scan included."""
    tree, most_s = workspace.tree, workspace.sizes.idle_s
    tree.daemon.configure(log="debug")
    tree.daemon.log_file.unlink(missing_ok=True)
    with tree.daemon as daemon:
        time.sleep(2)  # the start is over
        scans = _scans(daemon)
        say(f"idle: until the next scan, at most {most_s:.0f} s")
        began_s, began_cpu_s = time.monotonic(), processor_s(daemon.pid)
        while _scans(daemon) == scans and time.monotonic() - began_s < most_s:
            time.sleep(0.5)
        time.sleep(1)  # its last words
        over_s, cpu_s = time.monotonic() - began_s, processor_s(daemon.pid) - began_cpu_s
        scanned = _scans(daemon) - scans
    return [
        Figure(
            f"idle among {tree.files} files, the daemon and its children, {scanned} scan included",
            f"{cpu_s / over_s:.2%} of a core ({cpu_s:.2f} s in {over_s:.0f} s)",
            f"under {IDLE_SHARE:.0%}",
            cpu_s / over_s < IDLE_SHARE,
        )
    ]


def start(workspace: Workspace) -> list[Figure]:
    """Measure from the start of the process to READY, against a bare walk and stat."""
    tree = workspace.tree
    tree.daemon.configure()
    ready, walks = [], []
    for number in range(workspace.sizes.starts):
        say(f"start: round {number + 1} of {workspace.sizes.starts}")
        walks.append(_bare_walk_s(tree))
        began_s = time.monotonic()
        with tree.daemon:
            ready.append(time.monotonic() - began_s)
    walk_s, ready_s = median(walks[1:]), median(ready[1:])  # the first warms the kernel's caches
    bound_s = WALKS * walk_s + ALLOWANCE_S
    return [
        Figure(
            f"start to READY with {tree.files} files done, against a bare walk and stat",
            f"{ready_s:.2f} s; walk {walk_s:.2f} s",
            f"at most {WALKS} x the walk + {ALLOWANCE_S:g} s = {bound_s:.2f} s",
            ready_s <= bound_s,
        )
    ]


def _bare_walk_s(tree: Tree) -> float:
    answer = baselines.run("walk", tree.daemon.inbox)
    if answer["files"] < tree.files:
        raise NotTaken(f"the tree has only {answer['files']} files")
    return float(answer["seconds"])


def _scans(daemon: MeasuredDaemon) -> int:
    return len(_SCANNED.findall(daemon.log_file.read_text(errors="replace")))


def _delay_s(daemon: MeasuredDaemon, number: int, put: Callable[[Path, str], None]) -> float:
    """Put one note into the inbox; seconds until the engine has spoken it."""
    put(daemon.inbox / "0007" / f"late-{number}.txt", texts.note(number))
    began_s = time.monotonic()
    words = texts.mark(number)
    while not any(line.startswith(words) for line in daemon.spoken):
        assert time.monotonic() < began_s + _PATIENCE_S, f"`{words}` was not spoken: {daemon.log}"
        time.sleep(0.001)
    delay_s = time.monotonic() - began_s
    time.sleep(0.1)
    return delay_s


def _rename(path: Path, text: str) -> None:
    """Put a file in as rsync does: a hidden name, then a rename."""
    hidden = path.with_name(f".{path.name}.AbCdEf")
    hidden.write_text(text)
    time.sleep(0.05)
    hidden.rename(path)


def _write(path: Path, text: str) -> None:
    path.write_text(text)
