"""Names in the outbox, for tests of the parts that create jobs."""

from pathlib import Path

from narrated.disk_threads import DiskThreads
from narrated.jobs.error_notes import ErrorNotes
from narrated.jobs.shielded_outbox_changes import ShieldedOutboxChanges
from narrated.jobs.stem_assignment import OutboxNames, StemAssignment
from narrated.ledger.store import Ledger
from narrated.outbox.mount_guard import MountGuard
from narrated.outbox.name_probe import NameProbe


def stems_of(ledger: Ledger, home: Path, names: OutboxNames = "auto") -> StemAssignment:
    """The assignment of stems for the outbox in a home, whose file system was not asked."""
    guard = MountGuard(home / "outbox", None)
    outbox = ShieldedOutboxChanges(ledger, guard, DiskThreads(f"the outbox {home / 'outbox'}"))
    return StemAssignment(ledger, ErrorNotes(ledger, outbox), outbox, NameProbe(guard), names)
