"""Reloads that overlap, as of SIGHUP and `narrated reload`."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from narrated.config.file import scratch_config
from narrated.config.values import Config
from narrated.service import config_reload
from narrated.service.config_reload import ConfigReload


class Inboxes:
    """The feed of the inbox, each of whose parts takes a while."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    async def replace(self, config: Config, begin: Callable[[], None]) -> None:
        self.steps.append("stop")
        await asyncio.sleep(0.01)
        begin()
        self.steps.append("start")


class App:
    """An app whose configuration has another `scan` at each reading."""

    def __init__(self, home: Path) -> None:
        self.config = scratch_config(None, home, home)
        self.state_disk = SimpleNamespace(run=self._read_again)
        self.overlaps = SimpleNamespace(look=_compare)
        self.sound_files = SimpleNamespace(check=_compare)
        self._readings = 0

    async def apply(self, config: Config) -> None:
        self.config = config

    async def _read_again(self, call: object, earlier: Config) -> Config:
        self._readings += 1
        return msgspec.structs.replace(earlier, scan=10.0 + self._readings)


async def _compare(what: object) -> None:
    """No folders overlap, and all sound files are fine."""


async def _resume(*reasons: object) -> None:
    """No job waits."""


def test_reloads_follow_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each reload ends before the next begins: otherwise an inbox is opened that nobody stops."""
    monkeypatch.setattr(config_reload.log, "setLevel", lambda level: None)
    inboxes = Inboxes()
    ingest = SimpleNamespace(status=SimpleNamespace(begin_again=lambda: None))
    parts: list[Any] = [App(tmp_path), ingest, inboxes, SimpleNamespace(resume=_resume), None]
    reload = ConfigReload(*parts)

    async def overlap() -> None:
        await asyncio.gather(*(reload.reload() for _ in range(3)))

    asyncio.run(overlap())
    assert inboxes.steps == ["stop", "start"] * 3
