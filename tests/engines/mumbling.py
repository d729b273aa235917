"""A speech engine that spoils some of its takes, as neural engines do, and says it in tones.

Each letter is a tone of its own, so `ear.py` reads from the sound what was really said, however
the take was trimmed, levelled or kept. A second has some 14 characters, like speech.

A take is spoiled by its request alone, so the same request is spoiled in the same way:

- `share` of the takes (0 to 1), by chance from seed and text, of one of the `kinds`.
- `spoils`, a map of a part of a text to the kinds of its takes: {"lazy dog": ["cut", "tail", ""]}
  cuts take 0, adds a tail to take 1, and says take 2 and all later ones well. A name alone
  spoils every take in this way.

Kinds: cut, tail, repeat, noise, silence (inside), ending (silence at the end), missing, garbage
(other words), backwards (other words of the same length), clip, nothing, and endless (the words are
right, but the engine says that it did not end). With `tells: true` it says of every take if it
ended.

Maps and lists may be JSON. Other options: rows, varies, voices, delay_s (each step), log (a file: a
line of JSON for each take, with text, take and kind).
"""

import hashlib
import json
import re
import time
import unicodedata
from collections import deque
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narrated.engines.interface import ModelFreeEngine, SpeechRequest, SpeechResult

RATE = 16_000
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789'"
LETTER_S = 0.06
GAP_S = 0.06
"""Between two words; longer behind a comma or a sentence."""
LOWEST_HZ, STEP_HZ = 300.0, 60.0
TAKE_NUMBERS = 0xFF
"""The low byte of a seed is the number of the take."""

KINDS = ("cut", "tail", "repeat", "noise", "silence", "missing", "garbage", "clip", "nothing")
_TAIL = ("and", "the", "and", "then", "so", "it", "is", "you", "know")
_GARBAGE = ("blue", "marmalade", "under", "seven", "horses")
_EDGE = int(0.004 * RATE)

Wave = NDArray[np.float64]


class Mumbling(ModelFreeEngine):
    """Requests wait in a queue, and a step says the first."""

    kind = "speech"
    sample_rate = RATE
    worn = False

    def __init__(self, options: dict[str, Any]) -> None:
        self.rows = int(options.get("rows", 8))
        self.varies = bool(options.get("varies", True))
        sounding = {name: each for name, each in options.items() if name not in ("log", "delay_s")}
        told = json.dumps(sounding, sort_keys=True).encode()
        self.identity = "mumbling-" + hashlib.sha256(told).hexdigest()[:16]
        self._options = options
        self._waiting: deque[SpeechRequest] = deque()

    def voices(self) -> dict[str, str]:
        """Its voices, all with the same sound."""
        return {name: name for name in self._options.get("voices", ["mumble", "en-us"])}

    def voice_digest(self, name: str) -> str:
        """The name itself."""
        return self.voices().get(name, "")

    def admit(self, request: Any) -> None:
        """Queue a request."""
        self._waiting.append(request)

    def cancel(self, id: str) -> None:
        """Forget a request."""
        self._waiting = deque(each for each in self._waiting if each.id != id)

    def step(self) -> list[SpeechResult]:
        """Say the first text, well or spoiled."""
        time.sleep(float(self._options.get("delay_s", 0.0)))
        request = self._waiting.popleft()
        kind = self._kind(request)
        self._write_log(request, kind)
        pcm = said(request.text, kind, Random(f"{request.seed} {request.text}"))
        return [SpeechResult(request.id, pcm, RATE, **self._told(kind, len(request.text)))]

    def _told(self, kind: str, characters: int) -> dict[str, Any]:
        ended = kind not in ("endless", "cut", "tail")
        if kind != "endless" and not self._options.get("tells"):
            return {}
        used = characters if ended else 2 * characters
        return {"ended": ended, "tokens": (used, 2 * characters)}

    def _kind(self, request: SpeechRequest) -> str:
        take = request.seed & TAKE_NUMBERS
        for part, kinds in self._options.get("spoils", {}).items():
            if part in request.text:
                return kinds if isinstance(kinds, str) else kinds[min(take, len(kinds) - 1)]
        chance = Random(f"{request.seed} {request.text} spoiled")
        if chance.random() < float(self._options.get("share", 0.0)):
            return str(chance.choice(list(self._options.get("kinds", KINDS))))
        return ""

    def _write_log(self, request: SpeechRequest, kind: str) -> None:
        if log := self._options.get("log"):
            line = {"text": request.text, "take": request.seed & TAKE_NUMBERS, "kind": kind}
            with Path(log).open("a", encoding="utf-8", errors="surrogateescape") as file:
                file.write(json.dumps(line) + "\n")


def load(options: dict[str, Any], context: Any) -> Mumbling:
    """The engine; it needs nothing."""
    return Mumbling({name: read(each) for name, each in options.items()})


def read(option: Any) -> Any:
    """An option's value: a map or a list comes as JSON, since a configuration takes neither."""
    is_json = isinstance(option, str) and option.startswith(("{", "["))
    return json.loads(option) if is_json else option


def said(text: str, kind: str, chance: Random) -> bytes:
    """The samples of a take of this text, spoiled in this way."""
    words = _misspoken(text.split(), kind, chance)
    wave = _ruined(_voiced(words, 0.2 + 0.05 * chance.random()), kind, chance)
    return (np.clip(wave, -1, 1) * 32767).astype("<i2").tobytes()


def _misspoken(words: list[str], kind: str, chance: Random) -> list[str]:
    """Words that are really said."""
    at = chance.randrange(max(1, len(words) - 4))
    some = words[at : at + 4]
    match kind:
        case "tail":
            return [*words, *_TAIL]
        case "repeat":
            return words[: at + 4] + 2 * some + words[at + 4 :]
        case "missing":
            return words[:at] + words[at + 4 :]
        case "garbage":
            return [*words[:at], *_GARBAGE, *words[at + 4 :]]
        case "backwards":
            return [*words[:at], *(word[::-1] for word in words[at : at + 4]), *words[at + 4 :]]
    return words


def _ruined(wave: Wave, kind: str, chance: Random) -> Wave:
    """The wave with trouble in it that no other words make."""
    noises = np.random.default_rng(chance.randrange(1 << 30))
    at = int(len(wave) * (0.3 + 0.3 * chance.random()))
    match kind:
        case "cut":
            whole = int(len(wave) * (0.5 + 0.25 * chance.random()))
            while whole > RATE // 50 and np.abs(wave[whole - RATE // 50 : whole]).min() == 0.0:
                whole -= RATE // 200  # amid a word, not between two
            return wave[:whole]
        case "noise":
            run = noises.normal(0.0, 0.25, int(0.7 * RATE))
            return np.concatenate([wave[:at], run, wave[at:]])
        case "silence":
            return np.concatenate([wave[:at], np.zeros(int(2.5 * RATE)), wave[at:]])
        case "ending":
            return np.concatenate([wave, np.zeros(3 * RATE)])
        case "clip":
            return wave * 30
        case "nothing":
            return np.zeros_like(wave)
    return wave


def _voiced(words: list[str], loudness: float) -> Wave:
    parts: list[Wave] = [np.zeros(int(0.02 * RATE))]
    for word in words:
        letters = [each for each in _plain(word) if each in LETTERS]
        if letters:
            parts += [loudness * _word(letters), np.zeros(int(_gap_s(word) * RATE))]
    return np.concatenate(parts)


def _word(letters: list[str]) -> Wave:
    """A tone for each letter, without a step between two."""
    each = np.full(int(LETTER_S * RATE), 1.0)
    pitch_hz = np.concatenate([each * (LOWEST_HZ + STEP_HZ * LETTERS.index(a)) for a in letters])
    wave: Wave = np.sin(2 * np.pi * np.cumsum(pitch_hz) / RATE)
    wave[:_EDGE] *= np.linspace(0, 1, _EDGE)
    wave[-_EDGE:] *= np.linspace(1, 0, _EDGE)
    return wave


def _plain(word: str) -> str:
    return unicodedata.normalize("NFKD", word.lower().replace("’", "'"))


def _gap_s(word: str) -> float:
    if re.search(r"[.!?:]\W*$", word):
        return 0.3
    return 0.15 if re.search(r"[,;]\W*$", word) else GAP_S
