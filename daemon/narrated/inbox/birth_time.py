"""When a folder was made: what tells it from another that got its inode number.

statx(2), since Linux 4.11; Python's own stat does not give it.
"""

import ctypes
import os
import struct
from functools import lru_cache
from typing import Any

_AT_FDCWD = -100
_BASIC_STATS, _BIRTH = 0x7FF, 0x800
_SIZE_BYTES = 256
_MASK = struct.Struct("=I")
_BIRTH_TIME = struct.Struct("=qI")
_BIRTH_OFFSET = 80


def born_ns(path: str) -> int:
    """Give a path's time of birth in nanoseconds; 0 where the file system keeps none."""
    statx = _statx()
    found = ctypes.create_string_buffer(_SIZE_BYTES)
    if statx is None or statx(_AT_FDCWD, os.fsencode(path), 0, _BASIC_STATS | _BIRTH, found):
        return 0
    (mask,) = _MASK.unpack_from(found.raw)
    if not mask & _BIRTH:
        return 0
    seconds, nanoseconds = _BIRTH_TIME.unpack_from(found.raw, _BIRTH_OFFSET)
    return int(seconds) * 10**9 + int(nanoseconds)


@lru_cache(maxsize=1)
def _statx() -> Any:
    """The C library's function; None where that has none."""
    function = getattr(ctypes.CDLL(None), "statx", None)
    if function is not None:
        place, flags, mask, found = ctypes.c_char_p, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p
        function.argtypes = (ctypes.c_int, place, flags, mask, found)
    return function
