"""Removal: what was pulled goes, what somebody put there stays."""

import pytest

from models.puller import MODEL, NAME, WEIGHTS, Puller
from narrated.errors import NarratedError
from narrated.models.store import ModelStore, remove_model
from support.hub import ALWAYS


def test_removes_everything(puller: Puller, store: ModelStore) -> None:
    """Removing a model leaves no file."""
    puller()
    assert remove_model(store, NAME) == ()
    assert store.locks() == {}
    assert not store.folder_of(NAME).parent.exists()
    puller()
    assert puller.files[WEIGHTS] == MODEL[WEIGHTS]


def test_keeps_other_files(puller: Puller, store: ModelStore) -> None:
    """Files that no pull wrote stay."""
    puller()
    own = store.folder_of(NAME) / "speaker_embeddings/mine.npy"
    own.write_bytes(b"mine")
    assert remove_model(store, NAME) == ("speaker_embeddings/mine.npy",)
    assert own.read_bytes() == b"mine"
    assert list(puller.files) == ["speaker_embeddings/mine.npy"]


def test_force_removes_all(puller: Puller, store: ModelStore) -> None:
    """With force, all files are removed."""
    puller()
    (store.folder_of(NAME) / "mine.npy").write_bytes(b"mine")
    assert remove_model(store, NAME, force=True) == ()
    assert not store.folder_of(NAME).parent.exists()


def test_copied_model_needs_force(store: ModelStore) -> None:
    """A copied model is removed only with force."""
    store.folder_of(NAME).mkdir(parents=True)
    (store.folder_of(NAME) / "config.json").touch()
    with pytest.raises(NarratedError, match="was not pulled") as error:
        remove_model(store, NAME)
    assert "--force" in error.value.remedy
    assert store.folder_of(NAME).is_dir()
    remove_model(store, NAME, force=True)
    assert not store.folder_of(NAME).exists()


def test_removing_absent_model(store: ModelStore) -> None:
    """Removing an absent model is an error."""
    with pytest.raises(NarratedError, match="There is no model"):
        remove_model(store, NAME)


def test_removes_failed_pull(puller: Puller, store: ModelStore) -> None:
    """The incomplete downloads of a failed pull can be removed."""
    puller.hub.damaged["vocab.txt"] = ALWAYS
    with pytest.raises(NarratedError):
        puller()
    assert store.has_parts(NAME)
    remove_model(store, NAME)
    assert not store.has_parts(NAME)


def test_other_models_stay(puller: Puller, store: ModelStore) -> None:
    """Removing a model leaves the others."""
    puller.hub.commit("suno/model", {"config.json": b"{}", "model.safetensors": b"w"})
    puller()
    other = puller("suno/model").locked
    remove_model(store, NAME)
    assert store.locks() == {"suno/model": other}
    assert (store.folder_of("suno/model") / "model.safetensors").is_file()
