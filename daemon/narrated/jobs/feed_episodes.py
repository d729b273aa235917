"""Published narrations as episodes: their dates, files and words, by their manifests."""

import math
import time
from contextlib import suppress
from datetime import datetime

from narrated.jobs.publication_times import publication_s
from narrated.ledger.job import Job
from narrated.outbox.manifest import Manifest
from narrated.podcast.episode import (
    Episode,
    TextBlock,
    chapters_of,
    language_of,
    marks_of,
    sound_of,
    transcripts_of,
)
from narrated.podcast.show import Show


def has_sound(manifest: Manifest) -> bool:
    """True if a narration can be an episode."""
    return sound_of(manifest.outputs, "") is not None


def episode_of(
    job: Job, manifest: Manifest, show: Show, guid: str, first_s: float, cover: str = ""
) -> Episode:
    """Return the narration of a job, which has sound, as an episode.

    `first_s` is when it was first published: it is the date of a post that has none.
    """
    folder = job.stem.rpartition("/")[0]
    outputs = manifest.outputs
    sound = sound_of(outputs, folder)
    assert sound is not None, "the caller has looked"
    chapters = chapters_of(outputs, folder)
    return Episode(
        title=manifest.title or job.stem.rpartition("/")[2],
        guid=guid,
        dated_s=_dated_s(manifest, first_s),
        duration_s=manifest.duration_s,
        sound=sound,
        transcripts=transcripts_of(outputs, folder),
        chapters=chapters,
        marks=marks_of(manifest.chapters or ()) if chapters else (),
        author=manifest.author,
        language=language_of(manifest.language, show.language),
        description=manifest.description,
        image=cover,
        blocks=_blocks(manifest),
    )


def _blocks(manifest: Manifest) -> tuple[TextBlock, ...]:
    """The blocks of the text; a chapter that begins with a picture has its address."""
    pictures = {each.start_s: each.image for each in manifest.chapters or ()}
    return tuple(
        TextBlock(
            each.block,
            each.role,
            each.text,
            pictures.get(each.start_s, "") if each.role == "picture" else "",
        )
        for each in manifest.blocks
    )


def _dated_s(manifest: Manifest, first_s: float) -> float:
    """The date of a post, but none in the future: players drop an episode with such a date."""
    written_s = publication_s(manifest.publish_at) or publication_s(manifest.date)
    if written_s is None or not math.isfinite(written_s):
        written_s = first_s
    return min(written_s, _published_s(manifest), time.time())


def _published_s(manifest: Manifest) -> float:
    with suppress(ValueError, OverflowError, OSError):
        return datetime.fromisoformat(manifest.published).timestamp()
    return math.inf
