"""Files of the inbox, read without following a link."""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from narrated.errors import SourceAbsent, SourceError
from narrated.inbox.safe_read import exists, read

LIMIT = 1000


def test_a_file_is_read_whole(root: Path) -> None:
    (root / "sub").mkdir()
    (root / "sub" / "post.md").write_bytes(b"x" * LIMIT)
    assert read(root, "sub/post.md", LIMIT) == b"x" * LIMIT


def test_large_file_is_refused(root: Path) -> None:
    """A file over the limit is refused with the limit."""
    (root / "post.md").write_bytes(b"x" * (LIMIT + 1))
    with pytest.raises(SourceError, match=r"post\.md is larger than 0 MB"):
        read(root, "post.md", LIMIT)


def test_growing_file_is_refused(root: Path) -> None:
    """A file that grows past the limit is refused."""
    # A pseudo-file says 0 and gives more, as a file does that grows while it is read.
    source = Path("/proc/self/status")
    with pytest.raises(SourceError, match="larger"):
        read(source.parent, source.name, 10)


def test_growing_file_is_read_whole() -> None:
    """A file that grows within the limit is read to its end."""
    source = Path("/proc/self/mountinfo")  # it says 0, too
    assert read(source.parent, source.name, 10_000_000) == source.read_bytes() != b""


def test_absent_file_is_reported(root: Path) -> None:
    """A file that is gone is reported gone."""
    with pytest.raises(SourceAbsent, match="is missing"):
        read(root, "sub/post.md", LIMIT)


@pytest.mark.parametrize("path", ["../x", "a/../../x", "/etc/passwd", "", "a//b", "./a", "a\0b"])
def test_outside_path_is_refused(root: Path, path: str) -> None:
    """A path out of the inbox is refused."""
    with pytest.raises(SourceError):
        read(root, path, LIMIT)
    assert not exists(root, path)


def test_links_lead_nowhere(root: Path, tmp_path: Path) -> None:
    """Neither a linked file nor a linked folder leads out."""
    (tmp_path / "secret.md").write_text("x")
    (root / "link.md").symlink_to(tmp_path / "secret.md")
    (root / "folder").symlink_to(tmp_path)
    for path in ("link.md", "folder/secret.md"):
        with pytest.raises((SourceError, SourceAbsent)):
            read(root, path, LIMIT)
        assert not exists(root, path)


def test_pipe_is_refused(root: Path) -> None:
    """A pipe is refused and not waited for."""
    os.mkfifo(root / "pipe.md")
    with pytest.raises(SourceError, match="not a regular file"):
        read(root, "pipe.md", LIMIT)
    assert not exists(root, "pipe.md")


def test_only_regular_files_exist(root: Path) -> None:
    """A file exists only as a regular file."""
    (root / "sub").mkdir()
    (root / "sub" / "a.png").touch()
    assert exists(root, "sub/a.png")
    assert not exists(root, "sub")
    assert not exists(root, "sub/b.png")


def test_no_descriptor_is_left_open(root: Path) -> None:
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "b" / "post.md").touch()
    before = len(list(Path("/proc/self/fd").iterdir()))
    read(root, "a/b/post.md", LIMIT)
    for path in ("a/b/gone.md", "a/gone/post.md"):
        with pytest.raises(SourceAbsent):
            read(root, path, LIMIT)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


READ_AS_NOBODY = """
import os, sys
from pathlib import Path
from narrated.errors import SourceUnreadable
from narrated.inbox.safe_read import read
if os.geteuid() == 0:
    os.setgroups([])
    os.setresgid(65533, 65533, 65533)
    os.setresuid(65533, 65533, 65533)
try:
    read(Path(sys.argv[1]), sys.argv[2], 1000)
except SourceUnreadable as refusal:
    print(refusal.remedy)
"""


@pytest.mark.parametrize(
    ("forbidden", "remedy"),
    [
        ("sub/my post.md", "chmod {who}+r 'sub/my post.md'"),
        ("sub", "chmod {who}+rx sub"),
    ],
)
def test_forbidden_read_names_chmod(forbidden: str, remedy: str) -> None:
    """A forbidden read comes with the chmod that permits it."""
    with TemporaryDirectory() as folder:
        inbox = Path(folder)
        inbox.chmod(0o755)
        (inbox / "sub").mkdir()
        (inbox / "sub" / "my post.md").write_text("Words.")
        (inbox / forbidden).chmod(0o000)
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-c", READ_AS_NOBODY, folder, "sub/my post.md"]
        told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        (inbox / forbidden).chmod(0o755)
    who = "o" if os.geteuid() == 0 else "u"
    assert told.stdout.strip() == "In the inbox, run: " + remedy.format(who=who)
