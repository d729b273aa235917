"""Runs daemons by forking, counts the steps of each, and ends one by SIGKILL at a given step.

    python -m support.stepping

A line of JSON on stdin orders a daemon (`DaemonRun`). A line on stdout tells its process (`Begun`),
and another its end (`Ended`). A step is whatever a daemon does that outlives it: a transaction of
its ledger, and every call that makes, renames, removes or syncs a file. Each has a name, without
what chance puts into file names, and is written down when it is done.

Whatever a daemon needs is imported once, here. A daemon is a fork, and so are its worker, its
parsers and its encoder: the code is what `narrated` runs, only that nobody waits for Python to
start. The steps of an encoder are steps of its daemon, which is killed after them.
"""

import asyncio
import fcntl
import logging
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec

from narrated.config.file import load
from narrated.config.values import Config
from narrated.errors import NarratedError
from narrated.inbox import inbox
from narrated.jobs.carry_over import CarryOver
from narrated.ledger.database import Database, Repository
from narrated.ledger.jobs import Jobs
from narrated.service.daemon import Daemon
from narrated.service.housekeeping import duty
from narrated.systemd_notify import ServiceNotifier
from narrated.terminal.daemon_client import DaemonClient
from support.warm import Children, leave, warm_up

CHILDREN, CHILDREN_FOR_EVER = 4, 6  # a worker, a parser, encoders; others where these are killed
ENCODER = "narrated.encoder_process"
TRIED_NAME = "a name that is tried"
"""A file by which the daemon finds out which names the outbox takes: one goes like the other."""
ANSWER = "answer the user"
"""The step of a command that the user has seen done; before it, they would ask once more."""
TICK_S = 0.03
SECOND_LOOK_S = 0.05
IMPORTED = (
    "narrated.terminal.without_daemon",
    "toy",
    "mumbling",
    "ear",
)


class DaemonRun(msgspec.Struct):
    """A daemon to be run: on what, and until when."""

    config: str
    record: str
    """The file that gets a line for each step."""
    log: str
    watch: bool = False
    """`narrated run` until there is nothing left to do, instead of `narrated once`."""
    for_ever: bool = False
    """Until somebody ends it."""
    breaks: bool = False
    """Something goes wrong with whatever is planned, which nobody foresaw."""
    command: tuple[str, str] | None = None
    """What the user asks for before the daemon starts: `retry`, `cancel`…, and of which file."""
    kill_at: str = ""
    """The step that is its last; empty where it runs to its end."""
    nth: int = 1
    """How often that step has been done then."""


class Begun(msgspec.Struct):
    """A daemon that lives."""

    pid: int


class Ended(msgspec.Struct):
    """A daemon's end: its exit code, or minus the signal."""

    code: int


def main() -> None:
    """Run the ordered daemons until stdin ends."""
    warm_up(*IMPORTED)
    for line in sys.stdin:
        order = msgspec.json.decode(line, type=DaemonRun)
        pid = os.fork()
        if not pid:
            leave(lambda order=order: _run(order))
        print(msgspec.json.encode(Begun(pid)).decode(), flush=True)
        _, status = os.waitpid(pid, 0)
        print(msgspec.json.encode(Ended(os.waitstatus_to_exitcode(status))).decode(), flush=True)


def _run(order: DaemonRun) -> None:
    log = os.open(order.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    config = load(Path(order.config))
    Path(order.record).write_bytes(b"")
    children = CHILDREN_FOR_EVER if order.for_ever else CHILDREN
    daemon = os.getpid()
    started = Children(children, lambda module: _follow_encoder(module, order, daemon)).start
    asyncio.create_subprocess_exec = started  # type: ignore[assignment]
    logging.basicConfig(stream=sys.stderr, level=config.log.upper())
    duty.TURN_S = TICK_S
    inbox.Inbox.__init__.__kwdefaults__["second_look_s"] = SECOND_LOOK_S
    steps = Steps(order, os.getpid())
    steps.follow_files()
    steps.follow_ledger()
    if order.breaks:
        CarryOver.attempt = _break  # type: ignore[method-assign]
    if order.command:
        _command(config, *order.command)
        steps.done(ANSWER)
    with ServiceNotifier() as notifier:
        service = Daemon(config, notifier, one_pass=not (order.for_ever or order.watch))
        if order.for_ever:
            asyncio.run(service.run())
        else:
            asyncio.run(_watched(service) if order.watch else _once(service))


async def _break(*_: object) -> bool:
    raise RuntimeError("nobody foresaw this")


def _command(config: Config, verb: str, path: str) -> None:
    """Do what `narrated VERB PATH` does where no daemon runs, and print what it refuses."""
    more: dict[str, Any] = {"at_s": None} if verb == "respeak" else {}
    try:
        DaemonClient(config).command(verb, path=path, **more)
    except NarratedError as refused:
        logging.warning("%s is refused: %s", verb, refused)


async def _once(service: Daemon) -> None:
    await service.once(lambda report: None, TICK_S)


async def _watched(service: Daemon) -> None:
    """Run as a service does, and be told to stop when nothing is left to do."""
    ending = asyncio.create_task(_end_when_done(service))
    await service.run()
    ending.cancel()


async def _end_when_done(service: Daemon) -> None:
    while not _is_done(service):
        await asyncio.sleep(TICK_S)
    os.kill(os.getpid(), signal.SIGTERM)


def _is_done(service: Daemon) -> bool:
    with suppress(AttributeError):  # it is still being built
        ledger, inbox = service.app.ledger, service.app.config.inbox
        is_seen = service.ingest.status.scanned and not service.feed.inbox.waiting()
        is_there = all((inbox / path).exists() for path in ledger.sources.known())
        withdraws = service.app.config.removed == "withdraw"
        is_withdrawn = not (withdraws and any(map(ledger.jobs.published, ledger.sources.gone())))
        is_idle = service.job_queue.idle.is_set() and not ledger.jobs.all_open()
        is_idle = is_idle and service.app.requeues.is_idle and not service.feed.holds_events
        return is_seen and is_there and is_withdrawn and is_idle and not ledger.notes.leaving()
    return False


class Steps:
    """Names and counts what is done, and ends the daemon when the wished step was done.

    The file that records them counts them, because a daemon and its encoders share it.
    """

    def __init__(self, order: DaemonRun, daemon: int) -> None:
        self._record = os.open(order.record, os.O_RDWR | os.O_APPEND)
        self._kill_at = (order.kill_at, order.nth)
        self._daemon = daemon
        self._lock = threading.Lock()

    def done(self, name: str) -> None:
        """A step is done: written down, and the last one where that was wished."""
        with self._lock:
            fcntl.flock(self._record, fcntl.LOCK_EX)
            os.write(self._record, f"{name}\n".encode())
            if (name, self._count(name)) == self._kill_at:
                os.kill(self._daemon, signal.SIGKILL)
                signal.pause()
            fcntl.flock(self._record, fcntl.LOCK_UN)

    def _count(self, name: str) -> int:
        size = os.fstat(self._record).st_size
        return os.pread(self._record, size, 0).decode().splitlines().count(name)

    def follow_files(self) -> None:
        """Count what changes folders: narrated, pathlib and shutil find these calls in `os`."""
        for verb in ("mkdir", "rmdir", "unlink", "fsync"):
            self._follow(verb, lambda verb, place, *_: f"{verb} {_called(place)}")
        for verb in ("rename", "replace", "link"):
            self._follow(verb, lambda _, old, new: f"rename {_called(old)} to {_called(new)}")
        self._follow("open", lambda _, place, flags, *__: f"make {_called(place)}", os.O_CREAT)

    def follow_ledger(self) -> None:
        """Count each transaction, by who began it and the moves that it holds."""
        moves: list[str] = []
        whole, move, add = Database.transaction, Jobs.move, Jobs.add

        @contextmanager
        def transaction(ledger: Database) -> Iterator[None]:
            if ledger.in_transaction:
                with whole(ledger):
                    yield
                return
            began = _caller(sys._getframe(2))
            try:
                with whole(ledger):
                    yield
                    name = " ".join(["commit", *filter(None, [began]), *moves])
                    moves.clear()
                    # First of all calls: a kill comes between the commit and its events.
                    ledger._afterwards.insert(0, lambda: self.done(name))
            finally:
                moves.clear()

        def moved(ledger: Jobs, job: Any, state: Any, **more: Any) -> Any:
            moves.append(f"[{ledger.get(job.id).state} to {state}]")
            return move(ledger, job, state, **more)

        def added(ledger: Jobs, *about: Any, **more: Any) -> Any:
            moves.append(f"[new, {more.get('state', 'queued')}]")
            return add(ledger, *about, **more)

        Database.transaction = transaction  # type: ignore[method-assign]
        Jobs.move, Jobs.add = moved, added  # type: ignore[method-assign]

    def _follow(self, verb: str, name: Callable[..., str], flag: int = 0) -> None:
        call = getattr(os, verb)

        def followed(*given: Any, **more: Any) -> Any:
            told = "" if flag and not given[1] & flag else name(verb, *given)
            result = call(*given, **more)
            if told and os.devnull not in told:
                self.done(told)
            return result

        setattr(os, verb, followed)


def _caller(frame: FrameType) -> str:
    """The caller that began a transaction; empty for moves and new jobs: these have own steps."""
    while frame.f_back and frame.f_code.co_name in ("_write", "_write_all"):
        frame = frame.f_back
    name = frame.f_code.co_name.strip("_")
    owner = frame.f_locals.get("self")
    if not isinstance(owner, Repository):
        return name
    return (
        ""
        if isinstance(owner, Jobs) and name in ("move", "add")
        else f"{type(owner).__name__}.{name}"
    )


def _called(place: Any) -> str:
    """A file by a name that is the same in each run."""
    if isinstance(place, int):
        place = Path(f"/proc/self/fd/{place}").readlink()
    path = Path(os.fsdecode(place))
    if aside := re.match(r"ledger\.damaged-.*\.sqlite(.*)", path.name):
        return f"a ledger set aside{aside[1]}"
    if re.fullmatch(r"\.narrated-[0-9a-f]{16,32}\.tmp", path.name):
        return "a draft"
    if path.parent.name == "tmp" and re.fullmatch("[0-9a-f]{16}", path.name):
        return "a take being written"
    if re.fullmatch(r"[0-9a-f]{64}\.flac", path.name):
        return "a take"
    if re.fullmatch(r"[0-9a-f]{2}", path.name):
        return "a folder of takes"
    if re.fullmatch(r"\d+-\d+", path.name):
        return "a job's folder"
    if re.fullmatch(r"a.?|aux\.txt|n{100,}", path.name, re.DOTALL):
        return TRIED_NAME
    if link := re.fullmatch(r"[0-9a-f]{24}(\.\d+)?", path.name):
        return "a draft of a link to a state" if link[1] else "a link to a state"
    return path.name


def _follow_encoder(module: str, order: DaemonRun, daemon: int) -> None:
    """Count the steps of an encoder, in its own process."""
    if module == ENCODER:
        Steps(order, daemon).follow_files()


if __name__ == "__main__":
    main()
