"""Pulls that go well: what comes, where it stands, and what later ones hold to."""

import hashlib
import json
import os

import pytest

from models.puller import MODEL, NAME, WANTED, WEIGHTS, Puller, RecordingObserver
from narrated.errors import NarratedError
from narrated.models.store import ModelState, ModelStore


def test_fetches_only_the_model(puller: Puller) -> None:
    """A pull fetches the model's files, and nothing else."""
    puller()
    assert puller.files == {name: MODEL[name] for name in WANTED}


def test_lock_contents(puller: Puller, store: ModelStore) -> None:
    """The lock names the commit and the hashes of the received files."""
    locked = puller().locked
    assert store.locks() == {NAME: locked}
    assert locked.commit in puller.hub.repositories[NAME].commits
    assert locked.licence == "mit"
    for name in WANTED:
        assert locked.files[name].sha256 == hashlib.sha256(MODEL[name]).hexdigest()
        assert locked.files[name].size == len(MODEL[name])


def test_requests_of_a_pull(puller: Puller) -> None:
    """A pull requests the listing once, and the files."""
    puller()
    kinds = {path.split("/")[1] for path in puller.hub.asked}
    assert kinds == {"api", "suno", "store"}
    assert puller.hub.asked.count(f"/api/models/{NAME}/revision/main") == 1
    assert len([path for path in puller.hub.asked if path.startswith("/api/")]) == 1


def test_observer_sees_all_bytes(puller: Puller) -> None:
    """The observer is told bytes up to the total."""
    observer = RecordingObserver()
    puller(observer=observer)
    (plan,) = observer.plans
    whole = sum(len(MODEL[name]) for name in WANTED)
    assert plan.bytes == plan.missing_bytes == whole
    assert max(observer.told) == (whole, whole)


def test_readable_by_everybody(puller: Puller, store: ModelStore) -> None:
    """Every account can read the files and folders."""
    before = os.umask(0o077)
    try:
        puller()
    finally:
        os.umask(before)
    for path in (store.path, *store.path.rglob("*")):
        if ".pulling" not in path.parts:
            assert path.stat().st_mode & 0o777 == (0o755 if path.is_dir() else 0o644), path


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_root_keeps_the_owner(puller: Puller, store: ModelStore) -> None:
    """Files that root pulls belong to the owner of the folder."""
    store.path.parent.mkdir()
    os.chown(store.path.parent, 65534, 65533)
    puller()
    for path in (store.path, *store.path.rglob("*")):
        assert (path.stat().st_uid, path.stat().st_gid) == (65534, 65533), path


def test_complete_model_is_kept(puller: Puller) -> None:
    """For a complete model, the hub is not asked."""
    first = puller()
    puller.hub.asked.clear()
    again = puller()
    assert (again.locked, again.fetched) == (first.locked, 0)
    assert puller.hub.asked == []


def test_newer_commit_ignored(puller: Puller) -> None:
    """A newer commit is fetched only with --update."""
    first = puller()
    newer = puller.hub.commit(NAME, MODEL | {"vocab.txt": b"three\n"})
    puller.store.remove_file(NAME, "vocab.txt")
    assert puller().locked.commit == first.locked.commit
    assert puller.files["vocab.txt"] == MODEL["vocab.txt"]
    assert puller(update=True).locked.commit == newer
    assert puller.files["vocab.txt"] == b"three\n"


def test_update_fetches_changes(puller: Puller) -> None:
    """An update fetches the changed files only."""
    puller()
    puller.hub.commit(NAME, MODEL | {"vocab.txt": b"three\n"})
    puller.hub.sent.clear()
    updated = puller(update=True)
    assert dict(puller.hub.sent) == {"vocab.txt": 6}
    assert updated.fetched == 1
    assert updated.locked.files.keys() == WANTED


def test_update_removes_old_files(puller: Puller) -> None:
    """An update leaves no second form of the weights."""
    puller()
    puller.hub.commit(NAME, MODEL | {"model.safetensors": b"better"})
    updated = puller(update=True)
    assert WEIGHTS not in puller.files
    assert WEIGHTS not in updated.locked.files
    assert puller.files["model.safetensors"] == b"better"


def test_update_without_changes(puller: Puller) -> None:
    """An update to the same commit changes nothing."""
    first = puller()
    puller.hub.sent.clear()
    assert puller(update=True).locked.files == first.locked.files
    assert puller.hub.sent_bytes == 0


def test_changed_file_repaired(puller: Puller) -> None:
    """A changed file is fetched again from the locked commit."""
    puller()
    (puller.store.folder_of(NAME) / WEIGHTS).write_bytes(b"\0" * len(MODEL[WEIGHTS]))
    puller.hub.sent.clear()
    assert puller().fetched == 1
    assert puller.files[WEIGHTS] == MODEL[WEIGHTS]
    assert set(puller.hub.sent) == {WEIGHTS}


def test_copied_model_is_locked(puller: Puller, store: ModelStore) -> None:
    """A copied model is compared with the hub, and locked."""
    place = store.folder_of(NAME)
    place.mkdir(parents=True)
    for name in ("config.json", WEIGHTS):
        (place / name).write_bytes(MODEL[name])
    assert store.model_state(NAME, None) is ModelState.NOT_LOCKED
    locked = puller().locked
    assert puller.hub.sent[WEIGHTS] == 0
    assert store.model_state(NAME, locked) is ModelState.PULLED


def test_models_are_independent(puller: Puller, store: ModelStore) -> None:
    """Pulling one model leaves the others unchanged."""
    other = {"config.json": b"{}", "model.safetensors": b"weights"}
    puller.hub.commit("somebody/model", other)
    puller()
    puller("somebody/model")
    assert store.locks().keys() == {NAME, "somebody/model"}
    assert store.repositories() == ["somebody/model", NAME]
    assert puller.files.keys() == WANTED


def test_one_command_at_a_time(puller: Puller, store: ModelStore) -> None:
    """Only one command at a time changes models."""
    with store.exclusive(), pytest.raises(NarratedError, match="Another `narrated models`"):
        puller()
    puller()


def test_empty_file(puller: Puller) -> None:
    """An empty file is fetched too."""
    puller.hub.commit("somebody/model", {"config.json": b"", "model.safetensors": b"w"})
    puller("somebody/model")
    assert (puller.store.folder_of("somebody/model") / "config.json").read_bytes() == b""


def test_lockfile_format(puller: Puller, store: ModelStore) -> None:
    """The lockfile has the format that the engines read."""
    puller()
    entries = json.loads((store.path / "lock.json").read_text())
    assert entries[NAME]["files"][WEIGHTS] == {
        "size": len(MODEL[WEIGHTS]),
        "sha256": hashlib.sha256(MODEL[WEIGHTS]).hexdigest(),
    }


def test_voice_of_piper(puller: Puller, store: ModelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A voice of Piper's is pulled alone, out of the repository of all, as a model of its own."""
    place, name = "de/de_DE/anna/low", "de_DE-anna-low"
    voice = {
        f"{name}.onnx": b"weights",
        f"{name}.onnx.json": b"{}",
        "MODEL_CARD": b"* License: CC0",
    }
    other = {"de/de_DE/anna/medium/de_DE-anna-medium.onnx": b"other", "README.md": b"all"}
    samples = {f"{place}/samples/speaker_0.mp3": b"sound"}
    files = {f"{place}/{file}": content for file, content in voice.items()}
    commit = puller.hub.commit("rhasspy/piper-voices", {**files, **other, **samples})
    pulled = puller(name)
    folder = store.folder_of(f"piper/{name}")
    assert {each.name: each.read_bytes() for each in folder.iterdir()} == voice
    assert (pulled.locked.commit, pulled.locked.licence) == (commit, "CC0")
    assert store.model_state(f"piper/{name}", pulled.locked) is ModelState.PULLED
    assert not puller(f"piper/{name}").fetched
    (folder / f"{name}.onnx").unlink()
    assert puller(name).fetched == 1
    with pytest.raises(NarratedError, match="it has no"):
        puller("de_DE-anna-high")
    (folder / f"{name}.onnx").unlink()
    puller.hub.repositories["rhasspy/piper-voices"].gated = True
    with pytest.raises(NarratedError, match="is gated") as refused:
        puller(name)
    assert refused.value.remedy.endswith(f"narrated models pull piper/{name}")


OUTSIDE = {"commit": "0", "pulled": "", "files": {"../../x": {"size": 1, "sha256": "0"}}}


@pytest.mark.parametrize("damaged", ["{", '{"a/b": 1}', json.dumps({NAME: OUTSIDE})])
def test_damaged_lockfile(damaged: str, puller: Puller, store: ModelStore) -> None:
    """A damaged lockfile is an error, and nothing is changed."""
    puller()
    (store.path / "lock.json").write_text(damaged)
    with pytest.raises(NarratedError, match="is damaged"):
        puller()
    assert (store.path / "lock.json").read_text() == damaged
    assert puller.files.keys() == WANTED
