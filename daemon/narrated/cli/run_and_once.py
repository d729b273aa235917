"""Commands that run the daemon in this process: `run` until stopped, `once` for present files."""

import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING

import click

from narrated.cli.command_context import CommandContext, exit_unless, print_lines

if TYPE_CHECKING:
    from narrated.service.status_report import StatusReport

# Commands import their modules when they run: see main.py.


@click.command()
@click.pass_obj
def run(context: CommandContext) -> None:
    """Run the daemon: watch the inbox and narrate dropped files, until stopped."""
    _end_by_signals()
    import asyncio

    from narrated import logs
    from narrated.service.daemon import Daemon
    from narrated.systemd_notify import ServiceNotifier

    config = context.config
    logs.configure(config.log.upper())
    with ServiceNotifier() as notifier:
        asyncio.run(Daemon(config, notifier).run())


@click.command()
@click.option("--quiet", "-q", is_flag=True, help="Print no progress and no list of narrations.")
@click.pass_obj
def once(context: CommandContext, quiet: bool) -> None:
    """Narrate the files that are in the inbox now, and exit."""
    import asyncio
    from contextlib import nullcontext

    from narrated import logs
    from narrated.service.daemon import Daemon
    from narrated.systemd_notify import ServiceNotifier
    from narrated.terminal.command_reports import held_lines, podcast_lines, published_lines
    from narrated.terminal.progress_bars import NarrationProgress

    config = context.config
    logs.configure("WARNING" if config.log == "info" else config.log.upper())
    progress = nullcontext(lambda report: None) if quiet else NarrationProgress()
    with ServiceNotifier() as notifier, progress as on_tick:
        report = asyncio.run(Daemon(config, notifier, one_pass=True).once(on_tick))
    _print_problems(report)
    if not quiet:
        print_lines(published_lines(config.outbox))
        print_lines(held_lines(report.held_back, report.held_back_count))
        print_lines(podcast_lines(report.feeds, report.page))
    told = {f"{each.problem} {each.remedy}".rstrip() for each in report.failed}
    for notice in report.notices:
        if notice not in told:  # of folder settings that are wrong
            click.echo(f"narrated: {notice}", err=True)
    if not report.finished:
        click.echo("narrated: stopped before the end; the next run continues from here", err=True)
    exit_unless(report.finished and not (report.failed or report.waiting or report.notices))


def _end_by_signals() -> None:
    """Have a stop end this process with code 0 while it imports modules, before the daemon runs.

    SIGHUP does nothing then, since the configuration is still to be read.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    signal.signal(signal.SIGHUP, lambda number, frame: None)  # children would inherit SIG_IGN


def _end(number: int, frame: FrameType | None) -> None:
    sys.exit(0)


def _print_problems(report: "StatusReport") -> None:
    from narrated.printable import printable

    for file in (*report.failed, *report.waiting):
        line = f"{printable(file.path)}: {file.problem} {file.remedy}"
        click.echo(line.rstrip(), err=True)
    for path, reason in report.arriving:
        click.echo(f"{printable(path)} is not read: {reason}", err=True)


COMMANDS = (run, once)
