"""Coverage-guided fuzzing: seconds for each reader, from a seed that is told."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hostile.targets import TARGETS

GUIDED = Path(__file__).with_name("guided.py")
SECONDS, LONG_SECONDS = 1, 30
"""For each reader."""


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seconds", [SECONDS, pytest.param(LONG_SECONDS, marks=pytest.mark.long)])
def test_short_fuzzing_finds_nothing(
    tmp_path: Path, seconds: int, figure: Callable[[str], None]
) -> None:
    """Some seconds of guided fuzzing find no input that breaks a promise."""
    pytest.importorskip("atheris", reason="there is no atheris for this Python or machine")
    done = subprocess.run(
        [sys.executable, str(GUIDED), "--seconds", str(seconds), "--found", str(tmp_path)],
        capture_output=True,
        text=True,
        errors="replace",
    )
    found = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-6000:]}\n{found}"
    assert found == {}
    runs = re.findall(r"number_of_executed_units:\s*(\d+)", done.stderr)
    told = done.stdout.splitlines()
    assert [line.partition(":")[0] for line in told] == [*TARGETS]
    figure("; ".join(f"{line}, {count} runs" for line, count in zip(told, runs, strict=True)))
