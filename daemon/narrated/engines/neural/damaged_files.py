"""Turns the errors of libraries that read a damaged model or voice file into our own."""

import pickle
from collections.abc import Iterator
from contextlib import contextmanager

from narrated.errors import EngineUnavailable, NarratedError

_LONGEST = 200


@contextmanager
def guard_reading(what: str, remedy: str) -> Iterator[None]:
    """Turn a library's error about a damaged file into EngineUnavailable.

    Broad on purpose: such a file can raise any error. Narrated's own errors and those of memory
    pass through.
    """
    try:
        yield
    except (NarratedError, MemoryError):
        raise
    except Exception as error:
        if "allocate memory" in str(error):  # the kernel's, for a mapped file
            raise MemoryError(str(error)) from error
        why = f"it cannot be read ({_reason(error)})"
        raise EngineUnavailable(f"{what} cannot be used: {why}.", remedy) from error


def _reason(error: Exception) -> str:
    """The library's message, cut to a line. An unpickler's would advise to run the file."""
    if isinstance(error, pickle.UnpicklingError):
        return "it is damaged, or a file of another kind"
    first, *others = [*filter(None, map(str.strip, str(error).splitlines())), ""]
    said = f"{first} {others[0]}" if first.endswith(":") else first  # a heading tells nothing
    return said.rstrip(". ")[:_LONGEST] or type(error).__name__
