"""Loudness and true peak of what a lossy codec gives back, measured while the file is written."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.packet import Packet

from narrated.audio.limiter import PEAK_REACH, true_peak
from narrated.audio.loudness import SoundMeter
from narrated.audio.pcm import FULL_SCALE, Wave

_MEASURED_AT_ONCE = 1 << 15
"""In samples: about a second."""


_IN_FLOAT = MappingProxyType({"mp3": "mp3float"})
"""Decoders that do not cut what passes full scale, as other decoders of those codecs do not."""


@dataclass(frozen=True, slots=True)
class DecodedLevel:
    """The level of sound as a player decodes it."""

    lufs: float | None
    """None if nothing was heard."""
    peak: float
    """The true peak; 1.0 is full scale."""


class DecodedMeter:
    """Decodes the packets of an encoder, and measures the sound; channels have the same one.

    It takes packets in the encoder's thread, and hears them in another: the codec is what a long
    narration waits for.
    """

    def __init__(self) -> None:
        self._decoder: AudioCodecContext | None = None
        self._packets: deque[Packet[AudioStream]] = deque()
        self._meter: SoundMeter | None = None
        self._waiting: list[Wave] = []
        self._count = 0
        self._before = np.zeros(0, np.float32)
        self._peak = 0.0

    def take(self, encoder: AudioCodecContext, packets: "Iterable[Packet[AudioStream]]") -> None:
        """Keep the packets that an encoder made until they are heard."""
        self._decoder = self._decoder or _decoder_of(encoder)
        self._packets.extend(packets)

    def hear(self) -> None:
        """Measure what was taken so far."""
        while self._packets and self._decoder:
            for frame in self._decoder.decode(self._packets.popleft()):
                self._hear(frame)

    def read(self, path: Path) -> None:
        """Measure a file that is complete."""
        with av.open(str(path.absolute())) as container:
            for frame in container.decode(audio=0):
                self._hear(frame)

    def level(self) -> DecodedLevel:
        """Return the level of the whole, whose last packet has been taken."""
        self.hear()
        if self._decoder is not None:
            for frame in self._decoder.decode(None):
                self._hear(frame)
        self._measure()
        return DecodedLevel(self._meter.integrated_lufs if self._meter else None, self._peak)

    def _hear(self, frame: AudioFrame) -> None:
        """Keep the first channel of a frame; the decoders of all lossy formats give planes."""
        assert frame.format.name == "fltp", f"sound comes as {frame.format.name}"
        self._meter = self._meter or SoundMeter(frame.sample_rate)
        self._waiting.append(np.frombuffer(memoryview(frame.planes[0]), np.float32, frame.samples))
        self._count += frame.samples
        if self._count >= _MEASURED_AT_ONCE:
            self._measure()

    def _measure(self) -> None:
        if self._meter is None or not self._waiting:
            return
        wave = np.concatenate([self._before, *self._waiting])
        self._meter.add(wave[len(self._before) :] * np.float32(FULL_SCALE))
        self._peak = true_peak(wave, self._peak)
        self._before = wave[-PEAK_REACH:]
        self._waiting, self._count = [], 0


def _decoder_of(encoder: AudioCodecContext) -> AudioCodecContext:
    codec = encoder.codec.canonical_name
    decoder = av.CodecContext.create(_IN_FLOAT.get(codec, codec), "r")
    assert isinstance(decoder, AudioCodecContext)
    decoder.extradata = encoder.extradata
    return decoder
