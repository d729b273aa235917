"""WebVTT transcripts: the words of a narration with their times."""

from dataclasses import dataclass
from pathlib import Path

from narrated.os_error_remedies import storing
from narrated.printable import encodable

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


@dataclass(frozen=True, slots=True)
class TranscriptCue:
    """Words with their start and end."""

    start_s: float
    end_s: float
    text: str


class WebVttWriter:
    """A WebVTT file that grows on the disk, cue by cue in the order of time.

    Errors: StorageError.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with storing(str(path)):
            self._file = path.open("w", encoding="utf-8", newline="\n")
            self._file.write("WEBVTT\n")

    def append(self, cue: TranscriptCue) -> None:
        """Write one cue; a cue without words is left out."""
        words = _payload(cue.text)
        if words:
            with storing(str(self._path)):
                self._file.write(f"\n{_timing(cue)}\n{words}\n")

    def close(self) -> None:
        """Write the buffered rest; a second close does nothing."""
        with storing(str(self._path)):
            self._file.close()


def _payload(text: str) -> str:
    """The text escaped and on one line, so that it cannot end its cue or forge another."""
    return " ".join(encodable(text).split()).translate(_ESCAPES)


def _timing(cue: TranscriptCue) -> str:
    start = max(0, round(cue.start_s * 1000))
    end = max(start + 1, round(cue.end_s * 1000))  # a cue must end after it starts
    return f"{clock(start)} --> {clock(end)}"


def clock(milliseconds: int) -> str:
    """Write a time as HH:MM:SS.mmm."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{rest:03}"
