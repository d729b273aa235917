"""The commands about models and voices."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from narrated.cli.config_option import EXIT_FAILED, configuration, configuration_if_any
from narrated.errors import NarratedError

if TYPE_CHECKING:
    from narrated.config.values import Config
    from narrated.models.store import ModelStore

# As in cli.py, what a command needs is imported when it runs.


@click.group()
def models() -> None:
    """Look at the models, fetch them, or remove them; nothing else ever fetches any."""


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
@click.pass_context
def list_models(ctx: click.Context, as_json: bool) -> None:
    """Show the catalogue, and what of it is on this box."""
    import json

    from narrated.terminal.model_tables import ModelRow, rows, table

    config = configuration_if_any(ctx)
    found: list[ModelRow] = list(rows(_shelf(config), config))
    if as_json:
        click.echo(json.dumps([row.builtins() for row in found], indent=2))
        return
    for line in table(found):
        click.echo(line)


@models.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--update", is_flag=True, help="Take the newest revision, and hold to it from then.")
@click.option("--quiet", "-q", is_flag=True, help="No progress bar, no advice.")
@click.pass_context
def pull(ctx: click.Context, names: tuple[str, ...], update: bool, quiet: bool) -> None:
    """Fetch models by NAME or owner/name; without one, those that the configuration uses.

    What was fetched first is held to: a later pull mends or goes on, and changes nothing unless
    told to --update. HF_ENDPOINT names another hub, HF_TOKEN opens what is not for everybody.
    """
    from narrated.models.catalogue import entry
    from narrated.models.hub import Hub
    from narrated.models.pull import pull as fetch
    from narrated.models.references import uses
    from narrated.terminal.model_tables import PullProgress, pulled_lines

    config = configuration_if_any(ctx)
    used = uses(config) if config else {}
    wanted = dict.fromkeys(entry(name) for name in names or used)
    if not wanted:
        click.echo("The configuration uses no models. Name one: narrated models list")
    try:
        for each in wanted:
            with PullProgress(each, quiet=quiet) as watcher:
                pulled = fetch(each, _shelf(config), Hub(), watcher, update=update)
            for line in pulled_lines(pulled, used=each.repository in used, advice=not quiet):
                click.echo(line)
    except KeyboardInterrupt:
        click.echo("narrated: stopped; the same command goes on where it was", err=True)
        ctx.exit(EXIT_FAILED)


@models.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.pass_context
def verify(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Read every file of the models, and compare it with what was pulled.

    Exits with 1 when something is missing, changed, or was never pulled.
    """
    from narrated.terminal.model_tables import verification

    well = True
    for line in verification(_shelf(configuration_if_any(ctx)), names):
        well = well and line.well
        click.echo(line.text)
    ctx.exit(0 if well else EXIT_FAILED)


@models.command()
@click.argument("name")
@click.option("--force", is_flag=True, help="Even one that is used, or that was put there by hand.")
@click.pass_context
def remove(ctx: click.Context, name: str, force: bool) -> None:
    """Remove a model from this box."""
    from narrated.models.catalogue import entry
    from narrated.models.references import uses
    from narrated.models.remove import remove as discard
    from narrated.printable import printable

    config = configuration_if_any(ctx)
    repository = entry(name).repository
    keys = uses(config).get(repository, ()) if config else ()
    if config and keys and not force:
        raise NarratedError(
            f"{repository} is used by {' and '.join(f'`{key}`' for key in keys)} of "
            f"{config.source}.",
            f"Name another there first, or: narrated models remove --force {name}",
        )
    shelf = _shelf(config)
    left = discard(shelf, repository, force=force)
    click.echo(f"{repository} is removed.")
    for stranger in left:
        path = printable(str(shelf.place(repository) / stranger))
        click.echo(f"  {path} stays: it was not pulled")


@click.group()
def voices() -> None:
    """List, add and try voices."""


@voices.command("list")
@click.option("--engine", "-e", help="Of this engine alone.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
@click.pass_context
def list_voices(ctx: click.Context, engine: str | None, as_json: bool) -> None:
    """List the voices of the configured engines."""
    import json

    from narrated.terminal.daemon_client import DaemonClient
    from narrated.terminal.voice_tables import lines

    roll = DaemonClient(configuration_if_any(ctx)).roll()
    if as_json:
        told = {name: sorted(info.voices) for name, info in roll.engines.items() if info.voices}
        click.echo(json.dumps(told, indent=2))
        return
    for line in lines(roll, engine):
        click.echo(line)


@voices.command("add")
@click.argument(
    "sources",
    nargs=-1,
    required=True,
    metavar="FILE...",
    type=click.Path(exists=True, path_type=Path),
)
@click.option("--name", "-n", default="", help="What it is called; else as the file or folder.")
@click.option("--replace", is_flag=True, help="Instead of the one that has this name.")
@click.pass_context
def add_voice(ctx: click.Context, sources: tuple[Path, ...], name: str, replace: bool) -> None:
    """Add a voice of your own.

    For Tortoise a folder of clips, or clips (WAV, FLAC, Ogg, MP3: three or more, about ten seconds
    each, of one person), or the .pth of latents; for Bark the .npz that a tool for cloning wrote.
    """
    from narrated.terminal.voice_tables import added_lines
    from narrated.voices.install import add_voice

    added = add_voice(sources, configuration(ctx).models.voices, name, replace=replace, wait=_wait)
    for line in added_lines(added):
        click.echo(line)


def _wait(seconds: float) -> None:
    """Say why, since nothing is to be seen meanwhile."""
    if seconds:
        why = f"Its files are left alone for {seconds:g} s, so that they count as whole."
        click.echo(why, err=True)
        time.sleep(seconds)


@voices.command()
@click.argument("names", nargs=-1, required=True)
@click.option("--engine", "-e", help="Another engine than the configured one.")
@click.option("--text", "-t", help="What to say; else a sample.")
@click.option(
    "--output",
    "-o",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("audition"),
    show_default=True,
    help="The folder that gets a file for each voice.",
)
@click.pass_context
def audition(
    ctx: click.Context, names: tuple[str, ...], engine: str | None, text: str | None, output: Path
) -> None:
    """Have each of the voices NAMES say the same, to compare them."""
    from narrated.terminal.daemon_client import DaemonClient
    from narrated.terminal.voice_tables import SAMPLE, auditioned

    client = DaemonClient(configuration_if_any(ctx))
    for line in auditioned(client, names, engine, text or SAMPLE, output):
        click.echo(line)


def _shelf(config: "Config | None") -> "ModelStore":
    """The folder of the models that the configuration names, or that the first one would."""
    from narrated.config.file import unconfigured_models
    from narrated.models.store import ModelStore

    return ModelStore((config.models if config else unconfigured_models()).folder)
