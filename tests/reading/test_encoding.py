"""Bytes in the encodings that people's editors write."""

import codecs

import pytest

from narrated.errors import SourceError
from narrated.reading.encoding import decoded

TEXT = "Größe – “naïve” 日本"


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode("utf-8"),
        TEXT.encode("utf-8-sig"),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"),
    ],
)
def test_unicode_is_read_with_and_without_a_mark(data):
    assert decoded(data, "a.txt") == TEXT


def test_what_is_no_utf_8_is_read_as_windows_1252():
    assert decoded("“Größe” – naïve".encode("cp1252"), "a.txt") == "“Größe” – naïve"


def test_a_page_that_declares_its_encoding_is_believed_where_utf_8_fails():
    page = '<meta charset="koi8-r"><p>привет'
    assert "привет" in decoded(page.encode("koi8-r"), "a.html")


def test_a_page_that_declares_a_strange_encoding_is_still_read():
    assert "é" in decoded(b'<meta charset="no-such"><p>\xe9', "a.html")


def test_a_cut_off_utf_16_text_is_refused():
    with pytest.raises(SourceError, match=r"a\.txt"):
        decoded(codecs.BOM_UTF16_LE + b"a\0b", "a.txt")


def test_every_kind_of_line_end_becomes_one():
    assert decoded("a\r\nb\rc\u2028d\x0ce".encode(), "a.txt") == "a\nb\nc\nd\ne"


def test_a_stray_control_character_goes_and_its_words_stay():
    assert decoded(b"before \x1b[0m" + b"words " * 300, "a.txt").startswith("before [0mwords")
