"""Plays parts of a published narration, cut out of its sound file by their times."""

import tempfile
import wave
from collections.abc import Iterable, Iterator
from pathlib import Path

import av
from av.audio.resampler import AudioResampler
from av.container import InputContainer

from narrated.errors import NarratedError
from narrated.outbox import untrusted_reads
from narrated.outbox.manifest import Manifest
from narrated.outbox.manifest_takes import ChunkTakes
from narrated.printable import printable
from narrated.terminal.player import play, players_for

MARGIN_S = 0.15
"""Heard before and after a part, so that a cut-off word is told from a cut."""
LONGEST_S = 600.0
PIECE = Path("piece.wav")
"""Named only for its suffix: its players are asked for before anything is cut."""


def published_sound(outbox: Path, stem: str, path: str) -> Path:
    """Find the sound file of a source's narration by its manifest. Errors: NarratedError."""
    found = untrusted_reads.manifest(outbox, stem)
    names = _sounds(found) if found is not None and found.source.path == path else ()
    file = next((outbox / stem).with_name(each) for each in [*names, ""])
    if not names or not file.is_file():
        raise NarratedError(
            f"The sound of {printable(path)} is not in the outbox.",
            f"`narrated history {printable(path)}` tells what became of it.",
        )
    return file


def played(file: Path, chunks: Iterable[ChunkTakes]) -> Iterator[ChunkTakes]:
    """Yield each chunk, and play its part of a file once the caller comes back for the next one.

    Errors: NarratedError if there is no player, or if the file holds no sound.
    """
    players_for(PIECE)
    with tempfile.TemporaryDirectory(prefix="narrated-") as folder:
        piece = Path(folder) / PIECE
        for each in chunks:
            yield each
            cut(file, each.start_s - MARGIN_S, each.end_s + MARGIN_S, piece)
            play(piece)


def cut(file: Path, start_s: float, end_s: float, piece: Path) -> None:
    """Write a part of a sound file as WAV: mono, in 16 bits. Errors: NarratedError."""
    start_s = max(0.0, start_s)
    end_s = min(max(end_s, start_s), start_s + LONGEST_S)
    try:
        with av.open(str(file.absolute()), "r") as container:
            pcm, rate = _part(container, start_s, end_s)
    except (av.FFmpegError, ValueError, EOFError) as error:
        raise _no_sound(file) from error
    if not pcm:
        raise _no_sound(file)
    with wave.open(str(piece), "wb") as sound:
        sound.setparams((1, 2, rate, 0, "NONE", ""))
        sound.writeframes(pcm)


def _part(container: InputContainer, start_s: float, end_s: float) -> tuple[bytes, int]:
    """Decode a part; a frame at its edges is cut at the sample."""
    stream = container.streams.audio[0]
    rate = stream.codec_context.sample_rate
    container.seek(int(max(0.0, start_s - 1) * av.time_base), backward=True)
    resampler = AudioResampler(format="s16", layout="mono", rate=rate)
    pcm = bytearray()
    for frame in container.decode(stream):
        begins_s = float(frame.time or 0.0)
        if begins_s >= end_s:
            break
        for mono in resampler.resample(frame):
            samples = mono.to_ndarray().tobytes()
            first = max(0, round((start_s - begins_s) * rate)) * 2
            last = max(0, round((end_s - begins_s) * rate)) * 2
            pcm += samples[first:last]
    return bytes(pcm), rate


def _sounds(manifest: Manifest) -> tuple[str, ...]:
    return tuple(each.name for each in manifest.outputs if each.media_type.startswith("audio/"))


def _no_sound(file: Path) -> NarratedError:
    return NarratedError(
        f"{printable(str(file))} does not hold the sound that its manifest tells.",
        "Delete its manifest, the .json beside it: the daemon then publishes it again.",
    )
