"""Serves tortoise-tts's own api, its object kept, in an interpreter with its own pins.

    python upstream_tortoise.py CHECKPOINT LATENTS [cache]

Reads requests as lines of JSON, first the size of a batch, then a text and its options each.
Answers each text with its codes, and with the seconds of the processor and of the clock. Needs
nothing of narrated. Where torchaudio has no build for this torch, an empty module stands in: no
clip is read here.
"""

import importlib.util
import io
import json
import sys
import time
import types
from pathlib import Path

import torch
import transformers  # noqa: F401 # it looks for torchaudio, and takes a stand-in for a broken one


def main() -> None:
    checkpoint, latents, *more = sys.argv[1:]
    answers, sys.stdout = sys.stdout, io.StringIO()  # upstream prints, too
    if importlib.util.find_spec("torchaudio") is None:
        sys.modules["torchaudio"] = types.ModuleType("torchaudio")
    from tortoise import api

    api.get_model_path = lambda name, models_dir=None: str(Path(checkpoint, name))
    speaker = api.TextToSpeech(
        autoregressive_batch_size=int(json.loads(sys.stdin.readline())["batch"]),
        enable_redaction=False,
        kv_cache="cache" in more,
    )
    voice = torch.load(latents, weights_only=True)
    made = []
    model = speaker.autoregressive
    infer = model.inference_speech
    model.inference_speech = lambda *args, **more: made.append(infer(*args, **more)) or made[-1]
    print(json.dumps("ready"), file=answers, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        made.clear()
        began_s, cpu_s = time.monotonic(), time.process_time()
        sound = speaker.tts_with_preset(
            request["text"],
            conditioning_latents=voice,
            verbose=False,
            top_k=1,
            **request["options"],
        )
        spent = {"wall_s": time.monotonic() - began_s, "cpu_s": time.process_time() - cpu_s}
        codes = [candidate for batch in made for candidate in batch.tolist()]
        print(
            json.dumps({**spent, "codes": codes, "samples": sound.shape[-1]}),
            file=answers,
            flush=True,
        )


if __name__ == "__main__":
    main()
