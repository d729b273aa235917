"""The `narrated` command: commands of the daemon and the machine, and the exit codes."""

import sys
from pathlib import Path
from typing import Any

import click

from narrated import __version__
from narrated.cli import file_commands
from narrated.cli.command_context import EXIT_FAILED, configuration
from narrated.cli.engine_commands import engines
from narrated.cli.model_commands import models
from narrated.cli.voice_commands import voices
from narrated.errors import AlreadyRunning, ConfigurationError, NarratedError, StorageError

EXIT_CONFIGURATION = 3
EXIT_ALREADY_RUNNING = 4
EXIT_STORAGE = 5
EPILOG = (
    "Exit codes: 0 done; 1 a file or command failed, as printed; 2 wrong usage; "
    "3 the configuration cannot be used; 4 another daemon works on the same state; "
    "5 the state, cache or outbox cannot be written."
)


class ErrorReportingGroup(click.Group):
    """Prints a NarratedError as a message with its remedy, and exits with its code."""

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


# Each command imports its modules when it runs, so that `narrated --help` starts fast.


@click.group(
    cls=ErrorReportingGroup, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, prog_name="narrated")
@click.option(
    "--config",
    "-c",
    "config_path",
    type=click.Path(path_type=Path),
    help="Use this configuration file; by default $NARRATED_CONFIG, yours, or the system's.",
)
@click.pass_context
def main(ctx: click.Context, config_path: Path | None) -> None:
    """Read dropped texts and pictures aloud, on your own machine."""
    ctx.obj = config_path


for command in (*file_commands.COMMANDS, engines, models, voices):
    main.add_command(command)


@main.command()
@click.pass_context
def run(ctx: click.Context) -> None:
    """Run the daemon: watch the inbox and narrate dropped files, until stopped."""
    import asyncio

    from narrated import logs
    from narrated.service.daemon import Daemon
    from narrated.systemd_notify import ServiceNotifier

    config = configuration(ctx)
    logs.configure(config.log.upper())
    with ServiceNotifier() as notifier:
        asyncio.run(Daemon(config, notifier).run())


@main.command()
@click.option("--quiet", "-q", is_flag=True, help="Print no progress and no list of narrations.")
@click.pass_context
def once(ctx: click.Context, quiet: bool) -> None:
    """Narrate the files that are in the inbox now, and exit."""
    import asyncio
    from contextlib import nullcontext

    from narrated import logs
    from narrated.service.daemon import Daemon
    from narrated.systemd_notify import ServiceNotifier
    from narrated.terminal.formatting import published_lines
    from narrated.terminal.progress_bars import NarrationProgress

    config = configuration(ctx)
    logs.configure("WARNING" if config.log == "info" else config.log.upper())
    with (
        ServiceNotifier() as notifier,
        nullcontext(_ignore_report) if quiet else NarrationProgress() as on_tick,
    ):
        report = asyncio.run(Daemon(config, notifier).once(on_tick))
    for file in (*report.failed, *report.waiting):
        click.echo(_problem_line(file.path, file.problem, file.remedy), err=True)
    if not quiet:
        for line in published_lines(config.outbox):
            click.echo(line)
    for notice in report.notices:
        click.echo(f"narrated: {notice}", err=True)
    if not report.finished:
        click.echo("narrated: stopped before the end; the next run continues from here", err=True)
    well = report.finished and not (report.failed or report.waiting or report.notices)
    ctx.exit(0 if well else EXIT_FAILED)


@main.command()
@click.option("--watch", "-w", is_flag=True, help="Show it every second, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
@click.pass_context
def status(ctx: click.Context, watch: bool, as_json: bool) -> None:
    """Show the files being read, waiting and failed, and the workers."""
    import json

    from narrated.terminal.daemon_client import DaemonClient
    from narrated.terminal.formatting import status_lines
    from narrated.terminal.formatting import watch as redraw

    client = DaemonClient(configuration(ctx))
    if as_json:
        click.echo(json.dumps(client.status(), indent=2))
    elif watch:
        redraw(lambda: status_lines(client.status()))
    else:
        for line in status_lines(client.status()):
            click.echo(line)


@main.group()
def config() -> None:
    """Check, show or write the configuration."""


@config.command()
@click.pass_context
def check(ctx: click.Context) -> None:
    """Check the configuration."""
    loaded = configuration(ctx)
    click.echo(f"{loaded.source} can be used.")


@config.command()
@click.pass_context
def show(ctx: click.Context) -> None:
    """Print the whole configuration, with the defaults."""
    from narrated.config.file import to_yaml

    click.echo(to_yaml(configuration(ctx)), nl=False)


@config.command()
@click.option("--inbox", type=click.Path(path_type=Path), help="Read files from this folder.")
@click.option("--outbox", type=click.Path(path_type=Path), help="Write narrations to this folder.")
@click.option("--print", "only_print", is_flag=True, help="Print it instead.")
@click.pass_context
def init(ctx: click.Context, inbox: Path | None, outbox: Path | None, only_print: bool) -> None:
    """Write a commented configuration, if there is none."""
    from narrated.config.file import create
    from narrated.install import commented

    home = Path.home() / "narrated"
    text = commented((inbox or home / "inbox").absolute(), (outbox or home / "outbox").absolute())
    if only_print:
        click.echo(text, nl=False)
        return
    path = create(ctx.find_root().obj, text)
    click.echo(f"{path} is written. Edit it, then run `narrated config check`.")


@main.command()
@click.pass_context
def doctor(ctx: click.Context) -> None:
    """Check this machine: rights, sync, disk, unit, encoders, GPU, models, voices."""
    from narrated.doctor.run_checks import run_checks
    from narrated.terminal.daemon_client import DaemonClient
    from narrated.terminal.formatting import finding_lines

    is_wrong = False
    config = configuration(ctx)
    for finding in run_checks(config, DaemonClient(config).probe_engines):
        for line in finding_lines(finding):
            click.echo(line)
        is_wrong = is_wrong or finding.severity == "wrong"
    ctx.exit(EXIT_FAILED if is_wrong else 0)


@main.command()
@click.option("--user", is_flag=True, help="Install for yourself only; needs no root.")
@click.option("--inbox", type=click.Path(path_type=Path), help="Read files from this folder.")
@click.option("--outbox", type=click.Path(path_type=Path), help="Write narrations to this folder.")
@click.option("--gpu", is_flag=True, help="Let the service use the GPU.")
@click.option("--dry-run", is_flag=True, help="Print the steps, and do nothing.")
@click.pass_context
def install(
    ctx: click.Context,
    user: bool,
    inbox: Path | None,
    outbox: Path | None,
    gpu: bool,
    dry_run: bool,
) -> None:
    """Install the service: unit, account, folders, configuration. Keeps your configuration."""
    from narrated.install import install as install_service

    path = ctx.find_root().obj
    for line in install_service(
        path, user=user, inbox=inbox, outbox=outbox, gpu=gpu, dry_run=dry_run
    ):
        click.echo(line)


def _problem_line(path: str, problem: str, remedy: str) -> str:
    from narrated.printable import printable

    return f"{printable(path)}: {problem} {remedy}".rstrip()


def _ignore_report(report: object) -> None:
    """Draw no progress, for --quiet."""


if __name__ == "__main__":
    sys.exit(main())
