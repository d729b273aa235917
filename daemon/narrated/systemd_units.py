"""The text of systemd files: units, drop-ins, and the folders made at boot."""

import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from narrated.config.values import Config
from narrated.errors import ConfigurationError, StorageError
from narrated.printable import printable

ACCOUNT = "narrated"
"""Name of the daemon's account, and of the group that shares its folders."""

TOKEN_FOLDER = "serve"
"""The folder in the state that the server of the podcast may read; see `podcast_token.py`."""

_SSH_CONFIG = "/etc/narrated/workers/ssh_config"
_HOMES = ("/home", "/root", "/run/user")
_OWN = (Path("/var/lib/narrated"), Path("/var/cache/narrated"))


def shipped(name: str) -> str:
    """The text of a shipped file, such as `systemd/narrated.service`."""
    package = Path(__file__).parent
    for place in (package / "shipped", package.parents[1]):
        if (place / name).is_file():
            return (place / name).read_text(encoding="utf-8")
    raise StorageError(
        f"{name} is missing from this installation.",
        "Install narrated again: pip install --force-reinstall narrated",
    )


def drop_in_for_box(config: Config, config_path: Path) -> str:
    """The unit's drop-in for this machine: program, configuration, folders."""
    # The parents, not the folders: a folder that is removed and made again would be read-only, or
    # missing if it was a bind mount.
    inbox, outbox = config.inbox.parent, config.outbox.parent
    data = filter(None, (config.state, config.cache, config.archive))
    writable = [outbox, *(path for path in data if path not in _OWN)]
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
    models = (config.models.folder, config.models.voices)
    seen = [*writable, inbox, *(each for each in models if not each.is_relative_to(config.state))]
    hidden = [path for path in dict.fromkeys(seen) if in_a_home(path)]
    if hidden:
        lines += ["ProtectHome=tmpfs", *_bind_mounts(hidden, writable)]
    return _drop_in(lines)


def drop_in_for_user(config_path: Path) -> str:
    """The drop-in for a user's unit: program and configuration."""
    return _drop_in(_command(config_path))


def serve_files(
    config: Config, config_path: Path, units: Path, *, user: bool = False
) -> Iterator[tuple[Path, str]]:
    """Yield the files of the units that serve the podcast, in the folder of units.

    The drop-in has the program, and for the whole machine what the server sees of its folders.
    """
    for name in ("narrated-serve.socket", "narrated-serve.service"):
        yield units / name, shipped(f"systemd/user/{name}" if user else f"systemd/{name}")
    command = ["ExecStart=", f"ExecStart={_program(config_path)} serve"]
    seen = [] if user else _seen_by_server(config)
    yield units / "narrated-serve.service.d/10-paths.conf", _drop_in([*command, *seen])


def push_files(config: Config, units: Path, *, user: bool) -> Iterator[tuple[Path, str]]:
    """Yield the files of the units that push the podcast, in the folder of units.

    The drop-ins have the outbox. For the whole machine they hide the daemon's other folders.
    """
    own = [] if user else _hidden_from_push(config)
    whose = "systemd/user" if user else "systemd"
    outbox = f"Environment={quoted(f'OUTBOX={config.outbox}')}"
    for name in ("narrated-push.service", "narrated-push-again.service"):
        yield units / name, shipped(f"{whose}/{name}")
        yield units / f"{name}.d/10-paths.conf", _drop_in([outbox, *own])
    # The first line empties the list, so that it has to be whole again.
    again = f"PathExists={'%t' if user else '/run'}/narrated-push/again"
    for name, watched, more in (
        ("narrated-push.path", "feed.xml", [again]),
        ("narrated-push-page.path", "index.html", []),
    ):
        lines = ["PathChanged=", f"PathChanged={_unquoted(config.outbox / watched)}", *more]
        yield units / name, shipped(f"{whose}/{name}")
        yield units / f"{name}.d/10-paths.conf", _drop_in(lines, "Path")


def worker_files(config: Config, units: Path) -> Iterator[tuple[Path, str]]:
    """Yield the files of the units that reach workers on other boxes and in clusters."""
    for name in ("narrated-worker@.socket", "narrated-worker@.service"):
        yield units / name, shipped(f"systemd/{name}")
    python = quoted(sys.executable, command=True)
    words = f"{python} -I -m narrated.workers.box_ssh {_SSH_CONFIG} %i"
    command = ["ExecStart=", f"ExecStart={words}"]
    yield units / "narrated-worker@.service.d/10-paths.conf", _drop_in([*command, *_hidden(config)])
    for name in ("narrated-bridge@.socket", "narrated-bridge@.service"):
        yield units / name, shipped(f"systemd/{name}")
    bridge = ["ExecStart=", f"ExecStart={_executable()} bridge ray $BRIDGE"]
    yield units / "narrated-bridge@.service.d/10-paths.conf", _drop_in([*bridge, *_hidden(config)])


def tmpfiles(config: Config) -> str:
    """The tmpfiles.d text that makes missing folders at boot."""
    head = shipped("systemd/narrated.tmpfiles").partition("\nd ")[0]
    rights = f":2775 :{ACCOUNT} :{ACCOUNT}"
    lines = [f"d {quoted(str(folder))} {rights}" for folder in (config.inbox, config.outbox)]
    # So that a token that is made later is seen by a server that runs.
    token_folder = config.state / TOKEN_FOLDER
    for folder, mode in ((config.state, "0750"), (token_folder, "0700")):
        lines.append(f"d {quoted(str(folder))} :{mode} :{ACCOUNT} :{ACCOUNT}")
    return "\n".join([head, *lines]) + "\n"


def in_a_home(path: Path) -> bool:
    """True if ProtectHome= hides this path from the service."""
    return any(path.is_relative_to(home) for home in _HOMES)


def quoted(text: str, *, command: bool = False) -> str:
    """Quote a path for a unit or a tmpfiles line. In a `command` line, `$` is special as well.

    Raises ConfigurationError if the path contains unprintable characters.
    """
    if printable(text) != text.replace("\\", r"\\"):
        raise ConfigurationError(
            f"{printable(text)} contains unprintable characters, which systemd files cannot hold.",
            "Rename that folder or file.",
        )
    escaped = text.replace("\\", r"\\").replace('"', r"\"").replace("%", "%%")
    return f'"{escaped.replace("$", "$$") if command else escaped}"'


def _hidden(config: Config) -> list[str]:
    """Settings of a service that sees none of the daemon's folders."""
    folders = (config.inbox, config.outbox, config.state, config.cache, config.archive)
    shut = [f"InaccessiblePaths={quoted(f'-{path}')}" for path in folders if path]
    return ["InaccessiblePaths=", "InaccessiblePaths=-/run/narrated", *shut]


def _hidden_from_push(config: Config) -> list[str]:
    """Settings of a service that sees the outbox, and nothing else of the daemon's."""
    folders = (config.inbox, config.state, config.cache, config.archive)
    shut = [path for path in folders if path and not config.outbox.is_relative_to(path)]
    lines = ["InaccessiblePaths=", "InaccessiblePaths=-/run/narrated"]
    lines += [f"InaccessiblePaths={quoted(f'-{path}')}" for path in shut]
    if in_a_home(config.outbox):
        lines += ["ProtectHome=tmpfs", *_bind_mounts([config.outbox], [])]
    return lines


def _unquoted(path: Path) -> str:
    """A path for a setting that knows no quotes. Errors: as those of `quoted`."""
    quoted(str(path))
    return str(path).replace("%", "%%")


def _seen_by_server(config: Config) -> list[str]:
    """Settings of a service that sees the outbox and the token, and no more of the daemon's."""
    hidden = [config.inbox, config.cache, config.archive]
    shut = [path for path in hidden if path and not config.outbox.is_relative_to(path)]
    lines = [
        "InaccessiblePaths=",
        *(f"InaccessiblePaths={quoted(f'-{path}')}" for path in shut),
        "InaccessiblePaths=-/run/narrated -/run/lock",
    ]
    if config.state not in _OWN:
        lines.append("BindReadOnlyPaths=")
    if in_a_home(config.outbox) or in_a_home(config.state):
        lines.append("ProtectHome=tmpfs")
    if in_a_home(config.outbox):
        lines += _bind_mounts([config.outbox.parent], [])
    if config.state not in _OWN and ":" not in str(config.state):  # a colon has a meaning here
        # Without a `-`: a server that does not see whether there is a token must not start.
        token_folder = quoted(str(config.state / TOKEN_FOLDER))
        lines.append(f"TemporaryFileSystem={quoted(f'{config.state}:ro')}")
        lines.append(f"BindReadOnlyPaths={token_folder}")
    elif in_a_home(config.state):
        lines += _bind_mounts([config.state], [])
    return lines


def _bind_mounts(paths: list[Path], writable: list[Path]) -> Iterator[str]:
    for path in paths:
        setting = "BindPaths" if path in writable else "BindReadOnlyPaths"
        # Between quotes a colon is part of the path, and a backslash before it would be as well.
        yield f"{setting}={quoted(f'-{path}')}"


def _program(config_path: Path) -> str:
    return f"{_executable()} --config {quoted(str(config_path), command=True)}"


def _executable() -> str:
    return quoted(str(Path(sysconfig.get_path("scripts"), "narrated")), command=True)


def _command(config_path: Path) -> list[str]:
    command = _program(config_path)
    run = ["ExecStart=", f"ExecStart={command} run"]
    return [*run, "ExecReload=", f"ExecReload={command} reload --quiet"]


def _drop_in(lines: list[str], section: str = "Service") -> str:
    head = f"# Written by `narrated install`; the next one overwrites it.\n\n[{section}]\n"
    return head + "\n".join(lines) + "\n"
