"""The sounds of an audition: played one after another, or written into a folder."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from narrated.errors import NarratedError, StorageError
from narrated.printable import printable
from narrated.terminal.one_off_speech import Interrupted
from narrated.terminal.player import play, players_for

_IN_FILES = "have files written: --output FOLDER"

Speak = Callable[[Path], float]
"""Speaks into a file, and returns the length of the sound in seconds."""


class AuditionOutput:
    """A folder for what is spoken. Without one that the user named, each sound is played."""

    def __init__(self, folder: Path, *, plays: bool) -> None:
        self._folder = folder
        self._plays = plays
        self._count = 0

    def put(self, speak: Speak, stem: str, shown: str) -> None:
        """Have a file spoken, name it, and play it. Errors: NarratedError."""
        name = f"{self._count}.wav" if self._plays else f"{stem.replace('/', '-')}.mp3"
        self._count += 1
        file = self._folder / name
        try:
            seconds = speak(file)
        except Interrupted as ended:
            click.echo("narrated: stopped", err=True)
            raise click.exceptions.Exit(128 + ended.number) from None
        click.echo(f"{printable(shown if self._plays else str(file))}: {seconds:.1f} s")
        if self._plays:
            _play(file)


@contextmanager
def audition_output(folder: Path | None) -> Iterator[AuditionOutput]:
    """Open the folder; without one, files are gone at the end.

    Errors: NarratedError, if it cannot be made, or nothing plays sound here.
    """
    if folder is None:
        _refuse_without_player()
    else:
        _make(folder)
    with nullcontext(folder) if folder else TemporaryDirectory() as place:
        yield AuditionOutput(Path(place), plays=folder is None)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"The folder {printable(str(folder))} cannot be made: {error.strerror}.",
            "Name another folder, in which you may write: --output FOLDER.",
        ) from error


def _refuse_without_player() -> None:
    try:
        players_for(Path("voice.wav"))
    except NarratedError as error:
        remedy = f"Install one, such as mpv or alsa-utils, or {_IN_FILES}."
        raise NarratedError(error.problem, remedy) from error


def _play(file: Path) -> None:
    sys.stdout.flush()  # the name comes before the sound
    try:
        play(file)
    except NarratedError as error:
        problem = error.problem.replace(printable(str(file)), "The voice", 1)
        remedy = f"Check the sound of this machine, or {_IN_FILES}."
        raise NarratedError(problem, remedy) from error
