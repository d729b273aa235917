"""Tags, read back by another reader than wrote them where there is one."""

import base64
import os
import signal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import mutagen
import pytest
from msgspec.structs import replace
from mutagen.flac import FLAC, Picture
from mutagen.id3 import ID3
from mutagen.mp4 import MP4
from mutagen.wave import WAVE

from narrated.audio.chapters import Chapter
from narrated.audio.formats import FORMATS
from narrated.audio.streaming_encoder import AudioEncoder
from narrated.audio.tags import AudioTags, tag, three_letters
from narrated.errors import StorageError

EVERY_FORMAT = pytest.mark.parametrize("format", FORMATS)


@pytest.fixture
def tags(cover: bytes) -> AudioTags:
    return AudioTags("Der Übermut", "Ada Łukasz", "Blog", "2026-11-22", "de-at", cover)


def recorded(tmp_path: Path, format: str, speech: bytes, sample_rate: int) -> Path:
    path = tmp_path / f"post{FORMATS[format].suffix}"
    path.write_bytes(encoded(path.suffix, format, speech, sample_rate))
    return path


@cache
def encoded(suffix: str, format: str, speech: bytes, sample_rate: int) -> bytes:
    """Encode once for all tests."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"post{suffix}"
        with AudioEncoder(path, format, sample_rate) as encoder:
            encoder.write(speech)
        return path.read_bytes()


def said(path: Path) -> dict[str, str]:
    """Give the tags that FFmpeg's libraries find, of the file or of its stream."""
    with av.open(str(path)) as container:
        found = {**container.streams.audio[0].metadata, **container.metadata}
    return {name.lower(): text for name, text in found.items()}


def chapters_in(path: Path) -> list[tuple[str, float]]:
    """Give title and start of the chapters that FFmpeg's libraries find."""
    with av.open(str(path)) as container:
        return [
            (each["metadata"]["title"], float(each["start"] * each["time_base"]))
            for each in container.chapters()
        ]


def sound(path: Path) -> bytes:
    with av.open(str(path)) as container:
        return b"".join(frame.to_ndarray().tobytes() for frame in container.decode(audio=0))


@EVERY_FORMAT
def test_players_find_the_tags(
    tmp_path: Path, speech: bytes, sample_rate: int, format: str, tags: AudioTags
) -> None:
    """Players find title, author, album and date."""
    path = recorded(tmp_path, format, speech, sample_rate)
    tag(path, format, tags)
    found = said(path) if format != "wav" else texts_in(WAVE(path).tags)
    assert found["title"] == "Der Übermut"
    assert found["artist"] == "Ada Łukasz"
    assert found["album"] == "Blog"
    assert found["date"] == "2026-11-22"


@EVERY_FORMAT
def test_players_find_description(
    tmp_path: Path, speech: bytes, sample_rate: int, format: str
) -> None:
    """Players find the description, and the post's tags as genres."""
    path = recorded(tmp_path, format, speech, sample_rate)
    tag(path, format, AudioTags("T", description="Über *x*", genres=("Rust", "caf\udce9")))
    found = mutagen.File(path).tags
    names = {"mp3": "TCON", "wav": "TCON", "m4a": "©gen"}
    genres = found[names.get(format, "genre")]
    assert list(getattr(genres, "text", genres)) == ["Rust", "caf\ufffd"]
    assert "Über *x*" in str(found.values())


@EVERY_FORMAT
def test_tagging_keeps_the_sound(
    tmp_path: Path, speech: bytes, sample_rate: int, format: str, tags: AudioTags
) -> None:
    """Tagging leaves the sound as it was."""
    path = recorded(tmp_path, format, speech, sample_rate)
    before = sound(path)
    tag(path, format, tags)
    assert sound(path) == before


@EVERY_FORMAT
def test_tagging_twice(
    tmp_path: Path, speech: bytes, sample_rate: int, format: str, tags: AudioTags
) -> None:
    """A second tagging replaces the first."""
    path = recorded(tmp_path, format, speech, sample_rate)
    tag(path, format, tags)
    once = path.read_bytes()
    tag(path, format, tags)
    assert path.read_bytes() == once


@EVERY_FORMAT
def test_empty_tags_are_not_written(
    tmp_path: Path, speech: bytes, sample_rate: int, format: str, tags: AudioTags
) -> None:
    """Empty tags are not written."""
    path = recorded(tmp_path, format, speech, sample_rate)
    tag(path, format, tags)
    tag(path, format, AudioTags("Only this"))
    found = mutagen.File(path)
    assert [str(value) for value in found.tags.values()] in (["Only this"], ["['Only this']"])


@EVERY_FORMAT
def test_undecodable_title(tmp_path: Path, speech: bytes, sample_rate: int, format: str) -> None:
    """An undecodable title is cleaned."""
    path = recorded(tmp_path, format, speech, sample_rate)
    tag(path, format, AudioTags("caf\udce9", author="\0"))
    assert mutagen.File(path) is not None


@pytest.mark.parametrize("format", ["mp3", "wav"])
def test_id3_language_and_cover(
    tmp_path: Path, speech: bytes, sample_rate: int, format: str, tags: AudioTags, cover: bytes
) -> None:
    """ID3 has the language in three letters, and the cover."""
    path = recorded(tmp_path, format, speech, sample_rate)
    tag(path, format, tags)
    id3 = ID3(path) if format == "mp3" else WAVE(path).tags
    assert id3.version == ((2, 3, 0) if format == "mp3" else (2, 4, 0))
    assert id3["TLAN"].text == ["deu"]
    (picture,) = id3.getall("APIC")
    assert (picture.data, picture.mime, picture.type) == (cover, "image/jpeg", 3)


@pytest.mark.parametrize("format", ["opus", "ogg", "flac"])
def test_vorbis_language_and_cover(
    tmp_path: Path, speech: bytes, sample_rate: int, format: str, tags: AudioTags, cover: bytes
) -> None:
    """Vorbis comments have the language and the cover."""
    path = recorded(tmp_path, format, speech, sample_rate)
    tag(path, format, tags)
    found = mutagen.File(path)
    assert found["language"] == ["de-at"]
    if isinstance(found, FLAC):
        (picture,) = found.pictures
    else:
        picture = Picture(base64.b64decode(found["metadata_block_picture"][0]))
    assert (picture.data, picture.mime, picture.type) == (cover, "image/jpeg", 3)


def test_m4a_language_and_cover(
    tmp_path: Path, speech: bytes, sample_rate: int, tags: AudioTags, cover: bytes
) -> None:
    """An m4a has the language and the cover."""
    path = recorded(tmp_path, "m4a", speech, sample_rate)
    tag(path, "m4a", tags)
    mp4 = MP4(path)
    assert bytes(mp4["----:com.apple.iTunes:LANGUAGE"][0]) == b"de-at"
    assert bytes(mp4["covr"][0]) == cover


@pytest.mark.parametrize("format", ["mp3", "opus", "ogg", "m4a", "flac"])
def test_players_find_chapters(
    tmp_path: Path, speech: bytes, sample_rate: int, format: str, tags: AudioTags, cover: bytes
) -> None:
    """Players find the chapters, with long titles and pictures; without them a file has none."""
    path = recorded(tmp_path, format, speech, sample_rate)
    before = sound(path)
    wanted = [("Über <b>uns</b>", 0.0), ("x" * 127, 0.25), ("Third", 0.5)]
    chapters = tuple(Chapter(title, at, at + 0.25, picture=cover) for title, at in wanted)
    tag(path, format, replace(tags, chapters=chapters))
    assert chapters_in(path) == wanted
    assert sound(path) == before
    assert said(path)["title"] == "Der Übermut"
    tag(path, format, tags)
    assert chapters_in(path) == []
    assert sound(path) == before


def test_m4a_has_neros_chapters(
    tmp_path: Path, speech: bytes, sample_rate: int, tags: AudioTags
) -> None:
    """An m4a has its chapters twice: as a track, and as Nero's, which some players want."""
    path = recorded(tmp_path, "m4a", speech, sample_rate)
    chapters = (Chapter("One", 0.0, 0.25), Chapter("Two", 0.25, 0.5))
    tag(path, "m4a", replace(tags, chapters=chapters))
    assert [each.title for each in MP4(path).chapters] == ["One", "Two"]
    with av.open(str(path)) as container:
        assert "data" in {stream.type for stream in container.streams}


def test_mp3_chapter_has_its_picture(
    tmp_path: Path, speech: bytes, sample_rate: int, tags: AudioTags, cover: bytes
) -> None:
    """A picture's chapter carries the picture; the table of contents has a title and the order."""
    path = recorded(tmp_path, "mp3", speech, sample_rate)
    chapters = (Chapter("One", 0.0, 0.25), Chapter("Two", 0.25, 0.5, picture=cover))
    tag(path, "mp3", replace(tags, chapters=chapters))
    id3 = ID3(path)
    (contents,) = id3.getall("CTOC")
    assert contents.sub_frames["TIT2"].text == ["Chapters"]
    first, second = (id3[f"CHAP:{name}"] for name in contents.child_element_ids)
    assert (second.start_time, second.end_time) == (250, 500)
    assert not first.sub_frames.getall("APIC")
    assert second.sub_frames.getall("APIC")[0].data == cover


def test_m4a_starts_with_its_index(
    tmp_path: Path, speech: bytes, sample_rate: int, tags: AudioTags
) -> None:
    """The index of an m4a stands at its beginning."""
    path = recorded(tmp_path, "m4a", speech, sample_rate)
    tag(path, "m4a", tags)
    content = path.read_bytes()
    assert 0 < content.index(b"moov") < content.index(b"mdat")


def test_kill_leaves_the_file(
    tmp_path: Path, speech: bytes, sample_rate: int, tags: AudioTags
) -> None:
    """A process that dies while it moves the sound leaves the file as it was; tags come later."""
    path = recorded(tmp_path, "mp3", speech, sample_rate)
    before = path.read_bytes()
    if not (pid := os.fork()):
        mutagen._util.move_bytes = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        tag(path, "mp3", tags)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    assert path.read_bytes() == before


def test_huge_wav_gets_no_tags(tmp_path: Path) -> None:
    """A wav over four gigabytes gets no tags."""
    path = tmp_path / "long.wav"
    path.write_bytes(b"RF64" + bytes(100))
    tag(path, "wav", AudioTags("Long"))
    assert path.read_bytes() == b"RF64" + bytes(100)


@EVERY_FORMAT
def test_missing_file_is_an_error(tmp_path: Path, format: str) -> None:
    """A missing file is a StorageError."""
    if format == "mp3":
        tmp_path /= "none"  # an ID3 tag alone makes a file of its own
    with pytest.raises(StorageError):
        tag(tmp_path / "none", format, AudioTags("No file"))


@pytest.mark.parametrize(
    ("language", "code"),
    [("en", "eng"), ("en-us", "eng"), ("pt_BR", "por"), ("cmn", "cmn"), ("xx", ""), ("", "")],
)
def test_three_letter_codes(language: str, code: str) -> None:
    """A language tag has its three-letter code."""
    assert three_letters(language) == code


def texts_in(id3: ID3) -> dict[str, str]:
    names = {"TIT2": "title", "TPE1": "artist", "TALB": "album", "TDRC": "date"}
    return {name: str(id3[frame]) for frame, name in names.items()}
