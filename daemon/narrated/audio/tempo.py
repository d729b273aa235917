"""Speaks faster or slower than a take was spoken: FFmpeg's atempo, which keeps the pitch."""

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction

import av
from av.filter import Graph

from narrated.audio.pcm import SAMPLE_BYTES, samples, silence

_FLUSHED_S = 0.1
"""More than a window of atempo: of the last one, it gives back only a part."""


def with_speed(pcm: bytes, sample_rate: int, speed: float) -> bytes:
    """Return a take at a speed from 0.5 to 2; its duration is divided by it, to the sample."""
    if speed == 1.0 or not pcm:
        return pcm
    size = round(len(pcm) // SAMPLE_BYTES / speed) * SAMPLE_BYTES
    padded = pcm + silence(_FLUSHED_S, sample_rate)
    sound = b"".join(_stretched(padded, sample_rate, speed))
    return sound[:size].ljust(size, b"\0")


def _stretched(pcm: bytes, sample_rate: int, speed: float) -> Iterator[bytes]:
    graph = Graph()
    base = Fraction(1, sample_rate)
    source = graph.add_abuffer(format="s16", layout="mono", sample_rate=sample_rate, time_base=base)
    graph.link_nodes(source, graph.add("atempo", f"{speed:.6f}"), graph.add("abuffersink"))
    graph.configure()
    frame = av.AudioFrame.from_ndarray(samples(pcm)[None, :], format="s16", layout="mono")
    frame.sample_rate, frame.time_base, frame.pts = sample_rate, base, 0
    graph.push(frame)
    graph.push(None)
    with suppress(av.EOFError):
        while True:
            yield graph.pull().to_ndarray().tobytes()
