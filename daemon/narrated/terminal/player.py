"""Plays sound files with a player program of this machine."""

import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from narrated.errors import NarratedError
from narrated.printable import printable

_SNDFILE = (".wav", ".flac", ".ogg", ".opus", ".mp3")
_ALL = (*_SNDFILE, ".m4a")
_COPY = "Or copy the file to a machine with speakers."
_STOPPED = (-signal.SIGINT, 128 + signal.SIGINT, -signal.SIGTERM, 128 + signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Player:
    """A program that plays a file and ends, without a window."""

    command: tuple[str, ...]
    suffixes: Sequence[str]
    """The files that it plays."""

    @property
    def name(self) -> str:
        """The program's name, found in PATH."""
        return self.command[0]

    def plays(self, file: Path) -> bool:
        """True if it plays files of this suffix."""
        return file.suffix.lower() in self.suffixes


# The sound servers' own first: they fail at once if nothing can be heard.
PLAYERS = (
    Player(("pw-play",), _SNDFILE),
    Player(("paplay",), _SNDFILE),
    Player(("aplay", "-q"), (".wav",)),
    Player(("mpv", "--no-video", "--no-terminal"), _ALL),
    Player(("ffplay", "-nodisp", "-autoexit", "-loglevel", "error"), _ALL),
    Player(("play", "-q"), _SNDFILE),
    Player(("cvlc", "--quiet", "--play-and-exit"), _ALL),
)


def players_for(file: Path) -> tuple[Player, ...]:
    """The players of this machine for a file, best first; it need not exist yet.

    Errors: NarratedError if there is none. Ask before you make a sound that nobody could hear.
    """
    present = [player for player in PLAYERS if shutil.which(player.name)]
    fitting = tuple(player for player in present if player.plays(file))
    if fitting:
        return fitting
    if present:
        names = " and ".join(player.name for player in present)
        raise NarratedError(
            f"No player of this machine plays {file.suffix} files: there is only {names}.",
            f"Install mpv or ffmpeg, or have a .wav written. {_COPY}",
        )
    names = ", ".join(player.name for player in PLAYERS)
    raise NarratedError(
        f"There is no player to hear it with: none of {names} is in PATH.",
        f"Install one, such as mpv or alsa-utils. {_COPY}",
    )


def play(file: Path) -> None:
    """Play a sound file to its end. If a player fails, the next one tries.

    Errors: NarratedError if there is no player, or none can play.
    """
    failures = []
    for player in players_for(file):
        why = _failure(player, file)
        if not why:
            return
        failures.append(f"{player.name} says: {why}")
    raise could_not_play(printable(str(file)), failures)


def could_not_play(what: str, failures: Sequence[str]) -> NarratedError:
    """The error of a sound that no player could play."""
    return NarratedError(
        f"{what} could not be played. {'; '.join(failures)}.",
        f"Check the sound of this machine. {_COPY}",
    )


def was_stopped(code: int) -> bool:
    """True if a player's exit code says that somebody stopped it."""
    return code in _STOPPED


def last_line(said: bytes, code: int) -> str:
    """The reason that a player failed, from its messages or else its exit code."""
    lines = said.decode(errors="replace").strip().splitlines()
    return printable(lines[-1]).strip(" .") if lines else f"exit code {code}"


def _failure(player: Player, file: Path) -> str:
    """Run a player. Returns the reason that it failed; empty if it played, or was stopped."""
    path = str(file.absolute())  # it begins with no dash
    ended = subprocess.run(
        [*player.command, path], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    code = ended.returncode
    return "" if code == 0 or was_stopped(code) else last_line(ended.stderr, code)


def how_to_play(file: Path) -> str:
    """A command that plays a file, with a player of this machine if there is one."""
    name = str(file)
    quoted = printable(shlex.quote(f"./{name}" if name.startswith("-") else name))
    player = next(filter(shutil.which, _names(file)), None)
    return f"Hear it:  {player} {quoted}" if player else f"Hear it:  open {quoted} in any player"


def how_to_open(page: str) -> str:
    """A command that opens a page in a browser, if this machine has one; else its address."""
    opener = next(filter(shutil.which, ("xdg-open", "open")), None)
    return printable(f"{opener} {shlex.quote(page)}" if opener else Path(page).as_uri())


def _names(file: Path) -> Iterator[str]:
    """Names of programs that play a file if one types its name alone."""
    yield from ("mpv", "ffplay", "vlc")
    yield from (player.name for player in PLAYERS if player.plays(file))
    yield from ("xdg-open", "open")
