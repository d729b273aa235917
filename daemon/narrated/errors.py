"""Errors; each message names the problem and its remedy."""

from collections.abc import Sequence


class NarratedError(Exception):
    """A problem that the user can understand and mend.

    `problem` names what happened, `remedy` the act that mends it (may be empty).
    """

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.problem} {self.remedy}".strip()


class ConfigurationError(NarratedError):
    """The configuration is wrong; the message names the key and the remedy."""


class SourceError(NarratedError):
    """A source file cannot be narrated; its job fails until the file changes."""


class SourceBlank(SourceError):
    """A text has front matter alone: a site generator fills such a page, and it is left alone."""


class SourceTookTooLong(SourceError):
    """Parsing a source, or running its lexicon's patterns, took too long."""


class ParserUnavailable(NarratedError):
    """No parser can be started now; the jobs that need one wait."""


class SourceUnreadable(NarratedError):
    """narrated may not open a source file; its job waits until the permissions change."""


class SourceTooLarge(SourceError):
    """A source is larger than narrated reads."""


class SourceAbsent(NarratedError):
    """An inbox file is absent; its job waits until it returns or the scanner reports it deleted."""


class EngineError(NarratedError):
    """An engine failed on one request; the worker goes on."""


class OutOfMemory(EngineError):
    """The device had no memory for a step; its requests are unchanged and may be retried.

    `rows` are the ids of the step's requests; empty if unknown.
    """

    def __init__(self, problem: str, remedy: str = "", rows: Sequence[str] = ()) -> None:
        super().__init__(problem, remedy)
        self.rows = tuple(rows)


class DeviceLost(NarratedError):
    """The device's context is broken in this process; a new process must go on."""


class FailedAmongOthers(EngineError):
    """An engine raised on a batch; another request of the batch may be the cause."""


class EngineUnavailable(NarratedError):
    """An engine or voice is unavailable; its jobs wait."""


class EngineNotHeld(EngineUnavailable):
    """No worker holds an engine that a file names; `engine` is its name, empty if unknown."""

    engine = ""


class EngineReplaced(EngineUnavailable):
    """The engine or the voice is no longer the one that a request was planned for."""


class EngineLoading(NarratedError):
    """An engine has not answered yet; a job that needs it gives its place to others."""

    def __init__(self, engine: str) -> None:
        super().__init__(f"The engine '{engine}' is loading.")
        self.engine = engine


class TurnAwaited(NarratedError):
    """The parser or captioner that a job needs has enough to do.

    The job gives its place to others, and is run again when it is its turn.
    """


class EnginesResting(NarratedError):
    """No engine is asked in a break."""


class WorkerLost(NarratedError):
    """The worker died or hung while it held this request."""


class RequestNotBegun(WorkerLost):
    """The worker gave a request back, or was lost, before an engine began it."""

    weight = 1.0
    """As how much of a worker's death this counts against the request."""


class BoxLost(RequestNotBegun):
    """The way to a box broke while its worker held this request; no request is to blame."""

    weight = 0.1  # but one that takes a whole box down each time has to end


class StorageError(NarratedError):
    """The outbox, cache or state refuses writes (full, read-only, gone); jobs wait."""


class FolderLost(NarratedError):
    """State or cache was removed or replaced under a running daemon, which then ends."""


class NameRefused(NarratedError):
    """The outbox's file system does not take a name; its file needs another one, or fails."""

    def __init__(self, problem: str, remedy: str = "", *, is_too_long: bool = False) -> None:
        super().__init__(problem, remedy)
        self.is_too_long = is_too_long


class AlreadyRunning(NarratedError):
    """Another daemon uses this state folder or this outbox; the message names it."""
