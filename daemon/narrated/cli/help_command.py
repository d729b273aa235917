"""The command `help`: the help of any command, as its --help prints it."""

import difflib
from collections.abc import Sequence

import click

from narrated.cli.completion import complete_command


@click.command("help")
@click.argument("words", metavar="[COMMAND]...", nargs=-1, shell_complete=complete_command)
@click.pass_context
def help_command(ctx: click.Context, words: tuple[str, ...]) -> None:
    """Show the help of COMMAND, or of narrated itself."""
    click.echo(_context_of(ctx.find_root(), words).get_help())


def _context_of(root: click.Context, words: Sequence[str]) -> click.Context:
    """Return the context of a command, such as `models list`. Errors: UsageError, if unknown."""
    context = root
    for number, word in enumerate(words):
        group = context.command
        if not isinstance(group, click.Group):
            raise click.UsageError(f"`{context.command_path}` has no commands of its own.")
        if word not in group.commands:
            raise click.UsageError(_unknown(group, words[: number + 1]), ctx=context)
        context = click.Context(group.commands[word], info_name=word, parent=context)
    return context


def _unknown(group: click.Group, words: Sequence[str]) -> str:
    near = difflib.get_close_matches(words[-1], group.commands)
    names = ", ".join(f"`{name}`" for name in near or sorted(group.commands))
    hint = "Did you mean" if near else "There are"
    end = "?" if near else "."
    return f"There is no command `{' '.join(words)}`. {hint} {names}{end}"
