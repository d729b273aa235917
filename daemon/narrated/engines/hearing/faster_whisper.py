"""Whisper by faster-whisper (CTranslate2), on the CPU: for boxes without torch.

A thread of its own hears a window, so that the worker reports meanwhile: the library cannot be
interrupted. Its weights are in the worker's memory budget like those of other models.
"""

import json
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from importlib.util import find_spec
from typing import Any

from narrated.engines.hearing.ctranslate_model import CTranslateModel
from narrated.engines.hearing.identities import digest, identity
from narrated.engines.hearing.languages import chosen
from narrated.engines.hearing.options import (
    ROWS,
    ctranslate_options,
)
from narrated.engines.hearing.pending_takes import HeardText, TakeWindow
from narrated.engines.hearing.token_limits import most_tokens
from narrated.engines.hearing.whisper_base import WhisperBase
from narrated.engines.interface import (
    EngineContext,
    Options,
    Outcome,
    ProgressReport,
)
from narrated.engines.neural.checkpoint_lookup import (
    HashedCheckpoint,
    find_checkpoint,
    verify_remedy,
)
from narrated.engines.neural.damaged_files import guard_reading
from narrated.errors import EngineUnavailable

REVISION = 1
"""Raise it whenever the same take would get another text."""

FILES = ("config.json", "model.bin", "tokenizer.json")
"""Without tokenizer.json the library would fetch one."""

_MULTILINGUAL_START = 50258
"""The token that starts a text; in a model for English alone it is an earlier one."""

_STEP_S = 1.0
_MOST_TOKENS = 444  # of a window: what Whisper's decoder holds, without the prompt


class FasterWhisperEngine(WhisperBase):
    """Hears takes one window after the other."""

    def __init__(
        self,
        model: CTranslateModel,
        identity: str,
        languages: Sequence[str],
        rows: int,
        *,
        is_multilingual: bool,
    ) -> None:
        super().__init__(model, identity, languages, rows, is_multilingual=is_multilingual)
        self._model = model
        self._under_way: tuple[TakeWindow, Future[HeardText]] | None = None
        # One thread: a window that was let go ends before the next one begins.
        self._thread = ThreadPoolExecutor(1, "hearing")

    def step(self) -> Sequence[Outcome]:
        """Hear for a second, and tell the takes that are heard to their ends."""
        finished: list[Outcome] = [*self._takes.take_finished()]
        if finished:
            return finished
        window, future = self._under_way or self._begin()
        heard = self._wait(window, future)
        if heard is None:
            return self._progress(window.id)
        self._takes.keep(window, heard)
        return [*self._takes.take_finished()] or self._progress(window.id)

    def cancel(self, id: str) -> None:
        """Forget a take; what hears it ends by itself, and is not waited for."""
        self._takes.remove(id)
        if self._under_way and self._under_way[0].id == id:
            self._under_way = None

    def shrink(self) -> bool:
        """Refuse: it hears one window at a time."""
        return False

    def release(self) -> None:
        """Let go of the window under way; a later step hears it again."""
        self._under_way = None

    def _begin(self) -> tuple[TakeWindow, Future[HeardText]]:
        (window,) = self._takes.unheard(1)
        future = self._thread.submit(_hear, self._model.whisper, window)
        self._under_way = window, future
        return self._under_way

    def _wait(self, window: TakeWindow, future: Future[HeardText]) -> HeardText | None:
        """Wait for a window's text; None if it takes longer than a step."""
        if not wait([future], _STEP_S).done:
            return None
        self._under_way = None
        with self._model.device.at_work(window.id):
            return future.result()

    def _progress(self, id: str) -> list[Outcome]:
        if id not in self._takes:
            return []
        return [ProgressReport(id, self._takes.progress(id, lambda window: 0.0))]


def _hear(whisper: Any, window: TakeWindow) -> HeardText:
    segments, _ = whisper.transcribe(
        window.wave,
        language=window.language or "en",
        beam_size=1,
        temperature=0.0,
        condition_on_previous_text=False,
        without_timestamps=True,
        max_new_tokens=min(_MOST_TOKENS, most_tokens(window.duration_s)),
    )
    heard = list(segments)
    counts = [len(each.tokens) + 1 for each in heard]
    total = sum(each.avg_logprob * count for each, count in zip(heard, counts, strict=True))
    return HeardText(" ".join(each.text.strip() for each in heard), float(total), sum(counts))


def load(options: Options, context: EngineContext) -> FasterWhisperEngine:
    """Load a Whisper by its model's name or folder; the weights stay on the disk until it is
    warmed. Nothing is fetched.

    Raises EngineError for unknown or wrong options, and EngineUnavailable if the model or the
    package is missing.
    """
    told = ctranslate_options(options)
    if find_spec("faster_whisper") is None:
        raise EngineUnavailable(
            "This hearing engine needs the package faster-whisper.",
            "pip install 'narrated[hearing]'",
        )
    files = find_checkpoint(context, told["model"], FILES)
    with guard_reading(f"The model {files.name}", verify_remedy(files.name)):
        languages = _languages(files)
    compute_type = told.get("compute_type", "auto")
    compute_type = "int8" if compute_type == "auto" else compute_type
    key = digest("ctranslate2", files.digest, compute_type)
    model = context.hold(CTranslateModel(files, key, compute_type))
    named = identity("faster-whisper", REVISION, files.name, files.digest, compute_type)
    heard = chosen(languages or ("en",), told.get("languages", ""), files.name)
    rows = told.get("rows", ROWS)
    return FasterWhisperEngine(model, named, heard, rows, is_multilingual=bool(languages))


def _languages(files: HashedCheckpoint) -> tuple[str, ...]:
    """The languages of a checkpoint; none if it hears English alone.

    A tokenizer for English alone has the tokens of other languages too, at other numbers.
    """
    tokenizer = json.loads((files.folder / "tokenizer.json").read_text(encoding="utf-8"))
    ids = {each["content"]: each["id"] for each in tokenizer["added_tokens"]}
    if ids["<|startoftranscript|>"] < _MULTILINGUAL_START:
        return ()
    between = range(ids["<|startoftranscript|>"] + 1, ids["<|translate|>"])
    return tuple(token.strip("<|>") for token, id in ids.items() if id in between)
