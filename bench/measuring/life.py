"""A daemon's long life with a user at work and all kinds of trouble, in waves, a rest between."""

import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from measuring import faults
from measuring.figure import Failed, Figure
from measuring.reckoning import Reckoning
from measuring.subject import Subject, fast_engine
from measuring.user import FEWEST, User
from measuring.vitals import (
    DESCRIPTORS_MORE,
    FEWEST_SAMPLES,
    MEMORY_GROWTH,
    MOST,
    THREADS_MORE,
    Sample,
    sample,
    series,
    thirds,
)
from narrated.errors import NarratedError
from narrated.service.housekeeping.retention import FORGET_S


@dataclass(frozen=True, slots=True)
class Sizes:
    """How a life is divided."""

    wave: int = 300
    """What the user does between two rests."""
    spell: int = 60
    """And between two troubles, at most."""
    rests: int = FEWEST_SAMPLES
    """How many there are at least in the daemon's last life, however slow the machine."""


QUICK = Sizes(wave=40, spell=12, rests=0)
REST_S = 240.0
"""How long it may take until all is done: others may be at work on the machine."""
DISK_BYTES = 96 * 2**20
RESTLESS = 0.4
"""The part of its life in which the daemon is killed and stopped; then it is left to live."""
WITHDRAW_AFTER = "2s"
FORGETTING = 1_000
"""After so many acts there is something to forget."""


class Life:
    """One daemon, its user, and its troubles, all drawn from one seed."""

    def __init__(self, scratch: Path, seed: int, sizes: Sizes, tell: Callable[[str], None]) -> None:
        self._sizes = sizes
        self._tell = tell
        self._random = Random(seed)
        self._scratch = scratch
        self._settings: dict[str, Any] = {
            "removed": self._random.choice(("keep", "withdraw")),
            "withdraw_after": WITHDRAW_AFTER,
            "settle": "100ms",
            "cache_limit": "12MB",
            "pictures": {"captions": "seer", "wait": "500ms"},
            "workers": {"silence": "2s"},
        }
        self.subject = Subject(scratch / "home", launcher=faults.as_anybody())
        self._configure()
        self._no_disks = ""
        self._user = User(self.subject.inbox, self._random)
        self._samples: list[Sample] = []
        self._befell: Counter[str] = Counter()
        self._commands = self._reloads = self._acts = 0

    def lived(self, seconds: float) -> list[Figure]:
        """Live for so long, and tell what was seen; Failed where something is wrong."""
        subject = self.subject
        disks = faults.small_disks((subject.outbox, subject.cache, subject.state), DISK_BYTES)
        with disks as self._no_disks, subject:
            began_s = time.monotonic()
            self._work(FEWEST)
            while (age_s := time.monotonic() - began_s) < seconds or self._is_unjudged:
                self._live(restless=age_s < RESTLESS * seconds)
                self._rest()
            self._settle_everything()
        return self._figures()

    @property
    def _is_unjudged(self) -> bool:
        return len(series(self._samples, "daemon", "threads")) < self._sizes.rests

    # A wave

    def _live(self, *, restless: bool) -> None:
        """The storage fails first: the daemon takes its time to try it again."""
        begun = self._acts
        # In turns, or what is kept fills the outbox: the wave that withdraws makes room.
        self._settings["removed"] = (
            "keep" if self._settings["removed"] == "withdraw" else "withdraw"
        )
        self._configure()
        self.subject.reload()
        self._suffer(self._random.choice(self._of_storage))
        while self._acts - begun < self._sizes.wave:
            self._work(self._random.randint(2, self._sizes.spell))
            if self._random.random() < 0.3:
                self._change_configuration()
            self._suffer(self._random.choice([*faults.OTHERS, *(faults.RESTARTS * restless)]))
            for _ in range(self._random.randint(0, 3)):
                self._command()

    @property
    def _of_storage(self) -> tuple[faults.Fault, ...]:
        return (faults.closed,) if self._no_disks else (faults.full, faults.full, faults.closed)

    def _suffer(self, fault: faults.Fault) -> None:
        name = fault.__name__
        self._befell[name] += 1
        self._user.acts.append(f"{_clock()} -- {name}")
        with faults.happening(fault, self.subject, self._random) as may_go_on:
            self._work(self._random.randint(1, self._sizes.spell // 2) if may_go_on else 0)
        self._user.acts.append(f"{_clock()} -- {name} is over")

    def _work(self, count: int) -> None:
        for _ in range(count):
            self._user.act()
            self._acts += 1
            time.sleep(self._random.random() ** 4 * 0.15)

    def _command(self) -> None:
        """Ask for something, which the daemon may well refuse."""
        path = self._user.any_item()
        verb, request = self._random.choice(
            (
                ("retry", {"path": None}),
                ("retry", {"path": path}),
                ("refresh", {"path": path}),
                ("refresh", {"path": path.rpartition("/")[0] or path}),
                ("respeak", {"path": path, "at_s": None}),
                ("respeak", {"path": path, "at_s": 0.1}),
                ("cancel", {"path": path}),
                ("history", {"path": path}),
                ("status", {}),
            )
        )
        self._user.acts.append(f"{_clock()} -- {verb} {request}")
        self._commands += 1
        with suppress(NarratedError):
            self.subject.ask(verb, **request)

    def _change_configuration(self) -> None:
        """One that holds, or one that is refused."""
        self._reloads += 1
        if self._random.random() < 0.2:
            self.subject.config.write_text("inbox: [\n")
            self.subject.reload()
        key, value = self._random.choice(
            (
                ("settle", self._random.choice(("50ms", "100ms", "200ms"))),
                ("scan", self._random.choice(("2s", "5s"))),
                ("ignore", self._random.choice(([], ["never-*"]))),
                ("voice", self._random.choice(("toy", "other"))),
            )
        )
        self._settings[key] = value
        self._user.acts.append(f"{_clock()} -- {key}: {value}")
        self._configure()
        self.subject.reload()

    def _configure(self) -> None:
        settings = dict(self._settings)
        voice = settings.pop("voice", "toy")
        # So much sound that what is kept at hand of it is full within a wave, and memory settles.
        made = fast_engine(seconds_a_character=0.02, delay_s=0.01, died=str(self._scratch / "died"))
        seer = {**made["engines"]["toy"], "options": {"kind": "caption"}}
        made["engines"]["seer"] = seer
        made["speech"]["voice"] = voice
        self.subject.configure(**made, **settings)

    # A rest

    def _rest(self) -> None:
        """Wait until all is done, see whether it is as it should be, and look at the processes."""
        (self._scratch / "died").unlink(missing_ok=True)
        began_s = time.monotonic()
        self._reckon(withdrawn=False)
        rested_s = time.monotonic() - began_s
        self._samples.append(sample(self.subject, self._acts))
        here = self._samples[-1].processes
        self._tell(
            f"{self._acts} acts, {len(self._user.files)} files, agreed in {rested_s:.0f} s, "
            + ", ".join(
                f"{role} {max(v.memory_bytes for v in each) / 2**20:.0f} MiB "
                f"{max(v.descriptors for v in each)} fds {max(v.threads for v in each)} threads"
                for role, each in here.items()
            )
        )

    def _settle_everything(self) -> None:
        """At the end what was stopped is wanted after all, and what is gone is withdrawn."""
        for path in self._reckoning().cancelled():
            with suppress(NarratedError):
                self.subject.ask("retry", path=path)
        self._settings["removed"] = "withdraw"
        self._configure()
        self.subject.reload()
        self._rest()
        self._reckon(withdrawn=True)
        deadline_s = time.monotonic() + 2 * FORGET_S
        self._last_books = self._reckoning().books
        while self._is_long and self._last_books.stale and time.monotonic() < deadline_s:
            time.sleep(1)
            self._last_books = self._reckoning().books

    @property
    def _is_long(self) -> bool:
        """Whether it is worth to wait for what is forgotten only once in a while."""
        return self._acts > FORGETTING

    def _reckon(self, *, withdrawn: bool) -> None:
        wrong: list[str] = ["not looked at yet"]
        deadline_s = time.monotonic() + REST_S
        while wrong:
            reckoning = self._reckoning()
            wrong = reckoning.pending() or reckoning.faults(withdrawn=withdrawn)
            if wrong and time.monotonic() > deadline_s:
                raise Failed(
                    "\n  ".join(["at rest something is wrong:", *wrong[:20], *self._told(wrong)])
                )
            time.sleep(0.2)

    def _reckoning(self) -> Reckoning:
        return Reckoning(self.subject, self._user.files, self._user.past)

    def _told(self, wrong: list[str]) -> list[str]:
        """What is known of the files that are named: what the user did, and the daemon."""
        versions = self._reckoning().books.versions
        said = "\n".join(wrong)
        named = [
            path
            for path in versions
            if repr(path) in said or repr(path.removesuffix(Path(path).suffix)) in said
        ][:6]
        for path in list(named):
            problems = (each.problem for each in versions[path])
            others = (each.removeprefix("moved to ").removeprefix("part of ") for each in problems)
            named += [each for each in others if each in versions and each not in named]
        told = [""]
        for path in named:
            told += [repr(path), *(f"  {each}" for each in versions[path])]
        words = [repr(path)[1:-1] for path in named]
        acts = [a for a in self._user.acts if " -- " in a or any(word in a for word in words)]
        log = self.subject.log.read_text(errors="replace").splitlines()
        lines = [line for line in log if any(word in line for word in words)]
        return [*told, "", *acts[-200:], "", *lines[-100:], "", *log[-10:]]

    # What was seen

    def _figures(self) -> list[Figure]:
        figures = [
            Figure(
                f"{self._acts} acts of a user on {len(self._user.past)} paths, "
                f"{self._commands} commands, {self._reloads} reloads, {self._befell.total()} "
                f"troubles ({', '.join(f'{n} {name}' for name, n in self._befell.items())})",
                f"outbox and inbox agreed at {len(self._samples)} rests",
                "at each",
                True,
                self._no_disks and f"without full disks: {self._no_disks}",
            )
        ]
        figures.append(self._ledger())
        for role in ("daemon", "worker", "editor"):
            figures += [
                self._flat(
                    role, "descriptors", lambda late, early: late <= early + DESCRIPTORS_MORE
                ),
                self._flat(role, "threads", lambda late, early: late <= early + THREADS_MORE),
                self._flat(role, "memory_bytes", lambda late, early: late <= early * MEMORY_GROWTH),
            ]
        return figures

    def _ledger(self) -> Figure:
        books = self._last_books
        versions = sum(map(len, books.versions.values()))
        return Figure(
            "rows of the ledger for files of which nothing is there (the history of versions has "
            "bounds of its own)",
            f"{len(books.stale)}, besides {versions} versions",
            "none",
            not books.stale if self._is_long else None,
            "" if self._is_long else "forgotten once a minute",
        )

    def _flat(self, role: str, what: str, is_flat: Callable[[float, float], bool]) -> Figure:
        values = series(self._samples, role, what)
        early, late = thirds(values) if values else (0.0, 0.0)
        unit = 2**20 if what == "memory_bytes" else 1
        if len(values) < FEWEST_SAMPLES and what in MOST:
            return Figure(
                f"{role}: {what} at rest, the most of {len(values)} rests",
                f"{max(values, default=0):.0f}",
                f"at most {MOST[what]}",
                max(values, default=0) <= MOST[what],
                "too few rests to see whether it grows",
            )
        judged = len(values) >= FEWEST_SAMPLES
        return Figure(
            f"{role}: {what.removesuffix('_bytes')} at rest, last third to second third",
            f"{late / unit:.1f} to {early / unit:.1f} of {len(values)}",
            "flat",
            is_flat(late, early) if judged else None,
            "" if judged else f"only {len(values)} rests",
        )


def _clock() -> str:
    return time.strftime("%H:%M:%S")
