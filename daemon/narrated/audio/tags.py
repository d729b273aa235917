"""Tags of an audio file: title, author, album, date, language, cover, description, genres."""

import base64
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace
from mutagen import MutagenError
from mutagen.flac import FLAC, Picture
from mutagen.id3 import (
    APIC,
    CHAP,
    COMM,
    CTOC,
    ID3,
    TALB,
    TCON,
    TDRC,
    TIT2,
    TLAN,
    TPE1,
    CTOCFlags,
    Encoding,
    PictureType,
)
from mutagen.mp4 import MP4, MP4Cover, MP4FreeForm
from mutagen.oggopus import OggOpus
from mutagen.oggvorbis import OggVorbis
from mutagen.wave import WAVE

from narrated.atomic_write import atomic_write
from narrated.audio.audio_tags import AudioTags
from narrated.audio.chapters import Chapter
from narrated.audio.container_chapters import copy_with_chapters, has_chapters
from narrated.audio.formats import FORMATS
from narrated.audio.id3_chapter_order import order_chapters
from narrated.audio.transcript_files import clock
from narrated.errors import StorageError
from narrated.os_error_remedies import storing
from narrated.printable import encodable

_JPEG = "image/jpeg"
_NO_OFFSET = 0xFFFFFFFF
"""A chapter is told by its times, not by its place in the file."""
# ISO 639-2: ID3 needs three letters, and language tags have two.
_CODES = (
    "aa:aar ab:abk af:afr ak:aka am:amh an:arg ar:ara as:asm av:ava ay:aym az:aze ba:bak "
    "be:bel bg:bul bi:bis bm:bam bn:ben bo:bod br:bre bs:bos ca:cat ce:che co:cos cr:cre "
    "cs:ces cu:chu cv:chv cy:cym da:dan de:deu dv:div dz:dzo ee:ewe el:ell en:eng eo:epo "
    "es:spa et:est eu:eus fa:fas ff:ful fi:fin fj:fij fo:fao fr:fra fy:fry ga:gle gd:gla "
    "gl:glg gn:grn gu:guj gv:glv ha:hau he:heb hi:hin hr:hrv ht:hat hu:hun hy:hye ia:ina "
    "id:ind ie:ile ig:ibo ii:iii io:ido is:isl it:ita iu:iku ja:jpn jv:jav ka:kat kg:kon "
    "ki:kik kk:kaz kl:kal km:khm kn:kan ko:kor ks:kas ku:kur kv:kom kw:cor ky:kir la:lat "
    "lb:ltz lg:lug li:lim ln:lin lo:lao lt:lit lv:lav mg:mlg mi:mri mk:mkd ml:mal mn:mon "
    "mr:mar ms:msa mt:mlt my:mya nb:nob ne:nep nl:nld nn:nno no:nor nv:nav ny:nya oc:oci "
    "om:orm or:ori os:oss pa:pan pl:pol ps:pus pt:por qu:que rm:roh rn:run ro:ron ru:rus "
    "rw:kin sa:san sc:srd sd:snd se:sme sg:sag si:sin sk:slk sl:slv sm:smo sn:sna so:som "
    "sq:sqi sr:srp ss:ssw st:sot su:sun sv:swe sw:swa ta:tam te:tel tg:tgk th:tha ti:tir "
    "tk:tuk tl:tgl tn:tsn to:ton tr:tur ts:tso tt:tat tw:twi ty:tah ug:uig uk:ukr ur:urd "
    "uz:uzb ve:ven vi:vie vo:vol wa:wln wo:wol xh:xho yi:yid yo:yor za:zha zh:zho zu:zul"
)
_THREE_LETTERS = dict(pair.split(":") for pair in _CODES.split())


def tag(path: Path, format: str, tags: AudioTags) -> None:
    """Write tags into a finished file as `write_tags` does, but by way of a copy.

    Tags move the sound: a process that dies meanwhile leaves the file as it was.
    Errors: StorageError.
    """
    with storing(str(path)), atomic_write(path) as draft:
        if FORMATS[format].holds_chapters and not has_chapters(path, tags.chapters):
            copy_with_chapters(path, draft, FORMATS[format], tags.chapters)
        else:
            shutil.copyfile(path, draft)
        write_tags(draft, format, tags)


def write_tags(path: Path, format: str, tags: AudioTags) -> None:
    """Write tags into a finished file of this format (a key of FORMATS), in place.

    mp3 gets ID3v2.3, wav ID3v2.4, opus, ogg and flac get Vorbis comments, m4a gets atoms. A wav
    over 4 GB gets none: RF64 has no place for them. Chapters are no tags of an m4a: whoever writes
    the container sets them. Errors: StorageError.
    """
    clean = replace(
        tags,
        title=encodable(tags.title),
        author=encodable(tags.author),
        album=encodable(tags.album),
        description=encodable(tags.description),
        genres=tuple(map(encodable, tags.genres)),
    )
    with storing(str(path)):
        try:
            _WRITERS[format](path, clean)
        except MutagenError as error:
            if error.args and isinstance(error.args[0], OSError):  # mutagen wraps the storage's
                raise error.args[0] from error
            problem = f"{path} could not be tagged: {error}."
            raise StorageError(problem, "Is the file whole?") from error


def three_letters(language: str) -> str:
    """Return the ISO 639-2 code of a language tag such as `en-us`; "" if it has none."""
    primary = language.lower().replace("_", "-").partition("-")[0]
    if len(primary) == 3 and primary.isascii() and primary.isalpha():
        return primary
    return _THREE_LETTERS.get(primary, "")


def _filled(values: dict[str, str]) -> dict[str, list[str]]:
    return {name: [text] for name, text in values.items() if text}


def _tag_mp3(path: Path, tags: AudioTags) -> None:
    id3: Any = ID3()
    _fill(id3, tags)
    _add_chapters(id3, tags.chapters)
    id3.update_to_v23()
    # FFmpeg reads no chapter of a v2.4 that has a picture, or a title over 127 bytes.
    id3.save(path, v1=0, v2_version=3, v23_sep=None)
    if tags.chapters:
        order_chapters(path)


def _tag_wav(path: Path, tags: AudioTags) -> None:
    with path.open("rb") as file:
        if file.read(4) != b"RIFF":
            return
    wave: Any = WAVE(path)
    wave.tags = None
    wave.add_tags()
    _fill(wave.tags, tags)
    wave.save()


def _fill(id3: Any, tags: AudioTags) -> None:
    texts: dict[Any, str] = {TIT2: tags.title, TPE1: tags.author, TALB: tags.album, TDRC: tags.date}
    for frame, text in {**texts, TLAN: three_letters(tags.language)}.items():
        if text:
            id3.add(frame(encoding=Encoding.UTF8, text=[text]))
    if tags.genres:
        id3.add(TCON(encoding=Encoding.UTF8, text=list(tags.genres)))
    if tags.description:
        language = three_letters(tags.language) or "XXX"
        id3.add(COMM(encoding=Encoding.UTF8, lang=language, desc="", text=[tags.description]))
    if tags.cover:
        # The empty description is Latin-1, because the oldest players read nothing else.
        id3.add(APIC(Encoding.LATIN1, _JPEG, PictureType.COVER_FRONT, "", tags.cover))


def _add_chapters(id3: Any, chapters: Sequence[Chapter]) -> None:
    names = [f"chapter{number}" for number in range(len(chapters))]
    for name, chapter in zip(names, chapters, strict=True):
        about: list[Any] = [TIT2(encoding=Encoding.UTF16, text=[chapter.title])]
        if chapter.picture:
            about.append(APIC(Encoding.LATIN1, _JPEG, PictureType.OTHER, "", chapter.picture))
        id3.add(
            CHAP(
                element_id=name,
                start_time=round(chapter.start_s * 1000),
                end_time=round(chapter.end_s * 1000),
                start_offset=_NO_OFFSET,
                end_offset=_NO_OFFSET,
                sub_frames=about,
            )
        )
    if names:
        title = TIT2(encoding=Encoding.LATIN1, text=["Chapters"])
        flags = CTOCFlags.TOP_LEVEL | CTOCFlags.ORDERED
        contents = CTOC(
            element_id="contents", flags=flags, child_element_ids=names, sub_frames=[title]
        )
        id3.add(contents)


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
    comments = {"TITLE": tags.title, "ARTIST": tags.author, "ALBUM": tags.album}
    comments |= {"DATE": tags.date, "LANGUAGE": tags.language, "DESCRIPTION": tags.description}
    file.tags.update(_filled(comments))
    if tags.genres:
        file.tags["GENRE"] = list(tags.genres)
    for number, chapter in enumerate(tags.chapters):
        file.tags[f"CHAPTER{number:03}"] = [clock(round(chapter.start_s * 1000))]
        file.tags[f"CHAPTER{number:03}NAME"] = [chapter.title]


def _picture(cover: bytes) -> Picture:
    picture = Picture()
    picture.type, picture.mime, picture.data = PictureType.COVER_FRONT, _JPEG, cover
    return picture


def _tag_m4a(path: Path, tags: AudioTags) -> None:
    mp4: Any = MP4(path)
    if mp4.tags is None:
        mp4.add_tags()
    mp4.tags.clear()
    atoms = {"©nam": tags.title, "©ART": tags.author, "©alb": tags.album, "©day": tags.date}
    mp4.tags.update(_filled(atoms | {"desc": tags.description, "©cmt": tags.description}))
    if tags.genres:
        mp4.tags["©gen"] = list(tags.genres)
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
