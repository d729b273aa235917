"""The feed of the inbox's events, over a change of the configuration."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from narrated.errors import StorageError
from narrated.inbox.events import Event, FileReady, FileVanished, ScanFinished
from narrated.inbox.inbox import Inbox
from narrated.ledger.store import Ledger
from narrated.service import inbox_feed
from narrated.service.inbox_feed import InboxFeed
from support.inbox_with_ledger import InboxWithLedger

PATIENCE_S = 60.0


class Feed:
    """A feed whose events are held up until a gate opens, and then enter the ledger."""

    def __init__(self, place: InboxWithLedger) -> None:
        self.gate = asyncio.Event()
        self.config: Any = SimpleNamespace(inbox=place.inbox, settle=0.0, scan=0.2, ignore=())
        self.met: list[Event] = []
        self.refusals = 0
        """So many times the ledger refuses to be read."""
        self._ledger = place.ledger
        deferred: Any = SimpleNamespace(run=lambda operation: operation(), problem=None)
        self.feed = InboxFeed(self._read, deferred, self._handle, self._rest)

    async def replace(self) -> None:
        await self.feed.replace(self.config, lambda: None)

    async def _read(self, query: Callable[[Ledger], Inbox]) -> Inbox:
        if self.refusals:
            self.refusals -= 1
            raise StorageError("The ledger refuses.", "Wait.")
        return query(self._ledger)

    async def _rest(self) -> None:
        pass

    async def _handle(self, event: Event) -> Callable[[], None]:
        self.met.append(event)
        await self.gate.wait()
        return lambda: self._apply(event)

    def _apply(self, event: Event) -> None:
        if isinstance(event, FileReady):
            self._ledger.sources.record(event.path, event.signature, event.sha256)

    async def meet(self, is_met: Callable[[Event], bool]) -> None:
        deadline_s = time.monotonic() + PATIENCE_S
        while not any(map(is_met, self.met)):
            assert time.monotonic() < deadline_s, self.met
            await asyncio.sleep(0.01)


@pytest.fixture
def place(tmp_path: Path) -> Any:
    opened = InboxWithLedger(tmp_path)
    yield opened
    opened.close()


def _run(place: InboxWithLedger, story: Callable[[Feed], Awaitable[None]]) -> None:
    async def run() -> None:
        feed = Feed(place)
        await feed.feed.open(feed.config)
        feed.feed.start()
        try:
            await story(feed)
        finally:
            feed.feed.close()

    asyncio.run(run())


def test_reload_misses_what_is_under_way(place: InboxWithLedger) -> None:
    """A file whose report is under way, and that is deleted at a reload, is reported gone."""
    (place.inbox / "gone.md").write_text("It goes.\n")
    (place.inbox / "kept.md").write_text("It stays.\n")

    async def story(feed: Feed) -> None:
        await feed.meet(lambda event: isinstance(event, FileReady) and event.path == "gone.md")
        (place.inbox / "gone.md").unlink()
        replacing = asyncio.create_task(feed.replace())
        await asyncio.sleep(0.05)
        feed.gate.set()
        await replacing
        await feed.meet(lambda event: isinstance(event, FileVanished))

    _run(place, story)


def test_slow_ledger_delays_replacement(
    place: InboxWithLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long a report is under way at a reload, its file is missed if it is deleted.

    The reload does not wait for it; the next inbox does.
    """
    monkeypatch.setattr(inbox_feed, "ANSWER_S", 0.1)
    (place.inbox / "gone.md").write_text("It goes.\n")
    (place.inbox / "kept.md").write_text("It stays.\n")

    async def story(feed: Feed) -> None:
        await feed.meet(lambda event: isinstance(event, FileReady) and event.path == "gone.md")
        (place.inbox / "gone.md").unlink()
        await feed.replace()
        feed.gate.set()
        await feed.meet(lambda event: isinstance(event, FileVanished))

    _run(place, story)


def test_last_of_two_reloads_holds(place: InboxWithLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reload while the inbox of an earlier one is still to start gives it its configuration."""
    monkeypatch.setattr(inbox_feed, "ANSWER_S", 0.1)
    (place.inbox / "post.md").write_text("It stays.\n")

    async def story(feed: Feed) -> None:
        await feed.meet(lambda event: isinstance(event, FileReady))
        await feed.replace()
        feed.config = SimpleNamespace(**{**vars(feed.config), "ignore": ["*.txt"]})
        await feed.replace()
        (place.inbox / "ignored.txt").write_text("It is ignored.\n")
        feed.gate.set()
        (place.inbox / "later.md").write_text("It comes later.\n")
        await feed.meet(lambda event: isinstance(event, FileReady) and event.path == "later.md")
        await feed.meet(lambda event: isinstance(event, ScanFinished))
        assert not [each for each in feed.met if getattr(each, "path", "") == "ignored.txt"]

    _run(place, story)


def test_refused_ledger_is_asked_again(
    place: InboxWithLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An inbox that cannot be opened at a reload is opened once the ledger answers."""
    monkeypatch.setattr(inbox_feed, "REOPEN_S", 0.01)

    async def story(feed: Feed) -> None:
        feed.gate.set()
        await feed.meet(lambda event: isinstance(event, ScanFinished))
        feed.refusals = 3
        await feed.replace()
        (place.inbox / "post.md").write_text("It comes later.\n")
        await feed.meet(lambda event: isinstance(event, FileReady))
        assert not feed.refusals

    _run(place, story)
