"""Published narrations whose takes are due to be checked, until a job has checked them."""

import zlib
from collections.abc import Set

from narrated.ledger.database import Repository


class DueChecks(Repository):
    """Due checks by published job. A job that is superseded or removed loses its own."""

    def add(self, job: int, digests: Set[str] | None = None, *, is_asked: bool = False) -> None:
        """Record that a check is due, besides what is due already.

        `digests`: of the chunks to check; None for all. `is_asked`: by a person, whatever the
        settings say.
        """
        with self._db.transaction():
            asked_before = self.is_asked(job)
            if asked_before is not None:
                before = self.digests(job)
                digests = None if digests is None or before is None else digests | before
            kept = None if digests is None else zlib.compress("\n".join(sorted(digests)).encode())
            is_asked = is_asked or bool(asked_before)
            self._db.rows(
                "INSERT OR REPLACE INTO due_checks VALUES (?, ?, ?)", (job, is_asked, kept)
            )

    def inherit(self, job: int, older: int) -> None:
        """Have a job owe the check of the narration that it replaces."""
        is_asked = self.is_asked(older)
        if is_asked is not None:
            self.add(job, self.digests(older), is_asked=is_asked)

    def is_asked(self, job: int) -> bool | None:
        """True if a person asked for the check; None if none is due."""
        found = self._value("SELECT is_asked FROM due_checks WHERE job = ?", job)
        return None if found is None else bool(found)

    def digests(self, job: int) -> frozenset[str] | None:
        """Return the digests of the chunks to check; None for all, also if no check is due."""
        found = self._value("SELECT digests FROM due_checks WHERE job = ?", job)
        return None if found is None else frozenset(zlib.decompress(found).decode().split("\n"))

    def drop(self, job: int) -> None:
        """Forget the check of a job."""
        self._write("DELETE FROM due_checks WHERE job = ?", job)
