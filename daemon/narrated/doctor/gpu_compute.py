"""Checks that the workers can compute on the GPU: the card, its driver and memory, and torch."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from narrated.config.values import Config
from narrated.doctor.finding import Finding, Severity, warning, well, wrong
from narrated.engines.registry import EngineSpec
from narrated.human_formatting import size
from narrated.models.hearing_models import workers_with_ears
from narrated.workers.child import command, environment

_QUERY = "name,driver_version,memory.total,memory.free"
_TIMEOUT_S = 60.0
_PROBE = "narrated.engines.neural.device_choice"
_AMD = Path("/dev/kfd")
"""The device node of AMD's driver for computing."""
_OLDEST_TORCH = (2, 6)


def check_gpu(config: Config) -> Iterator[Finding]:
    """Check the card and its driver, and torch if models are configured."""
    found = cards()
    for name, driver, total, free in found:
        memory = "its driver does not report its memory"
        if total.isdigit() and free.isdigit():
            memory = f"{size(int(free) << 20)} of {size(int(total) << 20)} are free"
        yield well("gpu", f"{name}, driver {driver}: {memory}.")
    if not found and _AMD.exists():
        yield well("gpu", "There is an AMD card. A torch for ROCm computes on it.")
    elif not found and sys.platform == "darwin":
        yield well("gpu", "This is an Apple machine. torch computes on its GPU where it can.")
    elif not found:
        yield _no_card()
    engines = {
        worker.python or sys.executable: worker.engines
        for worker in workers_with_ears(config)[1]
        if not worker.socket and any("torch" in spec.code.modules for spec in worker.engines)
    }
    for python in sorted(engines):
        has_card = bool(found) or _AMD.exists()
        yield _check_torch(python, engines[python], has_card, config.models.device)


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
    program: Sequence[str], variables: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        program,
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


def _check_torch(
    python: str, specs: tuple[EngineSpec, ...], has_card: bool, wanted: str
) -> Finding:
    try:
        # In a worker's environment, so never with modules of the current folder.
        torch = json.loads(_run(command(python, _PROBE), environment(python)).stdout)
    except OSError as error:
        problem = f"Cannot run the interpreter {python}: {error.strerror}."
        return wrong("torch", problem, _replace_interpreter(specs))
    except (ValueError, subprocess.TimeoutExpired):
        problem = f"{python} has no torch, which the models need."
        return wrong("torch", problem, _install_torch(python))
    judged = _judged(torch, python, specs, has_card)
    is_there = wanted.partition(":")[0] in ("auto", "cpu", torch["device"])
    if is_there or judged.severity is not Severity.WELL:
        return judged
    return wrong(
        "torch",
        f"`models: device: {wanted}` is not there: {judged.text}",
        "Set `models: {device: auto}`.",
    )


def _judged(
    torch: dict[str, Any], python: str, specs: tuple[EngineSpec, ...], has_card: bool
) -> Finding:
    """Judge a build of torch by what it says of itself."""
    build = f"torch {torch['version']}"
    version = tuple(map(int, re.findall(r"\d+", torch["version"])[:2]))
    if version < _OLDEST_TORCH and not all(spec.code.pins for spec in specs):
        problem = f"{build} is too old: with it, transformers reads no pytorch_model.bin."
        return warning("torch", problem, _install_torch(python))
    library = f"ROCm {torch['rocm']}" if torch["rocm"] else f"CUDA {torch['cuda']}"
    if torch["device"] == "mps":
        return well("torch", f"{build} computes on the Apple GPU, by Metal.")
    if torch["device"] != "cpu":
        return well("torch", f"{build} computes on the GPU, by {library}.")
    if torch["reason"] and torch.get("metal"):
        return well("torch", f"{build} computes on the CPU: {torch['reason']}.")
    if torch["reason"]:
        return warning(
            "torch",
            f"{build} computes on the CPU, although there is a card: {torch['reason']}.",
            "Install a build of torch for this card: https://pytorch.org/get-started/locally",
        )
    if not has_card:
        return well("torch", f"{build} computes on the CPU.")
    if not torch["cuda"] and not torch["rocm"]:
        problem = f"{build} was built without CUDA and ROCm, and cannot use the GPU."
        return warning("torch", problem, _install_torch(python))
    return warning(
        "torch",
        f"{build} cannot use the GPU: its {library} may be newer than the driver.",
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
