"""Case of posts dropped together: how soon the first is out, against one that has the machine."""

import time
from statistics import median

from measuring import texts
from measuring.measured_daemon import MeasuredDaemon
from measuring.program import Figure, say
from measuring.workspace import Workspace

POSTS = 12
SHARE = 1.5
_PATIENCE_S = 3600.0


def together(workspace: Workspace) -> list[Figure]:
    """Drop twelve posts of one length at once, after one alone; each has words of its own."""
    alone, first, last = [], [], []
    for number in range(workspace.sizes.rounds):
        with MeasuredDaemon(workspace.scratch / f"together-{number}", settle="200ms") as daemon:
            daemon.drop("warm.md", "The engine and the encoders begin.")
            daemon.wait_published("", 1, _PATIENCE_S)
            alone.append(_published_s(daemon, workspace, "alone", 1)[0])
            times_s = _published_s(daemon, workspace, "together", POSTS)
        first.append(times_s[0])
        last.append(times_s[-1])
        say(f"together: alone {alone[-1]:.1f} s, first {first[-1]:.1f} s, last {last[-1]:.1f} s")
    share = median(mine / one for mine, one in zip(first, alone, strict=True))
    words = workspace.sizes.together_words
    return [
        Figure(
            f"the first of {POSTS} posts of {words} words that are dropped together, against one "
            f"alone ({median(alone):.1f} s); the last is out after {median(last):.1f} s",
            f"{share:.2f} x ({median(first):.1f} s)",
            f"at most {SHARE:g} x",
            share <= SHARE,
        )
    ]


def _published_s(
    daemon: MeasuredDaemon, workspace: Workspace, folder: str, count: int
) -> list[float]:
    """Drop so many posts in one rename; the seconds until the first and the last are out."""
    staged = daemon.home / f"staged-{folder}"
    staged.mkdir()
    for number in range(count):
        text = texts.post(workspace.sizes.together_words, seed=100 * count + number)
        (staged / f"post-{number:02}.md").write_text(text)
    began_s = time.monotonic()
    staged.rename(daemon.inbox / folder)
    return [daemon.wait_published(folder, each, _PATIENCE_S) - began_s for each in (1, count)]
