"""What stands in the files of an installation: units, their drop-ins, and folders made at boot."""

import sysconfig
from collections.abc import Iterator
from pathlib import Path

from narrated.config.values import Config
from narrated.errors import ConfigurationError, StorageError
from narrated.printable import printable

ACCOUNT = "narrated"
"""The name of the daemon's own account, and of the group that it shares."""

_HOMES = ("/home", "/root", "/run/user")
_OWN = (Path("/var/lib/narrated"), Path("/var/cache/narrated"))


def shipped(name: str) -> str:
    """The text of a file that comes with the program, such as `systemd/narrated.service`."""
    package = Path(__file__).parent
    for place in (package / "shipped", package.parents[1]):
        if (place / name).is_file():
            return (place / name).read_text(encoding="utf-8")
    raise StorageError(f"{name} is missing from this installation.", "Install narrated anew.")


def drop_in_for_box(config: Config, config_path: Path) -> str:
    """What the unit must know of this box: its interpreter, its configuration, its folders."""
    # The parents, not the folders: a folder removed and made anew would come back read-only, or
    # not at all where it had been bound in.
    inbox, outbox = config.inbox.parent, config.outbox.parent
    writable = [outbox, *(path for path in _other_places(config) if path not in _OWN)]
    if config.after != "keep":
        writable.append(inbox)
    readable = [config.inbox] if config.after == "keep" else []
    lines = [
        *_command(config_path),
        "ReadWritePaths=",
        *(f"ReadWritePaths={quoted(f'-{path}')}" for path in dict.fromkeys(writable)),
        "ReadOnlyPaths=",
        *(f"ReadOnlyPaths={quoted(f'-{path}')}" for path in readable),
    ]
    seen = [*writable, inbox, *_read_places(config)]
    hidden = [path for path in dict.fromkeys(seen) if in_a_home(path)]
    if hidden:
        lines += ["ProtectHome=tmpfs", *_bound(hidden, writable)]
    return _drop_in(lines)


def drop_in_for_user(config_path: Path) -> str:
    """What a user's unit must know: the interpreter and the configuration."""
    return _drop_in(_command(config_path))


def tmpfiles(config: Config) -> str:
    """The folders that are made at boot where they are missing."""
    head = shipped("systemd/narrated.tmpfiles").partition("\nd ")[0]
    rights = f":2775 :{ACCOUNT} :{ACCOUNT}"
    lines = [f"d {quoted(str(folder))} {rights}" for folder in (config.inbox, config.outbox)]
    return "\n".join([head, *lines]) + "\n"


def in_a_home(path: Path) -> bool:
    """Whether ProtectHome= hides this path from the service."""
    return any(path.is_relative_to(home) for home in _HOMES)


def quoted(text: str, *, command: bool = False) -> str:
    """Quote a path for a unit or a tmpfiles line; in a `command` line `$` is special as well.

    Raises ConfigurationError for what no such line can hold.
    """
    if printable(text) != text.replace("\\", r"\\"):
        raise ConfigurationError(
            f"systemd cannot be told of {printable(text)}: it holds characters out of sight.",
            "Rename that folder or file.",
        )
    escaped = text.replace("\\", r"\\").replace('"', r"\"").replace("%", "%%")
    return f'"{escaped.replace("$", "$$") if command else escaped}"'


def _other_places(config: Config) -> Iterator[Path]:
    yield config.state
    yield config.cache
    if config.archive is not None:
        yield config.archive


def _read_places(config: Config) -> Iterator[Path]:
    """Where models and voices stand, if not with the state."""
    for folder in (config.models.folder, config.models.voices):
        if not folder.is_relative_to(config.state):
            yield folder


def _bound(paths: list[Path], writable: list[Path]) -> Iterator[str]:
    for path in paths:
        setting = "BindPaths" if path in writable else "BindReadOnlyPaths"
        colons_escaped = str(path).replace(":", r"\:")  # a colon would begin the place inside
        yield f"{setting}={quoted('-' + colons_escaped)}"


def _command(config_path: Path) -> list[str]:
    program = Path(sysconfig.get_path("scripts"), "narrated")
    words = (quoted(str(program), command=True), quoted(str(config_path), command=True))
    return ["ExecStart=", "ExecStart={} --config {} run".format(*words)]


def _drop_in(lines: list[str]) -> str:
    head = "# Written by `narrated install`; the next one writes it anew.\n\n[Service]\n"
    return head + "\n".join(lines) + "\n"
