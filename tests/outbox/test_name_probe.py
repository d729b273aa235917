"""The question to the outbox's file system, which names it takes: it leaves nothing behind."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from narrated.errors import NameRefused, StorageError
from narrated.outbox.mount_guard import MountGuard
from narrated.outbox.name_probe import NameProbe, allowed_names, check_stem
from narrated.outbox.portable_names import USUAL_RULES
from narrated.outbox.published_files import sweep
from support.refusing_names import ECRYPTFS, ECRYPTFS_BYTES, WINDOWS, library, refusing

KILLED = """
import os, sys
from pathlib import Path
from narrated.outbox import name_probe
name_probe._longest = lambda hidden: os.kill(os.getpid(), 9)
name_probe._make(os.open(sys.argv[1], os.O_RDONLY), "mine")
name_probe.remove_hidden = None
take = name_probe._takes
name_probe._takes = lambda hidden, name: name_probe._make(hidden, name) or True
name_probe.allowed_names(Path(sys.argv[1]))
"""
ASKED = """
import sys
from pathlib import Path
from narrated.outbox.name_probe import allowed_names
print(allowed_names(Path(sys.argv[1])))
"""


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    folder = tmp_path / "outbox"
    folder.mkdir()
    return folder


def _run(
    program: str, outbox: Path, environ: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program, str(outbox)]
    env = {**os.environ, **environ}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def test_own_disk_takes_every_name(outbox: Path) -> None:
    """The disk of the tests takes every name, and shows nothing of the question afterwards."""
    assert allowed_names(outbox) == USUAL_RULES
    check_stem(outbox, "a/a/What?")
    assert list(outbox.iterdir()) == []


@pytest.mark.faults
def test_refusals_are_found_out(outbox: Path, tmp_path: Path) -> None:
    """What a file system refuses is known before any file needs a name."""
    made = library(tmp_path)
    windows = _run(ASKED, outbox, refusing(made, tmp_path, WINDOWS)).stdout
    short = _run(ASKED, outbox, refusing(made, tmp_path, ECRYPTFS)).stdout
    assert "portable=True" in windows
    assert "longest_bytes=255" in windows
    assert "portable=False" in short
    assert f"longest_bytes={ECRYPTFS_BYTES}" in short
    assert list(outbox.iterdir()) == []


def test_killed_question_is_swept(outbox: Path) -> None:
    """What a killed question left is swept at the next start; no folder of others is."""
    assert _run(KILLED, outbox, {}).returncode == -9
    (hidden,) = outbox.glob(".narrated-*.tmp")
    assert {path.name for path in hidden.iterdir()} > {"a", "a?"}
    (hidden / "folder/of").mkdir(parents=True)
    (hidden / "folder/of/What?.json").touch()
    others = outbox / ".narrated-0123456789abcdef.tmp"
    others.mkdir()
    (others / "letter.txt").write_text("Of somebody else.")
    assert sweep(outbox) == 2
    assert {path.name for path in outbox.iterdir()} == {"mine", others.name}


def test_refused_stem_is_told(outbox: Path) -> None:
    """A stem that no file can have is refused, whatever its folder is."""
    with pytest.raises(NameRefused, match=r"does not take the name `n+\.json`: it is too long"):
        check_stem(outbox, "a/" + "n" * 251)
    assert list(outbox.iterdir()) == []


def test_unmounted_outbox_is_not_asked(outbox: Path) -> None:
    """The mount point of a missing disk is not asked: nothing is written there."""
    probe = NameProbe(MountGuard(outbox, device=-1))
    with pytest.raises(StorageError):
        probe.look()
    assert list(outbox.iterdir()) == []
    assert probe.rules == USUAL_RULES
