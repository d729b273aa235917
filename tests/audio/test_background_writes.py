"""Writes in the background: in order, with their errors, and nothing left behind."""

import threading

import pytest

from narrated.audio import background_writes
from narrated.audio.background_writes import BackgroundWrites
from support.daemon import wait


class Recorded:
    """A sink that keeps what is written, and fails at `full`."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.threads: set[threading.Thread] = set()
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.is_closed = self.is_discarded = False

    def write(self, pcm: bytes) -> None:
        self.may_go_on.wait(60)
        self.threads.add(threading.current_thread())
        if pcm == b"full":
            raise OSError("the disk is full")
        self.written.append(pcm)

    def close(self) -> None:
        self.is_closed = True

    def discard(self) -> None:
        self.is_discarded = True


@pytest.fixture
def sink(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    monkeypatch.setattr(background_writes, "_DIRECT_BYTES", 2)
    return Recorded()


def test_writes_keep_their_order(sink: Recorded) -> None:
    """A short sound is written at once, a long one by one thread, in order."""
    writes = BackgroundWrites(sink)
    parts = [b"%d" % number for number in range(20)]
    for part in parts:
        writes.write(part)
    writes.close()
    assert sink.written == parts
    assert sink.is_closed
    own, other = sorted(sink.threads, key=lambda each: each is not threading.current_thread())
    assert own is threading.current_thread()
    assert not other.is_alive()


def test_background_error_is_told(sink: Recorded) -> None:
    """What a write raises is raised before the file is closed."""
    writes = BackgroundWrites(sink)
    for part in (b"12", b"full", b"34"):
        writes.write(part)
    with pytest.raises(OSError, match="the disk is full"):
        writes.close()
    assert not sink.is_closed
    writes.discard()
    assert sink.is_discarded


def test_discard_writes_nothing_more(sink: Recorded) -> None:
    """What still waits for the codec is not written to a file that is given up."""
    writes = BackgroundWrites(sink)
    writes.write(b"12")
    sink.may_go_on.clear()
    for part in (b"34", b"56", b"78"):
        writes.write(part)
    last = writes._waiting[-1]
    discarding = threading.Thread(target=writes.discard)
    discarding.start()
    wait(last.cancelled)
    sink.may_go_on.set()
    discarding.join()
    assert sink.is_discarded
    assert b"78" not in sink.written
