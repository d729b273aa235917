"""A folder of a repository on the hub, as if it were a repository of its own.

The hub has all voices of Piper in one repository, each in a folder and with a licence of its own.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from narrated.errors import NarratedError
from narrated.models.hub import NEWEST, ContentStream, Hub, RepositoryListing


class HubFolder:
    """Lists and streams the files of a folder, under their names in it."""

    def __init__(self, hub: Hub, repository: str, folder: str, licence: str) -> None:
        self._hub = hub
        self._repository = repository
        self._prefix = f"{folder}/"
        self._licence = licence
        self.pause_s = hub.pause_s

    def listing(self, model: str, revision: str = NEWEST) -> RepositoryListing:
        """List the folder at a revision. Raises NarratedError if the hub does not list it."""
        with self._remedies_for(model):
            whole = self._hub.listing(self._repository, revision)
        files = {
            name.removeprefix(self._prefix): replace(file, name=name.removeprefix(self._prefix))
            for name, file in whole.files.items()
            if name.startswith(self._prefix)
        }
        return RepositoryListing(whole.commit, self._licence, files)

    @contextmanager
    def content(self, model: str, commit: str, name: str, start: int) -> Iterator[ContentStream]:
        """Stream a file from an offset. Raises TransferInterrupted if it ends early."""
        named = self._prefix + name
        with (
            self._remedies_for(model),
            self._hub.content(self._repository, commit, named, start) as stream,
        ):
            yield stream

    @contextmanager
    def _remedies_for(self, model: str) -> Iterator[None]:
        """Have remedies name the model: the repository itself cannot be pulled."""
        try:
            yield
        except NarratedError as error:
            error.remedy = re.sub(
                f"(models pull (?:--update )?){re.escape(self._repository)}",
                lambda found: found[1] + model,
                error.remedy,
            )
            raise
