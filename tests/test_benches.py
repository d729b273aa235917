"""The programs that measure, as a person runs them."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "daemon")}
    command = (sys.executable, str(ROOT / "bench" / program), *arguments)
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def test_bark_tortoise_and_a_captioner_stay_warm_in_eight_gibibytes():
    done = run("memory.py", "--sums")
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "bark + tortoise + blip" in done.stdout
    assert "bark + tortoise + florence-2" in done.stdout


@pytest.mark.timeout(600)  # on a busy machine what the troubles held up takes its time
def test_after_a_short_life_of_troubles_outbox_and_inbox_agree(
    figure: Callable[[str], None],
) -> None:
    done = run("soak.py", "--quick")
    print(done.stdout, done.stderr)
    assert done.returncode == 0, "see what it printed; its seed repeats what the user did"
    seed, *lines = done.stdout.splitlines()
    acts = next(line for line in lines if " acts of " in line)
    figure(f"{seed}: {' '.join(acts.replace('│', ' ').split())}")


@pytest.mark.parametrize("program", ["kills.py", "tortoise.py", "warm.py"])
def test_a_program_is_found_whole_where_it_is_called_like_a_package(program):
    done = run(program, "--help")
    assert done.returncode == 0, done.stderr
