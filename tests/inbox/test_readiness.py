"""The readiness of one file."""

import hashlib
import os
import select
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from narrated.inbox import readiness
from narrated.inbox.file_signature import FileSignature, fingerprint
from narrated.inbox.readiness import (
    LeaseProbe,
    Readiness,
    ScanStopped,
    SeenVersion,
    examine,
    probe_lease,
)

BREAK_S = 30.0
"""Less than the kernel's `lease-break-time` of 45 s; an open without a lease takes microseconds.

No count shows a lease that was broken by force: only the writer's wait does.
"""


def nothing() -> None:
    pass


def lease_of(path: Path) -> LeaseProbe:
    with path.open("rb") as file:
        return probe_lease(file.fileno())


def expected(path: Path) -> SeenVersion:
    return SeenVersion.of(path.lstat())


@pytest.fixture
def post(tmp_path: Path) -> Path:
    path = tmp_path / "post.md"
    path.write_text("Words.")
    return path


def test_fingerprints_agree(post: Path) -> None:
    """A signature and its stat result have the same fingerprint."""
    status = post.stat()
    assert FileSignature.of(status).fingerprint == fingerprint(status)


def test_signature_ignores_device(post: Path) -> None:
    """A signature does not depend on the device."""
    status = list(post.stat())
    status[2] += 1
    assert FileSignature.of(os.stat_result(status)) == FileSignature.of(
        os.stat_result(list(post.stat()))
    )


def test_ctime_changes_signature(post: Path) -> None:
    """A change that keeps size and mtime changes the signature."""
    before = post.stat()
    post.write_text("Sword.")
    os.utime(post, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = post.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert FileSignature.of(after) != FileSignature.of(before)


def test_lease_detects_writer(
    post: Path, writer: Callable[..., Any], finish: Callable[..., None]
) -> None:
    """A lease probe detects a writer in another process."""
    with writer(post) as process:
        assert lease_of(post) is LeaseProbe.WRITER
        finish(process)
        assert lease_of(post) is LeaseProbe.FREE


def test_no_lease_without_sigio_ignored(post: Path) -> None:
    """No lease is requested while SIGIO would kill."""
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    assert lease_of(post) is LeaseProbe.NONE


FEWEST, MOST = 1500, 100_000
"""Opens for writing: the race goes on until every outcome was met, and `RACED` leases were held."""
RACED = 5
WRITER = """
import os, sys, time
path, longest_s = sys.argv[1], 0.0
while os.read(0, 1) == b".":
    told, began_s = b".", time.monotonic()
    try:
        fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK)
    except BlockingIOError:
        told = b"!"  # a lease is held at this very instant
        fd = os.open(path, os.O_WRONLY | os.O_APPEND)
    longest_s = max(longest_s, time.monotonic() - began_s)
    os.write(fd, b"<")
    time.sleep(0.0001)
    os.write(fd, b">")
    os.close(fd)
    os.write(1, told)
print(longest_s)
"""


def test_racing_writer_is_never_read(post: Path, figure: Callable[[str], None]) -> None:
    """A file is never read while a writer races; the race neither kills nor blocks for long."""
    post.write_bytes(b"<>")
    verdicts: Counter[Readiness] = Counter()
    leases: Counter[LeaseProbe] = Counter()
    sessions = raced = 0
    all_leases = {LeaseProbe.FREE, LeaseProbe.WRITER}
    all_verdicts = {Readiness.READY, Readiness.CHANGED, Readiness.WRITER}
    command = [sys.executable, "-c", WRITER, str(post)]
    with (
        post.open("rb") as file,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        told = select.poll()
        told.register(process.stdout, select.POLLIN)
        while sessions < MOST:
            met_all = leases.keys() == all_leases and verdicts.keys() == all_verdicts
            if sessions >= FEWEST and raced >= RACED and met_all:
                break
            sessions += 1
            os.write(process.stdin.fileno(), b".")
            leases.update(probe_lease(file.fileno()) for _ in range(15))
            closed = False
            while not closed:
                looked = expected(post)
                examination = examine(str(post), looked, False, nothing)
                closed = bool(told.poll(0))
                verdicts[examination.verdict] += 1
                if examination.verdict is Readiness.READY:
                    pairs, half = divmod(looked.signature.size, 2)
                    assert not half
                    assert examination.sha256 == hashlib.sha256(b"<>" * pairs).hexdigest()
            answer = os.read(process.stdout.fileno(), 1)
            assert answer in (b".", b"!")
            raced += answer == b"!"
        process.stdin.close()
        longest_s = float(process.stdout.read())
    assert lease_of(post) is LeaseProbe.FREE
    assert post.stat().st_size == 2 * (sessions + 1)
    assert leases.keys() == all_leases
    assert verdicts.keys() == all_verdicts
    assert raced >= RACED
    assert longest_s < BREAK_S  # a lease that is never given back blocks for the kernel's 45 s
    figure(
        f"{sessions} opens, {raced} of them while a lease was held (the longest took "
        f"{longest_s:.3f} s); {leases.total()} probes, {leases[LeaseProbe.WRITER]} refused; "
        f"{verdicts.total()} readings, {verdicts[Readiness.WRITER]} refused for a writer and "
        f"{verdicts[Readiness.CHANGED]} for a change"
    )


def test_rested_file_is_ready(post: Path) -> None:
    """A file at rest is ready with its hash."""
    examination = examine(str(post), expected(post), False, nothing)
    assert examination.verdict is Readiness.READY
    assert examination.sha256 == hashlib.sha256(b"Words.").hexdigest()


def test_other_version_has_changed(post: Path) -> None:
    """A file that is not the expected version has changed."""
    before = expected(post)
    post.write_text("Other words.")
    assert examine(str(post), before, False, nothing).verdict is Readiness.CHANGED


def test_change_during_read_detected(post: Path) -> None:
    """A file that changes during the read has changed."""

    def write_more() -> None:
        with post.open("a") as file:
            file.write("!")

    # The first block ends, more comes, and the end of the file is read with it.
    assert examine(str(post), expected(post), True, write_more).verdict is Readiness.CHANGED


def test_swap_during_read_detected(post: Path, tmp_path: Path) -> None:
    """A file that is replaced during the read has changed."""

    def replace() -> None:
        other = tmp_path / "other"
        other.write_text("Words!")
        other.replace(post)

    assert examine(str(post), expected(post), True, replace).verdict is Readiness.CHANGED


def test_no_lease_needs_long_rest(post: Path) -> None:
    """Without a lease only a long rest makes a file ready."""
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    assert examine(str(post), expected(post), False, nothing).verdict is Readiness.SETTLING
    assert examine(str(post), expected(post), True, nothing).verdict is Readiness.READY


def test_a_link_is_not_followed(post: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.md"
    link.symlink_to(post)
    assert examine(str(link), expected(post), True, nothing).verdict is Readiness.GONE


def test_pipe_is_not_read(tmp_path: Path) -> None:
    """A pipe is neither read nor waited for."""
    pipe = tmp_path / "pipe.md"
    os.mkfifo(pipe)
    assert examine(str(pipe), expected(pipe), True, nothing).verdict is Readiness.CHANGED


def test_stop_interrupts_hashing(post: Path) -> None:
    """A stop takes effect in the middle of a file."""

    def stop() -> None:
        raise ScanStopped

    with pytest.raises(ScanStopped):
        examine(str(post), expected(post), True, stop)


def test_huge_file_hash_is_bounded(post: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a file too large to read, the beginning and the size are hashed."""
    monkeypatch.setattr(readiness, "MOST_HASHED_BYTES", 1 << 22)
    found = []
    for size in (1 << 40, (1 << 40) + 1):
        os.truncate(post, size)
        blocks: list[None] = []
        found.append(examine(str(post), expected(post), True, partial(blocks.append, None)))
        assert len(blocks) <= (1 << 22) // readiness._BLOCK_BYTES + 1
    assert [each.verdict for each in found] == [Readiness.READY] * 2
    assert found[0].sha256 != found[1].sha256
