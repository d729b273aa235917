"""A child process, and the daemon's end of its socket."""

import asyncio
import logging
import os
import re
import resource
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from narrated.printable import printable
from narrated.workers.protocol import (
    PARENT_VARIABLE,
    PREFIX,
    decode_header,
    decode_sizes,
    encode_header,
)

LINES_KEPT = 20
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
        self.pid = process.pid
        self._process = process
        self._reader, self._writer = wire
        self._stderr = stderr

    @classmethod
    async def start(
        cls, name: str, module: str, *, python: str = "", memory_bytes: int | None = None
    ) -> "ChildProcess":
        """Start one of our modules in an interpreter; OSError if it cannot be run."""
        ours, theirs = socket.socketpair()
        stderr, to_stderr = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *command(python, module, str(theirs.fileno())),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=to_stderr,
                pass_fds=(theirs.fileno(),),
                env=environment(python),
                start_new_session=True,  # a Ctrl-C is for the daemon alone
            )
        except BaseException:
            ours.close()
            os.close(stderr)
            raise
        finally:
            theirs.close()
            os.close(to_stderr)
        if memory_bytes is not None:
            _limit_memory(process.pid, memory_bytes)
        wire = await asyncio.open_unix_connection(sock=ours, limit=_READ_AHEAD_BYTES)
        return cls(name, process, wire, await _StderrLog.follow(f"{name} ({process.pid})", stderr))

    @property
    def last_lines(self) -> Sequence[str]:
        """Its last lines of output, safe to print."""
        return tuple(self._stderr.last_lines)

    def send(self, header: Mapping[str, Any], payload: bytes = b"") -> None:
        """Queue a frame. If the child is gone, `receive` tells."""
        begin = encode_header(dict(header), len(payload))
        if not self._writer.is_closing():
            self._writer.write(begin)
            if payload:
                self._writer.write(payload)

    async def receive(self) -> tuple[dict[str, Any], bytes] | None:
        """Wait for the next frame; None if the child is gone. Raises BadFrame."""
        try:
            header_bytes, payload_bytes = decode_sizes(await self._reader.readexactly(PREFIX.size))
            header = decode_header(await self._reader.readexactly(header_bytes))
            return header, await self._reader.readexactly(payload_bytes)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

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
    """Logs what a child writes to stderr, and keeps the last lines.

    It has a pipe of its own: asyncio's would wait for grandchildren that inherited it.
    """

    def __init__(
        self, name: str, reader: asyncio.StreamReader, transport: asyncio.ReadTransport
    ) -> None:
        self.last_lines: deque[str] = deque(maxlen=LINES_KEPT)
        self._name = name
        self._reader = reader
        self._transport = transport
        self._following = asyncio.create_task(self._follow())

    @classmethod
    async def follow(cls, name: str, fd: int) -> "_StderrLog":
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        pipe = os.fdopen(fd, "rb", buffering=0)
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), pipe
        )
        return cls(name, reader, transport)

    async def finished(self) -> None:
        """Read the rest of the output of a child that has ended."""
        await asyncio.wait({self._following}, timeout=_LAST_OUTPUT_S)
        self._following.cancel()
        self._transport.close()

    async def _follow(self) -> None:
        unfinished = b""
        while part := await self._reader.read(1 << 16):
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


def _limit_memory(pid: int, memory_bytes: int) -> None:
    """Limit the address space: a hostile file runs out of memory in its child alone."""
    try:
        resource.prlimit(pid, resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    except ProcessLookupError:
        return  # it is gone already, as `receive` tells


def _in_words(code: int) -> str:
    if code >= 0:
        return f"ended with exit status {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
