"""Checks the sound files of intro and outro: posts wait for one that cannot be used."""

from collections.abc import Iterator
from pathlib import Path

from narrated.config.values import Config
from narrated.doctor.finding import Finding, shown, well, wrong
from narrated.errors import StorageError
from narrated.jobs.plan import OutputSettings


def check_sound_files(config: Config) -> Iterator[Finding]:
    """Check that the configured sound files, if there are any, can be decoded."""
    files = {key: path for key, path in OutputSettings.of(config.audio).sounds.items() if path}
    if not files:
        return
    # Imported here: loading FFmpeg would slow down all commands.
    from narrated.audio.sound_file_decoding import SoundFileDecoder

    decoder = SoundFileDecoder()
    for key, path in files.items():
        try:
            decoder.check(Path(path), key)
        except StorageError as error:
            yield wrong(key, error.problem, f"{error.remedy} Posts wait until then.")
        else:
            yield well(key, f"{shown(Path(path))} can be used.")
