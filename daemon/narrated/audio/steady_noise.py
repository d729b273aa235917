"""Finds the parts of a take that are nothing but steady noise: static, or a hum."""

import numpy as np
import numpy.typing as npt

from narrated.audio.pcm import Samples

Flags = npt.NDArray[np.bool_]
Levels = npt.NDArray[np.float32]

LEAST_NOISE_S = 0.5
"""A shorter one may be the s or f of a word."""

_LOUDEST_WINDOWS = 20
"""They are speech; a click has fewer."""
_BELOW_SPEECH_DB = -20.0
"""Whatever is louder is heard, be it noise: a check of the take finds that."""
_ABOVE_FLOOR_DB = 6.0
_LEAST_LEVEL = 0.1
_WINDOWS_AT_ONCE = 6000


def steady_noise(wave: Samples, window: int, window_s: float) -> Flags:
    """Tell of each window of so many samples whether it is in half a second of steady noise.

    The noise is the lowest level of half a second, of the loudest such half second around the
    window (a morphological opening): in speech it falls to the silence between two words.
    """
    level_db = window_levels(wave, window)
    around = round(LEAST_NOISE_S / window_s)
    if len(level_db) < around:
        return np.zeros(len(level_db), np.bool_)
    loudest = np.partition(level_db, -_LOUDEST_WINDOWS)[-_LOUDEST_WINDOWS]
    quiet = np.minimum(level_db, loudest + _BELOW_SPEECH_DB - _ABOVE_FLOOR_DB)
    lowest = np.lib.stride_tricks.sliding_window_view(quiet, around).min(axis=1)
    padded = np.pad(lowest, around - 1, constant_values=-np.inf)
    floor = np.lib.stride_tricks.sliding_window_view(padded, around).max(axis=1)
    changes = np.abs(np.diff(floor, prepend=floor[:1])) > _ABOVE_FLOOR_DB
    soft = level_db < floor + _ABOVE_FLOOR_DB
    noise = _long_runs(soft & ~changes, around - 1)
    at_change: Flags = soft & changes & np.append(noise[1:], False)
    return noise | at_change


def _long_runs(flags: Flags, least: int) -> Flags:
    """The flags without runs of fewer: within speech, only a closure is as soft as its floor."""
    edges = np.flatnonzero(np.diff(np.pad(flags.astype(np.int8), 1)))
    lengths = np.diff(np.concatenate([[0], edges, [len(flags)]]))
    is_run = np.arange(len(lengths)) % 2 == 1
    return np.repeat(is_run & (lengths >= least), lengths)


def window_levels(wave: Samples, window: int) -> Levels:
    """The root mean square of each window, in dB above one step; the last may be short."""
    step = window * _WINDOWS_AT_ONCE
    levels = [_levels(wave[start : start + step], window) for start in range(0, len(wave), step)]
    return np.concatenate(levels) if levels else np.zeros(0, np.float32)


def _levels(part: Samples, window: int) -> Levels:
    rows = np.pad(part, (0, -len(part) % window)).astype(np.float32).reshape(-1, window)
    power = np.einsum("ij,ij->i", rows, rows) / window
    power[-1] *= window / (len(part) - window * (len(rows) - 1))
    level: Levels = 10 * np.log10(np.maximum(power, _LEAST_LEVEL**2))
    return level
