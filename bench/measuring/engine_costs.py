"""Measures one engine, or its upstream, in a process of its own; prints its costs as JSON.

    python engine_costs.py TRIAL [upstream]

TRIAL is an EngineTrial as JSON. Neither imports more than a worker would.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

TEXTS = (
    "The old mill stood at the edge of the river, and nobody had opened its door for years.",
    "Put the flour into a bowl, add two eggs and a little milk, and stir until it is smooth.",
    "We left the harbour before sunrise, because the wind was said to turn in the afternoon.",
    "A new version is out today, and it reads your posts aloud while you walk to the station.",
    "Nobody had told the gardener that the roses would be moved, so he watered them all week.",
    "The committee will meet again in spring, once the figures of the second survey are known.",
    "Hold the lamp a little higher, she said, and look for the name above the broken window.",
    "Every morning the baker counts his loaves, and every evening he counts what has come back.",
)
RATE_BYTES = 2


@dataclass(frozen=True, slots=True)
class EngineCosts:
    """Costs of an engine on this machine."""

    start_s: float
    """Processor seconds until the first sentence is spoken, imports and weights included."""
    solo: float
    """Processor seconds a second of speech, one sentence at a time."""
    batch: float
    """The same with all sentences in flight."""
    memory_bytes: int
    """The most memory of the process."""


@dataclass
class _Context:
    """An engine's context without a worker."""

    voices: Path
    models: Path = Path("/nonexistent")
    cache: Path = Path("/dev/null/nowhere")  # where not even root can make a folder
    device: str = "cpu"

    def hold(self, model: Any) -> Any:
        model.warm()
        return model


class _Ours:
    """An engine of narrated."""

    def __init__(self, trial: Mapping[str, Any], texts: Sequence[str]) -> None:
        from narrated.engines.registry import BUILT_IN_ENGINES, load

        spec = BUILT_IN_ENGINES[trial["name"]]
        spec = replace(spec, options={**spec.options, **trial["options"]})
        self._engine = load(spec, _Context(Path(trial["voices"]), Path(trial["models"])))
        self._voice = trial["voice"]
        self._texts = texts
        for model in self._engine.models:
            model.warm()

    def alone(self) -> Iterator[float]:
        for text in self._texts:
            yield from self._heard([text])

    def together(self) -> Iterator[float]:
        yield from self._heard(self._texts)

    def _heard(self, texts: Any) -> Iterator[float]:
        """Seconds of sound of each text; all are in flight as far as the engine has room."""
        from narrated.engines.interface import ProgressReport, SpeechRequest

        waiting = [
            SpeechRequest(id=str(number), text=text, voice=self._voice)
            for number, text in enumerate(texts)
        ]
        left = len(waiting)
        flying = 0
        while left:
            while waiting and flying < self._engine.rows:
                self._engine.admit(waiting.pop(0))
                flying += 1
            for outcome in self._engine.step():
                if isinstance(outcome, ProgressReport):
                    continue
                problem = getattr(outcome, "problem", "")
                if problem:
                    sys.exit(problem)
                left, flying = left - 1, flying - 1
                yield len(outcome.pcm) / RATE_BYTES / outcome.sample_rate


class _UpstreamPiper:
    """piper-tts as its own documentation uses it, without noise as ours is."""

    def __init__(self, trial: Mapping[str, Any], texts: Sequence[str]) -> None:
        from piper import PiperVoice, SynthesisConfig

        self._voice = PiperVoice.load(Path(trial["voices"]) / f"{trial['voice']}.onnx")
        self._settings = SynthesisConfig(noise_scale=0.0, noise_w_scale=0.0)
        self._texts = texts

    def alone(self) -> Iterator[float]:
        for text in self._texts:
            for chunk in self._voice.synthesize(text, self._settings):
                yield len(chunk.audio_int16_bytes) / RATE_BYTES / chunk.sample_rate

    together = alone


class _UpstreamKokoro:
    """kokoro-onnx as its own documentation uses it."""

    def __init__(self, trial: Mapping[str, Any], texts: Sequence[str]) -> None:
        from kokoro_onnx import Kokoro

        folder = Path(trial["models"], "fastrtc/kokoro-onnx")
        (weights,), (voices,) = folder.glob("kokoro*.onnx"), folder.glob("voices*.bin")
        self._kokoro = Kokoro(str(weights), str(voices))
        self._voice, self._texts = trial["voice"], texts

    def alone(self) -> Iterator[float]:
        for text in self._texts:
            samples, rate = self._kokoro.create(text, voice=self._voice, lang="en-us")
            yield len(samples) / rate

    together = alone


class _UpstreamBark:
    """transformers' own `generate`, one text at a time and all at once."""

    def __init__(self, trial: Mapping[str, Any], texts: Sequence[str]) -> None:
        import torch
        from transformers import AutoTokenizer, BarkModel

        folder = Path(trial["models"], "suno/bark-small")
        self._tokenizer = AutoTokenizer.from_pretrained(folder)
        self._model = BarkModel.from_pretrained(folder, dtype=torch.float32).eval()
        self._history = torch.load(Path(trial["models"], "voice.pt"))
        self._texts = texts

    def alone(self) -> Iterator[float]:
        for text in self._texts:
            yield self._spoken([text])

    def together(self) -> Iterator[float]:
        yield self._spoken(self._texts)

    def _spoken(self, texts: Sequence[str]) -> float:
        # As its processor does; that one looks for the voices of a folder on the hub.
        given = self._tokenizer(
            list(texts),
            padding="max_length",
            max_length=256,
            add_special_tokens=False,
            return_attention_mask=True,
            return_token_type_ids=False,
            return_tensors="pt",
        )
        sound = self._model.generate(**given, history_prompt=self._history)
        return len(texts) * sound.shape[-1] / 24_000


class _UpstreamPocket:
    """transformers' own model and processor of Pocket TTS, one text at a time."""

    def __init__(self, trial: Mapping[str, Any], texts: Sequence[str]) -> None:
        from safetensors.torch import load_file
        from transformers import (
            AutoFeatureExtractor,
            AutoTokenizer,
            PocketTTSAudioTokenizerModel,
            PocketTTSForConditionalGeneration,
            PocketTTSProcessor,
        )

        folder = Path(trial["models"], "eustlb/pocket-tts")
        self._model = PocketTTSForConditionalGeneration.from_pretrained(folder).eval()
        self._processor = PocketTTSProcessor(
            AutoFeatureExtractor.from_pretrained(folder),
            AutoTokenizer.from_pretrained(folder),
            PocketTTSAudioTokenizerModel.from_pretrained(f"{folder}-audio-tokenizer"),
            chat_template=(folder / "chat_template.jinja").read_text(),
        )
        self._voice = load_file(folder / f"voices/{trial['voice']}.safetensors")["latents"]
        self._texts = texts

    def alone(self) -> Iterator[float]:
        for text in self._texts:
            said = {"role": "user", "content": [{"type": "audio"}, {"type": "text", "text": text}]}
            prompt = self._processor.apply_chat_template([said])
            inputs = self._processor(
                text=prompt, return_tensors="pt", audio_prompt_latents=[self._voice]
            )
            out = self._model.generate(**inputs)
            (sound,) = self._processor.decode(out.audio_latents, out.audio_latents_mask)
            yield sound.shape[-1] / 24_000

    together = alone


class _UpstreamVits:
    """transformers' own model and tokenizer of VITS, one text at a time."""

    def __init__(self, trial: Mapping[str, Any], texts: Sequence[str]) -> None:
        from transformers import AutoTokenizer, VitsModel

        folder = Path(trial["models"], "facebook/mms-tts-eng")
        self._model = VitsModel.from_pretrained(folder).eval()
        self._tokenizer = AutoTokenizer.from_pretrained(folder)
        self._texts = texts

    def alone(self) -> Iterator[float]:
        import torch

        for text in self._texts:
            with torch.no_grad():
                sound = self._model(**self._tokenizer(text, return_tensors="pt")).waveform
            yield sound.shape[-1] / self._model.config.sampling_rate

    together = alone


class _UpstreamTortoise:
    """tortoise-tts's own api with its cache, in an interpreter of its own, a text at a time."""

    def __init__(self, trial: Mapping[str, Any], texts: Sequence[str]) -> None:
        sys.path.append(str(Path(__file__).parents[1]))
        from measuring.json_program import running_program
        from measuring.tortoise_speed import PINS

        folder = Path(trial["models"], "Manmay/tortoise-tts")
        voice = Path(trial["voices"], f"{trial['voice']}.pth")
        self._context = running_program(
            "upstream_tortoise", folder, voice, "cache", python=str(PINS)
        )
        self._program = self._context.__enter__()  # until this process ends
        self._options, self._texts, self._spent_s = trial["options"], texts, 0.0
        self._program.request({"batch": self._options["num_autoregressive_samples"]})

    def alone(self) -> Iterator[float]:
        options = {name: each for name, each in self._options.items() if name != "dtype"}
        for text in self._texts:
            answer = self._program.request({"text": text, "options": options})
            self._spent_s += answer["cpu_s"]
            yield answer["samples"] / 24_000

    together = alone

    def clock(self) -> float:
        """Processor seconds of its process so far."""
        return self._spent_s


_UPSTREAM: Mapping[str, Callable[[Mapping[str, Any], Sequence[str]], Any]] = {
    "piper": _UpstreamPiper,
    "kokoro": _UpstreamKokoro,
    "bark": _UpstreamBark,
    "pocket-tts": _UpstreamPocket,
    "vits": _UpstreamVits,
    "tortoise": _UpstreamTortoise,
}


def measured(trial: Mapping[str, Any], *, is_upstream: bool) -> EngineCosts:
    """Load the engine, speak the texts one by one, then all together."""
    from narrated.engines.neural.host_memory import peak_bytes  # rusage counts the bench's, too

    maker = _UPSTREAM[trial["upstream"]] if is_upstream else _Ours
    speaker = maker(trial, TEXTS[: trial["sentences"]])
    next(speaker.alone())
    clock = getattr(speaker, "clock", time.process_time)
    start_s = clock()
    return EngineCosts(
        start_s,
        _factor(speaker.alone, clock),
        _factor(speaker.together, clock),
        peak_bytes(),
    )


def _factor(speak: Callable[[], Iterator[float]], clock: Callable[[], float]) -> float:
    begin_s = clock()
    sound_s = sum(speak())
    return (clock() - begin_s) / sound_s


if __name__ == "__main__":
    costs = measured(json.loads(sys.argv[1]), is_upstream="upstream" in sys.argv[2:])
    print(json.dumps(asdict(costs)), flush=True)
    os._exit(0)  # threads of a library may outlive it
