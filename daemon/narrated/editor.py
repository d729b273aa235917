"""The editor: makes sources ready to be spoken, in a child that a hostile file may crash.

Everything that parses bytes from outside runs here, and nothing here opens a path.
"""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from narrated.errors import NarratedError, SourceError
from narrated.printable import printable
from narrated.reading.document import FrontMatter
from narrated.reading.source import read
from narrated.script.chunks import cut
from narrated.script.contents import shown
from narrated.script.lexicon import Lexicon
from narrated.script.script import Caption, Captions, Plan, Settings, Speaker
from narrated.script.writing import write
from narrated.workers.wire import Wire, die_with_parent

_REMEDY = "Check that the file is whole; if it is, this is a fault of ours worth a report."


def plan(
    data: bytes,
    name: str,
    *,
    captions: Captions,
    lexicons: Sequence[str],
    settings: Settings,
    limits: Mapping[str, int],
) -> Plan:
    """Read a source, write its script and cut it into chunks.

    `limits` gives the characters that each known engine can say in one go. What the source's
    front matter wishes (language, engine, voice) goes before `settings`. Raises SourceError.
    """
    document = read(data, name)
    settings = _as_wished(settings, document.front, name, limits)
    script = write(document, captions, Lexicon.parse(lexicons), settings)
    speakers = settings.speakers
    return Plan(
        kind=document.kind,
        title=document.title,
        author=document.front.author or "",
        date=document.front.date or "",
        language=settings.language,
        narrate=document.front.narrate,
        speakers=speakers,
        shown=shown(document),
        script=script,
        chunks=cut(script, {who: limits[one.engine] for who, one in speakers.items()}),
    )


def _as_wished(
    settings: Settings, front: FrontMatter, name: str, limits: Mapping[str, int]
) -> Settings:
    narrator = _narrator(settings.speakers["narrator"], front)
    speakers = {**settings.speakers, "narrator": narrator}
    for speaker in speakers.values():
        if speaker.engine not in limits:
            problem = f"{printable(name)} asks for an unknown engine `{printable(speaker.engine)}`."
            raise SourceError(problem, f"Known: {', '.join(sorted(limits))}.")
    language = front.language or settings.language
    return msgspec.structs.replace(settings, language=language, speakers=speakers)


def _narrator(speaker: Speaker, front: FrontMatter) -> Speaker:
    if front.engine and front.engine != speaker.engine:
        # Another engine's voices and options mean nothing to this one: it takes its own.
        return Speaker(front.engine, front.voice or "", {})
    return msgspec.structs.replace(speaker, voice=front.voice or speaker.voice)


def main() -> None:
    """Answer requests on the socket whose descriptor is the first argument, until it closes."""
    die_with_parent()
    wire = Wire.inherited(int(sys.argv[1]))
    while (request := wire.receive()) is not None:
        wire.send(*_answer(*request))


def _answer(header: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
    try:
        return {"ok": True}, _done(header, payload)
    except NarratedError as error:
        return _failed(error.problem, error.remedy), b""
    # The border of this child: a parser may raise anything on a hostile file (RecursionError,
    # its own errors, a bug of its); that file fails, and the next request finds us alive.
    except Exception as error:  # noqa: BLE001
        name = printable(str(header.get("name", "The file")))
        return _failed(f"{name} could not be read: {_said(error)}.", _REMEDY), b""


def _done(header: dict[str, Any], payload: bytes) -> bytes:
    if header["do"] == "plan":
        return msgspec.json.encode(_planned(header, payload))
    if header["do"] == "cover":
        from narrated.reading.cover import cover  # late: few requests need Pillow

        return cover(payload)
    raise NarratedError(f"The editor cannot do `{header['do']}`.")


def _planned(header: dict[str, Any], payload: bytes) -> Plan:
    return plan(
        payload,
        header["name"],
        captions=msgspec.convert(header["captions"], dict[str, Caption]),
        lexicons=header["lexicons"],
        settings=msgspec.convert(header["settings"], Settings),
        limits=header["limits"],
    )


def _failed(problem: str, remedy: str) -> dict[str, Any]:
    return {"failed": {"problem": problem, "remedy": remedy}}


def _said(error: Exception) -> str:
    return printable(f"{type(error).__name__}: {error}".removesuffix(": ")[:300])


if __name__ == "__main__":
    main()
