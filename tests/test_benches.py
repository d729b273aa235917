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


@pytest.mark.timeout(600)  # it counts for half a minute where nothing else is at work
def test_models_fit_in_eight_gibibytes():
    """Bark Tortoise and a captioner stay warm in eight gibibytes."""
    done = run("memory.py", "--sums")
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "bark + tortoise + blip" in done.stdout
    assert "bark + blip + whisper-base" in done.stdout
    assert "bark + tortoise + florence-2" in done.stdout


@pytest.mark.timeout(600)  # on a busy machine what the troubles held up takes its time
def test_short_life_agrees(
    figure: Callable[[str], None],
) -> None:
    """After a short life of troubles outbox and inbox agree."""
    done = run("soak.py", "--quick")
    print(done.stdout, done.stderr)
    assert done.returncode == 0, "see what it printed; its seed repeats what the user did"
    seed, *lines = done.stdout.splitlines()
    acts = next(line for line in lines if " acts of " in line)
    figure(f"{seed}: {' '.join(acts.replace('│', ' ').split())}")


def test_costs_of_engines():
    """The costs of each engine are told, and those that cannot be measured with the reason."""
    done = run("engines.py", "--quick", "pico", "bark")
    assert done.returncode == 0, done.stdout + done.stderr
    pico, bark = done.stdout.splitlines()[-2:]
    assert pico.startswith("| `pico` | real | ") and pico.endswith(" s |")
    assert pico.count(" s |") == 4 and "B | " in pico
    assert bark.startswith("| `bark` | not taken: bark-small is")


TABLE = """
import runpy, sys
bench = runpy.run_path(sys.argv[1])
page = bench["PAGE"].read_text()
made = bench["with_table"](page, "THE TABLE")
again = bench["with_table"](made, "ANOTHER")
print(made.count("THE TABLE"), again.count("THE TABLE"), page.partition("<!--")[0] in again)
"""


def test_table_of_engines_in_docs():
    """The bench replaces its table in the documentation, and nothing else."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'daemon'}:{ROOT / 'bench'}"}
    command = (sys.executable, "-c", TABLE, str(ROOT / "bench/engines.py"))
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert done.stdout == "1 0 True\n"


ERRORS = """
from measuring.word_errors import WordErrors, words
for said, heard in (("Set up the disk.", "setup the disk"), ("one two three four", "One, four!")):
    errors = WordErrors.between(words(said), words(heard))
    print(errors.said, errors.wrong, errors.lost_run)
"""


def test_misheard_words_are_counted():
    """Words that were misheard, lost or added are counted; a compound in two parts is none."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "bench")}
    command = (sys.executable, "-c", ERRORS)
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.splitlines() == ["4 0 0", "4 2 2"]


@pytest.mark.long
@pytest.mark.timeout(900)  # the ears share the cores with other tests
def test_ears_hear_every_sentence():
    """What pico publishes of a post is heard, and none of its sentences is lost."""
    done = run("voice.py", "--quick", "words", "languages")
    print(done.stdout, done.stderr)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "not taken" not in done.stdout


@pytest.mark.long
@pytest.mark.timeout(900)  # Whisper hears two dozen takes, a minute of one core
def test_spoiled_takes_are_found(tmp_path: Path, figure: Callable[[str], None]) -> None:
    """Sound and real ears find most spoiled takes of a real voice, and blame few good ones."""
    done = run("takes.py", "--quick", "--scratch", str(tmp_path), "other-voice")
    print(done.stdout, done.stderr)
    assert done.returncode == 0, done.stdout + done.stderr
    if "not taken" in done.stdout:  # the packages of strangers are no longer to be had
        figure("not taken: the wheels of Whisper base are not to be had")
        return
    assert "16 spoiled takes: ears alone" in done.stdout


@pytest.mark.long
@pytest.mark.timeout(3600)  # minutes of two cores, which other tests share
def test_table_of_speed_is_whole() -> None:
    """Each line of the table of speed is taken, or says why it is not."""
    done = run("speed.py", "--quick")
    print(done.stdout, done.stderr)
    assert done.returncode in (0, 1)  # small sizes may miss a bound
    assert "failed" not in done.stdout
    for what in ("Bark,", "decode step", "captions", "model busy", "a text of"):
        assert what in done.stdout


HELP = """
import os, runpy, sys, transformers
from transformers import BarkModel, BlipForConditionalGeneration, Florence2ForConditionalGeneration
folder, *programs = sys.argv[1:]
sys.path[0] = folder
for program in programs:
    if not os.fork():
        sys.argv = [program, "--help"]
        runpy.run_path(f"{folder}/{program}", run_name="__main__")
    if os.wait()[1]:
        sys.exit(f"{program} failed")
"""
"""Forks of a process that has imported what costs most; each has the path that a program has."""


@pytest.mark.timeout(600)
def test_program_named_like_package():
    """A program is found whole where it is called like a package."""
    programs = ("kills.py", "occupancy.py", "tortoise.py", "warm.py")
    command = (sys.executable, "-c", HELP, str(ROOT / "bench"), *programs)
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "daemon")}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("usage: ") == len(programs)
