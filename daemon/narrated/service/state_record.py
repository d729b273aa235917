"""Finds the daemon of a configuration file that nobody can read, or that names another state.

Where a daemon's state folder is not the default one, a link in the default one leads to it.
"""

import hashlib
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from narrated import private_files
from narrated.config.file import default_state
from narrated.config.values import Config
from narrated.service.state_lock import LockHolder, holder

_SYSTEM_STATE = Path("/var/lib/narrated")
_FOLDER = "daemons"


class FoundDaemon(NamedTuple):
    """A daemon that runs, and the state folder that it holds."""

    holder: LockHolder
    state: Path


def record_state_soon(config: Config, environ: Mapping[str, str] = os.environ) -> None:
    """Have `find_daemon` find the daemon of this configuration, whatever its file says later.

    A thread does it that nobody waits for: the home folder's disk may hang.
    """
    source = config.source
    if source is not None and default_state(source, environ) != config.state:
        folder = default_state(source, environ) / _FOLDER
        threading.Thread(target=_record, args=(folder, source, config.state), daemon=True).start()


def find_daemon(source: Path, environ: Mapping[str, str] = os.environ) -> FoundDaemon | None:
    """Find the daemon that runs on a configuration file, without a look at the file."""
    for state in _candidates(source, environ):
        found = holder(state)
        if found and found.config and _spelled(Path(found.config)) == _spelled(source):
            return FoundDaemon(found, state)
    return None


def _candidates(source: Path, environ: Mapping[str, str]) -> Iterator[Path]:
    for folder in dict.fromkeys((default_state(source, environ), _SYSTEM_STATE)):
        yield folder
        with suppress(OSError):
            yield (folder / _FOLDER / _name(source)).readlink()


def _record(folder: Path, source: Path, state: Path) -> None:
    link = folder / _name(source)
    draft = link.with_suffix(f".{os.getpid()}")
    with suppress(OSError):  # then the file alone tells where the state is
        private_files.make_folder(folder.parent)
        private_files.make_folder(folder)
        for left in folder.glob(f"{link.name}.*"):  # by a start that was killed
            left.unlink()
        draft.symlink_to(state)
        draft.replace(link)


def _name(source: Path) -> str:
    return hashlib.sha256(os.fsencode(_spelled(source))).hexdigest()[:24]


def _spelled(source: Path) -> Path:
    """One path for a file, by whatever links its folder is reached."""
    return source.parent.resolve() / source.name
