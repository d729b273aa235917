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
from narrated.models.pull import MAX_INTERRUPTIONS, pull
from narrated.models.store import PARTS_FOLDER, ModelStore
from support.hub import ALWAYS, LoopbackHub

SIZE = len(MODEL[WEIGHTS])


def refused(puller: Puller, **how: bool) -> NarratedError:
    """The error that a pull ends with."""
    with pytest.raises(NarratedError) as error:
        puller(**how)
    assert error.value.remedy
    return error.value


def test_interrupted_transfer(puller: Puller) -> None:
    """An interrupted transfer resumes where it stopped."""
    puller.hub.cuts[WEIGHTS] = [100_000, 50_000, 0, 200_000]
    puller()
    assert puller.files[WEIGHTS] == MODEL[WEIGHTS]
    assert puller.hub.sent[WEIGHTS] == SIZE


def test_next_pull_resumes(puller: Puller) -> None:
    """A pull resumes the downloads of a failed one."""
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


def test_hub_without_ranges(puller: Puller) -> None:
    """From a hub without ranges, a file is fetched from its start again."""
    puller.hub.knows_ranges = False
    puller.hub.cuts[WEIGHTS] = [100_000]
    puller()
    assert puller.files[WEIGHTS] == MODEL[WEIGHTS]
    assert puller.hub.sent[WEIGHTS] == SIZE + 100_000


def test_damaged_once(puller: Puller) -> None:
    """A file that arrives damaged is fetched once more."""
    puller.hub.damaged[WEIGHTS] = 1
    observer = RecordingObserver()
    puller(observer=observer)
    assert puller.files[WEIGHTS] == MODEL[WEIGHTS]
    assert puller.hub.sent[WEIGHTS] == 2 * SIZE
    assert observer.told[-1][0] == observer.told[-1][1]


@pytest.mark.parametrize("name", [WEIGHTS, "vocab.txt"])
def test_damaged_twice(name: str, puller: Puller, store: ModelStore) -> None:
    """A file that arrives damaged twice is an error, and changes nothing."""
    puller.hub.damaged[name] = ALWAYS
    assert f"{name} of {NAME} arrived damaged twice" in refused(puller).problem
    assert puller.files == {}
    assert store.locks() == {}
    puller.hub.damaged.clear()
    puller()
    assert puller.files[name] == MODEL[name]


def test_damaged_part(puller: Puller) -> None:
    """A damaged incomplete download does no harm."""
    puller.hub.cuts[WEIGHTS] = [250_000] + [0] * MAX_INTERRUPTIONS
    refused(puller)
    (part,) = (puller.store.path / PARTS_FOLDER / NAME).glob(f"{WEIGHTS}.*")
    part.write_bytes(b"\0" * 250_000)
    puller()
    assert puller.files[WEIGHTS] == MODEL[WEIGHTS]


def test_oversized_part(puller: Puller) -> None:
    """An incomplete download that is too long does no harm."""
    puller.hub.cuts[WEIGHTS] = [250_000] + [0] * MAX_INTERRUPTIONS
    refused(puller)
    (part,) = (puller.store.path / PARTS_FOLDER / NAME).glob(f"{WEIGHTS}.*")
    part.write_bytes(b"\0" * (SIZE + 1))
    puller()
    assert puller.files[WEIGHTS] == MODEL[WEIGHTS]


def test_hub_sends_too_little(puller: Puller) -> None:
    """A hub that sends less than it lists is an error that names the file."""
    puller.hub.claimed[WEIGHTS] = SIZE + 10
    assert WEIGHTS in refused(puller).problem
    assert puller.files == {}


def test_busy_hub_retried(puller: Puller) -> None:
    """Requests to a busy hub are retried."""
    puller.hub.failures = {"listing": [503, 429], WEIGHTS: [500, 503, 429]}
    puller()
    assert puller.files[WEIGHTS] == MODEL[WEIGHTS]


@pytest.mark.parametrize(
    ("status", "says"), [(503, "answered status 503"), (403, "refuses suno/bark-small")]
)
def test_hub_refuses(status: int, says: str, puller: Puller) -> None:
    """A refusal of the hub is an error with a remedy."""
    puller.hub.failures["listing"] = [status] * 10
    assert says in refused(puller).problem


def test_unknown_model(puller: Puller) -> None:
    """A model that the hub does not have is an error that names it."""
    with pytest.raises(NarratedError, match="has no model somebody/nothing"):
        puller("somebody/nothing")


def test_gated_model(puller: Puller) -> None:
    """For a gated model, the error names the way to its access."""
    puller.hub.repositories[NAME].gated = True
    error = refused(puller)
    assert "is gated" in error.problem
    assert f"{puller.hub.endpoint}/{NAME}" in error.remedy
    assert "HF_TOKEN" in error.remedy


def test_no_network(store: ModelStore) -> None:
    """Without a network, the error names the endpoint."""
    nowhere = Hub("http://127.0.0.1:9", pause_s=0)
    with pytest.raises(NarratedError, match=r"Could not reach http://127\.0\.0\.1:9") as error:
        pull(find_model(NAME), store, nowhere, RecordingObserver())
    assert "same command" in error.value.remedy


@pytest.mark.parametrize("endpoint", ["hub.example", "http://hub.example:port"])
def test_malformed_endpoint(endpoint: str, store: ModelStore) -> None:
    """A malformed HF_ENDPOINT is an error that says so."""
    with pytest.raises(NarratedError, match="HF_ENDPOINT is not an address"):
        pull(find_model(NAME), store, Hub(endpoint, pause_s=0), RecordingObserver())


def test_not_a_hub(puller: Puller) -> None:
    """A server that is no hub is an error that says so."""
    puller.hub.page = b"<html>Log in to our network</html>"
    assert "does not answer like a hub" in refused(puller).problem
    puller.hub.page = b'{"id": "suno/bark-small", "sha": "../main"}'
    assert "names no commit" in refused(puller).problem


# The lock holds


def test_changed_large_file(puller: Puller) -> None:
    """Another large file at the locked commit is refused before any download."""
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


def test_changed_small_file(puller: Puller) -> None:
    """Another small file at the locked commit is refused."""
    locked = puller().locked
    puller.hub.repositories[NAME].commits[locked.commit]["vocab.txt"] = b"uno\ndue\n"
    puller.store.remove_file(NAME, "vocab.txt")
    assert "vocab.txt is another file" in refused(puller).problem
    assert "vocab.txt" not in puller.files


def test_file_gone_from_commit(puller: Puller) -> None:
    """A file that is gone from the locked commit is an error."""
    locked = puller().locked
    del puller.hub.repositories[NAME].commits[locked.commit]["vocab.txt"]
    puller.store.remove_file(NAME, "vocab.txt")
    assert "vocab.txt is no longer in it" in refused(puller).problem


def test_locked_commit_gone(puller: Puller) -> None:
    """The error names --update if the locked commit is gone."""
    locked = puller().locked
    del puller.hub.repositories[NAME].commits[locked.commit]
    puller.hub.commit(NAME, MODEL | {"vocab.txt": b"new"})
    puller.store.remove_file(NAME, "vocab.txt")
    error = refused(puller)
    assert f"no revision {locked.commit}" in error.problem
    assert "--update" in error.remedy


def test_failed_update(puller: Puller) -> None:
    """A failed update leaves the model and its lock unchanged."""
    first = puller()
    files = puller.files
    puller.hub.commit(NAME, MODEL | {"vocab.txt": b"new", WEIGHTS: b"y" * SIZE})
    puller.hub.damaged[WEIGHTS] = ALWAYS
    refused(puller, update=True)
    assert puller.files == files
    assert puller.store.locks()[NAME] == first.locked


# The disk


def test_no_room_for_the_model(puller: Puller) -> None:
    """The error comes before any download if the disk lacks room."""
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


def test_disk_fills_up(hub: LoopbackHub, puller: Puller, store: ModelStore) -> None:
    """A disk that fills up is an error, and the next pull resumes."""
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


def test_unwritable_folder(puller: Puller, store: ModelStore) -> None:
    """A model folder that cannot be written is an error."""
    store.path.parent.mkdir()
    store.path.write_text("a file stands where the folder should")
    with pytest.raises(StorageError, match="Cannot write"):
        puller()


def test_link_not_followed(puller: Puller, tmp_path: Path) -> None:
    """A link in place of an incomplete download is not followed."""
    puller.hub.cuts[WEIGHTS] = [250_000] + [0] * MAX_INTERRUPTIONS
    refused(puller)
    (part,) = (puller.store.path / PARTS_FOLDER / NAME).glob(f"{WEIGHTS}.*")
    part.unlink()
    part.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageError):
        puller()
    assert not (tmp_path / "elsewhere").exists()
