"""What a worker has spoken since the daemon started, where, and how fast."""

from dataclasses import dataclass


@dataclass(slots=True)
class WorkDone:
    """Counts on through restarts of the worker."""

    place: str = ""
    """Name of the machine that it is on, as that one says; empty for this one."""
    spoken_s: float = 0.0
    """Seconds of sound that it gave."""
    busy_s: float = 0.0
    """Seconds in which it had a request that gave sound."""

    _busy_until_s: float = 0.0

    def add(self, sound_s: float, began_s: float, ended_s: float) -> None:
        """Count the sound of a request; times with several requests count once."""
        self.spoken_s += sound_s
        self.busy_s += max(0.0, ended_s - max(began_s, self._busy_until_s))
        self._busy_until_s = max(self._busy_until_s, ended_s)
