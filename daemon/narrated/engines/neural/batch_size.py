"""The size of an engine's batches: they fit into memory, and end before a worker counts as hung."""

QUICK_S, SLOW_S = 4.0, 15.0
"""Seconds of a batch below which its size doubles, and above which it halves. Either way a batch
stays well below a worker's longest silence (60 s by default)."""


class BatchSize:
    """Follows the memory and the speed that an engine meets."""

    def __init__(self, most: int, *, is_slow: bool) -> None:
        """`most`: that of a full batch. A slow device begins with one."""
        self._most = most
        self.fitting = most
        """As many as fit into memory."""
        self.timely = 1 if is_slow else most
        """As many as end in time."""

    def __int__(self) -> int:
        return min(self.fitting, self.timely)

    def shrink(self) -> bool:
        """Halve what fits into memory; False if it is one already."""
        if self.fitting == 1:
            return False
        self.fitting //= 2
        return True

    def adjust(self, took_s: float, *, is_last: bool) -> None:
        """Learn from the time of a batch; after the last one of a queue, try more memory again."""
        if took_s < QUICK_S:
            self.timely = min(self._most, 2 * self.timely)
        elif took_s > SLOW_S:
            self.timely = max(1, self.timely // 2)
        if is_last:
            self.fitting = min(self._most, 2 * self.fitting)
