"""Runs ssh to a box for each connection to its socket, with the connection as stdin and stdout.

    python -I -m narrated.workers.box_ssh SSH_CONFIG BOX

narrated-worker@.service runs it, and systemd hands it the socket that listens. With Accept=yes
systemd would name the connections of two boxes alike, and shut the socket of the second one.
"""

import signal
import socket
import subprocess
import sys
from collections.abc import Sequence

_LISTENING = 3
"""The first descriptor that systemd hands over: sd_listen_fds(3)."""


def ssh_command(config: str, box: str) -> Sequence[str]:
    """Build the command; the box runs its forced command, whatever this one says."""
    return ("ssh", "-F", config, "-T", "-o", "BatchMode=yes", "--", box, "narrated worker")


def serve(listening: socket.socket, command: Sequence[str]) -> None:
    """Run the command for each connection, for ever."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how one ended
    while True:
        connection, _ = listening.accept()
        with connection:
            subprocess.Popen(command, stdin=connection.fileno(), stdout=connection.fileno())


def main() -> None:
    """Serve the socket of a box."""
    config, box = sys.argv[-2:]
    with socket.socket(fileno=_LISTENING) as listening:
        serve(listening, ssh_command(config, box))


if __name__ == "__main__":
    main()
