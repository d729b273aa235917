"""Two real Syncthings: posts go to the box, narrations come back, as the documentation has it."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.daemon import Daemon, running, wait
from support.syncthing import MISSING, Peer, Shared, syncing

pytestmark = [pytest.mark.peers, pytest.mark.skipif(bool(MISSING), reason=MISSING)]

PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Pair:
    """A laptop and a box, where the daemon is."""

    daemon: Daemon
    posts: Path
    narrations: Path
    laptop: Peer
    box: Peer

    def write(self, name: str, text: str) -> None:
        """Save a post on the laptop."""
        path = self.posts / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        self.laptop.scan("inbox")

    def wait_on_the_laptop(self, *names: str) -> None:
        """Wait until exactly these narrations, each whole, and nothing else are on the laptop."""

        def came() -> bool:
            self.box.scan("outbox")
            return self.heard == set(names) and all(self.whole(name) for name in names)

        wait(came, lambda: f"not {names} but {self.files}:\n{self.daemon.log}", PATIENCE_S)

    @property
    def files(self) -> set[str]:
        found = (path for path in self.narrations.rglob("*") if path.is_file())
        return {str(path.relative_to(self.narrations)) for path in found}

    @property
    def heard(self) -> set[str]:
        return {name.removesuffix(".mp3") for name in self.files if name.endswith(".mp3")}

    def whole(self, name: str) -> bool:
        """Whether the box's manifest is on the laptop, with every file that it names."""
        path, on_the_box = (each / f"{name}.json" for each in (self.narrations, self.daemon.outbox))
        if not (path.exists() and on_the_box.exists()):
            return False
        if path.read_bytes() != on_the_box.read_bytes():
            return False
        outputs = {each["name"]: each["sha256"] for each in json.loads(path.read_text())["outputs"]}
        files = {each: path.parent / each for each in outputs}
        return {Path(each).suffix for each in outputs} == {".mp3", ".vtt"} and all(
            file.exists() and hashlib.sha256(file.read_bytes()).hexdigest() == outputs[each]
            for each, file in files.items()
        )


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    home = tmp_path_factory.mktemp("pair")
    posts, narrations = home / "posts", home / "narrations"
    with running(home) as daemon:
        (daemon.outbox / ".stignore").write_text("(?d).narrated-*.tmp\n")
        folders = {
            "inbox": Shared(posts, daemon.inbox, "sendonly", "receiveonly"),
            "outbox": Shared(narrations, daemon.outbox, "receiveonly", "sendonly"),
        }
        with syncing(home / "syncthing", folders) as (laptop, box):
            yield Pair(daemon, posts, narrations, laptop, box)


def test_a_post_is_synced_edited_renamed_and_deleted_and_its_narration_follows(pair: Pair) -> None:
    pair.write("travel/lisbon.md", "# Lisbon\n\nThe first paragraph.\n\nThe second one.\n")
    pair.wait_on_the_laptop("travel/lisbon")
    assert pair.daemon.spoken == ["Lisbon", "The first paragraph.", "The second one."]

    edited = "# Lisbon\n\nThe first paragraph.\n\nThe second one, edited.\n"
    pair.write("travel/lisbon.md", edited)
    pair.daemon.published("travel/lisbon", edited)
    pair.wait_on_the_laptop("travel/lisbon")
    assert pair.daemon.spoken[3:] == ["The second one, edited."]

    (pair.posts / "travel/lisbon.md").rename(pair.posts / "travel/porto.md")
    pair.laptop.scan("inbox")
    pair.wait_on_the_laptop("travel/porto")
    assert len(pair.daemon.spoken) == 4

    (pair.posts / "travel/porto.md").unlink()
    pair.laptop.scan("inbox")
    wait(lambda: not (pair.daemon.inbox / "travel/porto.md").exists(), patience_s=PATIENCE_S)
    pair.write("after.md", "# After\n\nWhat comes after.\n")
    pair.wait_on_the_laptop("travel/porto", "after")
    assert pair.daemon.spoken[4:] == ["After", "What comes after."]
    assert not any(".narrated-" in name or "sync-conflict" in name for name in pair.files)
