"""An inbox in a process of its own: prints what it tells, a line of JSON each, until terminated.

usage: listener.py FOLDER [--user UID] [--exhaust] [--watches N] [--scan SECONDS]
"""

import argparse
import ctypes
import dataclasses
import json
import os
import time
from pathlib import Path

import msgspec

from narrated.inbox.inbox import Inbox
from narrated.inbox.readiness import ignore_sigio


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--user", type=int)
    parser.add_argument("--exhaust", action="store_true")
    parser.add_argument("--watches", type=int)
    parser.add_argument("--scan", type=float, default=600.0)
    options = parser.parse_args()
    if options.user:
        become(options.user)
    if options.exhaust:
        exhaust()
    if options.watches:
        allow_watches(options.watches)
    ignore_sigio()
    inbox = Inbox(options.folder, {}, settle_s=0.15, second_look_s=0.3, scan_s=options.scan)
    for event in inbox.events():
        values = {"event": type(event).__name__, "told_s": time.monotonic()}
        print(json.dumps(values | fields(event)), flush=True)


def fields(event: object) -> dict[str, object]:
    assert dataclasses.is_dataclass(event)
    values = {field.name: getattr(event, field.name) for field in dataclasses.fields(event)}
    return {name: value for name, value in values.items() if not isinstance(value, msgspec.Struct)}


def become(user: int) -> None:
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


def exhaust() -> None:
    """Take all the inotify instances that this user may have."""
    libc = ctypes.CDLL(None)
    while libc.inotify_init() >= 0:
        pass


def allow_watches(most: int) -> None:
    """Allow this process so many inotify watches, in a user namespace of its own."""
    new_user = 0x10000000
    assert ctypes.CDLL(None).unshare(new_user) == 0
    Path("/proc/sys/user/max_inotify_watches").write_text(str(most))


if __name__ == "__main__":
    main()
