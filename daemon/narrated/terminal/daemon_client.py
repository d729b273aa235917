"""What the command line asks: of the running daemon, else of the state directory itself."""

import asyncio
import os
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from narrated.audio.encoder import AudioEncoder
from narrated.audio.formats import FORMATS
from narrated.config import file as configuration
from narrated.config.values import Config, EngineConfig
from narrated.config.worker_specs import worker_specs
from narrated.errors import NarratedError
from narrated.jobs.job_factory import JobFactory
from narrated.ledger.host_state import memory_in
from narrated.ledger.store import Ledger
from narrated.script.script import Draft
from narrated.service.app import App
from narrated.service.commands import UserCommands
from narrated.service.control_socket import ask
from narrated.service.preview import Preview
from narrated.service.state_lock import LockHolder, StateLock, holder
from narrated.service.status_report import report_at_rest
from narrated.terminal.folder_check import FolderCheck, Tell, check
from narrated.workers.engine_probe import EngineProbe, called

Value = TypeVar("Value")


class DaemonClient:
    """Nothing is loaded twice: where a daemon runs, it does the work.

    `config` None stands for the defaults, where no configuration was written yet.
    """

    def __init__(self, config: Config | None) -> None:
        self._config = config
        self._daemon = holder(config.state) if config is not None else None

    @property
    def is_served(self) -> bool:
        """Whether a daemon runs on this configuration's state."""
        return self._daemon is not None and bool(self._daemon.socket)

    def status(self) -> dict[str, Any]:
        """How the daemon stands, or what the ledger tells where none runs."""
        if self.is_served:
            return dict(self._ask({"do": "status"})[0])
        return dict(msgspec.to_builtins(report_at_rest(self._required)))

    def command(self, verb: str, **request: Any) -> Any:
        """Retry, respeak, refresh, cancel or history."""
        if request.get("path"):
            request["path"] = inbox_path(self._required, request["path"])
        if self.is_served:
            return self._ask({"do": verb, **request})[0]
        return msgspec.to_builtins(self._at_rest(verb, request))

    def roll(self) -> EngineProbe:
        """Which engines answer: those of the daemon, or in workers of our own that warm nothing."""
        if self.is_served:
            return msgspec.convert(self._ask({"do": "roll"})[0], EngineProbe)
        config = self._config or configuration.scratch_config(None, Path(), Path())
        return called(worker_specs(config), self._measured())

    def say(
        self, text: str, voice: str | None, output: Path, *, engine: str | None = None
    ) -> float:
        """Speak a text into a file; its length in seconds."""
        format = _format_of(output)
        if self.is_served:
            told, pcm = self._ask({"do": "say", "text": text, "voice": voice, "engine": engine})
        else:
            config = _with_engine(self._config, engine)
            told, pcm = _alone(config, lambda app: Preview(app).say(text, voice, engine))
        rate = int(told["sample_rate"])
        with AudioEncoder(output, format, rate) as encoder:
            encoder.write(pcm)
        return encoder.seconds

    def describe(self, image: Path) -> str:
        """What the captioner says of a picture anywhere on this machine."""
        picture = image.read_bytes()
        if self.is_served:
            return str(self._ask({"do": "describe"}, picture)[0])
        return _alone(self._config, lambda app: Preview(app).describe(picture))

    def plan(self, file: Path) -> Draft:
        """What would be said of a file, which need not be in the inbox."""
        real = file.resolve()
        root = self._root_of(real) or real.parent
        path = str(real.relative_to(root))
        return _alone(self._config, lambda app: Preview(app).draft(path), inbox=root)

    def check(self, folder: Path, tell: Tell) -> FolderCheck:
        """What would be said of all in a folder, which need not be in the inbox."""
        real = folder.resolve()
        root = self._root_of(real) or real
        path = "" if real == root else str(real.relative_to(root))
        return _alone(self._config, lambda app: check(app, path, tell), inbox=root, mute=True)

    def _measured(self) -> dict[str, int]:
        """What models were seen to take, where a ledger tells."""
        return {} if self._config is None else memory_in(self._config.state / "ledger.sqlite")

    def _root_of(self, real: Path) -> Path | None:
        """The inbox, where a path lies in it."""
        root = None if self._config is None else self._config.inbox.resolve()
        return root if root and real.is_relative_to(root) else None

    @property
    def _required(self) -> Config:
        if self._config is None:
            raise NarratedError("There is no configuration.", "See `narrated config init`.")
        return self._config

    def _ask(self, request: dict[str, Any], payload: bytes = b"") -> tuple[Any, bytes]:
        assert self._daemon is not None
        return ask(Path(self._daemon.socket), request, payload)

    def _at_rest(self, verb: str, request: dict[str, Any]) -> Any:
        """The same on the state directory itself, held meanwhile as a daemon would."""
        config = self._required
        with StateLock(config.state, LockHolder(os.getpid())):
            ledger = Ledger(config.state / "ledger.sqlite")
            try:
                commands = UserCommands(
                    ledger,
                    JobFactory(ledger, config.inbox, lambda job: None),
                    outbox=config.outbox,
                    enqueue=lambda job: None,
                    cancel=lambda job: None,
                )
                return getattr(commands, verb)(**request)
            finally:
                ledger.close()


def inbox_path(config: Config, given: str) -> str:
    """A file as the ledger knows it: relative to the inbox, however the user named it."""
    real = Path(given).absolute()
    for root in (config.inbox, config.inbox.resolve()):
        if real.is_relative_to(root) and real != root:
            return str(real.relative_to(root))
    return given.removeprefix("./").rstrip("/")


def _alone(
    config: Config | None,
    work: Callable[[App], Coroutine[Any, Any, Value]],
    inbox: Path = Path("/nonexistent"),
    *,
    mute: bool = False,
) -> Value:
    """Do a piece of work with parts of our own, on a state directory that is gone afterwards."""

    async def done(scratch: Path) -> Value:
        alone = configuration.scratch_config(config, inbox, scratch)
        async with App(alone, at_rest=True, mute=mute) as app:
            return await work(app)

    with tempfile.TemporaryDirectory(prefix="narrated-") as scratch:
        return asyncio.run(done(Path(scratch)))


def _with_engine(config: Config | None, engine: str | None) -> Config | None:
    """The same configuration, where it does not name this engine yet, with it."""
    if engine is None or (config is not None and engine in config.engines):
        return config
    known = config or configuration.scratch_config(None, Path("/nonexistent"), Path("/nonexistent"))
    return msgspec.structs.replace(known, engines={**known.engines, engine: EngineConfig()})


def _format_of(output: Path) -> str:
    for name, format in FORMATS.items():
        if format.suffix == output.suffix.lower():
            return name
    known = ", ".join(format.suffix for format in FORMATS.values())
    raise NarratedError(f"{output} has no suffix of ours.", f"Use one of {known}.")
