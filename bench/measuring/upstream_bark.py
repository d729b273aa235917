"""Speaks by transformers' own `generate`, in a process of its own, as its documentation does.

    python upstream_bark.py CHECKPOINT DEVICE DTYPE VOICE

Reads the texts of one call as a line of JSON, and answers with the seconds of its processor and of
the clock, the most memory meanwhile, and the samples of each sound. Needs nothing of narrated.
"""

import json
import sys
import time
from contextlib import suppress
from pathlib import Path

import torch
from transformers import AutoTokenizer, BarkModel


def main() -> None:
    checkpoint, device, dtype, voice = sys.argv[1:]
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    model = BarkModel.from_pretrained(checkpoint, dtype=getattr(torch, dtype)).to(device).eval()
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
        begin_peak(device)
        began_s, cpu_s = time.monotonic(), time.process_time()
        sound = model.generate(**given, history_prompt=history).cpu()
        spent = {"wall_s": time.monotonic() - began_s, "cpu_s": time.process_time() - cpu_s}
        told = {**spent, "peak_bytes": peak_bytes(device), "samples": sound.shape[-1]}
        print(json.dumps(told), flush=True)


def begin_peak(device: str) -> None:
    """Start a new measurement of the most memory."""
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        return
    with suppress(OSError):  # without a reset, the peak is that of the whole process
        Path("/proc/self/clear_refs").write_text("5")


def peak_bytes(device: str) -> int:
    """The most memory since then: what torch allocated on a card, or what was resident."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    main()
