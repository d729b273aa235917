"""An interpreter in which nothing is imported yet."""

import subprocess
import sys


def in_a_fresh_process(code: str) -> str:
    """Run code in an interpreter that finds what this one finds; gives what it prints."""
    paths = [path for path in sys.path if path]
    begin = f"import sys; sys.path[:0] = {paths!r}\n"
    ran = subprocess.run(
        [sys.executable, "-c", begin + code], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout
