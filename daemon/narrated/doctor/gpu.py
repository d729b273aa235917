"""Checks the graphics card, its driver and memory, and that torch can compute on it."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from narrated.config.values import Config
from narrated.config.worker_specs import worker_specs
from narrated.doctor.finding import Finding, warning, well, wrong
from narrated.engines.engine_spec import EngineSpec
from narrated.human_sizes import size
from narrated.workers.child import environment

_QUERY = "name,driver_version,memory.total,memory.free"
_TIMEOUT_S = 60.0
_PROBE = """
import json, torch
usable = torch.cuda.is_available()
print(json.dumps({"version": torch.__version__, "cuda": torch.version.cuda, "usable": usable}))
"""


@dataclass(frozen=True, slots=True)
class Card:
    """A graphics card, as its driver reports it."""

    name: str
    driver: str
    total_bytes: int
    free_bytes: int


def check_gpu(config: Config) -> Iterator[Finding]:
    """Check the card and its driver, and torch if models are configured."""
    cards = list(_cards())
    for card in cards:
        free = f"{size(card.free_bytes)} of {size(card.total_bytes)} are free"
        memory = free if card.total_bytes else "its driver does not report its memory"
        yield well("gpu", f"{card.name}, driver {card.driver}: {memory}.")
    if not cards:
        yield _no_card()
    for python, specs in sorted(_model_interpreters(config).items()):
        yield _check_torch(python, specs, bool(cards))


def _cards() -> Iterator[Card]:
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return
    command = (tool, f"--query-gpu={_QUERY}", "--format=csv,noheader,nounits")
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return
    for line in done.stdout.splitlines() if done.returncode == 0 else ():
        values = [part.strip() for part in line.rsplit(",", 3)]
        if len(values) == 4:
            name, driver, total, free = values
            yield Card(name, driver, _bytes(total), _bytes(free))


def _bytes(mebibytes: str) -> int:
    """Convert to bytes; 0 if the driver does not report it."""
    return int(mebibytes) << 20 if mebibytes.isdigit() else 0


def _no_card() -> Finding:
    if Path("/proc/driver/nvidia/version").exists():
        return wrong(
            "gpu",
            "There is an NVIDIA driver, but nvidia-smi reports no card.",
            "Run nvidia-smi to see why. After an update of the driver, reboot the machine.",
        )
    return well("gpu", "There is no NVIDIA driver: models compute on the CPU, much slower.")


def _model_interpreters(config: Config) -> dict[str, list[EngineSpec]]:
    """The interpreters of the workers with models, and the engines of each."""
    return {
        each.python or sys.executable: list(each.engines)
        for each in worker_specs(config)
        if each.holds_models
    }


def _check_torch(python: str, specs: list[EngineSpec], has_card: bool) -> Finding:
    try:
        probe = subprocess.run(
            (python, "-c", _PROBE),
            env=environment(python),  # as for the worker; never modules of the current folder
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
        torch = json.loads(probe.stdout)
    except OSError as error:
        return wrong(
            "torch",
            f"Cannot run the interpreter {python}: {error.strerror}.",
            _replace_interpreter(specs),
        )
    except (ValueError, subprocess.TimeoutExpired):
        return wrong(
            "torch", f"{python} has no torch, which the models need.", _install_torch(python)
        )
    build = f"torch {torch['version']}"
    if torch["usable"]:
        return well("torch", f"{build} computes on the GPU, by CUDA {torch['cuda']}.")
    if not has_card:
        return well("torch", f"{build} computes on the CPU.")
    if torch["cuda"] is None:
        return warning(
            "torch",
            f"{build} was built without CUDA and cannot use the GPU.",
            _install_torch(python),
        )
    return warning(
        "torch",
        f"{build} cannot use the GPU: its CUDA {torch['cuda']} may be newer than the driver.",
        "Update the driver, or let the service use the GPU: sudo narrated install --gpu",
    )


def _replace_interpreter(specs: list[EngineSpec]) -> str:
    """The remedy for a missing interpreter. narrated makes one only for code that it installs."""
    keys = " and ".join(f"`engines: {spec.name}: python:`" for spec in specs)
    ours = next((spec.installed_as for spec in specs if spec.installed_as), "")
    command = f": narrated engines install {ours} --apart FOLDER" if ours else ""
    return f"Set another in {keys}, or make that environment again{command}"


def _install_torch(python: str) -> str:
    """The remedy for torch. Another interpreter may pin its libraries, so it gets torch alone."""
    packages = "torch transformers" if python == sys.executable else "torch"
    return f"{python} -m pip install --upgrade {packages}"
