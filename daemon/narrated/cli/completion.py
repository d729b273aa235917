"""Completion by a shell: of commands, options, files, and the names of engines, voices and models.

The shell runs `narrated` for each Tab, so nothing here starts a worker or asks the daemon. An error
completes nothing: a shell has no place for a message.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import click
from click.shell_completion import CompletionItem, get_completion_class

from narrated.cli.command_context import CommandContext
from narrated.cli.command_group import CommandGroup
from narrated.errors import NarratedError

# Completions import their modules when they run: see main.py.

_VARIABLE = "_NARRATED_COMPLETE"
_PLAIN = re.compile(r"[\w./:+@][\w./:+@-]*")
"""Names that no shell needs quoted: bash would insert another as it is."""

Completion = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


@click.group(cls=CommandGroup)
def completion() -> None:
    """Print the script that completes commands in a shell.

    With it Tab completes commands, options, files, and the names of engines, voices and models.
    """


def _script(shell: str) -> None:
    complete = get_completion_class(shell)
    if complete is not None:  # Click knows all three
        root = click.get_current_context().find_root().command
        click.echo(complete(root, {}, "narrated", _VARIABLE).source())


@completion.command()
def bash() -> None:
    """Print the script for bash. Put into ~/.bashrc the line

    \b
    eval "$(narrated completion bash)"
    """
    _script("bash")


@completion.command()
def zsh() -> None:
    """Print the script for zsh. Put into ~/.zshrc, below `compinit`, the line

    \b
    eval "$(narrated completion zsh)"
    """
    _script("zsh")


@completion.command()
def fish() -> None:
    """Print the script for fish. Put into ~/.config/fish/config.fish the line

    \b
    narrated completion fish | source
    """
    _script("fish")


def complete_file(
    context: click.Context, parameter: click.Parameter, typed: str
) -> list[CompletionItem]:
    """Have the shell complete a path."""
    return [CompletionItem(typed, type="file")]


def _completing(names: Callable[[click.Context], Iterable[str]]) -> Completion:
    def complete(
        context: click.Context, parameter: click.Parameter, typed: str
    ) -> list[CompletionItem]:
        found: set[str] = set()
        with suppress(NarratedError, OSError, ValueError):
            for name in names(context):
                found.add(name)  # one by one: an error spares those before it
        plain = sorted(name for name in found if _PLAIN.fullmatch(name))
        fitting = [name for name in plain if name.startswith(typed)]
        fitting = fitting or [name for name in plain if name.lower().startswith(typed.lower())]
        return [CompletionItem(name) for name in fitting]

    return complete


def _command(context: click.Context) -> CommandContext:
    """The configuration that the command line names so far."""
    path = context.find_root().params.get("config_path")
    return CommandContext(Path(path) if path else None)


def _speech_engines(context: click.Context) -> Iterator[str]:
    from narrated.config.worker_specs import all_engines
    from narrated.engines.registry import BUILT_IN_ENGINES

    yield from (name for name, spec in BUILT_IN_ENGINES.items() if spec.kind == "speech")
    if config := _command(context).config_if_any:
        yield from (name for name, spec in all_engines(config).items() if spec.kind == "speech")


def _voices(context: click.Context) -> Iterator[str]:
    from narrated.config.file import unconfigured_models
    from narrated.config.worker_specs import all_engines
    from narrated.engines.registry import known_engines
    from narrated.voices.known_names import known_names

    config = None
    with suppress(NarratedError):
        config = _command(context).config_if_any
    only = context.params.get("engine") or None  # "" where an option is left out
    models = config.models if config else unconfigured_models()
    for name, spec in (all_engines(config) if config else known_engines()).items():
        if only in (None, name):
            with suppress(NarratedError, OSError):
                yield from known_names(spec, models)


def _voice_filters(context: click.Context) -> Iterator[str]:
    """Codes of languages, sexes and engines."""
    yield from ("female", "male")
    yield from _speech_engines(context)
    yield from (name for name in _voices(context) if name.partition("-")[0].islower())


def _models(context: click.Context) -> Iterator[str]:
    from narrated.config.file import unconfigured_models
    from narrated.models.catalogue import known_models
    from narrated.models.store import ModelStore

    yield from (entry.name for entry in known_models())
    config = _command(context).config_if_any
    yield from ModelStore((config.models if config else unconfigured_models()).folder).locks()


def _packages(context: click.Context) -> Iterator[str]:
    from narrated.environments.engine_packages import installable_names

    yield from installable_names()


def _commands(context: click.Context) -> Iterator[str]:
    """The commands that may follow those that are typed, for `help`."""
    command = context.find_root().command
    for word in context.params.get("words") or ():
        command = command.commands[word] if isinstance(command, click.Group) else command
    if isinstance(command, click.Group):
        yield from command.commands


complete_engine = _completing(_speech_engines)
complete_voice = _completing(_voices)
complete_voice_filter = _completing(_voice_filters)
complete_model = _completing(_models)
complete_package = _completing(_packages)
complete_command = _completing(_commands)
