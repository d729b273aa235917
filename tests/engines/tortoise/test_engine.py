"""Tortoise as a worker has it: found and loaded by options, which presets stand for; and let go."""

import ast
import gc
import importlib
import shutil
import sys
import weakref
from dataclasses import asdict, fields

import pytest

from engines.speaking import came_of
from engines.tortoise.speaking import TEXT, asked, pcm, warmed, watched
from engines.tortoise.stage_driver import close
from narrated.engines.interface import SpeechRequest, WeightsLocation
from narrated.engines.tortoise.engine import load
from narrated.engines.tortoise.options import DEFAULT_PRESET, PRESETS, TortoiseSettings
from narrated.engines.tortoise.upstream_modules import package_folder, upstream
from narrated.errors import EngineError, EngineUnavailable
from support.engine_context import PlainContext
from support.fresh_process import in_a_fresh_process

PARTS = ("autoregressive", "clvp2", "diffusion_decoder", "vocoder")


@pytest.fixture(scope="module")
def plain(engine):
    """The outcome of the usual request."""
    return pcm(engine)


def test_weights_load_on_demand(folder, voices):
    """The weights stay on the disk until they are wanted."""
    context = PlainContext(voices=voices)
    engine = load({"model": str(folder)}, context)
    (model,) = engine.models
    assert model.warmth is WeightsLocation.ABSENT
    assert model.weights_bytes == 0
    assert {"anna", "bert", "train_grace"} <= engine.voices().keys()
    assert list(context.held) == [model.key]


def test_engines_share_weights(folder):
    """Engines of one checkpoint share its weights."""
    context = PlainContext()
    options = {"model": str(folder)}
    one, other = load(options, context), load({**options, "preset": "standard"}, context)
    assert one.models[0] is other.models[0]
    assert one.identity != other.identity
    half = load({**options, "dtype": "bfloat16"}, context)
    assert half.models[0] is not one.models[0]
    assert half.identity != one.identity
    assert load({**options, "batch": 2, "rows": 1}, context).identity == one.identity


def test_model_by_repository(folder, tmp_path):
    """A model is found by its repository's name."""
    shutil.copytree(folder, tmp_path / "Manmay/tortoise-tts")
    engine = load({}, PlainContext(models=tmp_path))
    assert engine.models[0].name == "Manmay/tortoise-tts"


@pytest.mark.parametrize("part", PARTS)
def test_incomplete_model_is_named(folder, tmp_path, part):
    """An incomplete model names what is missing and the command."""
    shutil.copytree(folder, tmp_path / "Manmay/tortoise-tts")
    (tmp_path / f"Manmay/tortoise-tts/{part}.pth").unlink()
    with pytest.raises(EngineUnavailable, match=rf"incomplete: it has no {part}\.pth") as refusal:
        load({}, PlainContext(models=tmp_path))
    assert refusal.value.remedy == "narrated models pull Manmay/tortoise-tts"


LOADING = """
from support.engine_context import PlainContext
from narrated.engines.tortoise.engine import load
from narrated.errors import EngineUnavailable
try:
    load({options!r}, PlainContext())
except EngineUnavailable as error:
    print(error.problem, error.remedy, sep="\\n")
print("torch" in sys.modules)
"""

WITHOUT = """
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == {missing!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Missing())
"""


def test_missing_model_skips_torch():
    """A model that is not there costs no import of torch."""
    told = in_a_fresh_process(LOADING.format(options={})).splitlines()
    assert told == [
        "The model Manmay/tortoise-tts is missing.",
        "narrated models pull Manmay/tortoise-tts",
        "False",
    ]


@pytest.mark.parametrize("missing", ["tortoise", "torch"])
def test_missing_code_says_install(folder, missing):
    """The engine says how to install its code where that is missing."""
    loading = LOADING.format(options={"model": str(folder)})
    told = in_a_fresh_process(WITHOUT.format(missing=missing) + loading).splitlines()
    problem, remedy, has_torch = told
    assert f"No module named '{missing}'" in problem
    assert has_torch == "False"
    assert remedy == "narrated engines install tortoise"


def test_foreign_torchaudio_is_fine(monkeypatch, tmp_path):
    """A torchaudio that was made for another torch is no hindrance."""
    (tmp_path / "torchaudio").mkdir()
    (tmp_path / "torchaudio" / "__init__.py").write_text("raise OSError('undefined symbol')")
    monkeypatch.syspath_prepend(tmp_path)
    for name in [*sys.modules]:
        if name.partition(".")[0] in ("tortoise", "torchaudio"):
            monkeypatch.delitem(sys.modules, name)
    with pytest.raises(OSError, match="undefined symbol"):
        importlib.import_module("torchaudio")
    found = upstream.__wrapped__()  # without what it keeps: imported again
    assert found.UnifiedVoice is not upstream().UnifiedVoice
    assert "torchaudio" not in sys.modules


@pytest.mark.parametrize(
    "options",
    [
        {"speed": 2},
        {"rows": 0},
        {"rows": 2.5},
        {"batch": 0},
        {"batch": 257},
        {"dtype": "int8"},
        {"model": ""},
        {"model": 7},
        {"temperature": -1},
        {"temperature": True},
        {"top_p": 1.1},
        {"top_k": 1.5},
        {"top_k": -3},
        {"repetition_penalty": 0},
        {"repetition_penalty": "none"},
        {"max_mel_tokens": 601},
        {"num_autoregressive_samples": 0},
        {"diffusion_iterations": 1},
        {"diffusion_iterations": 4001},
        {"cond_free": "yes"},
        {"cond_free_k": 11},
        {"diffusion_temperature": 1.5},
        {"preset": 3},
    ],
)
def test_bad_engine_option_refused(options):
    """Options that cannot be are refused when loading."""
    with pytest.raises(EngineError, match=rf"option '{next(iter(options))}'") as refusal:
        load(options, PlainContext())
    assert refusal.value.remedy


@pytest.mark.parametrize(
    "options", [{"speed": 2}, {"rows": 2}, {"batch": 2}, {"model": "a/b"}, {"temperature": 9}]
)
def test_bad_request_option_refused(engine, options):
    """Options that cannot be are refused for a text."""
    with pytest.raises(EngineError, match=rf"option '{next(iter(options))}'") as refusal:
        engine.admit(asked(**options))
    assert refusal.value.remedy


def test_unknown_preset_is_refused(engine):
    """A preset that there is not is refused with those there are."""
    for refused in (
        lambda: engine.admit(asked(preset="quick")),
        lambda: load({"preset": "quick"}, PlainContext()),
    ):
        with pytest.raises(EngineError, match="no preset 'quick'") as refusal:
            refused()
        assert refusal.value.remedy == "There are: ultra_fast, fast, standard, high_quality."


def test_steady_options_are_announced(folder, context):
    """Candidates that ended go first, and short texts stop, unless the user says otherwise."""
    steady = load({"model": str(folder)}, context).steady_options
    assert steady == {"ended_first": True, "limit_length": True}
    told = load({"model": str(folder), "ended_first": False, "limit_length": True}, context)
    assert told.steady_options == {}


def test_presets_match_upstream():
    """Presets and what they leave open are upstream's."""
    tts, with_preset = (function_of_api(name) for name in ("tts", "tts_with_preset"))
    of_ours = {"top_k", "ended_first", "limit_length"}  # the first it leaves to transformers
    names = {field.name for field in fields(TortoiseSettings)} - of_ours
    presets = assigned(with_preset, "presets")
    assert PRESETS.keys() == presets.keys()
    for name, preset in presets.items():
        theirs = {**defaults(tts), **assigned(with_preset, "settings"), **preset}
        ours = asdict(PRESETS[name])
        assert {key: ours[key] for key in names} == {key: theirs[key] for key in names}
    assert defaults(with_preset)["preset"] == DEFAULT_PRESET


def function_of_api(name):
    """A function of tortoise/api.py as it is written: to import it takes what it was made for."""
    source = (package_folder() / "api.py").read_text()
    (found,) = (
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef) and node.name == name
    )
    return found


def assigned(function, name):
    """The value that a function writes out for a name."""
    (value,) = (
        node.value
        for node in function.body
        if isinstance(node, ast.Assign) and [ast.unparse(each) for each in node.targets] == [name]
    )
    return ast.literal_eval(value)


def defaults(function):
    """The defaults of its arguments."""
    values = function.args.defaults
    named = function.args.args[-len(values) :]
    return {each.arg: ast.literal_eval(value) for each, value in zip(named, values, strict=True)}


def settings(engine, rows, **options):
    engine.admit(asked(**options))
    engine.cancel("1")
    return rows["1"].settings


def test_request_preset_wins(folder, context, monkeypatch):
    """A request's preset takes the engine's place and what is set beside it stays."""
    engine = load({"model": str(folder), "preset": "ultra_fast", "temperature": 0.5}, context)
    rows = watched(engine, monkeypatch)
    own = settings(engine, rows)
    assert (own.num_autoregressive_samples, own.cond_free, own.temperature) == (16, False, 0.5)
    asked_for = settings(engine, rows, preset="standard", top_p=0.9)
    assert (asked_for.num_autoregressive_samples, asked_for.diffusion_iterations) == (256, 200)
    assert (asked_for.cond_free, asked_for.temperature, asked_for.top_p) == (True, 0.5, 0.9)
    again = settings(engine, rows, num_autoregressive_samples=7, temperature=0.1)
    assert (again.num_autoregressive_samples, again.diffusion_iterations) == (7, 30)
    assert again.temperature == 0.1


def test_default_preset_of_upstream(folder, context, monkeypatch):
    """Without a preset it is upstream's own default."""
    engine = load({"model": str(folder)}, context)
    assert settings(engine, watched(engine, monkeypatch)) == PRESETS["fast"]


CHANGED = {
    "temperature": 0,
    "top_k": 1,
    "top_p": 0,
    "repetition_penalty": 0.1,
    "num_autoregressive_samples": 1,
    "diffusion_iterations": 2,
    "max_mel_tokens": 5,
    "cond_free": True,
    "diffusion_temperature": 0,
}


def test_options_change_sound(engine, plain):
    """Options change the sound."""
    requests = [
        SpeechRequest(name, TEXT, "anna", {name: value}, "en") for name, value in CHANGED.items()
    ]
    spoken, _ = came_of(engine, *requests)
    unchanged = [each.id for each in spoken if close(each.pcm, plain)]
    assert unchanged == []


def test_engine_options_are_defaults(engine, folder, context):
    """Options of the engine are those of its texts."""
    wishes = {"temperature": 0.4, "diffusion_iterations": 2}
    assert pcm(warmed(folder, context, **wishes)) == pcm(engine, **wishes)


def test_dropped_weights_free_memory(folder, context):
    """Dropped weights leave the memory."""
    engine = warmed(folder, PlainContext(voices=context.voices, cache=context.cache))
    pcm(engine)
    left = weakref.ref(engine.models[0].module)
    engine.models[0].drop()
    gc.collect()
    assert left() is None
