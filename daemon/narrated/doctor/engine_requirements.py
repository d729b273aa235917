"""Finds what the configured engines still lack: packages, a model, a voice.

It looks at files alone, starts no worker and imports no torch. The check of the engines themselves
(`doctor/engines.py`) loads them, which takes minutes for a model.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from narrated.config.values import Config, speaker_key
from narrated.config.worker_specs import configured_speakers
from narrated.doctor.finding import Finding, shown, wrong
from narrated.doctor.voice_presence import voice_problem
from narrated.engines.pico_voices import PACKAGE
from narrated.engines.registry import KOKORO, PIPER, EngineSpec
from narrated.errors import NarratedError
from narrated.models.catalogue import detect_layout, find_model, is_repository
from narrated.models.hearing_models import hearing_engine, workers_with_ears
from narrated.models.store import ModelState, ModelStore
from narrated.workers.child import environment

_TORCH = ("torch", "transformers")
_FIND_S = 60.0
_FIND = """
import importlib.util, json, sys
folder, *names = sys.argv[1:]
sys.path += [folder] if folder else []
def lacks(name):
    try:
        return importlib.util.find_spec(name) is None
    except Exception:
        return True
print(json.dumps([name for name in names if lacks(name)]))
"""


def configured_engines(config: Config) -> list[EngineSpec]:
    """List the engines that a daemon would load on this machine."""
    workers = (worker for worker in workers_with_ears(config)[1] if not worker.socket)
    return [engine for worker in workers for engine in worker.engines]


def check_requirements(config: Config) -> Iterator[Finding]:
    """Find what is missing, each with the command that brings it. Nothing, if nothing is."""
    for engine in configured_engines(config):
        yield from check_engine(config, engine)
    if config.takes.settings.check == "ears" and not hearing_engine(config):
        yield wrong(
            "ears",
            "`takes: {check: ears}` asks for a hearing model, and there is none that can be used.",
            "narrated models pull whisper-base (or faster-whisper, on a CPU without torch)",
        )


def check_engine(config: Config, engine: EngineSpec) -> Iterator[Finding]:
    """Find what one engine lacks."""
    yield from _check_packages(engine)
    model = list(_check_model(config, engine))
    yield from model
    if not model:
        yield from _check_voices(config, engine)


def _check_packages(engine: EngineSpec) -> Iterator[Finding]:
    """Look for the engine's modules in its interpreter."""
    python = engine.python or sys.executable
    try:
        lacking = lacking_modules(python, engine.path, engine.code.modules)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        problem = f"The interpreter {python} of the engine {engine.name} cannot be run: {error}."
        yield _lack(engine, problem, f"Set another in `engines: {engine.name}: python:`.")
        return
    if lacking:
        problem = f"{engine.name} needs {' and '.join(lacking)}, which {python} does not have."
        yield _lack(engine, problem, _install_command(engine, python, lacking))


def lacking_modules(python: str, folder: str, modules: tuple[str, ...]) -> list[str]:
    """List the modules that an interpreter does not find. Errors: OSError, ValueError."""
    done = subprocess.run(
        (python, "-c", _FIND, folder, *modules),
        env=environment(python),
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_FIND_S,
        check=False,
    )
    # A module's package may print as it is imported to look into it: ours is the last line.
    lines = done.stdout.splitlines() or ["null"]
    return [str(name) for name in json.loads(lines[-1]) or ()] if done.returncode == 0 else [python]


def _install_command(engine: EngineSpec, python: str, lacking: list[str]) -> str:
    code = engine.code
    if code.installed_as and not engine.python:
        return f"narrated engines install {code.installed_as}"
    if code.pins:
        return f"narrated engines install {code.installed_as} --apart {Path(python).parents[1]}"
    if lacking == ["faster_whisper"]:
        return f"{python} -m pip install faster-whisper"
    if engine.module == PIPER:
        return f"{python} -m pip install piper-tts"
    if engine.module == KOKORO:
        return f"{python} -m pip install kokoro-onnx"
    if engine.holds_models:
        return f"{python} -m pip install {' '.join(sorted(set(lacking) & set(_TORCH)))}"
    if engine.module == "narrated.engines.pico":
        return f"{python} -m pip install {PACKAGE} (Linux, x86_64 or aarch64); or choose espeak."
    return (
        f"Install its package: {python} -m pip install PACKAGE; or name its folder in "
        f"`engines: {engine.name}: path:`."
    )


def _check_model(config: Config, engine: EngineSpec) -> Iterator[Finding]:
    """Look for the model's files, by the lockfile of the pull."""
    name = str(engine.options.get("model", "")) if engine.holds_models else ""
    try:
        if name and not is_repository(name):
            yield from _check_own_model(engine, Path(name).expanduser())
        elif name:
            yield from _check_pulled_model(config, engine, name)
    except (OSError, NarratedError) as error:
        remedy = error.remedy if isinstance(error, NarratedError) else ""
        problem = error.problem if isinstance(error, NarratedError) else f"{error}."
        as_daemon = "Ask as the account of the daemon: sudo -u narrated narrated config check"
        yield _lack(engine, problem, remedy or as_daemon)


def _check_own_model(engine: EngineSpec, folder: Path) -> Iterator[Finding]:
    names = [file.name for file in folder.iterdir()] if folder.is_dir() else []
    if detect_layout(names) is None:
        problem = f"There is no model in {shown(folder)}, which {engine.name} is to use."
        yield _lack(engine, problem, f"Set another in `engines: {engine.name}: options: model:`.")


def _check_pulled_model(config: Config, engine: EngineSpec, name: str) -> Iterator[Finding]:
    store = ModelStore(config.models.folder)
    state = store.model_state(name, store.locks().get(name))
    if state in (ModelState.ABSENT, ModelState.INCOMPLETE):
        entry = find_model(name)
        problem = f"The model {name} of {engine.name} is {state}."
        yield _lack(engine, problem, f"narrated models pull {entry.name or name}")


def _check_voices(config: Config, engine: EngineSpec) -> Iterator[Finding]:
    for role, speaker in configured_speakers(config).items():
        # A voice of Piper's is all that there is of a model, so one must be there in any case.
        if speaker.engine == engine.name and (speaker.voice or engine.module == PIPER):
            key = speaker_key(role, "voice")
            if problem := voice_problem(config, engine, speaker.voice):
                yield _lack(engine, problem.problem, _with_key(problem.remedy, key))


def _with_key(remedy: str, key: str) -> str:
    """Name the key that names a voice, unless the remedy is a command to be copied."""
    is_command = remedy.startswith("narrated ")
    return remedy if is_command else f"{remedy} It is set in `{key}`."


def _lack(engine: EngineSpec, problem: str, remedy: str) -> Finding:
    return wrong(f"engine {engine.name}", problem, remedy)
