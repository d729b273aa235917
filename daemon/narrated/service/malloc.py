"""Memory that was let go goes back to the system: a long book takes no more than a short one."""

import ctypes

MAPPED_BYTES = 128 * 1024
"""From this size on a block is mapped by itself: a take's sound is ten times as large."""

_M_MMAP_THRESHOLD = -3  # malloc.h


def return_large_blocks() -> None:
    """Have glibc unmap every large block as soon as it is freed; other C libraries do so already.

    By itself glibc raises the bound with the first large block that is freed, and from then on
    keeps such blocks in one heap a thread: 40 MiB more after an hour of sound, and growing.
    """
    if mallopt := getattr(ctypes.CDLL(None), "mallopt", None):
        mallopt(_M_MMAP_THRESHOLD, MAPPED_BYTES)
