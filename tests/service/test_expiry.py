"""Withdrawals that are due: one that the storage refuses holds up no other."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from narrated.errors import StorageError
from narrated.ledger.store import Ledger
from narrated.service.housekeeping.expiry import LONGEST_S, REFUSED_S, DueWithdrawals


def _duty(ledger: Ledger, stems: list[str], withdraw: Callable[[Any], Awaitable[None]]) -> Any:
    jobs = [ledger.jobs.add(f"{stem}.md", "", 1, stem) for stem in stems]
    parts: list[Any] = [
        lambda: SimpleNamespace(removed="withdraw", withdraw_after=0.0),
        SimpleNamespace(withdraw_due=lambda after_s, last: (jobs, None)),
        SimpleNamespace(withdraw=withdraw),
        SimpleNamespace(check=lambda: None),
    ]
    return DueWithdrawals(*parts)


def test_refused_one_holds_up_no_other(tmp_path: Path) -> None:
    """The narrations behind one that cannot be removed are withdrawn; it is tried again later."""
    withdrawn: list[str] = []

    async def withdraw(job: Any) -> None:
        if job.stem == "closed":
            raise StorageError("Its folder may not be entered.", "chmod")
        withdrawn.append(job.stem)

    with closing(Ledger(tmp_path / "ledger.sqlite")) as ledger:
        duty = _duty(ledger, ["one", "closed", "last"], withdraw)
        with pytest.raises(StorageError, match="may not be entered"):
            asyncio.run(duty.turn())
    assert withdrawn == ["one", "last"]
    assert duty.retry_s == REFUSED_S


def test_refused_one_is_retried_rarely(tmp_path: Path) -> None:
    """Soon after a disk was away the withdrawal is tried again, rarely if it stays away."""
    is_away = True

    async def withdraw(job: Any) -> None:
        if is_away:
            raise StorageError("Its disk is away.", "mount")

    with closing(Ledger(tmp_path / "ledger.sqlite")) as ledger:
        duty = _duty(ledger, ["post"], withdraw)
        pauses = []
        for _ in range(8):
            with pytest.raises(StorageError):
                asyncio.run(duty.turn())
            pauses.append(duty.retry_s)
        is_away = False
        asyncio.run(duty.turn())
        is_away = True
        with pytest.raises(StorageError):
            asyncio.run(duty.turn())
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (REFUSED_S, LONGEST_S)
    assert duty.retry_s == REFUSED_S
