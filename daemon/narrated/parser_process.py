"""The editor: makes sources ready to be spoken, in a child that a hostile file may crash.

Everything that parses bytes from outside runs here, and nothing here opens a path.
"""

import sys
from collections.abc import Mapping, Sequence
from typing import Any, get_args, get_type_hints

import msgspec

from narrated.errors import NarratedError, SourceError
from narrated.printable import printable
from narrated.reading.document import Document, FrontMatter
from narrated.reading.folder_settings import Choices, FolderSettings, merged, parse
from narrated.reading.source_reader import read
from narrated.script.builder import build_script
from narrated.script.chunks import chunk_script
from narrated.script.language_codes import base_language
from narrated.script.lexicon import Lexicon
from narrated.script.script import (
    Caption,
    Captions,
    Draft,
    LexiconReference,
    ReadingSettings,
    ResolvedOverrides,
    Role,
    Speaker,
)
from narrated.script.traversal import pictures_shown
from narrated.workers.protocol import ChildChannel, die_with_parent

_TOLD_CHARACTERS = 1000
_REMEDY = "Check that the file is whole; if it is, this is a fault of ours worth a report."


def plan(
    data: bytes,
    name: str,
    *,
    captions: Captions,
    lexicons: Sequence[tuple[str, str]],
    settings: ReadingSettings,
    limits: Mapping[str, int],
    folders: Sequence[tuple[str, str]] = (),
) -> Draft:
    """Read a source, write its script and cut it into chunks.

    `lexicons` and `folders` (its folders' settings, from the root down) are names and texts.
    `limits` gives the characters that each known engine can say in one go. What the source's
    front matter wishes goes before what its folders say, and that before `settings`. Raises
    SourceError.
    """
    said = [parse(text, file, _choices(limits)) for file, text in folders]
    folder = merged(said)
    document = _read(data, name, folder)
    front = document.front
    settings = _as_wished(settings, said, front, name, limits)
    script = build_script(document, captions, _lexicon(lexicons), settings)
    speakers = settings.speakers
    return Draft(
        kind=document.kind,
        title=document.title,
        author=front.author or "",
        date=front.date or "",
        language=settings.language,
        narrate=front.narrate is not False,
        speakers=speakers,
        shown=pictures_shown(document),
        script=script,
        chunks=chunk_script(script, {who: limits[one.engine] for who, one in speakers.items()}),
        surroundings=ResolvedOverrides(
            settings, folder.album or "", folder.pictures, _named(said, front)
        ),
    )


def _choices(limits: Mapping[str, int]) -> Choices:
    kinds = get_type_hints(ReadingSettings)
    words = {key: get_args(kinds[key]) for key in ("links", "code", "footnotes")}
    return words | {"pauses": tuple(Role), "engine": tuple(sorted(limits))}


def _read(data: bytes, name: str, folder: FolderSettings) -> Document:
    """Read a source, with what its folders say where its own front matter is silent."""
    try:
        document = read(data, name)
    except SourceError:
        if folder.narrate is not False:
            raise
        return Document("text", "", "name", (), FrontMatter(narrate=False))  # nobody wants it
    front = document.front
    front = msgspec.structs.replace(
        front,
        author=front.author or folder.author,
        date=front.date or folder.date,
        language=front.language or folder.language,
        narrate=folder.narrate if front.narrate is None else front.narrate,
    )
    return msgspec.structs.replace(document, front=front)


def _as_wished(
    settings: ReadingSettings,
    said: Sequence[FolderSettings],
    front: FrontMatter,
    name: str,
    limits: Mapping[str, int],
) -> ReadingSettings:
    folder = merged(said)
    language = front.language or settings.language
    if base_language(language) != base_language(settings.language):
        settings = _in_no_voice(settings)
    return msgspec.structs.replace(
        settings,
        language=language,
        speakers=_speakers(settings, [*said, front], name, limits),
        links=folder.links or settings.links,
        code=folder.code or settings.code,
        footnotes=folder.footnotes or settings.footnotes,
        pauses=settings.pauses | folder.pauses,
    )


def _in_no_voice(settings: ReadingSettings) -> ReadingSettings:
    """Leave the voice to the engine: the configured one speaks the configured language."""
    speakers = {
        who: msgspec.structs.replace(speaker, voice="")
        for who, speaker in settings.speakers.items()
    }
    return msgspec.structs.replace(settings, speakers=speakers)


def _speakers(
    settings: ReadingSettings,
    wishes: Sequence[FolderSettings | FrontMatter],
    name: str,
    limits: Mapping[str, int],
) -> dict[str, Speaker]:
    narrator = settings.speakers["narrator"]
    for wish in wishes:
        narrator = _narrator(narrator, wish)
    speakers = {**settings.speakers, "narrator": narrator}
    for speaker in speakers.values():
        if speaker.engine not in limits:
            problem = f"{printable(name)} asks for an unknown engine `{printable(speaker.engine)}`."
            raise SourceError(problem, f"Known: {', '.join(sorted(limits))}.")
    return speakers


def _narrator(speaker: Speaker, wish: FolderSettings | FrontMatter) -> Speaker:
    if wish.engine and wish.engine != speaker.engine:
        # Another engine's voices and options mean nothing to this one: it takes its own.
        return Speaker(wish.engine, wish.voice or "", {})
    return msgspec.structs.replace(speaker, voice=wish.voice or speaker.voice)


def _named(said: Sequence[FolderSettings], front: FrontMatter) -> tuple[LexiconReference, ...]:
    named = [LexiconReference(one.lexicon, by) for by, one in enumerate(said) if one.lexicon]
    return (*named, LexiconReference(front.lexicon)) if front.lexicon else tuple(named)


def _lexicon(lexicons: Sequence[tuple[str, str]]) -> Lexicon:
    try:
        return Lexicon.parse([text for _, text in lexicons])
    except SourceError:
        for file, text in lexicons:
            _check_alone(file, text)
        raise


def _check_alone(file: str, text: str) -> None:
    """Raise the error of a lexicon that is wrong, with its name."""
    try:
        Lexicon.parse([text])
    except SourceError as error:
        raise SourceError(f"{printable(file)}: {error.problem}", error.remedy) from error


def main() -> None:
    """Answer requests on the socket whose descriptor is the first argument, until it closes."""
    die_with_parent()
    wire = ChildChannel.inherited(int(sys.argv[1]))
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
        from narrated.reading.cover_image import cover  # late: few requests need Pillow

        return cover(payload)
    raise NarratedError(f"The editor cannot do `{header['do']}`.")


def _planned(header: dict[str, Any], payload: bytes) -> Draft:
    return plan(
        payload,
        header["name"],
        captions=msgspec.convert(header["captions"], dict[str, Caption]),
        lexicons=header["lexicons"],
        settings=msgspec.convert(header["settings"], ReadingSettings),
        limits=header["limits"],
        folders=header["folders"],
    )


def _failed(problem: str, remedy: str) -> dict[str, Any]:
    return {"failed": {"problem": _short(problem), "remedy": _short(remedy)}}


def _short(told: str) -> str:
    """Not a note of a megabyte for a key of a megabyte."""
    return told if len(told) <= _TOLD_CHARACTERS else f"{told[:_TOLD_CHARACTERS]}…"


def _said(error: Exception) -> str:
    return printable(f"{type(error).__name__}: {error}".removesuffix(": ")[:300])


if __name__ == "__main__":
    main()
