"""Verdicts on the chunks of a narration, as its manifest and the commands tell them."""

import msgspec

from narrated.take_checks.verdict import Verdict


class ChunkVerdict(msgspec.Struct, frozen=True):
    """The verdict on a chunk that was checked."""

    seq: int
    """Its number in the plan."""
    takes: int
    """The number of takes that were spoken and checked."""
    verdict: Verdict
    """That of the take in the narration."""
    accepted: bool = False
    """True if all takes are heard alike, so that the hearing model is more likely wrong."""

    @property
    def is_doubtful(self) -> bool:
        """True if the narration has a take with faults."""
        return not (self.verdict.is_good or self.accepted)
