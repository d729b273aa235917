"""The inbox against programs that really write files."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from narrated.inbox.events import Found

RSYNC = shutil.which("rsync")
needs_rsync = [
    pytest.mark.peers,
    pytest.mark.skipif(RSYNC is None, reason="needs rsync"),
]

SAVE_BY_REPLACEMENT = """
import os, sys, tempfile
fd, draft = tempfile.mkstemp(dir=os.path.dirname(sys.argv[2]))
os.write(fd, open(sys.argv[1], "rb").read())
os.close(fd)
os.replace(draft, sys.argv[2])
"""

SAVE_SLOWLY = """
import sys, time
with open(sys.argv[1], "rb") as source, open(sys.argv[2], "wb", buffering=0) as target:
    while block := source.read(100_000):
        target.write(block)
        time.sleep(0.05)
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Large enough that no writer is done in one step; its date is old."""
    path = tmp_path / "source.md"
    path.write_bytes(os.urandom(1_000_000))
    os.utime(path, (1e9, 1e9))
    return path


def check(listener: Any, source: Path, path: str = "post.md") -> None:
    """The file was found, whole, and never otherwise."""
    listener.expect(Found, path)
    listener.walked()
    found = [event.sha256 for event in listener.told if isinstance(event, Found)]
    assert found == [hashlib.sha256(source.read_bytes()).hexdigest()]


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["cp"], id="cp"),
        pytest.param(["cp", "-p"], id="cp -p"),
        pytest.param(["ln"], id="ln"),
        pytest.param(["dd", "bs=64k", "status=none"], id="dd"),
        pytest.param([sys.executable, "-c", SAVE_BY_REPLACEMENT], id="an editor"),
        pytest.param([sys.executable, "-c", SAVE_SLOWLY], id="a slow writer"),
        pytest.param(["rsync", "-a"], id="rsync", marks=needs_rsync),
        pytest.param(["rsync", "-a", "--inplace"], id="rsync --inplace", marks=needs_rsync),
        pytest.param(
            ["rsync", "-a", "--inplace", "--bwlimit=2m"], id="rsync, slowly", marks=needs_rsync
        ),
        pytest.param(["rsync", "-a", "--delay-updates"], id="rsync, late", marks=needs_rsync),
        pytest.param(
            ["rsync", "-a", "--temp-dir=/dev/shm"], id="rsync, elsewhere", marks=needs_rsync
        ),
    ],
)
def test_a_file_is_found_once_and_whole(
    command: list[str], root: Path, source: Path, listen: Any
) -> None:
    listener = listen()
    ends = (
        [f"if={source}", f"of={root}/post.md"] if command[0] == "dd" else [source, root / "post.md"]
    )
    subprocess.run([*command, *ends], check=True)
    check(listener, source)


def test_a_file_moved_in_is_found_once_and_whole(root: Path, source: Path, listen: Any) -> None:
    listener = listen()
    kept = shutil.copy2(source, source.with_name("kept"))
    subprocess.run(["mv", source, root / "post.md"], check=True)
    check(listener, Path(kept))


@pytest.mark.peers
@pytest.mark.skipif(RSYNC is None, reason="needs rsync")
def test_what_an_interrupted_rsync_leaves_is_not_taken_until_it_is_resumed(
    root: Path, source: Path, listen: Any, until: Any
) -> None:
    listener = listen()
    command = ["rsync", "-a", "--partial", source, root / "post.md"]
    with subprocess.Popen([*command, "--bwlimit=200"], stderr=subprocess.DEVNULL) as rsync:
        until(lambda: any(path.stat().st_size > 100_000 for path in root.iterdir()))
        rsync.terminate()
    until(lambda: listener.inbox.waiting() == [("post.md", "its transfer was interrupted")])
    assert 0 < (root / "post.md").stat().st_size < 1_000_000
    subprocess.run(command, check=True)
    check(listener, source)


@pytest.mark.peers
@pytest.mark.skipif(RSYNC is None, reason="needs rsync")
def test_a_folder_that_is_synchronised_is_found_whole(
    root: Path, tmp_path: Path, listen: Any
) -> None:
    blog = tmp_path / "blog"
    for number in range(300):
        folder = blog / f"{number % 7}" / f"{number % 3}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.md").write_text(f"{number}")
    listener = listen()
    subprocess.run(["rsync", "-a", f"{blog}/", root], check=True)
    for _ in range(300):
        listener.expect(Found)
    listener.walked()
    expected = {str(path.relative_to(blog)) for path in blog.rglob("*.md")}
    assert sorted(listener.kinds(Found)) == sorted(expected)
