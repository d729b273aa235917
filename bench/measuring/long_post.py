"""Cases of a long post: how near the program comes to its voice and its encoder alone."""

import time
from itertools import pairwise
from statistics import median

from measuring.measured_daemon import MeasuredDaemon
from measuring.program import Figure, say
from measuring.workspace import Workspace

SHARE, ALLOWANCE_S = 1.15, 2.0
SETTLE_S = 1.5
_FIRST_WORDS = ("Indeed", "However", "Therefore", "Moreover")


def post(workspace: Workspace) -> list[Figure]:
    """Narrate a whole post, against the slower of the bare voice and the bare encoder."""
    voice, encoder, whole = [], [], []
    for number in range(workspace.sizes.rounds):
        say(f"post: round {number + 1} of {workspace.sizes.rounds}")
        daemon = _with_post(workspace, f"post-{number}")
        voice.append(workspace.post.voice_s())
        encoder.append(workspace.post.encoder_s())
        whole.append(daemon.once())
    voice_s, encoder_s, whole_s = median(voice), median(encoder), median(whole)
    bound_s = SHARE * max(voice_s, encoder_s) + ALLOWANCE_S
    return [
        Figure(
            f"a post of {workspace.post.words} words, `narrated once`, against the bare voice and "
            "the bare encoder on the same chunks",
            f"{whole_s:.2f} s; voice {voice_s:.2f} s, encoder {encoder_s:.2f} s",
            f"at most {SHARE} x the slower + {ALLOWANCE_S:g} s = {bound_s:.2f} s",
            whole_s <= bound_s,
        )
    ]


def word(workspace: Workspace) -> list[Figure]:
    """Narrate the same post again with another word put in at its start."""
    say("word: narrating the post first")
    daemon = _with_post(workspace, "word")
    daemon.once()
    title, rest = workspace.post.text.split("\n\n", 1)
    encoder, whole, spoken = [workspace.post.encoder_s()], [], []
    for number, first in enumerate(_FIRST_WORDS[: workspace.sizes.rounds]):
        say(f"word: round {number + 1} of {workspace.sizes.rounds}")
        before = daemon.takes
        daemon.drop("post.md", f"{title}\n\n{first} {rest[0].lower()}{rest[1:]}")
        time.sleep(SETTLE_S)  # the edited file comes to rest
        whole.append(daemon.once())
        spoken.append(len(daemon.takes - before))
        encoder.append(workspace.post.encoder_s())
    # Each is held against the encoder just before and just after: the machine's pace drifts by
    # more, from one minute to the next, than the difference to be found.
    beside = [(earlier + later) / 2 for earlier, later in pairwise(encoder)]
    over_s = median(mine - bare for mine, bare in zip(whole, beside, strict=True))
    return [
        Figure(
            "one word put in at its start: chunks spoken",
            ", ".join(map(str, spoken)),
            "1",
            all(each == 1 for each in spoken),
        ),
        Figure(
            "one word put in at its start: wall time against the bare encoder before and after",
            f"{over_s:+.2f} s ({_listed(whole)} s; encoder {_listed(encoder)} s)",
            f"at most {ALLOWANCE_S:g} s more",
            over_s <= ALLOWANCE_S,
        ),
    ]


def _listed(seconds: list[float]) -> str:
    return ", ".join(f"{each:.2f}" for each in seconds)


def _with_post(workspace: Workspace, name: str) -> MeasuredDaemon:
    daemon = MeasuredDaemon(workspace.scratch / name)
    daemon.drop("post.md", workspace.post.text)
    return daemon
