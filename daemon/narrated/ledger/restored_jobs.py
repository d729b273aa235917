"""Jobs that a lost ledger was restored with, until the digests of their files are compared."""

from narrated.ledger.database import Repository


class RestoredJobs(Repository):
    """Jobs by their number."""

    def add(self, number: int) -> None:
        """Record that a manifest alone says so."""
        self._write("INSERT INTO restored_jobs VALUES (?)", number)

    def first(self) -> int | None:
        """Return the next job to compare; None if there is none."""
        found: int | None = self._value("SELECT min(job) FROM restored_jobs")
        return found

    def forget(self, number: int) -> None:
        """Record that its files were compared."""
        self._write("DELETE FROM restored_jobs WHERE job = ?", number)
