"""A clock that a test may set, for a daemon of its own: nothing else on the machine sees it."""

import shutil
import sys
from pathlib import Path

import pytest

_LIBRARY = "libfaketimeMT.so.1"


class Clock:
    """libfaketime's: what passes and what files carry stays true, the time of day is ours."""

    def __init__(self, home: Path) -> None:
        if not shutil.which("faketime"):
            pytest.skip("needs faketime")
        self._file = home / "clock"
        self.set_days(0)
        self.python = home / "python"
        """An interpreter that lives by the true time: under this library Python cannot sleep."""
        self.python.write_text(f'#!/bin/sh\nunset LD_PRELOAD\nexec {sys.executable} "$@"\n')
        self.python.chmod(0o755)

    def set_days(self, days: int) -> None:
        """Be so many days ahead of the true time, or behind it."""
        other = self._file.with_suffix(".new")
        other.write_text(f"{days:+d}d\n")
        other.replace(self._file)

    @staticmethod
    def forget(pid: int) -> None:
        """Remove what the library of a killed process left in memory."""
        for name in (f"faketime_shm_{pid}", f"sem.faketime_sem_{pid}"):
            Path("/dev/shm", name).unlink(missing_ok=True)

    @property
    def environ(self) -> dict[str, str]:
        """The environment that a process needs to live by it."""
        (library, *_) = sorted(Path("/usr/lib").glob(f"*/faketime/{_LIBRARY}"))
        return {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }
