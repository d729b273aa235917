"""An outbox that somebody else writes to: nothing in it ends, blocks or misleads the daemon."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from narrated.outbox.untrusted_reads import manifest
from support.daemon import Daemon, wait
from support.hostile_files import make_socket, make_sparse

Put = Callable[[Path], object]


def _nested(path: Path) -> None:
    deep = "[" * 3000 + "]" * 3000
    manifest = {**json.loads(path.read_text()), "settings": {"a": "deep"}}
    path.write_text(json.dumps(manifest).replace('"deep"', deep))


def _unwhole(path: Path) -> None:
    """A manifest whose size of a missing file is that of none."""
    manifest = json.loads(path.read_text())
    manifest["outputs"] = [{**each, "bytes": -1} for each in manifest["outputs"]]
    path.write_text(json.dumps(manifest))
    path.with_suffix(".mp3").unlink()
    path.with_suffix(".vtt").unlink()


def _of_others(path: Path) -> None:
    manifest = json.loads(path.read_text())
    manifest["outputs"][0]["name"] = "/../../inbox/kept.md"
    path.write_text(json.dumps(manifest))


def _instead(put: Put) -> Put:
    def replace(path: Path) -> None:
        path.unlink()
        put(path)

    return replace


HOSTILE: dict[str, Put] = {
    "nested": _nested,
    "unwhole": _unwhole,
    "of-others": _of_others,
    "sparse": make_sparse,
    "pipe": _instead(os.mkfifo),
    "socket": _instead(make_socket),
    "loop": _instead(lambda path: path.symlink_to(path.name)),
    "endless": _instead(lambda path: path.symlink_to("/dev/zero")),
}
KINDS = sorted(HOSTILE)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon that withdraws soon, and has to ask for its rights like anybody."""
    daemon = Daemon(tmp_path_factory.mktemp("hostile"), removed="withdraw", withdraw_after="1s")
    daemon.drop("kept.md", "It stays.\n")
    daemon.start(as_anybody=True)
    yield daemon
    daemon.stop()


def _publish(daemon: Daemon, use: str) -> None:
    """Publish a post for each kind, and put that in the place of its manifest."""
    for kind in KINDS:
        daemon.drop(f"{use}-{kind}.md", f"The {use} of {kind}.\n")
    for kind in KINDS:
        daemon.published(f"{use}-{kind}", f"The {use} of {kind}.\n")
    for kind, put in HOSTILE.items():
        put(daemon.outbox / f"{use}-{kind}.json")


def _wait_for(daemon: Daemon, stem: str) -> None:
    """Wait for a whole narration of ours, with its sound."""

    def stands() -> bool:
        return bool(manifest(daemon.outbox, stem)) and (daemon.outbox / f"{stem}.mp3").is_file()

    wait(stands, lambda: f"{stem} was not published again:\n{daemon.log}")


def test_edit_over_hostile_manifest(daemon: Daemon) -> None:
    """An edited post is published over whatever stands in the place of its manifest."""
    _publish(daemon, "edit")
    for kind in KINDS:
        daemon.drop(f"edit-{kind}.md", f"The edit of {kind}, changed.\n")
    for kind in KINDS:
        _wait_for(daemon, f"edit-{kind}")
        daemon.published(f"edit-{kind}", f"The edit of {kind}, changed.\n")


def test_withdrawal_over_hostile_files(daemon: Daemon) -> None:
    """Posts are withdrawn after those whose manifests are no more; nothing of others goes."""
    _publish(daemon, "gone")
    daemon.drop("last.md", "The last.\n")
    daemon.published("last", "The last.\n")
    for kind in KINDS:
        (daemon.inbox / f"gone-{kind}.md").unlink()
    for kind in KINDS:
        path = f"gone-{kind}.md"
        wait(lambda path=path: daemon.history(path)[-1] == "removed", lambda: daemon.log)
    (daemon.inbox / "last.md").unlink()
    wait(lambda: not (daemon.outbox / "last.json").exists(), lambda: daemon.log)
    assert (daemon.inbox / "kept.md").exists()
    said = [line for line in daemon.log.splitlines() if "gone-" in line and "is not ours" in line]
    assert len(said) == len(set(said))


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:  # whole, it may be larger than the memory
        return file.read(4096)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("unwhole", "of-others")])
def test_note_over_hostile_file(daemon: Daemon, kind: str) -> None:
    """A note is written over whatever stands in its place, and the daemon answers meanwhile."""
    place = daemon.outbox / f"shut-{kind}.error.txt"
    place.write_text("{}")
    HOSTILE[kind](place)
    shut = daemon.inbox / f".shut-{kind}"
    shut.write_text("Mine alone.")
    shut.chmod(0)
    shut.rename(daemon.inbox / f"shut-{kind}.md")
    wait(lambda: f"shut-{kind}.md" in {each["path"] for each in daemon.status()["waiting"]})
    wait(lambda: place.is_file() and b"What was wrong" in _beginning(place), lambda: daemon.log)
    (daemon.inbox / f"shut-{kind}.md").chmod(0o644)
    wait(lambda: not place.exists(), lambda: daemon.log)


def test_start_over_hostile_outbox(daemon: Daemon) -> None:
    """A start mends what was spoiled meanwhile, and goes on with the rest."""
    _publish(daemon, "start")
    daemon.stop()
    daemon.start(as_anybody=True)
    daemon.drop("new.md", "A new post.\n")
    daemon.published("new", "A new post.\n")
    for kind in KINDS:
        _wait_for(daemon, f"start-{kind}")


def test_restored_from_hostile_outbox(daemon: Daemon) -> None:
    """A lost ledger is restored from the whole narrations alone; the others are published again."""
    _publish(daemon, "lost")
    daemon.stop()
    spoken = daemon.spoken
    for path in (daemon.home / "state").glob("ledger.sqlite*"):
        path.unlink()
    daemon.start(as_anybody=True)
    for kind in KINDS:
        _wait_for(daemon, f"lost-{kind}")
    daemon.wait_idle()
    assert daemon.spoken == spoken


def test_forged_narration_is_spoken(tmp_path: Path) -> None:
    """A start without a ledger believes no manifest whose files hold no sound."""
    daemon = Daemon(tmp_path)
    for name in ("forged.mp3", "quiet.txt"):
        stem, text = name.partition(".")[0], f"Nobody has spoken {name}.\n"
        daemon.drop(f"{stem}.md", text)
        source = {"path": f"{stem}.md", "sha256": hashlib.sha256(text.encode()).hexdigest()}
        output = {"name": name, "sha256": "0" * 64, "bytes": 0, "media_type": "audio/mpeg"}
        about = {"program": "x", "published": "2026-01-01T00:00:00+00:00", "title": "Forged"}
        spoken = {"engine": "toy", "voice": "toy", "duration_s": 1.0, "shows": {}}
        manifest = {"source": source, "outputs": [output], **about, **spoken}
        (daemon.outbox / f"{stem}.json").write_text(json.dumps(manifest))
        (daemon.outbox / name).touch()
    with daemon:
        for stem in ("forged", "quiet"):
            wait(lambda stem=stem: daemon.manifest(stem)["title"] != "Forged", lambda: daemon.log)
            assert (daemon.outbox / f"{stem}.mp3").stat().st_size > 0
