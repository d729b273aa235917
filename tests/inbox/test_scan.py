"""Whether one file is ready."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from narrated.inbox.scan import (
    Expected,
    Lease,
    Signature,
    Stopped,
    Verdict,
    examine,
    fingerprint,
    probe_lease,
)


def nothing() -> None:
    pass


def lease_of(path: Path) -> Lease:
    with path.open("rb") as file:
        return probe_lease(file.fileno())


def expected(path: Path) -> Expected:
    return Expected.of(path.lstat())


@pytest.fixture
def post(tmp_path: Path) -> Path:
    path = tmp_path / "post.md"
    path.write_text("Words.")
    return path


def test_a_signature_and_a_stat_result_have_the_same_fingerprint(post: Path) -> None:
    status = post.stat()
    assert Signature.of(status).fingerprint == fingerprint(status)


def test_a_signature_does_not_depend_on_the_device(post: Path) -> None:
    status = list(post.stat())
    status[2] += 1
    assert Signature.of(os.stat_result(status)) == Signature.of(os.stat_result(list(post.stat())))


def test_a_change_that_keeps_size_and_mtime_changes_the_signature(post: Path) -> None:
    before = post.stat()
    post.write_text("Sword.")
    os.utime(post, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = post.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert Signature.of(after) != Signature.of(before)


def test_a_lease_tells_of_a_writer_in_another_process(
    post: Path, writer: Callable[..., Any], finish: Callable[..., None]
) -> None:
    with writer(post) as process:
        assert lease_of(post) is Lease.WRITER
        finish(process)
        assert lease_of(post) is Lease.FREE


def test_no_lease_is_asked_for_while_its_signal_would_kill(post: Path) -> None:
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    assert lease_of(post) is Lease.NONE


def test_a_writer_that_opens_during_a_probe_does_not_end_the_process(
    post: Path, until: Callable[..., None]
) -> None:
    program = "import sys\nwhile True:\n f = open(sys.argv[1], 'a'); f.close()"
    with subprocess.Popen([sys.executable, "-c", program, str(post)]) as process:
        until(lambda: lease_of(post) is Lease.WRITER)
        for _ in range(10_000):
            lease_of(post)
        process.kill()


def test_a_file_at_rest_is_ready_with_its_hash(post: Path) -> None:
    examination = examine(str(post), expected(post), False, nothing)
    assert examination.verdict is Verdict.READY
    assert examination.sha256 == hashlib.sha256(b"Words.").hexdigest()


def test_a_file_that_is_not_the_expected_version_has_changed(post: Path) -> None:
    before = expected(post)
    post.write_text("Other words.")
    assert examine(str(post), before, False, nothing).verdict is Verdict.CHANGED


def test_a_file_that_changes_while_it_is_read_has_changed(post: Path) -> None:
    def write_more() -> None:
        with post.open("a") as file:
            file.write("!")

    # The first block ends, more comes, and the end of the file is read with it.
    assert examine(str(post), expected(post), True, write_more).verdict is Verdict.CHANGED


def test_a_file_that_is_replaced_while_it_is_read_has_changed(post: Path, tmp_path: Path) -> None:
    def replace() -> None:
        other = tmp_path / "other"
        other.write_text("Words!")
        other.replace(post)

    assert examine(str(post), expected(post), True, replace).verdict is Verdict.CHANGED


def test_without_a_lease_only_a_long_rest_makes_a_file_ready(post: Path) -> None:
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    assert examine(str(post), expected(post), False, nothing).verdict is Verdict.UNSURE
    assert examine(str(post), expected(post), True, nothing).verdict is Verdict.READY


def test_a_link_is_not_followed(post: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.md"
    link.symlink_to(post)
    assert examine(str(link), expected(post), True, nothing).verdict is Verdict.GONE


def test_a_pipe_is_neither_read_nor_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.md"
    os.mkfifo(pipe)
    assert examine(str(pipe), expected(pipe), True, nothing).verdict is Verdict.CHANGED


def test_a_stop_is_heard_in_the_middle_of_a_file(post: Path) -> None:
    def stop() -> None:
        raise Stopped

    with pytest.raises(Stopped):
        examine(str(post), expected(post), True, stop)


def test_of_a_file_that_nobody_will_read_the_beginning_and_the_size_are_hashed(post: Path) -> None:
    found = []
    for size in (1 << 40, (1 << 40) + 1):
        os.truncate(post, size)
        began_s = time.monotonic()
        found.append(examine(str(post), expected(post), True, nothing))
        assert time.monotonic() - began_s < 60
    assert [each.verdict for each in found] == [Verdict.READY] * 2
    assert found[0].sha256 != found[1].sha256
