"""`narrated script --check`: a whole folder, as the inbox would read it, with nothing spoken."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from PIL import Image

from support.daemon import Daemon

GOOD = "# Good\n\nTwo words.\n\n```python\nx = 1\ny = 2\n```\n\n<!-- a secret -->\n"
HOSTILE = "\x1b[2J\u202eevil\n.md"
CONFLICT = "good.sync-conflict-20240309-101500-ABCDEFG.md"


@pytest.fixture(scope="module")
def resting(tmp_path_factory: pytest.TempPathFactory) -> Daemon:
    """An inbox with all manner of things in it, and no daemon."""
    home = tmp_path_factory.mktemp("checked")
    daemon = Daemon(home, ignore=["drafts/*"])
    outside = home / "outside"
    outside.mkdir()
    (outside / "secret.md").write_text("A secret that lies elsewhere.")
    inbox = daemon.inbox
    daemon.drop("good.md", GOOD)
    daemon.drop("sub/page.html", "<h1>Page</h1><p>Three more words.</p><script>x()</script>")
    daemon.drop("sub/missing.md", "Before. ![](nowhere.png)")
    daemon.drop("sub/found.md", "Look: ![](picture.png)")
    Image.new("RGB", (64, 48), "red").save(inbox / "sub/picture.png")
    daemon.drop("silent.md", "---\nnarrate: false\n---\nNot to be read aloud at all.")
    daemon.drop("many.md", "Words.\n" + "".join(f"\n<!-- number {n} -->\n" for n in range(11)))
    daemon.drop("archive.zip", b"PK\x03\x04" + bytes(64))
    daemon.drop("paper.pdf", b"%PDF-1.4")
    daemon.drop("sub/node_modules/x/README.md", "Of a package.")
    daemon.drop("binary.txt", bytes(range(256)) * 16)
    daemon.drop("corrupt.png", b"\x89PNG\r\n\x1a\n" + bytes(64))
    daemon.drop(HOSTILE, "Harmless words.")
    daemon.drop(CONFLICT, GOOD)
    daemon.drop("drafts/unfinished.md", "Ignored.")
    daemon.drop(".hidden.md", "Hidden.")
    daemon.drop("sub/.narrated.yaml", "author: Ada")
    daemon.drop("sub/lexicon.yaml", "words: {}")
    (inbox / "link.md").symlink_to(outside / "secret.md")
    (inbox / "linked").symlink_to(outside)
    return daemon


@pytest.fixture(scope="module")
def printed(resting: Daemon) -> subprocess.CompletedProcess[str]:
    return resting.ask("script", "--check", str(resting.inbox))


@pytest.fixture(scope="module")
def told(resting: Daemon) -> dict[str, Any]:
    return dict(json.loads(resting.ask("script", "--check", str(resting.inbox), "--json").stdout))


@pytest.fixture(scope="module")
def by_path(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["path"]: each for each in told["files"]}


def checked(daemon: Daemon, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return daemon.ask("script", "--check", str(folder), *arguments)


def test_coverage_of_each_file(printed: subprocess.CompletedProcess[str]) -> None:
    """Each file is printed with its coverage."""
    line = "good.md  4 blocks: 2 spoken, 1 announced, 1 skipped; 8 words"
    assert line in printed.stdout.splitlines()


def test_skips_below_their_file(printed: subprocess.CompletedProcess[str]) -> None:
    """Skipped parts are printed below their file."""
    lines = printed.stdout.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("good.md"))
    assert lines[at + 1] == "    comment (a comment): a secret"


def test_many_skips_are_cut(printed: subprocess.CompletedProcess[str]) -> None:
    """Of many skipped parts, the first are printed."""
    assert "number 7" in printed.stdout
    assert "number 8" not in printed.stdout
    assert "    and 3 more" in printed.stdout


def test_all_prints_every_skip(resting: Daemon) -> None:
    """--all prints every skipped part."""
    shown = checked(resting, resting.inbox, "--all").stdout
    assert "number 10" in shown
    assert "more" not in shown.replace("more words", "")


@pytest.mark.parametrize("name", ["paper.pdf", "binary.txt", "corrupt.png"])
def test_unreadable_files(printed: subprocess.CompletedProcess[str], name: str) -> None:
    """A file that cannot be read is printed with its problem."""
    assert any(line.startswith(f"{name}  NOT READ: {name}") for line in printed.stdout.splitlines())


def test_one_failure_exits_with_1(
    printed: subprocess.CompletedProcess[str],
) -> None:
    """One unreadable file makes the check exit with 1."""
    assert printed.returncode == 1
    assert "11 files, 3 could not be read" in printed.stdout


def test_all_read_exits_with_0(resting: Daemon) -> None:
    """The check exits with 0 if every file is read."""
    done = checked(resting, resting.inbox / "sub")
    assert done.returncode == 0
    assert "4 files, none could not be read" in done.stdout


def test_missing_picture(by_path: dict[str, dict[str, Any]]) -> None:
    """A missing picture is a skipped part."""
    (skip,) = by_path["sub/missing.md"]["skipped"]
    assert (skip["kind"], skip["reason"]) == ("picture", "sub/nowhere.png is not in the inbox")


def test_existing_picture(by_path: dict[str, dict[str, Any]]) -> None:
    """A picture that exists is not skipped."""
    assert by_path["sub/found.md"]["skipped"] == []


def test_picture_by_itself(by_path: dict[str, dict[str, Any]]) -> None:
    """A picture outside of a post is announced."""
    assert by_path["sub/picture.png"]["coverage"]["announced"] == 1


def test_names_are_escaped(printed: subprocess.CompletedProcess[str]) -> None:
    """A file name cannot move the cursor."""
    assert all(line.isprintable() for line in printed.stdout.splitlines())
    assert "\\x1b[2J\\u202eevil\\n.md  1 block" in printed.stdout


def test_links_are_not_followed(told: dict[str, Any]) -> None:
    """Links are not followed."""
    assert "secret that lies elsewhere" not in json.dumps(told)
    assert not any("link" in each["path"] for each in told["files"])


@pytest.mark.parametrize("path", ["drafts/unfinished.md", ".hidden.md", CONFLICT])
def test_ignored_files_not_read(by_path: dict[str, dict[str, Any]], path: str) -> None:
    """Files that the inbox ignores are not read."""
    assert path not in by_path


def test_settings_are_no_documents(by_path: dict[str, dict[str, Any]]) -> None:
    """Settings and lexicons are not checked as documents."""
    assert not [path for path in by_path if path.endswith(".yaml")]


def test_conflict_is_reported(
    told: dict[str, Any], printed: subprocess.CompletedProcess[str]
) -> None:
    """A conflict copy is reported."""
    assert told["conflicts"] == [CONFLICT]
    assert f"{CONFLICT}  conflict, never read" in printed.stdout


def test_left_alone_is_counted(
    told: dict[str, Any], printed: subprocess.CompletedProcess[str]
) -> None:
    """What is ignored or of no kind that is read is counted, and is no failure."""
    assert told["other_kinds"] == {".zip": 1}
    assert "1 file of other kinds (.zip 1), not read" in printed.stdout
    assert f"{told['ignored']} files and folders ignored" in printed.stdout
    assert told["ignored"] == 2  # of drafts and of node_modules


def test_files_sorted_by_path(told: dict[str, Any]) -> None:
    """Files are sorted by path."""
    paths = [each["path"] for each in told["files"]]
    assert paths == sorted(paths)


def test_json_failure(by_path: dict[str, dict[str, Any]]) -> None:
    """The JSON has the problem of a failed file."""
    assert by_path["paper.pdf"]["coverage"] is None
    assert "neither a text nor a picture" in by_path["paper.pdf"]["problem"]


def test_json_lists_every_skip(by_path: dict[str, dict[str, Any]]) -> None:
    """The JSON has every skipped part."""
    assert len(by_path["many.md"]["skipped"]) == 11


def test_json_totals(told: dict[str, Any], by_path: dict[str, dict[str, Any]]) -> None:
    """The totals sum the files that will be narrated."""
    narrated = [each["coverage"] for each in told["files"] if each["coverage"] and each["narrate"]]
    assert by_path["silent.md"]["narrate"] is False
    assert told["totals"] == {
        "files": len(told["files"]),
        "failed": 3,
        **{key: sum(each[key] for each in narrated) for key in narrated[0]},
    }


def test_folder_outside_the_inbox(resting: Daemon, tmp_path: Path) -> None:
    """A folder outside of the inbox is its own root."""
    (tmp_path / "blog/static").mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(tmp_path / "blog/static/here.png")
    (tmp_path / "blog/post.md").write_text("Words ![](/static/here.png) and ![](/static/gone.png)")
    told = json.loads(checked(resting, tmp_path / "blog", "--json").stdout)
    skipped = {each["path"]: each["skipped"] for each in told["files"]}["post.md"]
    assert [each["reason"] for each in skipped] == ["static/gone.png is not in the inbox"]


def test_empty_folder(resting: Daemon, tmp_path: Path) -> None:
    """An empty folder is no failure."""
    done = checked(resting, tmp_path)
    assert (done.returncode, done.stdout) == (0, "There is nothing to read in this folder.\n")


LOOK_AS_NOBODY = """
import os, sys
from pathlib import Path
from narrated.terminal.folder_check import find_files
if os.geteuid() == 0:
    os.setgroups([])
    os.setresgid(65533, 65533, 65533)
    os.setresuid(65533, 65533, 65533)
found = find_files(Path(sys.argv[1]), "", ())
print(found.files, [(each.path, each.problem, each.remedy) for each in found.unlisted])
"""


def test_unlistable_folder() -> None:
    """A folder that cannot be listed is reported with its chmod."""
    with TemporaryDirectory() as folder:  # pytest's own lies where nobody else may look
        Path(folder).chmod(0o755)
        (Path(folder) / "post.md").write_text("Words.")
        (Path(folder) / "closed").mkdir(mode=0o000)
        command = [sys.executable, "-c", LOOK_AS_NOBODY, folder]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        (Path(folder) / "closed").chmod(0o700)
    who = "o" if os.geteuid() == 0 else "u"
    problem = "The folder cannot be listed: Permission denied."
    closed = ("closed", problem, f"In the inbox, run: chmod {who}+rx closed")
    assert told.stdout == f"['post.md'] {[closed]}\n"


def test_slow_file_fails_alone(tmp_path: Path) -> None:
    """A file that takes too long fails alone."""
    daemon = Daemon(tmp_path, workers={"reading": "3s"})
    daemon.drop("endless.md", "*One* [two](three) `four`. " * 1_000_000)
    for number in range(6):
        daemon.drop(f"short-{number}.md", "Words.")
    told = json.loads(checked(daemon, daemon.inbox, "--json").stdout)
    failed = {each["path"]: each["problem"] for each in told["files"] if each["problem"]}
    assert failed == {"endless.md": "Parsing it took longer than 3 seconds."}


def test_check_loads_no_engine(tmp_path: Path) -> None:
    """The check loads no engine."""
    marker = tmp_path / "loaded"
    (tmp_path / "marking.py").write_text(f"open({str(marker)!r}, 'w').close()\n")
    daemon = Daemon(tmp_path, engines={"toy": {"module": "marking", "path": str(tmp_path)}})
    daemon.drop("post.md", "Words.\n\n" * 20_000)
    assert checked(daemon, daemon.inbox).returncode == 0
    assert not marker.exists()


def shown_on_a_terminal(command: list[str], environ: dict[str, str]) -> str:
    """Run a program whose stderr is a terminal, and give what it says there."""
    ours, theirs = os.openpty()
    process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # how the end is told
        while said := os.read(ours, 65536):
            shown += said
    os.close(ours)
    assert process.wait(60) == 0
    return shown.decode()


def test_check_progress(resting: Daemon, printed: subprocess.CompletedProcess[str]) -> None:
    """Progress is drawn on a terminal only."""
    command = resting._command("script", "--check", str(resting.inbox / "sub"))
    shown = shown_on_a_terminal(command, resting._environ)
    assert "reading" in shown
    assert printed.stderr == ""


def test_files_are_checked(resting: Daemon) -> None:
    """--check also takes files, and shows each by the name that was typed."""
    resting.drop("shortcode.txt", "A {{% figure %}}.\n\nAnd [[a page|words]].")
    names = [str(resting.inbox / name) for name in ("good.md", "shortcode.txt")]
    shown = resting.ask("script", "--check", *names)
    assert shown.returncode == 0
    assert shown.stdout.startswith(f"{names[0]}  4 blocks")
    assert "LEFTOVER wiki link in line 3: And [[a page|words]]." in shown.stdout
    assert "2 leftovers of markup" in shown.stdout
    told = json.loads(resting.ask("script", *names, "--check", "--json").stdout)
    assert told["leftovers"] == 2
    assert [each["kind"] for each in told["files"][1]["leftovers"]] == ["shortcode", "wiki link"]


def test_strict_fails_on_leftovers(resting: Daemon) -> None:
    """With --strict, markup in what would be said is an exit code of 1."""
    resting.drop("strict/leftover.txt", "A [[page]].")
    resting.drop("strict/good.txt", "A page.")
    for name, code in (("leftover.txt", 1), ("good.txt", 0), ("", 1)):
        asked = resting.ask("script", "--check", "--strict", str(resting.inbox / "strict" / name))
        assert asked.returncode == code, asked.stdout


def test_file_and_check_exclude(resting: Daemon) -> None:
    """A folder and a FILE exclude each other."""
    refused = checked(resting, resting.inbox, str(resting.inbox / "good.md"))
    assert refused.returncode == 2
    assert "either a FILE, or a folder with --check DIR" in refused.stderr


def test_folder_without_check(resting: Daemon) -> None:
    """A folder without --check is refused with a hint."""
    refused = resting.ask("script", str(resting.inbox))
    assert refused.returncode == 2
    assert f"narrated script --check {resting.inbox}" in refused.stderr


def test_all_without_check(resting: Daemon) -> None:
    """--all without --check is refused."""
    refused = resting.ask("script", "--all", str(resting.inbox / "good.md"))
    assert refused.returncode == 2
    assert "--all goes with --check" in refused.stderr
