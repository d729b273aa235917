"""Two real Syncthings: posts go to the box, narrations come back, as the documentation has it."""

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.daemon import Daemon, files_below, running, wait
from support.published import stems
from support.syncthing import MISSING, Peer, Shared, syncing

pytestmark = [pytest.mark.peers, pytest.mark.skipif(bool(MISSING), reason=MISSING)]

PATIENCE_S = 60.0
EARLIER = [f"earlier/{number:03}" for number in range(50)]
"""Posts that the laptop has before it meets the box."""


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
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        self.laptop.scan("inbox")

    def wait_on_the_laptop(self, folder: str, *names: str) -> None:
        """Wait until exactly these narrations of a folder, each whole, are on the laptop."""
        expected = {f"{folder}/{name}" for name in names}

        def came() -> bool:
            self.box.scan("outbox")
            return self.heard(folder) == expected and all(map(self.whole, expected))

        wait(came, lambda: f"not {names} but {self.files}:\n{self.daemon.log}", PATIENCE_S)

    def wait_on_the_box(self, name: str, text: str) -> None:
        """Wait until a post lies in the inbox with this content."""
        path = self.daemon.inbox / name
        wait(lambda: path.exists() and path.read_text() == text, patience_s=PATIENCE_S)

    def wait_published(self, stem: str, text: str) -> None:
        """Wait until the narration of this content stands in the outbox."""
        self.wait_on_the_box(f"{stem}.md", text)
        self.daemon.published(stem, text)

    @property
    def files(self) -> set[str]:
        return files_below(self.narrations)

    def heard(self, folder: str) -> set[str]:
        names = {name.removesuffix(".mp3") for name in self.files if name.endswith(".mp3")}
        return {name for name in names if name.startswith(f"{folder}/")}

    def whole(self, name: str) -> bool:
        """True if the box's manifest is on the laptop, with every file that it names."""
        path, on_the_box = (each / f"{name}.json" for each in (self.narrations, self.daemon.outbox))
        if not (path.exists() and on_the_box.exists()):
            return False
        if path.read_bytes() != on_the_box.read_bytes():
            return False
        outputs = {each["name"]: each["sha256"] for each in json.loads(path.read_text())["outputs"]}
        files = {each: path.parent / each for each in outputs}
        return {".mp3", ".vtt", ".srt"} < {Path(each).suffix for each in outputs} and all(
            file.exists() and hashlib.sha256(file.read_bytes()).hexdigest() == outputs[each]
            for each, file in files.items()
        )


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    home = tmp_path_factory.mktemp("pair")
    posts, narrations = home / "posts", home / "narrations"
    for stem in EARLIER:
        (posts / stem).parent.mkdir(parents=True, exist_ok=True)
        (posts / f"{stem}.md").write_text(f"# {stem}\n")
    with running(home) as daemon:
        (daemon.outbox / ".stignore").write_text("(?d).narrated-*.tmp\n")
        folders = {
            "inbox": Shared(posts, daemon.inbox, "sendonly", "receiveonly", keeps_versions=True),
            "outbox": Shared(narrations, daemon.outbox, "receiveonly", "sendonly"),
        }
        with syncing(home / "syncthing", folders) as (laptop, box):
            pair = Pair(daemon, posts, narrations, laptop, box)
            for stem in EARLIER:
                daemon.manifest(stem, PATIENCE_S)
            pair.wait_on_the_laptop("earlier", *(Path(stem).name for stem in EARLIER))
            yield pair


def test_first_sync_narrated_once(pair: Pair, figure: Callable[[str], None]) -> None:
    """Files that the laptop had before it met the box are narrated once."""
    for stem in EARLIER:
        manifest = pair.daemon.published(stem, (pair.posts / f"{stem}.md").read_bytes())
        assert manifest["source"]["path"] == f"{stem}.md"
        assert pair.daemon.history(f"{stem}.md") == ["done"]
    assert len(pair.daemon.spoken) == len({*pair.daemon.spoken}) == len(EARLIER)
    figure(f"{len(EARLIER)} posts, {len(pair.daemon.spoken)} chunks spoken, none twice")


def test_narration_follows_synced_post(pair: Pair, figure: Callable[[str], None]) -> None:
    """A post is synced edited renamed and deleted and its narration follows."""
    saved = time.monotonic()
    began = len(pair.daemon.spoken)
    pair.write("travel/lisbon.md", "# Lisbon\n\nThe first paragraph.\n\nThe second one.\n")
    pair.wait_on_the_laptop("travel", "lisbon")
    figure(f"{time.monotonic() - saved:.1f} s from the save to the sound, both on the laptop")
    spoken = ["Lisbon", "The first paragraph.", "The second one."]
    assert pair.daemon.spoken[began:] == spoken

    edited = "# Lisbon\n\nThe first paragraph.\n\nThe second one, edited.\n"
    pair.write("travel/lisbon.md", edited)
    pair.wait_published("travel/lisbon", edited)
    pair.wait_on_the_laptop("travel", "lisbon")
    assert pair.daemon.spoken[began:] == [*spoken, "The second one, edited."]

    (pair.posts / "travel/lisbon.md").rename(pair.posts / "travel/porto.md")
    pair.laptop.scan("inbox")
    pair.wait_on_the_laptop("travel", "porto")
    moved = pair.daemon.published("travel/porto", edited)
    assert moved["source"]["path"] == "travel/porto.md"
    assert pair.daemon.history("travel/porto.md") == ["done"]
    assert pair.daemon.history("travel/lisbon.md") == ["superseded", "superseded"]
    assert len(pair.daemon.spoken) == began + 4

    (pair.posts / "travel/porto.md").unlink()
    pair.laptop.scan("inbox")
    wait(lambda: not (pair.daemon.inbox / "travel/porto.md").exists(), patience_s=PATIENCE_S)
    pair.write("travel/after.md", "# After\n\nWhat comes after.\n")
    pair.wait_on_the_laptop("travel", "porto", "after")
    assert pair.daemon.history("travel/porto.md") == ["done"]
    assert pair.daemon.spoken[began + 4 :] == ["After", "What comes after."]
    assert not any(".narrated-" in name or "sync-conflict" in name for name in pair.files)


def test_old_versions_are_never_read(pair: Pair, figure: Callable[[str], None]) -> None:
    """Older versions that Syncthing keeps are never read."""
    for text in ("# Kept\n\nBefore.\n", "# Kept\n\nAfter.\n"):
        pair.write("kept/post.md", text)
        pair.wait_published("kept/post", text)
    (pair.posts / "kept/post.md").unlink()
    pair.write("kept/last.md", "# Last\n")
    pair.wait_published("kept/last", "# Last\n")
    wait(lambda: not (pair.daemon.inbox / "kept/post.md").exists(), patience_s=PATIENCE_S)
    kept = [*(pair.daemon.inbox / ".stversions/kept").glob("post~*.md")]
    assert kept
    figure(f"{len(kept)} older versions lie there")
    assert stems(name for name in pair.daemon.files if "kept" in name) == {"post", "last"}
    assert not any(".stversions" in name or "~" in name for name in pair.daemon.files)


def test_empty_synced_post_waits(pair: Pair, figure: Callable[[str], None]) -> None:
    """A post that is synced while it is still empty is narrated when it has words."""
    pair.write("notes/idea.md", "")
    pair.wait_on_the_box("notes/idea.md", "")
    wait(lambda: ["notes/idea.md", "empty"] in pair.daemon.status()["arriving"])
    assert pair.daemon.history("notes/idea.md") == []
    saved = time.monotonic()
    pair.write("notes/idea.md", "# Idea\n\nNow there are words.\n")
    pair.wait_on_the_laptop("notes", "idea")
    figure(f"{time.monotonic() - saved:.1f} s from its first words to the sound on the laptop")
    assert pair.daemon.history("notes/idea.md") == ["done"]
    assert pair.daemon.spoken.count("Now there are words.") == 1


def test_script_is_reviewed_on_laptop(pair: Pair, figure: Callable[[str], None]) -> None:
    """A script comes to the laptop, goes back edited, and is what is heard there."""
    pair.write("review/.narrated.yaml", "review: true\n")
    pair.wait_on_the_box("review/.narrated.yaml", "review: true\n")  # files come in any order
    pair.write("review/post.md", "# Reviewed\n\nThe rough words.\n\nThe kept words.\n")
    began = len(pair.daemon.spoken)
    script = pair.narrations / "review/post.script.md"

    def came() -> bool:
        pair.box.scan("outbox")
        return script.exists()

    wait(came, lambda: f"{pair.files}:\n{pair.daemon.log}", PATIENCE_S)
    assert pair.daemon.spoken[began:] == []
    saved = time.monotonic()
    pair.write("review/post.script.md", script.read_text().replace("rough", "polished"))
    pair.wait_on_the_laptop("review", "post")
    figure(f"{time.monotonic() - saved:.1f} s from the edited script to the sound on the laptop")
    assert pair.daemon.spoken[began:] == ["Reviewed", "The polished words.", "The kept words."]

    def went() -> bool:
        pair.box.scan("outbox")
        return not script.exists()

    wait(went, lambda: f"{pair.files}:\n{pair.daemon.log}", PATIENCE_S)


def test_phone_gets_sound_and_covers(pair: Pair) -> None:
    """By the documented patterns a phone gets sound and covers of each folder, and nothing else."""
    recipe = (Path(__file__).parents[2] / "docs/syncing.md").read_text()
    patterns = re.findall(r"(?m)^ {7}(\S+)$", recipe.partition("## To a phone")[2])
    assert patterns[-1] == "*"
    pair.laptop.ignore("outbox", *patterns)
    try:
        pair.write("phone.md", "# At the root\n")
        pair.write("phone/deep/post.md", "# Deep\n\nIn a folder of a folder.\n")
        pair.daemon.manifest("phone/deep/post", PATIENCE_S)
        (pair.daemon.outbox / "phone/deep/folder.jpg").write_bytes(b"a cover")
        pair.daemon.manifest("phone", PATIENCE_S)
        wanted = {"phone.mp3", "phone/deep/post.mp3", "phone/deep/folder.jpg"}

        def came() -> bool:
            pair.box.scan("outbox")
            return wanted <= pair.files

        wait(came, lambda: f"{pair.files}:\n{pair.daemon.log}", PATIENCE_S)
        # What was to come with them has come before this one.
        pair.write("phone/later.md", "# Later\n")
        pair.daemon.manifest("phone/later", PATIENCE_S)
        wanted.add("phone/later.mp3")
        wait(came, lambda: f"{pair.files}:\n{pair.daemon.log}", PATIENCE_S)
        assert {name for name in pair.files if name.startswith("phone")} == wanted
    finally:
        pair.laptop.ignore("outbox")


@pytest.mark.parametrize(
    ("name", "temporary"),
    [
        ("blocks", r"\.syncthing\.blocks\.md\.tmp"),
        ("long" * 52, r"\.syncthing\.[0-9a-f]{64}\.tmp"),
    ],
    ids=["usual", "long"],
)
def test_post_in_blocks_narrated_once(
    pair: Pair, name: str, temporary: str, figure: Callable[[str], None]
) -> None:
    """A post that comes block by block is narrated once when it is whole.

    Its temporary has its full size from the start.
    """
    stem = f"{name[:6]}/{name}"
    first, last = f"The first of {name[:6]}.", f"The last of {name[:6]}."
    padding = "".join(
        f"Nobody hears line {n} of {name[:6]}, which is long.\n" for n in range(60_000)
    )
    text = f"# Of {name[:6]}\n\n{first}\n\n<!--\n{padding}-->\n\n{last}\n"
    folder = pair.daemon.inbox / name[:6]

    def coming() -> list[int]:
        found = folder.iterdir() if folder.exists() else ()
        return [_size(path) for path in found if re.fullmatch(temporary, path.name)]

    pair.box.slow_down(1500)
    try:
        pair.write(f"{stem}.md", text)
        wait(lambda: len(text) in coming(), lambda: pair.daemon.log, PATIENCE_S)
        began = time.monotonic()
        assert pair.daemon.history(f"{stem}.md") == []
        wait(lambda: not coming(), patience_s=PATIENCE_S)
        lingered_s = time.monotonic() - began
    finally:
        pair.box.slow_down(0)
    pair.wait_published(stem, text)
    pair.wait_on_the_laptop(name[:6], name)
    assert pair.daemon.history(f"{stem}.md") == ["done"]
    heard = [said for said in pair.daemon.spoken if said.endswith(f"of {name[:6]}.")]
    assert heard == [first, last]
    figure(f"{len(text)} bytes lingered under a temporary name for {lingered_s:.1f} s")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def test_sync_conflict_is_reported(pair: Pair, figure: Callable[[str], None]) -> None:
    """A file edited on both sides is reported as a conflict and its copy not read."""
    for peer in (pair.laptop, pair.box):
        peer.set_type("inbox", "sendreceive")
    pair.write("both/post.md", "# Both\n\nAs it was.\n")
    pair.wait_published("both/post", "# Both\n\nAs it was.\n")

    pair.laptop.pause(pair.box)
    pair.box.pause(pair.laptop)
    pair.write("both/post.md", "# Both\n\nAs the laptop has it.\n")
    (pair.daemon.inbox / "both/post.md").write_text("# Both\n\nAs the box has it.\n")
    pair.box.scan("inbox")
    pair.laptop.resume(pair.box)
    pair.box.resume(pair.laptop)
    met = time.monotonic()

    wait(lambda: pair.daemon.status()["conflicts"], lambda: pair.daemon.log, PATIENCE_S)
    figure(f"told {time.monotonic() - met:.1f} s after the two met again")
    (copy,) = pair.daemon.status()["conflicts"]
    assert copy.startswith("both/post.sync-conflict-")
    assert (pair.daemon.inbox / copy).exists()
    pair.wait_published("both/post", (pair.posts / "both/post.md").read_text())
    pair.wait_on_the_laptop("both", "post")
    assert pair.daemon.history(copy) == []
    assert stems(name for name in pair.daemon.files if "both" in name) == {"post"}
    status = pair.daemon.outbox / "narrated.status.txt"
    wait(lambda: copy in status.read_text(), lambda: pair.daemon.log)
    assert len(pair.daemon.spoken) == len({*pair.daemon.spoken})
