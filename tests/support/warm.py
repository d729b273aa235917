"""A process that has imported narrated, and its forks: nobody waits for Python to start.

Workers, parsers and encoders of a forked daemon are forks too, made before the daemon has any
thread. The code is what `python -m` runs, with the environment and the descriptors that the daemon
gives.
"""

import asyncio
import ctypes
import gc
import importlib
import io
import logging
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
from PIL import Image

from narrated.audio.audio_tags import AudioTags
from narrated.audio.streaming_encoder import AudioEncoder
from narrated.audio.tags import tag
from narrated.config.file import load
from narrated.engines.model_free_captioner import describe
from narrated.engines.registry import known_engines
from narrated.reading.cover_jpeg import cover
from narrated.script.default_voice import SpeechEngines
from narrated.script.script import ReadingSettings
from narrated.script.source_to_draft import build_draft

FORKED = ("narrated.workers.host", "narrated.parser_process", "narrated.encoder_process")
"""What a daemon's children run, if they run it in this interpreter."""
MESSAGE_BYTES = 1 << 20
_START = asyncio.create_subprocess_exec
_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15


def warm_up(*modules: str) -> None:
    """Have all that is imported or built late there already: every fork inherits it."""
    for module in (*FORKED, *modules):
        importlib.import_module(module)
    for name, data in (("post.md", b"# A title\n\nWords.\n"), ("page.html", b"<p>Words.</p>")):
        build_draft(
            data,
            name,
            captions={},
            lexicons=[],
            settings=ReadingSettings(),
            engines=SpeechEngines({"espeak": 400}),
        )
    picture = io.BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "PNG")
    cover(picture.getvalue())
    describe(picture.getvalue())
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "narrated.yaml")
        config.write_text("inbox: inbox\noutbox: outbox\n")
        load(config)
        known_engines()
        path = Path(folder, "sound.mp3")
        with AudioEncoder(path, "mp3", 22050) as encoder:
            encoder.write(bytes(4410))
        tag(path, "mp3", AudioTags(title="A title"))
    gc.collect()
    gc.freeze()  # no collection of a fork copies the pages of all this


def leave(work: Callable[[], None]) -> None:
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


class Children:
    """Forks that wait to become a worker, a parser or an encoder, made before there is any thread.

    Once all are used, and for any other interpreter, a child is a process of its own. `begin` is
    called in a fork with its module before that runs.
    """

    def __init__(self, count: int, begin: Callable[[str], None] = lambda module: None) -> None:
        self._waiting: list[tuple[int, socket.socket]] = []
        for _ in range(count):
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            daemon = os.getpid()
            pid = os.fork()
            if not pid:
                ours.close()
                for _, other in self._waiting:
                    other.close()
                leave(lambda line=theirs, daemon=daemon: _become(line, daemon, begin))
            theirs.close()
            self._waiting.append((pid, ours))

    async def start(self, *command: str, **given: Any) -> Any:
        """Stand in for asyncio's: a fork that waits becomes this module of ours."""
        python, _, module = command[:3]
        if not self._waiting or python != sys.executable or module not in FORKED:
            return await _START(*command, **given)
        pid, line = self._waiting.pop()
        told = msgspec.json.encode({"module": module, "env": given["env"]})
        with line:
            socket.send_fds(line, [told], [given["stderr"], *given["pass_fds"]])
        return Forked(pid)

    def end(self) -> None:
        """Have those end that were not used."""
        for pid, line in self._waiting:
            line.close()
            os.waitpid(pid, 0)
        self._waiting.clear()


class Forked:
    """A forked process, with the part of asyncio's that `ChildProcess` uses."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def kill(self) -> None:
        """End it at once."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    async def wait(self) -> int:
        """Wait for its end; its exit code, or minus the signal."""
        if self.returncode is None:
            loop, ended = asyncio.get_running_loop(), asyncio.Event()
            end = os.pidfd_open(self.pid)
            loop.add_reader(end, ended.set)
            try:
                await ended.wait()
            finally:
                loop.remove_reader(end)
                os.close(end)
        if self.returncode is None:  # nobody else has waited for it meanwhile
            self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.returncode


def _become(line: socket.socket, daemon: int, begin: Callable[[str], None]) -> None:
    """Wait until the daemon has a use for this fork, and be that; end when it is gone."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != daemon:
        return
    told, given, _, _ = socket.recv_fds(line, MESSAGE_BYTES, 2)
    if not told:
        return
    stderr, wire = given
    order = msgspec.json.decode(told)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.dup2(stderr, 2)
    for done_with in (nothing, stderr, line.detach()):
        os.close(done_with)
    os.setsid()
    os.environ.clear()
    os.environ.update(order["env"])
    sys.argv = [order["module"], str(wire)]
    name = order["module"].rpartition(".")[2].encode()
    ctypes.CDLL(None).prctl(_PR_SET_NAME, name, 0, 0, 0)
    begin(order["module"])
    importlib.import_module(order["module"]).main()
