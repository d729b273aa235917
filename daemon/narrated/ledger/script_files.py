"""Script files: those of the user in the inbox, and those of the daemon in the outbox."""

import os

from narrated.ledger.database import Repository

_PRESENT = (
    "SELECT script_files.path FROM script_files JOIN sources ON sources.path = script_files.path"
    " WHERE sources.gone_at IS NULL AND sources.sha256 <> '' AND "
)


class ScriptFiles(Repository):
    """Files of the inbox that begin as script files do, whether or not their post is there."""

    def record(self, path: str, folded: str) -> None:
        """Record a script file; `folded` is its path without suffix, as stems are folded."""
        row = (os.fsencode(path), os.fsencode(folded))
        self._write("INSERT OR IGNORE INTO script_files VALUES (?, ?, '')", *row)

    def forget(self, path: str) -> None:
        self._write("DELETE FROM script_files WHERE path = ?", os.fsencode(path))

    def is_known(self, path: str) -> bool:
        """True if a file in the inbox begins as script files do."""
        return bool(self._paths(f"{_PRESENT} script_files.path = ?", os.fsencode(path)))

    def was_known(self, path: str) -> bool:
        """True if a file, also one that is gone now, begins as script files do."""
        known = "SELECT 1 FROM script_files WHERE path = ?"
        return self._value(known, os.fsencode(path)) is not None

    @property
    def any_known(self) -> bool:
        return self._value("SELECT 1 FROM script_files LIMIT 1") is not None

    def named(self, folded: str) -> list[str]:
        """Return the script files in the inbox of a name without suffix, folded as stems are."""
        named = f"{_PRESENT} script_files.folded = ? ORDER BY script_files.path"
        return self._paths(named, os.fsencode(folded))

    def present(self) -> list[str]:
        """Return the script files in the inbox."""
        return self._paths(f"{_PRESENT} 1 ORDER BY script_files.path")

    def narrated_alone(self) -> list[str]:
        """Return the script files that have a narration of their own."""
        narrated = "script_files.path IN (SELECT path FROM jobs WHERE state = 'done')"
        return self._paths(_PRESENT + narrated)

    def entered(self, path: str) -> str:
        """Return the sha256 of the version whose words were entered into a lexicon; or ""."""
        found = self._value("SELECT entered FROM script_files WHERE path = ?", os.fsencode(path))
        return found or ""

    def record_entered(self, path: str, sha256: str) -> None:
        """Record that the words of a version stand in a lexicon, or cannot be entered there."""
        entered = "UPDATE script_files SET entered = ? WHERE path = ?"
        self._write(entered, sha256, os.fsencode(path))


class ReviewFiles(Repository):
    """Stems beside which a script, or the note about its conflicts, may stand in the outbox."""

    def expect(self, stem: str) -> None:
        """Record that a script is about to be written."""
        self._write("INSERT OR IGNORE INTO review_files VALUES (?, '')", os.fsencode(stem))

    def may_stand(self, stem: str) -> bool:
        known = "SELECT 1 FROM review_files WHERE stem = ?"
        return self._value(known, os.fsencode(stem)) is not None

    def written(self, stem: str) -> str:
        """Return the sha256 of the script that the daemon wrote; "" if it wrote none."""
        found = self._value("SELECT written FROM review_files WHERE stem = ?", os.fsencode(stem))
        return found or ""

    def record_written(self, stem: str, sha256: str) -> None:
        """Record the script that stands there, or is about to."""
        row = (os.fsencode(stem), sha256)
        self._write("INSERT OR REPLACE INTO review_files VALUES (?, ?)", *row)

    def forget(self, stem: str) -> None:
        self._write("DELETE FROM review_files WHERE stem = ?", os.fsencode(stem))

    def all(self) -> list[str]:
        """Return all of these stems."""
        return self._paths("SELECT stem FROM review_files ORDER BY stem")
