"""Commands about lexicons: add, suggest."""

from pathlib import Path

import click

from narrated.cli.command_context import CommandContext, print_lines
from narrated.cli.command_group import CommandGroup

# Commands import their modules when they run: see main.py.


@click.group(cls=CommandGroup)
def lexicon() -> None:
    """Tell how words are said."""


@lexicon.command()
@click.argument("word")
@click.argument("said")
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Use the lexicon of this folder; by default the inbox's, which holds for all posts.",
)
@click.pass_obj
def add(context: CommandContext, word: str, said: str, folder: Path | None) -> None:
    """Have WORD said as SAID, in posts of a folder and below it.

    A WORD in lower case means any case; one with a capital is meant as it is written. The entry
    goes into the folder's lexicon.yaml, which stays as you wrote it otherwise. Posts that have the
    word are spoken again where they sound otherwise.
    """
    from narrated.terminal.lexicon_add import add_word, lexicon_folder

    config = None if folder else context.config_if_any
    print_lines(add_word(lexicon_folder(config, folder), word, said))
