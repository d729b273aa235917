"""Removal: what was pulled goes, what somebody put there stays."""

import pytest

from models.puller import MODEL, NAME, WEIGHTS, Puller
from narrated.errors import NarratedError
from narrated.models.remove import remove
from narrated.models.store import ModelStore
from support.hub import ALWAYS


def test_a_removed_model_leaves_nothing(puller: Puller, shelf: ModelStore) -> None:
    puller()
    assert remove(shelf, NAME) == ()
    assert shelf.locks() == {}
    assert not shelf.place(NAME).parent.exists()
    puller()
    assert puller.files[WEIGHTS] == MODEL[WEIGHTS]


def test_what_was_not_pulled_stays_unless_forced(puller: Puller, shelf: ModelStore) -> None:
    puller()
    own = shelf.place(NAME) / "speaker_embeddings/mine.npy"
    own.write_bytes(b"mine")
    assert remove(shelf, NAME) == ("speaker_embeddings/mine.npy",)
    assert own.read_bytes() == b"mine"
    assert list(puller.files) == ["speaker_embeddings/mine.npy"]


def test_by_force_all_of_it_goes(puller: Puller, shelf: ModelStore) -> None:
    puller()
    (shelf.place(NAME) / "mine.npy").write_bytes(b"mine")
    assert remove(shelf, NAME, force=True) == ()
    assert not shelf.place(NAME).parent.exists()


def test_a_folder_put_there_by_hand_goes_by_force_alone(shelf: ModelStore) -> None:
    shelf.place(NAME).mkdir(parents=True)
    (shelf.place(NAME) / "config.json").touch()
    with pytest.raises(NarratedError, match="was not pulled") as error:
        remove(shelf, NAME)
    assert "--force" in error.value.remedy
    assert shelf.place(NAME).is_dir()
    remove(shelf, NAME, force=True)
    assert not shelf.place(NAME).exists()


def test_what_is_not_there_cannot_be_removed(shelf: ModelStore) -> None:
    with pytest.raises(NarratedError, match="is not there"):
        remove(shelf, NAME)


def test_a_pull_that_was_given_up_can_be_removed(puller: Puller, shelf: ModelStore) -> None:
    puller.hub.damaged["vocab.txt"] = ALWAYS
    with pytest.raises(NarratedError):
        puller()
    assert shelf.has_parts(NAME)
    remove(shelf, NAME)
    assert not shelf.has_parts(NAME)


def test_the_other_models_stay(puller: Puller, shelf: ModelStore) -> None:
    puller.hub.commit("suno/model", {"config.json": b"{}", "model.safetensors": b"w"})
    puller()
    other = puller("suno/model").locked
    remove(shelf, NAME)
    assert shelf.locks() == {"suno/model": other}
    assert (shelf.place("suno/model") / "model.safetensors").is_file()
