"""Verification: every file held against the lock."""

import pytest

from models.puller import NAME, WANTED, WEIGHTS, Puller
from narrated.models.store import ModelState, ModelStore
from narrated.models.verify import FileState, VerifiedFile, verify_files


def wrong(store: ModelStore) -> dict[str, VerifiedFile]:
    """The files that are not as pulled."""
    found = verify_files(store, NAME, store.locks()[NAME], lambda _: None)
    return {file.name: file for file in found if file.state is not FileState.FINE}


@pytest.fixture(autouse=True)
def pulled(puller: Puller) -> None:
    """Begin with a model that was pulled."""
    puller()


def test_pulled_model_is_fine(store: ModelStore) -> None:
    """A pulled model verifies without problems."""
    read: list[int] = []
    found = list(verify_files(store, NAME, store.locks()[NAME], read.append))
    assert {file.name for file in found} == WANTED
    assert wrong(store) == {}
    assert sum(read) == store.locks()[NAME].bytes


def test_one_wrong_byte(store: ModelStore, puller: Puller) -> None:
    """One wrong byte is found, and a pull repairs it."""
    weights = store.folder_of(NAME) / WEIGHTS
    content = bytearray(weights.read_bytes())
    content[12345] ^= 1
    weights.write_bytes(content)
    assert store.model_state(NAME, store.locks()[NAME]) is ModelState.PULLED, "as far as sizes tell"
    assert wrong(store)[WEIGHTS].state is FileState.CHANGED
    puller()
    assert wrong(store) == {}


def test_truncated_file(store: ModelStore) -> None:
    """A truncated file is found by its size."""
    weights = store.folder_of(NAME) / WEIGHTS
    weights.write_bytes(weights.read_bytes()[:-1])
    assert store.model_state(NAME, store.locks()[NAME]) is ModelState.INCOMPLETE
    assert "399999 bytes instead of 400000" in wrong(store)[WEIGHTS].why


def test_missing_voice(store: ModelStore, puller: Puller) -> None:
    """A missing voice is found, and a pull repairs it."""
    voice = "speaker_embeddings/v2/en_speaker_6_fine_prompt.npy"
    (store.folder_of(NAME) / voice).unlink()
    assert wrong(store)[voice].state is FileState.MISSING
    puller()
    assert wrong(store) == {}


def test_unlocked_weights(store: ModelStore) -> None:
    """Weights that no pull wrote are found."""
    (store.folder_of(NAME) / "model.safetensors").write_bytes(b"somebody's")
    assert wrong(store)["model.safetensors"].state is FileState.NOT_LOCKED


def test_folder_instead_of_file(store: ModelStore) -> None:
    """A folder in place of a file is found."""
    store.remove_file(NAME, "vocab.txt")
    (store.folder_of(NAME) / "vocab.txt").mkdir()
    assert wrong(store)["vocab.txt"].state is FileState.MISSING
