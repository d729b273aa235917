"""Asks servers that nobody trusts: by http and https alone, within a time and a size."""

import http.client
import io
import ipaddress
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple, Self
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from narrated import __version__
from narrated.podcast.feed_reading import whole_number
from narrated.printable import printable

MOST_REDIRECTS = 5
ANSWER_S = 20.0
"""The longest that a file's answer may take, from the first byte sent to the last one read."""

_CONNECT_S = 10.0
_READ_BYTES = 1 << 16
_REDIRECTS = (301, 302, 303, 307, 308)
_PERMANENT = (301, 308)
_UNQUOTED = "%/:=&?~+!$,;'@()*[]-._"
_NO_ADDRESS = "it is no address"
_HEADERS = {"User-Agent": f"narrated/{__version__} (podcast check)", "Accept": "*/*"}


class NoAnswer(Exception):
    """A server gave no answer that a player could use; the message says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of a server, after all redirects."""

    status: int
    headers: Mapping[str, str]
    """By their names in small letters; the first of each."""
    body: bytes
    is_cut: bool
    """True if the body was longer than we read."""
    address: str
    """The address that gave it."""
    is_public: bool
    """True if it came from the internet, rather than from this machine or a private network."""
    redirects: int = 0
    moved_for_good: bool = False
    """True if each redirect was permanent."""

    def header(self, name: str) -> str:
        """The value of a header; empty if there is none."""
        return self.headers.get(name, "").strip()

    @property
    def length(self) -> int | None:
        """The length that the server tells; None if it tells none."""
        return whole_number(self.header("content-length"))


class _Server(NamedTuple):
    scheme: str
    host: str
    port: int | None


class HttpClient:
    """Asks one question after another, for one thread; keeps the connection for the next one.

    `public_only`: a server of this machine or of a private network is not asked, so that no feed
    of the internet has us ask there.
    """

    def __init__(self, *, public_only: bool = False) -> None:
        self._public_only = public_only
        self._server: _Server | None = None
        self._connection: http.client.HTTPConnection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def ask(
        self,
        method: str,
        address: str,
        *,
        most_bytes: int = 0,
        within_s: float = ANSWER_S,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> Answer:
        """Ask, follow redirects, and read at most so many bytes. Errors: NoAnswer."""
        deadline_s = time.monotonic() + within_s
        question = _Question(method, most_bytes, deadline_s, {**_HEADERS, **headers})
        for_good = True
        for redirects in range(MOST_REDIRECTS + 1):
            answer = self._answer(address, question)
            target = answer.header("location")
            if answer.status not in _REDIRECTS or not target:
                for_good = for_good and redirects > 0
                return replace(answer, redirects=redirects, moved_for_good=for_good)
            for_good = for_good and answer.status in _PERMANENT
            self._public_only = self._public_only or answer.is_public
            address = _joined(address, target)
        raise NoAnswer(f"it is redirected more than {MOST_REDIRECTS} times")

    def _close(self) -> None:
        if self._connection is not None:
            with suppress(OSError):
                self._connection.close()
        self._server = self._connection = None

    def _answer(self, address: str, question: "_Question") -> Answer:
        server, parts = _located(address)
        try:
            if server == self._server:  # it may have hung up since the last question
                with suppress(ConnectionError, http.client.RemoteDisconnected):
                    return self._exchange(server, parts, question)
                self._close()
            return self._exchange(server, parts, question)
        except NoAnswer:
            self._close()
            raise
        except (OSError, ValueError, http.client.HTTPException) as error:
            self._close()
            raise NoAnswer(_reason(error)) from error

    def _exchange(self, server: _Server, parts: SplitResult, question: "_Question") -> Answer:
        connection, is_public = self._connected(server, question)
        connection.request(question.method, _target(parts), headers=question.headers)
        response = connection.getresponse()
        body, is_cut = _read(response, question)
        is_whole = response.isclosed() or response.length == 0
        headers = {name.lower(): value for name, value in reversed(response.headers.items())}
        response.close()
        if response.will_close or not is_whole:
            self._close()
        return Answer(response.status, headers, body, is_cut, parts.geturl(), is_public)

    def _connected(
        self, server: _Server, question: "_Question"
    ) -> tuple[http.client.HTTPConnection, bool]:
        if self._connection is None or server != self._server:
            self._close()
            self._connection = _connection(server, min(_CONNECT_S, question.left_s))
            self._connection.connect()
            self._server = server
        line: socket.socket = self._connection.sock
        is_public = ipaddress.ip_address(line.getpeername()[0]).is_global
        if self._public_only and not is_public:
            raise NoAnswer("it leads from the internet to this machine or into a private network")
        line.settimeout(question.left_s)
        with_deadline = partial(_Response, question)
        self._connection.response_class = with_deadline  # type: ignore[assignment] # any callable
        return self._connection, is_public


@dataclass(frozen=True, slots=True)
class _Question:
    method: str
    most_bytes: int
    deadline_s: float
    headers: Mapping[str, str]

    @property
    def left_s(self) -> float:
        """The time that is left. Errors: TimeoutError if there is none."""
        left_s = self.deadline_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        return left_s


class _Response(http.client.HTTPResponse):
    """A response whose reads end at a deadline, however slowly its bytes come."""

    def __init__(self, question: _Question, line: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(line, *args, **kwargs)
        self.fp = io.BufferedReader(_UntilDeadline(self.fp, line, question))


class _UntilDeadline(io.RawIOBase):
    def __init__(self, file: io.BufferedReader, line: socket.socket, question: _Question) -> None:
        self._file, self._line, self._question = file, line, question

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._line.settimeout(self._question.left_s)
        return self._file.raw.readinto(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()


def is_web_address(address: str) -> bool:
    """True if an address is one of http or https, with a host."""
    with suppress(ValueError):
        parts = urlsplit(address)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    return False


def _located(address: str) -> tuple[_Server, SplitResult]:
    """Return the server of an address, and its parts. Errors: NoAnswer."""
    try:
        parts = urlsplit(address)
        return _server_of(parts), parts
    except ValueError as error:
        raise NoAnswer(_NO_ADDRESS) from error


def _server_of(parts: SplitResult) -> _Server:
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise NoAnswer("it is no address of http or https")
    if parts.username is not None:
        raise NoAnswer("it has a password, which no directory sends")
    return _Server(parts.scheme, parts.hostname, parts.port)


def _connection(server: _Server, timeout_s: float) -> http.client.HTTPConnection:
    if server.scheme == "http":
        return http.client.HTTPConnection(server.host, server.port, timeout=timeout_s)
    context = ssl.create_default_context()
    return http.client.HTTPSConnection(server.host, server.port, timeout=timeout_s, context=context)


def _target(parts: SplitResult) -> str:
    path = quote(parts.path or "/", safe=_UNQUOTED)
    return f"{path}?{quote(parts.query, safe=_UNQUOTED)}" if parts.query else path


def _joined(address: str, target: str) -> str:
    try:
        return urljoin(address, target)
    except ValueError as error:
        raise NoAnswer("it is redirected to no address") from error


def _read(response: http.client.HTTPResponse, question: _Question) -> tuple[bytes, bool]:
    """Read a body; True beside it if there is more. A body that nobody wants is not read."""
    if question.method == "HEAD":
        return response.read(), False
    if question.most_bytes == 0:
        return b"", not response.isclosed()
    body = bytearray()
    while len(body) <= question.most_bytes:
        more = response.read1(min(_READ_BYTES, question.most_bytes + 1 - len(body)))
        if not more:
            return bytes(body), False
        body += more
    return bytes(body[: question.most_bytes]), True


def _reason(error: Exception) -> str:
    match error:
        case TimeoutError():
            return "it did not answer in time"
        case ssl.SSLCertVerificationError():
            return f"its certificate is refused: {printable(error.verify_message)}"
        case ssl.SSLError():
            return f"it does not speak https: {printable(str(error.reason))}"
        case socket.gaierror():
            return "its name leads to no server"
        case ConnectionRefusedError():
            return "nothing listens there"
        case OSError():
            return f"the connection broke: {error.strerror or type(error).__name__}"
        case http.client.InvalidURL() | UnicodeError():
            return _NO_ADDRESS
    return f"its answer is no HTTP: {type(error).__name__}"
