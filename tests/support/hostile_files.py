"""Files that nobody should read to their end, or at all."""

import os
import socket
from pathlib import Path


def make_sparse(path: Path) -> None:
    """Make a file of a terabyte that takes no room."""
    with path.open("wb") as file:
        file.truncate(1 << 40)


def make_socket(path: Path) -> None:
    """Make a socket, by a short name: its address has at most 107 bytes."""
    folder = os.open(path.parent, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as line:
        line.bind(f"/proc/self/fd/{folder}/{path.name}")
    os.close(folder)
