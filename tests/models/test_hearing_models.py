"""The choice of the engine that listens: the configured one, else the best model here."""

from pathlib import Path

import pytest
import yaml

from narrated.config.file import load
from narrated.config.values import Config
from narrated.config.worker_specs import worker_specs
from narrated.engines.registry import BUILT_IN_ENGINES
from narrated.errors import ConfigurationError
from narrated.models import hearing_models
from narrated.models.hearing_models import (
    CHOSEN,
    hearing_engine,
    models_in_use,
    workers_with_ears,
)

FILES = {
    "faster": ("config.json", "model.bin", "tokenizer.json"),
    "whisper": ("config.json", "normalizer.json", "preprocessor_config.json"),
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an inbox, where all packages of hearing engines are installed."""
    monkeypatch.setattr(hearing_models, "find_spec", lambda name: name)
    (tmp_path / "inbox").mkdir()
    return tmp_path


def configured(home: Path, **settings: object) -> Config:
    file = home / "narrated.yaml"
    paths = {"inbox": "inbox", "outbox": "outbox", "state": "state", "cache": "cache"}
    file.write_text(yaml.safe_dump({**paths, "models": {"device": "cpu"}, **settings}))
    return load(file)


def pull(home: Path, *engines: str) -> None:
    """Put the models of engines into the model folder, as a copy of another box does."""
    for name in engines:
        folder = home / "state/models" / str(BUILT_IN_ENGINES[name].options["model"])
        folder.mkdir(parents=True)
        for file in FILES["faster" if name.startswith("faster") else "whisper"]:
            (folder / file).touch()


def test_nobody_listens_without_a_model(home: Path) -> None:
    """Without a hearing model no engine is named, and no worker has one."""
    config = configured(home)
    assert workers_with_ears(config) == ("", worker_specs(config))


def test_best_pulled_model_listens(home: Path) -> None:
    """On a CPU base is preferred to what is larger, and to what is smaller."""
    config = configured(home)
    for pulled, best in (
        ("whisper-large-v3", "whisper-large-v3"),
        ("whisper-tiny", "whisper-tiny"),
        ("whisper-base.en", "whisper-base.en"),
        ("whisper-base", "whisper-base"),
        ("whisper-small", "whisper-base"),
        ("faster-whisper", "faster-whisper"),
    ):
        pull(home, pulled)
        hearing, workers = workers_with_ears(config)
        assert hearing == best
        assert best in {engine.name for each in workers for engine in each.engines}


def test_card_hears_by_larger_models(home: Path) -> None:
    """On a card the largest is preferred whose weights take a quarter of the memory."""
    pull(home, "whisper-base", "whisper-large-v3", "whisper-large-v3-turbo", "faster-whisper")
    assert hearing_engine(configured(home, models={"device": "cuda"})) == "whisper-large-v3-turbo"
    tight = configured(home, models={"device": "cuda", "memory": "4GB"})
    assert hearing_engine(tight) == "whisper-base"


def test_chosen_ears_are_in_use(home: Path) -> None:
    """The model that listens is in use, by its key or as the best one here; no other is."""
    pull(home, "whisper-base", "whisper-tiny")
    assert models_in_use(configured(home)) == {"openai/whisper-base": (CHOSEN,)}
    named = configured(home, takes={"hearing": "whisper-tiny"})
    assert models_in_use(named) == {"openai/whisper-tiny": ("takes: hearing",)}
    assert models_in_use(configured(home, takes={"check": "signal"})) == {}


def test_english_ears_come_last(home: Path) -> None:
    """For posts in another language a model for English alone is no choice before others."""
    pull(home, "whisper-base.en", "whisper-tiny")
    assert hearing_engine(configured(home)) == "whisper-base.en"
    assert hearing_engine(configured(home, reading={"language": "de"})) == "whisper-tiny"


def test_configured_engine_goes_first(home: Path) -> None:
    """`takes: hearing` decides, pulled or not; then a hearing engine under `engines:`."""
    pull(home, "whisper-base")
    named = configured(home, takes={"hearing": "whisper-small"})
    assert hearing_engine(named) == "whisper-small"
    mine = {"mine": {"kind": "hearing", "module": "my_ears"}}
    assert hearing_engine(configured(home, engines=mine)) == "mine"
    like = {"mine": {"like": "whisper-base", "options": {"model": "me/not-here"}}}
    assert hearing_engine(configured(home, engines=like)) == "whisper-base"


@pytest.mark.parametrize("check", ["signal", "off"])
def test_no_ears_where_none_are_wanted(home: Path, check: str) -> None:
    pull(home, "whisper-base")
    assert hearing_engine(configured(home, takes={"check": check})) == ""


def test_named_ears_serve_single_folders(home: Path) -> None:
    """With `check: signal` a named engine is held, for folders that ask for ears."""
    settings = {"check": "signal", "hearing": "whisper-tiny"}
    assert hearing_engine(configured(home, takes=settings)) == "whisper-tiny"


def test_missing_packages_are_no_ears(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model without its packages is not chosen."""
    pull(home, "whisper-base", "faster-whisper")
    monkeypatch.setattr(hearing_models, "find_spec", lambda name: name != "faster_whisper" or None)
    assert hearing_engine(configured(home)) == "whisper-base"


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"takes": {"hearing": "espeak"}}, "espeak does not listen"),
        ({"takes": {"hearing": "wisper"}}, "no engine named `wisper`"),
        ({"speech": {"engine": "whisper-base"}}, "whisper-base listens; it does not speak"),
        ({"pictures": {"captions": "whisper-base"}}, "describes no pictures"),
    ],
)
def test_kinds_are_not_mixed_up(home: Path, settings: dict[str, object], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told) as caught:
        configured(home, **settings)
    assert caught.value.remedy
