"""An engine with real weights that fills real memory, and says nothing worth hearing.

Options: name (of its model), weights_mb, row_mb (what a row takes while it is worked), rows,
read_log (a file that gets a line each time the weights are read), widths (one that gets the number
of rows of each step), steps (how many a row needs; it begins again when it is released), broken (a
file; while it is there, the weights cannot be read).
A text with LOST in it is where the device's context breaks: on a card really, by an index beyond
its table.
"""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from narrated.engines.interface import ProgressReport, SpeechResult
from narrated.engines.neural.torch_device import TorchDevice
from narrated.engines.neural.torch_model import TorchModel
from narrated.errors import DeviceLost

MB = 10**6


class MemoryHog:
    kind = "speech"
    sample_rate = 8000
    worn = False

    def __init__(self, options: dict[str, Any], context: Any) -> None:
        self.rows = self.width = int(options.get("rows", 8))
        self.identity = f"hungry-{sorted(options.items())} keeps in {context.cache}"
        self._options = options
        self._device = TorchDevice.chosen(context.device)
        name = str(options.get("name", "a/hungry"))
        self._model = context.hold(TorchModel(name, f"{name}-key", self._device, self._read))
        self.models = [self._model]
        self._waiting: list[Any] = []
        self._made: dict[str, int] = {}

    def voices(self) -> dict[str, str]:
        return {"toy": "toy"}

    def voice_digest(self, name: str) -> str:
        return self.voices().get(name, "")

    def admit(self, request: Any) -> None:
        self._waiting.append(request)

    def step(self) -> list[Any]:
        assert self._model.module.weight.device.type == self._device.torch.type
        rows = self._waiting[: self.width]
        self._note("widths", str(len(rows)))
        if any("LOST" in row.text for row in rows):
            self._break()
        size = int(self._options.get("row_mb", 1)) * MB * len(rows)
        with self._device.at_work([row.id for row in rows]):
            torch.empty(size, dtype=torch.uint8, device=self._device.torch).fill_(1)
        return [self._brought_on(row) for row in rows]

    def _brought_on(self, row: Any) -> Any:
        made = self._made[row.id] = self._made.get(row.id, 0) + 1
        needed = int(self._options.get("steps", 1))
        if made < needed:
            return ProgressReport(row.id, made / needed)
        self.cancel(row.id)
        return SpeechResult(row.id, bytes(1600), 8000)

    def cancel(self, id: str) -> None:
        self._waiting = [row for row in self._waiting if row.id != id]
        self._made.pop(id, None)

    def shrink(self) -> bool:
        self.width, before = max(1, self.width // 2), self.width
        return self.width < before

    def release(self) -> None:
        self._made.clear()

    def _read(self) -> nn.Module:
        self._note("read_log", "read")
        broken = self._options.get("broken")
        if broken and Path(broken).exists():
            raise ValueError("it is broken")
        size = int(self._options.get("weights_mb", 1)) * MB
        module = nn.Linear(1, 1)
        module.weight = nn.Parameter(torch.ones(1, size // 4))
        return module

    def _break(self) -> None:
        if self._device.is_host:
            raise DeviceLost("The device failed: it is only a test.")
        with self._device.at_work():
            table = torch.zeros(4, device=self._device.torch)
            table[torch.tensor([9], device=self._device.torch)].cpu()

    def _note(self, option: str, line: str) -> None:
        if option in self._options:
            with Path(self._options[option]).open("a") as file:
                file.write(line + "\n")


def load(options: dict[str, Any], context: Any) -> MemoryHog:
    return MemoryHog(options, context)
