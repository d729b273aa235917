"""The brake on speech: no engine speaks far ahead of encoders that are busy."""

from collections.abc import Callable, Collection, Mapping

from narrated.workers.fair_shares import ASKED_FOR, Standing


class SpeechBrake:
    """The jobs that have enough speech for their encoder, and those that wait meanwhile.

    Once the first jobs of an engine, as many as there are encoders, have enough, neither the last
    of them nor a later one of their priority is spoken: that would only take the processors from
    the encoders.
    """

    def __init__(self, encoders: int, on_release: Callable[[], None]) -> None:
        """`on_release` is called when a job has no longer enough."""
        self._encoders = encoders
        self._on_release = on_release
        self._supplied: dict[int, Collection[str]] = {}
        """The engines of each job that has enough speech."""

    def hold(self, job: int, engines: Collection[str]) -> None:
        """Count a job of these engines as one that has enough speech, until `release`."""
        self._supplied[job] = engines

    def release(self, job: int) -> None:
        """Count a job as one that needs speech."""
        if self._supplied.pop(job, None) is not None:
            self._on_release()

    def stops(self, job: int, engine: str, standings: Mapping[int, Standing]) -> bool:
        """True if an engine is to speak nothing of a job now, by the standings of all jobs."""
        if len(self._supplied) < self._encoders:
            return False
        standing = standings.get(job, ASKED_FOR)
        supplied = 0
        for each, engines in self._supplied.items():
            other = standings.get(each, ASKED_FOR)
            is_alike = other.priority is standing.priority and engine in engines
            supplied += is_alike and (other.rank, each) <= (standing.rank, job)
        return supplied >= self._encoders
