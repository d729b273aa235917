"""Commands that narrate, describe or preview a given text, picture or file."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from narrated.cli.command_context import (
    CommandContext,
    exit_unless,
    json_option,
    print_json,
    print_lines,
)

if TYPE_CHECKING:
    from narrated.config.values import Config
    from narrated.terminal.folder_check import FolderCheck

# Commands import their modules when they run: see main.py.


@click.command()
@click.argument("files", metavar="FILE", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--check",
    is_flag=True,
    help="Check a whole folder, or FILEs, instead: print the coverage of each file, the skipped "
    "parts, and what looks like markup in what would be said. "
    "Pictures are not captioned. Exits with 1 if a file cannot be read.",
)
@click.option("--strict", is_flag=True, help="With --check: exit with 1 if markup would be said.")
@click.option("--all", "every_skip", is_flag=True, help="With --check: list every skipped part.")
@json_option
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    help="Write the script of FILE into this file, for you to edit: save it as POST.script.md "
    "beside the post, and narrated says it. - is stdout.",
)
@click.option("--force", "-f", is_flag=True, help="With -o: replace the file if you edited it.")
@click.pass_obj
def script(
    context: CommandContext,
    files: tuple[Path, ...],
    check: bool,
    strict: bool,
    every_skip: bool,
    as_json: bool,
    output: Path | None,
    force: bool,
) -> None:
    """Print the script of FILE: text, pauses, chunks and skipped parts.

    FILE is any text or picture, a folder that is a gallery, or the name of a source or of what was
    published of it.
    With --check, it is a folder, or one or several files. With -o, FILE may be - for stdin.
    """
    if output is not None:
        if check or strict or every_skip or as_json or len(files) != 1:
            raise click.UsageError("-o goes with one FILE alone: narrated script FILE -o OUT.")
        _write_script(context, files[0], output, replaces=force)
        return
    if force:
        raise click.UsageError("--force goes with -o.")
    if check and files:
        found = _checked(context, files)
        _print_check(found, every_skip=every_skip, as_json=as_json)
        exit_unless(not found.failed and not (strict and found.leftovers))
    elif check or len(files) != 1:
        raise click.UsageError("Give either a FILE, or a folder with --check DIR.")
    elif every_skip:
        raise click.UsageError(
            "--all goes with --check DIR; for a FILE every skipped part is printed anyway."
        )
    elif strict:
        raise click.UsageError("--strict goes with --check.")
    else:
        _print_script(context, files[0], as_json)


def _print_script(context: CommandContext, file: Path, as_json: bool) -> None:
    import shlex
    import shutil

    import msgspec

    from narrated.printable import printable
    from narrated.script.preview import WIDTH, preview_lines
    from narrated.terminal.given_document import gallery_of_folder
    from narrated.terminal.without_daemon import draft

    file = gallery_of_folder(_source_file(context, file))
    if file.is_dir():
        typed = printable(shlex.quote(str(file)))
        raise click.UsageError(f"FILE is a folder. Check it with: narrated script --check {typed}")
    found = draft(context.config_if_any, file)
    if as_json:
        print_json(msgspec.to_builtins(found))
    else:
        print_lines(preview_lines(found, shutil.get_terminal_size((WIDTH, 0)).columns))


def _write_script(context: CommandContext, file: Path, output: Path, *, replaces: bool) -> None:
    from narrated.terminal.given_document import document_of_file, document_of_stdin
    from narrated.terminal.script_output import check_target, write_script_file

    check_target(output, replaces=replaces)
    config = context.config_if_any
    if str(file) == "-":
        given = document_of_stdin()
    else:
        given = document_of_file(config, _source_file(context, file))
    print_lines(write_script_file(config, given, output, replaces=replaces))


def _source_file(context: CommandContext, file: Path) -> Path:
    """The file itself, or the source that was published under its name."""
    from narrated.printable import printable

    config = context.config_if_any
    is_there = os.path.lexists(file)
    is_published = config is not None and file.resolve().is_relative_to(config.outbox.resolve())
    if is_there and not is_published:
        return file
    source = context.client(config).source_file(str(file))
    if source is None and not is_there:
        raise click.UsageError(
            f"There is no file {printable(str(file))}, and no source of this name is known. "
            "Give a path, or a name as it stands in the inbox."
        )
    return source or file


def refuse_other_than_posts(config: "Config | None", folder: Path) -> None:
    """Refuse what is no folder, such as a pipe, and the folders that narrated itself writes."""
    from narrated.printable import printable
    from narrated.terminal.without_daemon import own_folders

    shown, place = printable(str(folder)), folder.resolve()
    if not folder.is_dir():
        raise click.UsageError(f"{shown} is no folder. Name a folder of posts.")
    if any(place.is_relative_to(each) for each in own_folders(config)):
        raise click.UsageError(f"{shown} holds what narrated writes. Name a folder of posts.")


def _checked(context: CommandContext, paths: Sequence[Path]) -> "FolderCheck":
    """Check one folder, or files."""
    from narrated.terminal.progress_bars import FolderCheckProgress
    from narrated.terminal.without_daemon import check_files, check_folder

    is_folder = [path.is_dir() for path in paths]
    if any(is_folder) and len(paths) > 1:
        raise click.UsageError("Give either a FILE, or a folder with --check DIR.")
    config = context.config_if_any
    with FolderCheckProgress() as progress:
        if any(is_folder):
            refuse_other_than_posts(config, paths[0])
            return check_folder(config, paths[0], progress.show)
        files = [_source_file(context, path) for path in paths]
        return check_files(config, files, progress.show)


def _print_check(check: "FolderCheck", *, every_skip: bool, as_json: bool) -> None:
    from narrated.terminal.folder_check import report_lines

    if as_json:
        print_json(check.builtins())
    else:
        print_lines(report_lines(check, every_skip=every_skip))


@click.command()
@click.argument(
    "folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@json_option
@click.pass_obj
def estimate(context: CommandContext, folder: Path, as_json: bool) -> None:
    """Estimate the sound and the work of DIR by engine, from measured rates.

    Reads each file as the daemon would, and speaks nothing. Exits with 1 if a file cannot be read.
    """
    import msgspec

    from narrated.terminal.estimate_report import estimate_folder, report_lines
    from narrated.terminal.progress_bars import FolderCheckProgress

    config = context.config_if_any
    refuse_other_than_posts(config, folder)
    with FolderCheckProgress() as progress:
        told = estimate_folder(config, context.client(config), folder, progress.show)
    if as_json:
        print_json(msgspec.to_builtins(told))
    else:
        print_lines(report_lines(told))
    exit_unless(not told.problems)


@click.command()
@click.argument("image", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def describe(context: CommandContext, image: Path) -> None:
    """Print a caption of IMAGE."""
    click.echo(context.client(context.config_if_any).describe(image))


COMMANDS = (script, estimate, describe)
