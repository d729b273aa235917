"""Log records: with fields for the journal, and plain lines for a terminal or a file.

File names come from outside. Each message is one line with control characters escaped, so that no
name can forge a second record.
"""

import logging
import os
import sys
from pathlib import Path
from typing import Any

from logging_journald import JournaldTransport

from narrated.printable import one_line, printable

JOURNAL = Path("/run/systemd/journal/socket")

_SEND_S = 0.5
_PRIORITIES = {logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}
_LOWEST_PRIORITY = 7
_NAMES = ("file", "job", "engine", "duration_s", "audio_s", "rtf", "checked", "doubtful", "retaken")
_FIELDS = tuple(f"narrated_{name}" for name in _NAMES)


def configure(level: str) -> None:
    """Log records of this level and above to stderr; a second call replaces the first.

    The journal gets structured records, a terminal rich's, anything else plain lines.
    """
    logging.basicConfig(level=logging.INFO, handlers=[_handler()], force=True)
    # Debug records of libraries would hide ours.
    logging.getLogger("narrated").setLevel(level)
    # It warns of lost events, and we scan the folder for each of those.
    logging.getLogger("watchdog").setLevel(logging.ERROR)


def fields(
    *,
    file: str | None = None,
    job: int | str | None = None,
    engine: str | None = None,
    duration_s: float | None = None,
    audio_s: float | None = None,
    rtf: float | None = None,
    checked: int | None = None,
    doubtful: int | None = None,
    retaken: int | None = None,
) -> dict[str, Any]:
    """The `extra` of a log call, which the journal keeps as fields.

    `duration_s` is the time of the work, `audio_s` the length of its sound, and `rtf` the real-time
    factor: the first divided by the second. The others count chunks: those whose takes were
    checked, those whose takes have faults, and those that were spoken more than once.
    """
    values = (file, job, engine, duration_s, audio_s, rtf, checked, doubtful, retaken)
    return {name: value for name, value in zip(_FIELDS, values, strict=True) if value is not None}


def _handler() -> logging.Handler:
    if _stderr_is_the_journal():
        return JournalHandler(JOURNAL)
    if sys.stderr.isatty():
        return _terminal_handler()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(PlainFormatter("%(asctime)s %(levelname)s %(message)s"))
    return handler


def _terminal_handler() -> logging.Handler:
    # rich is slow to import and most starts are not on a terminal.
    from rich.console import Console
    from rich.highlighter import NullHighlighter
    from rich.logging import RichHandler

    handler = RichHandler(
        console=Console(stderr=True), show_path=False, markup=False, highlighter=NullHighlighter()
    )
    handler.setFormatter(PlainFormatter("%(message)s"))
    return handler


def _stderr_is_the_journal() -> bool:
    """True if stderr is the stream that systemd connected to the journal.

    JOURNAL_STREAM alone is not enough: a process with a redirected stderr inherits it.
    """
    stream = os.environ.get("JOURNAL_STREAM", "")
    try:
        status = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return stream == f"{status.st_dev}:{status.st_ino}"


class PlainFormatter(logging.Formatter):
    """Formats a record as one line. The lines of a traceback follow, each with a mark."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = one_line(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:
        lines = super().formatException(ei).split("\n")
        return "\n".join(f"    | {one_line(line)}" for line in lines)


class JournalHandler(logging.Handler):
    """Writes records with their fields, by the journal's native protocol."""

    def __init__(self, socket_path: Path) -> None:
        super().__init__()
        # Not connected: each record finds the journal, even after its restart.
        self._transport = JournaldTransport(socket_path=socket_path, connected=False)
        self._transport.socket.settimeout(_SEND_S)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; to stderr if the journal cannot be reached."""
        try:
            message = one_line(_message(record))
        except (TypeError, ValueError):  # a format that does not fit its arguments
            self.handleError(record)
            return
        try:
            self._transport.send(self._pairs(record, message))
        except OSError:
            # stderr leads to the journal as well, and is buffered during its restart.
            sys.stderr.write(f"<{_priority(record)}>{message}\n")

    def close(self) -> None:
        """Close the socket."""
        self._transport.socket.close()
        super().close()

    def _pairs(self, record: logging.LogRecord, message: str) -> list[tuple[str, Any]]:
        pairs = {
            "MESSAGE": message,
            "PRIORITY": _priority(record),
            "SYSLOG_IDENTIFIER": "narrated",
            "LOGGER": record.name,
            "CODE_FILE": record.pathname,
            "CODE_LINE": record.lineno,
            "CODE_FUNC": record.funcName,
            **{name.upper(): _field(getattr(record, name, None)) for name in _FIELDS},
        }
        if record.exc_info:
            traceback = PlainFormatter().formatException(record.exc_info)
            pairs["TRACEBACK"] = traceback.encode(errors="backslashreplace")
        return list(pairs.items())


def _message(record: logging.LogRecord) -> str:
    error = record.exc_info[1] if record.exc_info else None
    # journalctl does not show the field with the traceback.
    suffix = f" ({type(error).__name__}: {error})" if error else ""
    return record.getMessage() + suffix


def _priority(record: logging.LogRecord) -> int:
    reached = (number for level, number in _PRIORITIES.items() if level <= record.levelno)
    return min(reached, default=_LOWEST_PRIORITY)


def _field(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value:.3f}"
    return printable(value) if isinstance(value, str) else value
