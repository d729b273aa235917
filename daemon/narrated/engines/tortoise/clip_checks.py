"""Checks clips, the recordings of a voice, and advises on better ones.

Clips are untrusted: limits apply to the header before decoding, and to the samples during it.
Imports no torch, so that `narrated voices add` can check clips without it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from shlex import quote

import numpy as np
import numpy.typing as npt
import soundfile

from narrated.engines.neural.damaged_files import guard_reading
from narrated.errors import EngineUnavailable
from narrated.human_formatting import size

Samples = npt.NDArray[np.float32]

SUFFIXES = (".wav", ".flac", ".ogg", ".opus", ".mp3")
MOST_BYTES = 64 << 20
SHORTEST_S = 3.0
LONGEST_S = 120.0
"""Only six seconds of a clip are used; longer recordings should be several clips."""
LOWEST_RATE = 16_000
"""Lower rates are those of telephones."""
HIGHEST_RATE = 192_000
MOST_CHANNELS = 8

_CONTAINERS = ("WAV", "WAVEX", "RF64", "FLAC", "OGG", "MP3")
_BLOCK_FRAMES = 1 << 16
_MOST_FRAMES = 1 << 40
"""libsndfile gives more for a streamed FLAC, whose header has no length."""
_FULL_SCALE = 0.999
_MOST_CLIPPED = 0.005
_LITTLE_CLIPPED = 0.0005
_QUIETEST_DB = -50.0
_FLOOR_DB = -60.0
"""Quieter windows count as silence in any clip."""
_BELOW_LOUDEST_DB = 40.0
_LEAST_SOUNDING = 0.3
_WINDOW_S = 0.02

_FEWEST = 3
_SHORT_S = 6.0
_LONG_S = 20.0
_LEADING_S = 1.0
_UNLIKE_DB = 10.0

_RECORD = "Record about ten seconds of one person who speaks, with nothing else to be heard."
_QUIETER = "Record it again with less gain: no tool restores the clipped peaks."


@dataclass(frozen=True, slots=True, eq=False)
class VoiceClip:
    """A recording of one voice: samples (n,) within -1 to 1, at `rate` a second."""

    name: str
    samples: Samples
    rate: int
    channels: int = 1
    """Channels of its file, before mixing."""
    clipped: float = 0.0
    """Share of samples at full scale."""

    @property
    def seconds(self) -> float:
        """Its duration."""
        return len(self.samples) / self.rate

    def at(self, rate: int) -> Samples:
        """The samples (m,) at another rate."""
        if rate == self.rate:
            return self.samples
        import soxr  # not needed for checking clips

        resampled: Samples = soxr.resample(self.samples, self.rate, rate)
        return resampled.clip(-1.0, 1.0)


def open_clip(content: bytes, name: str) -> VoiceClip:
    """Open a clip from its file's bytes: WAV, FLAC, Ogg (Vorbis or Opus) or MP3.

    Raises EngineUnavailable, with the measured figure and a remedy, if it is unreadable, too long,
    too short, of too low a rate, clipped or silent.
    """
    if len(content) > MOST_BYTES:
        raise _refused(name, f"it is of {size(len(content))}", _cut(name))
    with guard_reading(f"The clip {name}", _converted(name)):
        clip = _read(content, name)
    _check_length(name, clip.seconds)
    if clip.clipped > _MOST_CLIPPED:
        raise _refused(name, f"{clip.clipped:.1%} of it is cut off at full scale", _QUIETER)
    _check_sound(clip)
    return clip


def advice(clips: Iterable[VoiceClip]) -> list[str]:
    """Advice for a better voice from these clips. Takes them one by one, and keeps none."""
    levels: list[tuple[float, str]] = []
    lines: list[str] = []
    for clip in clips:
        levels.append((float(_levels_db(clip.samples)), clip.name))
        lines += _of_one(clip)
    return [*_of_all(sorted(levels)), *lines]


def _of_all(levels: Sequence[tuple[float, str]]) -> Iterator[str]:
    """Advice on all clips; `levels` are dB and name of each, the quietest first."""
    if len(levels) < _FEWEST:
        have = "one clip makes" if len(levels) == 1 else f"{len(levels)} clips make"
        yield f"{have} a voice, and {_FEWEST} or more of about ten seconds a better one"
    if len(levels) > 1:
        (low_db, quiet), (high_db, loud) = levels[0], levels[-1]
        if high_db - low_db > _UNLIKE_DB:
            yield (
                f"{loud} is {high_db - low_db:.0f} dB louder than {quiet}: bring them to one level"
            )


def _of_one(clip: VoiceClip) -> Iterator[str]:
    if clip.seconds < _SHORT_S:
        yield f"{clip.name} is {clip.seconds:.1f} s long, and about ten seconds are best"
    if clip.seconds > _LONG_S:
        yield f"{clip.name} is {clip.seconds:.0f} s long, of which six seconds are heard: cut it up"
    if clip.channels > 1:
        yield f"{clip.name} has {clip.channels} channels, which are mixed: one microphone is best"
    if clip.clipped > _LITTLE_CLIPPED:
        yield f"{clip.clipped:.2%} of {clip.name} is cut off at full scale: record with less gain"
    sounding = np.flatnonzero(_sounding(clip))
    if (leading_s := float(sounding[0]) * _WINDOW_S) > _LEADING_S:
        yield f"{clip.name} begins with {leading_s:.1f} s of silence: cut that off"


def _read(content: bytes, name: str) -> VoiceClip:
    try:
        with soundfile.SoundFile(BytesIO(content)) as sound:
            _check_header(name, sound)  # it may claim anything
            return _mixed(name, sound)
    except soundfile.LibsndfileError as error:  # without its mention of our buffer
        why = f"it cannot be read ({error.error_string.strip(' .')})"
        raise _refused(name, why, _converted(name)) from error


def _check_header(name: str, sound: soundfile.SoundFile) -> None:
    if sound.format not in _CONTAINERS:
        raise _refused(name, f"it is a file of {sound.format_info}", _converted(name))
    if not LOWEST_RATE <= sound.samplerate <= HIGHEST_RATE:
        raise _refused(
            name,
            f"it has {sound.samplerate} samples a second, where {LOWEST_RATE} to {HIGHEST_RATE} "
            "will do",
            "Record it again at 22050 or more; converting it adds no detail.",
        )
    if not 1 <= sound.channels <= MOST_CHANNELS:
        raise _refused(name, f"it has {sound.channels} channels", _converted(name))
    if sound.frames > _MOST_FRAMES:
        raise _refused(name, "its header does not tell how long it is", _converted(name))
    _check_length(name, sound.frames / sound.samplerate, least_s=0.0)


def _mixed(name: str, sound: soundfile.SoundFile) -> VoiceClip:
    """Mix all channels into one, within the limits."""
    blocks: list[Samples] = []
    clipped, frames = 0, 0
    while len(block := sound.read(_BLOCK_FRAMES, dtype="float32", always_2d=True)):
        frames += len(block)
        _check_length(name, frames / sound.samplerate, least_s=0.0)
        if not np.isfinite(block).all():
            raise _refused(name, "it holds samples that are no numbers", _converted(name))
        clipped += int((np.abs(block) >= _FULL_SCALE).sum())
        blocks.append(np.clip(block, -1.0, 1.0).mean(axis=1, dtype=np.float32))
    mono = np.concatenate([np.zeros(0, dtype=np.float32), *blocks])
    share = clipped / max(1, frames * sound.channels)
    return VoiceClip(name, mono, sound.samplerate, sound.channels, share)


def _check_length(name: str, seconds: float, least_s: float = SHORTEST_S) -> None:
    if seconds < least_s:
        raise _refused(name, f"it is {seconds:.1f} s long, which is too short", _RECORD)
    if seconds > LONGEST_S:
        raise _refused(name, f"it is {seconds:.0f} s long, which is too long", _cut(name))


def _check_sound(clip: VoiceClip) -> None:
    level_db = float(_levels_db(clip.samples))
    if level_db < _QUIETEST_DB:
        found = "it is silent" if level_db < -100 else f"it is too quiet ({level_db:.0f} dB)"
        raise _refused(clip.name, found, _RECORD)
    sounding = float(_sounding(clip).mean())
    if sounding < _LEAST_SOUNDING:
        raise _refused(clip.name, f"{1 - sounding:.0%} of it is silence", _RECORD)


def _sounding(clip: VoiceClip) -> npt.NDArray[np.bool_]:
    """True for each fiftieth of a second that has sound."""
    width = round(clip.rate * _WINDOW_S)
    windows = clip.samples[: len(clip.samples) // width * width].reshape(-1, width)
    levels_db = _levels_db(windows)
    return np.asarray(levels_db > max(_FLOOR_DB, levels_db.max() - _BELOW_LOUDEST_DB))


def _levels_db(windows: Samples) -> npt.NDArray[np.float64]:
    return np.asarray(10 * np.log10((windows.astype(np.float64) ** 2).mean(axis=-1) + 1e-12))


def _refused(name: str, why: str, remedy: str) -> EngineUnavailable:
    return EngineUnavailable(f"The clip {name} cannot be used: {why}.", remedy)


def _converted(name: str) -> str:
    ending = "-24k.wav" if name.lower().endswith(".wav") else ".wav"
    return f"Convert it: ffmpeg -i {quote(name)} -ac 1 -ar 24000 {quote(_stem(name) + ending)}"


def _cut(name: str) -> str:
    pieces = quote(f"{_stem(name)}-%d.wav")
    return (
        "Give clips of about ten seconds: "
        f"ffmpeg -i {quote(name)} -f segment -segment_time 10 -ac 1 {pieces}"
    )


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name
