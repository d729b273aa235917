"""A worker on another box: keeps the host process, and carries frames between it and the daemon.

The box itself says where its models are and which modules are engines; the daemon chooses among
these. When the daemon is gone or silent, the host is killed, and lets go of its device.
"""

import asyncio
import json
import os
import socket
import stat
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from narrated.audio.flac_takes import encoded, spoken_notes
from narrated.audio.loudness import energies
from narrated.audio.pcm import SAMPLE_BYTES, samples
from narrated.engines.model_resources import ModelResources
from narrated.engines.speech_times import SpeechTimes
from narrated.workers.box_link import READ_AHEAD_BYTES, BoxLink, greeting, same_version
from narrated.workers.box_voices import BoxVoices
from narrated.workers.child import HUGE_PAGES, ChildProcess
from narrated.workers.protocol import PAYLOAD_LIMIT_BYTES, BadFrame

_HOST = "narrated.workers.host"
_EXIT_LIMIT_S = 1.0
_VOICES = "voices-of-daemons"
_LAST_FRAME_S = 2.0
_ENDS = {"done", "failed", "cancelled", "returned"}
_MOST_CHARACTERS = 1 << 20  # of a text; the daemon knows how many they are


@dataclass(frozen=True, slots=True)
class BoxSettings:
    """What a box says itself: its folders and its device, and the modules that are engines."""

    resources: ModelResources
    modules: frozenset[str]
    """Modules that the daemon may name."""
    own: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """`module` and `path` of the box's own engines, by their names."""

    def load(
        self, asked: Mapping[str, Any], voices: Path | None
    ) -> tuple[dict[str, Any], list[str]]:
        """Give what the host loads, and the names of the engines that this box does not have.

        `voices` is the folder of those that came; None if none did.
        """
        engines = [{**each, "python": "", **self._place(each)} for each in asked["engines"]]
        known = [each for each in engines if each["module"]]
        refused = [str(each["name"]) for each in engines if not each["module"]]
        resources = asdict(self._resources(ModelResources(**asked["resources"])))
        if voices is not None:
            resources["voices"] = str(voices)
        return {**asked, "engines": known, "resources": resources}, refused

    def _place(self, engine: Mapping[str, Any]) -> Mapping[str, str]:
        if own := self.own.get(engine["name"]):
            return own
        return {"module": engine["module"] if engine["module"] in self.modules else "", "path": ""}

    def _resources(self, asked: ModelResources) -> ModelResources:
        limits = [each for each in (asked.memory_bytes, self.resources.memory_bytes) if each]
        return replace(
            self.resources,
            memory_bytes=min(limits, default=0),
            idle_unload_s=asked.idle_unload_s,
            warms_at_once=asked.warms_at_once,
            workers_on_host=1,
        )


def serve(descriptors: tuple[int, int], settings: BoxSettings) -> str:
    """Serve the daemon at the other end of two descriptors; returns why it ended."""
    return asyncio.run(_serve(descriptors, settings))


async def _serve(descriptors: tuple[int, int], settings: BoxSettings) -> str:
    link = BoxLink(*await _streams(*descriptors), PAYLOAD_LIMIT_BYTES)
    try:
        host = await ChildProcess.start("host", _HOST, defaults=HUGE_PAGES)
    except OSError as error:
        return await _end(link, f"its host cannot be started ({error})", ())
    try:
        link.send({"box": {**greeting(), "pid": host.pid, "place": socket.gethostname()}})
        return await BoxWorker(link, host, settings).serve()
    finally:
        host.kill()
        await host.ended()


async def _streams(source: int, target: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open two pipes, as sshd gives them, or one socket, as systemd and inetd do."""
    if stat.S_ISSOCK(os.fstat(target).st_mode) and os.path.sameopenfile(source, target):
        os.close(source)
        wire = socket.socket(fileno=target)
        return await asyncio.open_connection(sock=wire, limit=READ_AHEAD_BYTES)
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(READ_AHEAD_BYTES)
    incoming, unused = asyncio.StreamReaderProtocol(reader), asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: incoming, os.fdopen(source, "rb", 0))
    transport, protocol = await loop.connect_write_pipe(
        lambda: asyncio.StreamReaderProtocol(unused), os.fdopen(target, "wb", 0)
    )
    return reader, asyncio.StreamWriter(transport, protocol, None, loop)


async def _end(link: BoxLink, how: str, lines: tuple[str, ...]) -> str:
    """Tell the daemon how this ends, if it still listens."""
    link.send({"ended": {"how": how, "lines": lines}})
    with_limit = asyncio.wait_for(link.drain(), _LAST_FRAME_S)
    await asyncio.gather(with_limit, return_exceptions=True)
    link.close()
    await asyncio.sleep(0)  # the transport closes in the next turn of the loop
    return how


class BoxWorker:
    """Carries frames between the daemon and the host until either is gone."""

    def __init__(self, link: BoxLink, host: ChildProcess, settings: BoxSettings) -> None:
        self._link, self._host, self._settings = link, host, settings
        self._refused: list[str] = []
        self._as_flac: set[str] = set()
        """Requests in flight whose sound is to cross as FLAC."""
        self._voices = BoxVoices(link, Path(settings.resources.cache).with_name(_VOICES))
        self._load: dict[str, Any] | None = None
        """A load that waits for the voices."""

    async def serve(self) -> str:
        """Carry frames; returns why it ended."""
        both = {asyncio.create_task(self._to_host()), asyncio.create_task(self._to_daemon())}
        done, others = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for each in others:
            each.cancel()
        await asyncio.to_thread(self._voices.close)
        return done.pop().result()

    async def _to_host(self) -> str:
        """Hand over what the daemon sends; returns once it is gone."""
        greeted = False
        while (frame := await self._received()) is not None:
            header, payload = frame
            if not greeted:
                greeted = same_version(header.get("daemon", {}))
                if not greeted:
                    return await _end(self._link, "is of another version", ())
            elif "admit" in header:
                if header["admit"].pop("flac", False):
                    self._as_flac.add(header["admit"]["id"])
                self._host.send(header, payload)
            elif "load" in header:
                self._load = header["load"]
                self._send_load()
            elif "voices" in header or "file" in header:
                if problem := await self._take_voices(header, payload):
                    return await _end(self._link, problem, ())
            else:
                self._host.send(header, payload)
        return "the daemon was silent" if self._link.silent else "the daemon hung up"

    async def _take_voices(self, header: dict[str, Any], payload: bytes) -> str:
        """Take an index of voices, or a file of theirs; returns why it could not."""
        try:
            if "voices" in header:
                await self._voices.expect(json.loads(payload))
            else:
                await self._voices.take(header["file"], payload)
        except OSError as error:  # such as a full disk
            where = error.filename or self._voices.folder  # a full disk names no file
            return f"cannot keep the voices in {where} ({error.strerror})"
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return f"was sent voices that cannot be ({error})"
        self._send_load()
        return ""

    def _send_load(self) -> None:
        """Have the host load its engines, once their voices are here."""
        if self._load is not None and self._voices.are_here:
            load, self._refused = self._settings.load(self._load, self._voices.shown)
            self._host.send({"load": load})
            self._load = None

    async def _received(self) -> tuple[dict[str, Any], bytes] | None:
        try:
            return await self._link.receive()
        except BadFrame:
            return None

    async def _to_daemon(self) -> str:
        """Hand over what the host sends; returns once it has ended."""
        broken = ""
        try:
            while (frame := await self._host.receive()) is not None:
                await self._hand_over(*frame)
        except BadFrame as error:
            broken = f"sent a broken frame ({error.problem}) and was killed"
            self._host.kill()
        how = await self._host.ended(_EXIT_LIMIT_S)
        return await _end(self._link, broken or how, tuple(self._host.last_lines))

    async def _hand_over(self, header: dict[str, Any], payload: bytes) -> None:
        if "hello" in header:
            entries = [*header["hello"]["engines"], *map(_not_here, self._refused)]
            header["hello"]["engines"] = entries
        for verb in _ENDS & header.keys():
            is_wanted = header[verb]["id"] in self._as_flac
            self._as_flac.discard(header[verb]["id"])
            if is_wanted and "sample_rate" in header[verb]:
                header["done"]["flac"] = True
                payload = await asyncio.to_thread(_flac, header["done"], payload)
        self._link.send(header, payload)
        await self._link.drain()


def _flac(done: Mapping[str, Any], pcm: bytes) -> bytes:
    """Encode a take as the daemon's cache keeps it."""
    sample_rate = int(done["sample_rate"])
    times = SpeechTimes.checked(done, _MOST_CHARACTERS, len(pcm) / SAMPLE_BYTES / sample_rate)
    measured = energies(samples(pcm), sample_rate)
    return encoded(pcm, sample_rate, spoken_notes(measured, times))


def _not_here(name: str) -> dict[str, Any]:
    remedy = f"Add it there, as `engines: {{{name}: {{module: …}}}}`, or remove it from `boxes:`."
    problem = f"The box has no engine '{name}'."
    return {"name": name, "unavailable": {"problem": problem, "remedy": remedy}}
