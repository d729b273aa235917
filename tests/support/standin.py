"""Stands in for the daemon in a booted machine: takes files as it does, and says nothing aloud."""

import fcntl
import json
import logging
import os
import signal
import sys
import time
from pathlib import Path

from narrated import config as configuration
from narrated.logs import configure, fields
from narrated.systemd import Notifier

log = logging.getLogger("narrated")


def main() -> None:
    """Serve until SIGTERM; `run --config FILE` is all it knows."""
    configure("INFO")
    config = configuration.load(Path(sys.argv[sys.argv.index("--config") + 1]))
    pending: list[int] = []
    for number in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, lambda number, _: pending.append(number))
    signal.signal(signal.SIGIO, signal.SIG_IGN)
    with Notifier() as notifier:
        notifier.ready("Waiting for files.")
        while signal.SIGTERM not in pending:
            if pending:
                pending.clear()
                notifier.reloading()
                notifier.ready("Waiting for files, configured anew.")
            take_all(config.inbox, config.outbox)
            notifier.alive()
            time.sleep(0.05)
        notifier.stopping("Stopping.")


def take_all(inbox: Path, outbox: Path) -> None:
    """Publish a manifest for every finished file that has none."""
    for source in sorted(inbox.rglob("*")):
        manifest = outbox / source.relative_to(inbox).with_suffix(".json")
        if source.is_file() and not manifest.exists() and is_finished(source):
            manifest.parent.mkdir(parents=True, exist_ok=True)
            manifest.write_text(json.dumps({"source": {"path": source.name}}))
            log.info("Narrated %s", source.name, extra=fields(file=source.name, rtf=0.1))


def is_finished(source: Path) -> bool:
    """Whether nobody has it open for writing; OSError where leases are not to be had."""
    descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
