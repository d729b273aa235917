"""Measures that hours of an inbox, compressed into minutes, leave everything as it is due.

    python bench/soak.py [--minutes N] [--seed N] [--quick] [--scratch FOLDER]

A user adds, edits, renames and removes thousands of files at random, among them broken ones,
pictures, settings and lexicons, and gives commands; meanwhile the daemon is killed, its children
are killed and frozen, disks are full, rights are withdrawn, events are lost, the inbox is away, the
configuration changes. Whenever the daemon is done, the outbox must agree with the inbox, and at the
end descriptors, threads, memory and the ledger must be as they were. As root also with small disks.
Exits with 1 if something is wrong, and names it.
"""

import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from measuring import faults
from measuring.agreement import Agreement
from measuring.measured_daemon import MeasuredDaemon
from measuring.processes import Sample, sample, series, thirds
from measuring.program import (
    Figure,
    argument_parser,
    conditions,
    random_seed,
    say,
    scratch_folder,
    show,
)
from measuring.user import FEWEST, User
from narrated.errors import NarratedError
from narrated.service.housekeeping.expiry import FORGET_S
from support.daemon import as_anybody, toy

MINUTES, QUICK_MINUTES = 5.0, 0.3
IS_LEVEL: Mapping[str, Callable[[float, float], bool]] = {
    "descriptors": lambda late, early: late <= early + 2,
    "threads": lambda late, early: late <= early + 5,  # the loop's pool makes up to six
    "memory_bytes": lambda late, early: late <= early * 1.10,
}
"""True if the later of two figures is still level with the earlier one."""
FEWEST_SAMPLES = 6
MOST = {"descriptors": 40, "threads": 40}
"""Twice a daemon's usual."""


@dataclass(frozen=True, slots=True)
class SoakSizes:
    """Sizes of a run."""

    wave: int = 300
    """Acts of the user between two rests."""
    spell: int = 60
    """Acts between two faults, at most."""
    rests: int = FEWEST_SAMPLES
    """The fewest rests after the daemon's last start, however slow the machine."""


QUICK = SoakSizes(wave=40, spell=12, rests=0)
ROLES = ("daemon", "worker", "parser", "encoder")
REST_S = 240.0
"""The longest wait until the daemon is done, on a busy machine, too."""
DISK_KIB = 96 << 10
RESTLESS = 0.4
"""The share of the run in which the daemon is killed and stopped; then it stays up."""
WITHDRAW_AFTER = "2s"
FORGETTING = 1_000
"""After so many acts the ledger has something to delete."""


class Soak:
    """One daemon, its user, and its faults, all drawn from one seed."""

    def __init__(self, scratch: Path, seed: int, sizes: SoakSizes) -> None:
        self._sizes = sizes
        self._random = Random(seed)
        self._scratch = scratch
        self._settings: dict[str, Any] = {
            "removed": self._random.choice(("keep", "withdraw")),
            "withdraw_after": WITHDRAW_AFTER,
            "settle": "100ms",
            "cache_limit": "12MB",
            "pictures": {"captions": "captioner", "wait": "500ms"},
            "workers": {"silence": f"{faults.SILENCE_S}s"},
        }
        self._daemon = MeasuredDaemon(scratch / "home", launcher=as_anybody())
        self._configure()
        self._no_disks = ""
        self._user = User(self._daemon.inbox, self._random)
        self._samples: list[Sample] = []
        self._faults_seen: Counter[str] = Counter()
        self._commands = self._reloads = self._acts = 0

    def run(self, seconds: float) -> list[Figure]:
        """Run for so long; gives the figures, or raises AssertionError if something is wrong."""
        daemon = self._daemon
        disks = faults.small_disks((daemon.outbox, daemon.cache, daemon.state), DISK_KIB)
        with disks as self._no_disks, daemon:
            began_s = time.monotonic()
            self._work(FEWEST)
            while (age_s := time.monotonic() - began_s) < seconds or self._is_unjudged:
                self._wave(restless=age_s < RESTLESS * seconds)
                self._rest()
            self._finish()
        return self._figures()

    @property
    def _is_unjudged(self) -> bool:
        return len(series(self._samples, "daemon", "threads")) < self._sizes.rests

    # A wave

    def _wave(self, *, restless: bool) -> None:
        """Let the user act amid faults, the storage first: the daemon retries it with a backoff."""
        begun = self._acts
        # In turns, or kept narrations fill the outbox: the wave that withdraws makes room.
        is_withdrawing = self._settings["removed"] == "withdraw"
        self._settings["removed"] = "keep" if is_withdrawing else "withdraw"
        self._reload()
        self._inject(self._random.choice(self._of_storage))
        while self._acts - begun < self._sizes.wave:
            self._work(self._random.randint(2, self._sizes.spell))
            if self._random.random() < 0.3:
                self._change_configuration()
            self._inject(self._random.choice([*faults.OTHERS, *(faults.RESTARTS * restless)]))
            for _ in range(self._random.randint(0, 3)):
                self._command()

    @property
    def _of_storage(self) -> tuple[faults.Fault, ...]:
        return (faults.closed,) if self._no_disks else (faults.full, faults.full, faults.closed)

    def _inject(self, fault: faults.Fault) -> None:
        name = fault.__name__
        self._faults_seen[name] += 1
        self._user.note(f"-- {name}")
        with faults.inject(fault, self._daemon, self._random) as may_go_on:
            self._work(self._random.randint(1, self._sizes.spell // 2) if may_go_on else 0)
        self._user.note(f"-- {name} is over")

    def _work(self, count: int) -> None:
        for _ in range(count):
            self._user.act()
            self._acts += 1
            time.sleep(self._random.random() ** 4 * 0.15)

    def _command(self) -> None:
        """Give a command, which the daemon may well refuse."""
        path = self._user.any_item()
        verb, details = self._random.choice(
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
        self._user.note(f"-- {verb} {details}")
        self._commands += 1
        with suppress(NarratedError):
            self._daemon.request(verb, **details)

    def _change_configuration(self) -> None:
        """Write a valid configuration, at times after an invalid one."""
        self._reloads += 1
        if self._random.random() < 0.2:
            self._daemon.config.write_text("inbox: [\n")
            self._daemon.reload()
        key, value = self._random.choice(
            (
                ("settle", self._random.choice(("50ms", "100ms", "200ms"))),
                ("scan", self._random.choice(("2s", "5s"))),
                ("ignore", self._random.choice(([], ["never-*"]))),
                ("voice", self._random.choice(("toy", "other"))),
            )
        )
        self._settings[key] = value
        self._user.note(f"-- {key}: {value}")
        self._reload()

    def _reload(self) -> None:
        self._configure()
        self._daemon.reload()

    def _configure(self) -> None:
        settings = dict(self._settings)
        voice = settings.pop("voice", "toy")
        # So much sound that buffers are full within a wave, and memory settles.
        died = str(self._scratch / "died")
        engines = toy(self._daemon.home, seconds_a_character=0.02, delay_s=0.01, died=died)
        captioner = {**engines["engines"]["toy"], "options": {"kind": "caption"}}
        engines["engines"]["captioner"] = captioner
        engines["speech"]["voice"] = voice
        self._daemon.configure(**engines, **settings)

    # A rest

    def _rest(self) -> None:
        """Wait until all is done and agrees, and look at the processes."""
        (self._scratch / "died").unlink(missing_ok=True)
        began_s = time.monotonic()
        self._await_agreement(withdrawn=False)
        rested_s = time.monotonic() - began_s
        self._samples.append(sample(self._daemon.pid))
        processes = self._samples[-1].processes.items()
        memory = (
            f"{role} {max(p.memory_bytes for p in each) >> 20} MiB" for role, each in processes
        )
        acts = f"{self._acts} acts, {len(self._user.files)} files, agreed in {rested_s:.0f} s"
        say(", ".join((acts, *memory)))

    def _finish(self) -> None:
        """Retry what was cancelled, and withdraw the narrations of removed files."""
        for path in self._agreement().cancelled():
            with suppress(NarratedError):
                self._daemon.request("retry", path=path)
        self._settings["removed"] = "withdraw"
        self._reload()
        self._rest()
        self._await_agreement(withdrawn=True)
        deadline_s = time.monotonic() + 2 * FORGET_S
        self._stale = self._agreement().stale()
        while self._is_long and self._stale and time.monotonic() < deadline_s:
            time.sleep(1)
            self._stale = self._agreement().stale()
        self._versions = sum(map(len, self._agreement().versions.values()))

    @property
    def _is_long(self) -> bool:
        """True if the ledger has something to delete, which happens once a minute."""
        return self._acts > FORGETTING

    def _await_agreement(self, *, withdrawn: bool) -> None:
        wrong: list[str] = ["not looked at yet"]
        deadline_s = time.monotonic() + REST_S
        while wrong:
            agreement = self._agreement()
            wrong = agreement.pending() or agreement.faults(withdrawn=withdrawn)
            if wrong and time.monotonic() > deadline_s:
                lines = ["at rest something is wrong:", *wrong[:20], *self._history_of(wrong)]
                raise AssertionError("\n  ".join(lines))
            time.sleep(0.2)

    def _agreement(self) -> Agreement:
        return Agreement(self._daemon, self._user.files, self._user.past)

    def _history_of(self, wrong: list[str]) -> list[str]:
        """The versions, the user's acts and the log lines of the files that are named."""
        versions = self._agreement().versions
        text = "\n".join(wrong)
        named = [
            path
            for path in versions
            if repr(path) in text or repr(path.removesuffix(Path(path).suffix)) in text
        ][:6]
        for path in list(named):
            problems = (each.problem for each in versions[path])
            others = (each.removeprefix("moved to ").removeprefix("part of ") for each in problems)
            named += [each for each in others if each in versions and each not in named]
        lines = [""]
        for path in named:
            lines += [repr(path), *(f"  {each}" for each in versions[path])]
        words = [repr(path)[1:-1] for path in named]
        acts = [a for a in self._user.acts if " -- " in a or any(word in a for word in words)]
        log = self._daemon.log_file.read_text(errors="replace").splitlines()
        words.append("worker")  # three that die at one request fail it
        logged = [line for line in log if any(word in line for word in words)]
        return [*lines, "", *acts[-200:], "", *logged[-100:], "", *log[-10:]]

    # Figures

    def _figures(self) -> list[Figure]:
        seen = ", ".join(f"{count} {name}" for name, count in self._faults_seen.items())
        return [
            Figure(
                f"{self._acts} acts of a user on {len(self._user.past)} paths, "
                f"{self._commands} commands, {self._reloads} reloads, "
                f"{self._faults_seen.total()} faults ({seen})",
                f"outbox and inbox agreed at {len(self._samples)} rests",
                "at each",
                True,
                self._no_disks and f"without full disks: {self._no_disks}",
            ),
            Figure(
                "rows of the ledger for files without source and narration (versions have limits "
                "of their own)",
                f"{len(self._stale)}, besides {self._versions} versions",
                "none",
                not self._stale if self._is_long else None,
                "" if self._is_long else "deleted once a minute",
            ),
            *(self._level(role, what) for role in ROLES for what in IS_LEVEL),
        ]

    def _level(self, role: str, what: str) -> Figure:
        values = series(self._samples, role, what)
        if len(values) < FEWEST_SAMPLES and what in MOST:
            most = max(values, default=0)
            return Figure(
                f"{role}: {what} at rest, the most of {len(values)} rests",
                f"{most:.0f}",
                f"at most {MOST[what]}",
                most <= MOST[what],
            )
        early, late = thirds(values) if values else (0.0, 0.0)
        unit = 2**20 if what == "memory_bytes" else 1
        judged = len(values) >= FEWEST_SAMPLES
        return Figure(
            f"{role}: {what.removesuffix('_bytes')} at rest, last third to second third",
            f"{late / unit:.1f} to {early / unit:.1f} of {len(values)}",
            "level",
            IS_LEVEL[what](late, early) if judged else None,
            "" if judged else f"only {len(values)} rests",
        )


def main() -> int:
    parser = argument_parser(__doc__)
    parser.add_argument("--minutes", type=float, help=f"how long; {MINUTES:g} by default")
    parser.add_argument("--seed", type=int, help="repeats the user's acts; each run prints its own")
    wanted = parser.parse_args()
    seed = random_seed() if wanted.seed is None else wanted.seed
    minutes = wanted.minutes or (QUICK_MINUTES if wanted.quick else MINUTES)
    print(f"seed {seed}", flush=True)
    with scratch_folder(wanted.scratch) as scratch:
        try:
            figures = Soak(scratch, seed, QUICK if wanted.quick else SoakSizes()).run(minutes * 60)
        except AssertionError as why:
            print(f"seed {seed}: {why}")
            return 1
    return show(figures, f"seed {seed}; {conditions(wanted.quick)}")


if __name__ == "__main__":
    sys.exit(main())
