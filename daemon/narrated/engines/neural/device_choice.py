"""The device of `device: auto`, and why it is not the card. Run as a program, it tells the doctor.

A card of AMD's is `cuda` to torch, too, if torch is built for ROCm.
"""

import json
from functools import cache
from typing import NamedTuple

import torch

_UNFIT = ("no kernel image", "invalid device function", "ARCH_MISMATCH", "not compatible")
"""Errors of a card that this build of torch has no code for: it never will compute there."""
_SIDE = 8


class AutomaticDevice(NamedTuple):
    """A device for `auto`, and the reason if it is the CPU although torch finds a card."""

    name: str
    reason: str = ""


@cache
def automatic_device() -> AutomaticDevice:
    """Choose the card if it computes, else the CPU.

    A card that is busy, full or lost is still chosen: its work waits until it can be used again.
    """
    if not torch.cuda.is_available():
        return AutomaticDevice("cpu")
    try:
        ones = torch.ones(_SIDE, _SIDE, device="cuda")
        (ones @ ones).sum().item()
    except RuntimeError as error:
        line = str(error).split("\n", 1)[0].rstrip(".")
        if any(sign in line for sign in _UNFIT):
            return AutomaticDevice("cpu", f"torch has no code for the card ({line})")
    return AutomaticDevice("cuda")


def described() -> dict[str, str | None]:
    """Describe torch's build, and the device of `auto`."""
    name, reason = automatic_device()
    hip = getattr(torch.version, "hip", None)
    return {
        "version": torch.__version__,
        "device": name,
        "reason": reason,
        "cuda": torch.version.cuda,
        "rocm": hip,
    }


if __name__ == "__main__":
    print(json.dumps(described()))
