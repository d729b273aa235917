"""Measures `narrated serve` with thousands of episodes and hundreds of clients.

    python bench/serving.py [--quick] [--scratch FOLDER] [--episodes N] [--clients N]

Half of the clients load whole files, the others ask for ranges; some read slowly, and some send
half a request and no more. By default 200 clients at 2,000 episodes. Exits with 1 if a figure
misses its goal.
"""

import asyncio
import sys
from pathlib import Path

from measuring.program import argument_parser, conditions, scratch_folder, show
from measuring.served_outbox import ServedOutbox

EPISODES, QUICK_EPISODES = 2000, 50
CLIENTS, QUICK_CLIENTS = 200, 20


def main() -> int:
    parser = argument_parser(__doc__)
    parser.add_argument("--episodes", type=int, help=f"how many; else {EPISODES}")
    parser.add_argument("--clients", type=int, help=f"at once; else {CLIENTS}")
    wanted = parser.parse_args()
    episodes = wanted.episodes or (QUICK_EPISODES if wanted.quick else EPISODES)
    clients = wanted.clients or (QUICK_CLIENTS if wanted.quick else CLIENTS)
    with scratch_folder(wanted.scratch) as scratch:
        figures = asyncio.run(ServedOutbox(Path(scratch), episodes, clients).measure())
    return show(figures, conditions(wanted.quick))


if __name__ == "__main__":
    sys.exit(main())
