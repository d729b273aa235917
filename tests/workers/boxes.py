"""Boxes for tests: a UNIX socket that starts `narrated worker` for each connection."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

from narrated.workers.worker import WorkerSpec
from workers.support import ENGINES, Watched, running

PACKAGE = str(Path(__file__).parents[2] / "daemon")
STARTS = ("child", "box")
"""The ways in which a worker starts."""

CONFIG = """
inbox: inbox
outbox: outbox
state: state
cache: cache
engines: {{toy: {{module: toy, path: {engines}}}}}
"""


class Box:
    """A box on this machine. `command` is what its socket starts."""

    def __init__(self, folder: Path, name: str = "box2", command: tuple[str, ...] = ()) -> None:
        self.name = name
        self.socket = folder / f"{name}.sock"
        self.processes: list[subprocess.Popen[bytes]] = []
        self.closed = False
        folder.mkdir(exist_ok=True)
        self._config = folder / f"{name}.yaml"
        self.load_from(ENGINES)
        ours = (sys.executable, "-m", "narrated.cli", "--config", str(self._config), "worker")
        self._command = command or ours
        self._log = (folder / f"{name}.log").open("ab")

    def load_from(self, folder: Path | str) -> None:
        """Have it load its toy from this folder."""
        self._config.write_text(CONFIG.format(engines=folder))

    async def serve(self) -> None:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(self.socket))
            listening.listen()
            listening.setblocking(False)
            while True:
                wire, _ = await asyncio.get_running_loop().sock_accept(listening)
                with wire:
                    if self.closed:
                        continue
                    env = {**os.environ, "PYTHONPATH": PACKAGE}
                    self.processes.append(
                        subprocess.Popen(
                            self._command, stdin=wire, stdout=wire, stderr=self._log, env=env
                        )
                    )

    def freeze(self) -> None:
        self.processes[-1].send_signal(signal.SIGSTOP)

    def end(self) -> None:
        for each in self.processes:
            with suppress(ProcessLookupError):
                each.kill()
            each.wait()
        self._log.close()
        self.socket.unlink(missing_ok=True)


@asynccontextmanager
async def serving(box: Box) -> AsyncIterator[Box]:
    task = asyncio.create_task(box.serve())
    await asyncio.sleep(0)
    try:
        yield box
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        box.end()


@asynccontextmanager
async def running_on(start: str, folder: Path, spec: WorkerSpec) -> AsyncIterator[Watched]:
    """A pool of one worker, started in one of the two ways: `child` or `box`."""
    if start == "child":
        async with running(spec) as watched:
            yield watched
        return
    box = Box(folder)
    spec = replace(spec, name="box2", socket=str(box.socket))
    async with serving(box), running(spec) as watched:
        yield watched
