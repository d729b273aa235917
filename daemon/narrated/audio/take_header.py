"""Reads the FLAC header of a take: its sample rate and length, without decoding it."""

import errno
from io import BufferedReader
from pathlib import Path

from narrated import regular_file
from narrated.audio.take_errors import damaged
from narrated.regular_file import NotRegular

_STREAMINFO = slice(18, 26)  # 20 bits of rate, 8 of channels and depth, 36 of samples

HEAD_BYTES = 42
"""Up to the end of STREAMINFO, FLAC's first block."""
LONGEST_TAKE_S = 3600.0
"""Longer than any chunk: a file that claims more would fill the memory."""


def length(path: Path) -> tuple[int, float]:
    """Read sample rate and seconds from a FLAC header; StorageError if it is no FLAC file."""
    with opened(path) as file:
        return length_in(file.read(HEAD_BYTES), path)


def length_in(head: bytes, path: Path) -> tuple[int, float]:
    """Find sample rate and seconds in the first HEAD_BYTES of a take. Errors: StorageError."""
    packed = int.from_bytes(head[_STREAMINFO])
    sample_rate, count = packed >> 44, packed & (1 << 36) - 1
    if head[:4] != b"fLaC" or len(head) < _STREAMINFO.stop or not sample_rate:
        raise damaged(path)
    if count > LONGEST_TAKE_S * sample_rate:
        raise damaged(path)
    return sample_rate, count / sample_rate


def opened(path: Path) -> BufferedReader:
    """Open a take's file. Errors: OSError; StorageError if it is a link or no regular file."""
    try:
        return regular_file.opened(path)
    except NotRegular as error:
        raise damaged(path) from error
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            raise damaged(path) from error
        raise
