"""A worker that hangs, eats memory, talks nonsense or dies costs the file that makes it so."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support import consistency
from support.daemon import TESTS, Daemon, running, toy, wait

PATIENCE_S = 60.0


def _post(title: str, *words: str) -> str:
    return "\n\n".join([f"# {title}", f"Fine words of {title}.", *words, f"The end of {title}."])


TROUBLE = {
    "nonsense": "sent a broken frame",
    "unknown": "sent a broken frame",
    "hang": "said nothing for 3 s while working and was killed",
    "die": "ended with exit status 7",
    "raise": "The engine raised ZeroDivisionError",
    "eat": "The engine raised MemoryError",
}
"""Words that the toy minds, and what is told of it."""


def test_misbehaviour_costs_one_file(tmp_path: Path, figure: Callable[[str], None]) -> None:
    """A misbehaving worker costs the file that provokes it, and no other file."""
    settings = {**toy(tmp_path, delay_s=0.02), "workers": {"silence": "3s"}, "settle": "50ms"}
    good = {f"good-{n}": _post(f"Good {n}") for n in range(4)}
    with running(tmp_path, **settings) as daemon:
        began = time.monotonic()
        for stem in TROUBLE:
            daemon.drop(f"{stem}.md", _post("Bad", f"It comes to {stem.upper()}."))
        for stem, text in good.items():
            daemon.drop(f"{stem}.md", text)
        for stem, told in TROUBLE.items():
            assert told in _note(daemon, stem)
        for stem, text in good.items():
            daemon.published(stem, text)
        daemon.wait_idle()
        restarts = sum(each["restarts"] for each in daemon.status()["workers"])
        figure(
            f"{len(TROUBLE)} bad files and {len(good)} good ones: {restarts} workers replaced, "
            f"all at its end after {time.monotonic() - began:.1f} s"
        )
        told = {held["path"]: held["problem"] for held in daemon.status()["failed"]}
        assert told.keys() == {f"{stem}.md" for stem in TROUBLE}
        assert all(TROUBLE[path.removesuffix(".md")] in told[path] for path in told)
        consistency.verify(daemon)
        for stem in TROUBLE:
            daemon.drop(f"{stem}.md", _post("Bad", f"{stem} comes to a good end."))
        for stem in TROUBLE:
            daemon.published(stem, _post("Bad", f"{stem} comes to a good end."))
        daemon.wait_idle()
        consistency.verify(daemon)


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        ("die_at_load", "it ended with exit status 9"),
        ("hang_at_load", "said nothing for 2 s while loading"),
    ],
)
def test_failed_load_delays_own_files(
    tmp_path: Path, trouble: str, told: str, figure: Callable[[str], None]
) -> None:
    """An engine that fails to load delays its own files; another engine's file is narrated."""
    broken = tmp_path / "broken"
    broken.touch()
    settings = toy(tmp_path, **{trouble: str(broken)})
    settings["engines"]["other"] = _in_a_worker_of_its_own(tmp_path)
    with running(tmp_path, **settings, workers={"load": "2s"}, settle="50ms") as daemon:
        daemon.drop("waits.md", _post("Waits"))
        other = f"---\nengine: other\nvoice: other\n---\n{_post('Well')}"
        daemon.drop("goes-on.md", other)
        daemon.published("goes-on", other)
        note = _note(daemon, "waits")
        assert "The worker engines does not start: " in note
        assert told in note
        assert "Run `narrated doctor`. The start is retried meanwhile." in note
        wait(lambda: daemon.status()["state"] == "waiting", lambda: daemon.log)
        (held,) = daemon.status()["waiting"]
        assert held["path"] == "waits.md"
        workers = {each["name"]: each for each in daemon.status()["workers"]}
        assert workers["engines"]["state"] == "restarting"
        assert told in workers["engines"]["problem"]
        assert workers["engines-1"]["state"] == "ready"
        broken.unlink()
        began = time.monotonic()
        daemon.published("waits", _post("Waits"))
        figure(f"narrated {time.monotonic() - began:.1f} s after its worker could load again")
        daemon.wait_idle()
        consistency.verify(daemon)


def _note(daemon: Daemon, stem: str) -> str:
    path = daemon.outbox / f"{stem}.error.txt"
    wait(path.exists, lambda: daemon.log, PATIENCE_S)
    return path.read_text()


def _in_a_worker_of_its_own(home: Path) -> dict[str, Any]:
    return {
        "module": "toy",
        "path": str(TESTS / "engines"),
        "python": sys.executable,
        "options": {"seconds_a_character": 0.005, "log": str(home / "other.txt")},
    }
