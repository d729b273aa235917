"""Commands about jobs and files: status, history, takes, retry, respeak, refresh and others."""

import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from narrated.cli.command_context import (
    CommandContext,
    exit_unless,
    json_option,
    print_json,
    print_lines,
)
from narrated.cli.completion import complete_file

if TYPE_CHECKING:
    from narrated.outbox.manifest_takes import ChunkTakes
    from narrated.service.take_listing import TakeReport

_MOST_REFUSED = 10

# Commands import their modules when they run: see main.py.


@click.command()
@click.option("--watch", "-w", is_flag=True, help="Show it every second, until Ctrl-C.")
@json_option
@click.pass_obj
def status(context: CommandContext, watch: bool, as_json: bool) -> None:
    """Show the files being read, waiting and failed, and the workers."""
    from narrated.terminal.command_reports import status_lines
    from narrated.terminal.command_reports import watch as redraw

    client = context.daemon_client(warns=False)
    if as_json:
        print_json(client.whole_status())
    elif watch:
        redraw(lambda: status_lines(context.daemon_client(warns=False).status()))
    else:
        print_lines(status_lines(client.status()))


@click.command()
@click.argument("file", shell_complete=complete_file)
@click.pass_obj
def history(context: CommandContext, file: str) -> None:
    """Show every version of FILE, and its outcome."""
    from narrated.terminal.command_reports import history_lines

    print_lines(history_lines(context.daemon_client().command("history", path=file)))


@click.command()
@click.argument("file", required=False, shell_complete=complete_file)
@click.option("--all", "lists_all", is_flag=True, help="List every chunk, with its verdict.")
@click.option("--play", "plays", is_flag=True, help="Play what is listed, one after the other.")
@json_option
@click.pass_obj
def takes(
    context: CommandContext, file: str | None, lists_all: bool, plays: bool, as_json: bool
) -> None:
    """List the doubtful takes of FILE: when they are heard, and what is wrong with them.

    Each comes with the command that speaks it again. Of a folder, or without FILE, it lists the
    narrations that have some.
    """
    from narrated.service.take_listing import DoubtfulNarrations

    if as_json and plays:
        raise click.UsageError("Give either --json, or --play.")
    client = context.daemon_client()
    if file is None:
        if lists_all or plays:
            raise click.UsageError("Give a FILE with --all or --play.")
        _print_doubtful(client.doubtful(), as_json)
        return
    report = client.takes(file, lists_all=lists_all)
    if isinstance(report, DoubtfulNarrations):
        if plays:
            raise click.UsageError(f"{file} is a folder. Name a file with --play.")
        _print_doubtful(report.narrations, as_json, file)
    elif as_json:
        import msgspec

        print_json(msgspec.to_builtins(report))
    else:
        sound = client.take_sound(report) if plays else None
        _print_takes(report, sound, lists_all)


def _print_doubtful(narrations: Sequence[tuple[str, int]], as_json: bool, folder: str = "") -> None:
    from narrated.printable import printable
    from narrated.terminal.take_lines import doubtful_line

    if as_json:
        print_json([{"path": path, "doubtful": count} for path, count in narrations])
    elif narrations:
        print_lines(doubtful_line(path, count) for path, count in narrations)
        click.echo("narrated takes FILE lists those of a file")
    else:
        click.echo(
            f"No narration{f' in {printable(folder)}' if folder else ''} has doubtful takes."
        )


def _print_takes(report: "TakeReport", sound: Path | None, lists_all: bool) -> None:
    from narrated.terminal.take_lines import chunk_lines, listed_chunks, summary_lines

    print_lines(summary_lines(report, lists_all=lists_all))
    listed = listed_chunks(report, lists_all=lists_all)
    chunks: Iterable[ChunkTakes] = listed
    if sound is not None and listed:
        from narrated.terminal.take_playback import played

        chunks = played(sound, listed)
    for each in chunks:
        print_lines(chunk_lines(report, each))
        sys.stdout.flush()  # the words come before the sound


@click.command()
@click.argument("file", shell_complete=complete_file)
@json_option
@click.pass_obj
def ignored(context: CommandContext, file: str, as_json: bool) -> None:
    """Say whether FILE is read or ignored, and by which rule."""
    from narrated.terminal.command_reports import verdict_lines

    verdict = context.daemon_client().ignored(file)
    if as_json:
        print_json(verdict)
    else:
        print_lines(verdict_lines(verdict))


@click.command()
@click.argument("file", required=False, shell_complete=complete_file)
@click.option("--failed", is_flag=True, help="Retry every failed file.")
@click.pass_obj
def retry(context: CommandContext, file: str | None, failed: bool) -> None:
    """Retry FILE, or every failed file."""
    if bool(file) == failed:
        raise click.UsageError("Give either a FILE, or --failed.")
    _run_user_command(context, "retry", "tried again", path=file)


@click.command()
@click.argument("file", required=False, shell_complete=complete_file)
@click.option("--at", metavar="MM:SS", help="Respeak only the line at this time.")
@click.option(
    "--doubtful",
    is_flag=True,
    help="Respeak only doubtful takes; FILE may be a folder, or left out for all.",
)
@click.pass_obj
def respeak(context: CommandContext, file: str | None, at: str | None, doubtful: bool) -> None:
    """Speak FILE again, with a new take of each chunk."""
    if doubtful and at is not None:
        raise click.UsageError("Give either --at, or --doubtful.")
    if doubtful:
        _respeak_doubtful(context, file)
    elif file is None:
        raise click.UsageError("Give a FILE, or --doubtful.")
    else:
        _run_user_command(context, "respeak", "spoken again", path=file, at_s=_seconds(at))


def _respeak_doubtful(context: CommandContext, path: str | None) -> None:
    from narrated.terminal.command_reports import respoken_lines

    client = context.daemon_client()
    outcome = client.command("respeak_doubtful", path=path)
    print_lines(respoken_lines(outcome, path, is_served=client.is_served))
    refused = outcome["refused"]
    for _, problem, remedy in refused[:_MOST_REFUSED]:
        click.echo(f"narrated: {problem}\n          {remedy}", err=True)
    if (more := len(refused) - _MOST_REFUSED) > 0:
        click.echo(f"narrated: {more:,} more cannot be spoken again", err=True)
    exit_unless(not refused)


@click.command()
@click.argument("path", required=False, shell_complete=complete_file)
@click.option(
    "--check", is_flag=True, help="Only check the takes that are published, and respeak bad ones."
)
@click.pass_obj
def refresh(context: CommandContext, path: str | None, check: bool) -> None:
    """Narrate PATH (a file, a folder, or everything) again, with today's configuration."""
    if check:
        if not _run_user_command(context, "check", "checked", path=path):
            click.echo("nothing else is to be checked")
    elif not _run_user_command(context, "refresh", "narrated again", path=path):
        click.echo(
            "nothing else is to be narrated again; `narrated status` lists what is under way"
        )


@click.command()
@click.argument("file", shell_complete=complete_file)
@click.pass_obj
def cancel(context: CommandContext, file: str) -> None:
    """Cancel the work on FILE. Published files stay."""
    _run_user_command(context, "cancel", "cancelled", path=file)


@click.command()
@click.option("--quiet", "-q", is_flag=True, help="Print nothing if it is accepted.")
@click.pass_obj
def reload(context: CommandContext, quiet: bool) -> None:
    """Have the daemon read its configuration again, and wait until it has."""
    from narrated.terminal.reload_request import request_reload

    request_reload(context.path)
    if not quiet:
        click.echo("the configuration is reloaded; it applies to new versions of files")


def _run_user_command(context: CommandContext, verb: str, done: str, **request: Any) -> bool:
    """Run a command, and report each path that it affects; False if there is none."""
    from narrated.printable import printable

    client = context.daemon_client()
    affected = client.command(verb, **request)
    for path in affected:
        when = "" if client.is_served or verb == "cancel" else " when the daemon starts"
        click.echo(f"{printable(path)} is {done}{when}")
    return bool(affected)


_PART = re.compile(r"\d{1,9}(\.\d*)?", re.ASCII)


def _seconds(at: str | None) -> float | None:
    """Parse MM:SS, HH:MM:SS or plain seconds."""
    if at is None:
        return None
    parts = at.split(":")
    # After a colon no part reaches 60: 0:99 is a slip, of which nobody knows the sense.
    are_well = all(_PART.fullmatch(part) for part in parts) and all(
        float(part) < 60 for part in parts[1:]
    )
    if not are_well or len(parts) > 3:
        raise click.BadParameter(f"{at} is not a time. Write it as MM:SS.", param_hint="--at")
    return sum(float(part) * 60.0**place for place, part in enumerate(reversed(parts)))


COMMANDS = (status, history, takes, ignored, retry, respeak, refresh, cancel, reload)
