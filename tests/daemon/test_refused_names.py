"""An outbox whose file system refuses a name: the name is replaced, or told once with its remedy.

The refusals are played by a library below the daemon; disks of other systems come in addition where
this machine can mount them.
"""

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import pytest

from support.daemon import Daemon, paths_below, wait
from support.disk import foreign, foreign_kinds
from support.published import SUFFIXES, is_manifest, narration
from support.refusing_names import (
    ASCII,
    DEEP,
    ECRYPTFS,
    ECRYPTFS_BYTES,
    WINDOWS,
    encodings,
    library,
    names_below,
    refusing,
    windows_refuses,
)

REFUSED = [
    *("What is it?.md", "a*b.md", 'a "word".md', "one|two.md", "back\\slash.md", "tab\t.md"),
    *("CON.md", "aux.notes.md", "a:b/post.md", "a*b/post.md", "notes./post.md", "end /post.md"),
    *("Lpt1/post.md", os.fsdecode(b"caf\xe9.md")),
]
"""Names that Windows and its file systems refuse, each for a reason of its own."""
TAKEN = ["plain.md", "What is it_.md", "Post.md", "post.md", "日本.md", "Wait....md", "console.md"]


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return library(tmp_path_factory.mktemp("library"))


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon that the test starts."""
    made = Daemon(tmp_path)
    yield made
    made.stop()


def _drop(daemon: Daemon, paths: list[str]) -> None:
    for path in paths:
        daemon.drop(path, f"# Post\n\nThe words of {os.fsencode(path)!r}.")


def _manifest_paths(daemon: Daemon) -> list[Path]:
    return [path for path in paths_below(daemon.outbox, "*.json") if is_manifest(path.name)]


def _manifests(daemon: Daemon) -> dict[str, dict[str, Any]]:
    """Every manifest in the outbox by its source, with its stem."""
    found = {}
    for path in _manifest_paths(daemon):
        with suppress(FileNotFoundError):  # it moves
            manifest = json.loads(path.read_text())
            manifest["stem"] = str(path.relative_to(daemon.outbox).with_suffix(""))
            found[manifest["source"]["path"]] = manifest
    return found


def _stems(daemon: Daemon, count: int) -> dict[str, str]:
    """The stems of so many narrations by their sources, waiting for them."""
    wait(lambda: len(_manifests(daemon)) == count, lambda: daemon.log)
    daemon.wait_idle()
    return {path: each["stem"] for path, each in _manifests(daemon).items()}


def _written(path: str) -> str:
    """A path as manifests have it: a backslash as two, and a byte of no UTF-8 in hexadecimal."""
    return path.replace("\\", "\\\\").replace("\udce9", "\\xe9")


@pytest.mark.parametrize("error", [errno.EINVAL, errno.ENOENT], ids=["EINVAL", "ENOENT"])
def test_refused_names_are_replaced(daemon: Daemon, shim: Path, error: int) -> None:
    """Each name that is refused is replaced by its own; nothing is spoken or encoded twice."""
    daemon.start(**refusing(shim, daemon.home, WINDOWS, errno=error))
    _drop(daemon, [*REFUSED, *TAKEN])
    stems = _stems(daemon, len(REFUSED) + len(TAKEN))
    assert stems.keys() == {_written(path) for path in (*REFUSED, *TAKEN)}
    assert not {name for name in names_below(daemon.outbox) if windows_refuses(name)}
    assert len({stem.casefold() for stem in stems.values()}) == len(stems)
    taken = {path.removesuffix(".md") for path in TAKEN} - {"Post", "post"}
    assert taken < set(stems.values())
    assert encodings(daemon.home) == len(stems)
    assert [name for name in daemon.files if name.endswith(".error.txt")] == []
    assert daemon.ask("history", f"{stems['What is it?.md']}.mp3").stdout.count("done") == 1
    daemon.stop()
    shutil.rmtree(daemon.home / "state")
    daemon.start(**refusing(shim, daemon.home, WINDOWS, errno=error))
    assert _stems(daemon, len(stems)) == stems  # restored from the manifests
    assert encodings(daemon.home) == len(stems)


def test_replaced_names_are_stable(daemon: Daemon, shim: Path) -> None:
    """Another daemon gives the same names, in whatever order the files come."""
    found = []
    for paths in (REFUSED, REFUSED[::-1]):
        daemon.start(**refusing(shim, daemon.home, WINDOWS))
        for path in paths:
            _drop(daemon, [path])
        found.append(_stems(daemon, len(REFUSED)))
        daemon.stop()
        for folder in ("state", "inbox", "outbox"):
            shutil.rmtree(daemon.home / folder)
            (daemon.home / folder).mkdir()
    assert found[0] == found[1]


def test_long_names_are_shortened(daemon: Daemon, shim: Path) -> None:
    """Names that are too long for the outbox alone are shortened, and stay distinct."""
    folder = "f" * 200
    long = [f"{folder}/{'ü' * 100}{last}.md" for last in "ab"]
    daemon.start(**refusing(shim, daemon.home, ECRYPTFS))
    _drop(daemon, [*long, "n" * 139 + ".md", "What is it?.md"])
    stems = _stems(daemon, 4)
    assert stems["What is it?.md"] == "What is it?"
    assert max(len(os.fsencode(name)) for name in names_below(daemon.outbox)) <= ECRYPTFS_BYTES
    assert len({stems[path].partition("/")[0] for path in long}) == 1
    assert encodings(daemon.home) == 4


@pytest.mark.parametrize(
    ("kind", "path"),
    [(WINDOWS, "a:b/What is it?.md"), (ASCII, "日本.md"), (ECRYPTFS, "n" * 200 + ".md")],
    ids=["signs", "letters", "length"],
)
def test_late_refusal_encodes_once(daemon: Daemon, shim: Path, kind: str, path: str) -> None:
    """A name that is refused only when it is written is replaced; the sound is encoded once."""
    gate = daemon.home / "refusing"
    daemon.start(**refusing(shim, daemon.home, kind, **{"while": gate}))
    gate.touch()
    _drop(daemon, [path])
    stems = _stems(daemon, 1)
    assert stems[path] != path.removesuffix(".md")
    assert encodings(daemon.home) == 1
    assert daemon.history(path) == ["done"]
    (daemon.inbox / path).rename(daemon.inbox / f"{'r' * 200}?日本.md")
    wait(lambda: _manifests(daemon).keys() == {f"{'r' * 200}?日本.md"}, lambda: daemon.log)
    assert encodings(daemon.home) == 1  # its narration was carried along


def test_moved_outbox_goes_on(daemon: Daemon, shim: Path) -> None:
    """An outbox that moved to a disk of fewer names goes on there, without what had no name."""
    settings = {"removed": "withdraw", "withdraw_after": "0s"}
    daemon.configure(**settings)
    daemon.start()
    _drop(daemon, ["edited?.md", "renamed?.md", "removed?.md", "kept?.md", "plain.md"])
    _stems(daemon, 5)
    daemon.stop()
    for path in daemon.outbox.glob("*[?]*"):
        path.unlink()  # as a copy to that disk leaves them out
    daemon.start(**refusing(shim, daemon.home, WINDOWS))
    daemon.drop("edited?.md", "Other words.")
    (daemon.inbox / "removed?.md").unlink()
    (daemon.inbox / "renamed?.md").rename(daemon.inbox / "renamed*.md")
    wait(lambda: daemon.history("edited?.md") == ["superseded", "done"], lambda: daemon.log)
    wait(lambda: daemon.history("renamed*.md")[-1:] == ["done"], lambda: daemon.log)
    wait(lambda: daemon.history("removed?.md")[-1:] in ([], ["removed"]), lambda: daemon.log)
    assert _stems(daemon, 3).keys() == {"edited?.md", "renamed*.md", "plain.md"}
    assert len(daemon.files) == 3 * len(SUFFIXES)
    assert daemon.ask("refresh", "kept?.md").returncode == 0
    assert "kept?.md" in _stems(daemon, 4)


def test_long_path_fails_once(daemon: Daemon, shim: Path) -> None:
    """A path that is too long as a whole is shortened; where that does not do, it fails once.

    Its note stands in the nearest folder that takes one.
    """
    gate = daemon.home / "refusing"
    daemon.start(**refusing(shim, daemon.home, DEEP, longest=300, **{"while": gate}))
    gate.touch()
    shortened = f"{'a' * 200}/{'b' * 200}/post.md"
    too_deep = "/".join("cdefgh"[level] * 100 for level in range(6)) + "/post.md"
    _drop(daemon, [shortened, too_deep])
    assert _stems(daemon, 1).keys() == {shortened}
    wait(lambda: daemon.history(too_deep) == ["failed"], lambda: daemon.log)
    assert encodings(daemon.home) == 2
    (note,) = (name for name in daemon.files if name.endswith(".error.txt"))
    assert note.startswith(f"{'c' * 100}/")
    assert not [folder for folder, *inside in os.walk(daemon.outbox) if not any(inside)]
    assert "it is too long" in (daemon.outbox / note).read_text()
    assert "a shorter name" in (daemon.outbox / note).read_text()
    daemon.drop(too_deep, "# Post\n\nOther words, with the same name.")
    wait(lambda: daemon.history(too_deep) == ["superseded", "failed"], lambda: daemon.log)
    assert encodings(daemon.home) == 2  # a name that was refused is tried first
    daemon.stop()
    daemon.start(**refusing(shim, daemon.home, DEEP, longest=300, **{"while": gate}))
    _drop(daemon, ["later.md"])
    assert len(_stems(daemon, 2)) == 2
    assert encodings(daemon.home) == 3
    assert daemon.history(too_deep) == ["superseded", "failed"]
    (daemon.inbox / too_deep).unlink()
    wait(lambda: "error" not in str(daemon.files), lambda: str(daemon.files))


def test_posix_name_is_refused_once(daemon: Daemon, shim: Path) -> None:
    """Where the user wants names kept, a refused one fails its file once, and a note says so."""
    daemon.configure(outbox_names="posix")
    daemon.start(**refusing(shim, daemon.home, WINDOWS))
    _drop(daemon, ["a:b/What is it?.md", "What is it?.md", "blog/What is it?.md", "plain.md"])
    wait(lambda: daemon.status()["counts"].get("failed") == 3, lambda: daemon.log)
    stems = _stems(daemon, 1)
    assert stems == {"plain.md": "plain"}
    assert encodings(daemon.home) == 1
    notes = {name for name in daemon.files if name.endswith(".error.txt")}
    assert {str(Path(name).parent) for name in notes} == {".", "blog"}
    assert len(notes) == 3
    told = [(daemon.outbox / name).read_text() for name in notes]
    failed = [f"{each['problem']} {each['remedy']}" for each in daemon.status()["failed"]]
    for each in (*told, *failed):
        assert "does not take the name" in each
        assert "Take `outbox_names: posix` out of the configuration" in each
    assert "does not take the name `What is it?.json`" in daemon.log
    assert not [folder for folder, *inside in os.walk(daemon.outbox) if not any(inside)]
    assert not [name for name in names_below(daemon.outbox) if windows_refuses(name)]
    told = _diagnosis(daemon, shim)
    assert "refuses some names" in told
    assert "Take `outbox_names` out" in told
    daemon.configure()
    assert "names that Windows refuses too are replaced" in _diagnosis(daemon, shim)
    assert daemon.ask("reload").returncode == 0
    assert daemon.ask("retry", "--failed").returncode == 0
    assert len(_stems(daemon, 4)) == 4
    wait(lambda: not [name for name in daemon.files if "error" in name], lambda: str(daemon.files))


def _diagnosis(daemon: Daemon, shim: Path) -> str:
    """What the doctor says of an outbox that refuses names."""
    command = [sys.executable, "-m", "narrated.cli.main", "--config", str(daemon.config), "doctor"]
    env = {**os.environ, **refusing(shim, daemon.home, WINDOWS)}
    told = subprocess.run(command, env=env, capture_output=True, text=True, check=False).stdout
    return " ".join(told.split())


def test_changed_choice_moves_nothing(daemon: Daemon) -> None:
    """Another choice of names applies with a source's next version, or a refresh."""
    settings = {"removed": "withdraw", "withdraw_after": "0s"}
    daemon.configure(**settings)
    daemon.start()
    paths = ["edited?.md", "refreshed?.md", "removed?.md", "CON/kept.md"]
    _drop(daemon, paths)
    before = _stems(daemon, 4)
    assert before == {path: path.removesuffix(".md") for path in paths}
    daemon.configure(**settings, outbox_names="portable")
    assert daemon.ask("reload").returncode == 0
    daemon.drop("edited?.md", "Other words.")
    (daemon.inbox / "removed?.md").unlink()
    assert daemon.ask("refresh", "refreshed?.md").returncode == 0
    wait(lambda: "removed?.md" not in _manifests(daemon), lambda: daemon.log)
    wait(lambda: _refused(daemon) == {"CON"}, lambda: str(daemon.files))
    after = _stems(daemon, 3)
    assert after["CON/kept.md"] == "CON/kept"
    assert len(daemon.files) == len(SUFFIXES) * len(after)  # nothing is left under the old names
    daemon.configure(**settings, outbox_names="posix")
    daemon.stop()
    daemon.start()
    assert _stems(daemon, 3) == after
    assert daemon.ask("refresh").returncode == 0
    del before["removed?.md"]
    wait(lambda: _stems(daemon, 3) == before, lambda: str(daemon.files))
    wait(lambda: len(daemon.files) == 3 * len(SUFFIXES), lambda: str(daemon.files))


@pytest.mark.parametrize("kind", ["own", *foreign_kinds()])
def test_foreign_disk_is_published_to(daemon: Daemon, kind: str) -> None:
    """A disk of another system takes every narration, and changes of case, as the box's own does.

    `own` is the disk of the tests, on which names are kept.
    """
    with nullcontext() if kind == "own" else foreign(daemon.outbox, kind):
        daemon.start()
        _drop(daemon, [*REFUSED, *TAKEN])
        stems = _stems(daemon, len(REFUSED) + len(TAKEN))
        assert stems["plain.md"] == "plain"
        assert (stems["What is it?.md"] == "What is it?") is (kind == "own")
        listed = {path: set(_files(daemon, stem)) for path, stem in stems.items()}
        assert set(map(len, listed.values())) == {len(SUFFIXES)}
        (daemon.inbox / "plain.md").rename(daemon.inbox / "Plain.md")
        (daemon.inbox / "notes.").rename(daemon.inbox / "Notes.")
        wait(lambda: "Plain.md" in _manifests(daemon), lambda: daemon.log)
        wait(lambda: "Notes./post.md" in _manifests(daemon), lambda: daemon.log)
        daemon.wait_idle()
        assert len(daemon.files) == len(SUFFIXES) * len(stems)
        assert narration("Plain") < daemon.files
        versions = len(daemon.history("Plain.md"))
        daemon.drop("Plain.md", "Other words.")
        # Not by its files: FUSE's exFAT replaces none at once.
        wait(lambda: len(daemon.history("Plain.md")) > versions, lambda: daemon.log)
        wait(lambda: daemon.history("Plain.md")[-1] == "done", lambda: daemon.log)
        daemon.published("Plain", "Other words.")
        assert len(daemon.files) == len(SUFFIXES) * len(stems)
        spoken = len(daemon.spoken)
        daemon.stop()
        shutil.rmtree(daemon.home / "state")
        daemon.start()
        assert len(_stems(daemon, len(stems))) == len(stems)
        assert len(daemon.spoken) == spoken
        daemon.stop()


def _files(daemon: Daemon, stem: str) -> list[Path]:
    """The files of a narration."""
    return [path for name in narration(stem) if (path := daemon.outbox / name).is_file()]


def _refused(daemon: Daemon) -> set[str]:
    """The names below the outbox that Windows would refuse."""
    return {name for name in names_below(daemon.outbox) if windows_refuses(name)}
