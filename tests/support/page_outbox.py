"""Writes pages by hand, as the daemon puts their parts together."""

import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy
import soundfile

from narrated.podcast.page_assets import page_assets
from narrated.podcast.page_episode import (
    PAGE_FOLDER,
    PAGE_NAME,
    PageEpisode,
)
from narrated.podcast.page_markup import PAGE_END, page_entry, page_head
from narrated.podcast.page_scripts import (
    SEARCH_EPISODES,
    episode_script,
    script,
    search_script,
    search_words,
)
from narrated.podcast.show import Show

SHOW = Show(title="A blog", guid="11111111-2222-3333-4444-555555555555", description="Of tea.")


def write_page(outbox: Path, episodes: Sequence[PageEpisode], *shows: Show, **now: object) -> Path:
    """Write the page of these episodes; return its file."""
    folder = outbox / PAGE_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in page_assets().items():
        (folder / name).write_bytes(content)
    for each in episodes:
        if not (outbox / each.sound.path).exists():
            (outbox / each.sound.path).write_bytes(silence())
        (folder / f"{each.key}.js").write_bytes(episode_script(each))
    words = [search_words(each) for each in episodes]
    numbers = range(-(-len(words) // SEARCH_EPISODES))
    for number in numbers:
        part = words[number * SEARCH_EPISODES : (number + 1) * SEARCH_EPISODES]
        (folder / f"search-{number}.js").write_bytes(search_script(number, part))
    (folder / "now.js").write_bytes(script("now", now))
    head = page_head((*shows, SHOW)[0], shows or (SHOW,), numbers)
    entries = b"".join(map(page_entry, episodes))
    (outbox / PAGE_NAME).write_bytes(head + entries + PAGE_END)
    return outbox / PAGE_NAME


@cache
def silence() -> bytes:
    """Half a minute of silence, as MP3."""
    written = io.BytesIO()
    soundfile.write(written, numpy.zeros(30 * 16_000, "int16"), 16_000, format="MP3")
    return written.getvalue()
