"""Tortoise as a worker has it: loaded by options, asked for texts in voices, its rows brought on
step by step."""

import ast
import gc
import io
import shutil
import subprocess
import sys
import tracemalloc
import weakref
from dataclasses import asdict, fields, replace

import numpy as np
import pytest
import torch

from engines.tortoise.driving import QUICK, close, samples
from engines.tortoise.recordings import recorded, speech, written
from measuring.shelf import PlainShelf
from narrated.engines.base import Failed, Progressed, Sight, Spoken, Utterance, Warmth
from narrated.engines.tortoise.engine import load
from narrated.engines.tortoise.options import DEFAULT_PRESET, PRESETS, Settings
from narrated.engines.tortoise.parts import package
from narrated.errors import EngineError, EngineUnavailable

STAGES = ("conditioning", "autoregressive", "ranking", "aligning", "diffusion", "vocoder")
PARTS = ("autoregressive", "clvp2", "diffusion_decoder", "vocoder")
TEXT = "The kettle is on, and I am back at four."
QUICKER = {**QUICK, "num_autoregressive_samples": 2, "max_mel_tokens": 14}


@pytest.fixture(scope="module")
def voices(tmp_path_factory):
    """Two voices of two clips each, where users keep theirs."""
    own = tmp_path_factory.mktemp("voices")
    recorded(own / "anna", count=2, seed=1)
    recorded(own / "bert", count=2, seed=2)
    return own


@pytest.fixture(scope="module")
def shelf(voices, tmp_path_factory):
    return PlainShelf(voices=voices, cache=tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def engine(folder, shelf):
    return warmed(folder, shelf)


def warmed(folder, shelf, **options):
    engine = load({"model": str(folder), **QUICKER, **options}, shelf)
    for model in engine.models:
        model.warm()
    return engine


@pytest.fixture(scope="module")
def plain(engine):
    """What the usual request becomes."""
    return pcm(engine)


@pytest.fixture
def rows(engine, monkeypatch):
    """What becomes of every request, by its id, behind the engine's door."""
    return watched(engine, monkeypatch)


def watched(engine, monkeypatch):
    rows = {}
    admit = engine._pipeline.admit

    def admitted(row):
        rows[row.id] = row
        admit(row)

    monkeypatch.setattr(engine._pipeline, "admit", admitted)
    return rows


def came_of(engine, *requests):
    """What each of the requests became, and the progress that was told."""
    for request in requests:
        engine.admit(request)
    out, told = {}, []
    while len(out) < len(requests):
        for outcome in engine.step():
            if isinstance(outcome, Progressed):
                told.append(outcome)
            else:
                assert outcome.id not in out, "one outcome for each request"
                out[outcome.id] = outcome
    return [out[request.id] for request in requests], told


def asked(text=TEXT, voice="anna", seed=0, **options):
    return Utterance("1", text, voice, options, "en", seed)


def pcm(engine, *what, **wishes):
    (outcome,), _ = came_of(engine, asked(*what, **wishes))
    assert isinstance(outcome, Spoken), outcome
    return outcome.pcm


def of_ones_own(shelf, folder):
    """The same models, with other voices."""
    return replace(shelf, voices=folder / "voices", cache=folder / "cache")


class Listened:
    """Counts the clips that are really heard."""

    def __init__(self):
        self.count = 0

    def hear(self, *_):
        self.count += 1


@pytest.fixture
def listened(engine):
    """On the model that all engines of this shelf share."""
    counted = Listened()
    encoder = engine.models[0].module.ears.autoregressive
    hook = encoder.register_forward_hook(counted.hear)
    yield counted
    hook.remove()


def test_texts_come_out_as_sound_and_their_progress_only_grows(engine):
    requests = [Utterance(str(i), TEXT, "anna", seed=i) for i in range(3)]
    outcomes, told = came_of(engine, *requests)
    for outcome in outcomes:
        assert outcome.sample_rate == engine.sample_rate == 24_000
        assert np.abs(samples(outcome.pcm)).max() > 0
    for request in requests:
        fractions = [outcome.fraction for outcome in told if outcome.id == request.id]
        assert fractions == sorted(fractions)
        assert fractions[0] >= 0 and fractions[-1] < 1


def test_the_same_request_gives_the_same_sound(engine):
    assert pcm(engine, seed=3) == pcm(engine, seed=3) != pcm(engine, seed=4)


def test_a_row_s_sound_hangs_on_its_request_alone(engine, rows):
    wishes = {"preset": "fast", "num_autoregressive_samples": 2, "diffusion_iterations": 4}
    requests = [
        Utterance("1", TEXT, "anna", {}, "en", 1),
        Utterance("2", "Yes!", "bert", {"temperature": 0.3, "max_mel_tokens": 25}, "en", 2),
        Utterance("3", "", "bert", {}, "en", 3),
        Utterance("4", "I am 21 - and [so] on.", "bert", wishes, "en", 4),
        Utterance("5", TEXT, "anna", {}, "en", 5),
    ]
    together, _ = came_of(engine, *requests)
    codes = {id: (row.candidates, row.codes) for id, row in rows.items()}
    for request, outcome in zip(requests, together, strict=True):
        (alone,), _ = came_of(engine, request)
        row = rows[request.id]
        assert codes[request.id] == (row.candidates, row.codes)
        assert close(outcome.pcm, alone.pcm)
    assert codes["1"] != codes["5"]


def test_the_weights_stay_on_the_disk_until_they_are_wanted(folder, voices):
    shelf = PlainShelf(voices=voices)
    engine = load({"model": str(folder)}, shelf)
    (model,) = engine.models
    assert model.warmth is Warmth.ABSENT
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


def in_a_fresh_process(code):
    """Run code in an interpreter that finds what this one finds."""
    paths = [path for path in sys.path if path]
    begin = f"import sys; sys.path[:0] = {paths!r}\n"
    ran = subprocess.run(
        [sys.executable, "-c", begin + code], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


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
    names = {field.name for field in fields(Settings)} - {
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


def test_a_text_too_long_is_refused_with_its_length(engine):
    longest = "one? " * 132  # three tokens each: a space counts as one
    words = len(engine._checkpoint.words(longest))
    assert words == 395
    engine.admit(asked(longest + "no"))
    engine.cancel("1")
    with pytest.raises(EngineError, match=r"4\d\d tokens, where it reads 398") as refusal:
        engine.admit(asked(longest + "one? two?"))
    assert "shorter pieces" in refusal.value.remedy


def test_the_longest_text_is_spoken(engine):
    longest = "one? " * 132
    assert pcm(engine, longest, num_autoregressive_samples=1, max_mel_tokens=600)


@pytest.mark.parametrize("text", ["", " ", "\n", "🎉", "“”", "♪"])
def test_a_text_without_words_is_a_short_silence(engine, text):
    said = samples(pcm(engine, text))
    assert 0 < len(said) < 24_000 and not said.any()


@pytest.mark.parametrize(
    "text",
    [
        "\udc80\udcff",
        "日本語",
        "a\0b",
        "[UNK] [STOP] [SPACE]",
        "$",
        "$1.2.3",
        "1,,1",
        "1" * 50,
        "$" + "9" * 40,
        "1,111," * 10 + "0",
        "²" * 50,
        "5" * 40 + "th",
    ],
)
def test_any_text_is_said_somehow(engine, text):
    assert pcm(engine, text)


def test_a_number_longer_than_any_that_has_a_name_is_said_digit_by_digit(engine):
    words = engine._checkpoint.words
    assert words("4" * 40) == words(" ".join("4" * 40)) != words("4" * 20)
    with pytest.raises(EngineError, match="too long for Tortoise"):
        words("1" * 5000)


def test_a_picture_is_not_spoken(engine):
    with pytest.raises(EngineError, match="cannot describe"):
        engine.admit(Sight("1", b""))


@pytest.mark.parametrize("stage", STAGES)
def test_a_row_is_cancelled_in_whichever_stage_it_is_and_others_go_on(
    folder, shelf, monkeypatch, tmp_path, stage
):
    engine = warmed(folder, replace(shelf, cache=tmp_path))
    rows = watched(engine, monkeypatch)
    at = engine._pipeline._stages[STAGES.index(stage)]
    requests = [Utterance(id, TEXT, "anna", seed=int(id)) for id in ("1", "2")]
    for request in requests:
        engine.admit(request)
    out = []
    while rows["1"] not in at.rows:
        out += engine.step()
    out += engine.step()  # where it takes more than one it is in the midst of it
    engine.cancel("1")
    assert not any(rows["1"] in each.rows for each in engine._pipeline._stages)
    while not (out and isinstance(out[-1], Spoken)):
        out += engine.step()
    assert {each.id for each in out if isinstance(each, Spoken | Failed)} == {"2"}
    made = rows["2"].candidates
    (alone,), _ = came_of(engine, requests[1])
    assert made == rows["2"].candidates
    assert close(out[-1].pcm, alone.pcm)


def test_what_a_cancelled_row_kept_is_let_go(folder, shelf, tmp_path):
    engine = warmed(folder, replace(shelf, cache=tmp_path))
    conditioning, autoregressive = engine._pipeline._stages[:2]
    engine.admit(asked())
    engine.step()  # one of the clips is heard
    assert conditioning._hearings
    engine.cancel("1")
    assert not conditioning._hearings
    engine.admit(asked())
    while autoregressive._batch is None:
        engine.step()
    engine.cancel("1")
    assert autoregressive._batch is None


def test_cancelling_what_is_not_there_does_no_harm(engine):
    engine.cancel("nobody")


def test_the_voices_that_come_with_tortoise_are_there(engine):
    voices = engine.voices()
    assert {"train_grace", "pat", "tom", "train_lescault"} <= voices.keys()
    assert pcm(engine, voice="") == pcm(engine, voice="train_grace") != pcm(engine, voice="tom")


def test_an_unknown_voice_is_refused_with_how_to_make_it(engine, voices):
    with pytest.raises(EngineUnavailable, match="no voice 'carl'") as refusal:
        engine.admit(asked(voice="carl"))
    assert f"put three clips of about ten seconds into {voices}/carl/" in refusal.value.remedy


def test_a_voice_is_heard_once_and_found_again_at_the_next_start(folder, shelf, tmp_path, listened):
    own = replace(shelf, cache=tmp_path / "cache")
    first = warmed(folder, own)
    said = pcm(first)
    assert pcm(first) == said
    assert listened.count == 2
    (kept,) = (tmp_path / "cache").iterdir()
    written_at = kept.stat().st_mtime_ns
    assert pcm(warmed(folder, own)) == said
    assert listened.count == 2
    assert kept.stat().st_mtime_ns == written_at


def test_rows_that_wait_for_a_voice_hear_it_together(folder, shelf, tmp_path, listened):
    engine = warmed(folder, replace(shelf, cache=tmp_path))
    names = ("anna", "bert", "anna", "bert")
    came_of(engine, *(Utterance(str(i), "Yes!", name) for i, name in enumerate(names)))
    assert listened.count == 4


def test_of_many_large_clips_no_more_than_one_is_held_at_once(folder, shelf, tmp_path, listened):
    clip = written(speech(60.0, rate=48_000), rate=48_000, kind="flac")
    engine = warmed(folder, of_ones_own(shelf, tmp_path))
    peaks = []
    for name, count in (("one", 1), ("six", 6)):
        (tmp_path / "voices" / name).mkdir(parents=True)
        for number in range(count):
            (tmp_path / f"voices/{name}/{number}.flac").write_bytes(clip + bytes(number))
        tracemalloc.start()
        pcm(engine, voice=name)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert listened.count == 7
    assert peaks[1] < 1.3 * peaks[0]


def test_a_voice_that_is_edited_is_heard_anew_and_sounds_otherwise(
    folder, shelf, tmp_path, listened
):
    recorded(tmp_path / "voices/anna", count=2)
    engine = warmed(folder, of_ones_own(shelf, tmp_path))
    before, said = engine.voices()["anna"], pcm(engine)
    clip = tmp_path / "voices/anna/2.wav"
    old = clip.read_bytes()
    clip.write_bytes(written(speech(seed=77)))
    assert engine.voices()["anna"] != before
    assert pcm(engine) != said
    assert listened.count == 2 + 2
    clip.write_bytes(old)
    assert (engine.voices()["anna"], pcm(engine), listened.count) == (before, said, 2 + 2)


def test_a_broken_clip_fails_its_row_alone_and_says_which(folder, shelf, tmp_path):
    recorded(tmp_path / "voices/anna", count=2)
    recorded(tmp_path / "voices/bert", count=2)
    broken = tmp_path / "voices/bert/1.wav"
    broken.write_bytes(written(speech(1.0)))
    engine = warmed(folder, of_ones_own(shelf, tmp_path))
    (well, failed), _ = came_of(engine, Utterance("1", TEXT, "anna"), Utterance("2", TEXT, "bert"))
    assert isinstance(well, Spoken)
    assert isinstance(failed, Failed) and failed.unavailable
    assert (
        failed.problem == f"The clip {broken} cannot be used: it is 1.0 s long, which is too short."
    )
    assert "Record about ten seconds" in failed.remedy
    broken.write_bytes(written(speech(seed=5)))
    assert pcm(engine, voice="bert")


def test_clips_that_change_while_they_wait_fail_their_row_as_unavailable(folder, shelf, tmp_path):
    recorded(tmp_path / "voices/anna", count=2)
    engine = warmed(folder, of_ones_own(shelf, tmp_path))
    engine.admit(asked())
    (tmp_path / "voices/anna/1.wav").write_bytes(written(speech(seed=9)))
    (first,) = engine.step()
    # The other clip may be the first that is heard.
    (failed,) = engine.step() if isinstance(first, Progressed) else (first,)
    assert isinstance(failed, Failed) and failed.unavailable
    assert "being changed" in failed.problem


def saved(*tensors):
    """A voice's file as tortoise-tts's get_conditioning_latents.py writes it."""
    file = io.BytesIO()
    torch.save(tensors, file)
    return file.getvalue()


def test_latents_of_upstream_s_form_speak_as_the_clips_they_are_of(
    folder, engine, rows, shelf, tmp_path, listened
):
    said = pcm(engine)
    heard, before = rows["1"].latents, listened.count
    (tmp_path / "anna.pth").write_bytes(saved(heard.autoregressive, heard.diffusion))
    assert pcm(warmed(folder, replace(shelf, voices=tmp_path))) == said
    assert listened.count == before


def test_latents_of_a_model_of_another_size_are_refused_with_both_sizes(engine):
    (failed,), _ = came_of(engine, asked(voice="cond_latent_example"))
    assert isinstance(failed, Failed) and failed.unavailable
    assert "has the shape (1, 1024), where it needs (1, 128)" in failed.problem
    assert "from the clips" in failed.remedy


def test_weights_may_be_dropped_and_come_back_between_steps(engine):
    expected = pcm(engine, seed=9)
    engine.admit(asked(seed=9))
    out, steps = [], 0
    while not (out and isinstance(out[-1], Spoken)):
        if steps % 4 == 1:
            engine.models[0].drop()
            engine.models[0].warm()
        out += engine.step()
        steps += 1
    assert out[-1].pcm == expected


def test_dropped_weights_leave_the_memory(folder, shelf):
    engine = warmed(folder, PlainShelf(voices=shelf.voices, cache=shelf.cache))
    pcm(engine)
    left = weakref.ref(engine.models[0].module)
    engine.models[0].drop()
    gc.collect()
    assert left() is None
