"""Baselines: voice, encoder, loop and walk, each alone in a process of its own.

Run as a program: the first argument names the baseline, and the answer is a line of JSON. Only
the work itself is timed, not the start of the interpreter.
"""

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

FRAME_S = 30
FORMAT, CODEC, BITRATE = "mp3", "libmp3lame", 64_000


def run(baseline: str, *arguments: str | Path) -> dict[str, Any]:
    """Have a baseline work in a fresh process; its answer."""
    command = [sys.executable, __file__, baseline, *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return dict(json.loads(done.stdout))


def voice(chunks: str, sound: str) -> dict[str, Any]:
    """Speak chunks (JSON: text, language, pause) with the default voice; write their PCM."""
    from narrated.audio.take_sound import joined

    chosen = json.loads(Path(chunks).read_text())
    speak, rate = _speaker()
    began_s = time.perf_counter()
    takes = [speak(each["text"], each["language"]) for each in chosen]
    took_s = time.perf_counter() - began_s
    said = [(pcm, each["pause_s"], 1.0) for pcm, each in zip(takes, chosen, strict=True)]
    Path(sound).write_bytes(joined(said, rate))
    return {"seconds": took_s, "sample_rate": rate}


def encoder(sound: str, sample_rate: str, target: str) -> dict[str, Any]:
    """Encode PCM in one go."""
    pcm = Path(sound).read_bytes()
    _encode(b"\0\0", int(sample_rate), target)  # loads what is loaded at the first use
    began_s = time.perf_counter()
    _encode(pcm, int(sample_rate), target)
    return {"seconds": time.perf_counter() - began_s, "sound_s": len(pcm) / 2 / int(sample_rate)}


def notes(source: str, target: str) -> dict[str, Any]:
    """Speak, encode and durably write each file of a folder, one after the other."""
    speak, rate = _speaker()
    Path(target).mkdir()
    folder = os.open(target, os.O_RDONLY | os.O_DIRECTORY)
    began_s = time.perf_counter()
    for path in sorted(Path(source).iterdir()):
        text = path.read_text()
        _write_note(folder, Path(target) / path.stem, text, speak(text, "en"), rate)
    return {"seconds": time.perf_counter() - began_s}


def walk(root: str) -> dict[str, Any]:
    """Walk a tree and stat every file."""
    began_s = time.perf_counter()
    files = 0
    folders = [root]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    entry.stat(follow_symlinks=False)
                    files += 1
    return {"seconds": time.perf_counter() - began_s, "files": files}


def _speaker() -> tuple[Callable[[str, str], bytes], int]:
    """Speaks a text in a language by the default voice; and its sample rate."""
    from narrated.engines import espeak, pico
    from narrated.engines.interface import SpeechRequest
    from narrated.script.default_voice import PICO, default_engine

    engine = (pico if default_engine() == PICO else espeak).opened({})

    def speak(text: str, language: str) -> bytes:
        options = engine.narrator_options
        engine.admit(SpeechRequest("", text, "en-us", options, language))
        (spoken,) = engine.step()
        return bytes(spoken.pcm)

    return speak, engine.sample_rate


def _encode(pcm: bytes, sample_rate: int, target: str) -> None:
    import av
    import numpy as np

    with av.open(target, "w", format=FORMAT) as container:
        stream: Any = container.add_stream(CODEC, rate=sample_rate, layout="mono")
        stream.codec_context.bit_rate = BITRATE
        samples = np.frombuffer(pcm, dtype="<i2")
        for start in range(0, len(samples), FRAME_S * sample_rate):
            frame_samples = samples[start : start + FRAME_S * sample_rate]
            frame = av.AudioFrame.from_ndarray(frame_samples[None, :], format="s16", layout="mono")
            frame.sample_rate, frame.pts = sample_rate, start
            frame.time_base = Fraction(1, sample_rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _write_note(folder: int, stem: Path, text: str, pcm: bytes, sample_rate: int) -> None:
    """The three files of a narration, the manifest last, each durable before the next."""
    draft = stem.with_name(f".{stem.name}.tmp")
    _encode(pcm, sample_rate, str(draft))
    outputs = [_settle(draft, stem.with_name(f"{stem.name}.mp3"), folder)]
    end_s = len(pcm) / 2 / sample_rate
    draft.write_text(f"WEBVTT\n\n00:00:00.000 --> 00:00:{end_s:06.3f}\n{text}")
    outputs.append(_settle(draft, stem.with_name(f"{stem.name}.vtt"), folder))
    draft.write_text(json.dumps({"source": text, "outputs": outputs, "duration_s": end_s}))
    _settle(draft, stem.with_name(f"{stem.name}.json"), folder)


def _settle(draft: Path, target: Path, folder: int) -> dict[str, str]:
    """Make a file durable under its name; its name and digest, as a manifest holds them."""
    with draft.open("rb") as file:
        os.fsync(file.fileno())
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    draft.rename(target)
    os.fsync(folder)
    return {"name": target.name, "sha256": digest}


def main() -> None:
    baselines = {each.__name__: each for each in (voice, encoder, notes, walk)}
    print(json.dumps(baselines[sys.argv[1]](*sys.argv[2:])))


if __name__ == "__main__":
    main()
