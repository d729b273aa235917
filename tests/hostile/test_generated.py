"""Every reader holds what it promises of whatever is generated, near the truth and far from it."""

import re
from collections.abc import Callable

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hostile import samples
from hostile.targets import TARGETS

ANY = settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))

SIGNS = "\0\t\n\x0b\x1b\x7f\x85\x9b\xa0\xad\u200b\u2028\u202e\ufeff\ufffe\ufffd😀ßſıİµμǅ٣²½一é"
CHARACTERS = st.one_of(
    st.sampled_from(SIGNS), st.characters(codec="utf-8", exclude_categories=["Cs"])
)
WORDS = st.text(CHARACTERS, min_size=1, max_size=8)


_tried: list[int] = []
"""How many bytes each input was long, in the order of trial."""


def try_on(target: str, data: bytes) -> None:
    """See that a reader keeps its promise of one input."""
    _tried.append(len(data))
    TARGETS[target](data)


def told(holds: Callable[[], None]) -> Callable[[Callable[[str], None]], None]:
    """A test that says how much was tried."""

    def test(figure: Callable[[str], None]) -> None:
        _tried.clear()
        holds()
        figure(f"{len(_tried)} inputs of up to {max(_tried)} bytes")

    return test


def pieces(text: str) -> list[str]:
    """The marks and words that a sample is made of, to be put together otherwise."""
    return sorted(set(re.findall(r"\w+|[^\w\s]+|\s+", text)))


def made_of(text: str, most: int = 40) -> st.SearchStrategy[bytes]:
    """Texts of a sample's own pieces, with signs among them that nobody expects."""
    piece = st.one_of(st.sampled_from(pieces(text)), st.sampled_from(pieces(text)), WORDS)
    return st.lists(piece, max_size=most).map(lambda found: "".join(found).encode())


def changed(originals: list[bytes]) -> st.SearchStrategy[bytes]:
    """One of these with some bytes set, some taken out, and perhaps its end cut off."""
    places = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255), st.booleans()), max_size=6)
    return st.builds(_changed, st.sampled_from(originals), places, st.floats(0.2, 1.5))


def _changed(data: bytes, places: list[tuple[float, int, bool]], kept: float) -> bytes:
    other = bytearray(data[: int(len(data) * kept)])
    for share, byte, is_taken in places:
        at = int(share * (len(other) - 1)) if other else 0
        if is_taken:
            del other[at : at + 1 + byte % 8]
        elif other:
            other[at] = byte
    return bytes(other)


@told
@ANY
@given(st.one_of(made_of(samples.POST), changed([samples.POST.encode()])))
def test_any_post(data: bytes) -> None:
    try_on("post", data)


@told
@ANY
@given(st.one_of(made_of(samples.PAGE), changed([samples.PAGE.encode()])))
def test_any_page(data: bytes) -> None:
    try_on("page", data)


@told
@ANY
@given(st.one_of(changed(list(samples.samples("text"))), st.binary(max_size=200), made_of("a 1. ")))
def test_any_text_in_any_encoding(data: bytes) -> None:
    try_on("text", data)


@told
@ANY
@given(st.one_of(made_of(samples.YAML), made_of(samples.TOML), changed([samples.YAML.encode()])))
def test_any_front_matter(data: bytes) -> None:
    try_on("front", data)


@told
@ANY
@given(st.one_of(made_of(samples.FOLDER), changed([samples.FOLDER.encode()])))
def test_any_settings_of_a_folder(data: bytes) -> None:
    try_on("folder", data)


@told
@ANY
@given(st.dictionaries(WORDS, WORDS, max_size=6), changed([samples.LEXICON.encode()]))
@example({"is": "iz", "µm": "micron", "ſ": "s"}, b"")
def test_any_lexicon(words: dict[str, str], data: bytes) -> None:
    quoted = "".join(f"  {_quoted(word)}: {_quoted(said)}\n" for word, said in words.items())
    try_on("lexicon", f"words:\n{quoted}".encode())
    try_on("lexicon", data)


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"


@told
@settings(ANY, max_examples=150)
@given(changed(list(samples.pictures().values())))
def test_any_picture(data: bytes) -> None:
    try_on("picture", data)


@told
@ANY
@given(st.one_of(made_of(samples.MANIFEST), changed([samples.MANIFEST.encode()])))
def test_any_manifest(data: bytes) -> None:
    try_on("record", data)
