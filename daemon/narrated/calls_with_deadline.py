"""Calls to a disk that may hang, from a program that has nothing else to do."""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

Value = TypeVar("Value")

ANSWER_S = 2.0


def answer_within(
    otherwise: Value, call: Callable[..., Value], *values: Any, patience_s: float = ANSWER_S
) -> Value:
    """Return what a call returns; `otherwise` if it fails, or is not back in time.

    Nobody waits for the thread of a call that hangs, not even the end of the process.
    """
    answers: list[Value] = []
    thread = threading.Thread(target=_collect, args=(answers, call, values), daemon=True)
    thread.start()
    thread.join(patience_s)
    return answers[0] if answers else otherwise


def _collect(answers: list[Value], call: Callable[..., Value], values: tuple[Any, ...]) -> None:
    try:
        answers.append(call(*values))
    except (OSError, RuntimeError):  # a loop of links is a RuntimeError
        return
