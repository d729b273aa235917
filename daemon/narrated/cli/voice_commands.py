"""Commands about voices: list, add, audition."""

import sys
import time
from functools import partial
from pathlib import Path

import click

from narrated.cli.command_context import CommandContext, json_option, print_json, print_lines
from narrated.cli.command_group import CommandGroup
from narrated.cli.completion import complete_engine, complete_voice, complete_voice_filter

# Commands import their modules when they run: see main.py.


@click.group(cls=CommandGroup)
def voices() -> None:
    """List, add and try voices."""


@voices.command("list")
@click.argument("filters", metavar="[FILTER]...", nargs=-1, shell_complete=complete_voice_filter)
@click.option(
    "--engine", "-e", shell_complete=complete_engine, help="List the voices of this engine only."
)
@json_option
@click.pass_obj
def list_voices(
    context: CommandContext, filters: tuple[str, ...], engine: str | None, as_json: bool
) -> None:
    """List voices with language, accent and sex, as far as they are known.

    A FILTER is a language or its code (english, en, en-gb), an accent (british), a sex (female) or
    an engine. Several must all fit. The default voice is the one that speaks unless a file, a
    folder or an option names another.
    """
    from dataclasses import asdict

    from narrated.terminal.voice_list import fitting_voices, missing_engines, voice_lines
    from narrated.terminal.voice_list import list_voices as voices_of

    config = context.config_if_any
    probe = context.client(config).probe_engines()
    missing = missing_engines(config, probe)
    engine = engine or next((each for each in filters if each in missing), None)
    fitting = fitting_voices(voices_of(config, probe, engine), filters)
    for name, why in missing.items():
        if engine in (None, name):
            click.echo(f"narrated: {name} is not listed: {why}", err=True)
    if as_json:
        print_json([asdict(each) for each in fitting])
    else:
        print_lines(voice_lines(fitting, for_people=sys.stdout.isatty()))


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
    voice cloning tool. For Piper give the .onnx file of a trained voice, with its .onnx.json
    beside it.
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


@voices.command()
@click.argument("names", nargs=-1, required=True, shell_complete=complete_voice)
@click.option(
    "--engine",
    "-e",
    shell_complete=complete_engine,
    help="Use the voices of this engine; by default the first that has one of the name.",
)
@click.option("--text", "-t", help="Speak this text instead of a sample in the voice's language.")
@click.option(
    "--output",
    "-o",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write one file for each voice into this folder, and play none.",
)
@click.pass_obj
def audition(
    context: CommandContext,
    names: tuple[str, ...],
    engine: str | None,
    text: str | None,
    output: Path | None,
) -> None:
    """Speak the same text with each of the voices NAMES, and play it, to compare them.

    Without a text of yours, each voice speaks its own language, if narrated has a sample of it.
    """
    from narrated.terminal.audition import candidates
    from narrated.terminal.audition_output import audition_output

    config = context.config_if_any
    client = context.client(config)
    with audition_output(output) as sounds:
        for each in candidates(config, names, engine):
            speak = partial(each.speak, client, text)
            sounds.put(speak, each.voice, f"{each.voice} of {each.engine}")
