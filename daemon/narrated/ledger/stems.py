"""Names in the outbox, and the sources that own them."""

import os

from narrated.ledger.database import Repository


class Stems(Repository):
    """Stems by source. A stem is an output's path in the outbox without its suffix."""

    def of_source(self, path: str) -> str | None:
        row = self._db.execute(
            "SELECT stem FROM stems WHERE path = ?", (os.fsencode(path),)
        ).fetchone()
        return os.fsdecode(row[0]) if row else None

    def owner(self, folded: str) -> str | None:
        """Return the source that owns a stem, given as `output_names.fold` spells it."""
        row = self._db.execute(
            "SELECT path FROM stems WHERE folded = ?", (os.fsencode(folded),)
        ).fetchone()
        return os.fsdecode(row[0]) if row else None

    def assign(self, path: str, stem: str, folded: str) -> None:
        with self._db.transaction():
            self._db.execute(
                "INSERT INTO stems VALUES (?, ?, ?)",
                (os.fsencode(path), os.fsencode(stem), os.fsencode(folded)),
            )

    def release(self, path: str) -> None:
        with self._db.transaction():
            self._db.execute("DELETE FROM stems WHERE path = ?", (os.fsencode(path),))
