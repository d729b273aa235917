"""VITS by tiny checkpoints: its sound is transformers' own, and trouble is told."""

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import VitsModel, VitsTokenizer

from engines.checkpoints.vits import vits
from engines.speaking import came_of, sound_of, warmed
from narrated.engines.interface import CaptionRequest, RequestFailure, SpeechRequest
from narrated.engines.model_resources import ModelResources
from narrated.engines.neural.staged_request import StagedRequest
from narrated.engines.registry import BUILT_IN_ENGINES
from narrated.engines.vits import checkpoint as vits_checkpoint
from narrated.engines.vits.engine import VitsEngine, load
from narrated.errors import EngineError, EngineUnavailable
from support.engine_context import PlainContext
from workers.support import eventually, running, spec

TEXT = "the queue was empty and nobody had told the clock"
KINDS = {"plain": {}, "speakers": {"speakers": 3}, "steady": {"stochastic": False}}


@pytest.fixture(scope="module", autouse=True)
def _threads(one_thread: None) -> None:
    """Use one thread."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A checkpoint of each kind."""
    home = tmp_path_factory.mktemp("vits")
    return {kind: vits(home / kind, **told) for kind, told in KINDS.items()}


@pytest.fixture(scope="module")
def engine(folders: dict[str, Path]) -> VitsEngine:
    return loaded(folders["plain"])


def loaded(folder: Path, **options: object) -> VitsEngine:
    return warmed(load({"model": str(folder), **options}, PlainContext()))


def asked(text: str = TEXT, voice: str = "", id: str = "1", **fields: object) -> SpeechRequest:
    return replace(SpeechRequest(id, text, voice), **fields)


def rate(value: float) -> dict[str, float]:
    return {"speaking_rate": value}


def upstream(folder: Path, seed: int = 0, speaker: int | None = None, rate: float = 1.0) -> bytes:
    """The sound of transformers' own model, which draws the noise of a request's seed."""
    model = VitsModel.from_pretrained(folder).eval()
    inputs = VitsTokenizer.from_pretrained(folder)(TEXT, return_tensors="pt")
    own = StagedRequest("1", [1], seed=seed)
    lasting = torch.Generator().manual_seed(int(own.uniform(1, "lasting") * (1 << 53)))
    with pytest.MonkeyPatch.context() as patch, torch.no_grad():
        drawn = torch.randn

        def noise(*size: int, **options: object) -> torch.Tensor:
            """The own noise where the model draws; ours has a generator."""
            return drawn(*size, **{"generator": lasting, **options})

        patch.setattr(torch, "randn", noise)
        patch.setattr(torch, "randn_like", lambda like: own.noise(like.shape, "prior"))
        spoken = model(**inputs, speaker_id=speaker, speaking_rate=rate).waveform[0]
    return (spoken.clamp(-1, 1) * 32767).round().numpy().astype("<i2").tobytes()


def is_same(one: bytes, other: bytes) -> bool:
    """True for the same samples, but for the last bits: sums are rounded by their order."""
    first, second = (np.frombuffer(each, "<i2").astype(int) for each in (one, other))
    return first.shape == second.shape and bool(np.abs(first - second).max() <= 2)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [0, 7])
def test_sound_is_transformers_own(folders: dict[str, Path], kind: str, seed: int) -> None:
    """Of the same noise the samples are those of transformers' own forward."""
    engine, last = loaded(folders[kind]), kind == "speakers"
    ours = sound_of(engine, asked(seed=seed, voice="2" if last else ""))
    theirs = upstream(folders[kind], seed, 2 if last else None)
    assert is_same(ours, theirs) and np.frombuffer(ours, "<i2").std() > 100
    slow = sound_of(engine, asked(seed=seed, voice="2" if last else "", options=rate(0.5)))
    assert is_same(slow, upstream(folders[kind], seed, 2 if last else None, 0.5))
    assert len(slow) > len(ours)


def test_batch_ignores_others(engine: VitsEngine) -> None:
    """A request sounds the same alone and among others; a take varies by its seed."""
    mixed = [
        asked(id="a"),
        asked("short", id="b", seed=5),
        asked(id="c", seed=9),
        asked("", id="d"),
    ]
    alone = [sound_of(engine, each) for each in mixed]
    together, _ = came_of(engine, *mixed)
    assert {each.id: each.pcm for each in together} == dict(zip("abcd", alone, strict=True))
    assert alone[0] != alone[2] and not any(alone[3])
    state = torch.random.get_rng_state()
    sound_of(engine, asked())
    assert torch.equal(state, torch.random.get_rng_state()), "others draw on as before"


def test_speakers_are_voices(folders: dict[str, Path], engine: VitsEngine) -> None:
    """A model's speakers are voices by their numbers; another name is refused."""
    many = loaded(folders["speakers"])
    assert list(many.voices()) == ["0", "1", "2"] and many.voice_digest("1") == many.voices()["1"]
    assert sound_of(many, asked()) == sound_of(many, asked(voice="0"))
    assert sound_of(many, asked(voice="0")) != sound_of(many, asked(voice="1"))
    for refused in ("3", "anna"):
        with pytest.raises(EngineUnavailable, match=f"no voice '{refused}'") as caught:
            many.admit(asked(voice=refused))
        assert caught.value.remedy == "It has the speakers 0 to 2."
    assert engine.voices() == {}
    with pytest.raises(EngineUnavailable) as caught:
        engine.admit(asked(voice="0"))
    assert caught.value.remedy == "It has one voice alone: leave `voice` out."


def test_texts_are_written_for_it(engine: VitsEngine) -> None:
    """Capitals and accents become letters that the model knows; signs are left out."""
    heard = sound_of(engine, asked("Café 'Größe' — 5!"))
    assert heard == sound_of(engine, asked("cafe 'große'"))
    assert not any(sound_of(engine, asked("你好 \udc80")))


def test_wrong_wishes_are_refused(engine: VitsEngine, folders: dict[str, Path]) -> None:
    """Pictures, vast texts and wrong options are refused by name."""
    with pytest.raises(EngineError, match="cannot describe"):
        engine.admit(CaptionRequest("1", b"", {}))
    with pytest.raises(EngineError, match="too long for VITS"):
        engine.admit(asked("word " * 1000))
    with pytest.raises(EngineError, match="'speaking_rate' is 0"):
        engine.admit(asked(options=rate(0)))
    with pytest.raises(EngineError, match="belongs to the engine"):
        engine.admit(asked(options={"model": "a/b"}))
    with pytest.raises(EngineError, match="There is no option 'dtype'"):
        loaded(folders["plain"], dtype="float16")
    told = [{}, {"noise_scale": 0.5}, {"speaking_rate": 2}]
    assert len({loaded(folders["plain"], **each).identity for each in told}) == 3


def test_endless_speech_is_refused(engine: VitsEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A speech that would fill the memory fails alone, and says what to do."""
    predictor = engine._checkpoint.model.module.duration_predictor
    lasting = predictor.forward
    monkeypatch.setattr(predictor, "forward", lambda *a, **b: lasting(*a, **b) * 0 + 50)
    (outcome,), _ = came_of(engine, asked())
    assert isinstance(outcome, RequestFailure)
    assert outcome.problem == "VITS would speak for more than 120 s."


@pytest.mark.parametrize(
    ("told", "package"), [({"phonemize": True}, "phonemizer"), ({"is_uroman": True}, "uroman")]
)
def test_missing_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: dict[str, bool], package: str
) -> None:
    """A model whose texts need another package names it, and how to install it."""
    folder = vits(tmp_path / "model", **told)
    monkeypatch.setattr(vits_checkpoint, "find_spec", lambda name: None)
    with pytest.raises(EngineUnavailable, match=f"by the package {package}") as caught:
        load({"model": str(folder)}, PlainContext())
    assert f"-m pip install {package}" in caught.value.remedy


def test_damage_is_told(folders: dict[str, Path], tmp_path: Path) -> None:
    """A missing model, a broken tokenizer and lost weights are told with their command."""
    with pytest.raises(EngineUnavailable) as caught:
        load({}, PlainContext(models=tmp_path))
    assert caught.value.remedy == "narrated models pull facebook/mms-tts-eng"
    shutil.copytree(folders["plain"], tmp_path / "model")
    (tmp_path / "model" / "vocab.json").write_text("[")
    with pytest.raises(EngineUnavailable, match="cannot be"):
        load({"model": str(tmp_path / "model")}, PlainContext())
    shutil.copy(folders["plain"] / "vocab.json", tmp_path / "model")
    (tmp_path / "model" / "model.safetensors").write_bytes(b"\xff" * 99)
    with pytest.raises(EngineUnavailable, match="cannot be"):
        loaded(tmp_path / "model")


def test_worker_counts_its_memory(folders: dict[str, Path]) -> None:
    """In a worker the model is in the budget, speaks, and leaves the memory when idle."""
    engine = replace(BUILT_IN_ENGINES["mms"], options={"model": str(folders["plain"])})
    worker_spec = replace(
        spec(engine, name="models", load_s=120.0, silence_s=20.0),
        resources=ModelResources(device="cpu", idle_unload_s=1.0),
    )

    async def story() -> None:
        async with running(worker_spec) as watched:
            worker = await watched.worker()
            await watched.until(lambda: "mms" in worker.engines)
            header = {"text": TEXT, "voice": "", "language": "en"}
            told = await worker.submit("mms", header, b"", lambda fraction: None)
            assert len(told.payload) > 2 * 64
            await eventually(lambda: len(watched.pool.states()[0].models) == 1)
            (model,) = watched.pool.states()[0].models
            assert model.device == "cpu" and model.weights_bytes > 10_000
            await eventually(lambda: watched.pool.states()[0].models[0].warmth == "absent")

    asyncio.run(story())


def test_damaged_weights_are_named(folders: dict[str, Path], tmp_path: Path) -> None:
    """Weights that are cut off make the engine unavailable, with a way to have them again."""
    folder = tmp_path / "cut"
    shutil.copytree(folders["plain"], folder)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(EngineUnavailable, match="cannot be read") as told:
        loaded(folder)
    assert "narrated models" in told.value.remedy
