"""A small engine that stands in for a model: tones as long as the text, and every kind of trouble.

A word in the text (or in the bytes of a picture or a take) makes trouble:
DIE, HANG, NONSENSE, UNKNOWN, RAISE, EAT (memory, until there is none), FAIL, and SLOW:2 (two
seconds of work, with progress).
WHISPER is said softly, by 9 dB.
DIEONCE dies only while the file of the option `died` does not exist, and makes it.

Options of the engine: kind, rows, slots (requests that it begins; the others of its rows wait at
the worker), sample_rate, seconds_a_character, delay_s, log (a file that
gets a line for each text spoken), died, load_s, die_at_load and hang_at_load (true, or a file
whose presence makes it so), front (its version: marked parts of a text go into the log in
brackets), steady (its steady_options, as JSON), held (a file: while it is there, no request
ends), worn_after, own_voices (its voices are the texts in the user's folder), unless (a file whose
absence makes the engine unavailable), voices, amplitude
(of its tones, which then are nothing else), languages (that it hears), tells (`words`: it tells
when each word is heard; `lies`: it tells what cannot be).
"""

import hashlib
import json
import math
import os
import re
import resource
import struct
import time
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from narrated.engines.interface import (
    CaptionRequest,
    CaptionResult,
    HearingRequest,
    HearingResult,
    ModelFreeEngine,
    ProgressReport,
    RequestFailure,
    SpeechResult,
)
from narrated.errors import EngineError, EngineUnavailable

SLICE_S = 0.05
EATEN_BYTES = 1 << 25


class Toy(ModelFreeEngine):
    """Works its rows side by side: each step brings every one a slice of time further."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.kind = options.get("kind", "speech")
        self.rows = int(options.get("rows", 8))
        self.sample_rate = int(options.get("sample_rate", 22050)) if self.kind == "speech" else 0
        self.languages = tuple(options.get("languages", ()))
        self.front = str(options.get("front", ""))
        self.steady_options = dict(json.loads(options.get("steady", "{}")))
        self.identity = "toy-" + _digest(json.dumps(options, sort_keys=True))
        self._options = options
        self.own = Path("/nonexistent")
        self._left_s: dict[str, float] = {}
        self._whole_s: dict[str, float] = {}
        self._requests: dict[str, Any] = {}
        self._finished = 0
        amplitude = int(options.get("amplitude", 8000))
        self._loud, self._soft = _cycle(amplitude), _cycle(amplitude * 10 ** (-9 / 20))

    @property
    def has_room(self) -> bool:
        return len(self._requests) < int(self._options.get("slots", self.rows))

    @property
    def worn(self) -> bool:
        after = self._options.get("worn_after")
        return after is not None and self._finished >= int(after)

    def voices(self) -> dict[str, str]:
        if edited := self._options.get("voices_in"):
            return dict(json.loads(Path(edited).read_text()))
        if self._options.get("own_voices"):
            return {path.stem: _digest(path.read_text()) for path in self.own.rglob("*.txt")}
        names = self._options.get("voices", ["toy", "other", "en-us"])
        return {name: _digest(name) for name in names} if self.kind == "speech" else {}

    def voice_digest(self, name: str) -> str:
        return self.voices().get(name, "")

    def admit(self, request: Any) -> None:
        text = _words(request)
        if self.kind == "speech" and request.voice and request.voice not in self.voices():
            raise EngineUnavailable(f"There is no voice '{request.voice}'.", "Use toy.")
        if "FAIL" in text:
            raise EngineError("The toy fails on demand.", "Take FAIL out.")
        slow = re.search(r"SLOW:([\d.]+)", text)
        work_s = float(slow[1]) if slow else float(self._options.get("delay_s", 0.0))
        self._left_s[request.id] = self._whole_s[request.id] = work_s
        self._requests[request.id] = request

    def step(self) -> list[Any]:
        self._make_trouble()
        slice_s = min(SLICE_S, *self._left_s.values(), SLICE_S)
        if slice_s > 0:
            time.sleep(slice_s)
        if self._is_held():
            return [ProgressReport(id, 0.0) for id in self._left_s]
        outcomes: list[Any] = []
        for id in list(self._left_s):
            self._left_s[id] -= slice_s
            if self._left_s[id] <= 1e-9:
                outcomes.append(self._outcome(id))
            else:
                outcomes.append(ProgressReport(id, 1 - self._left_s[id] / self._whole_s[id]))
        return outcomes

    def _is_held(self) -> bool:
        held = self._options.get("held")
        return held is not None and Path(held).exists()

    def cancel(self, id: str) -> None:
        del self._left_s[id], self._whole_s[id], self._requests[id]

    def _outcome(self, id: str) -> Any:
        request = self._requests[id]
        self.cancel(id)
        self._finished += 1
        text = _words(request)
        if log := self._options.get("log"):
            with Path(log).open("a", encoding="utf-8", errors="surrogateescape") as file:
                said = request.respelled(_bracketed) if self.front else text
                file.write(said.replace("\n", " ") + "\n")
        if isinstance(request, CaptionRequest):
            return CaptionResult(id, f"A picture of {len(request.picture)} bytes.")
        if isinstance(request, HearingRequest):
            seconds = len(request.pcm) / 2 / request.sample_rate
            return HearingResult(id, f"{seconds:g} seconds of {request.language}", -0.5)
        if not text.strip():
            return RequestFailure(id, "There is nothing to say.")
        pcm = self._tone(request)
        return SpeechResult(id, pcm, self.sample_rate, **self._told(text, len(pcm)))

    def _told(self, text: str, size: int) -> dict[str, Any]:
        """Times that share the tone among the characters, or lies of every kind."""
        tells = self._options.get("tells")
        if tells == "lies":
            return {"sentences": [(0, -1.0), (10**400, float("nan"))], "words": _endless()}
        a_character_s = size / 2 / self.sample_rate / len(text)
        words = [(word.start(), word.start() * a_character_s) for word in re.finditer(r"\S+", text)]
        return {"words": words} if tells == "words" else {}

    def _tone(self, request: Any) -> bytes:
        """A tone as long as the text; two samples at its beginning and in its middle are the
        length of the text and the seed, so that a test knows what it hears, faded or not."""
        seconds = len(request.text) * float(self._options.get("seconds_a_character", 0.06))
        count = max(2, int(seconds * self.sample_rate))
        begin = struct.pack("<hh", len(request.text) % 30000, request.seed % 30000)
        cycle = self._soft if "WHISPER" in request.text else self._loud
        loops = 2 * count // len(cycle) + 1
        if "amplitude" in self._options:
            return (cycle * loops)[: 2 * count]
        tone = (begin + cycle * loops)[: 2 * count]
        middle = count // 2 * 2
        return (tone[:middle] + begin + tone[middle + 4 :])[: 2 * count]

    def _make_trouble(self) -> None:
        for request in self._requests.values():
            text = _words(request)
            if "DIEONCE" in text:
                self._die_once()
            elif "DIE" in text:
                os._exit(7)
            if "HANG" in text:
                time.sleep(3600)
            if "NONSENSE" in text:
                _write_to_the_wire(b"\xff" * 64)
            if "UNKNOWN" in text:
                _write_to_the_wire(_frame({"done": {"id": "no such row", "elapsed_s": 0.0}}))
            if "EAT" in text:
                _eat()
            if "RAISE" in text:
                raise ZeroDivisionError("the toy raises on demand")

    def _die_once(self) -> None:
        died = Path(self._options["died"])
        if not died.exists():
            died.touch()
            os._exit(7)


def load(options: dict[str, Any], context: Any) -> Toy:
    """The engine, after the time and with the trouble that the options ask for."""
    time.sleep(float(options.get("load_s", 0.0)))
    if _holds(options.get("die_at_load")):
        os._exit(9)
    if _holds(options.get("hang_at_load")):
        time.sleep(3600)
    print("the toy prints to stdout while it loads")
    if "unless" in options and not Path(options["unless"]).exists():
        raise EngineUnavailable(f"{options['unless']} is missing.", "Make that file.")
    toy = Toy(options)
    toy.own = Path(context.voices)
    return toy


def _endless() -> Iterator[tuple[int, float]]:
    while True:
        yield (7, 0.0)


def _holds(option: Any) -> bool:
    return Path(option).exists() if isinstance(option, str) else bool(option)


def _eat() -> None:
    """Take all memory that there is; some is left for the tests' machine."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    taken_bytes = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken_bytes + EATEN_BYTES, before[1]))
    eaten = []
    try:
        while True:
            eaten.append(bytes(1 << 20))
    finally:
        eaten.clear()
        resource.setrlimit(resource.RLIMIT_AS, before)


def _words(request: Any) -> str:
    if isinstance(request, CaptionRequest):
        return request.picture.decode("latin-1")
    if isinstance(request, HearingRequest):
        return request.pcm.decode("latin-1")
    return str(request.text)


def _bracketed(mark: Any, text: str, ending: str) -> str:
    return f"[{mark.kind}: {text}]{ending}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _cycle(amplitude: float) -> bytes:
    samples = array("h", (int(amplitude * math.sin(math.tau * i / 100)) for i in range(22000)))
    return samples.tobytes()


def _frame(header: dict[str, Any]) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<II", len(text), 0) + text


def _write_to_the_wire(data: bytes) -> None:
    """As a worker of a broken version might: past the host, on every socket it holds."""
    for fd in Path("/proc/self/fd").iterdir():
        try:
            is_socket = str(fd.readlink()).startswith("socket:")
        except OSError:
            continue
        if is_socket:
            os.write(int(fd.name), data)
