"""Recordings for voices: noise that rises and falls as speech does, in any kind of file."""

from io import BytesIO
from pathlib import Path

import numpy as np
import soundfile

KINDS = {
    "wav": ("WAV", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "ogg": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
}


def speech(seconds=8.0, rate=22_050, seed=0, level=0.1):
    """Four syllables a second of coloured noise, (n,)."""
    noise = np.random.default_rng(seed).standard_normal(round(seconds * rate))
    coloured = np.convolve(noise, np.hanning(9) / np.hanning(9).sum(), mode="same")
    envelope = 0.15 + np.abs(np.sin(np.arange(len(noise)) * 2 * np.pi * 2 / rate))
    return (level * coloured * envelope).astype(np.float32)


def written(samples, rate=22_050, kind="wav", subtype=None):
    """The bytes of a file that holds these samples, (n,) or (n, channels)."""
    container, usual = KINDS[kind]
    file = BytesIO()
    soundfile.write(file, samples, rate, format=container, subtype=subtype or usual)
    return file.getvalue()


def recorded(folder: Path, count=3, seed=0, seconds=8.0) -> Path:
    """A folder of clips, as somebody drops it."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        clip = written(speech(seconds, seed=100 * seed + number))
        (folder / f"{number + 1}.wav").write_bytes(clip)
    return folder
