"""Rules for names in the outbox: what they refuse, and what replaces it."""

import os
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from narrated.outbox.portable_names import LONGEST_NAME_BYTES, USUAL_RULES, NameRules
from narrated.outbox.unique_stems import ERROR_SUFFIX, fold, follows, stem, suits
from support.refusing_names import windows_refuses

PORTABLE = NameRules(portable=True)
PLAIN = NameRules(portable=True, ascii_only=True, longest_bytes=120)
FILE_NAMES = st.binary(min_size=1, max_size=LONGEST_NAME_BYTES).map(
    lambda name: os.fsdecode(name.replace(b"/", b"_").replace(b"\0", b"_"))
)
NAMES = st.one_of(
    FILE_NAMES.filter(lambda name: name not in (".", "..")),
    st.text(st.sampled_from('aux.?:*"<>|\\ \n\x7f~CONcon1ü日😀'), min_size=1, max_size=60).filter(
        lambda name: name not in (".", "..")
    ),
)


@given(NAMES)
@example("aux")
@example("CON .notes")
@example("a..")
def test_portable_name_suits_windows(name: str) -> None:
    """Whatever the name, Windows takes what stands for it, as a folder and as a stem."""
    assert not windows_refuses(PORTABLE.fitted(name))
    for suffix in (ERROR_SUFFIX, ".mp3"):
        assert not windows_refuses(PORTABLE.fitted(name, "", len(ERROR_SUFFIX)) + suffix)
    plain = PLAIN.fitted(name)
    assert plain.isascii()
    assert len(plain) <= 120
    assert not windows_refuses(plain)


@given(NAMES)
def test_legal_name_is_kept(name: str) -> None:
    """A name that Windows takes stays as it is, and so does what replaced another."""
    if not windows_refuses(name) and "\x7f" not in name and len(os.fsencode(name)) <= 255:
        odd = [each for each in name if each in "\ufffe\uffff"]
        assert odd or _is_other_device(name) or PORTABLE.fitted(name) == name
    assert PORTABLE.fitted(PORTABLE.fitted(name)) == PORTABLE.fitted(name)


def _is_other_device(name: str) -> bool:
    """True for names that only some versions of Windows keep for a device."""
    base = name.partition(".")[0].rstrip(" ").upper()
    return base in {"CLOCK$", "CONIN$", "CONOUT$"} or base[3:] in {"¹", "²", "³"}


@given(st.lists(NAMES, min_size=2, max_size=6, unique=True))
def test_portable_stems_are_distinct(names: list[str]) -> None:
    """For any sources the portable stems are distinct, also where case is ignored."""
    stems: list[str] = []
    for name in names:
        stems.append(stem(f"{name}.md", {fold(each) for each in stems}.__contains__, PORTABLE))
    assert len({fold(each) for each in stems}) == len(names)
    assert all(suits(each, PORTABLE) for each in stems)


def test_replaced_name_can_be_read() -> None:
    """A replaced name is like the old one, with a digest by which two stay two."""
    assert PORTABLE.fitted("What is it?") == "What is it_~bbff7b98"
    assert PORTABLE.fitted("What is it*") == "What is it_~59cf9d58"
    assert PORTABLE.fitted("CON") == "CON_~a3dbc4b6"
    assert stem("a:b/x?.md", lambda _: False, PORTABLE) == "a_b~6783a31e/x_~074ab178"


@pytest.mark.parametrize("name", ["Wait...", "trailing ", "日本", "a~b", "console", "com10", "a;b"])
def test_usual_stem_is_portable(name: str) -> None:
    """A stem with dots or blanks at its end is legal, because a suffix follows."""
    assert stem(f"{name}.md", lambda _: False, PORTABLE) == name


def test_earlier_stems_are_unchanged() -> None:
    """The stems of usual file systems are those of earlier versions."""
    long = "ü" * 120 + "xxxxxxx1.md"
    assert stem(long, lambda _: False) == "ü" * 118 + "~f5fad2bb"
    assert stem("CON/What?.md", lambda _: False) == "CON/What?"
    assert suits("CON/What?", USUAL_RULES)
    assert follows("CON/What?.md", "CON/What?.md-3", USUAL_RULES)
    assert not follows("CON/What?.md", "CON/What?", PORTABLE)


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("post-1_b.v2", "post-1_b.v2"),
        ("Tea & Crème.md", "Tea-Creme.md"),
        ("What?.md", "What.md"),
        ("日本語", "RiBenYu"),
        ("Привет, мир", "Privet-mir"),
        ("it's", "its"),
        ("-dash", "dash"),
        (".hidden", "hidden"),
        ("a -- b", "a-b"),
        ("bytes\udcfe", "bytes"),
        ("new\nline", "new-line"),
    ],
)
def test_plain_name_is_transliterated(name: str, plain: str) -> None:
    """A plain name has letters and digits of ASCII alone; one that has no others stays."""
    rules = NameRules(portable=True, is_plain=True)
    assert rules.fitted(name) == plain == rules.fitted(plain)


@pytest.mark.parametrize("name", ["???", "\udcfe", "aux", "x" * 300, "…"])
def test_plain_name_with_digest_stays(name: str) -> None:
    """A name without a letter, a device's, and one that is too long get a digest, and keep it."""
    rules = NameRules(portable=True, is_plain=True)
    plain = rules.fitted(name, spare_bytes=10)
    assert plain == rules.fitted(plain, spare_bytes=10)
    assert re.fullmatch(r"[A-Za-z0-9][\w.-]{0,245}", plain, re.ASCII)
