"""Runs daemons by forking, counts the steps of each, and ends one by SIGKILL at a wished step.

    python -m support.stepping

A line of JSON on stdin is a wish (`Wish`), one on stdout says which process that daemon is
(`Begun`), and another how it ended (`Ended`). A step is
whatever a daemon does that outlives it: a transaction of its ledger, and every call that makes,
renames, removes or syncs a file. Each has a name, without what chance puts into file names, and is
written down when it is done.

Whatever a daemon needs is imported once, here. A daemon is a fork, and so are its worker and its
parser: the code is what `narrated` runs, only that nobody waits for Python to start.
"""

import asyncio
import ctypes
import importlib
import io
import logging
import os
import re
import signal
import socket
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec
from PIL import Image

from narrated.audio.encoder import AudioEncoder
from narrated.audio.tags import AudioTags, tag
from narrated.config.file import load
from narrated.config.values import Config
from narrated.errors import NarratedError
from narrated.inbox import inbox
from narrated.jobs.carry_over import CarryOver
from narrated.ledger.database import Database, Repository
from narrated.ledger.jobs import Jobs
from narrated.reading.cover_jpeg import cover
from narrated.script.draft_builder import build_draft
from narrated.script.script import ReadingSettings
from narrated.service.daemon import Daemon
from narrated.service.housekeeping import duty
from narrated.systemd_notify import ServiceNotifier
from narrated.terminal.daemon_client import DaemonClient
from narrated.workers.protocol import PARENT_VARIABLE

CHILDREN = 4  # a worker and two parsers, and one more of whichever is lost
ANSWER = "answer the user"
"""The step of a command that the user has seen done; before it, they would ask once more."""
TICK_S = 0.01
SECOND_LOOK_S = 0.05
IMPORTED = ("narrated.workers.host", "narrated.engines.metadata_captioner", "toy")
_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15


class Wish(msgspec.Struct):
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
    """How a daemon ended: its exit code, or minus the signal."""

    code: int


def main() -> None:
    """Serve wishes until stdin ends."""
    _warm()
    for line in sys.stdin:
        wish = msgspec.json.decode(line, type=Wish)
        pid = os.fork()
        if not pid:
            _leave(lambda wish=wish: _run(wish))
        print(msgspec.json.encode(Begun(pid)).decode(), flush=True)
        _, status = os.waitpid(pid, 0)
        print(msgspec.json.encode(Ended(os.waitstatus_to_exitcode(status))).decode(), flush=True)


def _warm() -> None:
    """Have all that is imported or built late there already: every fork inherits it."""
    for module in IMPORTED:
        importlib.import_module(module)
    for name, data in (("post.md", b"# A title\n\nWords.\n"), ("page.html", b"<p>Words.</p>")):
        build_draft(
            data, name, captions={}, lexicons=[], settings=ReadingSettings(), limits={"espeak": 400}
        )
    picture = io.BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "PNG")
    cover(picture.getvalue())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "sound.mp3")
        with AudioEncoder(path, "mp3", 22050) as encoder:
            encoder.write(bytes(4410))
        tag(path, "mp3", AudioTags(title="A title"))


def _leave(work: Callable[[], None]) -> None:
    """End this fork by its work, whatever becomes of it, without what its parent would tidy."""
    code = 1
    try:
        work()
        code = 0
    except SystemExit as ended:
        code = int(ended.code or 0)
    except BaseException:  # what a process does with an error that nobody took
        logging.exception("the fork ended")
    finally:
        sys.stderr.flush()
        os._exit(code)


def _run(wish: Wish) -> None:
    log = os.open(wish.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    config = load(Path(wish.config))
    asyncio.create_subprocess_exec = Children(CHILDREN).start  # type: ignore[assignment]
    logging.basicConfig(stream=sys.stderr, level=config.log.upper())
    duty.TURN_S = TICK_S
    inbox.Inbox.__init__.__kwdefaults__["second_look_s"] = SECOND_LOOK_S
    steps = Steps(Path(wish.record), wish.kill_at, wish.nth)
    steps.follow_files()
    steps.follow_ledger()
    if wish.breaks:
        CarryOver.carry = _break  # type: ignore[method-assign]
    if wish.command:
        _command(config, *wish.command)
        steps.done(ANSWER)
    with ServiceNotifier() as notifier:
        service = Daemon(config, notifier)
        if wish.for_ever:
            asyncio.run(service.run())
        else:
            asyncio.run(_watched(service) if wish.watch else _once(service))


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
        is_idle = service.admission.idle.is_set() and not ledger.jobs.all_open()
        return is_seen and is_there and is_withdrawn and is_idle
    return False


class Steps:
    """Names and counts what is done, and ends the process when the wished step was done."""

    def __init__(self, record: Path, kill_at: str, nth: int) -> None:
        self._record = os.open(record, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_TRUNC)
        self._kill_at = (kill_at, nth)
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def done(self, name: str) -> None:
        """A step is done: written down, and the last one where that was wished."""
        with self._lock:
            self._counts[name] += 1
            os.write(self._record, f"{name}\n".encode())
            if (name, self._counts[name]) == self._kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
                signal.pause()

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
    """Who began a transaction; empty for moves and new jobs, which tell of themselves."""
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
    if path.name.isdecimal():
        return "a job's folder"
    return path.name


class Children:
    """Forks that wait to become a worker or an parser, made before there is any thread."""

    def __init__(self, count: int) -> None:
        self._waiting: list[tuple[int, socket.socket]] = []
        for _ in range(count):
            ours, theirs = socket.socketpair()
            daemon = os.getpid()
            pid = os.fork()
            if not pid:
                ours.close()
                for _, other in self._waiting:
                    other.close()
                _leave(lambda line=theirs, daemon=daemon: _become(line, daemon))
            theirs.close()
            self._waiting.append((pid, ours))

    async def start(
        self, *command: str, stderr: int, pass_fds: Sequence[int], env: dict[str, str], **_: Any
    ) -> "Forked":
        """Stand in for asyncio's: a fork that waits becomes this module of ours."""
        pid, line = self._waiting.pop()
        module = command[command.index("-m") + 1]
        told = msgspec.json.encode({"module": module, "env": env})
        with line:
            socket.send_fds(line, [told], [stderr, *pass_fds])
        return Forked(pid)


class Forked:
    """What `Child` uses of a process of asyncio's."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def kill(self) -> None:
        """End it at once."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    async def wait(self) -> int:
        """Wait for its end; its exit code, or minus the signal."""
        while self.returncode is None:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            if ended:
                self.returncode = os.waitstatus_to_exitcode(status)
            else:
                await asyncio.sleep(0.002)
        return self.returncode


def _become(line: socket.socket, daemon: int) -> None:
    """Wait until the daemon has a use for this fork, and be that; end when it is gone."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != daemon:
        return
    told, given, _, _ = socket.recv_fds(line, 1 << 16, 2)
    if not told:
        return
    stderr, wire = given
    wish = msgspec.json.decode(told)
    os.dup2(stderr, 2)
    os.setsid()
    os.environ.update({PARENT_VARIABLE: wish["env"][PARENT_VARIABLE]})
    sys.argv = [wish["module"], str(wire)]
    name = wish["module"].rpartition(".")[2].encode()
    ctypes.CDLL(None).prctl(_PR_SET_NAME, name, 0, 0, 0)
    importlib.import_module(wish["module"]).main()


if __name__ == "__main__":
    main()
