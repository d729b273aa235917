"""Ctrl-C before and after a command's own work, while Python imports modules or exits."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


def end_on_ctrl_c() -> None:
    """Have Ctrl-C end the process at once, without a traceback.

    It stays ignored if the caller ignores it, as nohup does.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def raising_on_ctrl_c() -> Iterator[None]:
    """Have Ctrl-C raise KeyboardInterrupt meanwhile, if it would end the process otherwise."""
    if signal.getsignal(signal.SIGINT) != signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
