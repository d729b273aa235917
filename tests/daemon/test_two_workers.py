"""Two workers of one engine, with different voices or versions, in the whole program.

No configuration asks for them yet: a `sitecustomize` gives the daemon a second worker for each
engine, with the options that the test names.
"""

import json
import os
import signal
import textwrap
from pathlib import Path
from typing import Any

import pytest

from support import consistency
from support.daemon import TESTS, Daemon, toy, wait

SECOND_WORKER = """
    import json, os, sys
    from dataclasses import replace

    if "narrated.cli.main" in sys.orig_argv:
        from narrated.config import worker_specs

        one_of_each = worker_specs.worker_specs
        options = json.loads(os.environ["SECOND_WORKER"])

        def two_of_each(config):
            for spec in one_of_each(config):
                yield spec
                engines = [
                    replace(each, options={**each.options, **options.get(each.name, {})})
                    for each in spec.engines
                ]
                yield replace(spec, name=f"{spec.name}-second", engines=tuple(engines))

        worker_specs.worker_specs = lambda config, hearing="": tuple(two_of_each(config))
"""


def _post(title: str, parts: int, front: str = "") -> str:
    words = [f"Part {number} of {title}." for number in range(parts)]
    return front + "\n\n".join([f"# {title}", *words])


@pytest.fixture
def daemon(tmp_path: Path) -> Any:
    """A daemon whose `start_with` takes the second worker's options of the toy."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(textwrap.dedent(SECOND_WORKER))
    options = {"rows": 1, "log": str(tmp_path / "first.txt"), "held": str(tmp_path / "held")}
    started = Daemon(tmp_path, **toy(tmp_path, **options))

    def start_with(**options: Any) -> Daemon:
        daemon_folder = TESTS.parent / "daemon"
        started.start(
            "env",
            PYTHONPATH=f"{site}:{daemon_folder}:{TESTS}",
            SECOND_WORKER=json.dumps({"toy": options}),
        )
        wait(lambda: [each["state"] for each in _workers(started)] == ["ready"] * 2)
        return started

    yield start_with
    started.stop()


def _workers(daemon: Daemon) -> list[dict[str, Any]]:
    return list(daemon.status()["workers"])


def _spoken(home: Path, name: str) -> str:
    path = home / f"{name}.txt"
    return path.read_text() if path.exists() else ""


def _in_flight(daemon: Daemon) -> list[int]:
    return [each["in_flight"] for each in _workers(daemon)]


def test_versions_are_not_mixed(daemon: Any, tmp_path: Path) -> None:
    """Each post is spoken by one version of the engine alone, also while its worker restarts."""
    running = daemon(log=str(tmp_path / "second.txt"), voices=["second"])
    (tmp_path / "held").touch()
    first = {f"first-{n}": _post(f"First {n}", 12) for n in range(3)}
    second = {f"second-{n}": _post(f"Second {n}", 12, "---\nvoice: second\n---\n") for n in (1, 2)}
    for stem, text in (first | second).items():
        running.drop(f"{stem}.md", text)
    wait(lambda: _in_flight(running) == [1, 1], lambda: running.log)
    os.kill(_workers(running)[0]["pid"], signal.SIGKILL)
    (tmp_path / "held").unlink()
    for stem, text in (first | second).items():
        running.published(stem, text)
    assert "Second" not in _spoken(tmp_path, "first")
    assert "First" not in _spoken(tmp_path, "second")
    assert _spoken(tmp_path, "first").count("Part") == 36
    assert _spoken(tmp_path, "second").count("Part") == 24
    running.wait_idle()
    consistency.verify(running)


def test_equal_workers_share_a_post(daemon: Any, tmp_path: Path) -> None:
    """Two workers of one version speak the parts of a post side by side, each part once."""
    running = daemon()
    (tmp_path / "held").touch()
    running.drop("shared.md", _post("Shared", 6))
    wait(lambda: _in_flight(running) == [1, 1], lambda: running.log)
    (tmp_path / "held").unlink()
    running.published("shared", _post("Shared", 6))
    assert _spoken(tmp_path, "first").count("Part") == 6
