"""Tags of an audio file: title, author, album, date, language, cover."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from mutagen import MutagenError
from mutagen.flac import FLAC, Picture
from mutagen.id3 import APIC, ID3, TALB, TDRC, TIT2, TLAN, TPE1, Encoding, PictureType
from mutagen.mp4 import MP4, MP4Cover, MP4FreeForm
from mutagen.oggopus import OggOpus
from mutagen.oggvorbis import OggVorbis
from mutagen.wave import WAVE

from narrated.audio.language_codes import three_letters
from narrated.errors import StorageError
from narrated.safe_text import encodable
from narrated.storage_errors import storage_error, storing

_JPEG = "image/jpeg"


@dataclass(frozen=True, slots=True)
class AudioTags:
    """Tags of a narration; an empty field is not written."""

    title: str
    author: str = ""
    album: str = ""
    date: str = ""
    """ISO 8601; may be a year or a month alone."""
    language: str = ""
    """A language tag such as `en` or `en-us`."""
    cover: bytes | None = None
    """A JPEG file."""


def tag(path: Path, format: str, tags: AudioTags) -> None:
    """Write tags into a finished file of this format (a key of FORMATS).

    mp3 and wav get ID3v2.4, opus, ogg and flac get Vorbis comments, m4a gets atoms. A wav over
    4 GB gets none: RF64 has no place for them. Errors: StorageError.
    """
    clean = replace(
        tags,
        title=encodable(tags.title),
        author=encodable(tags.author),
        album=encodable(tags.album),
    )
    with storing(str(path)):
        try:
            _WRITERS[format](path, clean)
        except MutagenError as error:
            raise _refusal(path, error) from error


def _refusal(path: Path, error: MutagenError) -> StorageError:
    cause = error.args[0] if error.args else None
    if isinstance(cause, OSError):  # mutagen wraps the storage's error
        return storage_error(cause, str(path))
    return StorageError(f"{path} could not be tagged: {error}.", "Is the file whole?")


def _tag_mp3(path: Path, tags: AudioTags) -> None:
    id3 = ID3()
    for frame in _frames(tags):
        id3.add(frame)
    id3.save(path, v1=0)


def _tag_wav(path: Path, tags: AudioTags) -> None:
    with path.open("rb") as file:
        if file.read(4) != b"RIFF":
            return
    wave: Any = WAVE(path)
    wave.tags = None
    wave.add_tags()
    for frame in _frames(tags):
        wave.tags.add(frame)
    wave.save()


def _frames(tags: AudioTags) -> list[Any]:
    texts: dict[Any, str] = {
        TIT2: tags.title,
        TPE1: tags.author,
        TALB: tags.album,
        TDRC: tags.date,
        TLAN: three_letters(tags.language),
    }
    frames: list[Any] = [
        kind(encoding=Encoding.UTF8, text=[text]) for kind, text in texts.items() if text
    ]
    if tags.cover:
        # The empty description is Latin-1, because the oldest players read nothing else.
        front = PictureType.COVER_FRONT
        frames.append(APIC(Encoding.LATIN1, _JPEG, front, "", tags.cover))
    return frames


def _tag_flac(path: Path, tags: AudioTags) -> None:
    flac = FLAC(path)
    _comment(flac, tags)
    flac.clear_pictures()
    if tags.cover:
        flac.add_picture(_picture(tags.cover))
    flac.save()


def _tag_ogg(kind: type[OggOpus] | type[OggVorbis]) -> Callable[[Path, AudioTags], None]:
    def write(path: Path, tags: AudioTags) -> None:
        ogg = kind(path)
        _comment(ogg, tags)
        if tags.cover:
            block = base64.b64encode(_picture(tags.cover).write()).decode("ascii")
            ogg["METADATA_BLOCK_PICTURE"] = [block]
        ogg.save()

    return write


def _comment(file: Any, tags: AudioTags) -> None:
    if file.tags is None:
        file.add_tags()
    file.tags.clear()
    comments = {
        "TITLE": tags.title,
        "ARTIST": tags.author,
        "ALBUM": tags.album,
        "DATE": tags.date,
        "LANGUAGE": tags.language,
    }
    file.tags.update({name: [text] for name, text in comments.items() if text})


def _picture(cover: bytes) -> Picture:
    picture = Picture()
    picture.type = PictureType.COVER_FRONT
    picture.mime = _JPEG
    picture.data = cover
    return picture


def _tag_m4a(path: Path, tags: AudioTags) -> None:
    mp4: Any = MP4(path)
    if mp4.tags is None:
        mp4.add_tags()
    mp4.tags.clear()
    atoms = {"©nam": tags.title, "©ART": tags.author, "©alb": tags.album, "©day": tags.date}
    mp4.tags.update({name: [text] for name, text in atoms.items() if text})
    if tags.language:  # MP4 has no atom for it; taggers agree on this name
        mp4.tags["----:com.apple.iTunes:LANGUAGE"] = [MP4FreeForm(tags.language.encode())]
    if tags.cover:
        mp4.tags["covr"] = [MP4Cover(tags.cover, imageformat=MP4Cover.FORMAT_JPEG)]
    mp4.save()


_WRITERS: Mapping[str, Callable[[Path, AudioTags], None]] = MappingProxyType(
    {
        "mp3": _tag_mp3,
        "opus": _tag_ogg(OggOpus),
        "ogg": _tag_ogg(OggVorbis),
        "m4a": _tag_m4a,
        "flac": _tag_flac,
        "wav": _tag_wav,
    }
)
