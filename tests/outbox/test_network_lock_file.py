"""The lock that other hosts see, tried on a local disk as it would be used on a network."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from narrated.outbox.network_lock_file import NAME, NetworkLockFile, is_on_network, lock_holder


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[int]:
    """An open folder."""
    opened = os.open(tmp_path, os.O_RDONLY)
    yield opened
    os.close(opened)


def test_second_learns_who_has_it(folder: int) -> None:
    """The second one gets no lock, but what the first wrote; it does once the first lets go."""
    first, second = NetworkLockFile(folder), NetworkLockFile(folder)
    assert first.take(b"first") is None
    assert second.take(b"second") == b"first"
    assert second.take(b"second") == b"first", "asking takes nobody's lock"
    first.release()
    assert second.take(b"second") is None
    assert first.take(b"first") == b"second"


def test_full_disk_leaves_no_lock(folder: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock whose holder cannot be written, since the disk is full, can be let go of."""

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    lock = NetworkLockFile(folder)
    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", full)
        with pytest.raises(OSError, match="No space left"):
            lock.take(b"first")
    lock.release()
    assert NetworkLockFile(folder).take(b"second") is None


def test_name_is_left_out_of_syncs() -> None:
    """Its name is one of those that docs/syncing.md has synchronisers leave out."""
    pattern = ".narrated-*.tmp"
    assert pattern in (Path(__file__).parents[2] / "docs/syncing.md").read_text()
    assert Path(NAME).match(pattern)


def test_link_in_its_place_is_refused(folder: int, tmp_path: Path) -> None:
    """A link that somebody puts in its place is not followed."""
    (tmp_path / "target").write_text("mine")
    (tmp_path / NAME).symlink_to("target")
    with pytest.raises(OSError, match="symbolic links"):
        NetworkLockFile(folder).take(b"first")
    assert (tmp_path / "target").read_text() == "mine"


@pytest.mark.parametrize(("kind", "is_network"), [("nfs4", True), ("cifs", True), ("ext4", False)])
def test_network_is_known_by_its_kind(
    folder: int, tmp_path: Path, kind: str, is_network: bool
) -> None:
    """The kernel's table of mounts tells which file systems other hosts write as well."""
    device = os.fstat(folder).st_dev
    place = f"{os.major(device)}:{os.minor(device)}"
    table = tmp_path / "mountinfo"
    table.write_text(f"1 0 0:1 / / rw - proc proc rw\n2 1 {place} / /srv rw - {kind} box:/ rw\n")
    assert is_on_network(folder, table) is is_network


def test_holder_is_told_by_a_question(folder: int) -> None:
    """Who has it is told to whoever only asks, and asking takes nobody's lock."""
    assert lock_holder(folder) is None
    first = NetworkLockFile(folder)
    first.take(b"first")
    assert lock_holder(folder) == b"first"
    first.release()
    assert lock_holder(folder) is None
