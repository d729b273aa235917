"""Copies between the host and a device; those to and from a GPU use pinned memory."""

import torch
from torch import Tensor


def to_device(values: Tensor, device: torch.device) -> Tensor:
    """Copy the host's values to the device, without a wait; the same tensor if it is the host."""
    if device.type != "cuda":
        return values.to(device)
    return values.pin_memory().to(device, non_blocking=True)


class HostCopy:
    """Room in the host's memory for values of this shape on a device."""

    def __init__(self, values: Tensor) -> None:
        self._values = values
        is_host = values.device.type == "cpu"
        self._room = None if is_host else torch.empty_like(values, device="cpu", pin_memory=True)

    def read(self) -> list[list[int]]:
        """Wait for the device, and copy its values at once."""
        if self._room is None:
            return self._values.tolist()
        # A copy that does not block would be read before it is done.
        self._room.copy_(self._values)
        return self._room.tolist()
