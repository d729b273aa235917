"""The daemon's end of a worker on another box: a connection to the UNIX socket of its unit.

Who speaks on that socket is trusted for sound alone: its frames are limited and checked.
"""

import asyncio
import json
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from narrated import __version__
from narrated.audio.take_header import HEAD_BYTES, length_in
from narrated.engines.engine_info import EngineInfo
from narrated.engines.model_resources import ModelStatus
from narrated.errors import StorageError
from narrated.printable import printable
from narrated.workers.box_link import (
    PAYLOAD_LIMIT_BYTES,
    READ_AHEAD_BYTES,
    SILENT_S,
    BoxLink,
    greeting,
    same_version,
)
from narrated.workers.protocol import BadFrame
from narrated.workers.voice_files import VoiceFolder

_GREETING_S = 20.0
"""ssh and an interpreter start in it."""
_LINES_KEPT = 20
_VOICES_S = 30.0
_MOST_ROWS = 4096
_MOST_RATE = 768_000


class BoxRefused(OSError):
    """A box cannot be used now; the text says why, and the remedy."""


class BoxConnection:
    """A connection to a box's worker, with the face of a child process."""

    def __init__(
        self, name: str, link: BoxLink, greeted: tuple[int, str], voices: VoiceFolder
    ) -> None:
        self.name = name
        self.pid, self.place = greeted
        """`pid` counts on that box, whose name is `place`."""
        self.last_lines: Sequence[str] = ()
        self._link = link
        self._how = ""
        self._voices = voices
        self._tasks = {asyncio.create_task(self._follow_voices())}

    @classmethod
    async def connect(cls, name: str, path: str, voices: VoiceFolder) -> "BoxConnection":
        """Connect and greet; BoxRefused if nobody answers, or another version does."""
        try:
            wire = await asyncio.open_unix_connection(path, limit=READ_AHEAD_BYTES)
        except OSError as error:
            raise BoxRefused(
                f"nothing listens on its socket {path} ({error.strerror}). "
                f"Run `systemctl enable --now narrated-worker@{name}.socket`, or start the bridge "
                "to its cluster; see docs/boxes.md"
            ) from error
        link = BoxLink(*wire, PAYLOAD_LIMIT_BYTES)
        try:
            async with asyncio.timeout(_GREETING_S):
                greeted = await _greeted(name, link)
            index = await voices.on_disk(voices.index)
        except StorageError as error:
            link.abort()
            raise BoxRefused(f"its voices cannot be read: {error.problem}") from None
        except TimeoutError:
            link.abort()
            raise BoxRefused(f"it did not answer within {_GREETING_S:g} s") from None
        except BaseException:
            link.abort()
            raise
        if index:
            _send_index(link, index)
        return cls(name, link, greeted, voices)

    def send(self, header: Mapping[str, Any], payload: bytes = b"") -> None:
        """Queue a frame. If the box is gone, `receive` tells."""
        self._link.send(header, payload)

    async def receive(self) -> tuple[dict[str, Any], bytes] | None:
        """Wait for the next frame; None if the box is gone. Raises BadFrame."""
        while (frame := await self._link.receive()) is not None:
            header, payload = frame
            if "ended" in header:
                self._note_end(header["ended"])
                return None
            if "wants" not in header:
                return _checked(header, payload), payload
            self._tasks.add(asyncio.create_task(self._send_voices(header["wants"])))
        return None

    @property
    def is_lost(self) -> bool:
        """True if the link broke: no request is to blame."""
        return not self._how

    def hang_up(self) -> None:
        """Close the link: the worker then ends."""
        self._link.close()

    def kill(self) -> None:
        """Close the link at once; the box kills its process."""
        self._link.abort()

    async def ended(self, patience_s: float = 0.0) -> str:
        """Hang up; returns its end in words."""
        for task in self._tasks:
            task.cancel()
        self._link.close()
        if self._link.silent:
            return f"was silent for {SILENT_S} s, as a box without power or network is"
        return self._how or "lost its connection"

    async def _follow_voices(self) -> None:
        """Tell the box of voices that came, went or changed."""
        sent = await self._present()
        while True:
            await asyncio.sleep(_VOICES_S)
            index = await self._present()
            if index is not None and index != sent:
                _send_index(self._link, index)
                sent = index

    async def _present(self) -> Mapping[str, str] | None:
        """The voices that are there now; None if their disk does not answer."""
        try:
            return await self._voices.on_disk(self._voices.index)
        except StorageError:
            return None

    async def _send_voices(self, wanted: Any) -> None:
        """Send the files of voices that the box lacks, one after the other."""
        for digest in wanted if isinstance(wanted, list) else []:
            try:
                content = await self._voices.on_disk(self._voices.content, str(digest))
            except (OSError, KeyError, StorageError):  # it went meanwhile, or it is none of them
                self._link.send({"file": {"gone": str(digest)}})
                continue
            self._link.send({"file": {"sha256": str(digest)}}, content)
            await self._link.drain()

    def _note_end(self, body: Any) -> None:
        with suppress(KeyError, TypeError):
            self._how = printable(str(body["how"])[:200]) or "ended"
            lines = [printable(str(each)[:500]) for each in body["lines"]]
            self.last_lines = tuple(lines[-_LINES_KEPT:])


def _send_index(link: BoxLink, index: Mapping[str, str]) -> None:
    link.send({"voices": {}}, json.dumps(index).encode())


async def _greeted(name: str, link: BoxLink) -> tuple[int, str]:
    """Exchange greetings; returns the pid of the worker, and the name of its box."""
    link.send({"daemon": greeting()})
    try:
        frame = await link.receive()
        if link.silent:
            raise BoxRefused(f"it did not answer within {SILENT_S} s")
        if frame is None:
            raise BoxRefused(
                "its connection ended before it answered. "
                f"`journalctl -u narrated-worker@{name}` has the words of ssh"
            )
        if "ended" in frame[0]:
            raise BoxRefused(printable(str(frame[0]["ended"]["how"])[:300]))
        theirs = frame[0]["box"]
        pid, version = int(theirs["pid"]), printable(str(theirs["version"])[:40])
        if not same_version(theirs):
            raise BoxRefused(
                f"it has narrated {version}, and this daemon is {__version__}. Upgrade the box: "
                f"`sudo /opt/narrated/bin/pip install 'narrated=={__version__}'` on it"
            )
    except (BadFrame, KeyError, TypeError, ValueError):
        raise BoxRefused(
            "it speaks another protocol. Check that its command is `narrated worker`"
        ) from None
    return pid, printable(str(theirs.get("place", ""))[:100])


def _checked(header: dict[str, Any], payload: bytes) -> dict[str, Any]:
    """Check the values of a frame, which the daemon would otherwise meet much later."""
    try:
        for verb, body in header.items():
            if verb in _CHECKS:
                _CHECKS[verb](body)
            if verb == "done" and body.get("flac"):
                length_in(payload[:HEAD_BYTES], Path("take"))
    except StorageError as error:
        raise BadFrame("Its sound is no FLAC.") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadFrame(f"{type(error).__name__}: {error}"[:300]) from error
    return header


def _check_hello(body: dict[str, Any]) -> None:
    for entry in body["engines"]:
        if "unavailable" in entry:
            _make_printable(entry["unavailable"])
            continue
        info = msgspec.convert(entry, EngineInfo)
        if not (0 < info.rows <= _MOST_ROWS and 0 <= info.sample_rate <= _MOST_RATE):
            raise ValueError(f"rows {info.rows}, sample rate {info.sample_rate}")


def _check_models(body: dict[str, Any]) -> None:
    msgspec.convert(body["models"], list[ModelStatus])
    msgspec.convert(body["measured"], dict[str, int])


def _check_done(body: dict[str, Any]) -> None:
    elapsed_s, rate = body["elapsed_s"], body.get("sample_rate", 1)
    if not (isinstance(elapsed_s, int | float) and 0 <= elapsed_s < math.inf):
        raise ValueError("elapsed_s")
    if not (isinstance(rate, int) and 0 < rate <= _MOST_RATE):
        raise ValueError("sample_rate")
    if not (isinstance(body["identity"], str) and isinstance(body.get("text", ""), str)):
        raise TypeError("identity or text")
    if "sample_rate" not in body and "text" not in body:
        raise ValueError("neither sound nor words")


def _make_printable(body: dict[str, Any]) -> None:
    for key in ("problem", "remedy"):
        body[key] = printable(str(body[key]))


_CHECKS: Mapping[str, Callable[[dict[str, Any]], None]] = {
    "hello": _check_hello,
    "models": _check_models,
    "done": _check_done,
    "failed": _make_printable,
}
