"""Runs `narrated` so that a test sees the file calls of its event loop, and can hang a folder.

    python -m support.file_calls REPORT HUNG PYTHON -m MODULE ARGUMENTS…

After SIGUSR1, each call to the file system in the main thread, which is the event loop's, becomes a
line of REPORT. While the file HUNG exists, calls on the path that it holds wait, in every thread.
SQLite's own calls are not seen: the ledger is the loop's.
"""

import os
import runpy
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

AUDITED = {
    *("open", "os.listdir", "os.scandir", "os.mkdir", "os.rmdir", "os.remove", "os.rename"),
    *("os.link", "os.symlink", "os.chmod", "os.utime", "os.truncate", "shutil.rmtree"),
}
SYNCING = ("fsync", "fdatasync", "ftruncate", "pwrite")
"""They wait for the disk though their file is open."""
PATCHED = ("stat", "lstat", "access", "statvfs", "readlink", *SYNCING)
CHANGING = ("mkdir", "unlink", "remove", "rename", "replace", "rmdir", "link", "utime")
HANGING = ("open", "scandir", "listdir", *CHANGING, *PATCHED)
POLL_S = 0.02
_readlink = os.readlink


def main() -> None:
    """Patch `os`, and run the command in this process."""
    report, hung, _, _, module, *arguments = sys.argv[1:]
    calls = FileCalls(report, hung)
    sys.addaudithook(lambda event, about: calls.met(event, about[:1], event in AUDITED))
    for verb in PATCHED:
        _before(verb, lambda verb, about: calls.met(verb, about, True))
    opened = os.open
    for verb in HANGING:
        _before(verb, lambda verb, about: _hang(about, hung, opened))
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


class FileCalls:
    """Reports the calls of the main thread, from SIGUSR1 on."""

    def __init__(self, report: str, hung: str) -> None:
        self._hung = hung
        self._report = os.open(report, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._loop = threading.get_ident()
        self._armed = False
        signal.signal(signal.SIGUSR1, self._arm)

    def _arm(self, *_: object) -> None:
        os.write(self._report, b"armed\n")
        self._armed = True

    def met(self, verb: str, about: tuple[Any, ...], is_file: bool) -> None:
        if not (self._armed and is_file and threading.get_ident() == self._loop):
            return
        is_open = isinstance(about[0], int) and verb not in SYNCING
        if about != (self._hung,) and not is_open:
            os.write(self._report, f"{verb} {about} by {_callers()}\n".encode())


def _callers() -> str:
    """The innermost functions of narrated that are under way; reading source lines is a call."""
    frame, names = sys._getframe(1), []
    while frame is not None and len(names) < 4:
        if "/narrated/" in frame.f_code.co_filename:
            names.append(f"{frame.f_code.co_name}:{frame.f_lineno}")
        frame = frame.f_back
    return " < ".join(names)


def _before(verb: str, look: Callable[[str, tuple[Any, ...]], None]) -> None:
    call = getattr(os, verb)

    def looked(*about: Any, **more: Any) -> Any:
        look(verb, about)
        return call(*about, **more)

    setattr(os, verb, looked)


def _hang(about: tuple[Any, ...], hung: str, opened: Callable[..., int]) -> None:
    while about and isinstance(about[0], str | Path | int):
        folder = _hung_folder(hung, opened)
        if not folder or not _place(about[0]).startswith(folder):
            return
        time.sleep(POLL_S)


def _place(file: str | Path | int) -> str:
    """The path of a file, which may be open."""
    return _readlink(f"/proc/self/fd/{file}") if isinstance(file, int) else str(file)


def _hung_folder(hung: str, opened: Callable[..., int]) -> str:
    try:
        file = opened(hung, os.O_RDONLY)
    except FileNotFoundError:
        return ""
    try:
        return os.read(file, 4096).decode()
    finally:
        os.close(file)


if __name__ == "__main__":
    main()
