"""A profile of a model's steps: the time of each of torch's operations."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

_LINES = 30


class StepProfile:
    """Sums up the profiles of all steps in a file, which each step writes anew.

    Each step has a profile of its own: the events of a whole sentence take gigabytes.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._activities = [ProfilerActivity.CPU]
        if torch.cuda.is_available():
            self._activities.append(ProfilerActivity.CUDA)
        self._steps = 0
        self._calls: Counter[str] = Counter()
        self._cpu_s: Counter[str] = Counter()
        self._gpu_s: Counter[str] = Counter()

    def of(self, step: Callable[..., Any]) -> Callable[..., Any]:
        """The same step, profiled whenever it is called."""

        def profiled(*arguments: Any) -> Any:
            with profile(activities=self._activities) as made:
                outcome = step(*arguments)
            self._add(made)
            return outcome

        return profiled

    def _add(self, made: profile) -> None:
        self._steps += 1
        for each in made.key_averages():
            self._calls[each.key] += each.count
            self._cpu_s[each.key] += each.self_cpu_time_total / 1e6
            self._gpu_s[each.key] += each.self_device_time_total / 1e6
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text("\n".join(self._lines()) + "\n")

    def _lines(self) -> Iterator[str]:
        whole_s = self._cpu_s.total()
        yield f"{self._steps} steps; {whole_s:.2f} s in all, by the clock of the thread that steps"
        yield f"{'self CPU s':>10}  {'share':>6}  {'calls':>8}  {'self GPU s':>10}  operation"
        for name, cpu_s in self._cpu_s.most_common(_LINES):
            share, calls, gpu_s = cpu_s / whole_s, self._calls[name], self._gpu_s[name]
            yield f"{cpu_s:10.3f}  {share:6.1%}  {calls:8}  {gpu_s:10.3f}  {name}"
