"""Audio formats for published narrations."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """One audio format: its names and its encoder."""

    suffix: str
    media_type: str
    container: str
    """FFmpeg's name of the muxer."""
    codec: str
    """FFmpeg's name of the encoder; `libvorbis` is libsndfile's."""
    bitrate: int | None = None
    """Default in bits per second; None for a lossless format."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Options of the muxer."""


FORMATS: Mapping[str, AudioFormat] = MappingProxyType(
    {
        "mp3": AudioFormat(".mp3", "audio/mpeg", "mp3", "libmp3lame", 64_000),
        "opus": AudioFormat(".opus", "audio/ogg; codecs=opus", "opus", "libopus", 32_000),
        # FFmpeg's own Vorbis encoder is experimental, and stereo only.
        "ogg": AudioFormat(".ogg", "audio/ogg; codecs=vorbis", "ogg", "libvorbis", 56_000),
        "m4a": AudioFormat(".m4a", "audio/mp4", "ipod", "aac", 64_000, {"movflags": "+faststart"}),
        "flac": AudioFormat(".flac", "audio/flac", "flac", "flac"),
        # Past 4 GB the file becomes RF64 instead of lying about its size.
        "wav": AudioFormat(".wav", "audio/wav", "wav", "pcm_s16le", options={"rf64": "auto"}),
    }
)

_OTHERS = {".vtt": "text/vtt", ".txt": "text/plain; charset=utf-8", ".json": "application/json"}


def media_type(suffix: str) -> str:
    """Return the media type of a published file by its suffix."""
    known = {each.suffix: each.media_type for each in FORMATS.values()} | _OTHERS
    return known.get(suffix, "application/octet-stream")
