"""File system queries: birth time, and file systems that inotify cannot watch."""

from pathlib import Path

from narrated.inbox.fs import birth_time_ns, remote_file_system


def test_a_folder_made_anew_has_another_birth(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    first = birth_time_ns(str(folder))
    folder.rmdir()
    folder.mkdir()
    assert birth_time_ns(str(folder)) > first > 0
    assert birth_time_ns(str(tmp_path / "nowhere")) == 0


def test_a_local_folder_can_be_watched(root: Path) -> None:
    assert remote_file_system(str(root)) == ""
