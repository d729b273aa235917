"""Pulls that meet faults: cuts, damage, refusals, a full disk, and a hub that changes its mind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from models.puller import MODEL, NAME, WEIGHTS, Puller, RecordingObserver
from narrated.errors import NarratedError, StorageError
from narrated.models.catalogue import find_model
from narrated.models.hub import Hub
from narrated.models.pull import pull
from narrated.models.store import PARTS_FOLDER, ModelStore
from narrated.models.transfer import MAX_INTERRUPTIONS
from support.hub import ALWAYS, LoopbackHub

SIZE = len(MODEL[WEIGHTS])


def refused(puller: Puller, **how: bool) -> NarratedError:
    """The error that a pull ends with."""
    with pytest.raises(NarratedError) as error:
        puller(**how)
    assert error.value.remedy
    return error.value


def test_a_cut_transfer_goes_on_where_it_was(puller: Puller) -> None:
    puller.hub.cuts[WEIGHTS] = [100_000, 50_000, 0, 200_000]
    puller()
    assert puller.files[WEIGHTS] == MODEL[WEIGHTS]
    assert puller.hub.sent[WEIGHTS] == SIZE


def test_a_pull_that_gave_up_is_gone_on_with_by_the_next(puller: Puller) -> None:
    puller.hub.cuts[WEIGHTS] = [250_000] + [0] * MAX_INTERRUPTIONS
    error = refused(puller)
    assert "same command" in error.remedy
    assert puller.files == {}, "nothing has its final name before all is whole"
    before = dict(puller.hub.sent)
    observer = RecordingObserver()
    puller(observer=observer)
    assert observer.plans[0].begun_bytes >= 250_000
    assert puller.hub.sent[WEIGHTS] == before[WEIGHTS] + SIZE - 250_000 == SIZE
    assert puller.files[WEIGHTS] == MODEL[WEIGHTS]


def test_a_hub_that_knows_no_ranges_is_read_from_the_beginning(puller: Puller) -> None:
    puller.hub.knows_ranges = False
    puller.hub.cuts[WEIGHTS] = [100_000]
    puller()
    assert puller.files[WEIGHTS] == MODEL[WEIGHTS]
    assert puller.hub.sent[WEIGHTS] == SIZE + 100_000


def test_a_file_that_came_damaged_is_fetched_once_more(puller: Puller) -> None:
    puller.hub.damaged[WEIGHTS] = 1
    observer = RecordingObserver()
    puller(observer=observer)
    assert puller.files[WEIGHTS] == MODEL[WEIGHTS]
    assert puller.hub.sent[WEIGHTS] == 2 * SIZE
    assert observer.told[-1][0] == observer.told[-1][1]


@pytest.mark.parametrize("name", [WEIGHTS, "vocab.txt"])
def test_a_file_that_comes_damaged_twice_is_an_error_that_says_so(
    name: str, puller: Puller, store: ModelStore
) -> None:
    puller.hub.damaged[name] = ALWAYS
    assert f"{name} of {NAME} arrived damaged twice" in refused(puller).problem
    assert puller.files == {}
    assert store.locks() == {}
    puller.hub.damaged.clear()
    puller()
    assert puller.files[name] == MODEL[name]


def test_a_damaged_part_of_an_earlier_pull_does_no_harm(puller: Puller) -> None:
    puller.hub.cuts[WEIGHTS] = [250_000] + [0] * MAX_INTERRUPTIONS
    refused(puller)
    (part,) = (puller.store.path / PARTS_FOLDER / NAME).glob(f"{WEIGHTS}.*")
    part.write_bytes(b"\0" * 250_000)
    puller()
    assert puller.files[WEIGHTS] == MODEL[WEIGHTS]


def test_a_part_that_is_too_long_does_no_harm(puller: Puller) -> None:
    puller.hub.cuts[WEIGHTS] = [250_000] + [0] * MAX_INTERRUPTIONS
    refused(puller)
    (part,) = (puller.store.path / PARTS_FOLDER / NAME).glob(f"{WEIGHTS}.*")
    part.write_bytes(b"\0" * (SIZE + 1))
    puller()
    assert puller.files[WEIGHTS] == MODEL[WEIGHTS]


def test_a_hub_that_has_less_than_it_lists_is_told(puller: Puller) -> None:
    puller.hub.claimed[WEIGHTS] = SIZE + 10
    assert WEIGHTS in refused(puller).problem
    assert puller.files == {}


def test_a_hub_that_is_busy_is_asked_again(puller: Puller) -> None:
    puller.hub.failures = {"listing": [503, 429], WEIGHTS: [500, 503, 429]}
    puller()
    assert puller.files[WEIGHTS] == MODEL[WEIGHTS]


@pytest.mark.parametrize(
    ("status", "says"), [(503, "answered status 503"), (403, "refuses suno/bark-small")]
)
def test_a_hub_that_refuses_is_told_with_what_to_do(status: int, says: str, puller: Puller) -> None:
    puller.hub.failures["listing"] = [status] * 10
    assert says in refused(puller).problem


def test_a_model_that_is_not_there_is_told(puller: Puller) -> None:
    with pytest.raises(NarratedError, match="has no model somebody/nothing"):
        puller("somebody/nothing")


def test_a_gated_model_is_told_with_the_way_in(puller: Puller) -> None:
    puller.hub.repositories[NAME].gated = True
    error = refused(puller)
    assert "is gated" in error.problem
    assert f"{puller.hub.endpoint}/{NAME}" in error.remedy
    assert "HF_TOKEN" in error.remedy


def test_without_a_network_the_endpoint_is_named(store: ModelStore) -> None:
    nowhere = Hub("http://127.0.0.1:9", pause_s=0.01)
    with pytest.raises(NarratedError, match=r"Could not reach http://127\.0\.0\.1:9") as error:
        pull(find_model(NAME), store, nowhere, RecordingObserver())
    assert "same command" in error.value.remedy


@pytest.mark.parametrize("endpoint", ["hub.example", "http://hub.example:port"])
def test_an_endpoint_that_is_no_address_is_told(endpoint: str, store: ModelStore) -> None:
    with pytest.raises(NarratedError, match="HF_ENDPOINT is not an address"):
        pull(find_model(NAME), store, Hub(endpoint, pause_s=0.01), RecordingObserver())


def test_what_does_not_answer_as_a_hub_is_told(puller: Puller) -> None:
    puller.hub.page = b"<html>Log in to our network</html>"
    assert "does not answer like a hub" in refused(puller).problem
    puller.hub.page = b'{"id": "suno/bark-small", "sha": "../main"}'
    assert "names no commit" in refused(puller).problem


# The lock holds


def test_another_large_file_at_the_locked_commit_is_refused_unfetched(puller: Puller) -> None:
    locked = puller().locked
    puller.hub.repositories[NAME].commits[locked.commit][WEIGHTS] = b"x" * SIZE
    puller.store.remove_file(NAME, WEIGHTS)
    puller.hub.sent.clear()
    error = refused(puller)
    assert "other content" in error.problem
    assert f"{WEIGHTS} is another file" in error.problem
    assert f"narrated models remove --force {NAME}" in error.remedy
    assert "other content" in refused(puller, update=True).problem, "no update to the same commit"
    assert puller.hub.sent_bytes == 0


def test_another_small_file_at_the_locked_commit_is_refused(puller: Puller) -> None:
    locked = puller().locked
    puller.hub.repositories[NAME].commits[locked.commit]["vocab.txt"] = b"uno\ndue\n"
    puller.store.remove_file(NAME, "vocab.txt")
    assert "vocab.txt is another file" in refused(puller).problem
    assert "vocab.txt" not in puller.files


def test_a_file_that_left_the_locked_commit_is_told(puller: Puller) -> None:
    locked = puller().locked
    del puller.hub.repositories[NAME].commits[locked.commit]["vocab.txt"]
    puller.store.remove_file(NAME, "vocab.txt")
    assert "vocab.txt is no longer in it" in refused(puller).problem


def test_a_locked_commit_that_is_gone_is_told_with_the_way_on(puller: Puller) -> None:
    locked = puller().locked
    del puller.hub.repositories[NAME].commits[locked.commit]
    puller.hub.commit(NAME, MODEL | {"vocab.txt": b"new"})
    puller.store.remove_file(NAME, "vocab.txt")
    error = refused(puller)
    assert f"no revision {locked.commit}" in error.problem
    assert "--update" in error.remedy


def test_an_update_that_fails_leaves_model_and_lock_as_they_were(puller: Puller) -> None:
    first = puller()
    files = puller.files
    puller.hub.commit(NAME, MODEL | {"vocab.txt": b"new", WEIGHTS: b"y" * SIZE})
    puller.hub.damaged[WEIGHTS] = ALWAYS
    refused(puller, update=True)
    assert puller.files == files
    assert puller.store.locks()[NAME] == first.locked


# The disk


def test_a_disk_without_room_is_told_before_anything_is_fetched(puller: Puller) -> None:
    puller.hub.claimed[WEIGHTS] = 10**18
    with pytest.raises(StorageError, match=r"needs 1000000000\.0 GB more") as error:
        puller()
    assert "Free " in error.value.remedy
    assert puller.hub.sent_bytes == 0


FULL = """
import resource, sys
from models.puller import NAME, RecordingObserver
from narrated.models.catalogue import find_model
from narrated.models.hub import Hub
from narrated.models.pull import pull
from narrated.models.store import ModelStore
from pathlib import Path
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
pull(find_model(NAME), ModelStore(Path(sys.argv[1])), Hub(sys.argv[2]), RecordingObserver())
"""


def test_a_disk_that_fills_up_midway_is_told_and_gone_on_with(
    hub: LoopbackHub, puller: Puller, store: ModelStore
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(store.path), hub.endpoint],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert "StorageError: There is no room left" in done.stderr
    assert "continues where it stopped" in done.stderr
    hub.sent.clear()
    puller()
    assert hub.sent[WEIGHTS] == SIZE - 100_000


def test_a_folder_that_cannot_be_written_is_told(puller: Puller, store: ModelStore) -> None:
    store.path.parent.mkdir()
    store.path.write_text("a file stands where the folder should")
    with pytest.raises(StorageError, match="Cannot write"):
        puller()


def test_a_link_in_place_of_a_part_is_not_followed(puller: Puller, tmp_path: Path) -> None:
    puller.hub.cuts[WEIGHTS] = [250_000] + [0] * MAX_INTERRUPTIONS
    refused(puller)
    (part,) = (puller.store.path / PARTS_FOLDER / NAME).glob(f"{WEIGHTS}.*")
    part.unlink()
    part.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageError):
        puller()
    assert not (tmp_path / "elsewhere").exists()
