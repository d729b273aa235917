"""Bark as a worker has it: loaded by options, asked for texts, its rows brought on step by step."""

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from engines.bark.stage_driver import Sound
from engines.checkpoints.bark import PRESETS, prompt_arrays
from engines.speaking import came_of, sound_of, warmed
from narrated.engines.bark.engine import load
from narrated.engines.interface import CaptionRequest, SpeechRequest, SpeechResult, WeightsLocation
from narrated.errors import EngineError, EngineUnavailable
from support.engine_context import PlainContext
from support.fresh_process import in_a_fresh_process


@pytest.fixture(scope="module")
def engine(sampling_folder):
    return warmed(load({"model": str(sampling_folder)}, PlainContext()))


def pcm(engine, text="Hello, my dog is cute.", voice="", seed=0, language="en", **options):
    return sound_of(engine, SpeechRequest("1", text, voice, options, language, seed))


def test_texts_become_sound(engine):
    """Texts become sound, and their progress only grows."""
    requests = [SpeechRequest(str(i), "Hello world.", "", seed=i) for i in range(3)]
    outcomes, told = came_of(engine, *requests)
    for outcome in outcomes:
        samples = np.frombuffer(outcome.pcm, dtype="<i2")
        assert outcome.sample_rate == engine.sample_rate == 24_000
        assert np.abs(samples).max() > 0
    for request in requests:
        fractions = [outcome.fraction for outcome in told if outcome.id == request.id]
        assert fractions == sorted(fractions)
        assert fractions[0] >= 0 and fractions[-1] < 1


def test_sound_ignores_the_batch(engine):
    """The sound of a request does not depend on the rest of its batch."""
    requests = [
        SpeechRequest("1", "Hello, my dog is cute.", PRESETS[0], {}, "en", 1),
        SpeechRequest("2", "of", PRESETS[1], {"temperature": 0.3}, "en", 2),
        SpeechRequest("3", "[laughs] ♪ the world ♪", "", {"fine_temperature": 1.0}, "en", 3),
        SpeechRequest("4", "Hello, my dog is cute.", PRESETS[0], {}, "en", 4),
    ]
    together, _ = came_of(engine, *requests)
    for request, outcome in zip(requests, together, strict=True):
        (alone,), _ = came_of(engine, request)
        assert Sound(outcome.pcm) == Sound(alone.pcm)
    assert together[0].pcm != together[3].pcm


def test_end_is_told(engine):
    """A take tells if its speech came to an end, and how many tokens it took of the most."""
    requests = [SpeechRequest(str(seed), "Hello world.", "", {}, "en", seed) for seed in range(12)]
    for options in ({}, {"min_eos_p": 1e-4}):
        asked = [dataclasses.replace(each, options=options) for each in requests]
        outcomes = [came_of(engine, each)[0][0] for each in asked]
        assert {each.tokens[1] for each in outcomes} == {12}
        assert all(each.ended or each.tokens == (12, 12) for each in outcomes)
        ended = [each.ended for each in outcomes]
    assert all(ended)  # an end that is likely enough comes in time


def test_steady_options_are_announced(sampling_folder, greedy_folder):
    """Without a word of the user or the checkpoint, an end comes early, and short texts stop."""
    model = {"model": str(greedy_folder)}
    assert load(model, PlainContext()).steady_options == {"min_eos_p": 0.2, "limit_length": True}
    told = load({**model, "min_eos_p": 0.0, "limit_length": False}, PlainContext())
    assert told.steady_options == {}


def test_weights_load_on_demand(sampling_folder):
    """The weights stay on the disk until a request needs them."""
    context = PlainContext()
    engine = load({"model": str(sampling_folder)}, context)
    (model,) = engine.models
    assert model.warmth is WeightsLocation.ABSENT
    assert model.weights_bytes == 0
    assert engine.voices().keys() == set(PRESETS)
    assert list(context.held) == [model.key]


def test_engines_share_weights(sampling_folder):
    """Engines of one checkpoint and precision share its weights."""
    context = PlainContext()
    options = {"model": str(sampling_folder)}
    one, other = load(options, context), load({**options, "temperature": 0.2}, context)
    assert one.models[0] is other.models[0]
    assert one.identity != other.identity
    half = load({**options, "dtype": "bfloat16"}, context)
    assert half.models[0] is not one.models[0]
    assert half.identity != one.identity


def test_model_by_repository(sampling_folder, tmp_path):
    """A model is found by the name of its repository."""
    shutil.copytree(sampling_folder, tmp_path / "suno" / "bark-small")
    engine = load({"model": "suno/bark-small"}, PlainContext(models=tmp_path))
    assert engine.models[0].name == "suno/bark-small"
    with pytest.raises(EngineUnavailable, match=r"narrated models pull suno/bark$"):
        load({}, PlainContext(models=tmp_path))


def test_half_keeps_codec_in_single(sampling_folder):
    """Half precision keeps the codec in single precision."""
    import torch

    engine = warmed(load({"model": str(sampling_folder), "dtype": "bfloat16"}, PlainContext()))
    module = engine.models[0].module
    assert module.semantic.dtype == module.fine_acoustics.dtype == torch.bfloat16
    assert module.codec_model.dtype == torch.float32
    assert np.abs(np.frombuffer(pcm(engine), dtype="<i2")).max() > 0


LOADING = """
from support.engine_context import PlainContext
from narrated.engines.bark.engine import load
from narrated.errors import EngineUnavailable
try:
    load({options!r}, PlainContext())
except EngineUnavailable as error:
    print(error)
print("torch" in sys.modules)
"""


def test_missing_model_skips_torch():
    """A missing model is reported without an import of torch."""
    told = in_a_fresh_process(LOADING.format(options={}))
    assert told == "The model suno/bark is missing. narrated models pull suno/bark\nFalse\n"


def test_missing_torch_says_install(sampling_folder):
    """Without torch the engine says what to install."""
    without = "sys.modules['torch'] = None\n"
    told = in_a_fresh_process(without + LOADING.format(options={"model": str(sampling_folder)}))
    assert "pip install 'narrated[models]'" in told


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("generation_config.json", "{}"),
        ("generation_config.json", None),
        ("config.json", "{"),
        ("tokenizer.json", "nonsense"),
    ],
)
def test_broken_checkpoint_unavailable(sampling_folder, tmp_path, name, content):
    """A checkpoint with a missing or broken file is unavailable."""
    folder = tmp_path / "broken"
    folder.mkdir()
    for file in sampling_folder.iterdir():
        if file.name != name and file.name != "vocab.txt":
            (folder / file.name).symlink_to(file)
    if content is not None:
        (folder / name).write_text(content)
    with pytest.raises(EngineUnavailable, match=r"broken"):
        load({"model": str(folder)}, PlainContext())


def test_bad_weights_make_unavailable(sampling_folder, tmp_path):
    """Unreadable weights make the engine unavailable."""
    for file in sampling_folder.iterdir():
        (tmp_path / file.name).symlink_to(file)
    (tmp_path / "model.safetensors").unlink()
    (tmp_path / "model.safetensors").write_bytes(b"cut off")
    engine = load({"model": str(tmp_path)}, PlainContext())
    with pytest.raises(EngineUnavailable, match="cannot be read"):
        engine.models[0].warm()


@pytest.mark.parametrize(
    "options",
    [
        {"speed": 2},
        {"rows": 0},
        {"rows": 2.5},
        {"dtype": "int8"},
        {"model": ""},
        {"temperature": -1},
        {"temperature": True},
        {"fine_temperature": "hot"},
        {"min_eos_p": 2},
        {"top_k": -3},
        {"top_k": 1.5},
    ],
)
def test_bad_engine_option_refused(options):
    """Invalid options of the engine are refused when it loads."""
    with pytest.raises(EngineError, match=rf"option '{next(iter(options))}'"):
        load(options, PlainContext())


@pytest.mark.parametrize(
    "options", [{"speed": 2}, {"rows": 2}, {"model": "suno/bark"}, {"temperature": 9}]
)
def test_bad_request_option_refused(engine, options):
    """Invalid options of a request are refused."""
    with pytest.raises(EngineError, match=rf"option '{next(iter(options))}'"):
        engine.admit(SpeechRequest("1", "Hello", "", options))


def test_options_change_the_sound(engine):
    plain = pcm(engine)
    assert pcm(engine, temperature=0) != plain
    assert pcm(engine, fine_temperature=0) != plain
    assert pcm(engine, top_k=1) != plain
    assert pcm(engine, temperature=0.7, fine_temperature=0.5, top_k=50, min_eos_p=0.2) == plain


def test_engine_options_are_defaults(engine, sampling_folder):
    """Options of the engine are the defaults of its requests."""
    greedy = {"temperature": 0, "fine_temperature": 0}
    other = warmed(load({"model": str(sampling_folder), **greedy}, PlainContext()))
    assert pcm(other) == pcm(engine, **greedy)


def test_long_text_is_refused(engine):
    """A text over the limit is refused with its length."""
    engine_limit = "a " * 256
    engine.admit(SpeechRequest("1", engine_limit, ""))
    engine.cancel("1")
    with pytest.raises(EngineError, match=r"too long for Bark: 257 tokens, where it reads 256"):
        engine.admit(SpeechRequest("1", engine_limit + "a", ""))


def test_marks_reach_the_tokenizer(engine):
    """Bark's own marks reach the tokenizer unchanged."""
    tokenizer = engine._checkpoint.tokenizer
    words = engine._checkpoint.words("[laughs] the ♪ cat ♪")
    said = tokenizer.convert_ids_to_tokens(list(words))
    assert said == ["[", "laughs", "]", "the", "♪", "cat", "♪"]


@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_no_words_is_silence(engine, text):
    """A text without words is a short silence."""
    samples = np.frombuffer(pcm(engine, text), dtype="<i2")
    assert 0 < len(samples) < 24_000 and not samples.any()


def test_no_tokens_is_silence(engine):
    """A text for which the model says nothing is a short silence.

    The end is taken at once, where any probability of it is enough.
    """
    samples = np.frombuffer(pcm(engine, min_eos_p=1e-12), dtype="<i2")
    assert 0 < len(samples) < 24_000 and not samples.any()


def test_any_text_is_said_somehow(engine):
    texts = ["\udc80\udcff", "日本語", "🎉", "a\0b", "[MASK] [SEP]"]
    outcomes, _ = came_of(engine, *(SpeechRequest(text, text, "") for text in texts))
    assert all(outcome.pcm for outcome in outcomes)


def test_own_voices_are_spoken_with(engine, sampling_folder, tmp_path):
    context = PlainContext(voices=tmp_path)
    own = warmed(load({"model": str(sampling_folder)}, context))
    before = own.voices()
    np.savez(tmp_path / "me.npz", **prompt_arrays(11))
    assert own.voices().keys() - before.keys() == {"me"}
    assert pcm(own, voice="me") != pcm(own, voice=PRESETS[0])
    assert pcm(own, voice=PRESETS[0]) == pcm(own) == pcm(engine)


def test_broken_voice_fails_alone(sampling_folder, tmp_path):
    """A broken voice fails only its own request."""
    (tmp_path / "odd.npz").write_bytes(b"odd")
    engine = warmed(load({"model": str(sampling_folder)}, PlainContext(voices=tmp_path)))
    engine.admit(SpeechRequest("1", "Hello", ""))
    with pytest.raises(EngineUnavailable, match=r"odd\.npz cannot be used"):
        engine.admit(SpeechRequest("2", "Hello", "odd"))
    assert {outcome.id for outcome in engine.step()} == {"1"}


def test_a_picture_is_not_spoken(engine):
    with pytest.raises(EngineError, match="cannot describe"):
        engine.admit(CaptionRequest("1", b""))


def test_weights_drop_between_steps(engine):
    """Weights dropped and read again between steps do not change the sound."""
    expected = pcm(engine, seed=9)
    engine.admit(SpeechRequest("1", "Hello, my dog is cute.", "", seed=9))
    engine.step()
    engine.models[0].drop()
    engine.models[0].warm()
    out = []
    while not out:
        out = [outcome for outcome in engine.step() if isinstance(outcome, SpeechResult)]
    assert out[0].pcm == expected


def test_dropped_weights_free_memory(sampling_folder):
    """Dropped weights leave the memory."""
    import gc
    import weakref

    engine = warmed(load({"model": str(sampling_folder)}, PlainContext()))
    pcm(engine)
    left = weakref.ref(engine.models[0].module)
    engine.models[0].drop()
    gc.collect()
    assert left() is None


def test_old_checkpoint_sets_sampling(sampling_folder, tmp_path):
    """An old checkpoint sets its own sampling.

    As suno/bark's own file has it: every key of a configuration of 2023.
    """
    for file in sampling_folder.iterdir():
        (tmp_path / file.name).symlink_to(file)
    written = json.loads((tmp_path / "generation_config.json").read_text())
    for stage in ("semantic_config", "coarse_acoustics_config", "fine_acoustics_config"):
        written[stage] |= {"transformers_version": "4.31.0.dev0", "early_stopping": False}
        written[stage] |= {"top_p": 1.0, "num_beams": 1, "length_penalty": 1.0}
    Path(tmp_path / "generation_config.json").unlink()
    (tmp_path / "generation_config.json").write_text(json.dumps(written))
    engine = load({"model": str(tmp_path)}, PlainContext())
    assert engine._sampling.semantic.temperature == 0.7
