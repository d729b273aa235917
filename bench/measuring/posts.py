"""A long post: how near the program comes to its voice and its encoder alone."""

import time
from itertools import pairwise
from statistics import median

from measuring.figure import Figure
from measuring.stage import Stage
from measuring.subject import Subject

SHARE, ALLOWANCE_S = 1.15, 2.0
SETTLE_S = 1.5
_FIRST_WORDS = ("Indeed", "However", "Therefore", "Moreover")


def post(stage: Stage) -> list[Figure]:
    """A whole post, against the slower of the bare voice and the bare encoder."""
    voice, encoder, whole = [], [], []
    for number in range(stage.sizes.rounds):
        stage.tell(f"post: round {number + 1} of {stage.sizes.rounds}")
        subject = _with_post(stage, f"post-{number}")
        voice.append(stage.post.voice_s())
        encoder.append(stage.post.encoder_s())
        whole.append(subject.once())
    voice_s, encoder_s, whole_s = median(voice), median(encoder), median(whole)
    bound_s = SHARE * max(voice_s, encoder_s) + ALLOWANCE_S
    return [
        Figure(
            f"a post of {stage.post.words} words, `narrated once`, against the bare voice and "
            "the bare encoder on the same chunks",
            f"{whole_s:.2f} s; voice {voice_s:.2f} s, encoder {encoder_s:.2f} s",
            f"at most {SHARE} x the slower + {ALLOWANCE_S:g} s = {bound_s:.2f} s",
            whole_s <= bound_s,
        )
    ]


def word(stage: Stage) -> list[Figure]:
    """The same post with another word put in at its start."""
    stage.tell("word: narrating the post first")
    subject = _with_post(stage, "word")
    subject.once()
    encoder, whole, spoken = [stage.post.encoder_s()], [], []
    for number, first in enumerate(_FIRST_WORDS[: stage.sizes.rounds]):
        stage.tell(f"word: round {number + 1} of {stage.sizes.rounds}")
        before = subject.takes()
        _put_in(subject, stage.post.text, first)
        time.sleep(SETTLE_S)  # the edited file comes to rest
        whole.append(subject.once())
        spoken.append(len(subject.takes() - before))
        encoder.append(stage.post.encoder_s())
    # Each is held against the encoder just before and just after: the machine's pace drifts by
    # more, from one minute to the next, than what is to be found out.
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


def _with_post(stage: Stage, name: str) -> Subject:
    subject = stage.subject(name)
    (subject.inbox / "post.md").write_text(stage.post.text)
    return subject


def _put_in(subject: Subject, text: str, word: str) -> None:
    """Put a word in before the first paragraph's first."""
    title, rest = text.split("\n\n", 1)
    edited = f"{title}\n\n{word} {rest[0].lower()}{rest[1:]}"
    (subject.inbox / "post.md").write_text(edited)
