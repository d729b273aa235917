"""Commands about voices: list, add, audition."""

import time
from pathlib import Path

import click

from narrated.cli.command_context import configuration, configuration_if_any

# Commands import their modules when they run: see main.py.


@click.group()
def voices() -> None:
    """List, add and try voices."""


@voices.command("list")
@click.option("--engine", "-e", help="List the voices of this engine only.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
@click.pass_context
def list_voices(ctx: click.Context, engine: str | None, as_json: bool) -> None:
    """List the voices of the configured engines."""
    import json

    from narrated.terminal.daemon_client import DaemonClient
    from narrated.terminal.voice_tables import voice_lines

    probe = DaemonClient(configuration_if_any(ctx)).probe_engines()
    if as_json:
        by_engine = {name: sorted(info.voices) for name, info in probe.engines.items()}
        listed = {name: known for name, known in by_engine.items() if known}
        click.echo(json.dumps(listed, indent=2))
        return
    for line in voice_lines(probe, engine):
        click.echo(line)


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
@click.pass_context
def add_voice(ctx: click.Context, sources: tuple[Path, ...], name: str, replace: bool) -> None:
    """Add a voice of your own.

    For Tortoise give a folder of clips, or the clips (WAV, FLAC, Ogg or MP3; three or more, about
    ten seconds each, of one person), or a .pth file of latents. For Bark give the .npz file of a
    voice cloning tool.
    """
    from narrated.terminal.voice_tables import added_lines
    from narrated.voices.install import add_voice as install_voice

    folder = configuration(ctx).models.voices
    added = install_voice(sources, folder, name, replace=replace, wait=_wait)
    for line in added_lines(added):
        click.echo(line)


def _wait(seconds: float) -> None:
    """Wait, and tell the user why nothing happens meanwhile."""
    if seconds:
        why = f"Waiting {seconds:g} s to see that the files no longer change …"
        click.echo(why, err=True)
        time.sleep(seconds)


@voices.command()
@click.argument("names", nargs=-1, required=True)
@click.option("--engine", "-e", help="Use this engine instead of the configured one.")
@click.option("--text", "-t", help="Speak this text instead of a sample.")
@click.option(
    "--output",
    "-o",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("audition"),
    show_default=True,
    help="Write one file for each voice into this folder.",
)
@click.pass_context
def audition(
    ctx: click.Context, names: tuple[str, ...], engine: str | None, text: str | None, output: Path
) -> None:
    """Speak the same text with each of the voices NAMES, to compare them."""
    from narrated.terminal import voice_tables
    from narrated.terminal.daemon_client import DaemonClient

    client = DaemonClient(configuration_if_any(ctx))
    for line in voice_tables.audition(client, names, engine, text or voice_tables.SAMPLE, output):
        click.echo(line)
