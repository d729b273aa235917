"""Tortoise as narrated has it and as upstream's own api does, side by side on the same weights."""

import json
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measuring.shelf import PlainShelf
from narrated.engines.interface import ProgressReport
from narrated.engines.neural.checkpoint_files import find_checkpoint
from narrated.engines.neural.stage_pipeline import StagePipeline
from narrated.engines.tortoise.checkpoint import TortoiseCheckpoint
from narrated.engines.tortoise.options import TortoiseSettings
from narrated.engines.tortoise.request import TortoiseRequest
from narrated.engines.tortoise.required_files import FILES
from narrated.engines.tortoise.stages import stages
from narrated.engines.tortoise.voice_latents import LatentsCache, load_latents
from narrated.engines.tortoise.voices import TortoiseVoice

_BATCH, _SAMPLE_RATE = 16, 24_000
_END = 8193


@dataclass
class Said:
    """What was said of all texts: the codes of each one's candidates."""

    seconds: float
    codes: list[list[list[int]]]


class Ours:
    """The line of stages, warm."""

    def __init__(self, models: Path, voice: Path, device: str) -> None:
        shelf = PlainShelf(models=models, device=device)
        self._checkpoint = TortoiseCheckpoint.opened(
            find_checkpoint(shelf, str(models), FILES), "float32", shelf
        )
        self._checkpoint.model.warm()
        width = self._checkpoint.model.module.width
        self._latents = load_latents(voice.read_bytes(), str(voice), width)
        self._voice = TortoiseVoice("drawn", "drawn", (voice,), ("drawn",))

    def said(self, texts: Sequence[str], options: dict[str, Any], seed: int = 0) -> Said:
        """All texts at once."""
        pipeline = StagePipeline(
            self._checkpoint.model, stages(LatentsCache(Path("/nonexistent"), ""))[1:], 16, 0
        )
        rows = [self._row(text, options, seed + n) for n, text in enumerate(texts)]
        begin = time.monotonic()
        for row in rows:
            pipeline.admit(row)
        left = len(rows)
        while left:
            left -= sum(not isinstance(outcome, ProgressReport) for outcome in pipeline.step())
        seconds = time.monotonic() - begin
        assert all(len(row.pcm) > 100 and not row.problem for row in rows), "nothing was said"
        return Said(seconds, [[list(each or ()) for each in row.candidates] for row in rows])

    def _row(self, text: str, options: dict[str, Any], seed: int) -> TortoiseRequest:
        words = self._checkpoint.words(text)
        row = TortoiseRequest(text, words, self._voice, TortoiseSettings.of(options), seed)
        row.latents = self._latents
        return row


class Upstream:
    """Its process."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def said(self, texts: Sequence[str], options: dict[str, Any]) -> Said:
        """All texts, one after another, as its api has it."""
        answers = [self._asked({"text": text, "options": options}) for text in texts]
        codes = [[_spoken(codes) for codes in answer["codes"]] for answer in answers]
        return Said(sum(answer["seconds"] for answer in answers), codes)

    def _asked(self, request: dict[str, Any]) -> Any:
        assert self._process.stdin is not None and self._process.stdout is not None
        print(json.dumps(request), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("upstream has ended; what it wrote stands above")
        return json.loads(line)


@contextmanager
def upstream(
    python: str, place: Path, voice: Path, options: dict[str, Any], *wishes: str
) -> Iterator[Upstream]:
    """Started, and its models loaded."""
    if not Path(python).is_file():
        raise SystemExit(f"There is no {python}: narrated engines install tortoise --apart FOLDER")
    script = str(Path(__file__).with_name("upstream_tortoise.py"))
    command = [python, "-W", "ignore", script, str(place), str(voice), *wishes]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:
        assert process.stdin is not None and process.stdout is not None
        batch = TortoiseSettings.of(options).num_autoregressive_samples
        print(json.dumps({"batch": batch}), file=process.stdin, flush=True)
        if process.stdout.readline().strip() != "ready":
            raise SystemExit("upstream did not start; what it wrote stands above")
        try:
            yield Upstream(process)
        finally:
            process.stdin.close()


def _spoken(codes: Sequence[int]) -> list[int]:
    """Without the end, and what stands behind it."""
    return list(codes[: codes.index(_END)]) if _END in codes else list(codes)
