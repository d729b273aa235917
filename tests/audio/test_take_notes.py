"""Notes in a take's own file: read back with it, and none where they are damaged."""

from contextlib import closing
from pathlib import Path

import pytest

from narrated.audio.encoder_requests import WriteTake, encode_request
from narrated.audio.flac_takes import from_flac, notes_of, to_flac, with_notes
from narrated.audio.loudness import energies, pack
from narrated.audio.pcm import samples
from narrated.audio.take_notes import NO_NOTES, TakeNotes, from_comment, to_comment
from narrated.encoder_process import EncoderProcess

NOTES = TakeNotes(b"\x10\x20" * 40, ((0, 0.05), (31, 2.25)), ((0, 0.05), (4, 0.5)))


def test_notes_are_read_back(tmp_path: Path, speech: bytes, sample_rate: int) -> None:
    """A take's file gives back its notes with its sound, and without it."""
    to_flac(tmp_path / "take", speech, sample_rate, NOTES)
    assert with_notes(tmp_path / "take") == (speech, sample_rate, NOTES)
    assert notes_of(tmp_path / "take") == NOTES


def test_older_take_has_no_notes(tmp_path: Path, speech: bytes, sample_rate: int) -> None:
    """A take from before there were notes has its sound alone."""
    to_flac(tmp_path / "take", speech, sample_rate)
    assert with_notes(tmp_path / "take") == (speech, sample_rate, NO_NOTES)


def test_damaged_notes_keep_the_sound(tmp_path: Path, speech: bytes, sample_rate: int) -> None:
    """A changed byte in the notes costs the notes and not the take."""
    path = tmp_path / "take"
    to_flac(path, speech, sample_rate, NOTES)
    written = path.read_bytes()
    first = written.index(b"narrated-notes:")
    for place in range(first, first + len(to_comment(NOTES)), 7):
        path.write_bytes(written[:place] + b"\xff" + written[place + 1 :])
        assert notes_of(path) == NO_NOTES
        assert from_flac(path) == (speech, sample_rate)


def test_missing_take_has_no_notes(tmp_path: Path) -> None:
    """A take that is gone or no FLAC file has no notes."""
    (tmp_path / "text").write_text("no sound")
    assert notes_of(tmp_path / "none") == notes_of(tmp_path / "text") == NO_NOTES


@pytest.mark.parametrize(
    "comment", ["", "a comment", "narrated-notes:", "narrated-notes:AAAA", "narrated-notes:é"]
)
def test_foreign_comment_is_no_notes(comment: str) -> None:
    """A comment that this package did not write holds no notes."""
    assert from_comment(comment) == NO_NOTES


def test_notes_have_a_bounded_size() -> None:
    """Notes too long for a file lose their words, then their sentences."""
    many = tuple((place, place / 3) for place in range(80_000))
    assert from_comment(to_comment(TakeNotes(b"12", many[:9], many))) == TakeNotes(b"12", many[:9])
    assert from_comment(to_comment(TakeNotes(b"12", many, many))) == TakeNotes(b"12")
    assert to_comment(TakeNotes(bytes(2 << 20))) == ""


def test_written_take_has_energies(tmp_path: Path, speech: bytes, sample_rate: int) -> None:
    """The encoder keeps the energies of a take with it."""
    request = WriteTake(str(tmp_path / "take"), str(tmp_path / "draft"), sample_rate)
    with closing(EncoderProcess()) as encoder:  # an open espeak would change how espeak sounds
        encoder.answer(*encode_request(request, speech))
    expected = pack(energies(samples(speech), sample_rate))
    assert notes_of(tmp_path / "take").energies == expected
    assert len(expected) == 2 * -(-len(samples(speech)) * 10 // sample_rate)
