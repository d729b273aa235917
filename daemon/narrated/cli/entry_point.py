"""The program `narrated`: it minds Ctrl-C and a worker's output before it imports its commands."""

import sys

from narrated.cli.interrupts import end_on_ctrl_c
from narrated.cli.worker_output import is_worker, private_streams


def run() -> None:
    """Run the command line."""
    end_on_ctrl_c()
    streams = private_streams() if is_worker(sys.argv[1:]) else None
    from narrated.cli.main import main

    main(obj=streams)
