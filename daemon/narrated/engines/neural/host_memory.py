"""The memory of this process and of its host, by the kernel's figures."""

import ctypes
import os
import re
import resource
import sys
from contextlib import suppress
from pathlib import Path


def total_bytes() -> int:
    """Memory of the whole host."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def free_bytes() -> int:
    """Memory that this process can still take."""
    return min(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES"), _allowed_bytes())


def in_use_bytes() -> int:
    """Memory that this process uses now."""
    return _resident("VmRSS")


def begin_peak() -> None:
    """Start a new measurement of the peak."""
    with suppress(OSError):  # without a reset, the peak is that of the whole process
        Path("/proc/self/clear_refs").write_text("5")  # proc(5): resets VmHWM


def peak_bytes() -> int:
    """The most memory that this process used since `begin_peak`."""
    return _resident("VmHWM")


def give_back() -> None:
    """Return the heap's freed memory to the kernel, where the C library is glibc.

    Its heap keeps what is freed between pieces in use, hundreds of MB after a model.
    """
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _allowed_bytes() -> int:
    """Free part of this process's address space; without a limit, the largest integer."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return sys.maxsize if limit == resource.RLIM_INFINITY else max(0, limit - _resident("VmSize"))


def _resident(field: str) -> int:
    match = re.search(rf"^{field}:\s*(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    return int(match[1]) * 1024 if match else 0
