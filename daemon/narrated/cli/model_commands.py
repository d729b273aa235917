"""Commands about models: list, pull, verify, remove."""

from typing import TYPE_CHECKING

import click

from narrated.cli.command_context import EXIT_FAILED, configuration_if_any
from narrated.errors import NarratedError

if TYPE_CHECKING:
    from narrated.config.values import Config
    from narrated.models.store import ModelStore

# Commands import their modules when they run: see main.py.


@click.group()
def models() -> None:
    """List, fetch, verify and remove models. Only `pull` downloads anything."""


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
@click.pass_context
def list_models(ctx: click.Context, as_json: bool) -> None:
    """List the catalogue, and the models on this machine."""
    import json

    from narrated.terminal.model_tables import model_rows, model_table

    config = configuration_if_any(ctx)
    rows = list(model_rows(_model_store(config), config))
    if as_json:
        click.echo(json.dumps([row.builtins() for row in rows], indent=2))
        return
    for line in model_table(rows):
        click.echo(line)


@models.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--update", is_flag=True, help="Fetch the newest revision, and lock that.")
@click.option("--quiet", "-q", is_flag=True, help="Print no progress and no advice.")
@click.pass_context
def pull(ctx: click.Context, names: tuple[str, ...], update: bool, quiet: bool) -> None:
    """Fetch models by NAME or owner/name; without one, the configured models.

    The first pull locks a model's revision. A later pull repairs or resumes that revision;
    only --update changes it. HF_ENDPOINT names another hub, HF_TOKEN opens private models.
    """
    from narrated.models.catalogue import configured_models, find_model
    from narrated.models.hub import Hub
    from narrated.models.pull import pull as pull_model
    from narrated.terminal.model_tables import pulled_lines
    from narrated.terminal.progress_bars import PullProgress

    config = configuration_if_any(ctx)
    used = configured_models(config) if config else {}
    wanted = dict.fromkeys(find_model(name) for name in names or used)
    if not wanted:
        click.echo("The configuration uses no models. Choose one from: narrated models list")
    try:
        for entry in wanted:
            with PullProgress(entry.repository, quiet=quiet) as observer:
                pulled = pull_model(entry, _model_store(config), Hub(), observer, update=update)
            for line in pulled_lines(pulled, used=entry.repository in used, advice=not quiet):
                click.echo(line)
    except KeyboardInterrupt:
        click.echo("narrated: stopped; run the same command again to continue", err=True)
        ctx.exit(EXIT_FAILED)


@models.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.pass_context
def verify(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Read every file of the models, and compare it with what was pulled.

    Exits with 1 if a file is missing, changed, or was never pulled.
    """
    from narrated.terminal.model_tables import verification

    well = True
    for line in verification(_model_store(configuration_if_any(ctx)), names):
        well = well and line.well
        click.echo(line.text)
    ctx.exit(0 if well else EXIT_FAILED)


@models.command()
@click.argument("name")
@click.option("--force", is_flag=True, help="Remove it even if it is in use, or was not pulled.")
@click.pass_context
def remove(ctx: click.Context, name: str, force: bool) -> None:
    """Remove a model from this machine."""
    from narrated.models.catalogue import configured_models, find_model
    from narrated.models.store import remove_model
    from narrated.printable import printable

    config = configuration_if_any(ctx)
    repository = find_model(name).repository
    keys = configured_models(config).get(repository, ()) if config else ()
    if config and keys and not force:
        raise NarratedError(
            f"{repository} is in use, by {' and '.join(f'`{key}`' for key in keys)} of "
            f"{config.source}.",
            f"Configure another model there first, or: narrated models remove --force {name}",
        )
    store = _model_store(config)
    left = remove_model(store, repository, force=force)
    click.echo(f"{repository} is removed.")
    for file in left:
        path = printable(str(store.folder_of(repository) / file))
        click.echo(f"  {path} stays, because no pull wrote it.")


def _model_store(config: "Config | None") -> "ModelStore":
    """The configured model folder; without a configuration, the default one."""
    from narrated.config.file import unconfigured_models
    from narrated.models.store import ModelStore

    return ModelStore((config.models if config else unconfigured_models()).folder)
