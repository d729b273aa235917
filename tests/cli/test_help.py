"""The help of every command, in terminals of any width."""

import click
import pytest
from click.testing import CliRunner

from narrated.cli.main import main
from support.every_command import command_names

COMMANDS = [*command_names()]
GROUPS = ["", "config", "engines", "models", "podcast", "voices"]


def shown(*words: str, columns: int = 80) -> str:
    done = CliRunner(env={"COLUMNS": str(columns)}).invoke(main, words)
    assert done.exit_code == 0, done.output
    return done.output


def _joined(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("columns", [40, 55, 80, 200])
def test_help_fits_and_is_whole(columns):
    """No line of any help is wider than the terminal, and none but the usage ends in "..."."""
    for name in [*GROUPS, *COMMANDS]:
        text = shown(*name.split(), "--help", columns=columns)
        assert max(map(len, text.splitlines())) <= columns, name
        described = text.partition("\n\n")[2]
        assert not [line for line in described.splitlines() if line.endswith(("...", "…"))], name


@pytest.mark.parametrize("columns", [40, 80])
def test_summaries_are_whole(columns):
    """A list of commands has the whole first sentence of each command's help."""
    for group in GROUPS:
        command: click.Command = main
        for word in group.split():
            assert isinstance(command, click.Group)
            command = command.commands[word]
        assert isinstance(command, click.Group)
        text = _joined(shown(*group.split(), "--help", columns=columns))
        for each in command.commands.values():
            summary = each.get_short_help_str(1000)
            assert summary.endswith("."), each.name
            assert f"{each.name} {_joined(summary)}" in text


@pytest.mark.parametrize("name", ["", "models", "models list", "help"])
def test_help_is_that_of_the_option(name):
    """`narrated help COMMAND` prints what `narrated COMMAND --help` prints."""
    assert shown("help", *name.split()) == shown(*name.split(), "--help")


def test_help_knows_similar_names():
    """For an unknown command, `narrated help` tells those with similar names."""
    told = CliRunner().invoke(main, ["help", "voices", "auditon"])
    assert told.exit_code == 2
    assert "no command `voices auditon`. Did you mean `audition`?" in told.output
