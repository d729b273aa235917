"""Measures what the podcast's feed costs, for an outbox of thousands of episodes.

    python bench/podcast.py [--quick] [--scratch FOLDER] [--episodes N] [--shows N]

`first` writes the feed of a whole outbox, `next` that of one more episode, `same` that of no
change at all; `reads` has a reader of feeds read it. By default 2,000 episodes of 1,000 words in
one show; with more shows, each has a folder and a feed of its own.
Exits with 1 if a figure misses its goal.
"""

import asyncio
import sys
from pathlib import Path

from measuring.podcast_outbox import PodcastOutbox
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
    return show(figures, conditions(wanted.quick))


if __name__ == "__main__":
    sys.exit(main())
