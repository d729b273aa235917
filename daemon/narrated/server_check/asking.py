"""Asks for many files over a few connections, as long as the server answers and time is left."""

import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from queue import SimpleQueue

from narrated.server_check.http_client import HttpClient
from narrated.server_check.served_files import NamedFile, ServedFile, ask_for

CONNECTIONS = 4
MOST_S = 600.0
"""The longest that all files together may take."""
MOST_SILENT = 12
"""So many files in a row without an answer, and the rest is not asked for."""
WITH_RANGES = 20
"""So many sounds are asked for in parts, too: a server treats all of one kind alike."""

_Answers = SimpleQueue[ServedFile | None]
"""None from each thread that has ended."""


@dataclass(slots=True)
class Asking:
    """The answers for many files, as they come: iterate over it, once.

    `public_only`: see HttpClient.
    """

    files: list[NamedFile]
    with_ranges: frozenset[NamedFile]
    public_only: bool
    most_s: float = MOST_S
    stopped_because: str = ""
    """The reason if files were left out; in the middle of a sentence."""
    _is_over: threading.Event = field(default_factory=threading.Event)

    def __iter__(self) -> Iterator[ServedFile]:
        answers: _Answers = SimpleQueue()
        waiting = _Waiting(iter(self.files))
        threads = min(CONNECTIONS, len(self.files))
        for _ in range(threads):
            # Nobody waits for them: Ctrl-C ends the command while a server keeps silent.
            threading.Thread(target=self._ask, args=(waiting, answers), daemon=True).start()
        try:
            yield from self._collected(answers, threads)
        finally:
            self._is_over.set()

    def _collected(self, answers: _Answers, threads: int) -> Iterator[ServedFile]:
        deadline_s = time.monotonic() + self.most_s
        silent = 0
        while threads:
            answer = answers.get()
            if answer is None:
                threads -= 1
                continue
            yield answer
            silent = silent + 1 if answer.problem else 0
            if silent >= MOST_SILENT:
                self.stopped_because = f"{silent} in a row had no answer"
                return
            if time.monotonic() > deadline_s:
                self.stopped_because = f"{self.most_s / 60:.0f} minutes are over"
                return

    def _ask(self, waiting: "_Waiting", answers: _Answers) -> None:
        try:
            with HttpClient(public_only=self.public_only) as client:
                for file in waiting:
                    if self._is_over.is_set():
                        return
                    answers.put(ask_for(client, file, with_ranges=file in self.with_ranges))
        finally:
            answers.put(None)


@dataclass(slots=True)
class _Waiting:
    """Files that threads share: each is given to one of them."""

    files: Iterator[NamedFile]
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __iter__(self) -> Iterator[NamedFile]:
        while True:
            with self._lock:
                file = next(self.files, None)
            if file is None:
                return
            yield file


def newest(files: Iterable[NamedFile]) -> frozenset[NamedFile]:
    """Choose the sounds that are asked for in parts: the first ones of the feed."""
    return frozenset(list(files)[:WITH_RANGES])
