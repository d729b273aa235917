"""Loudness and true peak of a published file as a listener's decoder gives it, by libebur128."""

import ctypes
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

_INTEGRATED, _TRUE_PEAK = 1 << 2 | 1, 1 << 5 | 1 << 4 | 1
_DUAL_MONO = 6


@dataclass(frozen=True, slots=True)
class HeardLevel:
    """Figures of libebur128."""

    integrated_lufs: float
    """A mono file's in dual-mono mode; minus infinity for silence."""
    true_peak_db: float
    channels: int = 1


def library() -> ctypes.CDLL:
    """Load libebur128, Debian's libebur128-1. Errors: OSError if it is not installed."""
    loaded = ctypes.CDLL("libebur128.so.1")
    loaded.ebur128_init.restype = ctypes.c_void_p
    return loaded


def heard_level(path: Path) -> HeardLevel:
    """Decode a file and measure it; its frames are not kept."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        channels, rate = stream.codec_context.channels, stream.codec_context.sample_rate
        layout = "mono" if channels == 1 else "stereo"
        as_float = av.AudioResampler(format="flt", layout=layout, rate=rate)
        with _meter(channels, rate) as meter:
            for frame in container.decode(stream):
                for made in as_float.resample(frame):
                    meter.add(made.to_ndarray().reshape(-1))
            return meter.level()


def level_of(wave: npt.NDArray[np.float32], sample_rate: int) -> HeardLevel:
    """Measure mono sound in dual-mono mode."""
    with _meter(1, sample_rate) as meter:
        meter.add(wave.astype(np.float32))
        return meter.level()


class _Meter:
    def __init__(self, loaded: ctypes.CDLL, state: ctypes.c_void_p, channels: int) -> None:
        self._library, self._state, self._channels = loaded, state, channels

    def add(self, interleaved: npt.NDArray[np.float32]) -> None:
        wave = np.ascontiguousarray(interleaved, dtype=np.float32)
        count = ctypes.c_size_t(len(wave) // self._channels)
        address = wave.ctypes.data_as(ctypes.c_void_p)
        assert self._library.ebur128_add_frames_float(self._state, address, count) == 0

    def level(self) -> HeardLevel:
        found, peaks = ctypes.c_double(), []
        assert self._library.ebur128_loudness_global(self._state, ctypes.byref(found)) == 0
        for channel in range(self._channels):
            peak = ctypes.c_double()
            asked = (self._state, ctypes.c_uint(channel), ctypes.byref(peak))
            assert self._library.ebur128_true_peak(*asked) == 0
            peaks.append(peak.value)
        highest = max(peaks)
        peak_db = 20 * math.log10(highest) if highest else -math.inf
        return HeardLevel(found.value, peak_db, self._channels)


@contextmanager
def _meter(channels: int, sample_rate: int) -> Iterator[_Meter]:
    loaded = library()
    mode = _INTEGRATED | _TRUE_PEAK
    state = ctypes.c_void_p(
        loaded.ebur128_init(ctypes.c_uint(channels), ctypes.c_ulong(sample_rate), mode)
    )
    if channels == 1:
        loaded.ebur128_set_channel(state, ctypes.c_uint(0), _DUAL_MONO)
    try:
        yield _Meter(loaded, state, channels)
    finally:
        loaded.ebur128_destroy(ctypes.byref(state))
