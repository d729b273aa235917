"""The file that a command writes its sound into: refused early, whole or not there at all."""

import errno
import os
import select
import shlex
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from narrated.atomic_write import draft_name
from narrated.audio.formats import FORMATS
from narrated.errors import NarratedError, StorageError
from narrated.os_error_remedies import storage_error
from narrated.printable import printable

PIPE = "-"
_POLL_S = 0.1
_ELSEWHERE = "Name a file in another folder: --output FILE."


@dataclass(frozen=True, slots=True)
class SoundOutput:
    """A target that may be written, as far as one can tell before anything is spoken."""

    file: Path | None
    """None for stdout."""
    format: str
    replaces: bool = False
    """True if a file there may be replaced."""

    @classmethod
    def checked(cls, name: Path, format: str = "", *, replaces: bool = False) -> "SoundOutput":
        """Check a target; its suffix chooses the format unless `format` names one.

        Errors: NarratedError for a suffix of no format, a file that is there, or a terminal;
        StorageError for a folder that is missing or may not be written.
        """
        if str(name) == PIPE:
            if sys.stdout.isatty():
                raise NarratedError(
                    "The sound is not written to a terminal.",
                    "Name a file, or pipe it to another program: narrated … -o - | mpv -",
                )
            return cls(None, format or "mp3")
        if name.is_dir():
            raise _is_folder(name)
        found = _format_of(name)
        if format not in ("", found):
            raise NarratedError(
                f"{printable(str(name))} does not end in {FORMATS[format].suffix}.",
                "Leave out --format: the suffix chooses it.",
            )
        real = Path(os.path.realpath(name))
        if real.suffix.lower() != name.suffix.lower():
            link, target = printable(str(name)), printable(str(real))
            raise NarratedError(
                f"{link} is a link to {target}, another kind of file.",
                "Name another file: --output FILE.",
            )
        output = cls(real, found, replaces)
        output._check_free()
        _check_folder(name, real.parent)
        return output

    def put(self, sound: Path, stopped: threading.Event | None = None) -> None:
        """Bring a finished sound here, unless it is `stopped` before all is written.

        Errors: NarratedError if a file came there; StorageError. An error of stdout is an OSError.
        """
        stopped = stopped or threading.Event()
        if self.file is None:
            _write_to_stdout(sound, stopped)
            return
        try:
            with _draft_beside(self.file) as draft:
                shutil.copyfile(sound, draft)
                if not stopped.is_set():
                    self._rename(draft)
        except OSError as error:
            problem = storage_error(error, str(self.file)).problem
            is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            remedy = f"Free some space there. {_ELSEWHERE}" if is_full else _ELSEWHERE
            raise StorageError(problem, remedy) from error

    def _rename(self, draft: Path) -> None:
        assert self.file is not None
        if self.replaces:
            draft.replace(self.file)
            return
        try:
            os.link(draft, self.file)  # unlike a rename, it replaces nothing
        except FileExistsError:
            raise self._there() from None
        except OSError:  # a file system without links
            self._check_free()
            draft.replace(self.file)

    def _check_free(self) -> None:
        assert self.file is not None
        if not os.path.lexists(self.file):
            return
        if not self.file.is_file():
            raise NarratedError(
                f"{printable(str(self.file))} is no regular file; narrated did not touch it.",
                "Name another file: --output FILE.",
            )
        if not self.replaces:
            raise self._there()

    def _there(self) -> NarratedError:
        return NarratedError(
            f"{printable(str(self.file))} is there already; narrated did not change it.",
            "Name another file with --output FILE, or have it replaced with --force.",
        )


def _write_to_stdout(sound: Path, stopped: threading.Event) -> None:
    """Write a file in pieces that a pipe takes at once, so that nobody who reads none blocks us."""
    output = sys.stdout.buffer
    with sound.open("rb") as source:
        while piece := source.read(select.PIPE_BUF):
            while not select.select([], [output], [], _POLL_S)[1]:
                if stopped.is_set():
                    return
            output.write(piece)
            output.flush()


@contextmanager
def _draft_beside(file: Path) -> Iterator[Path]:
    draft = file.with_name(draft_name())
    try:
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def _is_folder(output: Path) -> NarratedError:
    example = output / "post.mp3"
    return NarratedError(
        f"{printable(str(output))} is a folder.",
        f"Name a file in it: --output {printable(shlex.quote(str(example)))}.",
    )


def _check_folder(output: Path, folder: Path) -> None:
    """Refuse a folder that cannot be written: of a link, that of its target."""
    if not folder.is_dir():
        why = f"there is no folder {printable(str(folder))}"
    elif not os.access(folder, os.W_OK):
        why = "you may not write there"
    else:
        return
    raise StorageError(f"{printable(str(output))} cannot be written: {why}.", _ELSEWHERE)


def _format_of(output: Path) -> str:
    suffixes = {audio_format.suffix: name for name, audio_format in FORMATS.items()}
    if found := suffixes.get(output.suffix.lower()):
        return found
    raise NarratedError(
        f"The suffix of {printable(str(output))} is not an audio format that narrated writes.",
        f"Use one of {', '.join(suffixes)}.",
    )
