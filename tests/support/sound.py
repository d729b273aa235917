"""Fixtures of published sound: speech of the embedded voice, a cover, a small disk."""

import io
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from narrated.engines import espeak
from narrated.engines.interface import SpeechRequest, SpeechResult
from support import ebur128 as loudness_judge
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
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=128k", "none", str(disk)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this machine does not let us mount a small disk")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.fixture(scope="session")
def ebur128() -> None:
    """Skips where the judge of loudness is missing."""
    try:
        loudness_judge.library()
    except OSError:
        pytest.skip("needs libebur128: apt-get install libebur128-1")
