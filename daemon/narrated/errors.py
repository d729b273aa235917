"""Errors, each written for the person who will read it."""

from collections.abc import Sequence


class NarratedError(Exception):
    """Something went wrong that a person can understand and mend.

    `problem` says what was wrong, `remedy` what to do about it (may be empty).
    """

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.problem} {self.remedy}".strip()


class ConfigurationError(NarratedError):
    """The configuration cannot be used; the message names the key and the remedy."""


class SourceError(NarratedError):
    """A source file cannot be narrated as it is: its own fault, and final until it changes."""


class SourceUnreadable(NarratedError):
    """A source file may not be opened; it waits, and goes on when its rights are mended."""


class SourceAbsent(NarratedError):
    """A file of the inbox is not there; who needs it waits until it is, or the inbox misses it."""


class EngineError(NarratedError):
    """An engine could not speak or describe this one piece; the worker is well."""


class OutOfMemory(EngineError):
    """The device had no room for a step; its rows are as they were, and may be tried again.

    `rows` are those that the step worked on; empty where it cannot be told.
    """

    def __init__(self, problem: str, remedy: str = "", rows: Sequence[str] = ()) -> None:
        super().__init__(problem, remedy)
        self.rows = tuple(rows)


class DeviceLost(NarratedError):
    """The device's context is broken for this process; only a fresh one can go on."""


class FailedAmongOthers(EngineError):
    """An engine raised while it worked on several pieces; it may be another one's fault."""


class EngineUnavailable(NarratedError):
    """An engine or voice is not to be had now; what needs it waits."""


class WorkerLost(NarratedError):
    """The worker died or fell silent while it held this piece."""


class StorageError(NarratedError):
    """The outbox, cache or state cannot be written (full, read-only, gone); work waits."""


class AlreadyRunning(NarratedError):
    """Another daemon works on this state directory; the message names it."""
