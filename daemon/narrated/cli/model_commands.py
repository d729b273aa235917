"""Commands about models: list, pull, verify, remove."""

from typing import TYPE_CHECKING

import click

from narrated.cli.command_context import (
    EXIT_INTERRUPTED,
    CommandContext,
    exit_unless,
    json_option,
    print_json,
    print_lines,
)
from narrated.cli.command_group import CommandGroup
from narrated.cli.completion import complete_model
from narrated.errors import NarratedError

if TYPE_CHECKING:
    from narrated.config.values import Config
    from narrated.models.store import ModelStore

# Commands import their modules when they run: see main.py.


@click.group(cls=CommandGroup)
def models() -> None:
    """List, fetch, verify and remove models. Only `pull` downloads anything."""


@models.command("list")
@json_option
@click.pass_obj
def list_models(context: CommandContext, as_json: bool) -> None:
    """List models with their size, their memory, and whether they fit this machine.

    The catalogue, and all that is in the model folder. A model fits if its weights and its work
    have room within the memory that models may take; models that fit alone take turns.
    """
    from dataclasses import asdict

    from narrated.config.file import unconfigured_models
    from narrated.terminal.model_list import model_rows, model_table, use_lines
    from narrated.terminal.model_room import measured_models, model_room

    config = context.config_if_any
    store = _model_store(config)
    room = model_room(config.models if config else unconfigured_models())
    measured = measured_models(context.client(config))
    rows = list(model_rows(store, config, room, measured))
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    print_lines(model_table(rows))
    click.echo()
    print_lines([*use_lines(rows), *room.lines()])


@models.command()
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete_model)
@click.option("--update", is_flag=True, help="Fetch the newest revision, and lock that.")
@click.option("--quiet", "-q", is_flag=True, help="Print no progress and no advice.")
@click.option("--accept-licence", is_flag=True, help="Accept licences that forbid commercial use.")
@click.pass_obj
def pull(
    context: CommandContext,
    names: tuple[str, ...],
    update: bool,
    quiet: bool,
    accept_licence: bool,
) -> None:
    """Fetch models by NAME or owner/name; without one, the configured models.

    The first pull locks a model's revision. A later pull repairs or resumes that revision;
    only --update changes it. It names the licence of the weights, and asks before one that
    forbids commercial use. HF_ENDPOINT names another hub, HF_TOKEN opens private models.
    """
    from narrated.models.catalogue import configured_models, with_parts
    from narrated.models.hub import Hub
    from narrated.models.pull import pull as pull_model
    from narrated.terminal.model_reports import pulled_lines
    from narrated.terminal.progress_bars import PullProgress

    config = context.config_if_any
    used = configured_models(config) if config else {}
    wanted = dict.fromkeys(each for name in names or used for each in with_parts(name))
    if not wanted:
        click.echo("The configuration uses no models. Choose one from: narrated models list")
    try:
        for entry in wanted:
            progress = PullProgress(entry.repository, quiet=quiet, accepts_licence=accept_licence)
            with progress as observer:
                pulled = pull_model(entry, _model_store(config), Hub(), observer, update=update)
            is_used = entry.repository in used
            print_lines(pulled_lines(pulled, used=is_used, advice=not quiet))
    except KeyboardInterrupt:
        click.echo("narrated: stopped; run the same command again to continue", err=True)
        raise click.exceptions.Exit(EXIT_INTERRUPTED) from None


@models.command()
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete_model)
@click.pass_obj
def verify(context: CommandContext, names: tuple[str, ...]) -> None:
    """Read every file of the models, and compare it with what was pulled.

    Exits with 1 if a file is missing, changed, or was never pulled.
    """
    from narrated.terminal.model_reports import verification

    is_well = True
    for verdict in verification(_model_store(context.config_if_any), names):
        print_lines(verdict.lines)
        is_well = is_well and verdict.well
    exit_unless(is_well)


@models.command()
@click.argument("name", shell_complete=complete_model)
@click.option("--force", is_flag=True, help="Remove it even if it is in use, or was not pulled.")
@click.pass_obj
def remove(context: CommandContext, name: str, force: bool) -> None:
    """Remove a model from this machine."""
    from narrated.models.catalogue import configured_models, find_model
    from narrated.models.store import remove_model
    from narrated.printable import printable

    config = context.config_if_any
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
    from narrated.service.state_access import refusal

    if config and (refused := refusal(config.models.folder)):
        raise refused
    return ModelStore((config.models if config else unconfigured_models()).folder)
