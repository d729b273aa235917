"""Copies between the host and a device; those to and from a GPU use pinned memory."""

import torch
from torch import Tensor

_BELOW_ONE = 1 - 2**-24
"""The largest number of single precision below 1."""


def to_device(values: Tensor, device: torch.device) -> Tensor:
    """Copy the host's values to the device, without a wait; the same tensor if it is the host."""
    if device.type != "cuda":
        return values.to(device)
    return values.pin_memory().to(device, non_blocking=True)


def to_host(values: Tensor) -> Tensor:
    """Wait for the device, and copy its values; the same tensor if it is the host."""
    if values.device.type != "cuda":
        return values.cpu()
    # torch keeps pinned memory for the next such copy.
    return torch.empty_like(values, device="cpu", pin_memory=True).copy_(values)


def draws_to_device(uniform: Tensor, device: torch.device) -> Tensor:
    """Copy uniform numbers to the device, in the precision that it draws with."""
    precision = drawing_precision(device)
    if precision is torch.float32:
        # Rounded to 1 they would lead beyond the last token that has a probability.
        uniform = uniform.to(precision).clamp(max=_BELOW_ONE)
    return to_device(uniform, device)


def drawing_precision(device: torch.device) -> torch.dtype:
    """The precision of draws: double, but Metal computes in single precision at most."""
    return torch.float32 if device.type == "mps" else torch.float64
