"""Pulls that go well: what comes, where it stands, and what later ones hold to."""

import hashlib
import json
import os

import pytest

from models.puller import MODEL, NAME, WANTED, WEIGHTS, Puller, RecordingObserver
from narrated.errors import NarratedError
from narrated.models.store import ModelState, ModelStore


def test_what_makes_the_model_comes_and_nothing_else(puller: Puller) -> None:
    puller()
    assert puller.files == {name: MODEL[name] for name in WANTED}


def test_the_lock_names_the_commit_and_the_hashes_that_came(
    puller: Puller, store: ModelStore
) -> None:
    locked = puller().locked
    assert store.locks() == {NAME: locked}
    assert locked.commit in puller.hub.repositories[NAME].commits
    assert locked.licence == "mit"
    for name in WANTED:
        assert locked.files[name].sha256 == hashlib.sha256(MODEL[name]).hexdigest()
        assert locked.files[name].size == len(MODEL[name])


def test_nothing_is_asked_but_the_listing_and_the_files(puller: Puller) -> None:
    puller()
    kinds = {path.split("/")[1] for path in puller.hub.asked}
    assert kinds == {"api", "suno", "store"}
    assert puller.hub.asked.count(f"/api/models/{NAME}/revision/main") == 1
    assert len([path for path in puller.hub.asked if path.startswith("/api/")]) == 1


def test_whoever_watches_sees_bytes_up_to_the_whole(puller: Puller) -> None:
    observer = RecordingObserver()
    puller(observer=observer)
    (plan,) = observer.plans
    whole = sum(len(MODEL[name]) for name in WANTED)
    assert plan.bytes == plan.missing_bytes == whole
    assert max(observer.told) == (whole, whole)


def test_files_and_folders_can_be_read_by_every_account(puller: Puller, store: ModelStore) -> None:
    before = os.umask(0o077)
    try:
        puller()
    finally:
        os.umask(before)
    for path in (store.path, *store.path.rglob("*")):
        if ".pulling" not in path.parts:
            assert path.stat().st_mode & 0o777 == (0o755 if path.is_dir() else 0o644), path


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_root_pulls_belongs_to_the_owner_of_the_folder(
    puller: Puller, store: ModelStore
) -> None:
    store.path.parent.mkdir()
    os.chown(store.path.parent, 65534, 65533)
    puller()
    for path in (store.path, *store.path.rglob("*")):
        assert (path.stat().st_uid, path.stat().st_gid) == (65534, 65533), path


def test_a_whole_model_is_not_asked_for_again(puller: Puller) -> None:
    first = puller()
    puller.hub.asked.clear()
    again = puller()
    assert (again.locked, again.fetched) == (first.locked, 0)
    assert puller.hub.asked == []


def test_a_newer_commit_is_not_taken_unless_told_to(puller: Puller) -> None:
    first = puller()
    newer = puller.hub.commit(NAME, MODEL | {"vocab.txt": b"three\n"})
    puller.store.remove_file(NAME, "vocab.txt")
    assert puller().locked.commit == first.locked.commit
    assert puller.files["vocab.txt"] == MODEL["vocab.txt"]
    assert puller(update=True).locked.commit == newer
    assert puller.files["vocab.txt"] == b"three\n"


def test_an_update_fetches_only_what_differs(puller: Puller) -> None:
    puller()
    puller.hub.commit(NAME, MODEL | {"vocab.txt": b"three\n"})
    puller.hub.sent.clear()
    updated = puller(update=True)
    assert dict(puller.hub.sent) == {"vocab.txt": 6}
    assert updated.fetched == 1
    assert updated.locked.files.keys() == WANTED


def test_an_update_leaves_no_second_form_of_the_weights(puller: Puller) -> None:
    puller()
    puller.hub.commit(NAME, MODEL | {"model.safetensors": b"better"})
    updated = puller(update=True)
    assert WEIGHTS not in puller.files
    assert WEIGHTS not in updated.locked.files
    assert puller.files["model.safetensors"] == b"better"


def test_an_update_to_what_is_there_changes_nothing(puller: Puller) -> None:
    first = puller()
    puller.hub.sent.clear()
    assert puller(update=True).locked.files == first.locked.files
    assert puller.hub.sent_bytes == 0


def test_a_changed_file_is_mended_from_the_locked_commit(puller: Puller) -> None:
    puller()
    (puller.store.folder_of(NAME) / WEIGHTS).write_bytes(b"\0" * len(MODEL[WEIGHTS]))
    puller.hub.sent.clear()
    assert puller().fetched == 1
    assert puller.files[WEIGHTS] == MODEL[WEIGHTS]
    assert set(puller.hub.sent) == {WEIGHTS}


def test_a_folder_put_there_by_hand_is_compared_and_locked(
    puller: Puller, store: ModelStore
) -> None:
    place = store.folder_of(NAME)
    place.mkdir(parents=True)
    for name in ("config.json", WEIGHTS):
        (place / name).write_bytes(MODEL[name])
    assert store.model_state(NAME, None) is ModelState.NOT_LOCKED
    locked = puller().locked
    assert puller.hub.sent[WEIGHTS] == 0
    assert store.model_state(NAME, locked) is ModelState.PULLED


def test_models_do_not_disturb_one_another(puller: Puller, store: ModelStore) -> None:
    other = {"config.json": b"{}", "model.safetensors": b"weights"}
    puller.hub.commit("somebody/model", other)
    puller()
    puller("somebody/model")
    assert store.locks().keys() == {NAME, "somebody/model"}
    assert store.repositories() == ["somebody/model", NAME]
    assert puller.files.keys() == WANTED


def test_one_command_at_a_time_changes_models(puller: Puller, store: ModelStore) -> None:
    with store.exclusive(), pytest.raises(NarratedError, match="Another `narrated models`"):
        puller()
    puller()


def test_an_empty_file_comes_too(puller: Puller) -> None:
    puller.hub.commit("somebody/model", {"config.json": b"", "model.safetensors": b"w"})
    puller("somebody/model")
    assert (puller.store.folder_of("somebody/model") / "config.json").read_bytes() == b""


def test_the_lock_is_what_loaders_read(puller: Puller, store: ModelStore) -> None:
    puller()
    entries = json.loads((store.path / "lock.json").read_text())
    assert entries[NAME]["files"][WEIGHTS] == {
        "size": len(MODEL[WEIGHTS]),
        "sha256": hashlib.sha256(MODEL[WEIGHTS]).hexdigest(),
    }


OUTSIDE = {"commit": "0", "pulled": "", "files": {"../../x": {"size": 1, "sha256": "0"}}}


@pytest.mark.parametrize("damaged", ["{", '{"a/b": 1}', json.dumps({NAME: OUTSIDE})])
def test_a_damaged_lock_is_told_and_nothing_is_touched(
    damaged: str, puller: Puller, store: ModelStore
) -> None:
    puller()
    (store.path / "lock.json").write_text(damaged)
    with pytest.raises(NarratedError, match="is damaged"):
        puller()
    assert (store.path / "lock.json").read_text() == damaged
    assert puller.files.keys() == WANTED
