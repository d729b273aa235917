"""File system queries: birth time, and file systems that inotify cannot watch."""

from pathlib import Path

from narrated.inbox.file_system_facts import birth_time_ns, remote_file_system


def test_recreated_folder_is_younger(tmp_path: Path) -> None:
    """A recreated folder has another birth time."""
    folder = tmp_path / "folder"
    folder.mkdir()
    first = birth_time_ns(str(folder))
    folder.rmdir()
    folder.mkdir()
    assert birth_time_ns(str(folder)) > first > 0
    assert birth_time_ns(str(tmp_path / "nowhere")) == 0


def test_local_folder_can_be_watched(root: Path) -> None:
    """A local folder can be watched."""
    assert remote_file_system(str(root)) == ""
