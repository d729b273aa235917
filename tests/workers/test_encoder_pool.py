"""Encoders: a crash, a hang or a cancellation ends one child at most, and leaves nothing."""

import asyncio
import os
import textwrap
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from narrated.audio.encoder_requests import TakeToAdd
from narrated.disk_threads import DiskThreads
from narrated.errors import NarratedError, StorageError
from narrated.workers.encoder_errors import EncoderCrashed, NarrationLost
from narrated.workers.encoder_pool import EncoderPool

STANDIN = """
    import os, signal, sys, time
    from pathlib import Path
    from narrated.audio.encoder_requests import AddTakes, WriteTake, decode_request
    from narrated.workers.protocol import ChildChannel, die_with_parent

    die_with_parent()
    if why := os.environ.get("CANNOT_START"):
        sys.exit(why)
    channel = ChildChannel.inherited(int(sys.argv[-1]))
    while (frame := channel.receive()) is not None:
        request, _ = decode_request(*frame)
        answer = {"rms_db": os.getpid(), "duration_s": 1.0}
        if isinstance(request, AddTakes):
            folder = Path(request.folder)
            folder.mkdir(exist_ok=True)
            (folder / "audio").touch()
            answer = {"heard": [[0.0, os.getpid()]]}
            if request.takes[0].text == "HANG":
                signal.pause()
            if request.takes[0].text == "CRASH":
                os.kill(os.getpid(), signal.SIGSEGV)
        if isinstance(request, WriteTake) and request.path.endswith("CRASH"):
            os.kill(os.getpid(), signal.SIGSEGV)
        if isinstance(request, WriteTake) and request.path.endswith("HANG"):
            Path(request.draft).touch()
            signal.pause()
        channel.send(answer)
"""

Story = Callable[[EncoderPool], Awaitable[None]]


@pytest.fixture
def telling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Runs a story with a pool of one child, which is stopped afterwards."""
    (tmp_path / "standin_encoder.py").write_text(textwrap.dedent(STANDIN))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def tell(story: Story, **options: float) -> None:
        async def whole() -> None:
            encoders = make_pool(module="standin_encoder", **options)
            try:
                await story(encoders)
            finally:
                await encoders.stop()

        asyncio.run(whole())

    return tell


def make_pool(**options: Any) -> EncoderPool:
    cache_disk, state_disk = DiskThreads("the cache"), DiskThreads("the state")
    return EncoderPool(**options, cache_disk=cache_disk, state_disk=state_disk)


def take(text: str) -> list[TakeToAdd]:
    return [TakeToAdd("a.flac", text, 0.0)]


async def pid_of(encoders: EncoderPool) -> int:
    return int((await encoders.write_take(Path("a"), Path("b"), b"", 22050))["rms_db"])


def test_crash_loses_the_narrations(telling: Callable[..., None], tmp_path: Path) -> None:
    """A crash is told to the request that it met; other narrations of that child are lost."""

    async def story(encoders: EncoderPool) -> None:
        bad, other = (encoders.narration(tmp_path / name, "mp3", None) for name in "ab")
        (before,) = await other.add(take("fine"))
        with pytest.raises(EncoderCrashed, match="killed by SIGSEGV"):
            await bad.add(take("CRASH"))
        with pytest.raises(NarrationLost):
            await other.add(take("fine"))
        again = encoders.narration(tmp_path / "c", "mp3", None)
        (after,) = await again.add(take("fine"))
        assert before != after

    telling(story)


def test_crash_twice_says_what_to_do(telling: Callable[..., None]) -> None:
    """A request is tried again once; then its error names the signal and the remedy."""

    async def story(encoders: EncoderPool) -> None:
        with pytest.raises(NarratedError, match=r"crashed twice.*SIGSEGV") as told:
            await encoders.write_take(Path("CRASH"), Path("b"), b"", 22050)
        assert "narrated retry" in told.value.remedy
        assert await pid_of(encoders)

    telling(story)


def test_failed_start_is_no_crash(
    telling: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An encoder that cannot even start has files wait, and says why; later ones are served."""

    async def story(encoders: EncoderPool) -> None:
        with monkeypatch.context() as patch:
            patch.setenv("CANNOT_START", "libsndfile is missing")
            with pytest.raises(StorageError, match=r"cannot be started.*libsndfile is missing"):
                await encoders.narration(tmp_path / "a", "mp3", None).add(take("fine"))
            with pytest.raises(StorageError, match="cannot be started"):
                await encoders.write_take(Path("a"), Path("b"), b"", 22050)
        assert await pid_of(encoders)

    telling(story)


def test_cancelling_ends_no_child(telling: Callable[..., None], tmp_path: Path) -> None:
    """Whoever is cancelled, however often, ends at once; the child and others go on."""

    async def story(encoders: EncoderPool) -> None:
        before = await pid_of(encoders)
        narration = encoders.narration(tmp_path / "a", "mp3", None)
        adding = asyncio.create_task(narration.add(take("fine")))
        await asyncio.sleep(0)
        for _ in range(3):
            adding.cancel()
            await asyncio.sleep(0)
        assert adding.cancelled()
        narration.discard()
        assert await pid_of(encoders) == before

    telling(story)
    assert not (tmp_path / "a").exists()


def test_hung_child_is_killed_on_cancel(telling: Callable[..., None], tmp_path: Path) -> None:
    """A child that does not answer after a cancellation is killed, and nothing is left."""

    async def story(encoders: EncoderPool) -> None:
        before = await pid_of(encoders)
        narration = encoders.narration(tmp_path / "a", "mp3", None)
        adding = asyncio.create_task(narration.add(take("HANG")))
        while not (tmp_path / "a/audio").exists():
            await asyncio.sleep(0.01)
        adding.cancel()
        with pytest.raises(asyncio.CancelledError):
            await adding
        narration.discard()
        assert await pid_of(encoders) != before

    telling(story)
    assert not (tmp_path / "a").exists()


def test_silent_child_counts_as_crashed(telling: Callable[..., None], tmp_path: Path) -> None:
    """A child that does not answer in time is killed, and its request told so."""

    async def story(encoders: EncoderPool) -> None:
        narration = encoders.narration(tmp_path / "a", "mp3", None)
        with pytest.raises(EncoderCrashed, match="did not answer"):
            await narration.add(take("HANG"))

    telling(story, time_limit_s=2.0)  # by which even a busy machine has started it, and if not: so


def test_stop_ends_narrations_at_once(telling: Callable[..., None], tmp_path: Path) -> None:
    """A stop kills a child in the middle of its work, and removes what it was writing."""
    pids: list[int] = []

    async def story(encoders: EncoderPool) -> None:
        pids.append(await pid_of(encoders))
        narrations = [encoders.narration(tmp_path / name, "mp3", None) for name in "ab"]
        await narrations[1].add(take("fine"))
        adding = asyncio.create_task(narrations[0].add(take("HANG")))
        while not (tmp_path / "a/audio").exists():
            await asyncio.sleep(0.01)
        adding.cancel()
        for narration in narrations:
            narration.discard()

    telling(story)
    assert not (tmp_path / "a").exists()
    assert not (tmp_path / "b").exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_stop_removes_half_a_take(telling: Callable[..., None], tmp_path: Path) -> None:
    """A stop removes the draft of a take that is being written."""
    draft = tmp_path / "draft"

    async def story(encoders: EncoderPool) -> None:
        writing = asyncio.create_task(encoders.write_take(Path("HANG"), draft, b"", 22050))
        while not draft.exists():
            await asyncio.sleep(0.01)
        await encoders.stop()
        with pytest.raises(asyncio.CancelledError):
            await writing

    telling(story)
    assert not draft.exists()
