"""Audio formats for published narrations."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from types import MappingProxyType

from narrated.audio.chapters import CHAPTERS_SUFFIX

TRANSCRIPT_SUFFIX = ".transcript.json"
"""Suffix of the transcript in Podcasting 2.0's format."""
TRANSCRIPT_SUFFIXES = (".vtt", ".srt", TRANSCRIPT_SUFFIX)
LONG_SUFFIXES = (CHAPTERS_SUFFIX, TRANSCRIPT_SUFFIX)
"""Suffixes that end as a manifest's: `post.chapters.json` may be that of a post `post.chapters`."""


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
    bitrates: tuple[int, int] = (6_000, 320_000)
    """The lowest and the highest; an encoder refuses another, or takes the nearest."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Options of the muxer."""
    codec_options: Mapping[str, str] = field(default_factory=dict)
    """Options of the encoder."""
    holds_chapters: bool = False
    """True if the container has chapters; in other formats they are tags."""


FORMATS: Mapping[str, AudioFormat] = MappingProxyType(
    {
        "mp3": AudioFormat(
            ".mp3",
            "audio/mpeg",
            "mp3",
            "libmp3lame",
            64_000,
            # LAME's own effort, 3, takes twice the time and makes speech no better by PESQ.
            codec_options={"compression_level": "7"},
        ),
        "opus": AudioFormat(
            ".opus", "audio/ogg; codecs=opus", "opus", "libopus", 32_000, (6_000, 256_000)
        ),
        # FFmpeg's own Vorbis encoder is experimental, and stereo only.
        "ogg": AudioFormat(".ogg", "audio/ogg; codecs=vorbis", "ogg", "libvorbis", 56_000),
        "m4a": AudioFormat(
            ".m4a",
            "audio/mp4",
            "ipod",
            "aac",
            64_000,
            options={"movflags": "+faststart"},
            holds_chapters=True,
        ),
        "flac": AudioFormat(".flac", "audio/flac", "flac", "flac"),
        # Past 4 GB the file becomes RF64 instead of lying about its size.
        "wav": AudioFormat(".wav", "audio/wav", "wav", "pcm_s16le", options={"rf64": "auto"}),
    }
)

_OTHERS = {
    CHAPTERS_SUFFIX: "application/json+chapters",
    TRANSCRIPT_SUFFIX: "application/json",
    ".vtt": "text/vtt",
    ".srt": "application/x-subrip",
    ".txt": "text/plain; charset=utf-8",
    ".json": "application/json",
}
_MEDIA_TYPES = {each.suffix: each.media_type for each in FORMATS.values()} | _OTHERS


def media_type(name: str) -> str:
    """Return the media type of a published file by its name."""
    last = next(filter(name.endswith, LONG_SUFFIXES), PurePath(name).suffix)
    return _MEDIA_TYPES.get(last, "application/octet-stream")
