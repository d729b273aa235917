"""Copies between the host and a device; those to and from a GPU use pinned memory."""

import torch
from torch import Tensor


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
