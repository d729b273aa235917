"""Runs `narrated` as a fork of a process that has imported it already.

    python -m support.forked CONTROL [MODULE ...]

Importing takes three quarters of the CPU of starting a daemon, and the tests start hundreds. A fork
runs the same code as `python -m narrated.cli.main`, with arguments, environment, folder and output
of its own, and so do its workers, parsers and encoders (`warm.py`). `Fork` is the tests' end.
"""

import asyncio
import atexit
import ctypes
import functools
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import narrated

IMPORTED = (
    "narrated.cli.main",
    "narrated.service.daemon",
    "narrated.terminal.daemon_client",
    "narrated.terminal.one_off_speech",
    "narrated.terminal.command_reports",
    "narrated.terminal.without_daemon",
    "narrated.terminal.ledger_commands",
    "narrated.terminal.progress_bars",
)
MESSAGE_BYTES = 1 << 20
STARTING = {"run", "once", "script", "read", "say", "describe", "respeak"}
"""Commands that have children."""
CHILDREN = 5
"""Two workers, a parser and two encoders; what else is needed starts as a process of its own."""

_RIGHTS_TO_FILES = (1, 2)  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
_CAPABILITY_VERSION = 0x20080522
_PR_CAPBSET_DROP = 24


class Fork:
    """One fork, with the part of `subprocess.Popen` that the tests use.

    `imports` are more modules that are there already, in a forking process of their own: libraries
    that read the environment when they are imported are none of others' business.
    """

    def __init__(
        self,
        arguments: list[str],
        env: dict[str, str],
        output: int,
        error: int,
        *,
        imports: tuple[str, ...] = (),
        as_anybody: bool = False,
        account: tuple[int, ...] = (),
    ) -> None:
        """`account`: the numbers of a user and its groups, the first of them its own."""
        self.returncode: int | None = None
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        about = {"arguments": arguments, "env": env, "folder": str(Path.cwd())}
        asked = json.dumps({**about, "as_anybody": as_anybody, "account": account})
        with theirs:
            socket.send_fds(_parent(imports), [asked.encode()], [theirs.fileno(), output, error])
        self.pid = int(self._line.recv(64))

    def poll(self) -> int | None:
        """The exit code, or minus the signal; None while it runs."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; raises subprocess.TimeoutExpired."""
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(f"fork {self.pid}", timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        """Send it a signal; nothing if it has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):  # it may end in between, as with Popen
                os.kill(self.pid, number)

    def kill(self) -> None:
        """`kill -9`."""
        self.send_signal(signal.SIGKILL)

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None:
            self._line.settimeout(timeout)
            try:
                told = self._line.recv(64)
            except (BlockingIOError, TimeoutError):
                return None
            if not told:
                raise ChildProcessError(f"fork {self.pid}: the forking process is gone")
            self.returncode = int(told)
            self._line.close()
        return self.returncode


@functools.cache
def _parent(imports: tuple[str, ...]) -> socket.socket:
    """The process that forks with these modules, from their first use to the end of this one."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    roots = [str(Path(narrated.__file__).parents[1]), str(Path(__file__).parents[1])]
    process = subprocess.Popen(
        [sys.executable, "-m", "support.forked", str(theirs.fileno()), *imports],
        pass_fds=(theirs.fileno(),),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(roots)},
    )
    theirs.close()
    atexit.register(process.wait)
    atexit.register(ours.close)
    return ours


def main(control: int, *imports: str) -> None:
    """Fork for each request, and tell each fork's end, until the tests' end is closed."""
    from support.warm import warm_up  # the tests' end needs none of it

    warm_up(*IMPORTED, *imports)
    with selectors.DefaultSelector() as ready, socket.socket(fileno=control) as requests:
        ready.register(requests, selectors.EVENT_READ)
        while True:
            for key, _ in ready.select():
                if key.data is None:
                    asked, fds, _, _ = socket.recv_fds(requests, MESSAGE_BYTES, 3)
                    if not asked:
                        return
                    pid = _fork(json.loads(asked), fds)
                    os.write(fds[0], str(pid).encode())
                    ready.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, fds[0]))
                else:
                    pid, line = key.data
                    _, status = os.waitpid(pid, 0)
                    ready.unregister(key.fd)
                    os.close(key.fd)
                    _tell(line, os.waitstatus_to_exitcode(status))


def _tell(line: int, code: int) -> None:
    with socket.socket(fileno=line) as told:
        try:
            told.send(str(code).encode())
        except BrokenPipeError:
            return  # nobody asked for it any more


def _fork(asked: dict[str, Any], fds: list[int]) -> int:
    pid = os.fork()
    if pid:
        os.close(fds[1])
        os.close(fds[2])
        return pid
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(fds[1], 1)
    os.dup2(fds[2], 2)
    os.closerange(3, 1024)
    os.environ.clear()
    os.environ.update(asked["env"])
    os.chdir(asked["folder"])
    if asked["as_anybody"]:
        _give_up_rights()
    if asked["account"]:
        from support.account import become

        become(*asked["account"])
    os._exit(_with_children(asked["arguments"]))


def _give_up_rights() -> None:
    """Leave root, and what it starts, no more rights to files than anybody has."""
    libc = ctypes.CDLL(None, use_errno=True)
    version = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    held = (ctypes.c_uint32 * 6)()
    libc.capget(version, held)
    for right in _RIGHTS_TO_FILES:
        libc.prctl(_PR_CAPBSET_DROP, right, 0, 0, 0)
        for kind in range(3):  # effective, permitted, inheritable
            held[kind] &= ~(1 << right)
    if libc.capset(version, held):
        raise OSError(ctypes.get_errno(), "capset failed")


def _with_children(arguments: list[str]) -> int:
    """Run it, and where it is a daemon, with forks that wait to become its children."""
    from support.warm import Children

    children = Children(CHILDREN if STARTING & {*arguments} else 0)
    asyncio.create_subprocess_exec = children.start  # type: ignore[assignment]
    code = _run(arguments)
    children.end()
    return code


def _run(arguments: list[str]) -> int:
    """Run the command as a process of its own would, up to its exit code."""
    from narrated.cli import main as command

    sys.argv = [command.__file__, *arguments]
    code = 0
    try:
        command.main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001  # as an interpreter does
        sys.excepthook(*sys.exc_info())
        code = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return code


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
