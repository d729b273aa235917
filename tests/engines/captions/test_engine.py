"""The neural captioner: what it admits, how it batches, and what it makes of trouble."""

import subprocess
import sys
import time

import pytest
import torch

from engines.paint import painted, saved, shaded
from engines.scarcity import take_too_much
from measuring.shelf import PlainShelf
from narrated.engines import metadata_captioner
from narrated.engines.captions import engine as captions
from narrated.engines.captions.engine import load
from narrated.engines.captions.families import RawCaption
from narrated.engines.interface import (
    CaptionRequest,
    CaptionResult,
    ProgressReport,
    RequestFailure,
    SpeechRequest,
)
from narrated.engines.model_interface import WeightsLocation
from narrated.errors import EngineError, EngineUnavailable, OutOfMemory

PICTURES = [saved(shaded(number, 90 + 40 * number, 160)) for number in range(6)]


@pytest.fixture
def options(checkpoint):
    return {"model": str(checkpoint("blip")), "max_tokens": 6}


def loaded(options, **more):
    engine = load({**options, **more}, PlainShelf())
    engine.models[0].warm()
    return engine


def admitted(engine, pictures=PICTURES, **options):
    for number, picture in enumerate(pictures):
        engine.admit(CaptionRequest(str(number), picture, options))


def answers(engine, count):
    """What comes of so many rows, by id, progress aside."""
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
        self.takes_s = 0.0

    def check(self, prompt):
        pass

    def describe(self, module, pictures, prompt, max_tokens):
        self.batches.append((len(pictures), prompt, max_tokens))
        time.sleep(self.takes_s)
        if self.trouble:
            self.trouble.pop()()
        return [RawCaption(self.texts[at % len(self.texts)], False) for at in range(len(pictures))]


@pytest.fixture
def scripted(options, monkeypatch):
    """An engine at full pace, and what stands in for its model."""

    def made(*texts, **more):
        family = Scripted(*texts)
        monkeypatch.setattr(captions, "_family", lambda found: family)
        engine = loaded({"model": options["model"]}, **more)
        engine._pace = engine.rows
        return engine, family

    return made


def test_pictures_are_described(options):
    engine = loaded(options)
    admitted(engine)
    told = answers(engine, len(PICTURES))
    assert all(isinstance(outcome, CaptionResult) for outcome in told.values())
    assert all(outcome.text.endswith(".") for outcome in told.values())


def test_a_picture_is_described_the_same_in_any_company(options):
    together, alone = loaded(options), loaded(options)
    admitted(together, PICTURES * 2)
    told = answers(together, 2 * len(PICTURES))
    for number, picture in enumerate(PICTURES):
        admitted(alone, [picture])
        said = answers(alone, 1)["0"].text
        assert told[str(number)].text == told[str(number + len(PICTURES))].text == said
    assert len({outcome.text for outcome in told.values()}) > 1


def test_what_the_model_writes_is_tidied(scripted):
    engine, _ = scripted("there is a picture of a picture of a dog on a beach")
    admitted(engine, PICTURES[:1])
    assert answers(engine, 1)["0"].text == "A dog on a beach."


def test_what_the_model_cannot_tell_is_told_by_shape_and_colours(scripted):
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


def test_no_batch_is_larger_than_the_rows(scripted):
    engine, family = scripted(rows=4)
    admitted(engine)
    answers(engine, 6)
    assert [size for size, _, _ in family.batches] == [4, 2]


def test_pictures_that_are_asked_other_things_are_another_batch(scripted):
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


def test_what_its_maker_wrote_is_told_without_the_model(scripted):
    engine, family = scripted()
    admitted(engine, [with_words("Rex, asleep at home"), PICTURES[0]])
    told = answers(engine, 2)
    assert told["0"].text == "Rex, asleep at home."
    assert told["1"].text == "A dog on a beach."
    assert [size for size, _, _ in family.batches] == [1]


def test_what_its_maker_wrote_is_left_out_where_one_wishes_so(scripted):
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


def test_a_picture_taken_back_is_not_described(scripted):
    engine, _ = scripted()
    admitted(engine, PICTURES[:3])
    engine.step()
    engine.cancel("0")
    engine.cancel("2")
    engine.cancel("unknown")
    assert set(answers(engine, 1)) == {"1"}


def test_rows_that_found_no_room_wait_and_are_tried_again_by_halves(scripted):
    engine, family = scripted(rows=4)
    family.trouble = [take_too_much]
    admitted(engine, PICTURES[:4])
    with pytest.raises(OutOfMemory) as caught:
        answers(engine, 4)
    assert caught.value.rows == ("0", "1", "2", "3")
    assert engine.shrink()
    assert set(answers(engine, 4)) == {"0", "1", "2", "3"}
    assert [size for size, _, _ in family.batches] == [4, 2, 2]


def test_it_shrinks_down_to_one_and_grows_when_nothing_waits(scripted):
    engine, family = scripted(rows=4)
    assert [engine.shrink() for _ in range(3)] == [True, True, False]
    admitted(engine, PICTURES[:2])
    answers(engine, 2)
    admitted(engine, PICTURES[:4])
    answers(engine, 4)
    assert [size for size, _, _ in family.batches] == [1, 1, 2, 2]


def test_what_is_released_is_opened_again(scripted):
    engine, _ = scripted()
    admitted(engine, PICTURES[:2])
    engine.step()
    engine.release()
    assert set(answers(engine, 2)) == {"0", "1"}


def test_a_processor_without_a_gpu_begins_with_one_and_goes_by_the_time_that_it_takes(
    scripted, monkeypatch
):
    engine, family = scripted(rows=4)
    engine._pace = loaded({"model": engine.models[0].name})._pace
    admitted(engine, PICTURES)
    answers(engine, 6)
    monkeypatch.setattr(captions, "_SLOW_S", 0.01)
    monkeypatch.setattr(captions, "_QUICK_S", 0.005)
    family.takes_s = 0.02
    admitted(engine, PICTURES)
    answers(engine, 6)
    assert [size for size, _, _ in family.batches] == [1, 2, 3, 4, 2]


def test_weights_are_read_when_they_are_warmed_and_held_once(options):
    context = PlainShelf()
    first, second = load(options, context), load({**options, "rows": 2}, context)
    assert first.models[0] is second.models[0]
    assert first.models[0].warmth is WeightsLocation.ABSENT
    half = load({**options, "dtype": "bfloat16"}, context)
    assert half.models[0] is not first.models[0]
    half.models[0].warm()
    assert half.models[0].module.dtype == torch.bfloat16
    admitted(half, PICTURES[:2])
    assert len(answers(half, 2)) == 2


def test_the_identity_changes_with_all_that_changes_a_text(options, checkpoint):
    told = [
        load({**options, **more}, PlainShelf()).identity
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
    assert load({**options, "rows": 2}, PlainShelf()).identity == told[0]
    assert load({**options, "dtype": "float32"}, PlainShelf()).identity == told[0]
    assert f".{metadata_captioner.REVISION}-" in told[0]


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
def test_an_option_that_is_not_understood_is_named(options, wrong, told):
    with pytest.raises(EngineError, match=told) as caught:
        load({**options, **wrong}, PlainShelf())
    assert caught.value.remedy


@pytest.mark.parametrize("wrong", [{"rows": 2}, {"written": 1}, {"max_tokens": "9"}, {"x": 1}])
def test_a_request_that_is_not_understood_is_refused(scripted, wrong):
    engine, _ = scripted()
    with pytest.raises(EngineError, match=next(iter(wrong))):
        engine.admit(CaptionRequest("1", PICTURES[0], wrong))


def test_it_does_not_speak(scripted):
    engine, _ = scripted()
    with pytest.raises(EngineError, match="does not speak"):
        engine.admit(SpeechRequest("1", "Hello.", ""))
    assert not hasattr(engine, "voices")


def test_a_model_that_is_not_there_is_told_before_anything_large_is_imported():
    program = (
        "import sys\n"
        "from measuring.shelf import PlainShelf\n"
        "from narrated.engines.captions.engine import load\n"
        "try:\n"
        "    load({'model': 'Salesforce/blip-image-captioning-base'}, PlainShelf())\n"
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


def test_packages_that_are_not_there_are_named(options, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(EngineUnavailable) as caught:
        load(options, PlainShelf())
    assert caught.value.remedy == "pip install 'narrated[models]'"


def test_files_that_are_damaged_make_the_model_unavailable(options, tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "blip"}')
    with pytest.raises(EngineUnavailable, match="cannot be used"):
        load({"model": str(tmp_path)}, PlainShelf())
