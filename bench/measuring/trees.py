"""A tree of 100,000 files that are done: how soon a new one is noticed, and what watching costs."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from measuring import bare, texts
from measuring.figure import Failed, Figure, NotTaken
from measuring.processes import processor_s
from measuring.stage import Stage, Tree
from measuring.subject import Subject, fast_engine

RENAMED_S = 0.1
SETTLE_S = 1.0
IDLE_SHARE = 0.01
WALKS, ALLOWANCE_S = 3, 1.0
_PATIENCE_S = 20.0
_SCANNED = re.compile(r"(\d+) files scanned")


def latency(stage: Stage) -> list[Figure]:
    """From a finished rename, and from a close, to the chunk's admission."""
    tree = stage.tree
    spoken = stage.scratch / "spoken.txt"
    settings = fast_engine(log=str(spoken), seconds_a_character=0.005)
    tree.subject.configure(settle=SETTLE_S, **settings)
    with tree.subject as subject, _heard(spoken) as ear:
        stage.tell(f"latency: {stage.sizes.drops} renames")
        renamed = median(_renamed(subject, ear, stage.sizes.drops))
        stage.tell(f"latency: {stage.sizes.writes} files written in place")
        written = median(_written(subject, ear, stage.sizes.writes))
    return [
        Figure(
            f"from a finished rename to the chunk's admission, among {tree.files} files "
            "(until the engine has spoken it: a little more)",
            f"{renamed * 1000:.0f} ms, the median of {stage.sizes.drops}",
            f"under {RENAMED_S * 1000:.0f} ms",
            renamed < RENAMED_S,
        ),
        Figure(
            "from a close without rename to the chunk's admission",
            f"{written * 1000:.0f} ms, the median of {stage.sizes.writes}",
            f"at most the settle time + 100 ms = {(SETTLE_S + RENAMED_S) * 1000:.0f} ms",
            written <= SETTLE_S + RENAMED_S,
        ),
    ]


def idle(stage: Stage) -> list[Figure]:
    """Processor time from one walk of the tree to the next, that walk included."""
    tree = stage.tree
    tree.subject.configure(log="debug")
    tree.subject.log.unlink(missing_ok=True)
    with tree.subject as subject:
        time.sleep(2)  # what belongs to the start is over
        walks = _walks(subject)
        stage.tell(f"idle: until the next walk, at most {stage.sizes.idle_s:.0f} s")
        began_s, began_cpu_s = time.monotonic(), processor_s(subject.pid)
        while _walks(subject) == walks and time.monotonic() - began_s < stage.sizes.idle_s:
            time.sleep(0.5)
        time.sleep(1)  # its last words
        over_s, cpu_s = time.monotonic() - began_s, processor_s(subject.pid) - began_cpu_s
        walked = _walks(subject) - walks
    return [
        Figure(
            f"idle among {tree.files} files, the daemon and its children, {walked} walk included",
            f"{cpu_s / over_s:.2%} of a core ({cpu_s:.2f} s in {over_s:.0f} s)",
            f"under {IDLE_SHARE:.0%}",
            cpu_s / over_s < IDLE_SHARE,
        )
    ]


def start(stage: Stage) -> list[Figure]:
    """From the start of the process to READY, against a bare walk and stat."""
    tree = stage.tree
    tree.subject.configure()
    ready, walks = [], []
    for number in range(stage.sizes.starts):
        stage.tell(f"start: round {number + 1} of {stage.sizes.starts}")
        walks.append(_bare_walk_s(tree))
        ready.append(tree.subject.start())
        tree.subject.stop()
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
    answer = bare.run("walk", tree.subject.inbox)
    if answer["files"] < tree.files:
        raise NotTaken(f"the tree has only {answer['files']} files")
    return float(answer["seconds"])


def _walks(subject: Subject) -> int:
    return len(_SCANNED.findall(subject.log.read_text(errors="replace")))


class _Ear:
    """When the engine has spoken which line."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._lines: list[tuple[float, str]] = []
        self._stopping = threading.Event()

    def follow(self) -> None:
        """Look at the log every millisecond."""
        offset = 0
        while not self._stopping.wait(0.001):
            if self._log.exists() and self._log.stat().st_size > offset:
                said = self._log.read_text()[offset:]
                at_s = time.monotonic()
                offset += len(said)
                self._lines += [(at_s, line) for line in said.splitlines()]

    def stop(self) -> None:
        self._stopping.set()

    def when(self, words: str) -> float:
        """The instant at which something was spoken that begins so (monotonic)."""
        deadline_s = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline_s:
            for at_s, line in self._lines:
                if line.startswith(words):
                    return at_s
            time.sleep(0.01)
        raise Failed(f"`{words}` was not spoken within {_PATIENCE_S:.0f} s")


@contextmanager
def _heard(log: Path) -> Iterator[_Ear]:
    ear = _Ear(log)
    listener = threading.Thread(target=ear.follow)
    listener.start()
    try:
        yield ear
    finally:
        ear.stop()
        listener.join()


def _renamed(subject: Subject, ear: _Ear, count: int) -> list[float]:
    """One after the other, as rsync does it: a hidden name, then a rename."""
    delays = []
    for number in range(count):
        text = texts.note(1_000_000 + number)
        hidden = subject.inbox / "0007" / f".drop-{number}.txt.AbCdEf"
        hidden.write_text(text)
        time.sleep(0.05)
        hidden.rename(subject.inbox / "0007" / f"drop-{number}.txt")
        began_s = time.monotonic()
        delays.append(ear.when(texts.mark(1_000_000 + number)) - began_s)
        time.sleep(0.1)
    return delays


def _written(subject: Subject, ear: _Ear, count: int) -> list[float]:
    delays = []
    for number in range(count):
        text = texts.note(2_000_000 + number)
        (subject.inbox / "0008" / f"write-{number}.txt").write_text(text)
        began_s = time.monotonic()
        delays.append(ear.when(texts.mark(2_000_000 + number)) - began_s)
    return delays
