"""A daemon with boxes, each a `narrated worker` behind a socket."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support import disk
from support.daemon import Daemon, running, toy, wait
from workers.boxes import Box
from workers.support import ENGINES

OTHER_TOY = """
import runpy

usual = runpy.run_path({toy!r})

def load(options, context):
    engine = usual["load"]({{**options, "log": {log!r}}}, context)
    engine.identity = "another version"
    return engine
"""


@contextmanager
def _serving(box: Box) -> Iterator[Box]:
    """Serve a box in a thread of its own."""
    loop = asyncio.new_event_loop()
    task = loop.create_task(box.serve())

    def serve() -> None:
        loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
        loop.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield box
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()
        box.end()


def _settings(home: Path, *boxes: Box, **options: Any) -> dict[str, Any]:
    """Have boxes speak by the toy, and this machine by none."""
    each = {box.name: {"socket": str(box.socket), "engines": ["toy"]} for box in boxes}
    return {**toy(home, **options), "boxes": each, "workers": {"only_boxes": ["toy"]}}


def _ready(daemon: Daemon) -> list[str]:
    return [each["name"] for each in daemon.status()["workers"] if each["state"] == "ready"]


def _post(title: str, parts: int) -> str:
    return "\n\n".join([f"# {title}", *(f"Part {number} of {title}." for number in range(parts))])


def test_other_version_speaks_nothing(tmp_path: Path) -> None:
    """Of two versions of an engine one speaks a post; the status says which box does not."""
    good, other = Box(tmp_path / "good", "good"), Box(tmp_path / "other", "other")
    log, usual = tmp_path / "other.txt", f"{ENGINES}/toy.py"
    (tmp_path / "other/toy.py").write_text(OTHER_TOY.format(toy=usual, log=str(log)))
    other.load_from(tmp_path / "other")
    with _serving(good), _serving(other):
        settings = _settings(tmp_path, good, other, rows=1)
        with running(tmp_path, **settings) as daemon:
            wait(lambda: {"good", "other"} <= {*_ready(daemon)}, lambda: daemon.log)
            post = _post("Shared", 12)
            daemon.drop("shared.md", post)
            daemon.published("shared", post)
            notices = daemon.status()["notices"]
    assert any("The engine `toy` of other is not the one of good" in each for each in notices)
    assert sum("Part" in text for text in daemon.spoken) == 12
    assert not log.exists()


def test_fatal_text_on_a_box(tmp_path: Path) -> None:
    """A text that ends the engine on a box is refused after its tries; other posts go on."""
    box = Box(tmp_path / "box", "box2")
    with _serving(box), running(tmp_path, **_settings(tmp_path, box)) as daemon:
        daemon.drop("fatal.md", "DIE")
        daemon.drop("good.md", "Good words.")
        daemon.published("good", "Good words.")
        note = daemon.note("fatal")
    assert "The worker of `toy` died 3 times at this chunk: The worker box2" in note


def test_full_disk_of_a_box(tmp_path: Path) -> None:
    """A box that cannot keep the voices is named; once it has them, it works on a full disk."""
    (tmp_path / "state/voices").mkdir(parents=True)
    (tmp_path / "state/voices/ann.txt").write_text("Ann's clip" * 1000)
    with disk.small(tmp_path / "box/cache", 64) as full, _serving(Box(tmp_path / "box")) as box:
        full.fill()
        with running(tmp_path, **_settings(tmp_path, box, own_voices=True)) as daemon:
            daemon.drop("post.md", "---\nvoice: ann\n---\nSome words.")

            def problem() -> str:
                return str(daemon.status()["workers"][-1]["problem"])

            wait(lambda: "No space left" in problem(), lambda: daemon.log)
            assert "voices-of-daemons" in problem()
            full.empty()
            assert daemon.manifest("post")["voice"] == "ann"
            full.fill()
            box.processes[-1].kill()
            box.processes[-1].wait()
            daemon.drop("later.md", "---\nvoice: ann\n---\nOther words.")
            assert daemon.manifest("later")["voice"] == "ann"
