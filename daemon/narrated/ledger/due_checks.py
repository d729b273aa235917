"""Published narrations whose takes are due to be checked, until a job has checked them."""

from narrated.ledger.database import Repository


class DueChecks(Repository):
    """Due checks by published job. A job that is superseded or removed loses its own."""

    def add(self, job: int, *, is_asked: bool = False) -> None:
        """Record that a check is due; `is_asked`: by a person, whatever the settings say."""
        self._write(
            "INSERT INTO due_checks VALUES (?, ?)"
            " ON CONFLICT (job) DO UPDATE SET is_asked = max(is_asked, excluded.is_asked)",
            *(job, is_asked),
        )

    def inherit(self, job: int, older: int) -> None:
        """Have a job owe the check of the narration that it replaces."""
        self._write(
            "INSERT OR IGNORE INTO due_checks SELECT ?, is_asked FROM due_checks WHERE job = ?",
            *(job, older),
        )

    def is_asked(self, job: int) -> bool | None:
        """True if a person asked for the check; None if none is due."""
        found = self._value("SELECT is_asked FROM due_checks WHERE job = ?", job)
        return None if found is None else bool(found)

    def drop(self, job: int) -> None:
        """Forget the check of a job."""
        self._write("DELETE FROM due_checks WHERE job = ?", job)
