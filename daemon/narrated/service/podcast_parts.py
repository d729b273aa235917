"""Builds the parts that write the podcast: its feeds, their covers, and the page."""

from collections.abc import Callable
from typing import NamedTuple

from narrated.config.podcast import has_page, show_settings
from narrated.config.values import Config
from narrated.disk_threads import DiskThreads
from narrated.inbox.async_reads import AsyncInboxReader
from narrated.jobs.events import EventDispatcher
from narrated.jobs.feed_items import FeedItems
from narrated.jobs.folder_shows import FolderSections
from narrated.jobs.narration_removal import NarrationRemoval
from narrated.jobs.narration_texts import NarrationTexts
from narrated.jobs.page_parts import PagePartMaker
from narrated.jobs.plan import JobDefaults
from narrated.jobs.planner import Planner
from narrated.jobs.podcast_covers import PodcastCovers
from narrated.jobs.podcast_feed import PodcastFeed
from narrated.jobs.podcast_page import PodcastPage
from narrated.jobs.read_apart import ReadApart
from narrated.jobs.shielded_outbox_changes import ShieldedOutboxChanges
from narrated.jobs.show_feeds import ShowFeeds
from narrated.jobs.standalone_picture_jobs import StandalonePictureJobs
from narrated.ledger.store import Ledger
from narrated.workers.parser_pool import ParserPool


class PodcastTools(NamedTuple):
    """Parts that the podcast shares with the rest of the daemon."""

    ledger: Ledger
    read_apart: ReadApart
    events: EventDispatcher
    outbox: ShieldedOutboxChanges
    inbox: AsyncInboxReader
    parsers: ParserPool
    planner: Planner
    pictures: StandalonePictureJobs
    removal: NarrationRemoval
    disk: DiskThreads
    """That of the state folder."""


def build_podcast(
    tools: PodcastTools, config: Config, defaults: Callable[[], JobDefaults]
) -> tuple[PodcastFeed, PodcastPage]:
    """Build feeds and page; `defaults` gives the settings in force for jobs."""
    ledger, outbox, inbox, parsers = tools.ledger, tools.outbox, tools.inbox, tools.parsers
    shared, work = (tools.read_apart, tools.disk), config.state / "work"
    texts = NarrationTexts(ledger, tools.planner, defaults)
    parts = PagePartMaker(ledger, outbox, parsers, texts, *shared)
    page = PodcastPage(ledger, outbox, parsers, parts, *shared, work)
    page.is_on = has_page(config)
    covers = PodcastCovers(ledger, outbox, parsers, inbox, tools.disk)
    items = FeedItems(ledger, outbox, parsers, covers, texts, lambda: page.is_on, *shared)
    feeds = ShowFeeds(ledger, outbox, parsers, covers, work, tools.disk)
    sections = FolderSections(ledger, inbox, parsers, tools.read_apart, tools.events)
    written = (sections, items, feeds, page, tools.pictures, tools.removal)
    feed = PodcastFeed(ledger, tools.read_apart, *written, show_settings(config))
    feed.listen(tools.events)
    return feed, page
