"""Removal: what was pulled goes, what somebody put there stays."""

import pytest

from models.puller import MODEL, NAME, WEIGHTS, Puller
from narrated.errors import NarratedError
from narrated.models.store import ModelStore, remove_model
from support.hub import ALWAYS


def test_a_removed_model_leaves_nothing(puller: Puller, store: ModelStore) -> None:
    puller()
    assert remove_model(store, NAME) == ()
    assert store.locks() == {}
    assert not store.folder_of(NAME).parent.exists()
    puller()
    assert puller.files[WEIGHTS] == MODEL[WEIGHTS]


def test_what_was_not_pulled_stays_unless_forced(puller: Puller, store: ModelStore) -> None:
    puller()
    own = store.folder_of(NAME) / "speaker_embeddings/mine.npy"
    own.write_bytes(b"mine")
    assert remove_model(store, NAME) == ("speaker_embeddings/mine.npy",)
    assert own.read_bytes() == b"mine"
    assert list(puller.files) == ["speaker_embeddings/mine.npy"]


def test_by_force_all_of_it_goes(puller: Puller, store: ModelStore) -> None:
    puller()
    (store.folder_of(NAME) / "mine.npy").write_bytes(b"mine")
    assert remove_model(store, NAME, force=True) == ()
    assert not store.folder_of(NAME).parent.exists()


def test_a_folder_put_there_by_hand_goes_by_force_alone(store: ModelStore) -> None:
    store.folder_of(NAME).mkdir(parents=True)
    (store.folder_of(NAME) / "config.json").touch()
    with pytest.raises(NarratedError, match="was not pulled") as error:
        remove_model(store, NAME)
    assert "--force" in error.value.remedy
    assert store.folder_of(NAME).is_dir()
    remove_model(store, NAME, force=True)
    assert not store.folder_of(NAME).exists()


def test_what_is_not_there_cannot_be_removed(store: ModelStore) -> None:
    with pytest.raises(NarratedError, match="There is no model"):
        remove_model(store, NAME)


def test_a_pull_that_was_given_up_can_be_removed(puller: Puller, store: ModelStore) -> None:
    puller.hub.damaged["vocab.txt"] = ALWAYS
    with pytest.raises(NarratedError):
        puller()
    assert store.has_parts(NAME)
    remove_model(store, NAME)
    assert not store.has_parts(NAME)


def test_the_other_models_stay(puller: Puller, store: ModelStore) -> None:
    puller.hub.commit("suno/model", {"config.json": b"{}", "model.safetensors": b"w"})
    puller()
    other = puller("suno/model").locked
    remove_model(store, NAME)
    assert store.locks() == {"suno/model": other}
    assert (store.folder_of("suno/model") / "model.safetensors").is_file()
