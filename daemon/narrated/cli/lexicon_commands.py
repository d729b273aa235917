"""Commands about lexicons: add, suggest."""

from pathlib import Path

import click

from narrated.cli.command_context import (
    CommandContext,
    exit_unless,
    json_option,
    print_json,
    print_lines,
)
from narrated.cli.command_group import CommandGroup
from narrated.cli.one_off_commands import refuse_other_than_posts

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


@lexicon.command()
@click.argument(
    "folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option("--all", "lists_all", is_flag=True, help="List all words, not the most frequent.")
@json_option
@click.pass_obj
def suggest(context: CommandContext, folder: Path, lists_all: bool, as_json: bool) -> None:
    """List words of DIR that may need an entry: those misheard, and those unknown to a voice.

    A hearing model told the misheard ones as it checked takes of the inbox. Unknown ones have
    letters that no English word has, capitals or digits inside, or are names. Exits with 1 if a
    file cannot be read.
    """
    import msgspec

    from narrated.terminal.lexicon_suggest import report_lines
    from narrated.terminal.progress_bars import FolderCheckProgress
    from narrated.terminal.without_daemon import suggest_words

    config = context.config_if_any
    refuse_other_than_posts(config, folder)
    with FolderCheckProgress() as progress:
        found = suggest_words(config, folder, progress.show)
    if as_json:
        print_json(msgspec.to_builtins(found))
    else:
        print_lines(report_lines(found, folder, lists_all=lists_all))
    exit_unless(not found.problems)
