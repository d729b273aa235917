"""An inbox with the ledger that knows it, for what works on both without a daemon."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from narrated.ledger.store import Ledger


class Premises:
    """Both, below a folder; to be closed."""

    def __init__(self, home: Path) -> None:
        self.inbox = home / "inbox"
        self.inbox.mkdir()
        self.ledger = Ledger(home / "ledger.sqlite")
        self.disk = ThreadPoolExecutor(1)

    def close(self) -> None:
        self.ledger.close()
        self.disk.shutdown()
