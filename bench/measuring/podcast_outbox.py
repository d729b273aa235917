"""An outbox of many episodes, and the cost of its feed and page in the daemon's own process."""

import hashlib
import resource
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import feedparser

from measuring.program import Figure, say, slowdown
from narrated.config.file import parse
from narrated.outbox.manifest import (
    BlockTime,
    Manifest,
    ManifestOutput,
    ManifestSource,
    encode,
)
from narrated.outbox.manifest_sentences import SentenceTime, encoded_sentences
from narrated.service.app import App

WORDS = 1000
WORDS_A_SENTENCE = 12
SOUND = b"ID3" + bytes(20_000)
DURATION_S = 4.0
"""Plausible for so few bytes of sound: else a start takes them for damaged."""
MOST_LOOP_S = 0.05
"""CPU of the daemon's loop for one more episode."""
MOST_DAEMON_S = 0.5
MOST_PASSED_S = 0.5
"""Seconds that pass for one more episode, where nothing else is at work."""
_LATER = 10
"""Episodes that come one by one; the median of them is told."""


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of a piece of work."""

    elapsed_s: float
    loop_s: float
    """CPU of the event loop's thread."""
    daemon_s: float
    """CPU of the daemon's process, its threads included."""
    slower: float
    """How much slower than alone the machine was."""


class PodcastOutbox:
    """An outbox as the daemon publishes it, made by hand: nothing is spoken."""

    def __init__(self, home: Path, count: int, shows: int = 1) -> None:
        self._count, self._shows = count, shows
        self._outbox = home / "outbox"
        self._outbox.mkdir(parents=True)
        (home / "inbox").mkdir()
        text = "inbox: inbox\noutbox: outbox\nstate: state\ncache: cache\n"
        folders = "one" if shows == 1 else "each"
        address = "https://example.org/pod/"
        show = f"podcast: {{title: Many posts, base_url: '{address}', folders: {folders}}}\n"
        self._config = parse(text + show, home / "narrated.yaml")

    async def measure(self) -> list[Figure]:
        """Take all figures."""
        for number in range(self._count):
            self._publish(number)
        say(f"{self._count} narrations are there")
        async with App(self._config, mute=True) as app:
            first = await _cost(app.podcast.update)
            say(f"the first feed and page took {first.elapsed_s:.1f} s")
            later = [await self._one_more(app, self._count + each) for each in range(_LATER)]
            same = await _cost(app.podcast.update)
        return [self._first(first), *self._next(later), self._same(same), self._reads()]

    async def _one_more(self, app: App, number: int) -> Cost:
        path, sha256 = self._publish(number)
        app.ledger.sources.forget(path)
        values = {"size_bytes": 1, "title": "", "narration": "", "duration_s": DURATION_S}
        stem = path.removesuffix(".md")
        app.ledger.jobs.add_published(path, sha256, stem, done_at=1.0, **values)
        return await _cost(app.podcast.update)

    def _publish(self, number: int) -> tuple[str, str]:
        """Write an episode's sound and manifest; returns path and digest of its source."""
        folder = f"show-{number % self._shows}/" if self._shows > 1 else ""
        name = f"{folder}post-{number}"
        sha256 = hashlib.sha256(name.encode()).hexdigest()
        sound = self._outbox / f"{name}.mp3"
        sound.parent.mkdir(exist_ok=True)
        sound.write_bytes(SOUND)
        output = ManifestOutput(sound.name, sha256, len(SOUND), "audio/mpeg")
        sentences = _sentences(number)
        manifest = Manifest(
            program="narrated",
            published="2026-01-01T00:00:00+00:00",
            source=ManifestSource(f"{name}.md", sha256),
            outputs=(output,),
            title=f"Post number {number} & more",
            date=f"{2015 + number // 366}-{number % 12 + 1:02}-{number % 28 + 1:02}",
            engine="toy",
            voice="toy",
            duration_s=DURATION_S,
            blocks=tuple(BlockTime(each.block, "paragraph", "", 0, 0) for each in sentences),
            sentences=encoded_sentences(sentences),
            shows={},
        )
        (self._outbox / f"{name}.json").write_bytes(encode(manifest))
        return f"{name}.md", sha256

    def _first(self, cost: Cost) -> Figure:
        each_ms = cost.elapsed_s / self._count * 1000
        return Figure(
            f"feed and page of {self._count} episodes, their covers drawn",
            f"{cost.elapsed_s:.1f} s ({each_ms:.0f} ms an episode), CPU of the loop "
            f"{cost.loop_s:.2f} s",
            "",
            None,
        )

    def _next(self, costs: list[Cost]) -> list[Figure]:
        elapsed_s = sorted(each.elapsed_s for each in costs)[len(costs) // 2]
        loop_s = sorted(each.loop_s for each in costs)[len(costs) // 2]
        daemon_s = sorted(each.daemon_s for each in costs)[len(costs) // 2]
        slower = sorted(each.slower for each in costs)[len(costs) // 2]
        alone_s = sorted(each.elapsed_s / each.slower for each in costs)[len(costs) // 2]
        return [
            Figure(
                f"one more of {self._count}, median of {len(costs)}: CPU of the daemon's loop",
                f"{loop_s * 1000:.1f} ms",
                f"at most {MOST_LOOP_S * 1000:.0f} ms",
                loop_s <= MOST_LOOP_S,
            ),
            Figure(
                "the same: CPU of its whole process, threads included",
                f"{daemon_s:.2f} s",
                f"at most {MOST_DAEMON_S:g} s",
                daemon_s <= MOST_DAEMON_S,
            ),
            Figure(
                "the same: until feed and page have it",
                f"{alone_s:.2f} s ({elapsed_s:.2f} s passed, {slower:.1f} times as slow as alone)",
                f"at most {MOST_PASSED_S:g} s",
                alone_s <= MOST_PASSED_S,
            ),
        ]

    def _same(self, cost: Cost) -> Figure:
        return Figure(
            "no change: until that is known",
            f"{cost.elapsed_s:.2f} s, CPU of the loop {cost.loop_s * 1000:.1f} ms",
            "",
            None,
        )

    def _reads(self) -> Figure:
        feeds = sorted(self._outbox.rglob("feed.xml"))
        size_mb = sum(each.stat().st_size for each in feeds) / 1e6
        reads = [feedparser.parse(each.read_bytes()) for each in feeds]
        peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        entries = sum(len(each.entries) for each in reads)
        expected = self._count + _LATER
        is_well = entries == expected and not any(each.bozo for each in reads)
        return Figure(
            f"episodes that feedparser finds in {len(feeds)} feeds of {size_mb:.1f} MB",
            f"{entries} ({peak_mib} MiB at the most, the reader's included)",
            f"{expected}",
            is_well and len(feeds) == self._shows,
        )


def _sentences(number: int) -> list[SentenceTime]:
    words = [f"word{(number * 31 + place) % 997}" for place in range(WORDS)]
    pieces = range(0, WORDS, WORDS_A_SENTENCE)
    texts = [" ".join(words[at : at + WORDS_A_SENTENCE]) + " & so on." for at in pieces]
    return [
        SentenceTime(block=place // 5, start_s=place, end_s=place + 1, spoken=text)
        for place, text in enumerate(texts)
    ]


async def _cost(work: Callable[[], Awaitable[bool]]) -> Cost:
    """Measure a piece of work; the loop's thread does nothing else meanwhile."""
    before = slowdown()
    began = time.perf_counter(), time.thread_time(), time.process_time()
    assert await work(), "the feed or the page could not be written"
    ended = time.perf_counter(), time.thread_time(), time.process_time()
    costs = (end - begin for begin, end in zip(began, ended, strict=True))
    return Cost(*costs, slower=(before + slowdown()) / 2)
