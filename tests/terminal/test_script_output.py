"""`narrated script FILE -o FILE`: the script as a file to edit, from a path or stdin."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from narrated.errors import NarratedError
from narrated.terminal.script_output import check_target
from support.reviews import edited, file_of

POST = "# A day\n\nIt costs $5.\n\nThat is all.\n"


def script(home: Path, *words: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command as on a box on which nothing was ever configured."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    command = [sys.executable, "-m", "narrated.cli", "script", *words]
    return subprocess.run(
        command, cwd=home, env=env | {"HOME": str(home)}, input=text, capture_output=True, text=True
    )


def test_an_edited_script_is_kept(tmp_path: Path) -> None:
    """The command writes a script, tells what to do with it, and keeps one that was edited."""
    (tmp_path / "post.md").write_text(POST)
    target = tmp_path / "post.script.md"
    done = script(tmp_path, "post.md", "-o", "post.script.md")
    assert done.returncode == 0, done.stderr
    counted, told = done.stdout.splitlines()
    assert counted == "post.script.md: 3 lines"
    assert told.startswith("Edit it, and save it as post.script.md beside post.md in the inbox")
    written = target.read_text()
    target.write_text(edited(written, ("That is all.", "That was all.")))
    refused = script(tmp_path, "post.md", "-o", "post.script.md")
    assert refused.returncode == 1
    assert "post.script.md has changes of yours (1 line)." in refused.stderr
    assert "--force" in refused.stderr
    assert "That was all." in target.read_text()
    assert script(tmp_path, "post.md", "-o", "post.script.md", "--force").returncode == 0
    assert target.read_text() == written


def test_a_script_has_no_script(tmp_path: Path) -> None:
    """Who names the script file instead of the post is told so."""
    (tmp_path / "post.script.md").write_text(file_of(POST))
    refused = script(tmp_path, "post.script.md", "-o", "-")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "post.script.md is a script file already." in refused.stderr
    assert "Name its post" in refused.stderr


def test_stdins_script_goes_to_stdout(tmp_path: Path) -> None:
    """A text from stdin has no title of its own, and its script may go to another program."""
    done = script(tmp_path, "-", "-o", "-", text="It costs $5.\n")
    assert done.stdout.startswith("<!-- narrated script of a text, form 1 -->")
    assert [line for line in done.stdout.splitlines() if line.startswith("[")] == [
        line for line in done.stdout.splitlines() if line.endswith("It costs five dollars.")
    ]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("A text.", "is no script file"),
        (file_of(POST).replace("[paragraph", "[paragrph", 1), "line 11: `paragrph`"),
        (file_of(POST).replace("[title", "pronounce: a = b\n\n[title"), "changes of yours"),
        (file_of(POST).replace("0.5 s", "1.5 s", 1), "(1 line)"),
    ],
)
def test_what_is_there_is_refused(tmp_path: Path, content: str, problem: str) -> None:
    """A file with words of somebody is not replaced, and the message tells why."""
    target = tmp_path / "post.script.md"
    target.write_text(content)
    with pytest.raises(NarratedError) as error:
        check_target(target, replaces=False)
    assert problem in error.value.problem
    check_target(target, replaces=True)


def test_an_unedited_script_is_replaced(tmp_path: Path) -> None:
    """A script that nobody changed, but for an editor's line ends, may be written anew."""
    target = tmp_path / "post.script.md"
    target.write_text(file_of(POST).replace("\n", "\r\n"))
    check_target(target, replaces=False)
    with pytest.raises(NarratedError, match="no regular file"):
        check_target(tmp_path, replaces=True)


def test_the_document_is_never_replaced(tmp_path: Path) -> None:
    """Not even --force writes the script over its own document."""
    (tmp_path / "post.md").write_text(POST)
    done = script(tmp_path, "post.md", "-o", "post.md", "--force")
    assert "post.md is the document itself" in done.stderr
    assert (tmp_path / "post.md").read_text() == POST
