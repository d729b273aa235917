"""Fixtures of published sound: speech of the embedded voice, a cover, a small disk."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from narrated.engines import espeak
from narrated.engines.interface import SpeechRequest, SpeechResult
from support import ebur128 as loudness_judge
from support.disk import small
from support.engine_context import PlainContext


@pytest.fixture(scope="session")
def sample_rate() -> int:
    return 22050


@pytest.fixture(scope="session")
def speech(sample_rate: int) -> bytes:
    """Some seconds of speech from the embedded voice."""
    engine = espeak.load({}, PlainContext())
    words = "It was a bright cold day in April, and the clocks were striking thirteen."
    engine.admit(SpeechRequest("a", words, "en-us"))
    (spoken,) = engine.step()
    assert isinstance(spoken, SpeechResult)
    assert spoken.sample_rate == sample_rate
    return spoken.pcm


@pytest.fixture(scope="session")
def cover() -> bytes:
    """A JPEG of an ordinary size."""
    picture = io.BytesIO()
    Image.effect_noise((300, 300), 80).save(picture, "JPEG")
    return picture.getvalue()


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    folder = tmp_path / "outbox"
    folder.mkdir()
    return folder


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str, bytes], Path]:
    """Makes a file in a state folder beside the outbox."""

    def write(name: str, content: bytes) -> Path:
        path = tmp_path / "state" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return path

    return write


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 128 KiB."""
    with small(tmp_path / "disk", 128) as disk:
        yield disk.folder


@pytest.fixture(scope="session")
def ebur128() -> None:
    """Skips where the judge of loudness is missing."""
    try:
        loudness_judge.library()
    except OSError:
        pytest.skip("needs libebur128: apt-get install libebur128-1")
