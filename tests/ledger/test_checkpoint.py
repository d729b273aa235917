"""The ledger's write-ahead log: a commit syncs nothing, a thread moves the log into the file."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from narrated.ledger.store import Ledger
from narrated.service.housekeeping.ledger_checkpoints import MANY_CHANGES, LedgerCheckpoints

TEXT_BYTES = 3 * 4096
COMMITS = MANY_CHANGES
"""Each writes three pages at least: more than SQLite by itself gathers before a commit syncs."""


def test_checkpoint_is_no_commits(tmp_path: Path) -> None:
    """Commits leave the file alone; a checkpoint on another connection empties the log."""
    path = tmp_path / "ledger.sqlite"

    async def apart(checkpoint: object) -> None:
        assert checkpoint is Ledger.checkpoint
        with closing(Ledger(path)) as other:
            other.checkpoint()

    with closing(Ledger(path)) as ledger:
        before, log = path.stat().st_size, path.with_name("ledger.sqlite-wal")
        duty = LedgerCheckpoints(ledger, apart)
        _write(ledger, "first")
        assert path.stat().st_size == before
        asyncio.run(duty.turn())
        assert path.stat().st_size > before + COMMITS * TEXT_BYTES
        logged = log.stat().st_size
        _write(ledger, "second")
        assert log.stat().st_size < logged * 1.1  # SQLite began it again


def test_detached_ledger_refuses(tmp_path: Path) -> None:
    """While a thread closes the file, no query reaches it: SQLite would crash."""
    ledger = Ledger(tmp_path / "ledger.sqlite")
    close = ledger.detach()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        ledger.jobs.counts()
    close()


def _write(ledger: Ledger, name: str) -> None:
    for number in range(COMMITS):
        ledger.captions.record(f"{name}-{number}", "x" * TEXT_BYTES)
