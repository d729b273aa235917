"""The rules for a server of podcasts, a row each: the answers that players expect."""

from collections.abc import Callable
from dataclasses import dataclass

from narrated.printable import printable
from narrated.server_check.http_client import Answer
from narrated.server_check.served_files import Kind, ServedFile

_ALIKE = (
    {"audio/mpeg", "audio/mp3"},
    {"audio/mp4", "audio/x-m4a", "audio/m4a"},
    {"audio/ogg", "audio/opus", "application/ogg"},
    {"audio/flac", "audio/x-flac"},
    {"audio/wav", "audio/x-wav", "audio/vnd.wave"},
    {"application/x-subrip", "application/srt", "text/srt"},
    {"application/json+chapters", "application/json"},
)
"""Types that players take for one another."""
_MOST_CHARACTERS = 60
NO_FILE = (404, 410)
_NO_RIGHT = (401, 403, 407)

Breaks = Callable[[ServedFile], str | None]
"""Return the answer that breaks a rule, as words; None if the rule is kept."""


@dataclass(frozen=True, slots=True)
class ServerRule:
    """A rule of the answers of a server."""

    key: str
    asked_by: str
    breach: str
    """The breach, as a sentence; `{}` stands for what the server answered."""
    remedy: str
    breaks: Breaks
    refuses: bool = True
    """True if whoever asks for it refuses the episode; else something works less well."""


def shortened(answered: str) -> str:
    """Make a server's words printable, and short."""
    shown = printable(answered)
    return shown if len(shown) <= _MOST_CHARACTERS else shown[:_MOST_CHARACTERS] + "…"


def essence(type: str) -> str:
    """A media type without its parameters."""
    return type.partition(";")[0].strip().lower()


def is_refused(answer: Answer | None, statuses: tuple[int, ...]) -> bool:
    """True if an answer has one of these statuses."""
    return answer is not None and answer.status in statuses


def _of_sounds(breaks: Breaks) -> Breaks:
    return lambda served: breaks(served) if served.file.kind == Kind.SOUND else None


def _of_others(breaks: Breaks) -> Breaks:
    return lambda served: None if served.file.kind == Kind.SOUND else breaks(served)


def _of_heads(breaks: Callable[[ServedFile, Answer], str | None]) -> Breaks:
    """Look at the head of a file that is served."""
    return lambda served: (
        breaks(served, served.head) if served.head and served.head.status == 200 else None
    )


def _of_parts(breaks: Callable[[ServedFile, Answer], str | None]) -> Breaks:
    """Look at the part of a file that was asked for."""
    return lambda served: breaks(served, served.part) if served.part else None


def _no_answer(served: ServedFile) -> str | None:
    return shortened(served.problem) if served.problem else None


def _is_taken(served: ServedFile) -> bool:
    return is_refused(served.taken, (200, 206))


def _no_head(served: ServedFile) -> str | None:
    return str(served.head.status) if served.head and _is_taken(served) else None


def _status(served: ServedFile) -> int:
    """The status of a file that is not served; 0 if it is."""
    return served.taken.status if served.taken and not _is_taken(served) else 0


def _absent(served: ServedFile) -> str | None:
    return str(status) if (status := _status(served)) in NO_FILE else None


def _forbidden(served: ServedFile) -> str | None:
    return str(status) if (status := _status(served)) in _NO_RIGHT else None


def _other_status(served: ServedFile) -> str | None:
    status = _status(served)
    return str(status) if status and status not in (*NO_FILE, *_NO_RIGHT) else None


def _no_length(_: ServedFile, head: Answer) -> str | None:
    return "" if head.length is None else None


def _other_length(served: ServedFile, head: Answer) -> str | None:
    expected = served.file.bytes
    if expected is None or head.length in (None, expected):
        return None
    return f"{head.length:,} bytes instead of {expected:,}"


def _compressed(_: ServedFile, head: Answer) -> str | None:
    coding = head.header("content-encoding")
    return shortened(coding) if coding.lower() not in ("", "identity") else None


def _other_type(served: ServedFile, head: Answer) -> str | None:
    answered, expected = essence(head.header("content-type")), essence(served.file.type)
    if served.file.kind == Kind.COVER:
        is_well = answered in ("image/jpeg", "image/png")
    else:
        is_well = not expected or answered == expected
    if is_well or any({answered, expected} <= each for each in _ALIKE):
        return None
    return f"`{shortened(answered)}`" if answered else "no type"


def _no_tag(_: ServedFile, head: Answer) -> str | None:
    return None if head.header("etag") or head.header("last-modified") else ""


def _redirected(_: ServedFile, head: Answer) -> str | None:
    return shortened(head.address) if head.redirects else None


def _insecure_end(served: ServedFile, head: Answer) -> str | None:
    is_led_down = served.file.address.startswith("https:") and head.address.startswith("http:")
    return shortened(head.address) if is_led_down else None


def _whole_for_part(_: ServedFile, part: Answer) -> str | None:
    return str(part.status) if part.status != 206 else None


def _other_part(served: ServedFile, part: Answer) -> str | None:
    if part.status != 206 or not served.head:
        return None
    asked, told = served.asked_range, part.header("content-range")
    expected = f"bytes {asked.start}-{asked.stop - 1}/{served.head.length}"
    if " ".join(told.split()) != expected:
        return f"`{shortened(told)}` for `{expected}`" if told else "no Content-Range"
    is_whole = len(part.body) == len(asked) and not part.is_cut
    return None if is_whole else f"{len(part.body):,} bytes for {len(asked):,}"


def _mixed(served: ServedFile) -> str | None:
    return "" if is_refused(served.old_part, (206,)) else None


_SERVING = "docs/serving.md has configurations that do."
_COPY = "Copy the outbox to the server again, the feed last."

SERVER_RULES: tuple[ServerRule, ...] = (
    ServerRule("answer", "all players", "The server gives no file: {}.",
               "Check that the server runs, and its name, port and certificate.", _no_answer),
    ServerRule("there", "all players", "The feed names a file that the server does not have ({}).",
               _COPY, _absent),
    ServerRule("right", "Apple", "The server keeps a file to itself ({}).",
               "Let everybody read the files. Directories send no password: for a private feed,"
               " put a token into the path.", _forbidden),
    ServerRule("status", "all players", "The server answers {} instead of a file.",
               "The server's log says why.", _other_status),
    ServerRule("head", "Apple", "The server refuses HEAD ({}), though it serves the file.",
               f"Use a server that answers HEAD: {_SERVING}", _no_head),
    ServerRule("insecure", "all players", "The server redirects from https to {}.",
               "Redirect to https.", _of_heads(_insecure_end)),
    ServerRule("redirect", "all players", "The server redirects to {}.",
               "Each download asks twice. Set `podcast: {base_url: …}` to where the files are.",
               _of_heads(_redirected), refuses=False),
    ServerRule("length", "Apple", "The server does not tell the length of a sound.",
               f"Serve files as they are, without compression or chunks: {_SERVING}",
               _of_sounds(_of_heads(_no_length))),
    ServerRule("other length", "all players", "A sound has another length than the feed says: {}.",
               _COPY, _of_sounds(_of_heads(_other_length))),
    ServerRule("encoding", "all players", "The server compresses a sound ({}).",
               "Switch compression off for sound.", _of_sounds(_of_heads(_compressed))),
    ServerRule("type", "Apple", "The server calls a sound {}, unlike the feed.",
               f"Have the server send the right types: {_SERVING}",
               _of_sounds(_of_heads(_other_type))),
    ServerRule("other type", "browsers",
               "The server gives a transcript, chapters or a cover as {}.",
               f"Have the server send the right types: {_SERVING}",
               _of_others(_of_heads(_other_type)), refuses=False),
    ServerRule("ranges", "Apple", "The server ignores byte ranges ({}): players cannot jump.",
               f"Use a server that gives ranges: {_SERVING}", _of_parts(_whole_for_part)),
    ServerRule("part", "all players", "The server gives another range than was asked for: {}.",
               f"Use another server: {_SERVING}", _of_parts(_other_part)),
    ServerRule("mixed", "all players",
               "The server ignores If-Range: a download resumed after an edit mixes two versions.",
               f"Use another server: {_SERVING}", _mixed, refuses=False),
    ServerRule("tag", "all players", "The server gives neither ETag nor Last-Modified,"
               " so that players cannot see a change.", f"Use another server: {_SERVING}",
               _of_heads(_no_tag), refuses=False),
)  # fmt: skip
"""All rules, the worst first."""
