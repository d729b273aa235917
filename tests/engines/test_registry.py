"""Engines of other distributions: found by entry point, and used by name alone."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from narrated.config.file import load as load_config
from narrated.config.values import Config, EngineConfig
from narrated.config.worker_specs import all_engines, engine_spec, speech_engines, worker_specs
from narrated.doctor.engines import check_engines
from narrated.doctor.finding import Severity
from narrated.engines.interface import SpeechRequest
from narrated.engines.registry import BUILT_IN_ENGINES, EngineSpec, installed_engines, load
from narrated.errors import ConfigurationError, EngineUnavailable
from narrated.workers.pool import EngineProbe, WorkerSnapshot, WorkerState
from support.documented import blocks
from support.engine_context import PlainContext

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs/write-an-engine.md"
SPEECH = "narrated.engines.speech"


def _run(*command: str | Path, cwd: Path, path: str = "") -> str:
    """Run a program of this interpreter; give its output."""
    environ = {**os.environ, "PYTHONPATH": path}
    ran = subprocess.run(
        [sys.executable, "-m", *command],
        env=environ,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def tones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip installed the wheel of docs/write-an-engine.md."""
    source = tmp_path_factory.mktemp("narrated-tones")
    guide = GUIDE.read_text()
    for language, name in (("toml", "pyproject.toml"), ("python", "narrated_tones.py")):
        block = re.search(rf"^```{language}\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)
        assert block is not None
        (source / name).write_text(block[1])
    _run("hatchling", "build", "-t", "wheel", cwd=source)
    (wheel,) = source.glob("dist/*.whl")
    target = tmp_path_factory.mktemp("installed")
    offline = ("--quiet", "--no-index", "--no-deps", "--disable-pip-version-check")
    _run("pip", "install", *offline, "--target", target, wheel, cwd=source)
    return target


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with an inbox, and a configuration that names the engine and nothing else of it."""
    (tmp_path / "inbox").mkdir()
    settings = {"inbox": "inbox", "outbox": "outbox", "state": "state", "cache": "cache"}
    settings |= {"speech": {"engine": "tones", "voice": "high"}, "audio": {"format": "wav"}}
    (tmp_path / "narrated.yaml").write_text(yaml.safe_dump(settings))
    return tmp_path


def narrated(home: Path, installed: Path, *arguments: str) -> str:
    """Run the real program with the engine's folder on its path."""
    path = os.pathsep.join([str(ROOT / "daemon"), str(installed)])
    config = str(home / "narrated.yaml")
    return _run("narrated.cli.main", "--config", config, *arguments, cwd=home, path=path)


def offered(folder: Path, *lines: str, name: str = "foreign", group: str = SPEECH) -> Path:
    """Write a distribution's metadata with these entry points; give its folder."""
    info = folder / f"{name}-2.1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 2.1\n")
    (info / "entry_points.txt").write_text("\n".join([f"[{group}]", *lines, ""]))
    return folder


def config(**settings: object) -> Config:
    return Config(inbox=Path("/in"), outbox=Path("/out"), **settings)  # type: ignore[arg-type]


def test_guide_engine_is_listed(home: Path, tones: Path) -> None:
    """An engine of another distribution is listed with its voices, by its name alone."""
    told = narrated(home, tones, "voices", "list")
    assert "tones   high" in told and "tones   low" in told


def test_guide_engine_narrates(home: Path, tones: Path) -> None:
    """The guide's engine, installed from its wheel, narrates a post by the real program."""
    (home / "inbox/post.txt").write_text("Tones for each letter.\n")
    narrated(home, tones, "once")
    assert (home / "outbox/post.wav").stat().st_size > 22_050
    assert '"tones"' in (home / "outbox/post.json").read_text()


def test_daemon_never_imports_engine(tones: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kind, module and limit come from the metadata: the module is not imported."""
    monkeypatch.syspath_prepend(tones)
    spec = engine_spec(config(), "tones")
    assert spec == EngineSpec(
        "tones", "speech", "narrated_tones", 400, distribution="narrated-tones 1.0"
    )
    assert speech_engines(config()).limits["tones"] == 400
    assert "narrated_tones" not in sys.modules


def test_options_of_foreign_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry of `engines:` sets the options and the limit of a foreign engine."""
    monkeypatch.syspath_prepend(offered(tmp_path, "tones = some.module:make"))
    file = tmp_path / "narrated.yaml"
    file.write_text(
        "inbox: in\noutbox: out\nspeech: {engine: tones}\n"
        "engines: {tones: {limit: 90, options: {loud: true}}, calm: {like: tones}}\n"
    )
    told = load_config(file)
    spec = engine_spec(told, "tones")
    assert (spec.module, spec.limit_characters) == ("some.module:make", 90)
    assert spec.options == {"loud": True}
    assert engine_spec(told, "calm").module == "some.module:make"


@pytest.mark.parametrize(
    ("group", "kind"),
    [("narrated.engines.captions", "caption"), ("narrated.engines.hearing", "hearing")],
)
def test_group_tells_the_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, group: str, kind: str
) -> None:
    """The group of the entry point tells the kind of the engine."""
    monkeypatch.syspath_prepend(offered(tmp_path, "look = some.module", group=group))
    assert engine_spec(config(), "look").kind == kind
    assert "look" not in speech_engines(config()).limits


def test_built_in_name_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A foreign engine of a built-in engine's name is not used."""
    monkeypatch.syspath_prepend(offered(tmp_path, "espeak = some.module"))
    assert engine_spec(config(), "espeak") == BUILT_IN_ENGINES["espeak"]
    assert all_engines(config())["espeak"] == BUILT_IN_ENGINES["espeak"]


@pytest.mark.parametrize("line", ["broken = not a module!", "broken", "broken = a:b:c", "broken ="])
def test_broken_entry_names_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    """A broken entry point costs its own name only, and the error names the distribution."""
    monkeypatch.syspath_prepend(offered(tmp_path, line, "fine = some.module"))
    with pytest.raises(ConfigurationError, match=r"foreign 2\.1.*pip uninstall foreign"):
        engine_spec(config(), "broken")
    assert engine_spec(config(), "fine").module == "some.module"
    assert "broken" not in speech_engines(config()).limits


def test_name_offered_twice_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither of two engines of one name is used, and the error names both distributions."""
    offered(tmp_path, "tones = one.module", name="first")
    offered(tmp_path, "tones = another.module", name="second")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigurationError, match=r"first 2\.1, second 2\.1"):
        engine_spec(config(), "tones")


@pytest.mark.parametrize("group", ["narrated.engines", "narrated.engines.caption"])
def test_unknown_group_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, group: str
) -> None:
    """An engine in a group that narrated does not know is reported with those it knows."""
    monkeypatch.syspath_prepend(offered(tmp_path, "tones = some.module", group=group))
    with pytest.raises(ConfigurationError, match=r"foreign 2\.1") as refused:
        engine_spec(config(), "tones")
    assert f"`{group}`" in str(refused.value)
    for known in (SPEECH, "narrated.engines.captions", "narrated.engines.hearing"):
        assert f"`{known}`" in str(refused.value)
    assert "tones" in installed_engines().problems


def test_group_besides_ours_is_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that a known group offers as well is used, whatever another group says."""
    offered(tmp_path, "tones = some.module", name="first")
    offered(tmp_path, "tones = old.module", name="second", group="narrated.engines")
    monkeypatch.syspath_prepend(tmp_path)
    assert engine_spec(config(), "tones").module == "some.module"


def test_hidden_version_is_not_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one distribution in two folders of the path, the first is used."""
    monkeypatch.syspath_prepend(offered(tmp_path / "later", "tones = later.module"))
    monkeypatch.syspath_prepend(offered(tmp_path / "earlier", "tones = earlier.module"))
    assert engine_spec(config(), "tones").module == "earlier.module"


def test_foreign_metadata_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Damaged entry points of another program disturb no engine."""
    monkeypatch.syspath_prepend(offered(tmp_path, "no equals sign", group="console_scripts"))
    assert installed_engines().problems == {}


def test_doctor_tells_broken_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The doctor warns of a broken entry point, though no configuration names it."""
    monkeypatch.syspath_prepend(offered(tmp_path, "broken = not a module!"))
    (worker,) = [each for each in worker_specs(config()) if not each.holds_models]
    state = WorkerSnapshot(worker.name, 1, WorkerState.READY, ("espeak", "embedded"), 0, 0, "")
    findings = {each.name: each for each in check_engines(config(), EngineProbe({}, [state]))}
    assert findings["engine espeak"].severity is Severity.WELL
    assert findings["engine broken"].severity is Severity.WARNING
    assert "foreign 2.1" in findings["engine broken"].text


def test_failed_import_names_package() -> None:
    """An engine whose module cannot be imported is unavailable, and names its distribution."""
    spec = EngineSpec("tones", "speech", "no_such_module:make", 400, distribution="foreign 2.1")
    with pytest.raises(EngineUnavailable, match=r"tones \(from foreign 2\.1\).*no_such_module"):
        load(spec, PlainContext())


def test_missing_function_is_named() -> None:
    """A module without the function of its entry point is unavailable, and says so."""
    spec = EngineSpec("tones", "speech", "math:make", 400, distribution="foreign 2.1")
    with pytest.raises(EngineUnavailable, match=r"foreign 2\.1.*'make'"):
        load(spec, PlainContext())


@pytest.fixture
def staged(tones: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The staged engine of the guide, as its module makes it."""
    monkeypatch.syspath_prepend(tones)
    module = ModuleType("staged_tones")
    (code,) = blocks("write-an-engine.md", "Batches and stages", "python")
    exec(compile(code, "staged_tones.py", "exec"), module.__dict__)
    yield module.load({}, None)
    sys.modules.pop("narrated_tones", None)


def asked(id: str, text: str) -> SpeechRequest:
    return SpeechRequest(id=id, text=text, voice="high", language="en", seed=1, options={})


def test_guide_staged_engine(staged: Any) -> None:
    """The guide's staged engine sounds alike alone and in batches, which stay full."""
    texts = {str(number): "Tones" * (number % 3 + 1) for number in range(9)}
    alone = {}
    for id, text in texts.items():
        staged.admit(asked(id, text))
        assert staged.step() == []
        (alone[id],) = staged.step()
    waiting, heard, batches = [*texts.items()], {}, []
    while waiting or len(heard) < len(texts):
        while waiting and staged.has_room:
            staged.admit(asked(*waiting.pop(0)))
        results = staged.step()
        heard |= {each.id: each for each in results}
        batches += [len(results)] if results else []
    assert {id: each.pcm for id, each in heard.items()} == {
        id: each.pcm for id, each in alone.items()
    }
    assert batches == [4, 4, 1]


def test_guide_staged_engine_cancels(staged: Any) -> None:
    """A cancelled request of either stage is not heard."""
    for id in "abcd":
        staged.admit(asked(id, "Tones"))
    staged.cancel("a")
    assert staged.step() == []
    staged.cancel("b")
    assert [each.id for each in staged.step()] == ["c", "d"]


def test_engine_in_its_own_interpreter(home: Path, tones: Path, tmp_path: Path) -> None:
    """narrated needs the metadata of a foreign engine; its code is in another interpreter alone."""
    _run("venv", "--without-pip", str(tmp_path / "apart"), cwd=tmp_path)
    (packages,) = (tmp_path / "apart").glob("lib/python*/site-packages")
    (packages / "tones.pth").write_text(f"{tones}\n")
    known = tmp_path / "known"
    known.mkdir()
    (info,) = tones.glob("*.dist-info")
    shutil.copytree(info, known / info.name)
    file = home / "narrated.yaml"
    settings = yaml.safe_load(file.read_text())
    settings["engines"] = {"tones": {"python": str(tmp_path / "apart/bin/python")}}
    file.write_text(yaml.safe_dump(settings))
    (home / "inbox/post.txt").write_text("Tones for each letter.\n")
    narrated(home, known, "once")
    assert (home / "outbox/post.wav").stat().st_size > 22_050


def _offered_in(folder: Path, source: str) -> Path:
    """A distribution whose module has this text."""
    (offered(folder, "tones = foreign_tones.engine") / "foreign_tones").mkdir()
    (folder / "foreign_tones/__init__.py").write_text("raise SystemExit")
    (folder / "foreign_tones/engine.py").write_text(source)
    return folder


@pytest.mark.parametrize(
    ("source", "python"),
    [
        (
            '"""A tone."""\nimport torch_of_2019\nPYTHON = "/opt/a/bin/python"\n',
            "/opt/a/bin/python",
        ),
        ('PYTHON: str = "engines/a/bin/python"', f"{sys.prefix}/engines/a/bin/python"),
        ('print("PYTHON")', ""),
        ('if True:\n    PYTHON = "/opt"', ""),
        ("PYTHON = (((", ""),
        ("PYTHON = " + "(" * 9999, ""),
        ("#" * (1 << 20) + '\nPYTHON = "/opt"', ""),
    ],
)
def test_module_names_interpreter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, python: str
) -> None:
    """A module's text names the interpreter; it is parsed, and not imported."""
    monkeypatch.syspath_prepend(_offered_in(tmp_path, source))
    assert engine_spec(config(), "tones").python == python
    assert "foreign_tones" not in sys.modules
    ours = config(engines={"tones": EngineConfig(python="/mine")})
    assert engine_spec(ours, "tones").python == "/mine"


@pytest.mark.parametrize("value", ["3", "None or '/a'", "f'{3}'", "''", "'a\\nb'"])
def test_computed_interpreter_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    """An interpreter that is no plain text is a problem that names the distribution."""
    monkeypatch.syspath_prepend(_offered_in(tmp_path, f"PYTHON = {value}"))
    with pytest.raises(ConfigurationError, match=r"foreign 2\.1 is not used: foreign_tones"):
        engine_spec(config(), "tones")


def test_package_names_its_interpreter(home: Path, tones: Path, tmp_path: Path) -> None:
    """A package that names its interpreter narrates from a venv of its own, without `python:`."""
    apart, known = tmp_path / "apart", tmp_path / "known"
    _run("venv", "--without-pip", str(apart), cwd=tmp_path)
    (packages,) = apart.glob("lib/python*/site-packages")
    (packages / "only_here.py").write_text("")
    for folder in (packages, known):
        shutil.copytree(tones, folder, dirs_exist_ok=True)
        text = (folder / "narrated_tones.py").read_text()
        own = f'PYTHON = "{apart}/bin/python"\nimport only_here\n'
        (folder / "narrated_tones.py").write_text(f"{own}{text}")
    (home / "inbox/post.txt").write_text("Tones for each letter.\n")
    narrated(home, known, "once")
    assert (home / "outbox/post.wav").stat().st_size > 22_050
    listed = narrated(home, known, "engines", "list")
    assert f"tones runs in an interpreter of its own: {apart}/bin/python" in listed
    assert re.search(r"^tones +speech +ready ", listed, re.MULTILINE)
