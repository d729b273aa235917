"""The hub: what a repository holds, and the content of its files, asked over the network.

The one module of narrated that looks beyond this box; only `narrated models pull` imports it.
"""

import math
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeVar

from narrated.backoff import Backoff
from narrated.errors import NarratedError
from narrated.models.file_hashes import HubFile

NEWEST = "main"
"""The revision that a first pull and an update ask for."""

_PATIENCE_S = 10.0
_TRIES = 3
_LATER = (408, 429, 500, 502, 503, 504)
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_CONTENT_RANGE = re.compile(r"bytes (\d+)-")

# Read by the hub's library when it is imported: nobody is told what else is installed here, and
# content comes over plain HTTP, where it can be gone on with.
_QUIET = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_XET": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RepositoryListing:
    """A repository at one commit."""

    commit: str
    licence: str
    files: dict[str, HubFile]


@dataclass(frozen=True, slots=True)
class ContentStream:
    """Content of a file as it comes, from a place in it on."""

    start: int
    """Where it begins: what was asked for, or 0 where a server knows no ranges."""
    pieces: Iterator[bytes]


class TransferInterrupted(NarratedError):
    """The hub was not to be had, or stopped midway: what may go better soon."""


class Hub:
    """A hub at an endpoint; HF_ENDPOINT's or the public one where none is named."""

    def __init__(self, endpoint: str | None = None, *, pause_s: float = 1.0) -> None:
        self._endpoint = endpoint
        self.pause_s = pause_s
        """How long to wait before the second try; each further one waits twice as long."""

    def listing(self, repository: str, revision: str = NEWEST) -> RepositoryListing:
        """What a repository holds at a revision; NarratedError says why that is not to be known."""
        hub = _library(repository)

        def ask() -> Any:
            with self._explained(repository, revision):
                api = hub.HfApi(endpoint=self._endpoint, library_name="narrated")
                return api.model_info(
                    repository, revision=revision, files_metadata=True, timeout=_PATIENCE_S
                )

        info = self._patiently(ask)
        if not _COMMIT.fullmatch(str(info.sha)):
            raise NarratedError(
                f"The hub names no commit for {repository}.", "Look at HF_ENDPOINT: is it a hub?"
            )
        files = [_offered(sibling) for sibling in info.siblings or ()]
        licence = str(info.card_data.get("license") or "") if info.card_data else ""
        return RepositoryListing(str(info.sha), licence, {file.name: file for file in files})

    @contextmanager
    def content(
        self, repository: str, commit: str, name: str, start: int
    ) -> Iterator[ContentStream]:
        """A file's content from a place on. Cut when it ends early, else NarratedError."""
        hub = _library(repository)
        url = hub.hf_hub_url(repository, name, revision=commit, endpoint=self._endpoint)
        # Packed content could be neither counted nor gone on with.
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
        with self._explained(repository, commit, name):
            headers = hub.utils.build_hf_headers(library_name="narrated", headers=headers)
            session = hub.get_session()
            with session.stream("GET", url, headers=headers, timeout=_PATIENCE_S) as response:
                if response.status_code == 416:
                    yield ContentStream(0, iter(()))  # there is less of it than we have
                    return
                if response.status_code >= 400:
                    response.read()
                hub.hf_raise_for_status(response)
                yield ContentStream(_start(response), response.iter_bytes())

    def _patiently(self, ask: Callable[[], T]) -> T:
        backoff = Backoff(self.pause_s, math.inf)
        for _ in range(1, _TRIES):
            try:
                return ask()
            except TransferInterrupted:
                time.sleep(backoff.next_s())
        return ask()

    @contextmanager
    def _explained(self, repository: str, revision: str, name: str = "") -> Iterator[None]:
        """Turn what the library raises into what a person can act on."""
        import httpx2
        from huggingface_hub import constants, errors

        endpoint = self._endpoint or constants.ENDPOINT
        what = f"{name} of {repository}" if name else repository
        update = f"narrated models pull --update {repository}"
        try:
            yield
        except errors.GatedRepoError as error:
            raise NarratedError(
                f"{repository} is gated: its owners want their terms accepted first.",
                f"Accept them at {endpoint}/{repository}, make a token there, and run: "
                f"HF_TOKEN=… narrated models pull {repository}",
            ) from error
        except errors.RevisionNotFoundError as error:
            raise NarratedError(
                f"{endpoint} has no revision {revision} of {repository}.",
                f"Where the lock holds to it, take the newest instead: {update}",
            ) from error
        except errors.RepositoryNotFoundError as error:
            raise NarratedError(
                f"{endpoint} has no model {repository}, or does not show it to everybody.",
                "Look at the name: `narrated models list` shows the catalogue. For one of your "
                "own, set HF_TOKEN.",
            ) from error
        except errors.RemoteEntryNotFoundError as error:
            raise NarratedError(
                f"{endpoint} lists {what} but does not have it.", f"Try again later, or: {update}"
            ) from error
        except errors.HfHubHTTPError as error:
            raise _refused(error.response, endpoint, what) from error
        except (httpx2.UnsupportedProtocol, httpx2.InvalidURL) as error:
            raise NarratedError(
                f"HF_ENDPOINT is no address: {endpoint}.", "Write it with http:// or https://."
            ) from error
        except httpx2.TransportError as error:
            why = str(error) or type(error).__name__
            raise TransferInterrupted(
                f"{endpoint} could not be reached for {what}: {why}.",
                "Look at the network, then run the same command: it goes on where it stopped.",
            ) from error
        except (ValueError, TypeError, KeyError, httpx2.HTTPError) as error:
            raise NarratedError(
                f"{endpoint} does not answer as a hub does: {error}.",
                "Look at HF_ENDPOINT and at the network: is there a proxy, or a page to log in at?",
            ) from error


def _library(repository: str) -> ModuleType:
    """The hub's library, told to be quiet; refused where this box is told to stay offline."""
    os.environ.update(_QUIET)
    try:
        import huggingface_hub
    except ImportError as error:
        raise NarratedError(
            f"Pulling models needs huggingface_hub: {error}.", "pip install 'narrated[models]'"
        ) from error
    if huggingface_hub.is_offline_mode():
        raise NarratedError(
            "This box is told to stay offline, by HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE.",
            "To fetch all the same: env -u HF_HUB_OFFLINE -u TRANSFORMERS_OFFLINE "
            f"narrated models pull {repository}",
        )
    library: ModuleType = huggingface_hub
    return library


def _offered(sibling: Any) -> HubFile:
    large = sibling.lfs
    return HubFile(
        name=str(sibling.rfilename),
        size=int(large.size if large else sibling.size or 0),
        sha256=str(large.sha256) if large else "",
        blob=str(sibling.blob_id or ""),
    )


def _start(response: Any) -> int:
    if response.status_code != 206:
        return 0
    told = _CONTENT_RANGE.match(response.headers.get("Content-Range", ""))
    return int(told[1]) if told else 0


def _refused(response: Any, endpoint: str, what: str) -> NarratedError:
    status = int(response.status_code)
    if status in (401, 403):
        return NarratedError(
            f"{endpoint} does not give {what} ({status}).",
            "Look at HF_TOKEN; most models need none: env -u HF_TOKEN narrated models pull …",
        )
    kind = TransferInterrupted if status in _LATER else NarratedError
    return kind(
        f"{endpoint} answered {status} for {what}.",
        "Try the same command later: it goes on where it stopped.",
    )
