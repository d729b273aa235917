"""tortoise-tts's own api, its object kept, in an interpreter with its own pins.

    python upstream_tortoise.py CHECKPOINT LATENTS [cache]

Reads requests as lines of JSON, a text and its options, and answers each with its codes and the
seconds that it took. Needs nothing of narrated. What it lacks where torchaudio has no build for the
torch that is there is stood in for: no clip is read here.
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
    checkpoint, latents, *wishes = sys.argv[1:]
    answers, sys.stdout = sys.stdout, io.StringIO()  # upstream says this and that itself
    if importlib.util.find_spec("torchaudio") is None:
        sys.modules["torchaudio"] = types.ModuleType("torchaudio")
    from tortoise import api

    api.get_model_path = lambda name, models_dir=None: str(Path(checkpoint, name))
    speaker = api.TextToSpeech(
        autoregressive_batch_size=int(json.loads(sys.stdin.readline())["batch"]),
        enable_redaction=False,
        kv_cache="cache" in wishes,
    )
    voice = torch.load(latents, weights_only=True)
    said = []
    model = speaker.autoregressive
    infer = model.inference_speech
    model.inference_speech = lambda *args, **more: said.append(infer(*args, **more)) or said[-1]
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        said.clear()
        begin = time.monotonic()
        speaker.tts_with_preset(
            asked["text"], conditioning_latents=voice, verbose=False, top_k=1, **asked["options"]
        )
        seconds = time.monotonic() - begin
        codes = [row for batch in said for row in batch.tolist()]
        print(json.dumps({"seconds": seconds, "codes": codes}), file=answers, flush=True)


if __name__ == "__main__":
    main()
