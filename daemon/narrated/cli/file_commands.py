"""Commands about files of the inbox, and about single texts and pictures."""

from pathlib import Path
from typing import Any

import click

from narrated.cli.command_context import EXIT_FAILED, configuration, configuration_if_any

# Commands import their modules when they run: see main.py.


@click.command()
@click.argument("file", required=False, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--check",
    "folder",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Check a whole folder instead: print the coverage of each file, and the skipped parts. "
    "Pictures are not captioned. Exits with 1 if a file cannot be read.",
)
@click.option("--all", "every_skip", is_flag=True, help="With --check: list every skipped part.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
@click.pass_context
def script(
    ctx: click.Context, file: Path | None, folder: Path | None, every_skip: bool, as_json: bool
) -> None:
    """Print the script of FILE: text, pauses, chunks and skipped parts."""
    if (file is None) == (folder is None):
        raise click.UsageError("Give either a FILE, or a folder with --check DIR.")
    if folder is not None:
        _print_check(ctx, folder, every_skip, as_json)
    elif every_skip:
        raise click.UsageError(
            "--all goes with --check DIR; for a FILE every skipped part is printed anyway."
        )
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
        raise click.UsageError(f"FILE is a folder. Check it with: narrated script --check {typed}")
    draft = DaemonClient(configuration_if_any(ctx)).draft(file)
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(draft), indent=2))
        return
    for line in preview_lines(draft, shutil.get_terminal_size((WIDTH, 0)).columns):
        click.echo(line)


def _print_check(ctx: click.Context, folder: Path, every_skip: bool, as_json: bool) -> None:
    import json

    from narrated.terminal.daemon_client import DaemonClient
    from narrated.terminal.folder_check import report_lines
    from narrated.terminal.progress_bars import FolderCheckProgress

    client = DaemonClient(configuration_if_any(ctx))
    with FolderCheckProgress() as on_file:
        check = client.check_folder(folder, on_file)
    if as_json:
        click.echo(json.dumps(check.builtins(), indent=2))
    else:
        for line in report_lines(check, every_skip=every_skip):
            click.echo(line)
    ctx.exit(EXIT_FAILED if check.failed else 0)


@click.command()
@click.argument("text")
@click.option("--voice", "-v", help="Use this voice of the configured engine.")
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("said.mp3"),
    show_default=True,
    help="Write to this file; its suffix chooses the format.",
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
    """Print a caption of IMAGE."""
    from narrated.terminal.daemon_client import DaemonClient

    click.echo(DaemonClient(configuration_if_any(ctx)).describe(image))


@click.command()
@click.argument("file")
@click.pass_context
def history(ctx: click.Context, file: str) -> None:
    """Show every version of FILE, and its outcome."""
    from narrated.terminal.daemon_client import DaemonClient
    from narrated.terminal.formatting import history_lines

    for line in history_lines(DaemonClient(configuration(ctx)).command("history", path=file)):
        click.echo(line)


@click.command()
@click.argument("file", required=False)
@click.option("--failed", is_flag=True, help="Retry every failed file.")
@click.pass_context
def retry(ctx: click.Context, file: str | None, failed: bool) -> None:
    """Retry FILE, or every failed file."""
    if bool(file) == failed:
        raise click.UsageError("Give either a FILE, or --failed.")
    _run_user_command(ctx, "retry", "tried again", path=file)


@click.command()
@click.argument("file")
@click.option("--at", metavar="MM:SS", help="Respeak only the line at this time.")
@click.pass_context
def respeak(ctx: click.Context, file: str, at: str | None) -> None:
    """Speak FILE again, with a new take of each chunk."""
    _run_user_command(ctx, "respeak", "spoken again", path=file, at_s=_seconds(at))


@click.command()
@click.argument("path", required=False)
@click.pass_context
def refresh(ctx: click.Context, path: str | None) -> None:
    """Narrate PATH (a file, a folder, or everything) again, with today's configuration."""
    _run_user_command(ctx, "refresh", "narrated again", path=path)


@click.command()
@click.argument("file")
@click.pass_context
def cancel(ctx: click.Context, file: str) -> None:
    """Cancel the work on FILE. Published files stay."""
    _run_user_command(ctx, "cancel", "cancelled", path=file)


def _run_user_command(ctx: click.Context, verb: str, done: str, **request: Any) -> None:
    from narrated.printable import printable
    from narrated.terminal.daemon_client import DaemonClient

    client = DaemonClient(configuration(ctx))
    for path in client.command(verb, **request):
        when = "" if client.is_served or verb == "cancel" else " when the daemon starts"
        click.echo(f"{printable(path)} is {done}{when}")


def _seconds(at: str | None) -> float | None:
    """Parse MM:SS, HH:MM:SS or plain seconds."""
    if at is None:
        return None
    try:
        parts = [float(part) for part in at.split(":")]
    except ValueError:
        parts = []
    if not 1 <= len(parts) <= 3:
        raise click.BadParameter(f"{at} is not a time. Write it as MM:SS.", param_hint="--at")
    seconds = 0.0
    for part in parts:
        seconds = seconds * 60 + part
    return seconds


COMMANDS = (script, say, describe, history, retry, respeak, refresh, cancel)
