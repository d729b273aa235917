"""Events of jobs, and their dispatcher: each event is delivered once the ledger has committed."""

import logging
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from narrated.ledger.database import Database
from narrated.ledger.job import Job
from narrated.outbox.manifest_takes import ManifestTakes

log = logging.getLogger("narrated")


class JobReady(msgspec.Struct, frozen=True):
    """A job was created, or may continue: run it."""

    job: Job


class JobStopped(msgspec.Struct, frozen=True):
    """The ledger has ended a job, so its task must end too."""

    job: Job


class JobFailed(msgspec.Struct, frozen=True):
    """A version of a source cannot be narrated; a note says why."""

    job: Job


class PicturesShown(msgspec.Struct, frozen=True):
    """A post was planned, and shows these pictures (inbox paths)."""

    post: str
    pictures: tuple[str, ...]


class PicturesReleased(msgspec.Struct, frozen=True):
    """A post was planned, and shows these pictures (inbox paths) no longer."""

    post: str
    pictures: tuple[str, ...]


class Published(msgspec.Struct, frozen=True):
    """A new narration is in the outbox, with its manifest; the job is done."""

    job: Job
    engine: str
    """The engine of the narrator's voice."""
    takes: ManifestTakes | None = None
    """Verdicts on its takes; None if they were not checked."""


class CarriedOver(msgspec.Struct, frozen=True):
    """A narration was kept: `job` has the same words as `older`, and is done with its files."""

    job: Job
    older: Job
    takes: ManifestTakes | None = None
    """Verdicts on its takes, if this job checked them."""


class Withdrawn(msgspec.Struct, frozen=True):
    """A narration was removed from the outbox."""

    job: Job
    reason: str


class Moved(msgspec.Struct, frozen=True):
    """The source of `older` is now that of `job`; another file may stand at the old path."""

    older: Job
    job: Job


class FolderSettingsChanged(msgspec.Struct, frozen=True):
    """The settings of a folder (the inbox path of their file) came, changed or went."""

    path: str


class SourceRemoved(msgspec.Struct, frozen=True):
    """The daemon archived or deleted a source (its inbox path), or found it removed."""

    path: str


class SourceReturned(msgspec.Struct, frozen=True):
    """A source (its inbox path) came back while its narration was being withdrawn or moved."""

    path: str


EventT = TypeVar("EventT")
Listener = Callable[[EventT], object]


class EventDispatcher:
    """Delivers events to listeners, in the order of publication, after the ledger's commit.

    If the transaction is rolled back, its events are dropped. If a listener raises, the error is
    logged, and the other listeners still run. A listener runs in the daemon's event loop: one that
    waits for something starts a task of its own.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._listeners: defaultdict[type, list[Listener[Any]]] = defaultdict(list)
        self._pending: deque[object] = deque()
        self._is_delivering = False

    def subscribe(self, kind: type[EventT], listener: Listener[EventT]) -> None:
        """Call the listener with each event of this class."""
        self._listeners[kind].append(listener)

    def publish(self, event: object) -> None:
        """Deliver an event after the open transaction, or at once if none is open."""
        self._database.afterwards(lambda: self._deliver(event))

    def _deliver(self, event: object) -> None:
        self._pending.append(event)
        if self._is_delivering:  # a listener published it: its turn comes after the current event
            return
        self._is_delivering = True
        try:
            while self._pending:
                self._call_listeners(self._pending.popleft())
        finally:
            self._is_delivering = False

    def _call_listeners(self, event: object) -> None:
        for listener in self._listeners[type(event)]:
            try:
                listener(event)
            except Exception:  # a listener is no part of the work that it is told about
                log.exception("A listener failed on the event %s.", type(event).__name__)
