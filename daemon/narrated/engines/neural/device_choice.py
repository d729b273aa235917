"""The device of `device: auto`, and why it is not the card. Run as a program, it tells the doctor.

A card of AMD's is `cuda` to torch, too, if torch is built for ROCm. Apple's is `mps`.
"""

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import NamedTuple

import torch

_UNFIT = ("no kernel image", "invalid device function", "ARCH_MISMATCH", "not compatible")
"""Errors of a card that this build of torch has no code for: it never will compute there."""
_SIDE = 8
_CARDS: Mapping[str, Callable[[], bool]] = {
    "cuda": lambda: torch.cuda.is_available(),
    "mps": lambda: torch.mps.is_available(),
}


class AutomaticDevice(NamedTuple):
    """A device for `auto`, and the reason if it is the CPU although torch finds a card."""

    name: str
    reason: str = ""


@cache
def automatic_device() -> AutomaticDevice:
    """Choose the card if it computes, else the CPU.

    A card that is busy, full or lost is still chosen: its work waits until it can be used again.
    """
    name = next((name for name, is_here in _CARDS.items() if is_here()), "")
    if not name:
        return AutomaticDevice("cpu", _reason_against_metal())
    try:
        ones = torch.ones(_SIDE, _SIDE, device=name)
        (ones @ ones).sum().item()
    except (RuntimeError, NotImplementedError) as error:
        line = str(error).split("\n", 1)[0].rstrip(".")
        # Nobody shares an Apple GPU by taking all of it: what fails there fails each time.
        if name == "mps" or any(sign in line for sign in _UNFIT):
            return AutomaticDevice("cpu", f"torch has no code for the card ({line})")
    return AutomaticDevice(name)


def _reason_against_metal() -> str:
    """The reason if torch is built for Apple's GPU, and finds none that it can use."""
    if not torch.backends.mps.is_built():
        return ""
    return "torch finds no Apple GPU that it can use; it needs macOS 14 or later"


def described() -> dict[str, str | bool | None]:
    """Describe torch's build, and the device of `auto`."""
    name, reason = automatic_device()
    hip = getattr(torch.version, "hip", None)
    return {
        "version": torch.__version__,
        "device": name,
        "reason": reason,
        "cuda": torch.version.cuda,
        "rocm": hip,
        "metal": torch.backends.mps.is_built(),
    }


if __name__ == "__main__":
    print(json.dumps(described()))
