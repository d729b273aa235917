"""Checks the `podcast:` sections of folders' settings, as they are in the inbox now."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

from narrated.config.values import Config
from narrated.doctor.finding import Finding, wrong
from narrated.doctor.folder_engines import MOST_FOLDERS, listings
from narrated.errors import NarratedError, SourceError
from narrated.inbox.handled_versions import join
from narrated.inbox.safe_read import read
from narrated.podcast.show_section import folder_section
from narrated.reading.file_kinds import FOLDER_SETTINGS

_LIMIT_BYTES = 65_536
_NAME = "podcast, folder"
_MEND = "Mend it, and the daemon reads it again."


def check_folder_sections(config: Config) -> Iterator[Finding]:
    """Tell the folders whose show stays as it was, since their section is wrong."""
    for folder, listing in islice(listings(config), MOST_FOLDERS):
        if any(name.lower() == FOLDER_SETTINGS for name, _ in listing.changed):
            try:
                _read(config, join(folder, FOLDER_SETTINGS))
            except SourceError as error:
                yield wrong(_NAME, error.problem, error.remedy or _MEND)


def _read(config: Config, path: str) -> None:
    """Read a section to its end. Errors: SourceError."""
    text = ""
    with suppress(NarratedError, OSError, UnicodeDecodeError):  # told beside the folder's posts
        text = read(config.inbox, path, _LIMIT_BYTES).decode().removeprefix("\ufeff")
    folder_section(text, path)
