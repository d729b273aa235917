"""Kills the daemon, its workers and its readers at random, over an inbox that changes meanwhile.

    python bench/kills.py [--quick] [--kills N] [--seed N] [--scratch FOLDER]

The tests' own mischief, on `narrated run` as a user starts it. Afterwards inbox, outbox, ledger and
cache have to agree to the last file. Exits with 1 when they do not, or when more was spoken twice
than was in flight.
"""

import argparse
import signal
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).parents[1] / "tests"
sys.path += [str(TESTS), str(TESTS.parent / "daemon")]

from measuring.figure import Figure, circumstances, show  # noqa: E402
from support.daemon import Daemon, toy  # noqa: E402
from support.mischief import Mischief  # noqa: E402

ROWS = 8
KILLS, QUICK_KILLS = 200, 10
PATIENCE_S = 60.0
LIFE_S = 2.5  # a start of Python and of a worker come out of it


def main() -> int:
    wanted = _wanted()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # leaves no daemon
    with tempfile.TemporaryDirectory(prefix="narrated-bench-", dir=wanted.scratch) as scratch:
        figures = _taken(Path(scratch), wanted.kills, wanted.seed)
    show(figures, f"{circumstances(wanted.quick)}; --seed {wanted.seed}")
    return int(any(each.reached is False for each in figures))


def _wanted() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few kills: does it run at all?")
    parser.add_argument("--kills", type=int, help=f"how many; else {KILLS}")
    parser.add_argument("--seed", type=int, help="what all chance comes from; else the clock")
    parser.add_argument("--scratch", type=Path, help="where to work; else a temporary folder")
    wanted = parser.parse_args()
    wanted.kills = wanted.kills or (QUICK_KILLS if wanted.quick else KILLS)
    if wanted.seed is None:
        wanted.seed = time.time_ns() % 1_000_000
    return wanted


def _taken(home: Path, kills: int, seed: int) -> list[Figure]:
    settings = {**toy(home, rows=ROWS, delay_s=0.01), "pictures": {"wait": "200ms"}}
    daemon = Daemon(home, **settings, settle="20ms", log="warning")
    mischief = Mischief(daemon, seed, life_s=LIFE_S)
    mischief.begin()
    began_s = time.monotonic()
    try:
        mischief.rage(kills, lambda: _begun(daemon), lambda pid: daemon.kill())
        disagreement = _at_rest(daemon, mischief)
    finally:
        daemon.stop()
    lost, most, beyond = mischief.lost(ROWS)
    return [
        Figure(
            f"{mischief.kills} kills in {time.monotonic() - began_s:.0f} s ({mischief.told}): "
            "where inbox, outbox, ledger and cache disagree",
            disagreement or "nowhere",
            "nowhere",
            not disagreement,
        ),
        Figure(
            f"chunks spoken again, of {len(daemon.spoken)}: {lost}; the most that a kill cost",
            str(most),
            f"at most {ROWS}: the rows in flight",
            not beyond,
        ),
    ]


def _begun(daemon: Daemon) -> int:
    daemon.start(ready=False)
    assert daemon.process is not None
    return daemon.process.pid


def _at_rest(daemon: Daemon, mischief: Mischief) -> str:
    """Let it finish, and say what disagrees then."""
    try:
        with daemon:
            daemon.wait_idle()
            # What was in flight at three deaths is given up, as if the deaths were its own.
            daemon.ask("retry", "--failed")
            _until_well(daemon, mischief)
        mischief.verify()
    except AssertionError as problem:
        return str(problem)
    return ""


def _until_well(daemon: Daemon, mischief: Mischief) -> None:
    """Wait until all agrees, as long as that may take; who stops it has the last look."""
    until_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < until_s and not _is_well(daemon, mischief):
        time.sleep(1)


def _is_well(daemon: Daemon, mischief: Mischief) -> bool:
    daemon.wait_idle()
    try:
        mischief.verify()
    except AssertionError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
