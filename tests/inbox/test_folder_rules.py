"""The rules of the folders of an inbox, and those that there is no room for."""

from pathlib import Path

from narrated.inbox.folder_rules import MOST_FILES, IgnoreRules
from narrated.inbox.name_rules import IGNORE_FILE


def _updated(rules: IgnoreRules, root: Path, folder: str) -> None:
    path = root / folder / IGNORE_FILE
    rules.update(folder, set(), path.lstat() if path.exists() else None)


def test_room_again_is_no_problem(tmp_path: Path) -> None:
    """A rule file that there was no room for is applied once there is, and no longer told."""
    folders = [f"{number:03}" for number in range(MOST_FILES + 1)]
    rules = IgnoreRules(str(tmp_path), ())
    for folder in folders:
        (tmp_path / folder).mkdir()
        (tmp_path / folder / IGNORE_FILE).write_text("*.md\n")
        _updated(rules, tmp_path, folder)
    assert f"{folders[-1]}/{IGNORE_FILE} is not applied" in rules.problems[-1]
    (tmp_path / folders[0] / IGNORE_FILE).unlink()
    _updated(rules, tmp_path, folders[0])
    _updated(rules, tmp_path, folders[-1])
    assert not rules.problems
    assert rules.of(folders[-1]).match(f"{folders[-1]}/post.md", is_folder=False)
