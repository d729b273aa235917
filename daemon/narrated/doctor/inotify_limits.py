"""Checks the kernel's limits for inotify."""

import os
from collections.abc import Iterator
from pathlib import Path

from narrated.config.values import Config
from narrated.doctor.finding import Finding, warning, well

_FEWEST_INSTANCES = 16


def check_inotify_limits(
    config: Config, limits: Path = Path("/proc/sys/fs/inotify")
) -> Iterator[Finding]:
    """Check that the kernel's limits allow a watch on every folder of the inbox."""
    folders = 1 + sum(len(names) for _, names, _ in os.walk(config.inbox))
    watches = int((limits / "max_user_watches").read_text())
    instances = int((limits / "max_user_instances").read_text())
    if folders * 2 > watches:
        yield warning(
            "inotify watches",
            f"The inbox has {folders} folders, but an account may have {watches} watches only: "
            "files in the other folders are found later, by a scan.",
            _raise_limit("max_user_watches", max(524_288, folders * 4)),
        )
    else:
        yield well(
            "inotify watches", f"An account may have {watches} watches, for {folders} folders."
        )
    if instances < _FEWEST_INSTANCES:
        yield warning(
            "inotify instances",
            f"An account may have {instances} inotify instances only, and other programs use some.",
            _raise_limit("max_user_instances", 128),
        )


def _raise_limit(limit: str, value: int) -> str:
    return (
        f"echo fs.inotify.{limit}={value} | sudo tee /etc/sysctl.d/60-narrated-{limit}.conf && "
        "sudo sysctl --system"
    )
