"""The command line's client: asks the running daemon, or works on the state folder itself."""

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
from narrated.jobs.events import EventDispatcher
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
from narrated.terminal.folder_check import FolderCheck, OnFile, check_folder
from narrated.workers.engine_probe import EngineProbe, probe_engines

Value = TypeVar("Value")


class DaemonClient:
    """Sends each request to the daemon if one runs, so that no engine is loaded twice.

    Without a daemon the client does the work itself. `config` None means the defaults.
    """

    def __init__(self, config: Config | None) -> None:
        self._config = config
        self._daemon = holder(config.state) if config is not None else None

    @property
    def is_served(self) -> bool:
        """True if a daemon runs on this configuration's state folder."""
        return self._daemon is not None and bool(self._daemon.socket)

    def status(self) -> dict[str, Any]:
        """The daemon's status, or the ledger's if no daemon runs."""
        if self.is_served:
            return dict(self._ask({"do": "status"})[0])
        return dict(msgspec.to_builtins(report_at_rest(self._required)))

    def command(self, verb: str, **request: Any) -> Any:
        """Run the user command `verb`: retry, respeak, refresh, cancel or history."""
        if request.get("path"):
            request["path"] = inbox_path(self._required, request["path"])
        if self.is_served:
            return self._ask({"do": verb, **request})[0]
        return msgspec.to_builtins(self._command_offline(verb, request))

    def probe_engines(self) -> EngineProbe:
        """The engines that answer: the daemon's, or those of workers started for this probe."""
        if self.is_served:
            return msgspec.convert(self._ask({"do": "roll"})[0], EngineProbe)
        config = self._config or configuration.scratch_config(None, Path(), Path())
        return probe_engines(worker_specs(config), self._measured_memory())

    def say(
        self, text: str, voice: str | None, output: Path, *, engine: str | None = None
    ) -> float:
        """Speak a text into a file. Returns its length in seconds."""
        format_name = _format_of(output)
        if self.is_served:
            answer, pcm = self._ask({"do": "say", "text": text, "voice": voice, "engine": engine})
        else:
            config = _with_engine(self._config, engine)
            answer, pcm = _in_own_app(config, lambda app: Preview(app).say(text, voice, engine))
        rate = int(answer["sample_rate"])
        with AudioEncoder(output, format_name, rate) as encoder:
            encoder.write(pcm)
        return encoder.seconds

    def describe(self, image: Path) -> str:
        """Caption a picture, anywhere on this machine."""
        picture = image.read_bytes()
        if self.is_served:
            return str(self._ask({"do": "describe"}, picture)[0])
        return _in_own_app(self._config, lambda app: Preview(app).describe(picture))

    def draft(self, file: Path) -> Draft:
        """The script of a file, inside or outside of the inbox."""
        real = file.resolve()
        root = self._root_of(real) or real.parent
        path = str(real.relative_to(root))
        return _in_own_app(self._config, lambda app: Preview(app).draft(path), inbox=root)

    def check_folder(self, folder: Path, on_file: OnFile) -> FolderCheck:
        """Check all files of a folder, inside or outside of the inbox."""
        real = folder.resolve()
        root = self._root_of(real) or real
        path = "" if real == root else str(real.relative_to(root))
        return _in_own_app(
            self._config, lambda app: check_folder(app, path, on_file), inbox=root, mute=True
        )

    def _measured_memory(self) -> dict[str, int]:
        """The memory that each model was measured to take, if there is a ledger."""
        return {} if self._config is None else memory_in(self._config.state / "ledger.sqlite")

    def _root_of(self, real: Path) -> Path | None:
        """The inbox if a path lies in it, else None."""
        root = None if self._config is None else self._config.inbox.resolve()
        return root if root and real.is_relative_to(root) else None

    @property
    def _required(self) -> Config:
        if self._config is None:
            raise NarratedError("There is no configuration.", "Write one: narrated config init")
        return self._config

    def _ask(self, request: dict[str, Any], payload: bytes = b"") -> tuple[Any, bytes]:
        assert self._daemon is not None
        return ask(Path(self._daemon.socket), request, payload)

    def _command_offline(self, verb: str, request: dict[str, Any]) -> Any:
        """Run a user command on the ledger itself, under the state lock of a daemon."""
        config = self._required
        with StateLock(config.state, LockHolder(os.getpid())):
            ledger = Ledger(config.state / "ledger.sqlite")
            try:
                events = EventDispatcher(ledger)  # without a daemon, nobody listens
                jobs = JobFactory(ledger, events, config.inbox)
                commands = UserCommands(ledger, jobs, events, outbox=config.outbox)
                return getattr(commands, verb)(**request)
            finally:
                ledger.close()


def inbox_path(config: Config, given: str) -> str:
    """The path of a file in the ledger: relative to the inbox, however the user typed it."""
    real = Path(given).absolute()
    for root in (config.inbox, config.inbox.resolve()):
        if real.is_relative_to(root) and real != root:
            return str(real.relative_to(root))
    return given.removeprefix("./").rstrip("/")


def _in_own_app(
    config: Config | None,
    work: Callable[[App], Coroutine[Any, Any, Value]],
    inbox: Path = Path("/nonexistent"),
    *,
    mute: bool = False,
) -> Value:
    """Do some work in an app of our own, on a temporary state folder."""

    async def run(scratch: Path) -> Value:
        own = configuration.scratch_config(config, inbox, scratch)
        async with App(own, at_rest=True, mute=mute) as app:
            return await work(app)

    with tempfile.TemporaryDirectory(prefix="narrated-") as scratch:
        return asyncio.run(run(Path(scratch)))


def _with_engine(config: Config | None, engine: str | None) -> Config | None:
    """The configuration with this engine added, if it does not name the engine yet."""
    if engine is None or (config is not None and engine in config.engines):
        return config
    known = config or configuration.scratch_config(None, Path("/nonexistent"), Path("/nonexistent"))
    return msgspec.structs.replace(known, engines={**known.engines, engine: EngineConfig()})


def _format_of(output: Path) -> str:
    for name, audio_format in FORMATS.items():
        if audio_format.suffix == output.suffix.lower():
            return name
    known = ", ".join(audio_format.suffix for audio_format in FORMATS.values())
    raise NarratedError(
        f"The suffix of {output} is not an audio format that narrated writes.",
        f"Use one of {known}.",
    )
