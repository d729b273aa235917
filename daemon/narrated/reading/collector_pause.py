"""Pauses Python's cyclic garbage collector while a document grows.

Reading and script keep nearly all that they make until they end, so a collection finds nothing. To
walk all of it costs about a twentieth of their time.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the collector, unless the caller has paused it already; also a function decorator."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
