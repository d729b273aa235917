"""Run by the interpreter of Tortoise's own pins: a text spoken by tortoise.api as it comes.

Told in a file of JSON by its first argument; what came of it goes to the second, as arrays. It
finds nothing of ours.
"""

import importlib
import itertools
import json
import sys
import types
from pathlib import Path

import numpy as np
import torch
import transformers

# For clips, of which there are none; the second would import half of scipy.
sys.modules["torchaudio"] = types.ModuleType("torchaudio")
sys.modules["tortoise.utils.stft"] = types.ModuleType("tortoise.utils.stft")
sys.modules["tortoise.utils.stft"].STFT = None
api = importlib.import_module("tortoise.api")

told = json.loads(Path(sys.argv[1]).read_text())
latents = np.load(told["latents"])
torch.set_num_threads(1)

for kind, sizes in told["sizes"].items():  # api.py has those of the published model alone
    real = getattr(api, kind)
    setattr(api, kind, lambda real=real, sizes=sizes, **published: real(**sizes))
api.get_model_path = lambda name, models_dir: str(Path(told["folder"]) / name)


def spoken(kv_cache):
    """The codes of all candidates, (candidates, codes), and the sound, (n,)."""
    tts = api.TextToSpeech(autoregressive_batch_size=2, enable_redaction=False, kv_cache=kv_cache)
    codes = []
    speak = tts.autoregressive.inference_speech

    def listened(*arguments, **options):
        said = speak(*arguments, **options)
        codes.append(said.clone())
        return said

    tts.autoregressive.inference_speech = listened
    seeds = itertools.count()
    drawn = torch.randn, torch.randn_like

    def next_noise(*shape, **_):
        """As the other side makes it: the first noise of the seed 0, the next of 1."""
        return drawn[0](*shape, generator=torch.Generator().manual_seed(next(seeds)))

    torch.randn = next_noise
    torch.randn_like = lambda like: next_noise(*like.shape)
    try:
        sound = tts.tts(
            told["text"],
            conditioning_latents=tuple(torch.from_numpy(latents[name]) for name in ("0", "1")),
            verbose=False,
            use_deterministic_seed=0,
            **told["settings"],
        )
    finally:
        torch.randn, torch.randn_like = drawn
    return codes[0].numpy(), sound.reshape(-1).numpy()


without, sound = spoken(kv_cache=False)
with_cache, _ = spoken(kv_cache=True)
np.savez(
    sys.argv[2],
    codes=without,
    codes_with_cache=with_cache,
    sound=sound,
    transformers=np.array(transformers.__version__),
)
