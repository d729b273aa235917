"""Returns freed memory to the system: a long book needs no more than a short one."""

import ctypes

MAPPED_BYTES = 128 * 1024
"""Blocks of at least this size are mapped separately; a take is ten times as large."""

_M_MMAP_THRESHOLD = -3  # malloc.h


def return_large_blocks() -> None:
    """Make glibc unmap each large block when it is freed, as other C libraries do.

    By default glibc raises the threshold when the first large block is freed, and then keeps such
    blocks in one heap per thread: 40 MiB more after an hour of sound, and growing.
    """
    if mallopt := getattr(ctypes.CDLL(None), "mallopt", None):
        mallopt(_M_MMAP_THRESHOLD, MAPPED_BYTES)
