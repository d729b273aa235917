"""A model that is no checkpoint for transformers: Tortoise, pulled, forked, or put by hand."""

from pathlib import Path

import pytest

from models.puller import Puller
from narrated.errors import NarratedError
from narrated.models.catalogue import entry
from narrated.models.pull import PullResult
from narrated.models.remove import remove
from narrated.models.store import ModelStore
from narrated.models.verify import FileState, ModelState, standing, verified
from narrated.terminal.model_tables import pulled_lines, rows
from support.hub import ALWAYS

NAME = "Manmay/tortoise-tts"
FORK = "somebody/tortoise-finetuned"
NEEDED = ("autoregressive.pth", "clvp2.pth", "diffusion_decoder.pth", "vocoder.pth")
MODEL = {name: name.encode() * 1000 for name in NEEDED}
BESIDE = {
    ".gitattributes": b"*.pth filter=lfs",
    "README.md": b"Tortoise",
    "rlg_auto.pth": b"for a voice drawn at random",
    "cvvp.pth": b"no longer used",
    "api.py": b"print('never run')",
}


@pytest.fixture(autouse=True)
def _hub(puller: Puller) -> None:
    """The hub has Tortoise, and a fork of it."""
    puller.hub.commit(NAME, MODEL | BESIDE)
    puller.hub.commit(FORK, MODEL | BESIDE | {"autoregressive.pth": b"finetuned"})


def by_hand(shelf: ModelStore, *names: str) -> None:
    """Put files of these names where a model of Tortoise would be."""
    shelf.place(NAME).mkdir(parents=True)
    for name in names:
        (shelf.place(NAME) / name).write_bytes(MODEL[name])


def advice(pulled: PullResult) -> str:
    """What a pull says in the end, to somebody who does not use the model yet."""
    return "\n".join(pulled_lines(pulled, used=False, advice=True))


def test_tortoise_is_pulled_by_name_verified_and_removed(puller: Puller, shelf: ModelStore) -> None:
    locked = puller("tortoise").locked
    assert sorted(path.name for path in shelf.place(NAME).iterdir()) == list(NEEDED)
    assert standing(shelf, NAME, locked) is ModelState.PULLED
    found = list(verified(shelf, NAME, locked, lambda _: None))
    assert [(file.name, file.state) for file in found] == [(n, FileState.FINE) for n in NEEDED]
    assert remove(shelf, NAME) == ()
    assert standing(shelf, NAME, None) is ModelState.ABSENT


def test_a_missing_file_is_found_and_mended_by_a_pull(puller: Puller, shelf: ModelStore) -> None:
    locked = puller("tortoise").locked
    (shelf.place(NAME) / "clvp2.pth").unlink()
    assert standing(shelf, NAME, locked) is ModelState.INCOMPLETE
    assert puller("tortoise").fetched == 1
    assert standing(shelf, NAME, locked) is ModelState.PULLED


def test_a_pull_that_is_cut_off_leaves_nothing_that_looks_like_a_model(
    puller: Puller, shelf: ModelStore
) -> None:
    puller.hub.damaged["vocoder.pth"] = ALWAYS
    with pytest.raises(NarratedError, match=r"vocoder\.pth .*damaged"):
        puller("tortoise")
    assert shelf.repositories() == []


def test_who_has_pulled_it_is_told_how_to_use_it_and_how_to_install_its_code(
    puller: Puller,
) -> None:
    told = advice(puller("tortoise"))
    assert "narrated engines install tortoise" in told
    assert told.endswith("    speech: {engine: tortoise, voice: …}")
    assert "engines install" not in advice(puller())  # a Bark needs nothing else


def test_a_fork_is_pulled_by_its_repository_and_used_like_tortoise(
    puller: Puller, shelf: ModelStore
) -> None:
    pulled = puller(FORK)
    assert tuple(pulled.locked.files) == NEEDED
    assert (shelf.place(FORK) / "autoregressive.pth").read_bytes() == b"finetuned"
    assert f"engines: {{mine: {{like: tortoise, options: {{model: {FORK}}}}}}}" in advice(pulled)


def test_a_folder_put_there_by_hand_is_known_by_its_files(shelf: ModelStore) -> None:
    by_hand(shelf, *NEEDED)
    assert shelf.repositories() == [NAME]
    assert standing(shelf, NAME, None) is ModelState.NOT_LOCKED
    states = {row.repository: row.state for row in rows(shelf, None)}
    assert states[NAME] is ModelState.NOT_LOCKED
    with pytest.raises(NarratedError, match="was not pulled"):
        remove(shelf, NAME)
    remove(shelf, NAME, force=True)
    assert not shelf.place(NAME).exists()


def test_a_part_of_a_model_put_there_by_hand_is_none(shelf: ModelStore) -> None:
    by_hand(shelf, *NEEDED[:3])
    assert shelf.repositories() == []
    assert standing(shelf, NAME, None) is ModelState.ABSENT


def test_what_was_put_there_by_hand_is_taken_as_it_is_by_a_pull(
    puller: Puller, shelf: ModelStore
) -> None:
    by_hand(shelf, *NEEDED)
    assert puller("tortoise").fetched == 0
    assert puller.hub.sent_bytes == 0
    assert standing(shelf, NAME, shelf.locks()[NAME]) is ModelState.PULLED


def test_a_file_where_the_folder_of_a_model_would_be_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "somebody").mkdir()
    (tmp_path / "somebody/model").touch()
    shelf = ModelStore(tmp_path)
    assert shelf.repositories() == []
    assert standing(shelf, entry("somebody/model").repository, None) is ModelState.ABSENT
