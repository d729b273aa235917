"""Measures what the podcast's feed and page cost, for an outbox of thousands of episodes.

    python bench/podcast.py [--quick] [--scratch FOLDER] [--episodes N] [--shows N]

It writes feed and page of a whole outbox, then of one more episode, then of no change at all. A
reader of feeds reads the feed, and Chromium opens the page, if it is installed. By default 2,000
episodes of 1,000 words in one show; with more shows, each has a folder and a feed of its own.
Seconds that passed are divided by how much slower than alone this machine was beside.
Exits with 1 if a figure misses its goal.
"""

import asyncio
import sys
from pathlib import Path

from measuring.podcast_outbox import PodcastOutbox
from measuring.podcast_page import usable_page
from measuring.program import argument_parser, conditions, scratch_folder, show

EPISODES, QUICK_EPISODES = 2000, 50


def main() -> int:
    parser = argument_parser(__doc__)
    parser.add_argument("--episodes", type=int, help=f"how many; else {EPISODES}")
    parser.add_argument("--shows", type=int, default=1, help="how many; else one")
    wanted = parser.parse_args()
    count = wanted.episodes or (QUICK_EPISODES if wanted.quick else EPISODES)
    with scratch_folder(wanted.scratch) as scratch:
        figures = asyncio.run(PodcastOutbox(Path(scratch), count, wanted.shows).measure())
        figures.append(usable_page(Path(scratch) / "outbox"))
    return show(figures, conditions(wanted.quick))


if __name__ == "__main__":
    sys.exit(main())
