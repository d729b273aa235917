"""The page's news: what is being read, what waits, and what failed, as a script of the page."""

import msgspec

from narrated.podcast.page_scripts import script

NEWS_NAME = "now.js"
"""The script in the page's folder."""


class ReadFile(msgspec.Struct, frozen=True):
    """A file that is being read."""

    name: str
    done: float
    """From 0 to 1."""


class StuckFile(msgspec.Struct, frozen=True):
    """A file that failed, or cannot go on until something comes."""

    name: str
    problem: str
    remedy: str = ""


class HeldPost(msgspec.Struct, frozen=True):
    """A post that is not public yet."""

    name: str
    why: str


class PageNews(msgspec.Struct, frozen=True):
    """The state of the daemon's work, for a reader of the page."""

    running: bool = False
    """False if the daemon is stopped, so that nothing is being read."""
    paused: str = ""
    """The break in which nothing is read; empty if there is none."""
    reading: tuple[ReadFile, ...] = ()
    waiting: int = 0
    """The files that wait for their turn, or are still arriving."""
    next: tuple[str, ...] = ()
    """The first files that wait for their turn."""
    stuck: tuple[StuckFile, ...] = ()
    """The first files that wait for something else."""
    stuck_count: int = 0
    failed: tuple[StuckFile, ...] = ()
    """The first that failed."""
    failed_count: int = 0
    held: tuple[HeldPost, ...] = ()
    """The first posts that are held back."""
    held_count: int = 0


NO_NEWS = PageNews()


def news_script(news: PageNews, told_s: float) -> bytes:
    """Write the script with the news, as they are at this time."""
    return script("now", {"told_s": round(told_s), **msgspec.to_builtins(news)})
