"""Tortoise as a worker has it: found and loaded by options, which presets stand for; and let go."""

import ast
import gc
import shutil
import weakref
from dataclasses import asdict, fields

import pytest

from engines.tortoise.speaking import asked, pcm, warmed, watched
from measuring.shelf import PlainShelf
from narrated.engines.model_interface import WeightsLocation
from narrated.engines.tortoise.engine import load
from narrated.engines.tortoise.options import DEFAULT_PRESET, PRESETS, TortoiseSettings
from narrated.engines.tortoise.required_files import package
from narrated.errors import EngineError, EngineUnavailable
from support.fresh import in_a_fresh_process

PARTS = ("autoregressive", "clvp2", "diffusion_decoder", "vocoder")


@pytest.fixture(scope="module")
def plain(engine):
    """What the usual request becomes."""
    return pcm(engine)


def test_the_weights_stay_on_the_disk_until_they_are_wanted(folder, voices):
    shelf = PlainShelf(voices=voices)
    engine = load({"model": str(folder)}, shelf)
    (model,) = engine.models
    assert model.warmth is WeightsLocation.ABSENT
    assert model.weights_bytes == 0
    assert {"anna", "bert", "train_grace"} <= engine.voices().keys()
    assert list(shelf.held) == [model.key]


def test_engines_of_one_checkpoint_share_its_weights(folder):
    shelf = PlainShelf()
    options = {"model": str(folder)}
    one, other = load(options, shelf), load({**options, "preset": "standard"}, shelf)
    assert one.models[0] is other.models[0]
    assert one.identity != other.identity
    half = load({**options, "dtype": "bfloat16"}, shelf)
    assert half.models[0] is not one.models[0]
    assert half.identity != one.identity
    assert load({**options, "batch": 2, "rows": 1}, shelf).identity == one.identity


def test_a_model_is_found_by_its_repository_s_name(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "Manmay/tortoise-tts")
    engine = load({}, PlainShelf(models=tmp_path))
    assert engine.models[0].name == "Manmay/tortoise-tts"


@pytest.mark.parametrize("part", PARTS)
def test_an_incomplete_model_names_what_is_missing_and_the_command(folder, tmp_path, part):
    shutil.copytree(folder, tmp_path / "Manmay/tortoise-tts")
    (tmp_path / f"Manmay/tortoise-tts/{part}.pth").unlink()
    with pytest.raises(EngineUnavailable, match=rf"incomplete: it has no {part}\.pth") as refusal:
        load({}, PlainShelf(models=tmp_path))
    assert refusal.value.remedy == "narrated models pull Manmay/tortoise-tts"


LOADING = """
from measuring.shelf import PlainShelf
from narrated.engines.tortoise.engine import load
from narrated.errors import EngineUnavailable
try:
    load({options!r}, PlainShelf())
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


def test_a_model_that_is_not_there_costs_no_import_of_torch():
    told = in_a_fresh_process(LOADING.format(options={})).splitlines()
    assert told == [
        "The model Manmay/tortoise-tts is not there.",
        "narrated models pull Manmay/tortoise-tts",
        "False",
    ]


@pytest.mark.parametrize("missing", ["tortoise", "torch"])
def test_where_its_code_is_not_installed_it_says_how_to_install_it(folder, missing):
    loading = LOADING.format(options={"model": str(folder)})
    problem, remedy, _ = in_a_fresh_process(WITHOUT.format(missing=missing) + loading).splitlines()
    assert f"No module named '{missing}'" in problem
    assert remedy == "narrated engines install tortoise"


def test_a_torchaudio_that_was_made_for_another_torch_is_no_hindrance(folder, tmp_path):
    (tmp_path / "torchaudio").mkdir()
    (tmp_path / "torchaudio" / "__init__.py").write_text("raise OSError('undefined symbol')")
    first = f"sys.path.insert(0, {str(tmp_path)!r})\n"
    told = in_a_fresh_process(first + LOADING.format(options={"model": str(folder)}))
    assert told.splitlines() == ["True"]


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
def test_options_that_cannot_be_are_refused_when_loading(options):
    with pytest.raises(EngineError, match=rf"option '{next(iter(options))}'") as refusal:
        load(options, PlainShelf())
    assert refusal.value.remedy


@pytest.mark.parametrize(
    "options", [{"speed": 2}, {"rows": 2}, {"batch": 2}, {"model": "a/b"}, {"temperature": 9}]
)
def test_options_that_cannot_be_are_refused_for_a_text(engine, options):
    with pytest.raises(EngineError, match=rf"option '{next(iter(options))}'") as refusal:
        engine.admit(asked(**options))
    assert refusal.value.remedy


def test_a_preset_that_there_is_not_is_refused_with_those_there_are(engine):
    for refused in (
        lambda: engine.admit(asked(preset="quick")),
        lambda: load({"preset": "quick"}, PlainShelf()),
    ):
        with pytest.raises(EngineError, match="no preset 'quick'") as refusal:
            refused()
        assert refusal.value.remedy == "There are: ultra_fast, fast, standard, high_quality."


def test_presets_and_what_they_leave_open_are_upstream_s():
    tts, with_preset = (function_of_api(name) for name in ("tts", "tts_with_preset"))
    names = {field.name for field in fields(TortoiseSettings)} - {
        "top_k"
    }  # which it leaves to transformers
    presets = assigned(with_preset, "presets")
    assert PRESETS.keys() == presets.keys()
    for name, preset in presets.items():
        theirs = {**defaults(tts), **assigned(with_preset, "settings"), **preset}
        ours = asdict(PRESETS[name])
        assert {key: ours[key] for key in names} == {key: theirs[key] for key in names}
    assert defaults(with_preset)["preset"] == DEFAULT_PRESET


def function_of_api(name):
    """A function of tortoise/api.py as it is written: to import it takes what it was made for."""
    source = (package() / "api.py").read_text()
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
    """What its arguments are where nobody says."""
    values = function.args.defaults
    named = function.args.args[-len(values) :]
    return {each.arg: ast.literal_eval(value) for each, value in zip(named, values, strict=True)}


def settings(engine, rows, **options):
    engine.admit(asked(**options))
    engine.cancel("1")
    return rows["1"].settings


def test_a_request_s_preset_takes_the_engine_s_place_and_what_is_set_beside_it_stays(
    folder, shelf, monkeypatch
):
    engine = load({"model": str(folder), "preset": "ultra_fast", "temperature": 0.5}, shelf)
    rows = watched(engine, monkeypatch)
    own = settings(engine, rows)
    assert (own.num_autoregressive_samples, own.cond_free, own.temperature) == (16, False, 0.5)
    asked_for = settings(engine, rows, preset="standard", top_p=0.9)
    assert (asked_for.num_autoregressive_samples, asked_for.diffusion_iterations) == (256, 200)
    assert (asked_for.cond_free, asked_for.temperature, asked_for.top_p) == (True, 0.5, 0.9)
    again = settings(engine, rows, num_autoregressive_samples=7, temperature=0.1)
    assert (again.num_autoregressive_samples, again.diffusion_iterations) == (7, 30)
    assert again.temperature == 0.1


def test_without_a_preset_it_is_upstream_s_own_default(folder, shelf, monkeypatch):
    engine = load({"model": str(folder)}, shelf)
    assert settings(engine, watched(engine, monkeypatch)) == PRESETS["fast"]


@pytest.mark.parametrize(
    "options",
    [
        {"temperature": 0},
        {"top_k": 1},
        {"top_p": 0},
        {"repetition_penalty": 0.1},
        {"num_autoregressive_samples": 1},
        {"diffusion_iterations": 2},
        {"max_mel_tokens": 5},
        {"cond_free": True},
        {"diffusion_temperature": 0},
    ],
)
def test_options_change_the_sound(engine, plain, options):
    assert pcm(engine, **options) != plain


def test_options_of_the_engine_are_those_of_its_texts(engine, folder, shelf):
    wishes = {"temperature": 0.4, "diffusion_iterations": 2}
    assert pcm(warmed(folder, shelf, **wishes)) == pcm(engine, **wishes)


def test_dropped_weights_leave_the_memory(folder, shelf):
    engine = warmed(folder, PlainShelf(voices=shelf.voices, cache=shelf.cache))
    pcm(engine)
    left = weakref.ref(engine.models[0].module)
    engine.models[0].drop()
    gc.collect()
    assert left() is None
