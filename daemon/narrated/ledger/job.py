"""A job: one version of one source on its way from the inbox to the outbox."""

import enum
from dataclasses import dataclass


class JobState(enum.StrEnum):
    """The stage of a job."""

    QUEUED = "queued"  # found, not read yet
    PLANNED = "planned"  # its script and chunks are written down
    SPEAKING = "speaking"  # being spoken and encoded
    PUBLISHING = "publishing"  # its files are going into the outbox
    DONE = "done"  # published in the outbox
    FAILED = "failed"  # cannot be narrated as it is; a note says why
    WAITING = "waiting"  # cannot go on now; resumes by itself
    SUPERSEDED = "superseded"  # a newer version, or the post that shows it, took its place
    REMOVED = "removed"  # its source is gone, or it was cancelled


class JobReason(enum.StrEnum):
    """The reason why a job waits, or was removed."""

    NONE = ""
    UNREADABLE = "unreadable"  # the source may not be opened
    ABSENT = "absent"  # the source or a file it needs is absent, and not reported deleted
    ENGINE = "engine"  # a voice, model or captioner is unavailable
    PARSER = "parser"  # no parser can be started
    STORAGE = "storage"  # the outbox, cache or state cannot be written
    REVIEW = "review"  # a person is to review its script
    UNWANTED = "unwanted"  # removed: `narrate: false` applies to it, or `since`


class JobCause(enum.StrEnum):
    """The event that created a job."""

    FOUND = "found"  # a new or changed source
    PICTURE = "picture"  # a picture of a post appeared or changed
    SETTINGS = "settings"  # a folder's settings or a lexicon appeared, changed or went
    SCRIPT = "script"  # its script file came, changed or went
    REFRESH = "refresh"  # the user asked for today's settings
    RESPEAK = "respeak"  # the user asked for another take
    CHECK = "check"  # the user asked to have its takes checked


KEEPS_PLAN = frozenset({JobCause.RESPEAK, JobCause.CHECK})
"""Causes of jobs that speak a published narration's own plan, or fail."""
OPEN = frozenset({JobState.QUEUED, JobState.PLANNED, JobState.SPEAKING, JobState.PUBLISHING})
ENDED = frozenset({JobState.SUPERSEDED, JobState.REMOVED})
_STOPPED = ENDED | {JobState.FAILED, JobState.WAITING}

LEGAL: dict[JobState, frozenset[JobState]] = {
    JobState.QUEUED: _STOPPED | {JobState.PLANNED},
    JobState.PLANNED: _STOPPED | {JobState.SPEAKING, JobState.PUBLISHING},
    JobState.SPEAKING: _STOPPED | {JobState.PUBLISHING, JobState.PLANNED},
    JobState.PUBLISHING: _STOPPED | {JobState.DONE, JobState.PLANNED},
    JobState.WAITING: ENDED | {JobState.QUEUED, JobState.PLANNED},
    JobState.FAILED: ENDED,
    JobState.DONE: ENDED,
    JobState.SUPERSEDED: frozenset(),
    JobState.REMOVED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Job:
    """One row of the ledger's jobs; `path` and `stem` are relative to inbox and outbox."""

    id: int
    path: str
    state: JobState
    cause: JobCause
    source_sha256: str
    size_bytes: int
    stem: str
    created_at: float
    changed_at: float
    reason: JobReason = JobReason.NONE
    problem: str = ""
    remedy: str = ""
    title: str = ""
    narration: str = ""
    """Digest of everything that decides the sound; empty until planned."""
    duration_s: float = 0.0

    @property
    def is_open(self) -> bool:
        return self.state in OPEN
