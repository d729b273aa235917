"""Pocket TTS by tiny checkpoints: its sound is transformers' own, and trouble is told."""

import asyncio
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoFeatureExtractor,
    AutoTokenizer,
    PocketTTSAudioTokenizerModel,
    PocketTTSForConditionalGeneration,
    PocketTTSProcessor,
)

from engines.checkpoints.pocket_tts import LATENT, VOICES, pocket_tts
from engines.speaking import came_of, sound_of, warmed
from engines.tortoise.recordings import recorded, speech, written
from narrated.engines.interface import CaptionRequest, RequestFailure, SpeechRequest
from narrated.engines.model_resources import ModelResources
from narrated.engines.neural.staged_request import StagedRequest
from narrated.engines.pocket_tts.engine import PocketEngine, load
from narrated.engines.registry import BUILT_IN_ENGINES
from narrated.errors import EngineError, EngineUnavailable
from support.engine_context import PlainContext
from workers.support import eventually, running, spec

TEXT = "The queue was empty, and nobody had told the clock."
OWNER, NAME, CODEC = "eustlb", "pocket-tts", "pocket-tts-audio-tokenizer"


@pytest.fixture(scope="module", autouse=True)
def _threads(one_thread: None) -> None:
    """Use one thread."""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models' folder with the checkpoint and its audio tokenizer."""
    models = tmp_path_factory.mktemp("models")
    pocket_tts(models / OWNER / NAME, models / OWNER / CODEC)
    return models


@pytest.fixture(scope="module")
def voices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return recorded(tmp_path_factory.mktemp("voices") / "anna", count=1, seconds=3.0).parent


@pytest.fixture(scope="module")
def engine(models: Path, voices: Path) -> PocketEngine:
    return loaded(models, voices)


@pytest.fixture(scope="module")
def upstream(models: Path) -> "Upstream":
    return Upstream(models)


def loaded(models: Path, voices: Path = Path("/nonexistent"), **options: object) -> PocketEngine:
    return warmed(load(options, PlainContext(models=models, voices=voices)))


def asked(text: str = TEXT, voice: str = "alba", id: str = "1", **fields: object) -> SpeechRequest:
    return replace(SpeechRequest(id, text, voice), **fields)


def is_same(one: bytes, other: bytes) -> bool:
    """True for the same samples, but for the last bit: sums are rounded by their order."""
    first, second = (np.frombuffer(each, "<i2").astype(int) for each in (one, other))
    return first.shape == second.shape and bool(np.abs(first - second).max() <= 1)


class Upstream:
    """transformers' own model and processor, which draw the noise of a request's seed."""

    def __init__(self, models: Path) -> None:
        folder = models / OWNER / NAME
        self.model = PocketTTSForConditionalGeneration.from_pretrained(folder).eval()
        self.processor = PocketTTSProcessor(
            AutoFeatureExtractor.from_pretrained(folder),
            AutoTokenizer.from_pretrained(folder),
            PocketTTSAudioTokenizerModel.from_pretrained(models / OWNER / CODEC),
            chat_template=(folder / "chat_template.jinja").read_text(),
        )
        self.voices = {
            name: load_file(folder / f"voices/{name}.safetensors")["latents"] for name in VOICES
        }

    def pcm(self, seed: int = 0, text: str = TEXT, clip: object = None, **told: object) -> bytes:
        """The sound of a text in the voice alba, or in that of a clip at 24,000 Hz."""
        said = {"role": "user", "content": [{"type": "audio"}, {"type": "text", "text": text}]}
        voice = {"audio_prompt_latents": [self.voices["alba"]]}
        if clip is not None:
            voice = {"audio": [clip], "audio_kwargs": {"sampling_rate": 24_000}}
        inputs = self.processor(
            text=self.processor.apply_chat_template([said]), return_tensors="pt", **voice
        )
        own, count = StagedRequest("1", [1], seed=seed), iter(range(10_000))
        with pytest.MonkeyPatch.context() as patch:
            drawn = torch.randn

            def noise(*size: int, **options: object) -> torch.Tensor:
                """The own noise where `generate` draws; ours has a generator."""
                if "generator" in options:
                    return drawn(*size, **options)
                return own.noise(size, "frame", next(count))

            patch.setattr(torch, "randn", noise)
            out = self.model.generate(**inputs, **told)
        (sound,) = self.processor.decode(out.audio_latents, out.audio_latents_mask)
        return (sound.clamp(-1, 1) * 32767).round().numpy().astype("<i2").tobytes()


@pytest.mark.parametrize("seed", [0, 7])
def test_sound_is_transformers_own(engine: PocketEngine, upstream: Upstream, seed: int) -> None:
    """Of the same noise the samples are those of transformers' `generate` and its processor."""
    assert is_same(sound_of(engine, asked(seed=seed)), upstream.pcm(seed))
    greedy = {"temperature": 0.0, "num_flow_steps": 3}
    ours = sound_of(engine, asked(seed=seed, options=greedy))
    assert is_same(ours, upstream.pcm(seed, do_sample=False, num_flow_steps=3))


def test_clip_gives_its_voice(engine: PocketEngine, upstream: Upstream) -> None:
    """A voice of the user's clip is the one that transformers' processor makes of it."""
    clip = written(speech(3.0, rate=24_000), rate=24_000, subtype="FLOAT")
    own = engine._voices._own / "ada"
    own.mkdir()
    (own / "1.wav").write_bytes(clip)
    request = asked(voice="ada", seed=3)
    try:
        wait_settled(engine, "ada")
        assert is_same(sound_of(engine, request), upstream.pcm(3, clip=speech(3.0, rate=24_000)))
        assert sound_of(engine, request) != sound_of(engine, asked(seed=3))
    finally:
        shutil.rmtree(own)


def wait_settled(engine: PocketEngine, name: str) -> None:
    """Wait until a voice that was copied just now counts."""

    async def settled() -> None:
        await eventually(lambda: engine.voice_digest(name))

    asyncio.run(settled())


def test_batch_ignores_others(engine: PocketEngine) -> None:
    """A request sounds the same alone and among others, of other lengths and voices."""
    mixed = [
        asked(id="a"),
        asked("Short.", "marius", "b", seed=5),
        asked(" ".join([TEXT] * 2), id="c"),
        asked("", id="d"),
    ]
    alone = [sound_of(engine, each) for each in mixed]
    together, _ = came_of(engine, *mixed)
    for each, pcm in zip(together, alone, strict=True):
        assert is_same(each.pcm, pcm)
    assert not any(alone[3])


def test_released_speech_begins_again(engine: PocketEngine) -> None:
    """A request whose memory was taken midway sounds the same."""
    whole = sound_of(engine, asked())
    engine.admit(asked())
    for _ in range(2):
        engine.step()
    engine.release()
    engine.cancel("nobody")
    out: list[object] = []
    while not (out and hasattr(out[-1], "pcm")):
        out += engine.step()
    assert out[-1].pcm == whole


def test_endless_speech_is_cut(models: Path) -> None:
    """A speech that does not end stops at transformers' own limit, and says so."""
    (outcome,), _ = came_of(loaded(models, eos_threshold=50), asked("Hello you."))
    tokens, most = outcome.tokens
    assert (outcome.ended, tokens) == (False, most) and most == 67
    (outcome,), _ = came_of(loaded(models, eos_threshold=-50), asked("Hello you."))
    assert outcome.ended and outcome.tokens[0] < 10


def test_voices_are_found(engine: PocketEngine, models: Path, tmp_path: Path) -> None:
    """The model's voices and the user's clips are listed; without a name it is the model's."""
    wait_settled(engine, "anna")
    assert list(engine.voices()) == ["alba", "anna", "marius"]
    assert all(engine.voice_digest(name) == told for name, told in engine.voices().items())
    assert sound_of(engine, asked(voice="")) == sound_of(engine, asked(voice="alba"))
    with pytest.raises(EngineUnavailable, match="no voice 'albe'") as caught:
        engine.admit(asked(voice="albe"))
    assert caught.value.remedy == "Near it are: alba."
    with pytest.raises(EngineUnavailable) as caught:
        engine.admit(asked(voice="zoe"))
    assert "put a clip of about ten seconds into" in caught.value.remedy


def test_codec_without_encoder_clones_none(models: Path, voices: Path, tmp_path: Path) -> None:
    """An audio tokenizer that only decodes speaks by the model's voices, and says it."""
    shutil.copytree(models, tmp_path / "models")
    config = tmp_path / "models" / OWNER / CODEC / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "encoder_config": None}))
    decoder = loaded(tmp_path / "models", voices)
    assert list(decoder.voices()) == [*VOICES]
    with pytest.raises(EngineUnavailable) as caught:
        decoder.admit(asked(voice="zoe"))
    assert caught.value.remedy.startswith("This audio tokenizer has no encoder")


@pytest.mark.parametrize(
    "tensors",
    [
        {"latents": torch.zeros(7, LATENT + 1)},
        {"latents": torch.full((7, LATENT), float("nan"))},
        {"one": torch.zeros(7, LATENT), "two": torch.zeros(7, LATENT)},
        None,
    ],
)
def test_broken_voice_fails_alone(models: Path, tmp_path: Path, tensors: object) -> None:
    """A file that holds no voice fails the requests for it, and no other."""
    shutil.copytree(models, tmp_path / "models")
    file = tmp_path / "models" / OWNER / NAME / "voices" / "broken.safetensors"
    if tensors is None:
        file.write_bytes(b"\xff" * 64)
    else:
        save_file(tensors, file)
    (broken, good), _ = came_of(
        loaded(tmp_path / "models"), asked(voice="broken", id="1"), asked(id="2")
    )
    assert isinstance(broken, RequestFailure) and broken.unavailable
    assert "broken.safetensors" in broken.problem and good.pcm


def test_signs_of_the_model_are_no_text(engine: PocketEngine) -> None:
    """A text with the model's own marks is spoken without them."""
    marked = sound_of(engine, asked("A <voice> and <audio_bos> here.\udc80"))
    assert marked == sound_of(engine, asked("A   and   here.?"))


def test_wrong_wishes_are_refused(engine: PocketEngine, models: Path) -> None:
    """Pictures, vast texts and wrong options are refused by name."""
    with pytest.raises(EngineError, match="cannot describe"):
        engine.admit(CaptionRequest("1", b"", {}))
    with pytest.raises(EngineError, match="too long for Pocket TTS"):
        engine.admit(asked("word " * 200))
    with pytest.raises(EngineError, match="'eos_threshold' is 51"):
        engine.admit(asked(options={"eos_threshold": 51}))
    with pytest.raises(EngineError, match="belongs to the engine"):
        engine.admit(asked(options={"audio_tokenizer": "a/b"}))
    identities = {loaded(models, **each).identity for each in ({}, {"temperature": 0.5})}
    assert len(identities) == 2


def test_missing_parts_are_named(models: Path, tmp_path: Path) -> None:
    """A missing model or audio tokenizer is told with its command; no path of a file is taken."""
    with pytest.raises(EngineUnavailable) as caught:
        load({}, PlainContext(models=tmp_path))
    assert caught.value.remedy == f"narrated models pull {OWNER}/{NAME}"
    shutil.copytree(models / OWNER / NAME, tmp_path / OWNER / NAME)
    with pytest.raises(EngineUnavailable) as caught:
        load({}, PlainContext(models=tmp_path))
    assert caught.value.remedy == f"narrated models pull {OWNER}/{CODEC}"
    settings = tmp_path / OWNER / NAME / "processor_config.json"
    told = json.loads(settings.read_text())
    told["audio_tokenizer"]["audio_tokenizer_name_or_path"] = str(models / OWNER / CODEC)
    settings.write_text(json.dumps(told))
    with pytest.raises(EngineUnavailable, match="names no audio tokenizer"):
        load({}, PlainContext(models=tmp_path))
    settings.write_text("[")
    with pytest.raises(EngineUnavailable, match="names no audio tokenizer"):
        load({}, PlainContext(models=tmp_path))
    (tmp_path / OWNER / NAME / "tokenizer.json").write_text("{}")
    with pytest.raises(EngineUnavailable, match="cannot be"):
        load({"audio_tokenizer": str(models / OWNER / CODEC)}, PlainContext(models=tmp_path))


def test_worker_counts_its_memory(models: Path) -> None:
    """In a worker the model is in the budget, speaks, and leaves the memory when idle."""
    worker_spec = replace(
        spec(BUILT_IN_ENGINES["pocket-tts"], name="models", load_s=120.0, silence_s=20.0),
        resources=ModelResources(device="cpu", models=str(models), idle_unload_s=1.0),
    )

    async def story() -> None:
        async with running(worker_spec) as watched:
            worker = await watched.worker()
            await watched.until(lambda: NAME in worker.engines)
            assert sorted(worker.engines[NAME].voices) == [*VOICES]
            header = {"text": TEXT, "voice": "alba", "language": "en"}
            told = await worker.submit(NAME, header, b"", lambda fraction: None)
            assert len(told.payload) > 2 * 1920
            await eventually(lambda: len(watched.pool.states()[0].models) == 1)
            (model,) = watched.pool.states()[0].models
            assert model.name == f"{OWNER}/{NAME}" and model.weights_bytes > 10_000
            await eventually(lambda: watched.pool.states()[0].models[0].warmth == "absent")

    asyncio.run(story())


@pytest.mark.parametrize("name", [NAME, CODEC])
def test_damaged_weights_are_named(models: Path, tmp_path: Path, name: str) -> None:
    """Weights that are cut off, its own or those of its codec, are told with a remedy."""
    shutil.copytree(models, tmp_path / "models")
    weights = tmp_path / "models" / OWNER / name / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(EngineUnavailable, match="cannot be read") as told:
        loaded(tmp_path / "models")
    assert "narrated models" in told.value.remedy
