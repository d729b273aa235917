"""Names of sources as a user types them, and the paths that each may stand for."""

import os
from pathlib import Path

import msgspec

from narrated.calls_with_deadline import answer_within
from narrated.config.values import Config


class PossiblePaths(msgspec.Struct, frozen=True):
    """Paths that a name may stand for, relative to inbox and outbox; empty for the folder."""

    inbox: tuple[str, ...] = ()
    outbox: tuple[str, ...] = ()


class SourceName(msgspec.Struct, frozen=True):
    """A name as a user typed it, with what it may stand for.

    The first group that finds a source counts; within one, all must find the same.
    """

    typed: str
    groups: tuple[PossiblePaths, ...]
    top_inbox: str
    """The inbox itself, for messages."""
    top_outbox: str
    is_in_inbox: bool = False
    """True if a file of this name lies in the inbox, read or not."""


def read_name(config: Config, typed: str) -> SourceName:
    """List what a typed name may stand for: by the present folder first, then by its path alone.

    In a folder of the outbox the names of the inbox are understood as well, and the other way
    round.
    """
    inbox, outbox = _below(config.inbox, typed), _below(config.outbox, typed)
    groups = [PossiblePaths(inbox=inbox), PossiblePaths(outbox=outbox)]
    groups += [PossiblePaths(inbox=outbox), PossiblePaths(outbox=inbox)]
    plain = os.path.normpath(typed)
    if not (plain.startswith(("/", "../")) or plain in (".", "..")):
        groups.append(PossiblePaths((plain,), (plain,)))
    found = tuple(group for group in groups if typed and (group.inbox or group.outbox))
    paths = (config.inbox / path for group in found for path in group.inbox if path)
    is_there = any(answer_within(False, os.path.isfile, path) for path in paths)
    return SourceName(typed, found, str(config.inbox), str(config.outbox), is_there)


def _below(root: Path, typed: str) -> tuple[str, ...]:
    """The paths of a name below a folder, also where either is reached through links.

    A disk that hangs shows no links.
    """
    plain = Path(os.path.normpath(Path(typed).absolute()))
    spelled = dict.fromkeys((plain, answer_within(plain, Path(typed).resolve)))
    tops = dict.fromkeys((root, answer_within(root, root.resolve)))
    paths = (each.relative_to(top) for each in spelled for top in tops if each.is_relative_to(top))
    return tuple(dict.fromkeys("" if path == Path() else str(path) for path in paths))
