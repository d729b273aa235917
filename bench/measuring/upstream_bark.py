"""Speaks by transformers' own `generate`, in a process of its own, as its documentation does.

    python upstream_bark.py CHECKPOINT DEVICE VOICE

Reads the texts of one call as a line of JSON, and answers with the seconds of its processor and of
the clock, and the samples of each sound. Needs nothing of narrated.
"""

import json
import sys
import time

import torch
from transformers import AutoTokenizer, BarkModel


def main() -> None:
    checkpoint, device, voice = sys.argv[1:]
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    model = BarkModel.from_pretrained(checkpoint, dtype=dtype).to(device).eval()
    model.codec_model.float()
    history = {name: each.to(device) for name, each in torch.load(voice).items()}
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        # As its processor does; that one looks for the voices of a folder on the hub.
        given = tokenizer(
            json.loads(line),
            padding="max_length",
            max_length=256,
            add_special_tokens=False,
            return_attention_mask=True,
            return_token_type_ids=False,
            return_tensors="pt",
        ).to(device)
        began_s, cpu_s = time.monotonic(), time.process_time()
        sound = model.generate(**given, history_prompt=history).cpu()
        spent = {"wall_s": time.monotonic() - began_s, "cpu_s": time.process_time() - cpu_s}
        print(json.dumps({**spent, "samples": sound.shape[-1]}), flush=True)


if __name__ == "__main__":
    main()
