"""The program `narrated`: it minds Ctrl-C before it imports its commands."""

from narrated.cli.interrupts import end_on_ctrl_c


def run() -> None:
    """Run the command line."""
    end_on_ctrl_c()
    from narrated.cli.main import main

    main()
