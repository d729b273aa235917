"""Checks the audio encoder."""

from collections.abc import Iterator

from narrated.audio.formats import FORMATS
from narrated.config.values import Config
from narrated.doctor.finding import Finding, well, wrong


def check_encoder(config: Config) -> Iterator[Finding]:
    """Check that the configured audio format can be written."""
    # Imported here: loading FFmpeg and libsndfile would slow down `narrated --help`.
    import av
    import soundfile

    codec = FORMATS[config.audio.format].codec
    try:
        if codec == "libvorbis":
            can_encode = soundfile.check_format("OGG", "VORBIS")
        else:
            can_encode = av.Codec(codec, "w").is_encoder
    except av.FFmpegError:
        can_encode = False
    if can_encode:
        yield well("encoder", f"{config.audio.format} is encoded by {codec}.")
    else:
        yield wrong(
            "encoder",
            f"The encoder {codec} is missing, which {config.audio.format} needs.",
            "pip install --force-reinstall av soundfile, or set `audio: {format: flac}`",
        )
