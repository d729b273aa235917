"""An inbox with the ledger that knows it, for what works on both without a daemon."""

from pathlib import Path

from narrated.disk_threads import DiskThreads
from narrated.inbox.async_reads import AsyncInboxReader
from narrated.ledger.store import Ledger


class InboxWithLedger:
    """Both, below a folder; to be closed."""

    def __init__(self, home: Path) -> None:
        self.inbox = home / "inbox"
        self.inbox.mkdir()
        self.ledger = Ledger(home / "ledger.sqlite")
        self.disk = DiskThreads("the inbox")
        self.inbox_files = AsyncInboxReader(self.inbox, self.disk)

    def close(self) -> None:
        self.ledger.close()
        self.disk.close()
