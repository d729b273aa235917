"""Captions pictures one at a time by transformers, in a process of its own.

    python upstream_captions.py CHECKPOINT DEVICE TOKENS

Reads the files of a call as a line of JSON, and answers with their texts, and the seconds of the
processor and of the clock. Needs nothing of narrated.
"""

import json
import sys
import time

import torch
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor


def main() -> None:
    checkpoint, device, tokens = sys.argv[1:]
    processor = AutoProcessor.from_pretrained(checkpoint)
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    model = AutoModelForImageTextToText.from_pretrained(checkpoint, dtype=dtype).to(device).eval()
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        began_s, cpu_s = time.monotonic(), time.process_time()
        texts = []
        for file in json.loads(line):
            given = processor(Image.open(file).convert("RGB"), return_tensors="pt")
            made = model.generate(**given.to(device, dtype), max_new_tokens=int(tokens))
            texts.append(processor.decode(made[0], skip_special_tokens=True))
        spent = {"wall_s": time.monotonic() - began_s, "cpu_s": time.process_time() - cpu_s}
        print(json.dumps({**spent, "texts": texts}), flush=True)


if __name__ == "__main__":
    main()
