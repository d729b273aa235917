"""What fuzzing, and looking for trouble by hand, has found: each stays mended."""

import io
import time
from pathlib import Path

import pytest
from PIL import Image

from hostile import bombs
from hostile.targets import TARGETS
from narrated.engines.metadata_captioner import describe
from narrated.reading.cover_image import cover
from narrated.reading.document import Paragraph, Text
from narrated.reading.source_reader import read
from narrated.script.english.rules import normalise_english
from narrated.script.lexicon import Lexicon

FOUND = Path(__file__).with_name("found")
SEEDS = sorted(FOUND.iterdir())


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.name)
def test_what_was_found_once_breaks_no_promise_any_more(seed: Path) -> None:
    TARGETS[seed.name.partition("-")[0]](seed.read_bytes())


def test_a_word_of_capitals_costs_no_more_than_it_is_long() -> None:
    began_s = time.process_time()
    assert normalise_english("x" + "Q" * 5000 + "É")
    assert time.process_time() - began_s < 5


def test_a_letter_that_a_pattern_takes_for_another_is_no_word_of_a_lexicon() -> None:
    lexicon = Lexicon.parse(["words: {is: iz, µm: micron}"])
    assert lexicon.apply("It is, ıs, İS: 5 µm, 5 μm.") == "It iz, ıs, İS: 5 micron, 5 μm."


@pytest.mark.parametrize("codec", ["idna", "undefined", "unicode_escape", "zlib", "utf-7"])
def test_a_page_that_names_no_charset_but_a_codec_is_read_by_its_letters(codec: str) -> None:
    page = f"<meta charset={codec}><p>Na\xefve \\ud800 words.".encode("latin-1")
    assert read(page, "a.html").blocks == (Paragraph((Text("Naïve \\ud800 words."),)),)


@pytest.mark.parametrize("written", ["&#27;", "&#x1b", "&#0000027;", "&#X001B;", "&#27"])
def test_a_reference_brings_no_control_character(written: str) -> None:
    assert "\x1b" not in str(read(f"<title>a{written}[</title><p>b{written}[".encode(), "a.html"))
    assert "\\x1b" not in ascii(read(f"<p>b{written}[".encode(), "a.html"))


def test_windows_quotation_marks_in_a_page_that_says_latin_1_are_kept() -> None:
    page = b"<meta charset=iso-8859-1><p>\x93It\x92s\x94 na\xefve \x97 \x81so."
    assert "“It’s” naïve — so." in str(read(page, "a.html"))


def test_a_name_with_escape_codes_makes_a_title_without() -> None:
    assert read(b"Words.", "\x1b[31mred\x9b0m.md").title == "[31mred›0m"


def test_a_name_of_spaces_makes_a_title_that_can_be_seen() -> None:
    assert read(b"Words.", " \t .md").title == "-"


def test_a_picture_whose_notes_are_broken_is_well() -> None:
    broken = bombs.png(9, 9, bombs.chunk(b"eXIf", b"II\x13\xd5broken"))
    assert Image.open(io.BytesIO(cover(broken))).size == (9, 9)
    assert describe(broken) == "An image, square, all black."


def test_the_frames_of_a_film_are_not_counted() -> None:
    film = bombs.gif(4_000_000)
    began_s = time.process_time()
    assert describe(film).startswith("An animated image")
    assert time.process_time() - began_s < 3
