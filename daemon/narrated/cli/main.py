"""The command line: prints, and exits with a code that says how it went."""

import sys
from pathlib import Path
from typing import Any

import click

from narrated import __version__
from narrated.cli import file_commands
from narrated.cli.config_option import (
    EXIT_ALREADY_RUNNING,
    EXIT_CONFIGURATION,
    EXIT_FAILED,
    EXIT_STORAGE,
    configuration,
)
from narrated.cli.engine_commands import engines
from narrated.cli.model_commands import models, voices
from narrated.errors import AlreadyRunning, ConfigurationError, NarratedError, StorageError

EPILOG = (
    "Exit codes: 0 done; 1 something failed, which was named; 2 wrong usage; "
    "3 the configuration cannot be used; 4 another daemon works on the same state; "
    "5 the state, cache or outbox cannot be written."
)


class ErrorReportingGroup(click.Group):
    """Turns our errors into one readable message and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except NarratedError as error:
            click.echo(f"narrated: {error.problem}", err=True)
            if error.remedy:
                click.echo(f"          {error.remedy}", err=True)
            ctx.exit(_exit_code(error))


def _exit_code(error: NarratedError) -> int:
    match error:
        case ConfigurationError():
            return EXIT_CONFIGURATION
        case AlreadyRunning():
            return EXIT_ALREADY_RUNNING
        case StorageError():
            return EXIT_STORAGE
    return EXIT_FAILED


# What a command needs is imported when it runs: `narrated --help` is there at once.


@click.group(
    cls=ErrorReportingGroup, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, prog_name="narrated")
@click.option(
    "--config",
    "-c",
    "config_path",
    type=click.Path(path_type=Path),
    help="The configuration; else NARRATED_CONFIG, yours, the system's.",
)
@click.pass_context
def main(ctx: click.Context, config_path: Path | None) -> None:
    """Reads dropped texts and pictures aloud, on your own machine."""
    ctx.obj = config_path


for command in (*file_commands.COMMANDS, engines, models, voices):
    main.add_command(command)


@main.command()
@click.pass_context
def run(ctx: click.Context) -> None:
    """Watch the inbox and narrate what is dropped, until told to stop."""
    import asyncio

    from narrated import logs
    from narrated.service.daemon import Daemon
    from narrated.systemd_notify import ServiceNotifier

    config = configuration(ctx)
    logs.configure(config.log.upper())
    with ServiceNotifier() as notifier:
        asyncio.run(Daemon(config, notifier).run())


@main.command()
@click.option("--quiet", "-q", is_flag=True, help="No progress bar, no list at the end.")
@click.pass_context
def once(ctx: click.Context, quiet: bool) -> None:
    """Narrate what is in the inbox now, and end."""
    import asyncio
    from contextlib import nullcontext

    from narrated import logs
    from narrated.service.daemon import Daemon
    from narrated.systemd_notify import ServiceNotifier
    from narrated.terminal.formatting import NarrationProgress, published

    config = configuration(ctx)
    logs.configure("WARNING" if config.log == "info" else config.log.upper())
    with (
        ServiceNotifier() as notifier,
        nullcontext(_unseen) if quiet else NarrationProgress() as on_tick,
    ):
        report = asyncio.run(Daemon(config, notifier).once(on_tick))
    for held in (*report.failed, *report.waiting):
        click.echo(_held(held.path, held.problem, held.remedy), err=True)
    if not quiet:
        for line in published(config.outbox):
            click.echo(line)
    for notice in report.notices:
        click.echo(f"narrated: {notice}", err=True)
    if not report.finished:
        click.echo("narrated: stopped before the end; it goes on where it was", err=True)
    well = report.finished and not (report.failed or report.waiting or report.notices)
    ctx.exit(0 if well else EXIT_FAILED)


@main.command()
@click.option("--watch", "-w", is_flag=True, help="Show it anew every second, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
@click.pass_context
def status(ctx: click.Context, watch: bool, as_json: bool) -> None:
    """Show what is being read, what waits, and what failed."""
    import json

    from narrated.terminal.daemon_client import DaemonClient
    from narrated.terminal.formatting import status_lines, watched

    client = DaemonClient(configuration(ctx))
    if as_json:
        click.echo(json.dumps(client.status(), indent=2))
    elif watch:
        watched(lambda: status_lines(client.status()))
    else:
        for line in status_lines(client.status()):
            click.echo(line)


@main.group()
def config() -> None:
    """Look at the configuration, or begin one."""


@config.command()
@click.pass_context
def check(ctx: click.Context) -> None:
    """Say whether the configuration can be used."""
    loaded = configuration(ctx)
    click.echo(f"{loaded.source} can be used.")


@config.command()
@click.pass_context
def show(ctx: click.Context) -> None:
    """Print the whole configuration in force, defaults and all."""
    from narrated.config.file import to_yaml

    click.echo(to_yaml(configuration(ctx)), nl=False)


@config.command()
@click.option("--inbox", type=click.Path(path_type=Path), help="Where files are dropped.")
@click.option("--outbox", type=click.Path(path_type=Path), help="Where narrations go.")
@click.option("--print", "only_print", is_flag=True, help="Print it, and write nothing.")
@click.pass_context
def init(ctx: click.Context, inbox: Path | None, outbox: Path | None, only_print: bool) -> None:
    """Write a commented configuration, unless there is one."""
    from narrated.config.file import create
    from narrated.install import commented

    home = Path.home() / "narrated"
    text = commented((inbox or home / "inbox").absolute(), (outbox or home / "outbox").absolute())
    if only_print:
        click.echo(text, nl=False)
        return
    path = create(ctx.find_root().obj, text)
    click.echo(f"{path} is written; edit it, then `narrated config check`.")


@main.command()
@click.pass_context
def doctor(ctx: click.Context) -> None:
    """Examine the box: rights, sync, disk, unit, encoders, GPU, models, voices."""
    from narrated.doctor.run_checks import examine
    from narrated.terminal.daemon_client import DaemonClient
    from narrated.terminal.formatting import finding_lines

    worst = 0
    config = configuration(ctx)
    for finding in examine(config, DaemonClient(config).roll):
        for line in finding_lines(finding):
            click.echo(line)
        worst = max(worst, int(finding.state == "wrong"))
    ctx.exit(EXIT_FAILED if worst else 0)


@main.command()
@click.option("--user", is_flag=True, help="For yourself alone; needs no root.")
@click.option("--inbox", type=click.Path(path_type=Path), help="Where files are dropped.")
@click.option("--outbox", type=click.Path(path_type=Path), help="Where narrations go.")
@click.option("--gpu", is_flag=True, help="Let the service use the GPU.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.pass_context
def install(
    ctx: click.Context,
    user: bool,
    inbox: Path | None,
    outbox: Path | None,
    gpu: bool,
    dry_run: bool,
) -> None:
    """Write unit, account, folders and configuration; changes no configuration you have."""
    from narrated.install import install as set_up

    given = ctx.find_root().obj
    for line in set_up(given, user=user, inbox=inbox, outbox=outbox, gpu=gpu, dry_run=dry_run):
        click.echo(line)


def _held(path: str, problem: str, remedy: str) -> str:
    from narrated.printable import printable

    return f"{printable(path)}: {problem} {remedy}".rstrip()


def _unseen(report: object) -> None:
    """Where nobody looks, nothing is drawn."""


if __name__ == "__main__":
    sys.exit(main())
