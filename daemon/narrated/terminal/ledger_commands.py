"""Runs user commands on the ledger itself, where no daemon runs."""

import asyncio
import os
from contextlib import closing
from functools import partial
from typing import Any

from narrated.config.values import Config
from narrated.config.worker_specs import worker_specs
from narrated.disk_threads import DiskThreads
from narrated.inbox.async_reads import AsyncInboxReader
from narrated.jobs.bulk_requeue_runner import BulkRequeueRunner
from narrated.jobs.error_notes import ErrorNotes
from narrated.jobs.events import EventDispatcher
from narrated.jobs.job_creation import JobCreator
from narrated.jobs.respeaking import Respeaking
from narrated.jobs.shielded_outbox_changes import ShieldedOutboxChanges
from narrated.jobs.stem_assignment import StemAssignment
from narrated.ledger.memory_statistics import MemoryStatistics
from narrated.ledger.store import Ledger
from narrated.outbox.mount_guard import MountGuard
from narrated.outbox.name_probe import NameProbe
from narrated.service.commands import UserCommands
from narrated.service.state_lock import LockHolder, StateLock
from narrated.workers.pool import probing_pool


def run_command(config: Config, verb: str, request: dict[str, Any]) -> Any:
    """Run a user command under the state lock of a daemon."""
    with (
        StateLock(config.state, LockHolder(os.getpid())),
        closing(Ledger(config.state / "ledger.sqlite")) as ledger,
    ):
        return asyncio.run(_commands(config, ledger).perform(verb, request))


def _commands(config: Config, ledger: Ledger) -> UserCommands:
    events = EventDispatcher(ledger)  # without a daemon, nobody listens
    guard = MountGuard(config.outbox, ledger.last_run.outbox_device())
    outbox = ShieldedOutboxChanges(ledger, guard, DiskThreads(f"the outbox {config.outbox}"))
    notes = ErrorNotes(ledger, outbox)
    stems = StemAssignment(ledger, notes, outbox, NameProbe(guard), config.outbox_names)
    jobs = JobCreator(ledger, events, stems)
    inbox = AsyncInboxReader(config.inbox, DiskThreads(f"the inbox {config.inbox}"))
    pool = partial(probing_pool, worker_specs(config), MemoryStatistics(ledger))
    requeues = BulkRequeueRunner(ledger, jobs, inbox)
    respeaking = Respeaking(ledger, jobs, outbox, pool)
    return UserCommands(ledger, jobs, events, notes, requeues, respeaking)
