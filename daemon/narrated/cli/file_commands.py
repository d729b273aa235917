"""The commands about files of the inbox, and about single texts and pictures."""

from pathlib import Path
from typing import Any

import click

from narrated.cli.config_option import EXIT_FAILED, configuration, configuration_if_any

# As in cli.py, what a command needs is imported when it runs.


@click.command()
@click.argument("file", required=False, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--check",
    "folder",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="All of a folder instead, as the inbox would read it: how much of each file is said and "
    "what is skipped. Pictures are found but not captioned. Exits with 1 when one was not read.",
)
@click.option("--all", "every_skip", is_flag=True, help="With --check: list all that is skipped.")
@click.option("--json", "as_json", is_flag=True, help="The whole plan, or check, as JSON.")
@click.pass_context
def script(
    ctx: click.Context, file: Path | None, folder: Path | None, every_skip: bool, as_json: bool
) -> None:
    """Print what would be said of FILE, with pauses, chunks and what is skipped."""
    if (file is None) == (folder is None):
        raise click.UsageError("Name either a FILE, or a folder with --check DIR.")
    if folder is not None:
        _print_check(ctx, folder, every_skip, as_json)
    elif every_skip:
        raise click.UsageError("--all goes with --check DIR; of a FILE all is shown anyway.")
    elif file is not None:
        _print_script(ctx, file, as_json)


def _print_script(ctx: click.Context, file: Path, as_json: bool) -> None:
    import json
    import shlex
    import shutil

    import msgspec

    from narrated.printable import printable
    from narrated.script.preview import WIDTH, preview_lines
    from narrated.terminal.daemon_client import DaemonClient

    if file.is_dir():
        typed = printable(shlex.quote(str(file)))
        raise click.UsageError(f"That is a folder; check it with: narrated script --check {typed}")
    plan = DaemonClient(configuration_if_any(ctx)).plan(file)
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(plan), indent=2))
        return
    for line in preview_lines(plan, shutil.get_terminal_size((WIDTH, 0)).columns):
        click.echo(line)


def _print_check(ctx: click.Context, folder: Path, every_skip: bool, as_json: bool) -> None:
    import json

    from narrated.terminal.daemon_client import DaemonClient
    from narrated.terminal.folder_check_report import FolderCheckProgress, builtins, lines

    client = DaemonClient(configuration_if_any(ctx))
    with FolderCheckProgress() as tell:
        check = client.check(folder, tell)
    if as_json:
        click.echo(json.dumps(builtins(check), indent=2))
    else:
        for line in lines(check, every_skip=every_skip):
            click.echo(line)
    ctx.exit(EXIT_FAILED if check.failed else 0)


@click.command()
@click.argument("text")
@click.option("--voice", "-v", help="Another voice of the configured engine.")
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("said.mp3"),
    show_default=True,
    help="Where to; the suffix chooses the format.",
)
@click.pass_context
def say(ctx: click.Context, text: str, voice: str | None, output: Path) -> None:
    """Speak TEXT into a file."""
    from narrated.terminal.daemon_client import DaemonClient
    from narrated.terminal.formatting import how_to_play

    seconds = DaemonClient(configuration_if_any(ctx)).say(text, voice, output)
    click.echo(f"{output}: {seconds:.1f} s")
    click.echo(how_to_play(output))


@click.command()
@click.argument("image", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_context
def describe(ctx: click.Context, image: Path) -> None:
    """Print what the captioner says of IMAGE."""
    from narrated.terminal.daemon_client import DaemonClient

    click.echo(DaemonClient(configuration_if_any(ctx)).describe(image))


@click.command()
@click.argument("file")
@click.pass_context
def history(ctx: click.Context, file: str) -> None:
    """Show every version of FILE and how it ended."""
    from narrated.terminal.daemon_client import DaemonClient
    from narrated.terminal.formatting import history_lines

    for line in history_lines(DaemonClient(configuration(ctx)).command("history", path=file)):
        click.echo(line)


@click.command()
@click.argument("file", required=False)
@click.option("--failed", is_flag=True, help="Every file that failed.")
@click.pass_context
def retry(ctx: click.Context, file: str | None, failed: bool) -> None:
    """Try FILE again, or all that failed."""
    if bool(file) == failed:
        raise click.UsageError("Name a FILE, or give --failed.")
    _set_in_motion(ctx, "retry", "tried again", path=file)


@click.command()
@click.argument("file")
@click.option("--at", metavar="MM:SS", help="Only the line heard at this time.")
@click.pass_context
def respeak(ctx: click.Context, file: str, at: str | None) -> None:
    """Speak FILE again in another take."""
    _set_in_motion(ctx, "respeak", "spoken again", path=file, at_s=_seconds(at))


@click.command()
@click.argument("path", required=False)
@click.pass_context
def refresh(ctx: click.Context, path: str | None) -> None:
    """Narrate PATH (a file, a folder, or everything) by today's configuration."""
    _set_in_motion(ctx, "refresh", "made anew", path=path)


@click.command()
@click.argument("file")
@click.pass_context
def cancel(ctx: click.Context, file: str) -> None:
    """Stop what is being done for FILE; what is published stays."""
    _set_in_motion(ctx, "cancel", "cancelled", path=file)


def _set_in_motion(ctx: click.Context, verb: str, done: str, **request: Any) -> None:
    from narrated.printable import printable
    from narrated.terminal.daemon_client import DaemonClient

    client = DaemonClient(configuration(ctx))
    for path in client.command(verb, **request):
        when = "" if client.is_served or verb == "cancel" else " when the daemon starts"
        click.echo(f"{printable(path)} is {done}{when}")


def _seconds(at: str | None) -> float | None:
    """MM:SS, HH:MM:SS or plain seconds, as seconds."""
    if at is None:
        return None
    try:
        parts = [float(part) for part in at.split(":")]
    except ValueError:
        parts = []
    if not 1 <= len(parts) <= 3:
        raise click.BadParameter(f"{at} is no time; write it as MM:SS.", param_hint="--at")
    seconds = 0.0
    for part in parts:
        seconds = seconds * 60 + part
    return seconds


COMMANDS = (script, say, describe, history, retry, respeak, refresh, cancel)
