"""Keeps the page's news up to date: what is being read, what waits, and what failed."""

import time
from dataclasses import dataclass

from msgspec.structs import replace

from narrated.jobs.podcast_page import PodcastPage
from narrated.podcast.page_news import HeldPost, PageNews, ReadFile, StuckFile
from narrated.printable import line_of, printable
from narrated.service.housekeeping.duty import Duty
from narrated.service.status_report import HeldFile, ServiceNews, StatusReport, StatusReporter

NEWS_S = 3.0
"""News are written this often at most: a synchroniser sends each."""
PROGRESS_S = 30.0
"""News of nothing but progress are written this often at most."""
MOST_LISTED = 20


@dataclass(eq=False)
class PageUpdates(Duty):
    """Writes the news beside a page that stands, and nothing without one."""

    _page: PodcastPage
    _reporter: StatusReporter
    _news: ServiceNews | None = None
    _written: PageNews | None = None
    _written_s: float = -PROGRESS_S

    async def turn(self) -> float:
        """Write the news if they have changed. Errors: StorageError."""
        if not self._page.stands:
            self._news = self._written = None
            return NEWS_S
        news = self._reporter.news()
        if news == self._news and news.is_idle:
            return NEWS_S
        told = page_news(self._reporter.report())
        if self._is_due(told):
            await self._page.tell_news(told)
            self._written, self._written_s = told, time.monotonic()
        if told == self._written:
            self._news = news
        return NEWS_S

    def _is_due(self, told: PageNews) -> bool:
        if self._written is None or _without_progress(told) != _without_progress(self._written):
            return True
        age_s = time.monotonic() - self._written_s
        return told != self._written and age_s >= PROGRESS_S


def page_news(report: StatusReport) -> PageNews:
    """Return what the page tells of a report."""
    if report.state in ("stopped", "finished"):
        report = replace(report, reading=())
    stuck_count = max(report.counts.get("waiting", 0), len(report.waiting))
    return PageNews(
        running=report.state not in ("stopped", "finished"),
        paused=line_of(report.paused),
        reading=tuple(
            ReadFile(printable(each.path), round(min(1.0, max(0.0, each.fraction)), 2))
            for each in report.reading[:MOST_LISTED]
        ),
        waiting=report.queued + report.waiting_count - stuck_count,
        next=tuple(map(printable, report.queue[:MOST_LISTED])),
        stuck=_stuck(report.waiting),
        stuck_count=stuck_count,
        failed=_stuck(report.failed),
        failed_count=report.failed_count,
        held=tuple(
            HeldPost(printable(path), line_of(why)) for path, why in report.held_back[:MOST_LISTED]
        ),
        held_count=max(report.held_back_count, len(report.held_back)),
    )


def _stuck(files: tuple[HeldFile, ...]) -> tuple[StuckFile, ...]:
    return tuple(
        StuckFile(printable(each.path), line_of(each.problem), line_of(each.remedy))
        for each in files[:MOST_LISTED]
    )


def _without_progress(news: PageNews) -> PageNews:
    return replace(news, reading=tuple(replace(each, done=0.0) for each in news.reading))
