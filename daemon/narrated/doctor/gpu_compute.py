"""Checks that the workers can compute on the GPU: the card, its driver and memory, and torch."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from narrated.config.values import Config
from narrated.doctor.finding import Finding, warning, well, wrong
from narrated.engines.registry import EngineSpec
from narrated.human_formatting import size
from narrated.models.hearing_models import workers_with_ears
from narrated.workers.child import environment

_QUERY = "name,driver_version,memory.total,memory.free"
_TIMEOUT_S = 60.0
_PROBE = """
import json, torch
usable = torch.cuda.is_available()
print(json.dumps({"version": torch.__version__, "cuda": torch.version.cuda, "usable": usable}))
"""


def check_gpu(config: Config) -> Iterator[Finding]:
    """Check the card and its driver, and torch if models are configured."""
    found = cards()
    for name, driver, total, free in found:
        memory = "its driver does not report its memory"
        if total.isdigit() and free.isdigit():
            memory = f"{size(int(free) << 20)} of {size(int(total) << 20)} are free"
        yield well("gpu", f"{name}, driver {driver}: {memory}.")
    if not found:
        yield _no_card()
    engines = {
        worker.python or sys.executable: worker.engines
        for worker in workers_with_ears(config)[1]
        if worker.holds_models
    }
    for python in sorted(engines):
        yield _check_torch(python, engines[python], bool(found))


def cards() -> list[list[str]]:
    """Name, driver, total and free MiB of each card, as its driver reports them."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    try:
        done = _run((tool, f"--query-gpu={_QUERY}", "--format=csv,noheader,nounits"))
    except (OSError, subprocess.TimeoutExpired):
        return []
    lines = done.stdout.splitlines() if done.returncode == 0 else []
    cards = [[part.strip() for part in line.rsplit(",", 3)] for line in lines]
    return [card for card in cards if len(card) == 4]


def _run(
    command: tuple[str, ...], variables: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env=variables,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_TIMEOUT_S,
        check=False,
    )


def _no_card() -> Finding:
    if Path("/proc/driver/nvidia/version").exists():
        return wrong(
            "gpu",
            "There is an NVIDIA driver, but nvidia-smi reports no card.",
            "Run nvidia-smi to see why. After an update of the driver, reboot the machine.",
        )
    return well("gpu", "There is no NVIDIA driver: models compute on the CPU, much slower.")


def _check_torch(python: str, specs: tuple[EngineSpec, ...], has_card: bool) -> Finding:
    try:
        # In a worker's environment, so never with modules of the current folder.
        torch = json.loads(_run((python, "-c", _PROBE), environment(python)).stdout)
    except OSError as error:
        problem = f"Cannot run the interpreter {python}: {error.strerror}."
        return wrong("torch", problem, _replace_interpreter(specs))
    except (ValueError, subprocess.TimeoutExpired):
        problem = f"{python} has no torch, which the models need."
        return wrong("torch", problem, _install_torch(python))
    build = f"torch {torch['version']}"
    if torch["usable"]:
        return well("torch", f"{build} computes on the GPU, by CUDA {torch['cuda']}.")
    if not has_card:
        return well("torch", f"{build} computes on the CPU.")
    if torch["cuda"] is None:
        problem = f"{build} was built without CUDA and cannot use the GPU."
        return warning("torch", problem, _install_torch(python))
    return warning(
        "torch",
        f"{build} cannot use the GPU: its CUDA {torch['cuda']} may be newer than the driver.",
        "Update the driver, or let the service use the GPU: sudo narrated install --gpu",
    )


def _replace_interpreter(specs: tuple[EngineSpec, ...]) -> str:
    """The remedy for a missing interpreter. narrated makes one only for code that it installs."""
    keys = " and ".join(f"`engines: {spec.name}: python:`" for spec in specs)
    ours = next((spec.code.installed_as for spec in specs if spec.code.pins), "")
    command = f": narrated engines install {ours} --apart FOLDER" if ours else ""
    return f"Set another in {keys}, or make that environment again{command}"


def _install_torch(python: str) -> str:
    """The remedy for torch. Another interpreter may pin its libraries, so it gets torch alone."""
    packages = "torch transformers" if python == sys.executable else "torch"
    return f"{python} -m pip install --upgrade {packages}"
