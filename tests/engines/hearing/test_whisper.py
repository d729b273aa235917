"""Whisper by transformers: what it hears, how it batches, and what it makes of trouble."""

import asyncio
import shutil
from dataclasses import replace

import numpy as np
import pytest
import transformers

from engines.checkpoints.whisper import LANGUAGES, whisper
from engines.hearing.takes import RATE, heard, request, take
from engines.memory_limit import take_too_much
from narrated.engines.hearing import whisper as module
from narrated.engines.hearing.resampling import waveform
from narrated.engines.hearing.token_limits import is_loop, most_tokens
from narrated.engines.hearing.whisper import load
from narrated.engines.hearing.windows import windows
from narrated.engines.interface import (
    CaptionRequest,
    HearingResult,
    ProgressReport,
    WeightsLocation,
)
from narrated.engines.model_resources import ModelResources
from narrated.engines.registry import BUILT_IN_ENGINES
from narrated.errors import EngineError, EngineUnavailable, OutOfMemory
from support.engine_context import PlainContext
from workers.support import running, spec

TAKES = [take(number, 1.0 + number / 2) for number in range(5)]


@pytest.fixture(scope="session", autouse=True)
def _threads(one_thread: None) -> None:
    """Use one thread."""


def loaded(folder, **options):
    engine = load({"model": str(folder), **options}, PlainContext())
    engine.models[0].warm()
    engine.batch_size.timely = engine.rows
    return engine


def requests(takes=TAKES, languages=("en", "de")):
    return [request(str(at), pcm, languages[at % len(languages)]) for at, pcm in enumerate(takes)]


def upstream(folder, pcm, language):
    """The text of transformers' own decoding, stopped where ours stops a loop."""
    model = transformers.WhisperForConditionalGeneration.from_pretrained(folder).eval()
    words = transformers.AutoTokenizer.from_pretrained(folder)
    wave = waveform(pcm, RATE)
    features = transformers.WhisperFeatureExtractor.from_pretrained(folder)(
        wave, sampling_rate=RATE, return_tensors="pt"
    ).input_features
    model.generation_config.max_length = None
    asked = {"language": language, "task": "transcribe"} if language else {}
    tokens = model.generate(
        features,
        **asked,
        do_sample=False,
        num_beams=1,
        return_timestamps=False,
        max_new_tokens=most_tokens(len(wave) / RATE),
    )[0].tolist()
    looped = next((at for at in range(len(tokens)) if is_loop(tokens[:at])), len(tokens))
    return words.decode(tokens[:looped], skip_special_tokens=True).strip()


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")
def test_text_is_transformers_own(whisper_folder, english_folder):
    """The same checkpoint's generate gives the same texts, in any language."""
    told = heard(loaded(whisper_folder), *requests())
    texts = {id: result.text for id, result in told.items()}
    assert texts == {
        each.id: upstream(whisper_folder, each.pcm, each.language) for each in requests()
    }
    assert len(set(texts.values())) > 3
    english = heard(loaded(english_folder), request("1", TAKES[3]))
    assert english["1"].text == upstream(english_folder, TAKES[3], "")


def test_batch_hears_as_one_alone(whisper_folder):
    """A take is heard alike in a batch and alone, with the same score."""
    engine = loaded(whisper_folder)
    together = heard(engine, *requests())
    for each in requests():
        alone = heard(engine, each)[each.id]
        assert alone.text == together[each.id].text
        assert alone.score == pytest.approx(together[each.id].score, abs=1e-4)
        assert -20 < alone.score < 0


def test_language_changes_the_text(whisper_folder):
    """The language is told to the model."""
    engine = loaded(whisper_folder)
    texts = {heard(engine, request("1", TAKES[4], language))["1"].text for language in LANGUAGES}
    assert len(texts) > 1


def test_long_take_is_heard_whole(whisper_folder):
    """A take longer than Whisper's window is heard in windows, whose texts are joined."""
    engine = loaded(whisper_folder)
    long = take(1, 26.0) + bytes(4 * RATE) + take(3, 8.0)
    parts = [
        request(str(at), np.round(part * 32_768).astype("<i2").tobytes())
        for at, part in enumerate(windows(waveform(long, RATE)))
    ]
    assert len(parts) == 2
    told = heard(engine, *parts)
    whole = heard(engine, request("1", long))["1"]
    assert whole.text == f"{told['0'].text} {told['1'].text}"


def test_other_languages_are_refused(whisper_folder, english_folder):
    """A model for English alone says so, and refuses a take in another language."""
    assert loaded(whisper_folder).languages == ("de", "en", "nb", "no")
    english = loaded(english_folder)
    assert english.languages == ("en",)
    with pytest.raises(EngineError, match="does not hear the language 'de'") as caught:
        english.admit(request("1", TAKES[0], "de"))
    assert caught.value.remedy
    assert loaded(whisper_folder, languages="en, de").languages == ("de", "en")


def test_step_reports_within_its_time(whisper_folder, monkeypatch):
    """A step ends when its time is over, with the progress of each take; it goes on later."""
    monkeypatch.setattr(module, "_STEP_S", 0.0)
    engine = loaded(whisper_folder)
    for each in requests(TAKES[:2]):
        engine.admit(each)
    fractions = []
    outcomes = engine.step()
    while all(isinstance(each, ProgressReport) for each in outcomes):
        assert {each.id for each in outcomes} == {"0", "1"}
        fractions.append(outcomes[0].fraction)
        outcomes = engine.step()
    assert fractions == sorted(fractions) and len(fractions) > 10
    assert all(isinstance(each, HearingResult) for each in outcomes)


def test_cancelled_take_is_not_told(whisper_folder, monkeypatch):
    """A take that is cancelled while it is heard has no outcome; the others have theirs."""
    monkeypatch.setattr(module, "_STEP_S", 0.0)
    engine = loaded(whisper_folder)
    before = heard(engine, request("1", TAKES[1]))
    for each in requests(TAKES[:2], ("en",)):
        engine.admit(each)
    engine.step()
    engine.cancel("0")
    engine.cancel("unknown")
    after = {}
    while not after:
        outcomes = engine.step()
        assert all(each.id == "1" for each in outcomes)
        after = {each.id: each for each in outcomes if isinstance(each, HearingResult)}
    assert after["1"].text == before["1"].text
    assert not engine._takes


def test_release_hears_again(whisper_folder, monkeypatch):
    """What is released amid a take is heard again, to the same end."""
    engine = loaded(whisper_folder)
    whole = heard(engine, *requests(TAKES[:2]))
    monkeypatch.setattr(module, "_STEP_S", 0.0)
    for each in requests(TAKES[:2]):
        engine.admit(each)
    engine.step()
    engine.release()
    engine.models[0].park()
    engine.models[0].warm()
    assert heard(engine, *[]) == {}
    told = {}
    while len(told) < 2:
        told |= {each.id: each for each in engine.step() if isinstance(each, HearingResult)}
    assert {id: each.text for id, each in told.items()} == {
        id: each.text for id, each in whole.items()
    }


def test_retry_after_out_of_memory(whisper_folder, hooked):
    """A batch that runs out of memory names its takes, and is tried again in halves."""
    engine, widths, trouble = loaded(whisper_folder), [], [take_too_much]

    def look(encoder, given):
        widths.append(len(given[0]))
        if trouble:
            trouble.pop()()

    first = engine.models[0].module.get_encoder().conv1
    hooked(first.register_forward_pre_hook(look))
    for each in requests(TAKES[:4]):
        engine.admit(each)
    with pytest.raises(OutOfMemory) as caught:
        engine.step()
    assert caught.value.rows == ("0", "1", "2", "3")
    engine.batch_size.fitting = 4
    assert engine.shrink()
    told = {}
    while len(told) < 4:
        told |= {each.id: each for each in engine.step() if isinstance(each, HearingResult)}
    assert widths == [4, 2, 2]


def test_weights_load_once_on_demand(whisper_folder):
    """Weights are read when they are warmed; the precision is part of the identity."""
    context = PlainContext()
    options = {"model": str(whisper_folder)}
    first, second = load(options, context), load({**options, "rows": 2}, context)
    assert first.models[0] is second.models[0]
    assert first.models[0].warmth is WeightsLocation.ABSENT
    half = load({**options, "dtype": "bfloat16"}, context)
    assert half.models[0] is not first.models[0]
    assert first.identity == second.identity != half.identity
    half.models[0].warm()
    assert heard(half, request("1", TAKES[0]))["1"].text


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"colour": "blue"}, "no option 'colour'"),
        ({"rows": 0}, "rows"),
        ({"dtype": "int8"}, "'dtype' is 'int8'"),
        ({"languages": "English!"}, "languages"),
        ({"languages": "ja"}, "hears none of the languages ja"),
        ({"model": ""}, "no model"),
    ],
)
def test_bad_engine_option_refused(whisper_folder, wrong, told):
    with pytest.raises(EngineError, match=told) as caught:
        load({"model": str(whisper_folder), **wrong}, PlainContext())
    assert caught.value.remedy


def test_only_takes_are_heard(whisper_folder):
    """Other requests, and options of a request, are refused."""
    engine = loaded(whisper_folder)
    with pytest.raises(EngineError, match="hears takes"):
        engine.admit(CaptionRequest("1", b""))
    with pytest.raises(EngineError, match="'rows' belongs to the engine"):
        engine.admit(replace(request("1", TAKES[0]), options={"rows": 2}))
    with pytest.raises(EngineError, match="samples a second"):
        engine.admit(request("1", TAKES[0], rate=3))
    assert heard(engine, request("1", TAKES[0]))["1"].text


@pytest.mark.parametrize("file", ["config.json", "generation_config.json", "tokenizer.json"])
def test_damaged_files_are_told(tmp_path, whisper_folder, file):
    """A damaged file makes the engine unavailable, with its remedy."""
    folder = tmp_path / "model"
    shutil.copytree(whisper_folder, folder)
    (folder / file).write_text("{")
    with pytest.raises(EngineUnavailable, match="cannot be used") as caught:
        load({"model": str(folder)}, PlainContext())
    assert "models verify" in caught.value.remedy


def test_damaged_weights_are_told(tmp_path):
    folder = whisper(tmp_path / "model")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    engine = load({"model": str(folder)}, PlainContext())
    with pytest.raises(EngineUnavailable, match="cannot be used"):
        engine.models[0].warm()


def test_another_kind_is_refused(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "bark"}')
    with pytest.raises(EngineUnavailable, match="is no Whisper"):
        load({"model": str(tmp_path)}, PlainContext())


def test_takes_are_heard_in_a_worker(whisper_folder):
    """A worker hears takes side by side; its model is in the budget."""
    known = replace(BUILT_IN_ENGINES["whisper-base"], options={"model": str(whisper_folder)})
    worker_spec = replace(
        spec(known, name="models", load_s=300.0), resources=ModelResources(device="cpu")
    )

    async def story():
        async with running(worker_spec) as watched:
            worker = await watched.worker()
            await watched.until(lambda: "whisper-base" in worker.engines)
            info = worker.engines["whisper-base"]
            assert info.kind == "hearing" and info.hears("nb") and not info.hears("fr")
            header = {"sample_rate": RATE, "language": "en", "options": {}}
            told = await asyncio.gather(
                *(worker.submit("whisper-base", header, pcm) for pcm in TAKES[:3])
            )
            assert all(each.header["text"] and each.header["score"] < 0 for each in told)
            with pytest.raises(EngineError, match="does not hear"):
                await worker.submit("whisper-base", {**header, "language": "fr"}, TAKES[0])
            (model,) = watched.pool.states()[0].models
            assert (model.warmth, model.engines) == ("warm", ("whisper-base",))
            assert model.weights_bytes > 100_000

    asyncio.run(story())
