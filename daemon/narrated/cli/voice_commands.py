"""Commands about voices: list, add, audition."""

import time
from pathlib import Path

import click

from narrated.cli.command_context import CommandContext, json_option, print_json, print_lines
from narrated.cli.command_group import CommandGroup
from narrated.cli.completion import complete_engine, complete_voice

# Commands import their modules when they run: see main.py.

SAMPLE = (
    "Hello. This is how I sound when I read a post to you, "
    "with a number such as 42, and a question at the end: shall I go on?"
)


@click.group(cls=CommandGroup)
def voices() -> None:
    """List, add and try voices."""


@voices.command("list")
@click.option(
    "--engine", "-e", shell_complete=complete_engine, help="List the voices of this engine only."
)
@json_option
@click.pass_obj
def list_voices(context: CommandContext, engine: str | None, as_json: bool) -> None:
    """List the voices of the configured engines."""
    from narrated.terminal.command_reports import voice_lines

    probe = context.client(context.config_if_any).probe_engines()
    if as_json:
        known = probe.engines.items()
        print_json({name: sorted(info.voices) for name, info in known if info.voices})
    else:
        print_lines(voice_lines(probe, engine))


@voices.command("add")
@click.argument(
    "sources",
    nargs=-1,
    required=True,
    metavar="FILE...",
    type=click.Path(exists=True, path_type=Path),
)
@click.option("--name", "-n", default="", help="Name the voice; by default like its file.")
@click.option("--replace", is_flag=True, help="Replace the voice of the same name.")
@click.pass_obj
def add_voice(context: CommandContext, sources: tuple[Path, ...], name: str, replace: bool) -> None:
    """Add a voice of your own.

    For Tortoise give a folder of clips, or the clips (WAV, FLAC, Ogg or MP3; three or more, about
    ten seconds each, of one person), or a .pth file of latents. For Bark give the .npz file of a
    voice cloning tool.
    """
    from narrated.terminal.command_reports import added_lines
    from narrated.voices.install import add_voice as install_voice

    folder = context.config.models.voices
    print_lines(added_lines(install_voice(sources, folder, name, replace=replace, wait=_wait)))


def _wait(seconds: float) -> None:
    """Wait, and tell the user why nothing happens meanwhile."""
    if seconds:
        why = f"Waiting {seconds:g} s to see that the files no longer change …"
        click.echo(why, err=True)
        time.sleep(seconds)


def _make_folder(folder: Path) -> None:
    from narrated.errors import StorageError
    from narrated.printable import printable

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"The folder {printable(str(folder))} cannot be made: {error.strerror}.",
            "Name another folder, in which you may write: --output FOLDER.",
        ) from error


@voices.command()
@click.argument("names", nargs=-1, required=True, shell_complete=complete_voice)
@click.option(
    "--engine",
    "-e",
    shell_complete=complete_engine,
    help="Use this engine instead of the configured one.",
)
@click.option("--text", "-t", help="Speak this text instead of a sample.")
@click.option(
    "--output",
    "-o",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("audition"),
    show_default=True,
    help="Write one file for each voice into this folder.",
)
@click.pass_obj
def audition(
    context: CommandContext,
    names: tuple[str, ...],
    engine: str | None,
    text: str | None,
    output: Path,
) -> None:
    """Speak the same text with each of the voices NAMES, to compare them."""
    from narrated.printable import printable

    client = context.client(context.config_if_any)
    _make_folder(output)
    for voice in names:
        file = output / f"{voice.replace('/', '-')}.mp3"
        seconds = client.say(text or SAMPLE, voice, file, engine=engine)
        click.echo(f"{printable(str(file))}: {seconds:.1f} s")
