"""The command that lets a person hear one paragraph of a post in several engines."""

from functools import partial
from pathlib import Path

import click

from narrated.cli.command_context import CommandContext, exit_unless
from narrated.cli.completion import complete_file

# Commands import their modules when they run: see main.py.


@click.command()
@click.argument(
    "file",
    metavar="POST",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    shell_complete=complete_file,
)
@click.option(
    "--engines",
    metavar="A,B,C",
    help="Hear these engines, as ENGINE or ENGINE:VOICE; by default all that are ready here.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write one file for each engine into this folder, and play none.",
)
@click.pass_obj
def audition(context: CommandContext, file: Path, engines: str | None, output: Path | None) -> None:
    """Speak a paragraph of POST with each of several engines, and play it, to compare them.

    It is the first paragraph that is long enough. An engine that cannot speak is named with the
    reason, and the others go on. Exits with 1 if one could not.
    """
    from narrated.errors import NarratedError
    from narrated.printable import printable
    from narrated.terminal.audition_output import audition_output
    from narrated.terminal.engine_audition import (
        engine_candidates,
        paragraph_of,
        ready_engines,
    )
    from narrated.terminal.without_daemon import draft

    config = context.config_if_any
    client = context.client(config)
    candidates = engine_candidates(config, engines or ready_engines(config))
    paragraph = paragraph_of(draft(config, file), str(file))
    click.echo(f"Each says: {printable(paragraph.text)}")
    is_well = True
    with audition_output(output) as sounds:
        for each in candidates:
            speak = partial(each.speak, client, paragraph)
            try:
                sounds.put(speak, each.stem, each.shown)
            except NarratedError as error:
                is_well = False
                click.echo(f"{printable(each.shown)}: {error}", err=True)
    exit_unless(is_well)


COMMANDS = (audition,)
