"""`narrated.pipeline`: engines as callables in this process, in the shape of transformers' own."""

import ast
import re
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

import narrated
from engines.checkpoints.bark import PRESETS, bark
from engines.checkpoints.captions import blip
from engines.checkpoints.tortoise import tortoise
from engines.paint import BLUE, RED, painted, saved, shaded
from engines.tortoise.recordings import recorded
from narrated.audio.take_sound import joined
from narrated.engines.interface import SpeechRequest, SpeechResult, WeightsLocation
from narrated.errors import (
    ConfigurationError,
    EngineError,
    EngineUnavailable,
    NarratedError,
    OutOfMemory,
    SourceError,
)
from support.fresh_process import in_a_fresh_process

ENGINES = str(Path(__file__).parent / "engines")
ROOT = Path(__file__).parents[1]
BRIEF = {"max_tokens": 6}
QUICK = {"num_autoregressive_samples": 2, "diffusion_iterations": 3, "max_mel_tokens": 60}
PARAGRAPH = " ".join(
    f"This is sentence number {number} of a text that no voice says in one breath."
    for number in range(1, 16)
)


@pytest.fixture(autouse=True)
def unconfigured(tmp_path_factory, monkeypatch):
    """Nothing of the user's own configuration or models; gives the home that stands for it."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr("narrated.config.file.SYSTEM_FILE", home / "none.yaml")
    for name in ("CONFIG", "STATE", "CACHE"):
        monkeypatch.delenv(f"XDG_{name}_HOME", raising=False)
        monkeypatch.delenv(f"{name}_DIRECTORY", raising=False)
    monkeypatch.delenv("NARRATED_CONFIG", raising=False)
    return home


@pytest.fixture
def configured(tmp_path, monkeypatch):
    """Writes a configuration that holds from then on."""

    def write(text):
        file = tmp_path / "narrated.yaml"
        file.write_text(f"inbox: inbox\noutbox: outbox\nstate: state\n{text}\n")
        monkeypatch.setenv("NARRATED_CONFIG", str(file))

    return write


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A folder of models, with a tiny Bark and a tiny BLIP where the real ones would be."""
    folder = tmp_path_factory.mktemp("models")
    bark(folder / "suno" / "bark", seed=1, max_new_tokens=12)
    blip(folder / "Salesforce" / "blip-image-captioning-base")
    return folder


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    """A folder of models that holds a tiny Tortoise of somebody's own make alone."""
    folder = tmp_path_factory.mktemp("tuned")
    tortoise(folder / "owner" / "finetune")
    return folder


@pytest.fixture(scope="module")
def finetuned(tuned):
    with narrated.pipeline("text-to-speech", "owner/finetune", models=tuned, **QUICK) as speak:
        yield speak


@pytest.fixture(scope="module")
def barking(models):
    with narrated.pipeline("text-to-speech", "bark", models=models, rows=2) as speak:
        yield speak


@pytest.fixture(scope="module")
def hello(barking):
    """The sound of "Hello world." by all defaults."""
    return barking("Hello world.")


@pytest.fixture(scope="module")
def looking(models):
    with narrated.pipeline("image-to-text", "blip", models=models, **BRIEF) as describe:
        yield describe


@pytest.fixture(scope="module")
def seen(looking):
    """The description of `shaded(1)`."""
    return looking(shaded(1))


@pytest.fixture
def toy(configured):
    """The test's own engine, by way of the configuration."""

    def make(**options):
        listed = ", ".join(f"{name}: {value}" for name, value in options.items())
        configured(
            f"engines: {{toy: {{module: toy, path: {ENGINES}, limit: 100, options: {{{listed}}}}}}}"
        )
        return narrated.pipeline("text-to-speech", "toy")

    return make


def heard(sound):
    return np.abs(sound["audio"]).max() > 0.01


def same(one, other):
    return one["sampling_rate"] == other["sampling_rate"] and np.array_equal(
        one["audio"], other["audio"]
    )


# --- what it is ---


def test_import_is_light():
    """Importing narrated imports nothing else."""
    heavy = ("torch", "numpy", "msgspec", "narrated.pipelines", "narrated.errors")
    told = in_a_fresh_process(
        f"import narrated; print([name for name in {heavy} if name in sys.modules])"
    )
    assert ast.literal_eval(told) == []


def test_espeak_needs_no_torch():
    """A voice without a model speaks without torch."""
    told = in_a_fresh_process(
        "import narrated\n"
        "sound = narrated.pipeline('text-to-speech', 'espeak')('Hello.')\n"
        "print(len(sound['audio']), 'torch' in sys.modules)"
    )
    length, has_torch = told.split()
    assert int(length) > 4000 and has_torch == "False"


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_output_matches_transformers(models, barking):
    """The output has the shape of transformers' own."""
    from transformers import pipeline

    theirs = pipeline("text-to-speech", model=str(models / "suno" / "bark"), device="cpu")
    for text in ("Hello world.", ["Hello world.", "my dog"]):
        one, other = theirs(text), barking(text)
        assert type(one) is type(other)
        pairs = zip(one, other, strict=True) if isinstance(text, list) else [(one, other)]
        for their, our in pairs:
            assert list(their) == list(our) == ["audio", "sampling_rate"]
            assert type(their["audio"]) is type(our["audio"]) is np.ndarray
            assert their["audio"].dtype == our["audio"].dtype == np.float32
            assert their["audio"].ndim == our["audio"].ndim == 1
            assert their["sampling_rate"] == our["sampling_rate"] == barking.sampling_rate
            assert type(our["sampling_rate"]) is int
            assert np.abs(our["audio"]).max() <= 1


def test_text_to_audio_is_an_alias():
    """Text to audio is another name of the task."""
    speak = narrated.pipeline("text-to-audio", "espeak")
    assert heard(speak("Hello."))


def test_readme_example_runs(tmp_path, monkeypatch):
    """The example of the README runs as it stands."""
    monkeypatch.chdir(tmp_path)
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    exec(compile(example, "README.md", "exec"), {})
    assert (tmp_path / "hello.wav").stat().st_size > 10_000


# --- speech ---


def test_batch_sounds_like_single_texts(barking):
    """A batch sounds as its texts do alone, but for the last bit."""
    texts = ["my dog", "of", "the world"]  # more than its rows
    for text, sound in zip(texts, barking(texts), strict=True):
        assert heard(sound)
        np.testing.assert_allclose(sound["audio"], barking(text)["audio"], atol=1.5 / 32767)


def test_seed_decides_the_sound(barking):
    """The same seed gives the same sound, and another seed another sound."""
    first = barking("my dog", seed=3)
    assert same(first, barking("my dog", seed=3))
    assert not same(first, barking("my dog", seed=4))


def test_options_apply_to_one_call(barking, hello):
    """A voice and options apply to the call that names them."""
    assert not same(hello, barking("Hello world.", voice=PRESETS[1]))
    assert not same(hello, barking("Hello world.", temperature=1.5))
    assert same(hello, barking("Hello world."))
    assert set(barking.voices) == set(PRESETS)


def test_raw_is_the_engine_output(barking):
    """Raw sound is the engine's output for the unchanged text."""
    engine = barking.engine
    engine.admit(SpeechRequest("1", "of 12 dogs", PRESETS[0], {}, "en", 7))
    outcomes = []
    while not (outcomes and isinstance(outcomes[-1], SpeechResult)):
        outcomes += engine.step()
    samples = np.frombuffer(outcomes[-1].pcm, "<i2").astype(np.float32) / 32768
    sound = barking("of 12 dogs", voice=PRESETS[0], seed=7, raw=True)
    assert np.array_equal(sound["audio"], samples)


def test_text_is_normalised_unless_raw():
    """A text is said in words unless it is raw."""
    speak = narrated.pipeline("text-to-speech", "espeak")
    assert same(speak("It is 5 km."), speak("It is five kilometres."))
    assert not same(speak("It is 5 km.", raw=True), speak("It is five kilometres.", raw=True))


def test_silence_is_trimmed_unless_raw():
    """Dead air at the ends is trimmed unless it is raw."""
    speak = narrated.pipeline("text-to-speech", "espeak")
    raw = speak("p", raw=True)
    pcm = (raw["audio"] * 32768).astype("<i2").tobytes()
    sound = joined([(pcm, 0.0, 1.0)], raw["sampling_rate"])
    trimmed = np.frombuffer(sound, "<i2") / np.float32(32768)
    assert len(trimmed) < len(raw["audio"])
    assert np.array_equal(speak("p")["audio"], trimmed)


def test_long_text_joins_its_takes(toy, tmp_path):
    """A long text is cut at sentences and joined with its pauses."""
    speak = toy(log=tmp_path / "log")
    sound = speak(f"{PARAGRAPH}\n\nAnother paragraph.")
    said = (tmp_path / "log").read_text().splitlines()
    assert len(said) == 16 and all(each.endswith("breath.") for each in said[:-1])
    assert "sentence number fifteen" in said[-2]
    takes = [speak(each)["audio"] for each in said]
    pauses = [0.1] * 14 + [0.5]
    rate = sound["sampling_rate"]
    room_s = 0.03 + 0.005  # around each take alone; joined, it is a part of the pauses
    seconds = sum(map(len, takes)) / rate + sum(pauses) - len(pauses) * room_s
    assert len(sound["audio"]) / rate == pytest.approx(seconds, abs=0.005)
    assert np.array_equal(sound["audio"][-len(takes[-1]) :], takes[-1])


def test_text_over_the_limit_is_spoken(barking, hello):
    """A text over the model's limit is spoken."""
    long = PARAGRAPH[:400]
    with pytest.raises(EngineError, match=r"tokens"):
        barking(long, raw=True)
    assert len(barking(long)["audio"]) > 2 * len(hello["audio"])


def test_language_decides_the_voice():
    """A language chooses numbers and voice."""
    speak = narrated.pipeline("text-to-speech", "espeak", language="de")
    assert same(speak("21 Hunde"), speak("einundzwanzig Hunde", voice="de"))
    english = speak("21 dogs", language="en")
    assert same(english, speak("twenty-one dogs", language="en"))


def test_no_texts_give_no_sounds(barking):
    """No texts give no sounds."""
    assert barking([]) == []


@pytest.mark.parametrize("text", ["", " \n\n ", "* * *"])
def test_wordless_text_is_refused(text):
    """A text without words is refused."""
    with pytest.raises(NarratedError, match=r"no words .* Give a text with words"):
        narrated.pipeline("text-to-speech", "espeak")(text)


def test_non_text_is_refused(barking):
    """An input that is no text is refused."""
    with pytest.raises(TypeError, match="not bytes"):
        barking(b"Hello")
    with pytest.raises(TypeError, match="not int"):
        barking(["Hello", 1])


# --- pictures ---


def test_picture_inputs_are_equal(looking, seen, tmp_path):
    """A picture is described from its path its bytes or an image."""
    data = saved(shaded(1))
    (tmp_path / "a.png").write_bytes(data)
    described = looking(tmp_path / "a.png")
    assert list(described[0]) == ["generated_text"] and described[0]["generated_text"]
    assert looking([str(tmp_path / "a.png"), data]) == [described, described]
    assert seen == described


def test_picture_list_equals_singles(looking, seen):
    """Pictures in a list are described as they are alone."""
    described = looking([shaded(number) for number in range(3)])
    assert described == [looking(shaded(0)), seen, looking(shaded(2))]
    assert len({each[0]["generated_text"] for each in described}) > 1
    assert looking([]) == []


def test_image_equals_its_file(tmp_path):
    """An image is seen as its file would be."""
    describe = narrated.pipeline("image-to-text", "embedded")
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    file = tmp_path / "turned.jpg"
    painted(320, 200, BLUE, RED).save(file, "JPEG", exif=exif, icc_profile=profile)
    with Image.open(file) as image:
        assert describe(image) == describe(file)


@pytest.mark.parametrize(
    "modes", ["L F", "CMYK", "YCbCr", "HSV", "LAB", "LA La", "RGBA RGBa", "P PA", "I;16", "L 1"]
)
def test_any_colour_mode_is_described(modes):
    """An image may hold any kind of colours."""
    image = painted()
    for mode in modes.split():
        image = image.convert("L").convert(mode) if mode == "I;16" else image.convert(mode)
    describe = narrated.pipeline("image-to-text", "embedded")
    assert describe(image)[0]["generated_text"].startswith("An image")


def test_broken_image_is_refused(tmp_path):
    """An image that cannot be read is told."""
    describe = narrated.pipeline("image-to-text", "embedded")
    with pytest.raises(SourceError, match=r"empty, damaged or cut short"):
        describe(Image.new("RGB", (0, 0)))
    (tmp_path / "cut.png").write_bytes(saved(shaded(1))[:300])
    with Image.open(tmp_path / "cut.png") as image, pytest.raises(SourceError, match="cut short"):
        describe(image)


def test_call_options_reach_captioner(looking, seen):
    """A call's options are the captioner s."""
    short = looking(shaded(1), max_tokens=1)[0]["generated_text"]
    assert len(short) < len(seen[0]["generated_text"])
    with pytest.raises(EngineError, match=r"no option 'max_new_tokens'.*max_tokens"):
        looking(shaded(1), max_new_tokens=2)


@pytest.mark.parametrize("address", ["https://a.org/b.png", "file:///b.png", "data:image/png;,x"])
def test_addresses_are_not_fetched(looking, address):
    """Nothing is fetched."""
    with pytest.raises(NarratedError, match=r"nothing is fetched.*Save the picture"):
        looking(address)


def test_unreadable_picture_is_refused(looking, tmp_path):
    """A picture that cannot be read is told."""
    with pytest.raises(SourceError, match=r"none\.png cannot be read: No such file"):
        looking(tmp_path / "none.png")
    with pytest.raises(EngineError, match=r"no picture .* Save it as PNG"):
        looking(b"no picture")
    with pytest.raises(TypeError, match="not int"):
        looking(3)


# --- which engine ---


def test_embedded_engines_are_default():
    """Without a configuration the embedded engines are taken."""
    assert heard(narrated.pipeline("text-to-speech")("Hello."))
    described = narrated.pipeline("image-to-text")(painted(320, 200, BLUE))
    assert described[0]["generated_text"].startswith("An image")


def test_configuration_gives_defaults(models, configured):
    """The configuration gives the defaults of a pipeline."""
    configured(
        f"speech: {{engine: calm, voice: {PRESETS[1]}, options: {{top_k: 3}}}}\n"
        f"engines: {{calm: {{like: bark, options: {{temperature: 0.2}}}}}}\n"
        f"models: {{folder: {models}, memory: 4GB, device: cpu}}"
    )
    with narrated.pipeline("text-to-speech") as calm:
        sound = calm("my dog")
        speak = narrated.pipeline("text-to-speech", "bark", temperature=0.2, beside=calm)
        assert same(sound, speak("my dog", voice=PRESETS[1], top_k=3))
        assert not same(sound, speak("my dog", voice=PRESETS[1]))


def test_configured_lexicon_applies(configured, tmp_path):
    """The configured lexicon applies."""
    (tmp_path / "lexicon.yaml").write_text("words: {nginx: engine x}\n")
    configured("")
    speak = narrated.pipeline("text-to-speech")
    assert same(speak("Start nginx."), speak("Start engine x."))


@pytest.mark.parametrize("how", ["repository", "path", "like"])
def test_model_names_its_engine(models, barking, hello, how):
    """A model may be named instead of its engine."""
    named = {
        "repository": {"model": "suno/bark"},
        "path": {"model": models / "suno" / "bark"},
        "like": {"model": str(models / "suno" / "bark"), "like": "bark"},
    }[how]
    with narrated.pipeline("text-to-speech", **named, beside=barking) as speak:
        assert speak.engine is not barking.engine
        assert same(speak("Hello world."), hello)


@pytest.mark.parametrize("how", ["repository", "path", "configured", "beside"])
def test_own_tortoise_is_detected(tuned, finetuned, configured, how):
    """A Tortoise of the user is detected by its files."""
    named = {
        "repository": {"model": "owner/finetune", "beside": finetuned},
        "path": {"model": tuned / "owner" / "finetune", "beside": finetuned},
        "configured": {"model": "owner/finetune"},
        "beside": {
            "model": "owner/finetune",
            "beside": narrated.pipeline("text-to-speech", "espeak", models=tuned),
        },
    }[how]
    if how == "configured":
        configured(f"models: {{folder: {tuned}}}")
    with narrated.pipeline("text-to-speech", **named, **QUICK) as speak:
        speak.engine.models[0].warm()  # a wrong path is noticed where the weights are read
        assert "tom" in speak.voices and speak.name.endswith("owner/finetune")
        if how in ("repository", "path"):
            assert speak.engine is not finetuned.engine
            assert speak.engine.models == finetuned.engine.models


def test_own_tortoise_speaks(finetuned):
    """A Tortoise of the user speaks."""
    assert heard(finetuned("Hello."))


def test_incomplete_tortoise_is_named(tuned, tmp_path):
    """A Tortoise without a part names the part and the command."""
    shutil.copytree(tuned / "owner" / "finetune", tmp_path / "owner" / "finetune")
    (tmp_path / "owner" / "finetune" / "clvp2.pth").unlink()
    incomplete = r"incomplete: it has no clvp2\.pth.*narrated models pull owner/finetune"
    with pytest.raises(EngineUnavailable, match=incomplete):
        narrated.pipeline("text-to-speech", "owner/finetune", models=tmp_path)


def test_captioner_named_by_folder(models, seen):
    """Any captioner may be named by its folder."""
    folder = models / "Salesforce" / "blip-image-captioning-base"
    with narrated.pipeline("image-to-text", folder, **BRIEF) as describe:
        assert describe(shaded(1)) == seen


def test_unknown_model_kind_is_refused(models):
    """A model of an unknown kind is refused with the way out."""
    folder = models / "Salesforce" / "blip-image-captioning-base"
    with pytest.raises(NarratedError, match=r"kind 'blip'.*like='bark'"):
        narrated.pipeline("text-to-speech", folder)
    with pytest.raises(EngineUnavailable, match=r"narrated models pull some/voice"):
        narrated.pipeline("text-to-speech", "some/voice")
    with pytest.raises(EngineUnavailable, match=r"missing: there is no none\. Name another folder"):
        narrated.pipeline("text-to-speech", "./none")


def test_folder_sans_model_is_refused(tmp_path):
    """A folder without a model is refused, and the message says what a model has."""
    (tmp_path / "autoregressive.bin").write_bytes(b"of something else")
    told = r"holds neither config\.json nor .*clvp2\.pth.*Name another folder"
    with pytest.raises(EngineUnavailable, match=told):
        narrated.pipeline("text-to-speech", tmp_path)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"task": "translation"}, r"no task 'translation'.*text-to-speech.*image-to-text"),
        ({"task": "text-to-speech", "model": "brak"}, r"no engine named 'brak'.*mean 'bark'"),
        ({"task": "text-to-speech", "model": "zzz"}, r"no engine named 'zzz'.*Known: bark"),
        ({"task": "text-to-speech", "model": "blip"}, r"blip describes pictures.*bark"),
        ({"task": "image-to-text", "model": "bark"}, r"bark speaks.*blip"),
        ({"task": "image-to-text", "voice": "anna"}, r"without `voice`"),
        ({"task": "text-to-speech", "memory": "much"}, r"`memory` is 'much'.*8GB"),
        ({"task": "text-to-speech", "like": "brak"}, r"no engine named `brak`"),
        ({"task": "text-to-speech", "rate": 3}, r"no option 'rate'.*speed"),
    ],
)
def test_wrong_request_lists_choices(given, told):
    """A wrong request is refused with the possible choices."""
    with pytest.raises(NarratedError, match=told):
        narrated.pipeline(**given)


def test_missing_model_names_the_pull(tmp_path):
    """A missing model is refused with the command that pulls it."""
    with pytest.raises(EngineUnavailable, match=r"narrated models pull suno/bark$"):
        narrated.pipeline("text-to-speech", "bark", models=tmp_path)


def test_device_may_be_a_number(configured, tmp_path):
    """A device may be a number as in transformers."""
    with hungry(configured, tmp_path, device=-1) as speak:
        assert speak.engine.models[0].device.name == "cpu"
    with pytest.raises(EngineUnavailable, match="cuda:99 is missing"):
        hungry(configured, tmp_path, device=99)


def test_other_interpreter_is_refused(configured):
    """An engine of another interpreter is refused."""
    configured("engines: {old: {module: old, python: /opt/old/bin/python}}")
    with pytest.raises(NarratedError, match=r"/opt/old/bin/python.*Have the daemon speak"):
        narrated.pipeline("text-to-speech", "old")


def test_wrong_configuration_is_named(configured):
    """A wrong configuration is refused with its key."""
    configured("speach: {}")
    with pytest.raises(ConfigurationError, match="speach"):
        narrated.pipeline("text-to-speech")


# --- at work ---


def test_failed_request_leaves_others(toy):
    """A failed request says why, and later ones succeed."""
    speak = toy(rows=2)
    texts = ["One.", "FAIL SLOW:0.2", "Two."]
    with pytest.raises(EngineError, match=r"fails on demand\. Take FAIL out\."):
        speak(texts)
    with pytest.raises(EngineUnavailable, match=r"no voice 'nobody'\. Use toy\."):
        speak("One.", voice="nobody")
    with pytest.raises(ZeroDivisionError):
        speak(["One. SLOW:0.2", "RAISE"])
    assert heard(speak("One."))


def test_batch_shrinks_without_memory(configured, tmp_path, monkeypatch):
    """A batch is halved if memory runs out."""
    pytest.importorskip("torch")
    from engines.memory_limit import little_left

    speak = hungry(configured, tmp_path, rows=8, row_mb=400)
    speak("One.")
    with little_left(1400):
        assert len(speak(["One."] * 8)) == 8
    widths = [int(width) for width in (tmp_path / "widths").read_text().split()[1:]]
    assert max(widths) == 8 and widths[-1] < 8
    # Far less than a row: the stacks of threads that end meanwhile are room, too.
    with little_left(100), pytest.raises(OutOfMemory, match=r"no room.*models: \{memory"):
        speak("One.")
    assert speak("One.")["sampling_rate"] == 8000


def hungry(configured, tmp_path, device="cpu", **options):
    told = {**options, "widths": tmp_path / "widths", "read_log": tmp_path / "reads"}
    listed = ", ".join(f"{name}: {value}" for name, value in told.items())
    configured(
        f"engines: {{hungry: {{module: memory_hog, path: {ENGINES}, options: {{{listed}}}}}}}"
    )
    return narrated.pipeline("text-to-speech", "hungry", device=device)


def test_closing_frees_the_models(configured, tmp_path):
    """Leaving the block frees the models."""
    with hungry(configured, tmp_path) as speak:
        (model,) = speak.engine.models
        assert model.warmth is WeightsLocation.WARM
    assert model.warmth is WeightsLocation.ABSENT
    speak.close()
    with pytest.raises(NarratedError, match=r"hungry was closed\. Make another"):
        speak("Hello.")


def test_beside_shares_weights(models, seen):
    """Pipelines beside one another share weights and budget."""
    speak = narrated.pipeline("text-to-speech", "bark", models=models, memory="1GB")
    calm = narrated.pipeline("text-to-speech", "bark", temperature=0.2, beside=speak)
    describe = narrated.pipeline("image-to-text", "blip", beside=speak, **BRIEF)
    assert calm.engine.models[0] is speak.engine.models[0]
    speak.close()
    assert calm.engine.models[0].warmth is WeightsLocation.WARM
    assert heard(calm("of"))
    assert describe(shaded(1)) == seen
    with pytest.raises(NarratedError, match=r"`memory` is shared.*leave out `beside`"):
        narrated.pipeline("image-to-text", beside=speak, memory="1GB")


def test_busy_pipeline_evicts_idle_one(models, barking):
    """A pipeline that does not fit evicts the idle one beside it."""
    memory = int(barking.engine.models[0].weights_bytes * 1.01)
    speak = narrated.pipeline("text-to-speech", "bark", models=models, memory=memory)
    describe = narrated.pipeline("image-to-text", "blip", beside=speak, **BRIEF)
    (voice,), (eye,) = speak.engine.models, describe.engine.models
    assert voice.warmth is WeightsLocation.WARM and eye.warmth is WeightsLocation.ABSENT
    describe(shaded(1))
    assert voice.warmth is WeightsLocation.ABSENT and eye.warmth is WeightsLocation.WARM
    speak("of")
    assert voice.warmth is WeightsLocation.WARM and eye.warmth is WeightsLocation.ABSENT


def test_threads_share_one_pipeline(toy):
    """Threads may call one pipeline."""
    speak = toy(delay_s=0.1)
    texts = [f"Hello{' hello' * number}." for number in range(4)]
    with ThreadPoolExecutor(4) as threads:
        sounds = list(threads.map(speak, texts))
    assert all(same(sound, speak(text)) for sound, text in zip(sounds, texts, strict=True))


def test_closing_waits_for_running_call(toy):
    """Closing waits for the running call, and refuses later ones."""
    speak = toy()
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(speak, "Hello SLOW:0.6.")
        while not (speak.engine._requests or first.done()):
            time.sleep(0.01)
        second = threads.submit(speak, "Hello.")
        speak.close()
    assert heard(first.result())
    with suppress(NarratedError):  # a waiting call may run before the close
        assert heard(second.result())
    with pytest.raises(NarratedError, match="toy was closed"):
        speak("Hello.")


def test_tortoise_own_voice_beside_bark(models, tmp_path, monkeypatch, unconfigured):
    """Tortoise speaks in an own voice beside Bark."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    tortoise(models / "Manmay" / "tortoise-tts")
    recorded(tmp_path / "voices" / "anna", count=2, seconds=4.0)
    monkeypatch.setattr("narrated.engines.tortoise.voices.SETTLE_S", 0.0)
    with (
        narrated.pipeline(
            "text-to-speech",
            model="tortoise",
            voice="anna",
            models=models,
            voices=tmp_path / "voices",
            **QUICK,
        ) as speak,
        narrated.pipeline("text-to-speech", model="bark", beside=speak) as bark_speaks,
    ):
        sound, other = speak("A kettle."), bark_speaks("of")
        assert heard(sound) and heard(other)
        assert (sound["sampling_rate"], sound["audio"].dtype) == (24_000, np.float32)
        assert same(speak("A kettle."), sound)
        assert not same(speak("A kettle.", voice="tom"), sound)
        assert {"anna", "tom"} <= set(speak.voices)
    assert list((unconfigured / ".cache" / "narrated" / "latents").iterdir())
    assert not list((tmp_path / "here").iterdir())
