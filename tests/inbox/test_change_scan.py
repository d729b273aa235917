"""Scans cost little, however many folders go and however many files wait."""

import time
from pathlib import Path

import pytest

from narrated.inbox.change_scan import ScanInterval
from narrated.inbox.events import FileVanished
from narrated.inbox.file_signature import FileSignature
from narrated.inbox.inbox import Inbox

FOLDERS = 10_000
CPU_S = 1.0  # promised; it takes a third of that
SHARE = 0.002


def test_missed_folders_cost_little(tmp_path: Path) -> None:
    """Ten thousand folders that went are missed in under a second of CPU."""
    (tmp_path / "kept.md").write_text("Words.\n")
    known = {
        f"blog/{number // 100}/{number}/index.md": FileSignature(number + 1, 5, 1, 1)
        for number in range(FOLDERS)
    }
    began_s = time.thread_time()
    events = list(Inbox(tmp_path, known, settle_s=0.01, second_look_s=0.1).once())
    cpu_s = time.thread_time() - began_s
    assert sum(isinstance(each, FileVanished) for each in events) == FOLDERS
    assert cpu_s < CPU_S


def test_parked_files_cost_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """The dearer a look at the pending files is, the rarer it is."""
    monkeypatch.setattr(time, "monotonic", lambda: 1000.0)
    interval = ScanInterval(5.0)
    assert interval.revisit_due_s(0.0001) == 1005
    assert interval.revisit_due_s(0.2) == 1000 + 0.2 / SHARE
