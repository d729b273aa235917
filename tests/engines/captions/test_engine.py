"""The neural captioner: what it admits, how it batches, and what it makes of trouble."""

import math
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from PIL import Image

from engines.memory_limit import take_too_much
from engines.paint import painted, saved, shaded
from narrated.engines import model_free_captioner
from narrated.engines.captions import engine as captions
from narrated.engines.captions import preparation
from narrated.engines.captions.engine import load
from narrated.engines.captions.families import RawCaption
from narrated.engines.interface import (
    CaptionRequest,
    CaptionResult,
    ProgressReport,
    RequestFailure,
    SpeechRequest,
    WeightsLocation,
)
from narrated.engines.model_resources import ModelResources
from narrated.engines.neural import batch_size, host_threads
from narrated.engines.neural.onnx_model import OnnxModel
from narrated.errors import EngineError, EngineUnavailable, OutOfMemory
from narrated.workers.model_memory_budget import ModelMemoryBudget
from support.engine_context import PlainContext

PICTURES = [saved(shaded(number, 90 + 40 * number, 160)) for number in range(6)]


@pytest.fixture
def options(checkpoint):
    return {"model": str(checkpoint("blip")), "max_tokens": 6}


def loaded(options, **more):
    engine = load({**options, **more}, PlainContext())
    engine.models[0].warm()
    return engine


def admitted(engine, pictures=PICTURES, **options):
    for number, picture in enumerate(pictures):
        engine.admit(CaptionRequest(str(number), picture, options))


def answers(engine, count):
    """The outcomes of so many rows, by id, progress aside."""
    told = {}
    while len(told) < count:
        for outcome in engine.step():
            if not isinstance(outcome, ProgressReport):
                told[outcome.id] = outcome
    return told


class Scripted:
    """Stands in for a family: it writes what the test wants, and remembers its batches."""

    prompt, max_tokens = "", 20

    def __init__(self, *texts):
        self.texts = texts or ("a dog on a beach",)
        self.batches = []
        self.trouble = []

    def check(self, prompt):
        pass

    def inputs(self, pictures, prompt):
        return {"pictures": pictures}

    def describe(self, module, inputs, prompt, max_tokens):
        count = len(inputs["pictures"])
        self.batches.append((count, prompt, max_tokens))
        if self.trouble:
            self.trouble.pop()()
        return [RawCaption(self.texts[at % len(self.texts)], False) for at in range(count)]


@pytest.fixture
def scripted(options, monkeypatch):
    """An engine at full pace, and what stands in for its model."""

    def made(*texts, **more):
        family = Scripted(*texts)
        monkeypatch.setattr(captions, "_family", lambda found: family)
        engine = loaded({"model": options["model"]}, **more)
        engine.batch_size.timely = engine.batch_size.fitting
        return engine, family

    return made


def test_pictures_are_described(options):
    engine = loaded(options)
    admitted(engine)
    told = answers(engine, len(PICTURES))
    assert all(isinstance(outcome, CaptionResult) for outcome in told.values())
    assert all(outcome.text.endswith(".") for outcome in told.values())


def test_caption_ignores_the_batch(options):
    """A picture gets the same caption in a batch as alone."""
    together, alone = loaded(options), loaded(options)
    admitted(together, PICTURES * 2)
    told = answers(together, 2 * len(PICTURES))
    for number, picture in enumerate(PICTURES):
        admitted(alone, [picture])
        said = answers(alone, 1)["0"].text
        assert told[str(number)].text == told[str(number + len(PICTURES))].text == said
    assert len({outcome.text for outcome in told.values()}) > 1


def test_model_text_is_tidied(scripted):
    """The engine tidies the text of the model."""
    engine, _ = scripted("there is a picture of a picture of a dog on a beach")
    admitted(engine, PICTURES[:1])
    assert answers(engine, 1)["0"].text == "A dog on a beach."


def test_empty_caption_tells_colours(scripted):
    """The caption gives shape and colours if the model says nothing."""
    engine, _ = scripted("<pad> . .")
    admitted(engine, [saved(painted(320, 200))])
    assert answers(engine, 1)["0"].text == "An image, wide, all blue."


def test_all_that_wait_are_one_batch(scripted):
    engine, family = scripted(rows=8)
    admitted(engine)
    opened = [engine.step() for _ in PICTURES]
    assert [outcome.id for (outcome,) in opened] == list("012345")
    assert all(isinstance(outcome, ProgressReport) for (outcome,) in opened)
    assert len(engine.step()) == 6
    assert [size for size, _, _ in family.batches] == [6]


def test_batch_fits_its_slots(scripted):
    """No batch is larger than the number of slots."""
    engine, family = scripted(rows=4)
    admitted(engine)
    answers(engine, 6)
    assert [size for size, _, _ in family.batches] == [4, 2]


def test_next_batch_is_made_ahead(scripted):
    """Threads open the next pictures and make their inputs while the model is at work."""
    engine, family = scripted(rows=2)
    inputs, made, ahead = family.inputs, [], threading.Event()

    def counted(pictures, prompt):
        made.append(len(pictures))
        if len(made) == 2:
            ahead.set()
        return inputs(pictures, prompt)

    family.inputs = counted
    family.trouble = [lambda: None, lambda: ahead.wait(60)]
    admitted(engine, PICTURES[:4])
    answers(engine, 2)
    assert ahead.is_set(), "the first batch was described before the second was made ready"
    assert set(answers(engine, 2)) == {"2", "3"}
    assert made == [2, 2], "inputs were made twice"


def test_two_batches_are_begun(scripted):
    """There is room for the batch that is described and the one that is opened meanwhile."""
    engine, _ = scripted(rows=2)
    rooms = []
    for number, picture in enumerate(PICTURES[:4]):
        rooms.append(engine.has_room)
        engine.admit(CaptionRequest(str(number), picture))
    assert rooms == [True] * 4
    assert not engine.has_room
    assert engine.shrink()
    answers(engine, 3)
    assert not engine.has_room, "where memory is short, a picture is opened alone"


def test_openers_keep_to_the_share(scripted, monkeypatch):
    """Pictures are opened within the CPU quota and the worker's share, also after a reload."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # torch's threads stay
    monkeypatch.setattr(host_threads, "_workers", 1)
    monkeypatch.setattr(host_threads, "quota_cores", lambda group: 8)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: range(64))
    at_once = []
    opening = preparation.open_image

    def watched(picture):
        at_once.append(threading.current_thread())
        time.sleep(0.02)  # so that every thread has some
        return opening(picture)

    monkeypatch.setattr(preparation, "open_image", watched)
    budget = ModelMemoryBudget(ModelResources())
    engine, _ = scripted(rows=8)
    for workers, most in ((2, 3), (4, 1)):
        budget.change(ModelResources(workers_on_host=workers), {})
        at_once.clear()
        admitted(engine, PICTURES * 4)
        answers(engine, 4 * len(PICTURES))
        assert len(set(at_once)) <= most


@dataclass(eq=False)
class IdleEngine:
    """A speech engine on the CPU whose steps take no memory."""

    models: list[OnnxModel]
    rows = 1

    def step(self):
        time.sleep(0.3)
        return []


def test_other_engines_take_no_blame(options):
    """Memory of pictures that are opened ahead counts as the captioner's, and no other's."""
    budget = ModelMemoryBudget(ModelResources())
    captioner = load(options, budget)
    other = IdleEngine([budget.hold(OnnxModel("other", Path("none"), "other", ""))])
    for engine in (captioner, other):
        budget.add_engine(engine)
    other.models[0].warm = lambda: None
    captioner.batch_size.timely = 4
    large = saved(Image.new("RGB", (6000, 6000)), "PNG")
    admitted(captioner, [PICTURES[0], large])  # the step that opens the first leaves the other
    for _ in range(2):
        budget.step(captioner, "captions")
        budget.step(other, "other")
    engines = {captioner: ("captions", None), other: ("other", None)}
    own, others = (each.working_bytes for each in budget.report(engines))
    assert own > 100e6 and others < 20e6


def test_other_options_other_batch(scripted):
    """Pictures with other options go into another batch."""
    engine, family = scripted()
    for number, options in enumerate([{}, {"prompt": "b"}, {}, {"max_tokens": 9}]):
        engine.admit(CaptionRequest(str(number), PICTURES[number], options))
    answers(engine, 4)
    assert family.batches == [(2, "", 20), (1, "b", 20), (1, "", 9)]


def with_words(text):
    return saved(painted(), "JPEG", exif=_described(text))


def _described(text):
    from PIL import Image

    exif = Image.Exif()
    exif[0x010E] = text
    return exif


def test_metadata_text_skips_model(scripted):
    """A description in the picture's metadata is used without the model."""
    engine, family = scripted()
    admitted(engine, [with_words("Rex, asleep at home"), PICTURES[0]])
    told = answers(engine, 2)
    assert told["0"].text == "Rex, asleep at home."
    assert told["1"].text == "A dog on a beach."
    assert [size for size, _, _ in family.batches] == [1]


def test_metadata_text_can_be_off(scripted):
    """An option leaves out the description in the metadata."""
    engine, _ = scripted(written=False)
    admitted(engine, [with_words("Rex, asleep at home")])
    assert answers(engine, 1)["0"].text == "A dog on a beach."
    admitted(engine, [with_words("Rex, asleep at home")], written=True)
    assert answers(engine, 1)["0"].text == "Rex, asleep at home."


def test_one_bad_picture_fails_alone(scripted):
    engine, _ = scripted()
    admitted(engine, [PICTURES[0], PICTURES[1][:200], b"no picture", PICTURES[2]])
    told = answers(engine, 4)
    assert [type(told[id]) for id in "0123"] == [
        CaptionResult,
        RequestFailure,
        RequestFailure,
        CaptionResult,
    ]
    assert "cut short" in told["1"].problem
    assert told["2"].remedy


def test_cancelled_picture_is_dropped(scripted):
    """A cancelled picture is not described."""
    engine, _ = scripted()
    admitted(engine, PICTURES[:3])
    engine.step()
    engine.cancel("0")
    engine.cancel("2")
    engine.cancel("unknown")
    assert set(answers(engine, 1)) == {"1"}


def test_retry_after_out_of_memory(scripted):
    """A batch that runs out of memory waits and is tried again in halves."""
    engine, family = scripted(rows=4)
    family.trouble = [take_too_much]
    admitted(engine, PICTURES[:4])
    with pytest.raises(OutOfMemory) as caught:
        answers(engine, 4)
    assert caught.value.rows == ("0", "1", "2", "3")
    assert engine.shrink()
    assert set(answers(engine, 4)) == {"0", "1", "2", "3"}
    assert [size for size, _, _ in family.batches] == [4, 2, 2]


def test_batch_shrinks_and_regrows(scripted):
    """The batch shrinks down to one and grows when no picture waits."""
    engine, family = scripted(rows=4)
    assert [engine.shrink() for _ in range(3)] == [True, True, False]
    admitted(engine, PICTURES[:2])
    answers(engine, 2)
    admitted(engine, PICTURES[:4])
    answers(engine, 4)
    assert [size for size, _, _ in family.batches] == [1, 1, 2, 2]


def test_released_picture_is_reopened(scripted):
    """A released picture is opened again."""
    engine, _ = scripted()
    admitted(engine, PICTURES[:2])
    engine.step()
    engine.release()
    assert set(answers(engine, 2)) == {"0", "1"}


def test_cpu_batch_follows_time(scripted, monkeypatch):
    """A processor begins with batches of one, and the time taken sets the size."""
    monkeypatch.setattr(batch_size, "QUICK_S", math.inf)
    engine, family = scripted(rows=4)
    engine.batch_size.timely = loaded({"model": engine.models[0].name}).batch_size.timely
    admitted(engine, PICTURES)
    answers(engine, 6)
    monkeypatch.setattr(batch_size, "QUICK_S", -1.0)
    monkeypatch.setattr(batch_size, "SLOW_S", -1.0)
    admitted(engine, PICTURES)
    answers(engine, 6)
    assert [size for size, _, _ in family.batches] == [1, 2, 3, 4, 2]


def test_weights_load_once_on_demand(options):
    """Weights are read when they are warmed, and engines share them."""
    context = PlainContext()
    first, second = load(options, context), load({**options, "rows": 2}, context)
    assert first.models[0] is second.models[0]
    assert first.models[0].warmth is WeightsLocation.ABSENT
    half = load({**options, "dtype": "bfloat16"}, context)
    assert half.models[0] is not first.models[0]
    half.models[0].warm()
    assert half.models[0].module.dtype == torch.bfloat16
    admitted(half, PICTURES[:2])
    assert len(answers(half, 2)) == 2


def test_options_change_identity(options, checkpoint):
    """The identity changes with every option that changes a caption."""
    told = [
        load({**options, **more}, PlainContext()).identity
        for more in (
            {},
            {"prompt": "a photo of"},
            {"max_tokens": 7},
            {"written": False},
            {"dtype": "float16"},
            {"model": str(checkpoint("git"))},
        )
    ]
    assert len(set(told)) == len(told)
    assert load({**options, "rows": 2}, PlainContext()).identity == told[0]
    assert load({**options, "dtype": "float32"}, PlainContext()).identity == told[0]
    assert f".{model_free_captioner.REVISION}-" in told[0]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"colour": "blue"}, "no option 'colour'"),
        ({"rows": 0}, "rows"),
        ({"rows": True}, "rows"),
        ({"rows": "many"}, "rows"),
        ({"dtype": "int8"}, "'dtype' is 'int8'"),
        ({"max_tokens": 5000}, "max_tokens"),
        ({"written": "yes"}, "written"),
        ({"prompt": 3}, "prompt"),
        ({"model": ""}, "no model"),
        ({"model": 7}, "model"),
    ],
)
def test_bad_engine_option_refused(options, wrong, told):
    """An invalid option of the engine is named with its remedy."""
    with pytest.raises(EngineError, match=told) as caught:
        load({**options, **wrong}, PlainContext())
    assert caught.value.remedy


@pytest.mark.parametrize("wrong", [{"rows": 2}, {"written": 1}, {"max_tokens": "9"}, {"x": 1}])
def test_bad_request_option_refused(scripted, wrong):
    """An invalid option of a request is refused."""
    engine, _ = scripted()
    with pytest.raises(EngineError, match=next(iter(wrong))):
        engine.admit(CaptionRequest("1", PICTURES[0], wrong))


def test_it_does_not_speak(scripted):
    engine, _ = scripted()
    with pytest.raises(EngineError, match="does not speak"):
        engine.admit(SpeechRequest("1", "Hello.", ""))
    assert not hasattr(engine, "voices")


def test_missing_model_skips_torch():
    """A missing model is reported before torch or transformers is imported."""
    program = (
        "import sys\n"
        "from support.engine_context import PlainContext\n"
        "from narrated.engines.captions.engine import load\n"
        "try:\n"
        "    load({'model': 'Salesforce/blip-image-captioning-base'}, PlainContext())\n"
        "except Exception as error:\n"
        "    print(type(error).__name__, error)\n"
        "print('torch' in sys.modules, 'transformers' in sys.modules)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    said, imported = run.stdout.splitlines()
    assert said.startswith("EngineUnavailable")
    assert "narrated models pull Salesforce/blip-image-captioning-base" in said
    assert imported == "False False"


def test_missing_package_says_install(options, monkeypatch):
    """A missing package is reported with the command that installs it."""
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(EngineUnavailable) as caught:
        load(options, PlainContext())
    assert caught.value.remedy == "pip install 'narrated[models]'"


def test_damaged_model_is_unavailable(options, tmp_path):
    """Damaged files make the model unavailable."""
    (tmp_path / "config.json").write_text('{"model_type": "blip"}')
    with pytest.raises(EngineUnavailable, match="cannot be used"):
        load({"model": str(tmp_path)}, PlainContext())
