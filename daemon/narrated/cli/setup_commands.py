"""Commands that set up and check this machine: config, doctor, install, engines install."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from narrated.cli.command_context import EXIT_INTERRUPTED, CommandContext, exit_unless, print_lines
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
    """Install engines whose libraries conflict with narrated's own."""


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
    """Install the code of the engine NAME, beside narrated or --apart.

    Run it again to complete an interrupted installation. It changes nothing that is complete.
    """
    from narrated.environments.engine_install import install_in_place, install_in_venv
    from narrated.environments.engine_packages import package_of
    from narrated.terminal.command_reports import installed_apart_lines, installed_in_place_lines
    from narrated.terminal.progress_bars import InstallProgress

    if python and not apart:
        raise click.UsageError("--python needs --apart FOLDER.")
    package = package_of(name)
    click.echo(f"Installing {package.package}. This may take minutes …", err=True)
    try:
        with InstallProgress(package.package) as on_line:
            if apart:
                interpreter = install_in_venv(package, apart, python or sys.executable, on_line)
                lines = installed_apart_lines(package, interpreter)
            else:
                lines = installed_in_place_lines(package, install_in_place(package, on_line))
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
