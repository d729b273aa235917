"""The `narrated` command: its groups of commands, and the exit codes of errors."""

import errno
import sys
from pathlib import Path
from typing import Any

import click

from narrated import __version__
from narrated.cli import (
    audition_command,
    bridge_command,
    job_commands,
    one_off_commands,
    pause_commands,
    read_commands,
    run_and_once,
    serve_command,
    setup_commands,
    worker_command,
)
from narrated.cli.command_context import EXIT_FAILED, EXIT_INTERRUPTED, CommandContext
from narrated.cli.command_group import CommandGroup
from narrated.cli.completion import completion
from narrated.cli.help_command import help_command
from narrated.cli.interrupts import raising_on_ctrl_c
from narrated.cli.lexicon_commands import lexicon
from narrated.cli.model_commands import models
from narrated.cli.podcast_commands import podcast
from narrated.cli.standard_streams import end_without_output, open_closed_streams
from narrated.cli.voice_commands import voices
from narrated.errors import (
    AlreadyRunning,
    ConfigurationError,
    FolderLost,
    NarratedError,
    StorageError,
)

EXIT_CODES = {ConfigurationError: 3, AlreadyRunning: 4, StorageError: 5, FolderLost: 5}
_REFUSALS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF}
"""Errors of a write to stdout; that of a reader who has gone is Click's to catch."""
EPILOG = (
    "Exit codes: 0 done; 1 a file or command failed, as printed; 2 wrong usage; "
    "3 the configuration cannot be used, or the ledger is of another version; "
    "4 another daemon works on the same state or outbox; "
    "5 the state, cache or outbox cannot be written, or the state went while the daemon ran; "
    "130 Ctrl-C ended the command."
)


class ErrorReportingGroup(CommandGroup):
    """Prints a NarratedError as a message with its remedy, and exits with its code.

    Output that nothing takes, such as that of a full disk, ends it with a message as well.
    """

    def main(self, *args: Any, **options: Any) -> Any:
        options.setdefault("prog_name", "narrated")  # whatever started it
        open_closed_streams()
        try:
            try:
                return super().main(*args, **options)
            finally:
                sys.stdout.flush()  # at its own exit Python would print a traceback
        except OSError as error:
            if error.filename is not None or error.errno not in _REFUSALS:  # not the output's
                raise
            end_without_output(error)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with raising_on_ctrl_c():
                return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("narrated: stopped", err=True)
            ctx.exit(EXIT_INTERRUPTED)
        except NarratedError as error:
            click.echo(f"narrated: {error.problem}", err=True)
            if error.remedy:
                click.echo(f"          {error.remedy}", err=True)
            codes = (code for kind, code in EXIT_CODES.items() if isinstance(error, kind))
            ctx.exit(next(codes, EXIT_FAILED))


# Each command imports its modules when it runs, so that `narrated --help` starts fast.


@click.group(
    cls=ErrorReportingGroup, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, prog_name="narrated")
@click.option(
    "--config",
    "-c",
    "config_path",
    type=click.Path(path_type=Path, readable=False),
    help="Use this configuration file; by default $NARRATED_CONFIG, yours, or the system's.",
)
@click.pass_context
def main(ctx: click.Context, config_path: Path | None) -> None:
    """Read dropped texts and pictures aloud, on your own machine."""
    ctx.obj = CommandContext(config_path, ctx.obj)


for command in (
    *run_and_once.COMMANDS,
    *serve_command.COMMANDS,
    *worker_command.COMMANDS,
    *bridge_command.COMMANDS,
    *job_commands.COMMANDS,
    *pause_commands.COMMANDS,
    *read_commands.COMMANDS,
    *one_off_commands.COMMANDS,
    *audition_command.COMMANDS,
    *setup_commands.COMMANDS,
    lexicon,
    models,
    podcast,
    voices,
    completion,
    help_command,
):
    main.add_command(command)

if __name__ == "__main__":
    sys.exit(main())
