"""Checks the settings of Syncthing."""

from collections.abc import Iterator
from pathlib import Path

from narrated.config.values import Config
from narrated.doctor.finding import Finding, is_folder, shown, typed, warning, well

_IGNORED = "(?d).narrated-*.tmp"


def check_syncthing(config: Config) -> Iterator[Finding]:
    """Check the settings of Syncthing, if it synchronises the inbox or the outbox."""
    if (root := _syncthing_root(config.inbox)) is not None:
        yield well(
            "Syncthing inbox",
            f"{shown(root)} is a Syncthing folder.",
            "On this machine set it to Receive Only, with Ignore Permissions.",
        )
    if (root := _syncthing_root(config.outbox)) is not None:
        yield _check_ignored(root)


def _syncthing_root(folder: Path) -> Path | None:
    return next((each for each in (folder, *folder.parents) if is_folder(each / ".stfolder")), None)


def _check_ignored(root: Path) -> Finding:
    ignore = root / ".stignore"
    try:
        lines = ignore.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    if any(line.strip().removeprefix("(?d)") == ".narrated-*.tmp" for line in lines):
        return well(
            "Syncthing outbox",
            f"{shown(root)} is a Syncthing folder, and ignores unfinished narrations.",
            "On this machine set it to Send Only.",
        )
    return warning(
        "Syncthing outbox",
        f"Syncthing may copy unfinished narrations from {shown(root)}.",
        f"echo '{_IGNORED}' | sudo tee -a {typed(ignore)}; and set the folder to Send Only here.",
    )
