"""A mixed inbox that changes while daemons work on it and are killed, all from one seed."""

import contextlib
import io
import os
import random
import re
import signal
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from PIL import Image

from narrated.errors import NarratedError
from narrated.service.state_lock import holder
from narrated.terminal.daemon_client import ask
from support import consistency
from support.daemon import Daemon, wait

LONGEST_LIFE_S = 0.5
BOOK_PARAGRAPHS = 60
BROKEN = "This will FAIL."
WORKER, PARSER = CHILDREN = "worker killed", "parser killed"
FAILED = re.compile(r"^ERROR:narrated:(.+?) failed: ", re.MULTILINE)
SAYING = re.compile(r"Saying [k-t]{4}")
SUFFIXES = (".md", ".md", ".txt", ".html")


class Chaos:
    """Puts files into an inbox, edits, renames and removes them, and kills processes at work."""

    def __init__(self, daemon: Daemon, seed: int, life_s: float = LONGEST_LIFE_S) -> None:
        """`life_s`: how long a daemon without changes around it lives at most."""
        self._daemon = daemon
        self._chance = random.Random(seed)
        self._life_s = life_s
        self._count = 0
        self._lives: list[tuple[int, int]] = []
        """How much had been spoken when each daemon was killed, and how many kills its life saw."""
        self._stirred: list[Counter[str]] = []
        """What each life's edited and renamed files say: how often each saying was stirred."""
        self.done: Counter[str] = Counter()
        """What was done, by name."""

    def begin(self) -> None:
        """A book, a few posts, a picture, a page, and what cannot be narrated."""
        self._write("book.txt", BOOK_PARAGRAPHS)
        self._picture()
        self._broken()
        for _ in range(4):
            self._new()

    def run(self, kills: int, start: Callable[[], int], end: Callable[[int], object]) -> None:
        """Live and die until so many were killed: `start` gives a daemon's process, `end` ends it.

        A daemon dies each time; on its way perhaps a worker or an parser of its, which counts.
        """
        while (left := kills - self.kills) > 0:
            before = self.kills
            pid = start()
            self._stirred.append(Counter())
            for _ in range(self._chance.randrange(4)):
                self._wait()
                self._change()
            owed = [what for what in CHILDREN if not self.done[what]]
            if left > 1 and owed:
                self._new()  # somebody has to read it, and somebody to speak it
                wait(partial(self._kill_child, pid, owed[0]), f"no {owed[0]}".format)
            elif left > 1 and self._chance.random() < 0.4:
                self._wait()
                self._kill_child(pid, CHILDREN[self._chance.random() < 0.4])
            self._wait()
            end(pid)
            self.done["daemon killed"] += 1
            self._lives.append((len(self._daemon.spoken), self.kills - before))

    def verify(self) -> None:
        """See that all is as it is to be, and that nothing failed but what cannot be narrated."""
        consistency.verify(self._daemon)
        failed = [held["path"] for held in self._daemon.status()["failed"]]
        wronged = [path for path in failed if BROKEN not in (self._daemon.inbox / path).read_text()]
        assert not wronged, f"these have failed, and are well: {wronged}\n{self._daemon.log}"

    @property
    def kills(self) -> int:
        """The number of processes killed so far."""
        return sum(count for what, count in self.done.items() if what.endswith("killed"))

    def lost(self, rows: int) -> tuple[int, int, list[str]]:
        """The chunks spoken once more, because a kill ended the life that had spoken them.

        How much in all; the most that a kill cost; and, in words, where a life lost more than the
        rows in flight at each of its kills, or anything without one. What was being said of a file
        that was edited or renamed was stopped by that, once each time: in that life, or in the one
        that lasts long enough to see it. So was what was being said of a post as it failed.
        """
        ends = [end for end, _ in self._lives]
        kills = [count for _, count in self._lives] + [0]
        stirred = [Counter(each) for each in self._stirred] + [Counter()] * (len(ends) + 1)
        failures = self._failures()
        for path in failures:
            stirred[0].update({*SAYING.findall(path.read_text())})
        lost: Counter[int] = Counter()
        stopped = 0
        last: dict[str, int] = {}
        for at, text in enumerate(self._daemon.spoken):
            if text in last:
                life = bisect_right(ends, last[text])
                saying = "".join(SAYING.findall(text))
                # Words that name no file, as of a picture, may be of any that was stirred.
                stirs = (each for each in stirred[: life + 1] if each[saying] > 0 or not saying)
                if (stirring := next(stirs, None)) is not None:
                    stirring[saying] -= 1
                    stopped += 1
                else:
                    lost[life] += 1
            last[text] = at
        most = max((-(-count // max(kills[life], 1)) for life, count in lost.items()), default=0)
        beyond = [
            f"{count} lost in life {life}, with {kills[life]} kills"
            for life, count in lost.items()
            if count > rows * kills[life]
        ]
        stops = self.done["edited"] + self.done["renamed"] + len(failures)
        if stopped > rows * stops:
            beyond.append(f"{stopped} stopped by {stops} edits, renames and failures")
        return lost.total() + stopped, most, beyond

    def _failures(self) -> list[Path]:
        """The files that failed, each as often as it did."""
        inbox = self._daemon.inbox
        told = [inbox / path for path in FAILED.findall(self._daemon.log)]
        return [path for path in told if path.exists()]

    @property
    def told(self) -> str:
        """All that was done, in words."""
        return ", ".join(f"{count} {what}" for what, count in sorted(self.done.items()))

    def _wait(self) -> None:
        time.sleep(self._chance.uniform(0, self._life_s / 2))

    def _change(self) -> None:
        doings = (self._new, self._new, self._edit, self._edit, self._rewrite, self._rename)
        self._chance.choice((*doings, self._remove, self._picture, self._broken))()

    def _new(self) -> None:
        self.done["new"] += 1
        suffix = self._chance.choice(SUFFIXES)
        self._write(self._name(suffix), self._chance.randint(1, 8))

    def _edit(self) -> None:
        if path := self._any(".md", ".txt"):
            self.done["edited"] += 1
            self._stir(path)
            path.write_text(path.read_text() + f"\n\n{self._words()}\n")

    def _rewrite(self) -> None:
        if path := self._any(*SUFFIXES):
            self.done["rewritten"] += 1
            self._write(str(path.relative_to(self._daemon.inbox)), self._chance.randint(1, 8))

    def _rename(self) -> None:
        if path := self._any(*SUFFIXES, ".png"):
            self.done["renamed"] += 1
            self._stir(path)
            target = self._daemon.inbox / self._name(path.suffix)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.rename(target)

    def _remove(self) -> None:
        if path := self._any(*SUFFIXES, ".png"):
            self.done["removed"] += 1
            path.unlink()

    def _picture(self) -> None:
        self.done["pictures"] += 1
        buffer = io.BytesIO()
        colour = tuple(self._chance.randrange(256) for _ in range(3))
        Image.new("RGB", (self._chance.randint(8, 64), 12), colour).save(buffer, "PNG")
        self._daemon.drop(self._name(".png"), buffer.getvalue())

    def _broken(self) -> None:
        self.done["broken"] += 1
        self._daemon.drop(self._name(".md"), f"{self._words()}\n\n{BROKEN}\n")

    def _write(self, name: str, paragraphs: int) -> None:
        words = [self._words() for _ in range(paragraphs)]
        if name.endswith(".html"):
            body = "".join(f"<p>{each}</p>" for each in words)
            text = f"<html><body><h1>{self._words()}</h1>{body}</body></html>"
        else:
            picture = self._any(".png") if self._chance.random() < 0.4 else None
            shown = [f"![](/{picture.relative_to(self._daemon.inbox)})"] if picture else []
            text = "\n\n".join([f"# {self._words()}", *words, *shown]) + "\n"
        self._daemon.drop(name, text)

    def _words(self) -> str:
        """Words that nobody said before, each to be counted, and spoken as they are written."""
        self._count += 1
        return f"Saying {''.join(chr(ord('k') + int(digit)) for digit in f'{self._count:04}')}."

    def _stir(self, path: Path) -> None:
        """An edit or a rename stops what is in flight of its file."""
        if self._stirred and path.suffix in SUFFIXES:
            self._stirred[-1].update({*SAYING.findall(path.read_text())})

    def _name(self, suffix: str) -> str:
        self._count += 1
        folder = self._chance.choice(("", "", "blog/", "notes/deep/"))
        return f"{folder}item {self._count}{suffix}"

    def _any(self, *suffixes: str) -> Path | None:
        """Some file of the inbox, the same one in each run of a seed."""
        found = (path for path in self._daemon.inbox.rglob("[!.]*") if path.suffix in suffixes)
        paths = sorted(path for path in found if path.is_file())
        return self._chance.choice(paths) if paths else None

    def _kill_child(self, pid: int, what: str) -> bool:
        """Kill a worker, as `status` names it, or an parser; whether there was one."""
        victims = self._workers() if what == WORKER else _parsers(pid)
        if victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._chance.choice(sorted(victims)), signal.SIGKILL)
                self.done[what] += 1
                return True
        return False

    def _workers(self) -> list[int]:
        first = holder(self._daemon.home / "state")
        if first is None:
            return []  # it has not begun yet
        try:
            status, _ = ask(Path(first.socket), {"do": "status"})
        except NarratedError:
            return []
        return [each["pid"] for each in status["workers"] if each["pid"]]


def _parsers(pid: int) -> list[int]:
    """The readers of a daemon, by the module that each of them runs."""
    return [each for each in _children(pid) if _is_parser(each)]


def _is_parser(pid: int) -> bool:
    with contextlib.suppress(OSError):
        told = Path(f"/proc/{pid}/comm").read_bytes(), Path(f"/proc/{pid}/cmdline").read_bytes()
        return told[0] == b"parser_process\n" or b"narrated.parser_process" in told[1].split(b"\0")
    return False


def _children(pid: int) -> Iterator[int]:
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            yield from map(int, (task / "children").read_text().split())
