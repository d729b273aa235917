"""The graphics card: which, under which driver, with how much memory free; and whether torch can
compute on it."""

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
_PATIENCE_S = 60.0
_PROBE = """
import json, torch
able = torch.cuda.is_available()
print(json.dumps({"version": torch.__version__, "cuda": torch.version.cuda, "able": able}))
"""


@dataclass(frozen=True, slots=True)
class Card:
    """A graphics card as its driver tells of it."""

    name: str
    driver: str
    total_bytes: int
    free_bytes: int


def gpu(config: Config) -> Iterator[Finding]:
    """The card and its driver; and torch, where models are configured."""
    cards = list(_cards())
    for card in cards:
        free = f"{size(card.free_bytes)} of {size(card.total_bytes)} are free"
        memory = free if card.total_bytes else "its driver does not tell its memory"
        yield well("gpu", f"{card.name}, driver {card.driver}: {memory}.")
    if not cards:
        yield _none_found()
    for python, specs in sorted(_pythons(config).items()):
        yield _torch(python, specs, bool(cards))


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
            timeout=_PATIENCE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return
    for line in done.stdout.splitlines() if done.returncode == 0 else ():
        told = [part.strip() for part in line.rsplit(",", 3)]
        if len(told) == 4:
            name, driver, total, free = told
            yield Card(name, driver, _bytes(total), _bytes(free))


def _bytes(mebibytes: str) -> int:
    """0 where the driver does not tell."""
    return int(mebibytes) << 20 if mebibytes.isdigit() else 0


def _none_found() -> Finding:
    if Path("/proc/driver/nvidia/version").exists():
        return wrong(
            "gpu",
            "There is an NVIDIA driver, and nvidia-smi does not tell of any card.",
            "See what nvidia-smi says; after an update of the driver, boot the box anew.",
        )
    return well("gpu", "There is no NVIDIA driver here: models compute on the CPU, much slower.")


def _pythons(config: Config) -> dict[str, list[EngineSpec]]:
    """The interpreters of the workers that hold models, and the engines in each."""
    return {
        each.python or sys.executable: list(each.engines)
        for each in worker_specs(config)
        if each.holds_models
    }


def _torch(python: str, specs: list[EngineSpec], has_card: bool) -> Finding:
    try:
        done = subprocess.run(
            (python, "-c", _PROBE),
            env=environment(python),  # what the worker will find, and nothing of this folder
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
            check=False,
        )
        told = json.loads(done.stdout)
    except OSError as error:
        return wrong(
            "torch",
            f"The interpreter {python} cannot be run: {error.strerror}.",
            _another(specs),
        )
    except (ValueError, subprocess.TimeoutExpired):
        return wrong("torch", f"{python} has no torch, which the models need.", _install(python))
    build = f"torch {told['version']}"
    if told["able"]:
        return well("torch", f"{build} computes on the GPU, by CUDA {told['cuda']}.")
    if not has_card:
        return well("torch", f"{build} computes on the CPU.")
    if told["cuda"] is None:
        return warning(
            "torch", f"{build} was built without CUDA: the GPU lies idle.", _install(python)
        )
    return warning(
        "torch",
        f"{build} cannot use the GPU: its CUDA {told['cuda']} may be newer than the driver.",
        "Update the driver, or let the service use the GPU: sudo narrated install --gpu",
    )


def _another(specs: list[EngineSpec]) -> str:
    """How engines get an interpreter; we make one only for those whose code we install."""
    keys = " and ".join(f"`engines: {spec.name}: python:`" for spec in specs)
    ours = next((spec.installed_as for spec in specs if spec.installed_as), "")
    command = f": narrated engines install {ours} --apart FOLDER" if ours else ""
    return f"Name another in {keys}, or make that environment anew{command}"


def _install(python: str) -> str:
    """Another interpreter has libraries of its own choice, pinned ones perhaps: torch alone."""
    what = "torch transformers" if python == sys.executable else "torch"
    return f"{python} -m pip install --upgrade {what}"
