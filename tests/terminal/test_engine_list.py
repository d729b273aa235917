"""The table of engines: what each lacks here, and what it may cost."""

import json
from pathlib import Path

import pytest

from narrated.config.values import Config, EngineConfig, ModelsConfig
from narrated.engines.registry import BUILT_IN_ENGINES, EngineSpec
from narrated.ledger.engine_rates import EngineRate
from narrated.models.catalogue import find_model
from narrated.terminal.engine_list import (
    EngineRow,
    EngineState,
    engine_rows,
    engine_table,
    note_lines,
)
from narrated.terminal.model_room import ModelRoom
from support.documented import DOCS

CARD = ModelRoom("A card", 8 << 30, 0, Path(), 0)
HOST = ModelRoom("cpu", 8 << 30, 0, Path(), 0)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A configuration without models."""
    models = ModelsConfig(folder=tmp_path / "models")
    return Config(inbox=tmp_path / "in", outbox=tmp_path / "out", models=models)


def pulled(config: Config, repository: str, licence: str) -> None:
    """Put a model with this licence into the model folder, as a pull would."""
    folder = config.models.folder / repository
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    file = {"size": 2, "sha256": ""}
    lock = {"commit": "", "pulled": "", "licence": licence, "files": {"config.json": file}}
    (config.models.folder / "lock.json").write_text(json.dumps({repository: lock}))


def rows(config: Config, room: ModelRoom = HOST, **known: object) -> dict[str, EngineRow]:
    return {row.name: row for row in engine_rows(config, room, **known)}  # type: ignore[arg-type]


def test_state_and_next_command(config: Config) -> None:
    """An engine that comes along is ready; one without its model has the command that pulls it."""
    found = rows(config)
    assert (found["espeak"].state, found["espeak"].next) == (EngineState.READY, "")
    bark = found["bark-small"]
    assert bark.state in (EngineState.NOT_PULLED, EngineState.NOT_INSTALLED)
    assert bark.next in ("narrated models pull bark-small", "narrated engines install bark")
    assert [*found][:2] == ["espeak", "pico"]


def test_missing_interpreter_is_a_state(config: Config, tmp_path: Path) -> None:
    """An engine whose interpreter is gone, or lacks its libraries, is told apart."""
    broken = {
        "gone": EngineConfig(like="bark", python=str(tmp_path / "gone")),
        "lost": EngineConfig(module="nowhere_at_all", kind="speech"),
    }
    config.engines.update(broken)
    found = rows(config)
    assert found["gone"].state is EngineState.NO_INTERPRETER
    assert (found["lost"].state, found["lost"].next) == (EngineState.NOT_INSTALLED, "")
    line = next(line for line in engine_table([found["lost"]]) if line.startswith("lost"))
    assert " ?  " in line, "nobody knows the memory of a stranger's engine"


def test_device_of_each_engine(config: Config) -> None:
    """Engines with torch compute on the card if there is one; the others on the CPU."""
    found = rows(config, CARD)
    assert found["bark"].device == "A card"
    assert {found[name].device for name in ("espeak", "pico", "faster-whisper")} == {"cpu"}
    assert found["bark"].memory_bytes * 2 == rows(config)["bark"].memory_bytes


def test_forbidding_licence_is_marked(config: Config) -> None:
    """The licence of the pulled weights counts; one that forbids commercial use has a mark."""
    pulled(config, "suno/bark-small", "cc-by-nc-4.0")
    row = rows(config)["bark-small"]
    assert row.forbids_commercial_use
    assert any("cc-by-nc-4.0 *" in line for line in engine_table([row]))
    assert "A licence with * forbids commercial use." in note_lines([row])
    assert not any("*" in line for line in note_lines([rows(config)["bark"]]))


def test_measured_figures(config: Config) -> None:
    """Speed and memory are those that were measured here, if they were."""
    rate = EngineRate("bark", "v2/en_speaker_6", "{}", 4, 400, 20.0, 50.0)
    row = rows(config, measured_bytes={"suno/bark": 3_000_000_000}, rates=[rate])["bark"]
    assert (row.real_time_factor, row.memory_bytes, row.is_measured) == (2.5, 3_000_000_000, True)
    (line,) = (line for line in engine_table([row]) if line.startswith("bark"))
    assert " 3.0 GB " in line
    assert " 2.5 s " in line


def test_code_of_our_engines() -> None:
    """Each engine of narrated has the modules and the licence of its libraries."""
    for spec in BUILT_IN_ENGINES.values():
        assert spec.code.licence, spec.name
        assert spec.module not in spec.code.modules


def _documented_engines() -> dict[str, list[str]]:
    """The cells of docs/voices.md of each engine, after its name."""
    section = (DOCS / "voices.md").read_text().split("## The engines")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if "| `" in line]
    return {name.strip("`"): cells for name, *cells in rows}


@pytest.mark.parametrize(
    "spec", [each for each in BUILT_IN_ENGINES.values() if each.kind == "speech"]
)
def test_documented_engine(spec: EngineSpec) -> None:
    """Licences, languages and own voices in docs/voices.md are those of registry and catalogue."""
    code, weights, languages, own = _documented_engines()[spec.name][:4]
    assert code.startswith(spec.code.licence)
    if model := spec.options.get("model"):
        assert weights == find_model(str(model)).licence
    if spec.languages:
        listed = ", ".join(sorted(spec.languages))
        assert languages in (listed, str(len(spec.languages)))
    kinds = {"clips": "from clips", "prompts": "a prompt, `.npz`"}
    assert own == kinds.get(spec.code.own_voices, "no") or spec.name == "piper"
