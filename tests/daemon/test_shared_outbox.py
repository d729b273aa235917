"""Two daemons with states of their own on one outbox: the second refuses, and names the first."""

import fcntl
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.daemon import PATIENCE_S, Daemon, toy, wait
from support.published import narration

POST = "Some words.\n"
_WITHDRAWS = {"removed": "withdraw", "withdraw_after": "1s"}


@pytest.fixture
def first(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon that runs."""
    with Daemon(tmp_path / "first") as daemon:
        yield daemon


@pytest.fixture
def second(tmp_path: Path, first: Daemon) -> Daemon:
    """Another one on the same outbox, with all else of its own; not started."""
    return Daemon(tmp_path / "second", outbox=str(first.outbox))


def _refused(daemon: Daemon, *command: str) -> str:
    refused = daemon.ask(*command or ("run",))
    assert refused.returncode == 4, refused.stderr
    assert "Traceback" not in refused.stderr
    return refused.stderr


def _pid(daemon: Daemon) -> int:
    assert daemon.process is not None
    return int(daemon.process.pid)


def test_second_daemon_is_refused(first: Daemon, second: Daemon) -> None:
    """The second daemon refuses to start, names the first, and leaves nothing in the outbox."""
    told = _refused(second)
    assert f"{first.outbox} is written by another daemon already" in told
    assert f"the process {_pid(first)}" in told
    assert f"{first.home}/state" in told
    assert "name another `outbox:` folder" in told
    assert "is written by another daemon" in _refused(second, "once")
    first.drop("post.md", POST)
    first.published("post", POST)
    assert first.files == narration("post")


def test_stopped_or_killed_lets_go(first: Daemon, second: Daemon) -> None:
    """A daemon that stopped or crashed keeps nobody out."""
    first.stop()
    with second:
        assert f"the process {_pid(second)}" in _refused(first)
        second.kill()
        first.start()
        first.drop("post.md", POST)
        first.published("post", POST)


def _by_link(outbox: Path, other: Path) -> None:
    other.symlink_to(outbox)


def _by_bind_mount(outbox: Path, other: Path) -> None:
    other.mkdir()
    if subprocess.run(["mount", "--bind", outbox, other], capture_output=True).returncode != 0:
        pytest.skip("only root can mount a folder at a second place")


@pytest.mark.parametrize("show", [_by_link, pytest.param(_by_bind_mount, marks=pytest.mark.faults)])
def test_other_path_is_refused(
    tmp_path: Path, first: Daemon, show: Callable[[Path, Path], None]
) -> None:
    """An outbox is the same by whatever path it is named."""
    second = Daemon(tmp_path / "second")
    second.outbox.rmdir()
    show(first.outbox, second.outbox)
    try:
        assert f"the process {_pid(first)}" in _refused(second)
    finally:
        if not second.outbox.is_symlink():
            subprocess.run(["umount", second.outbox], check=True)


def test_once_keeps_a_daemon_out(tmp_path: Path) -> None:
    """While `narrated once` works, a daemon with another state is refused."""
    held = tmp_path / "held"
    one = Daemon(tmp_path / "one", **toy(tmp_path / "one", rows=1, delay_s=0.3, held=str(held)))
    one.drop("post.md", "\n\n".join(f"Part {number} of it." for number in range(40)))
    other = Daemon(tmp_path / "other", outbox=str(one.outbox))
    once = one.launch("once", "--quiet")
    wait(lambda: one.spoken, lambda: one.log)
    held.touch()
    assert f"the process {once.pid}" in _refused(other)
    once.send_signal(signal.SIGTERM)
    once.wait(PATIENCE_S)


def test_emptied_outbox_stays_locked(first: Daemon, second: Daemon) -> None:
    """An outbox that a listener empties, or makes again, is still the first daemon's."""
    first.drop("post.md", POST)
    first.published("post", POST)
    shutil.rmtree(first.outbox, ignore_errors=True)  # it may write its status note meanwhile
    first.outbox.mkdir(exist_ok=True)
    first.drop("other.md", POST)
    first.published("other", POST)
    assert f"the process {_pid(first)}" in _refused(second)


def test_swapped_outbox_is_waited_for(tmp_path: Path, first: Daemon) -> None:
    """If another daemon's outbox comes to stand at the path, the daemon waits, and says so."""
    with Daemon(tmp_path / "second") as second:
        first.outbox.rename(tmp_path / "aside")
        first.outbox.symlink_to(second.outbox)
        first.drop("post.md", POST)
        wait(lambda: "written by another daemon" in str(first.status()["notices"]))
        assert f"the process {_pid(second)}" in str(first.status()["notices"])
        assert not (second.outbox / "post.json").exists()
        second.stop()
        assert first.published("post", POST)
        assert (second.outbox / "post.json").exists()


def test_strangers_lock_keeps_nobody_out(tmp_path: Path) -> None:
    """A lock that no daemon holds, which everybody on the box can take, stops no daemon."""
    daemon = Daemon(tmp_path)
    held = os.open(daemon.outbox, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        with daemon:
            daemon.drop("post.md", POST)
            daemon.published("post", POST)
            other = Daemon(tmp_path / "other", outbox=str(daemon.outbox))
            assert f"the process {_pid(daemon)}" in _refused(other)
    finally:
        os.close(held)


def test_crashed_writers_name_is_void(tmp_path: Path) -> None:
    """A stranger's lock keeps nobody out either where a crashed daemon left its name."""
    daemon = Daemon(tmp_path)
    daemon.start()
    daemon.kill()
    held = os.open(daemon.outbox, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        with daemon:
            daemon.drop("post.md", POST)
            daemon.published("post", POST)
    finally:
        os.close(held)


def test_missing_outbox_is_taken_later(first: Daemon, second: Daemon, tmp_path: Path) -> None:
    """A daemon that starts without its outbox waits for it, and then for the one that writes it."""
    first.stop()
    first.drop("post.md", POST)
    first.outbox.rename(tmp_path / "aside")
    (first.home / "nowhere").symlink_to(tmp_path / "gone")
    first.configure(outbox="nowhere")
    first.start()
    second.configure(outbox=str(tmp_path / "aside"))
    with second:
        (tmp_path / "gone").symlink_to(tmp_path / "aside")
        wait(
            lambda: "written by another daemon" in str(first.status()["notices"]), lambda: first.log
        )
    wait((tmp_path / "aside/post.json").exists, lambda: first.log)


def _inside(outbox: Path) -> Path:
    return outbox / "sub"


def _inside_by_link(outbox: Path) -> Path:
    (outbox.parent / "link").symlink_to(outbox / "sub")
    return outbox.parent / "link"


@pytest.mark.parametrize("name", [_inside, _inside_by_link])
def test_outbox_inside_is_refused(
    tmp_path: Path, first: Daemon, name: Callable[[Path], Path]
) -> None:
    """A folder of a daemon's outbox is no outbox for another, which would take its narrations."""
    first.drop("sub/post.md", POST)
    first.published("sub/post", POST)
    inner = Daemon(tmp_path / "inner", outbox=str(name(first.outbox)), **_WITHDRAWS)
    told = _refused(inner)
    assert f"lies in {first.outbox}, which is written by another daemon already" in told
    assert f"the process {_pid(first)}" in told
    assert first.files == narration("sub/post")


@pytest.mark.faults
def test_bind_mount_inside_is_refused(tmp_path: Path, first: Daemon) -> None:
    """A folder of a daemon's outbox is none either where a bind mount shows it."""
    (first.outbox / "a folder").mkdir()
    shown = tmp_path / "shown"
    _by_bind_mount(first.outbox / "a folder", shown)
    try:
        assert f"lies in {first.outbox}" in _refused(Daemon(tmp_path / "x", outbox=str(shown)))
    finally:
        subprocess.run(["umount", shown], check=True)


def test_outbox_around_is_refused(tmp_path: Path) -> None:
    """A folder with a daemon's outbox in it, at any depth, is no outbox for another."""
    outer = Daemon(tmp_path / "outer", **_WITHDRAWS)
    with Daemon(tmp_path / "inner", outbox=str(outer.outbox / "deep/sub")) as inner:
        inner.drop("post.md", POST)
        wait((outer.outbox / "deep/sub/post.json").exists, lambda: inner.log)
        told = _refused(outer)
        assert f"{outer.outbox}/deep/sub, a folder of the outbox {outer.outbox}, is written" in told
        assert f"the process {_pid(inner)}" in told
        assert not (outer.outbox / "narrated.status.txt").exists()
    with outer:
        assert f"lies in {outer.outbox}" in _refused(inner)


def test_outboxes_side_by_side_run(tmp_path: Path) -> None:
    """Two outboxes in one folder, which is none, disturb each other in nothing."""
    (tmp_path / "shared").mkdir()
    with (
        Daemon(tmp_path / "one", outbox=str(tmp_path / "shared/a")) as one,
        Daemon(tmp_path / "two", outbox=str(tmp_path / "shared/ab")) as two,
    ):
        for daemon, outbox in ((one, "a"), (two, "ab")):
            daemon.drop("post.md", POST)
            wait((tmp_path / "shared" / outbox / "post.json").exists, lambda d=daemon: d.log)
