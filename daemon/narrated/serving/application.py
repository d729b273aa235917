"""The answers of `narrated serve`, as an ASGI application: whole files, ranges, and refusals.

Starlette's FileResponse sends files and their ranges. Here is decided which file, and which of a
request's headers count.
"""

import asyncio
import ipaddress
import logging
import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from email.utils import parsedate_to_datetime
from urllib.parse import unquote_to_bytes, urlsplit

from anyio import CapacityLimiter, to_thread
from h11 import LocalProtocolError
from starlette.datastructures import Headers
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.types import Message, Receive, Scope, Send

from narrated.config.values import Config
from narrated.errors import StorageError
from narrated.podcast_token import is_token, read_token
from narrated.printable import printable
from narrated.serving.media_types import content_headers, media_type
from narrated.serving.published_files import (
    PAGE_NAME,
    PAGE_NEWS,
    OutboxMissing,
    PublishedFile,
    PublishedFiles,
    etag,
)

STALL_S = 60.0
"""A client that takes nothing for so long, or a disk that gives nothing, ends its answer."""

_DISK_THREADS = 8
_FRESH_S = 2.0
"""A file's date is told in whole seconds; of a file so young another may come with the same."""
_LOCAL_NAMES = ("localhost", "localhost.localdomain")
_OF_PROXIES = ("forwarded", "via", "x-forwarded-for", "x-real-ip")
_OTHER_LENGTH = (LocalProtocolError, RuntimeError)
"""h11 and starlette raise these if a file has less, or more, than its answer has told."""
_SAME_FOR_ALL = {
    "x-content-type-options": "nosniff",
    # The address holds the token: no link of the page tells it.
    "referrer-policy": "no-referrer",
}

log = logging.getLogger("narrated")


class FileChanged(Exception):
    """A file was cut or extended, not replaced, while it was sent."""


class Application:
    """Answers requests for the published files of one outbox."""

    def __init__(self, config: Config, names: tuple[str, ...] = ()) -> None:
        """`names` are those of the machine under which it is asked, besides its addresses."""
        self._state = config.state
        self._files = PublishedFiles(config.outbox)
        self._outbox = config.outbox
        self._limiter = CapacityLimiter(_DISK_THREADS)
        base_url = config.podcast.base_url if config.podcast else ""
        host = urlsplit(base_url).hostname or ""
        self._names = frozenset({*_LOCAL_NAMES, socket.gethostname().lower(), host, *names})
        self._is_public = not _is_local(host)
        self._had_token = bool(read_token(config.state))
        self._told: tuple[str, float] = ("", 0.0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(STALL_S) as deadline:
                    await self._answer(scope, receive, _extending(send, deadline))
        except FileChanged:
            raise  # uvicorn then closes the connection: the client knows that it has no whole file
        except LocalProtocolError as error:  # rubbish came behind the request, and was refused
            log.debug("A client went wrong: %s", error)
            raise
        except Exception:  # a request's border: uvicorn closes its connection, and logs nothing
            log.exception("A request could not be answered")
            raise

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            found = await to_thread.run_sync(
                self._find, scope, limiter=self._limiter, abandon_on_cancel=True
            )
        except OutboxMissing as error:
            self._tell(f"The outbox {printable(str(self._outbox))} cannot be served: {error}")
            await _refusal(503, "The outbox is not there now.")(scope, receive, send)
            return
        except (OSError, StorageError) as error:
            self._tell(f"A file cannot be served: {printable(str(error))}")
            await _refusal(503, "The storage gives no answer now.")(scope, receive, send)
            return
        if isinstance(found, Response):
            await found(scope, receive, send)
            return
        log.debug("%s %s", scope["method"], printable(found.path))
        response = self._file_response(found, scope)
        with found.file:
            try:
                await response(_with_valid_range(scope, found), receive, send)
            except _OTHER_LENGTH as error:
                if os.fstat(found.file.fileno()).st_size == found.status.st_size:
                    raise
                self._tell(f"{printable(found.path)} was changed in its place while it was sent")
                raise FileChanged from error

    def _find(self, scope: Scope) -> PublishedFile | Response:
        """Find what a request asks for: a file, or the answer in its place. It waits for disks."""
        path = _path_of(scope)
        token = read_token(self._state)
        if not token and self._had_token:
            self._tell("The token is gone: nothing is served until a new one is there, or a start")
            return _refusal(404)
        self._had_token = bool(token)
        if token:
            given, slash, path = path.partition("/")
            if not is_token(given, token):
                return _refusal(404)
            if not slash:
                return Response(status_code=308, headers={"location": f"{token}/"})
        elif not self._is_asked_by_name(_host_of(scope)):
            return _refusal(421, _OTHER_NAME)
        found = self._files.open(path or PAGE_NAME)
        if found is None:
            return _refusal(404)
        if scope["method"] not in ("GET", "HEAD"):
            found.file.close()
            return _refusal(405, allow="GET, HEAD")
        if path == PAGE_NEWS and not token and not self._is_asked_here(scope):
            found.file.close()
            return _untold_news(found)
        return found

    def _is_asked_by_name(self, host: str) -> bool:
        """True if the name in a request is one of ours, so that no web page could forge it.

        A page on the web can give its own name the address 127.0.0.1, and then read from there.
        It cannot change the name that its requests hold.
        """
        name = host.removesuffix(".")
        return not name or name in self._names or name.endswith(".local") or _is_address(name)

    def _is_asked_here(self, scope: Scope) -> bool:
        """True if this machine asked: by the address that it asks from, and the name it asks for.

        Whoever asks writes the name. A proxy in front of us, also on this machine, hides who did.
        """
        client = scope.get("client")
        is_here = client is not None and _is_loopback_address(client[0])
        is_passed_on = any(name in Headers(scope=scope) for name in _OF_PROXIES)
        return not self._is_public and is_here and not is_passed_on and _is_local(_host_of(scope))

    def _file_response(self, found: PublishedFile, scope: Scope) -> Response:
        kind = media_type(found.path) or "application/octet-stream"
        headers = {**content_headers(found.path, kind), **_SAME_FOR_ALL, "etag": etag(found.status)}
        if self._had_token:
            headers["cache-control"] = f"private, {headers['cache-control']}"
            headers["x-robots-tag"] = "noindex"
        if self._had_token or self._is_public:
            headers["access-control-allow-origin"] = "*"  # players on the web
        # By its descriptor: what took its name meanwhile is another file.
        opened = f"/proc/self/fd/{found.file.fileno()}"
        response = FileResponse(opened, headers=headers, stat_result=found.status)
        if time.time() - found.status.st_mtime < _FRESH_S:
            del response.headers["last-modified"]
        if _is_known(Headers(scope=scope), response.headers):
            kept = {
                name: value
                for name, value in response.headers.items()
                if name not in ("content-length", "content-type")
            }
            return Response(status_code=304, headers=kept)
        return response

    def _tell(self, message: str) -> None:
        """Log a problem once a minute: each request would tell it again."""
        told, at = self._told
        if message != told or time.monotonic() - at > 60:
            log.warning("%s", message)
            self._told = (message, time.monotonic())


_OTHER_NAME = (
    "narrated does not answer to this name without a token. "
    "Set podcast: base_url to this address, or run `narrated podcast token`."
)


def _path_of(scope: Scope) -> str:
    """The path of a request as a file name has it: its bytes, which need not be UTF-8."""
    raw: bytes = scope["raw_path"].partition(b"?")[0]
    if not raw.startswith(b"/"):  # a proxy's form: http://host/path
        raw = b"/" + raw.partition(b"://")[2].partition(b"/")[2]
    return os.fsdecode(unquote_to_bytes(raw[1:]))


def _host_of(scope: Scope) -> str:
    """The name that a request asks for, without its port; empty if it asks for none."""
    named = Headers(scope=scope).get("host", "")
    try:
        return urlsplit(f"//{named}").hostname or ("?" if named else "")
    except ValueError:
        return "?"


def _with_valid_range(scope: Scope, found: PublishedFile) -> Scope:
    """Return a request without the range that must not count, by RFC 9110.

    That is a range of another unit, or of another content than the one that stands. A date tells
    no content for sure, and whoever has it was given a tag as well.
    """
    headers = Headers(scope=scope)
    units = headers.get("range", "").partition("=")[0].strip().lower()
    condition = headers.get("if-range")
    is_same = condition is None or condition.strip() == etag(found.status)
    dropped = {b"if-range"}
    if units != "bytes" or not is_same:
        dropped.add(b"range")
    kept = [(name, value) for name, value in scope["headers"] if name not in dropped]
    return {**scope, "headers": kept}


def _is_known(asked: Headers, told: Headers) -> bool:
    """True if the client has this content already."""
    tags = asked.get("if-none-match")
    if tags is not None:
        known = [tag.strip().removeprefix("W/") for tag in tags.split(",")]
        return "*" in known or told["etag"] in known
    since, modified = asked.get("if-modified-since"), told.get("last-modified")
    if since is None or modified is None:
        return False
    with suppress(ValueError, TypeError):  # a date without a zone is none of HTTP's
        return parsedate_to_datetime(since) >= parsedate_to_datetime(modified)
    return False


def _refusal(status: int, text: str = "", **headers: str) -> Response:
    usual = {404: "Not Found", 405: "Method Not Allowed"}
    if status == 503:
        headers["retry-after"] = "60"
    sent = {**_SAME_FOR_ALL, "cache-control": "no-store", **headers}
    return PlainTextResponse(f"{text or usual[status]}\n", status, headers=sent)


def _extending(send: Send, deadline: asyncio.Timeout) -> Send:
    """Put the deadline off with each piece that the client took."""
    now: Callable[[], float] = asyncio.get_running_loop().time

    async def sent(message: Message) -> None:
        await send(message)
        deadline.reschedule(now() + STALL_S)

    return sent


def _untold_news(found: PublishedFile) -> Response:
    """Tell the public no names of drafts, nor errors: an empty script, which the page can load."""
    kind = media_type(found.path) or ""
    return Response(headers={**content_headers(found.path, kind), **_SAME_FOR_ALL})


def _is_address(host: str) -> bool:
    with suppress(ValueError):
        ipaddress.ip_address(host)
        return True
    return False


def _is_local(host: str) -> bool:
    """True if a name in an address is this machine's for itself, or if there is none."""
    return not host or host in _LOCAL_NAMES or _is_loopback_address(host)


def _is_loopback_address(host: str) -> bool:
    with suppress(ValueError):
        address = ipaddress.ip_address(host)
        # A socket for all networks has the clients of IPv4 in addresses of IPv6.
        return (getattr(address, "ipv4_mapped", None) or address).is_loopback
    return False
