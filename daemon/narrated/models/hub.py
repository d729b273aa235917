"""The hub client: lists repositories and streams file content.

The only module that opens a network connection for models. Only `narrated models pull` imports it.
"""

import math
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from narrated.backoff import Backoff
from narrated.errors import NarratedError
from narrated.models.file_hashes import HashedFile
from narrated.models.licences import named_licence

NEWEST = "main"
"""The revision of a first pull and of an update."""
RETRY_LATER = "Run the same command again later: it continues where it stopped."

_TIMEOUT_S = 10.0
_ATTEMPTS = 3
_RETRYABLE = (408, 429, 500, 502, 503, 504)
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_CONTENT_RANGE = re.compile(r"bytes (\d+)-")

# The hub's library reads these at its import. It must not send the list of installed packages,
# and must fetch over plain HTTP, where a download can resume.
_LIBRARY_ENVIRONMENT = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_XET": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
}


@dataclass(frozen=True, slots=True)
class RepositoryListing:
    """The files of a repository at one commit."""

    commit: str
    licence: str
    files: dict[str, HashedFile]


@dataclass(frozen=True, slots=True)
class ContentStream:
    """The content of a file, from an offset to its end."""

    start: int
    """The offset: the requested one, or 0 if the server does not support ranges."""
    blocks: Iterator[bytes]


class TransferInterrupted(NarratedError):
    """The hub did not answer, or stopped midway. A retry may succeed."""


class Hub:
    """A hub at an endpoint; without one, at HF_ENDPOINT or the public hub."""

    def __init__(self, endpoint: str | None = None, *, pause_s: float = 1.0) -> None:
        self._endpoint = endpoint
        self.pause_s = pause_s
        """Pause before the first retry; doubles for each further retry."""

    def listing(self, repository: str, revision: str = NEWEST) -> RepositoryListing:
        """List a repository at a revision. Raises NarratedError if the hub does not list it."""
        info = self._model_info(repository, revision)
        if not _COMMIT.fullmatch(str(info.sha)):
            raise NarratedError(
                f"The hub names no commit for {repository}.",
                "Check HF_ENDPOINT: it must be the address of a hub.",
            )
        files = [_hashed_file(sibling) for sibling in info.siblings or ()]
        card = info.card_data or {}
        licence = named_licence(card.get("license"), card.get("license_name"))
        return RepositoryListing(str(info.sha), licence, {file.name: file for file in files})

    def _model_info(self, repository: str, revision: str) -> Any:
        api = _library(repository).HfApi(endpoint=self._endpoint, library_name="narrated")
        backoff = Backoff(self.pause_s, math.inf)
        attempts_left = _ATTEMPTS
        while True:
            try:
                with self._explain_errors(repository, revision):
                    return api.model_info(
                        repository, revision=revision, files_metadata=True, timeout=_TIMEOUT_S
                    )
            except TransferInterrupted:
                attempts_left -= 1
                if not attempts_left:
                    raise
                time.sleep(backoff.next_s())

    @contextmanager
    def content(
        self, repository: str, commit: str, name: str, start: int
    ) -> Iterator[ContentStream]:
        """Stream a file from an offset. Raises TransferInterrupted if it ends early."""
        hub = _library(repository)
        url = hub.hf_hub_url(repository, name, revision=commit, endpoint=self._endpoint)
        # Compressed content could be neither counted nor resumed.
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
        with self._explain_errors(repository, commit, name):
            headers = hub.utils.build_hf_headers(library_name="narrated", headers=headers)
            session = hub.get_session()
            with session.stream("GET", url, headers=headers, timeout=_TIMEOUT_S) as response:
                if response.status_code == 416:
                    yield ContentStream(0, iter(()))  # the file is shorter than our offset
                    return
                if response.status_code >= 400:
                    response.read()
                hub.hf_raise_for_status(response)
                yield ContentStream(_start(response), response.iter_bytes())

    @contextmanager
    def _explain_errors(self, repository: str, revision: str, name: str = "") -> Iterator[None]:
        import httpx2
        from huggingface_hub import constants, errors

        endpoint = self._endpoint or constants.ENDPOINT
        what = f"{name} of {repository}" if name else repository
        update = f"narrated models pull --update {repository}"
        try:
            yield
        except errors.GatedRepoError as error:
            raise NarratedError(
                f"{repository} is gated: you must accept its owners' terms first.",
                f"Accept them at {endpoint}/{repository}, create a token there, and run: "
                f"HF_TOKEN=… narrated models pull {repository}",
            ) from error
        except errors.RevisionNotFoundError as error:
            raise NarratedError(
                f"{endpoint} has no revision {revision} of {repository}.",
                f"If the lockfile asks for it, take the newest revision instead: {update}",
            ) from error
        except errors.RepositoryNotFoundError as error:
            raise NarratedError(
                f"{endpoint} has no model {repository}, or the model is private.",
                "Check the name: `narrated models list` shows the catalogue. For a private model, "
                "set HF_TOKEN.",
            ) from error
        except errors.RemoteEntryNotFoundError as error:
            raise NarratedError(
                f"{endpoint} lists {what} but does not have it.",
                f"Try again later, or run: {update}",
            ) from error
        except errors.HfHubHTTPError as error:
            raise _http_error(error.response, endpoint, what) from error
        except (httpx2.UnsupportedProtocol, httpx2.InvalidURL) as error:
            raise NarratedError(
                f"HF_ENDPOINT is not an address: {endpoint}.", "Begin it with http:// or https://."
            ) from error
        except httpx2.TransportError as error:
            why = str(error) or type(error).__name__
            raise TransferInterrupted(
                f"Could not reach {endpoint} for {what}: {why}.",
                "Check the network, then run the same command: it continues where it stopped.",
            ) from error
        except (ValueError, TypeError, KeyError, httpx2.HTTPError) as error:
            raise NarratedError(
                f"{endpoint} does not answer like a hub: {error}.",
                "Check HF_ENDPOINT, and check the network for a proxy or a login page.",
            ) from error


def _library(repository: str) -> ModuleType:
    os.environ.update(_LIBRARY_ENVIRONMENT)
    try:
        import huggingface_hub
    except ImportError as error:
        raise NarratedError(
            f"Pulling models needs huggingface_hub: {error}.",
            "Install it with: pip install 'narrated[models]'",
        ) from error
    if huggingface_hub.is_offline_mode():
        raise NarratedError(
            "HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE forbids downloads.",
            "To download all the same: env -u HF_HUB_OFFLINE -u TRANSFORMERS_OFFLINE "
            f"narrated models pull {repository}",
        )
    library: ModuleType = huggingface_hub
    return library


def _hashed_file(sibling: Any) -> HashedFile:
    large = sibling.lfs
    return HashedFile(
        name=str(sibling.rfilename),
        size=int(large.size if large else sibling.size or 0),
        sha256=str(large.sha256) if large else "",
        blob=str(sibling.blob_id or ""),
    )


def _start(response: Any) -> int:
    if response.status_code != 206:
        return 0
    sent = _CONTENT_RANGE.match(response.headers.get("Content-Range", ""))
    return int(sent[1]) if sent else 0


def _http_error(response: Any, endpoint: str, what: str) -> NarratedError:
    status = int(response.status_code)
    if status in (401, 403):
        return NarratedError(
            f"{endpoint} refuses {what} (status {status}).",
            "Check HF_TOKEN. Most models need none: env -u HF_TOKEN narrated models pull …",
        )
    kind = TransferInterrupted if status in _RETRYABLE else NarratedError
    return kind(f"{endpoint} answered status {status} for {what}.", RETRY_LATER)
