"""Commands that set up and check this machine: config, doctor, install, engines."""

import sys
from pathlib import Path
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
from narrated.cli.completion import complete_package

if TYPE_CHECKING:
    from narrated.config.values import Config

# Commands import their modules when they run: see main.py.


@click.group(cls=CommandGroup)
def config() -> None:
    """Check, show or write the configuration."""


@config.command()
@click.pass_obj
def check(context: CommandContext) -> None:
    """Check the configuration, and that the engines it names have what they need.

    Also those that a .narrated.yaml in the inbox names.
    Exits with 1 if a package, a model, a voice, the lexicon or a sound file is missing.
    """
    from narrated.doctor.engine_requirements import check_requirements
    from narrated.doctor.finding import Severity
    from narrated.doctor.folder_engines import check_folder_engines
    from narrated.doctor.lexicon import check_lexicon
    from narrated.doctor.sound_files import check_sound_files
    from narrated.terminal.command_reports import check_verdict, finding_lines

    config = _compared(context.config)
    findings = [
        *check_requirements(config),
        *check_lexicon(config),
        *check_sound_files(config),
        *check_folder_engines(config),
    ]
    for finding in findings:
        if finding.severity != Severity.WELL:
            print_lines(finding_lines(finding))
    wrong = sum(each.severity == Severity.WRONG for each in findings)
    click.echo(check_verdict(str(config.source), wrong))
    exit_unless(not wrong)


@config.command()
@click.pass_obj
def show(context: CommandContext) -> None:
    """Print the whole configuration, with the defaults."""
    from narrated.config.file import to_yaml

    click.echo(to_yaml(context.config), nl=False)


@config.command()
@click.option("--inbox", type=click.Path(path_type=Path), help="Read files from this folder.")
@click.option("--outbox", type=click.Path(path_type=Path), help="Write narrations to this folder.")
@click.option("--print", "only_print", is_flag=True, help="Print it instead.")
@click.pass_obj
def init(
    context: CommandContext, inbox: Path | None, outbox: Path | None, only_print: bool
) -> None:
    """Write a commented configuration, if there is none."""
    from narrated.config.file import create, default_path
    from narrated.install import first_config

    text = first_config(context.path or default_path(), inbox, outbox)
    if only_print:
        click.echo(text, nl=False)
        return
    path = create(context.path, text)
    click.echo(f"{path} is written. Edit it, then run `narrated config check`.")


@click.command()
@click.pass_obj
def doctor(context: CommandContext) -> None:
    """Check this machine: rights, sync, disk, unit, encoders, GPU, models, voices."""
    from narrated.doctor.run_checks import run_checks
    from narrated.terminal.command_reports import finding_lines

    is_well = True
    config = _compared(context.config)
    for finding in run_checks(config, context.client(config).probe_engines):
        print_lines(finding_lines(finding))
        is_well = is_well and finding.severity != "wrong"
    exit_unless(is_well)


@click.command()
@click.option("--user", is_flag=True, help="Install for yourself only; needs no root.")
@click.option("--inbox", type=click.Path(path_type=Path), help="Read files from this folder.")
@click.option("--outbox", type=click.Path(path_type=Path), help="Write narrations to this folder.")
@click.option("--gpu", is_flag=True, help="Let the service use the GPU.")
@click.option("--dry-run", is_flag=True, help="Print the steps, and do nothing.")
@click.pass_obj
def install(
    context: CommandContext,
    user: bool,
    inbox: Path | None,
    outbox: Path | None,
    gpu: bool,
    dry_run: bool,
) -> None:
    """Install the service: unit, account, folders, configuration. Keeps your configuration."""
    from narrated.install import install

    print_lines(
        install(context.path, user=user, inbox=inbox, outbox=outbox, gpu=gpu, dry_run=dry_run)
    )


@click.group(cls=CommandGroup)
def engines() -> None:
    """List engines, and install their libraries."""


@engines.command("list")
@click.option(
    "--does",
    type=click.Choice(["speech", "caption", "hearing"]),
    metavar="KIND",
    help="List one kind only: speech, caption or hearing.",
)
@json_option
@click.pass_obj
def list_engines(context: CommandContext, does: str | None, as_json: bool) -> None:
    """List engines with their state here, memory, device, speed and licence.

    Those of narrated, of other packages and of the configuration. NEXT is the command that brings
    what an engine lacks. Nothing is loaded.
    """
    from contextlib import suppress
    from dataclasses import asdict

    from narrated.config.file import unconfigured_models
    from narrated.errors import NarratedError
    from narrated.terminal.engine_list import engine_rows, engine_table, note_lines
    from narrated.terminal.model_room import measured_models, model_room

    config = context.config_if_any
    client = context.client(config)
    room = model_room(config.models if config else unconfigured_models())
    rates = []
    with suppress(NarratedError):  # a table without speeds is one, too
        rates = client.rates()
    rows = engine_rows(config, room, measured_models(client), rates)
    rows = [row for row in rows if does in (None, row.does)]
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    print_lines(engine_table(rows))
    click.echo()
    print_lines([*note_lines(rows), *room.lines()])


@engines.command("install")
@click.argument("name", shell_complete=complete_package)
@click.option(
    "--apart",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Make an environment in this folder, with the libraries that the engine pins.",
)
@click.option(
    "--python",
    metavar="INTERPRETER",
    help="Use this interpreter for --apart; by default narrated's own.",
)
def install_engine(name: str, apart: Path | None, python: str | None) -> None:
    """Install the libraries of the engine NAME, beside narrated or --apart.

    `narrated engines list` names those that lack theirs. Run it again to complete an interrupted
    installation. It changes nothing that is complete.
    """
    from narrated.environments.engine_install import (
        install_extra,
        install_in_place,
        install_in_venv,
    )
    from narrated.environments.engine_packages import EngineExtra, installable
    from narrated.terminal.command_reports import (
        installed_apart_lines,
        installed_extra_lines,
        installed_in_place_lines,
    )
    from narrated.terminal.progress_bars import InstallProgress

    if python and not apart:
        raise click.UsageError("--python needs --apart FOLDER.")
    code = installable(name)
    if isinstance(code, EngineExtra) and apart:
        raise click.UsageError(
            f"--apart is not for {name}: its libraries do not conflict with narrated's own."
        )
    what = f"the libraries of {name}" if isinstance(code, EngineExtra) else code.package
    click.echo(f"Installing {what}. This may take minutes …", err=True)
    try:
        with InstallProgress(what) as on_line:
            if isinstance(code, EngineExtra):
                lines = installed_extra_lines(code, install_extra(code, on_line))
            elif apart:
                interpreter = install_in_venv(code, apart, python or sys.executable, on_line)
                lines = installed_apart_lines(code, interpreter)
            else:
                lines = installed_in_place_lines(code, install_in_place(code, on_line))
    except KeyboardInterrupt:
        click.echo("narrated: stopped; run the same command again to continue", err=True)
        raise click.exceptions.Exit(EXIT_INTERRUPTED) from None
    print_lines(lines)


def _compared(config: "Config") -> "Config":
    """Refuse folders that overlap by a link or a mount. Errors: ConfigurationError."""
    import asyncio

    from narrated.service.housekeeping.folder_overlaps import FolderOverlaps

    asyncio.run(FolderOverlaps(lambda: config).look(config))
    return config


COMMANDS = (config, doctor, install, engines)
