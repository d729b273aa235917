"""Error notes that may stand in the outbox, so that a kill leaves none without its problem."""

import os

from narrated.ledger.database import Repository


class StandingNotes(Repository):
    """Notes by the stem of their narration."""

    def expect(self, stem: str) -> None:
        """Record that a note is about to be written."""
        self._write("INSERT OR REPLACE INTO standing_notes VALUES (?, 0)", os.fsencode(stem))

    def dismiss(self, stem: str) -> None:
        """Record that a note is to be removed if it stands."""
        self._write("INSERT OR REPLACE INTO standing_notes VALUES (?, 1)", os.fsencode(stem))

    def may_stand(self, stem: str) -> bool:
        """True if a note was written and not removed yet."""
        found = self._value("SELECT 1 FROM standing_notes WHERE stem = ?", os.fsencode(stem))
        return found is not None

    def is_leaving(self, stem: str) -> bool:
        leaving = self._value(
            "SELECT leaving FROM standing_notes WHERE stem = ?", os.fsencode(stem)
        )
        return bool(leaving)

    def forget(self, stem: str) -> None:
        """Record that a note was removed."""
        self._write("DELETE FROM standing_notes WHERE stem = ?", os.fsencode(stem))

    def leaving(self) -> list[str]:
        """Return the stems of the notes that are still to be removed."""
        return self._paths("SELECT stem FROM standing_notes WHERE leaving = 1")
