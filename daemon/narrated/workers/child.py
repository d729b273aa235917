"""A child process, and the daemon's end of its socket."""

import asyncio
import contextlib
import errno
import logging
import os
import re
import resource
import signal
import socket
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from narrated.printable import printable
from narrated.workers.protocol import PARENT_VARIABLE, PREFIX, decode_header, decode_prefix, encode

LINES_KEPT = 20
# Reading a model's weights then misses fewer addresses: a step takes 5 to 20 % less. torch asks for
# such pages itself; glibc does for what oneDNN packs.
HUGE_PAGES = {"THP_MEM_ALLOC_ENABLE": "1", "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
_LINE_CHARACTERS = 500
_READ_AHEAD_BYTES = 1 << 20
_LAST_OUTPUT_S = 0.5

# Variables meant for the daemon alone, or that would make a child load the wrong modules.
_NOT_PASSED_ON = ("NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "LISTEN_FDS", "LISTEN_PID")
_PYTHONS_OWN = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "__PYVENV_LAUNCHER__")
# A model's threads wait for each other by spinning, which takes the cores from the encoder and
# from the model: next to two busy processes a small model took thirty times as long.
_PATIENT = {"OMP_WAIT_POLICY": "PASSIVE"}
_OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}

_PACKAGE = Path(__file__).parents[1]

# Another interpreter sees our package, and nothing else that is installed next to it.
_BOOTSTRAP = """
import importlib.machinery, importlib.util, runpy, sys
spec = importlib.machinery.ModuleSpec("narrated", None, is_package=True)
spec.submodule_search_locations.append({package!r})
sys.modules["narrated"] = importlib.util.module_from_spec(spec)
runpy.run_module({module!r}, run_name="__main__", alter_sys=True)
"""

START_REMEDY = (
    "It is tried again by itself. If this stays, check the free memory, the limit of processes "
    "(TasksMax in the unit), and the installation with `narrated doctor`."
)
"""The remedy for a child that cannot be started."""

logger = logging.getLogger("narrated.worker")


class ChildProcess:
    """A running child: frames to and from it, what it last wrote to stderr, and its end."""

    def __init__(
        self,
        name: str,
        process: asyncio.subprocess.Process,
        wire: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        stderr: "_StderrLog",
    ) -> None:
        self.name = name
        self.place = ""
        self.pid = process.pid
        self._process = process
        self._reader, self._writer = wire
        self._stderr = stderr

    @classmethod
    async def start(
        cls,
        name: str,
        module: str,
        *,
        python: str = "",
        memory_bytes: int | None = None,
        environ: Mapping[str, str] = MappingProxyType({}),
        defaults: Mapping[str, str] = MappingProxyType({}),
    ) -> "ChildProcess":
        """Start one of our modules in an interpreter; OSError if it cannot be run.

        `environ` stands in its environment beside the rest; `defaults` only where the daemon's
        own has no such variable.
        """
        ours, theirs = socket.socketpair()
        stderr, to_stderr = os.pipe()
        with contextlib.ExitStack() as unless_started:
            unless_started.callback(ours.close)
            unless_started.callback(os.close, stderr)
            try:
                process = await asyncio.create_subprocess_exec(
                    *command(python, module, str(theirs.fileno())),
                    stdin=_null_device(),
                    stdout=_null_device(),
                    stderr=to_stderr,
                    pass_fds=(theirs.fileno(),),
                    env={**defaults, **environment(python), **environ},
                    start_new_session=True,  # a Ctrl-C is for the daemon alone
                )
            except RuntimeError as error:  # no thread can be started to wait for the child
                raise OSError(errno.EAGAIN, str(error)) from error
            finally:
                theirs.close()
                os.close(to_stderr)
            unless_started.pop_all()
        if memory_bytes is not None:  # a hostile file runs out of memory in its child alone
            with suppress(ProcessLookupError):  # it is gone already, as `receive` tells
                resource.prlimit(process.pid, resource.RLIMIT_AS, (memory_bytes, memory_bytes))
        wire = await asyncio.open_unix_connection(sock=ours, limit=_READ_AHEAD_BYTES)
        return cls(name, process, wire, _StderrLog(f"{name} ({process.pid})", stderr))

    @property
    def last_lines(self) -> Sequence[str]:
        """Its last lines of output, safe to print."""
        return tuple(self._stderr.last_lines)

    def send(self, header: Mapping[str, Any], payload: bytes = b"") -> None:
        """Queue a frame. If the child is gone, `receive` tells."""
        frame = encode(header, payload)
        if not self._writer.is_closing():
            for part in frame:
                self._writer.write(part)

    async def receive(self) -> tuple[dict[str, Any], bytes] | None:
        """Wait for the next frame; None if the child is gone. Raises BadFrame."""
        try:
            header_bytes, payload_bytes = decode_prefix(await self._reader.readexactly(PREFIX.size))
            header = decode_header(await self._reader.readexactly(header_bytes))
            return header, await self._reader.readexactly(payload_bytes)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    @property
    def is_alive(self) -> bool:
        """True until its end is known, or it has closed its socket."""
        return self._process.returncode is None and not self._reader.at_eof()

    @property
    def is_lost(self) -> bool:
        """False: the kernel tells how a child ended."""
        return False

    def hang_up(self) -> None:
        """Close the socket: a healthy child then exits."""
        self._writer.close()

    def kill(self) -> None:
        """Kill it at once."""
        if self._process.returncode is None:
            self._process.kill()

    async def ended(self, patience_s: float = 0.0) -> str:
        """Hang up, and kill it if it does not exit in time; returns its end in words."""
        self.hang_up()
        try:
            async with asyncio.timeout(patience_s):
                await self._process.wait()
        except TimeoutError:
            self.kill()
        code = await self._process.wait()
        await self._stderr.finished()
        return _in_words(code)


class _StderrLog:
    """Logs stderr from a pipe of our own: asyncio's would wait for grandchildren that have it."""

    def __init__(self, name: str, fd: int) -> None:
        self.last_lines: deque[str] = deque(maxlen=LINES_KEPT)
        self._name = name
        self._pipe = os.fdopen(fd, "rb", buffering=0)
        self._following = asyncio.create_task(self._follow())

    async def finished(self) -> None:
        """Read the rest of the output of a child that has ended."""
        await asyncio.wait({self._following}, timeout=_LAST_OUTPUT_S)
        self._following.cancel()

    async def _follow(self) -> None:
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(lambda: protocol, self._pipe)
        with contextlib.closing(transport):
            unfinished = b""
            while part := await reader.read(1 << 16):
                *lines, unfinished = re.split(rb"[\r\n]+", unfinished + part)
                for line in lines:
                    self._note(line)
                unfinished = unfinished[-(1 << 16) :]
            self._note(unfinished)

    def _note(self, line: bytes) -> None:
        text = printable(line.decode("utf-8", "replace").rstrip()[:_LINE_CHARACTERS])
        if text:
            self.last_lines.append(text)
            logger.debug("%s: %s", self._name, text)


@cache
def _null_device() -> int:
    """The null device, opened once: the event loop opens nothing while posts go through."""
    return os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)


def _is_foreign(python: str) -> bool:
    return python not in ("", sys.executable)


def command(python: str, module: str, *arguments: str) -> Sequence[str]:
    """Build the command that runs one of our modules, installed in that interpreter or not."""
    if not _is_foreign(python):
        return (sys.executable, "-m", module, *arguments)
    return (python, "-c", _BOOTSTRAP.format(package=str(_PACKAGE), module=module), *arguments)


def environment(python: str) -> dict[str, str]:
    """Build the environment for one of our modules in an interpreter."""
    not_passed_on = (*_NOT_PASSED_ON, *(_PYTHONS_OWN if _is_foreign(python) else ()))
    kept = {name: value for name, value in os.environ.items() if name not in not_passed_on}
    # It must not import modules from the working directory.
    return _PATIENT | kept | _OFFLINE | {"PYTHONSAFEPATH": "1", PARENT_VARIABLE: str(os.getpid())}


def _in_words(code: int) -> str:
    if code >= 0:
        return f"ended with exit status {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
