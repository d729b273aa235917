"""Narrates a document in an app of its own, for `narrated read` and `narrated say`."""

import asyncio
import logging
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from narrated.audio.encoder_requests import TakeToAdd
from narrated.config.file import scratch_config
from narrated.config.values import Config, EngineConfig, SpeechConfig
from narrated.config.worker_specs import speech_engines, worker_specs
from narrated.errors import EngineNotHeld, NarratedError
from narrated.jobs.encoded_narration import EncodedNarration
from narrated.jobs.job_progress import JobProgress
from narrated.jobs.one_off_narration import OneOffDocument, OneOffNarrator, job_of
from narrated.jobs.plan import JobDefaults, OutputSettings
from narrated.printable import printable
from narrated.service.app import App
from narrated.terminal.borrowed_engines import BorrowedEngines
from narrated.terminal.command_storage import command_storage, takes_bytes
from narrated.terminal.given_document import GivenDocument
from narrated.terminal.playback import Playback
from narrated.terminal.sound_output import SoundOutput

Value = TypeVar("Value")
POLL_S = 0.1
_REMEDIES = {
    "; the work goes on by itself": ", then run the same command again",
    "Try again with `narrated retry FILE`": "Run the same command again",
    "try again with `narrated retry FILE`": "run the same command again",
    "It is tried again by itself. If": "If",
    ", or remove it.": ".",
}
"""The ends of remedies that a job has, and those that a command has instead."""
_NOTHING_AROUND = {"intro": "", "outro": ""}
"""Speech at a terminal is no episode."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(Exception):
    """A signal ended the work; everything is put away."""

    def __init__(self, number: int) -> None:
        super().__init__(f"ended by {signal.Signals(number).name}")
        self.number = number


@dataclass(frozen=True, slots=True)
class VoiceWish:
    """Voice and speed that the command line asks for: they override the document's own."""

    engine: str = ""
    voice: str = ""
    speed: float | None = None

    @property
    def asked(self) -> dict[str, str | float]:
        """Those of its fields that are not empty."""
        return {name: value for name, value in asdict(self).items() if value}


OnProgress = Callable[[float], None]
"""Called again and again while the work goes on, with the fraction that is done."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """The places that a narration goes to: a file, the loudspeakers, or both."""

    output: SoundOutput | None
    plays: bool = False

    @property
    def format(self) -> str:
        """The format that it is encoded in."""
        return "wav" if self.output is None else self.output.format


def narrate_into(
    config: Config | None,
    given: GivenDocument,
    wish: VoiceWish,
    delivery: Delivery,
    on_progress: OnProgress = lambda fraction: None,
    *,
    daemon: Path | None = None,
) -> float:
    """Narrate a document; returns the seconds of its sound.

    `daemon`: the control socket of one that speaks, if it has the engine that is asked for.
    Errors: NarratedError; Interrupted, and no file is there.
    """

    async def work(app: App) -> float:
        reading = _Reading(app, given.document, wish, delivery)
        return await reading.run(on_progress)

    logging.getLogger("narrated.parser").setLevel(logging.ERROR)  # it warns of other files' wait
    with command_storage(config) as folder:
        own = _own_config(config, given.root, folder, wish)
        is_served = wish.engine in ("", *_configured_engines(config))
        with _told_to_a_reader(given):
            return _run(own, daemon if is_served else None, work)


def _run(
    config: Config, daemon: Path | None, work: Callable[[App], Coroutine[Any, Any, Value]]
) -> Value:
    """Run it again with an engine that the document names, if neither daemon nor app has it."""
    try:
        return run_until_signal(_in_app(config, daemon, work))
    except EngineNotHeld as error:
        if not error.engine or (daemon is None and error.engine in config.engines):
            raise
        engines = {error.engine: EngineConfig(), **config.engines}
    return _run(msgspec.structs.replace(config, engines=engines), None, work)


@contextmanager
def _told_to_a_reader(given: GivenDocument) -> Iterator[None]:
    """Have an error name a document as the user does, and no job's remedy."""
    made_up = bool(given.document.made_up_title)
    try:
        yield
    except NarratedError as error:
        if error.problem.startswith(path := printable(given.document.path)):
            shown = given.shown.replace("the ", "The ", 1) if made_up else given.shown
            error.problem = shown + error.problem.removeprefix(path)
        for of_a_job, of_a_command in _REMEDIES.items():
            error.remedy = error.remedy.replace(of_a_job, of_a_command)
        raise


async def _in_app(
    config: Config, daemon: Path | None, work: Callable[[App], Coroutine[Any, Any, Value]]
) -> Value:
    if daemon is None:
        async with App(config, at_rest=True) as app:
            return await work(app)
    async with BorrowedEngines(daemon) as lent, App(config, at_rest=True, lent=lent) as app:
        return await work(app)


class _Reading:
    """One document on its way to its places."""

    def __init__(
        self, app: App, document: OneOffDocument, wish: VoiceWish, delivery: Delivery
    ) -> None:
        self._app, self._document, self._delivery = app, document, delivery
        self._progress = JobProgress(job_of(document))
        self._defaults = _defaults(app, wish, delivery.format)
        work = app.config.state / "work"
        self._playback = Playback(self._progress, work) if delivery.plays else None

    async def run(self, on_progress: OnProgress) -> float:
        narrating = asyncio.create_task(self._narrate())
        tasks: list[asyncio.Task[Any]] = [narrating]
        if self._playback is not None:
            tasks.append(asyncio.create_task(self._playback.follow(self._app.encoders, narrating)))
        try:
            await self._show(tasks, on_progress)
            encoded = await narrating
            for playing in tasks[1:]:
                await playing
            if self._playback is not None and not self._playback.takes:
                await self._playback.play(encoded.audio)
            return encoded.duration_s
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _show(self, tasks: Sequence[asyncio.Task[Any]], on_progress: OnProgress) -> None:
        """Show the progress until all is done; without a file, until the first task fails."""
        while pending := {task for task in tasks if not task.done()}:
            on_progress(self._progress.fraction)
            await asyncio.wait(pending, timeout=POLL_S)
            failed = [task for task in tasks if task.done() and task.exception()]
            if failed and self._delivery.output is None:
                await failed[0]

    async def _narrate(self) -> EncodedNarration:
        app, output = self._app, self._delivery.output
        narrator = OneOffNarrator(app.planner, app.speaker, app.cache)
        arguments = (self._document, self._defaults, self._progress, self._planned)
        encoded = await narrator.narrate(*arguments)
        if output is not None:
            stopped = threading.Event()
            try:
                await asyncio.to_thread(output.put, encoded.audio, stopped)
            finally:
                stopped.set()  # a thread goes on when its awaiter is cancelled
        return encoded

    def _planned(self, takes: Sequence[TakeToAdd]) -> None:
        if self._playback is not None:
            self._playback.takes = takes


def _defaults(app: App, wish: VoiceWish, format: str) -> JobDefaults:
    audio = app.config.audio
    bitrate = audio.bits_per_second if format == audio.format else None
    output = msgspec.structs.replace(
        OutputSettings.of(audio), format=format, bitrate=bitrate, **_NOTHING_AROUND
    )
    settings = msgspec.structs.replace(app.defaults.settings, **_NOTHING_AROUND)
    return replace(app.defaults, output=output, settings=settings, asked=wish.asked)


def _configured_engines(config: Config | None) -> set[str]:
    """The engines that a daemon of this configuration has."""
    specs = () if config is None else worker_specs(config)
    return {engine.name for spec in specs for engine in spec.engines}


def _own_config(config: Config | None, root: Path, folder: Path, wish: VoiceWish) -> Config:
    """A configuration of the folder; of the engines it has the one that is asked for."""
    own = scratch_config(config, root, folder)
    _check_engine(own, wish.engine)
    engines, speech = own.engines, own.speech
    if wish.engine and wish.engine != speech.engine:  # the configured one need not be loaded
        engines = {wish.engine: EngineConfig(), **engines}
        speech = SpeechConfig(
            engine=wish.engine, voice=wish.voice, speed=speech.speed, speakers=speech.speakers
        )
    limit = type(own.cache_limit)(takes_bytes(config))
    return msgspec.structs.replace(
        own, state=folder, cache_limit=limit, engines=engines, speech=speech
    )


def _check_engine(config: Config, name: str) -> None:
    """Refuse an engine that is unknown, or that does not speak. Errors: NarratedError."""
    known = speech_engines(config).limits
    if name and name not in known:
        raise NarratedError(
            f"There is no engine {printable(name)} that speaks.",
            f"Choose one of {', '.join(sorted(known))}.",
        )


def run_until_signal(
    work: Coroutine[Any, Any, Value], signals: Sequence[signal.Signals] = _SIGNALS
) -> Value:
    """Run to the end; a signal cancels the work, which may put away what it has begun.

    Errors: Interrupted.
    """
    came: list[int] = []

    async def main() -> Value:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None

        def stop(number: int) -> None:
            came.append(number)
            if len(came) == 1:  # another would cut the clean-up
                task.cancel()

        for each in signals:
            if signal.getsignal(each) is not signal.SIG_IGN:  # as nohup has it
                loop.add_signal_handler(each, stop, each)
        return await work

    try:
        return asyncio.run(main())
    except asyncio.CancelledError:
        if came:
            raise Interrupted(came[0]) from None
        raise
