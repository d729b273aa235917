"""Every command of `narrated`, as Click knows them, each with arguments that fit.

A test that goes over all commands takes a new one in by itself. The arguments come from their names
(`ARGUMENTS`) or from the command (`ALONE`); the test fails, and says so, if it finds neither.
"""

from collections.abc import Iterator, Mapping, Sequence

import click

from narrated.cli.main import main

ARGUMENTS: Mapping[str, Sequence[str]] = {
    "file": ["inbox/post.md"],
    "path": ["inbox/post.md"],
    "folder": ["inbox"],
    "directory": ["inbox"],
    "image": ["photo.png"],
    "text": ["Some words."],
    "duration": ["2h"],
    "sources": ["clips"],
    "name": ["bark"],
    "names": ["bark"],
}
"""Words for an argument of this name, below the folder in which the command runs."""

ALONE: Mapping[str, Sequence[Sequence[str]]] = {
    "read": [["inbox/post.md", "--force"]],
    "say": [["Some words.", "--force"]],
    "retry": [["inbox/post.md"], ["--failed"]],
    "refresh": [["inbox/post.md"], [], ["inbox/post.md", "--check"], ["--check"]],
    "respeak": [
        ["inbox/post.md"],
        ["inbox/post.md", "--at", "0:00"],
        ["inbox/post.md", "--doubtful"],
        ["--doubtful"],
    ],
    "status": [[], ["--json"]],
    "takes": [[], ["inbox/post.md"], ["inbox/post.md", "--all"], ["inbox/post.md", "--json"]],
    "script": [
        ["inbox/post.md"],
        ["inbox/post.md", "--json"],
        ["--check", "inbox"],
        ["--check", "inbox/post.md"],
    ],
    "serve": [["--host", "192.0.2.1"]],  # no machine has that address: it ends at once
    "bridge ray": [["--address", "192.0.2.1:6379"]],  # without a socket it ends at once
    "lexicon add": [["nginx", "engine x", "--folder", "inbox"]],
    "models list": [[], ["--json"]],
    "models pull": [["--quiet", "bark"]],
    "models verify": [[]],
    "completion bash": [[]],
    "help": [[], ["models", "list"]],
    "voices list": [[], ["--json"]],
    "voices audition": [["en-us", "-o", "audition"]],
    "audition": [["inbox/post.md", "--engines", "espeak", "-o", "audition"]],
    "engines install": [["none"]],
    "engines list": [[], ["--json"]],
    "config init": [[], ["--print"]],
    "install": [["--user", "--dry-run"], ["--dry-run"]],
}
"""The ways to run a command whose arguments depend on one another, or that does several things.
None of them changes the machine that runs the tests.
"""


def command_names(group: click.Group = main, above: str = "") -> Iterator[str]:
    """Yield the name of every command, such as `models list`."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from command_names(command, f"{above}{name} ")
        else:
            yield above + name


def invocations() -> list[tuple[str, ...]]:
    """List every command with its arguments, in each way to run it."""
    return [
        (*name.split(), *arguments) for name in command_names() for arguments in _arguments(name)
    ]


def command_name(invocation: Sequence[str]) -> str:
    """The command of an invocation, without its arguments."""
    names = {*command_names()}
    return next(name for n in (2, 1) if (name := " ".join(invocation[:n])) in names)


def _arguments(name: str) -> Sequence[Sequence[str]]:
    return ALONE[name] if name in ALONE else [[*_by_name(name)]]


def _by_name(name: str) -> Iterator[str]:
    for parameter in _command(name).params:
        if not isinstance(parameter, click.Argument):
            continue
        if parameter.name in ARGUMENTS:
            yield from ARGUMENTS[parameter.name]
        elif parameter.required:
            raise AssertionError(
                f"`narrated {name}` has the argument {parameter.name}, which no table names: add "
                "it to ARGUMENTS in tests/support/every_command.py, or the command to ALONE."
            )


def _command(name: str) -> click.Command:
    command: click.Command = main
    for part in name.split():
        assert isinstance(command, click.Group)
        command = command.commands[part]
    return command
