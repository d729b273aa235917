"""The parser process: a child that parses untrusted files, since a hostile file may crash it.

All parsing of outside bytes runs here. The child opens no path.
"""

import sys
from typing import Any

import msgspec

from narrated.errors import NarratedError
from narrated.printable import printable
from narrated.script.draft_builder import build_draft
from narrated.script.script import Caption, Draft, ReadingSettings
from narrated.workers.protocol import ChildChannel, die_with_parent

_MESSAGE_CHARACTERS = 1000
_REMEDY = "Check that the file is whole. If it is, please report this error: it is a bug."


def main() -> None:
    """Answer requests on the socket of the first argument, a descriptor, until it closes."""
    die_with_parent()
    channel = ChildChannel.inherited(int(sys.argv[1]))
    while (request := channel.receive()) is not None:
        channel.send(*_answer(*request))


def _answer(header: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
    try:
        return {"ok": True}, _result(header, payload)
    except NarratedError as error:
        return _failure(error.problem, error.remedy), b""
    # The border of this child: a parser may raise any error on a hostile file (RecursionError, its
    # own errors, a bug). That file fails, and the child serves the next request.
    except Exception as error:  # noqa: BLE001
        name = printable(str(header.get("name", "The file")))
        return _failure(f"{name} could not be read: {_described(error)}.", _REMEDY), b""


def _result(header: dict[str, Any], payload: bytes) -> bytes:
    if header["do"] == "plan":
        return msgspec.json.encode(_draft(header, payload))
    if header["do"] == "cover":
        from narrated.reading.cover_jpeg import cover  # late: few requests need Pillow

        return cover(payload)
    raise NarratedError(f"The parser does not know the request `{header['do']}`.")


def _draft(header: dict[str, Any], payload: bytes) -> Draft:
    return build_draft(
        payload,
        header["name"],
        captions=msgspec.convert(header["captions"], dict[str, Caption]),
        lexicons=header["lexicons"],
        settings=msgspec.convert(header["settings"], ReadingSettings),
        limits=header["limits"],
        folders=header["folders"],
    )


def _failure(problem: str, remedy: str) -> dict[str, Any]:
    return {"failed": {"problem": _shortened(problem), "remedy": _shortened(remedy)}}


def _shortened(message: str) -> str:
    """Cut a message: a key of a megabyte must not make a note of a megabyte."""
    if len(message) <= _MESSAGE_CHARACTERS:
        return message
    return f"{message[:_MESSAGE_CHARACTERS]}…"


def _described(error: Exception) -> str:
    return printable(f"{type(error).__name__}: {error}".removesuffix(": ")[:300])


if __name__ == "__main__":
    main()
