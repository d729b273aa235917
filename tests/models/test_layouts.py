"""A model that is no checkpoint for transformers: Tortoise, pulled, forked, or put by hand."""

from pathlib import Path

import pytest

from models.puller import Puller
from narrated.errors import NarratedError
from narrated.models.catalogue import find_model
from narrated.models.pull import PullResult
from narrated.models.store import ModelState, ModelStore, remove_model
from narrated.models.verify import FileState, verify_files
from narrated.terminal.model_list import model_rows
from narrated.terminal.model_reports import pulled_lines
from narrated.terminal.model_room import ModelRoom
from support.hub import ALWAYS

NAME = "Manmay/tortoise-tts"
ROOM = ModelRoom("cpu", 0, 0, Path(), 0)
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


def by_hand(store: ModelStore, *names: str) -> None:
    """Put files of these names where a model of Tortoise would be."""
    store.folder_of(NAME).mkdir(parents=True)
    for name in names:
        (store.folder_of(NAME) / name).write_bytes(MODEL[name])


def advice(pulled: PullResult) -> str:
    """The advice at the end of a pull, to somebody who does not use the model yet."""
    return "\n".join(pulled_lines(pulled, used=False, advice=True))


def test_tortoise_life_cycle(puller: Puller, store: ModelStore) -> None:
    """Tortoise is pulled by name, verified and removed."""
    locked = puller("tortoise").locked
    assert sorted(path.name for path in store.folder_of(NAME).iterdir()) == list(NEEDED)
    assert store.model_state(NAME, locked) is ModelState.PULLED
    found = list(verify_files(store, NAME, locked, lambda _: None))
    assert [(file.name, file.state) for file in found] == [(n, FileState.FINE) for n in NEEDED]
    assert remove_model(store, NAME) == ()
    assert store.model_state(NAME, None) is ModelState.ABSENT


def test_missing_file_repaired(puller: Puller, store: ModelStore) -> None:
    """A missing file is found, and a pull repairs it."""
    locked = puller("tortoise").locked
    (store.folder_of(NAME) / "clvp2.pth").unlink()
    assert store.model_state(NAME, locked) is ModelState.INCOMPLETE
    assert puller("tortoise").fetched == 1
    assert store.model_state(NAME, locked) is ModelState.PULLED


def test_failed_pull_is_no_model(puller: Puller, store: ModelStore) -> None:
    """A failed pull leaves nothing that looks like a model."""
    puller.hub.damaged["vocoder.pth"] = ALWAYS
    with pytest.raises(NarratedError, match=r"vocoder\.pth .*damaged"):
        puller("tortoise")
    assert store.repositories() == []


def test_advice_after_a_pull(
    puller: Puller,
) -> None:
    """A pull of Tortoise tells how to install its code and how to use it."""
    told = advice(puller("tortoise"))
    assert "narrated engines install tortoise" in told
    assert told.endswith("    speech: {engine: tortoise, voice: …}")
    assert "engines install" not in advice(puller())  # a Bark needs nothing else


def test_fork_by_repository(puller: Puller, store: ModelStore) -> None:
    """A fork is pulled by its repository, and used like Tortoise."""
    pulled = puller(FORK)
    assert tuple(pulled.locked.files) == NEEDED
    assert (store.folder_of(FORK) / "autoregressive.pth").read_bytes() == b"finetuned"
    assert f"engines: {{mine: {{like: tortoise, options: {{model: {FORK}}}}}}}" in advice(pulled)


def test_copied_model_recognised(store: ModelStore) -> None:
    """A copied model is recognised by its files."""
    by_hand(store, *NEEDED)
    assert store.repositories() == [NAME]
    assert store.model_state(NAME, None) is ModelState.NOT_LOCKED
    states = {row.repository: row.state for row in model_rows(store, None, ROOM)}
    assert states[NAME] is ModelState.NOT_LOCKED
    with pytest.raises(NarratedError, match="was not pulled"):
        remove_model(store, NAME)
    remove_model(store, NAME, force=True)
    assert not store.folder_of(NAME).exists()


def test_partial_copy_ignored(store: ModelStore) -> None:
    """A copied part of a model is no model."""
    by_hand(store, *NEEDED[:3])
    assert store.repositories() == []
    assert store.model_state(NAME, None) is ModelState.ABSENT


def test_pull_over_a_copy(puller: Puller, store: ModelStore) -> None:
    """A pull keeps a copied model that matches the hub."""
    by_hand(store, *NEEDED)
    assert puller("tortoise").fetched == 0
    assert puller.hub.sent_bytes == 0
    assert store.model_state(NAME, store.locks()[NAME]) is ModelState.PULLED


def test_file_is_no_model(tmp_path: Path) -> None:
    """A file in place of a model's folder is no model."""
    (tmp_path / "somebody").mkdir()
    (tmp_path / "somebody/model").touch()
    store = ModelStore(tmp_path)
    assert store.repositories() == []
    assert store.model_state(find_model("somebody/model").repository, None) is ModelState.ABSENT
