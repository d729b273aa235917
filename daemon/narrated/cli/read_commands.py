"""Commands that speak a given document or text, once, into a file."""

import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from narrated.cli.command_context import CommandContext
from narrated.cli.completion import complete_engine, complete_file, complete_voice

if TYPE_CHECKING:
    from narrated.terminal.given_document import GivenDocument
    from narrated.terminal.one_off_speech import Delivery

# Commands import their modules when they run: see main.py.

Command = TypeVar("Command", bound=Callable[..., Any])
_FORMATS = ("mp3", "opus", "ogg", "m4a", "flac", "wav")


def _number(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    """Refuse `nan`: Click has it in any range."""
    if value is not None and math.isnan(value):
        raise click.BadParameter("nan is no number.")
    return value


voice_options = (
    click.option(
        "--voice", "-v", default="", shell_complete=complete_voice, help="Speak with this voice."
    ),
    click.option(
        "--engine", "-e", default="", shell_complete=complete_engine, help="Speak with this engine."
    ),
    click.option(
        "--speed",
        type=click.FloatRange(0.5, 2.0),
        callback=_number,
        help="Speak so many times faster than the engine does by itself.",
    ),
)
output_options = (
    click.option(
        "--output",
        "-o",
        type=click.Path(path_type=Path),
        help="Write to this file; its suffix chooses the format. - is stdout.",
    ),
    click.option("--force", "-f", is_flag=True, help="Replace the file if it is there."),
    click.option(
        "--format",
        type=click.Choice(_FORMATS),
        metavar="FORMAT",
        help=f"Write {', '.join(_FORMATS[:-1])} or wav; by default mp3.",
    ),
    click.option(
        "--play",
        is_flag=True,
        help="Play it while it is made; without -o no file is written.",
    ),
    click.option("--quiet", "-q", is_flag=True, help="Print no progress and no result."),
)


def _with(options: tuple[Callable[[Command], Command], ...]) -> Callable[[Command], Command]:
    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


@click.command()
@click.argument(
    "file",
    metavar="FILE|-",
    type=click.Path(exists=True, readable=False, allow_dash=True, path_type=Path),
    shell_complete=complete_file,
)
@_with(output_options)
@_with(voice_options)
@click.option(
    "--as",
    "read_as",
    type=click.Choice(("md", "txt", "html")),
    metavar="FORMAT",
    help="Read the text as md, txt or html; by default its suffix tells, or its beginning.",
)
@click.pass_obj
def read(context: CommandContext, /, file: Path, read_as: str | None, **options: Any) -> None:
    """Read FILE aloud into a sound file: any text or picture, a gallery's folder, or - for stdin.

    Writes NAME.mp3 into the present folder, unless you name another file. Needs no configuration,
    no inbox and no daemon.
    """
    from narrated.terminal.given_document import (
        document_of_file,
        document_of_stdin,
        gallery_of_folder,
    )

    file = gallery_of_folder(file)
    if file.is_dir():
        raise click.UsageError(f"{file} is a folder. Name one file, or run `narrated once`.")
    if str(file) == "-":
        given = document_of_stdin(read_as or "")
    else:
        given = document_of_file(context.config_if_any, file, read_as or "")
    _speak(context, given, **options)


@click.command()
@click.argument("words", metavar="[TEXT]...", nargs=-1)
@_with(output_options)
@_with(voice_options)
@click.pass_obj
def say(context: CommandContext, /, words: tuple[str, ...], **options: Any) -> None:
    """Speak TEXT, or the text that comes from stdin, into a file.

    Writes said.mp3 into the present folder, unless you name another file.
    """
    from narrated.terminal.given_document import GIVE_A_TEXT, document_of_text, stdin_bytes

    if not words and sys.stdin.isatty():
        raise click.UsageError("Give a TEXT, or pipe one: echo Hello | narrated say")
    is_piped = words in ((), ("-",))
    said = stdin_bytes(GIVE_A_TEXT) if is_piped else " ".join(words).encode(errors="replace")
    _speak(context, document_of_text(context.config_if_any, said), **options)


def _speak(
    context: CommandContext,
    given: "GivenDocument",
    *,
    quiet: bool,
    play: bool,
    voice: str,
    engine: str,
    speed: float | None,
    **output_options: Any,
) -> None:
    from narrated.terminal.one_off_speech import Interrupted, VoiceWish, narrate_into
    from narrated.terminal.playback import SOUND
    from narrated.terminal.player import players_for
    from narrated.terminal.reading_progress import ReadingProgress

    if play:
        players_for(SOUND)  # refuse it now, not once all is spoken
    file, delivery = _delivery(given.stem, play=play, **output_options)
    config = context.config_if_any
    daemon, wish = context.client(config).socket, VoiceWish(engine, voice, speed)
    try:
        with ReadingProgress(given.shown, quiet=quiet) as progress:
            seconds = narrate_into(config, given, wish, delivery, progress, daemon=daemon)
    except Interrupted as ended:
        click.echo("narrated: stopped; the same command goes on from here", err=True)
        raise click.exceptions.Exit(128 + ended.number) from None
    if file is not None and not quiet:
        _print_result(file, seconds, is_played=play)


def _delivery(
    stem: str, *, output: Path | None, force: bool, format: str | None, play: bool
) -> tuple[Path | None, "Delivery"]:
    """Return the file to be written, and where the sound goes. Errors: as SoundOutput.checked."""
    from narrated.terminal.one_off_speech import Delivery
    from narrated.terminal.sound_output import PIPE, SoundOutput

    if play and output is None:
        return None, Delivery(None, plays=True)
    file = output or Path(f"{stem}.{format or 'mp3'}")
    target = SoundOutput.checked(file, format or "", replaces=force)
    return None if str(file) == PIPE else file, Delivery(target, play)


def _print_result(file: Path, seconds: float, *, is_played: bool) -> None:
    from narrated.printable import printable
    from narrated.terminal.player import how_to_play

    click.echo(f"{printable(str(file))}: {seconds:.1f} s")
    if not is_played:
        click.echo(how_to_play(file))


COMMANDS = (read, say)
