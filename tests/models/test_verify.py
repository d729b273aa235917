"""Verification: every file held against the lock."""

import pytest

from models.puller import NAME, WANTED, WEIGHTS, Puller
from narrated.models.store import ModelStore
from narrated.models.verify import CheckedFile, FileState, ModelState, standing, verified


def wrong(shelf: ModelStore) -> dict[str, CheckedFile]:
    """The files that are not as pulled."""
    found = verified(shelf, NAME, shelf.locks()[NAME], lambda _: None)
    return {file.name: file for file in found if file.state is not FileState.FINE}


@pytest.fixture(autouse=True)
def pulled(puller: Puller) -> None:
    """Begin with a model that was pulled."""
    puller()


def test_what_was_pulled_is_fine(shelf: ModelStore) -> None:
    read: list[int] = []
    found = list(verified(shelf, NAME, shelf.locks()[NAME], read.append))
    assert {file.name for file in found} == WANTED
    assert wrong(shelf) == {}
    assert sum(read) == shelf.locks()[NAME].bytes


def test_one_wrong_byte_is_found_and_mended_by_a_pull(shelf: ModelStore, puller: Puller) -> None:
    weights = shelf.place(NAME) / WEIGHTS
    content = bytearray(weights.read_bytes())
    content[12345] ^= 1
    weights.write_bytes(content)
    assert standing(shelf, NAME, shelf.locks()[NAME]) is ModelState.PULLED, "as far as sizes tell"
    assert wrong(shelf)[WEIGHTS].state is FileState.CHANGED
    puller()
    assert wrong(shelf) == {}


def test_a_shorter_file_is_found_without_reading(shelf: ModelStore) -> None:
    weights = shelf.place(NAME) / WEIGHTS
    weights.write_bytes(weights.read_bytes()[:-1])
    assert standing(shelf, NAME, shelf.locks()[NAME]) is ModelState.INCOMPLETE
    assert "399999 bytes instead of 400000" in wrong(shelf)[WEIGHTS].why


def test_a_missing_voice_is_found_and_mended_by_a_pull(shelf: ModelStore, puller: Puller) -> None:
    voice = "speaker_embeddings/v2/en_speaker_6_fine_prompt.npy"
    (shelf.place(NAME) / voice).unlink()
    assert wrong(shelf)[voice].state is FileState.MISSING
    puller()
    assert wrong(shelf) == {}


def test_weights_that_were_never_pulled_are_found(shelf: ModelStore) -> None:
    (shelf.place(NAME) / "model.safetensors").write_bytes(b"somebody's")
    assert wrong(shelf)["model.safetensors"].state is FileState.NOT_LOCKED


def test_a_folder_in_place_of_a_file_is_found(shelf: ModelStore) -> None:
    shelf.discard(NAME, "vocab.txt")
    (shelf.place(NAME) / "vocab.txt").mkdir()
    assert wrong(shelf)["vocab.txt"].state is FileState.MISSING
