"""Storms: books are edited, cancelled and refreshed while they are encoded, until a stop."""

import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import yaml

from narrated.errors import NarratedError
from narrated.service.state_lock import holder
from narrated.terminal.daemon_client import ask
from support import consistency
from support.daemon import Daemon

BOOKS = 6
PARAGRAPHS = 12
LONGEST_PAUSE_S = 0.6
MOST_ACTS = 8
RELOADED = {
    "settle": ("50ms", "80ms"),
    "order": ("newest", "oldest"),
    "ignore": ([], ["*.bak"]),
}
"""Keys that a reload changes, and their values; `settle` and `ignore` want another inbox."""


class Storms:
    """A daemon that encodes books all the time, and a user who leaves it no peace."""

    def __init__(self, daemon: Daemon, seed: int) -> None:
        self._daemon = daemon
        self._chance = random.Random(seed)
        self._edits = 0
        self.done: Counter[str] = Counter()
        """What was done, by name."""
        self.stops_s: list[float] = []
        self.problems: list[str] = []

    def begin(self) -> None:
        """Drop the books, most of whose takes are the same."""
        for number in range(BOOKS):
            self._write(number)

    def blow(self) -> None:
        """One storm: a daemon starts, is bothered at random instants, and stops."""
        self._daemon.start()
        for _ in range(self._chance.randrange(1, MOST_ACTS)):
            self._pause()
            self._act()
        if self._chance.randrange(3):
            self._pause()
        else:  # the stop overtakes it
            self._reload()
        process = self._daemon.process
        assert process is not None
        if (code := process.poll()) is not None:
            self.problems.append(f"it ended with {code} before the stop")
        self.stops_s.append(self._daemon.stop(60))
        if code := process.wait():
            self.problems.append(f"it ended with {code} after the stop")
        self.problems += consistency.left_behind(self._daemon.home)

    def settle(self) -> None:
        """Let everything be narrated, and check that nothing is lost."""
        with self._daemon:
            for path in self._books():
                self._ask("retry", path.name)
            for path in self._books():
                self._daemon.published(path.stem, path.read_text())
            self._daemon.wait_idle()
        consistency.verify(self._daemon)

    def _act(self) -> None:
        act = self._chance.choice(
            ("edit", "edit", "cancel", "cancel", "retry", "refresh", "reload")
        )
        number = self._chance.randrange(BOOKS)
        self.done[act] += 1
        if act == "edit":
            self._write(number)
        elif act == "reload":
            self._reload()
        else:
            for _ in range(self._chance.randrange(1, 4)):  # an impatient user asks again
                self._ask(act, f"book-{number}.md")

    def _reload(self) -> None:
        """Have another configuration read: another inbox, order or worker, or the same again."""
        settings = yaml.safe_load(self._daemon.config.read_text())
        for key, values in RELOADED.items():
            settings[key] = self._chance.choice(values)
        engines = {"toy": settings["engines"]["toy"]}
        engines |= self._chance.choice(({}, {"idle": engines["toy"]}))
        draft = self._daemon.config.with_suffix(".draft")
        draft.write_text(yaml.safe_dump({**settings, "engines": engines}))
        draft.rename(self._daemon.config)
        self._daemon.signal(signal.SIGHUP)

    def _ask(self, verb: str, path: str) -> None:
        with suppress(NarratedError, OSError):  # refused, for example where nothing is to be done
            if first := holder(self._daemon.home / "state"):
                ask(Path(first.socket), {"do": verb, "path": path})

    def _write(self, number: int) -> None:
        self._edits += 1
        text = "\n\n".join(f"Paragraph {n} of every book." for n in range(PARAGRAPHS))
        self._daemon.drop(
            f"book-{number}.md", f"# Book {number}\n\nEdit {self._edits}.\n\n{text}\n"
        )

    def _books(self) -> Iterator[Path]:
        yield from sorted(self._daemon.inbox.glob("book-*.md"))

    def _pause(self) -> None:
        time.sleep(self._chance.uniform(0, LONGEST_PAUSE_S))
