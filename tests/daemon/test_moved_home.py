"""A ledger that the command of docs/upgrading.md copies, and a home that moves elsewhere."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from narrated.ledger.schema import migrations
from support.daemon import TESTS, running

PAGE = (TESTS.parent / "docs/upgrading.md").read_text(encoding="utf-8")


def copy_ledger(state: Path) -> Path:
    """Copy the ledger of a state folder, as the page says."""
    [code] = {*re.findall(r'python -c "(import sqlite3, sys;.*)" /var', PAGE)}
    copy = state / "ledger.backup"
    subprocess.run([sys.executable, "-c", code, state / "ledger.sqlite", copy], check=True)
    return copy


def test_restored_home_speaks_no_more(tmp_path: Path) -> None:
    """A backup that was taken while the daemon ran, restored elsewhere, respeaks nothing."""
    with running(tmp_path / "old") as old:
        old.drop("post.md", "Words of a post.\n")
        old.published("post", "Words of a post.\n")
        copy = copy_ledger(old.home / "state")
    new = tmp_path / "new"
    for name in ("inbox", "outbox"):
        shutil.copytree(old.home / name, new / name, copy_function=shutil.copy)  # later times
    (new / "state").mkdir()
    shutil.copy(copy, new / "state/ledger.sqlite")
    with running(new) as daemon:
        daemon.drop("later.md", "Words of another.\n")
        daemon.published("later", "Words of another.\n")
        assert "done (found)" in daemon.ask("history", "post.md").stdout
    assert "post" not in (new / "spoken.txt").read_text()
    before = (old.outbox / "post.mp3").read_bytes()
    assert (new / "outbox/post.mp3").read_bytes() == before


def test_page_names_the_schema() -> None:
    """The page has the number of the schema that this version writes."""
    assert f"This one writes schema {len(migrations())}." in PAGE
