"""Trouble that fuzzing and looking by hand have found: each stays mended."""

import io
import time
from pathlib import Path

import pytest
from PIL import Image

from hostile import bombs
from hostile.targets import TARGETS
from narrated.engines.model_free_captioner import describe
from narrated.reading.cover_jpeg import cover
from narrated.reading.document import Paragraph, Text
from narrated.reading.source_reader import read
from narrated.script.english.rules import normalise_english
from narrated.script.lexicon import Lexicon

FOUND = Path(__file__).with_name("found")
SEEDS = sorted(FOUND.iterdir())


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.name)
def test_found_inputs_break_nothing(seed: Path) -> None:
    """Inputs that fuzzing found once no longer break a promise."""
    TARGETS[seed.name.partition("-")[0]](seed.read_bytes())


def test_long_capitals_cost_linear_time() -> None:
    """A word of capitals takes time in proportion to its length."""
    began_s = time.process_time()
    assert normalise_english("x" + "Q" * 5000 + "É")
    assert time.process_time() - began_s < 5


def test_lexicon_ignores_lookalikes() -> None:
    """A letter that a pattern mistakes for another is not a lexicon's word."""
    lexicon = Lexicon.parse(["words: {is: iz, µm: micron}"])
    assert lexicon.apply("It is, ıs, İS: 5 µm, 5 μm.") == "It iz, ıs, İS: 5 micron, 5 μm."


@pytest.mark.parametrize("codec", ["idna", "undefined", "unicode_escape", "zlib", "utf-7"])
def test_codec_is_no_page_charset(codec: str) -> None:
    """A page that names a codec for a charset is decoded by its letters."""
    page = f"<meta charset={codec}><p>Na\xefve \\ud800 words.".encode("latin-1")
    assert read(page, "a.html").blocks == (Paragraph((Text("Naïve \\ud800 words."),)),)


@pytest.mark.parametrize("written", ["&#27;", "&#x1b", "&#0000027;", "&#X001B;", "&#27"])
def test_no_reference_brings_a_control(written: str) -> None:
    """A character reference brings no control character."""
    assert "\x1b" not in str(read(f"<title>a{written}[</title><p>b{written}[".encode(), "a.html"))
    assert "\\x1b" not in ascii(read(f"<p>b{written}[".encode(), "a.html"))


def test_latin_1_keeps_windows_quotes() -> None:
    """A page that declares Latin-1 keeps its Windows quotation marks."""
    page = b"<meta charset=iso-8859-1><p>\x93It\x92s\x94 na\xefve \x97 \x81so."
    assert "“It’s” naïve — so." in str(read(page, "a.html"))


def test_title_drops_escape_codes() -> None:
    """A name with escape codes makes a title without them."""
    assert read(b"Words.", "\x1b[31mred\x9b0m.md").title == "[31mred›0m"


def test_blank_name_makes_visible_title() -> None:
    """A name of spaces makes a visible title."""
    assert read(b"Words.", " \t .md").title == "-"


def test_broken_exif_is_ignored() -> None:
    """A picture with broken Exif data is still read."""
    broken = bombs.png(9, 9, bombs.chunk(b"eXIf", b"II\x13\xd5broken"))
    assert Image.open(io.BytesIO(cover(broken))).size == (9, 9)
    assert describe(broken) == "An image, square, all black."


def test_animation_frames_are_uncounted() -> None:
    """The parser does not count the frames of an animation."""
    film = bombs.gif(4_000_000)
    began_s = time.process_time()
    assert describe(film).startswith("An animated image")
    assert time.process_time() - began_s < 3
