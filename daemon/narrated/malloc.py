"""How glibc keeps large blocks of memory: given back at once, or kept for the next sound."""

import ctypes
from collections.abc import Mapping

MAPPED_BYTES = 128 * 1024
"""Blocks of at least this size are mapped separately; a take is ten times as large."""

_KEPT_BLOCK_BYTES = 16 << 20  # a minute of sound, several times
_KEPT_BYTES = 32 << 20

# malloc.h
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8


def return_large_blocks() -> None:
    """Make glibc unmap each large block when it is freed, as other C libraries do.

    By default glibc raises the threshold when the first large block is freed, and then keeps such
    blocks in one heap per thread: 40 MiB more after an hour of sound, and growing.
    """
    _set({_M_MMAP_THRESHOLD: MAPPED_BYTES})


def keep_large_blocks() -> None:
    """Make glibc keep up to 32 MiB that are freed, in one heap for all threads.

    A process that does nothing but pass sound on would get each block from the system, page by
    page, and return it: 2 to 5 ms of CPU for 1 MiB of sound.
    """
    kept = {_M_MMAP_THRESHOLD: _KEPT_BLOCK_BYTES, _M_TRIM_THRESHOLD: _KEPT_BYTES, _M_ARENA_MAX: 1}
    _set(kept)


def _set(options: Mapping[int, int]) -> None:
    if mallopt := getattr(ctypes.CDLL(None), "mallopt", None):
        for option, value in options.items():
            mallopt(option, value)
