"""Drafts and posts of a date in the future: found, and held back until they are published."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from narrated.errors import NarratedError
from narrated.jobs.post_dates import day_in_path
from narrated.jobs.publication_times import midnight_s, publication_s
from narrated.printable import printable
from narrated.script.script import Draft

DRAFTS_FOLDER = "_drafts"
"""The folder of drafts in Jekyll, Hexo and Bridgetown."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a post is held back, as the end of a sentence, and until when."""

    why: str
    due_at: float | None = None
    """Seconds since the epoch; None if only the source can change it."""


class HeldBack(NarratedError):
    """A post is a draft, or its date is to come."""

    def __init__(self, hold: Hold, shown: Mapping[str, str]) -> None:
        super().__init__(f"It is held back: {hold.why}.")
        self.hold = hold
        self.shown = shown
        """Its pictures: they are held back with it."""


def find_hold(path: str, draft: Draft) -> Hold | None:
    """Return why a post would be held back now; None if it is published."""
    if draft.is_blank or not draft.narrate:
        return None
    if draft.draft_mark:
        return Hold(f"its front matter says {printable(draft.draft_mark)}")
    if lies_among_drafts(path):
        return Hold(f"it lies in a folder `{DRAFTS_FOLDER}`")
    due_at = _publication_s(path, draft)
    if due_at is None or due_at <= time.time():
        return None
    return Hold(f"its date is {_shown(due_at)}, which is to come", due_at)


def lies_among_drafts(path: str) -> bool:
    """True if a file's folder, or one above it, is a folder of drafts."""
    return DRAFTS_FOLDER in path.split("/")[:-1]


def held_back_error(path: str, why: str) -> NarratedError:
    """Return the error for a command about a post that is held back."""
    return NarratedError(
        f"{printable(path)} is held back: {why}.",
        "It is narrated once it is published. To have drafts narrated, set "
        "`reading: {drafts: narrate}` in the configuration, and run `narrated reload`.",
    )


def _publication_s(path: str, draft: Draft) -> float | None:
    """The time of publication, as written in the post or in its path."""
    if draft.kind == "picture":
        return None
    for written in filter(None, (draft.publish_at, draft.date)):
        if (written_s := publication_s(written)) is not None:
            return written_s
    day = day_in_path(path)
    return None if day is None else midnight_s(day)


def _shown(due_at: float) -> str:
    try:
        moment = datetime.fromtimestamp(due_at)
    except (OverflowError, OSError, ValueError):
        return "in the far future"
    return f"{moment:%Y-%m-%d %H:%M}".removesuffix(" 00:00")
