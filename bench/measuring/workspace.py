"""Scratch folder of `bench/daemon.py`, with the post and the tree of files that its cases share."""

import hashlib
import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from measuring import baselines, texts
from measuring.measured_daemon import MeasuredDaemon
from measuring.program import say
from narrated.config.values import Config
from narrated.config.worker_specs import speech_engines
from narrated.inbox.file_signature import FileSignature
from narrated.ledger.job import JobState
from narrated.ledger.store import Ledger
from narrated.ledger.takes import Take
from narrated.outbox import unique_stems
from narrated.script.source_to_draft import build_draft

FILES_A_FOLDER = 100


@dataclass(frozen=True, slots=True)
class WorkspaceSizes:
    """Sizes of a run."""

    rounds: int = 2
    starts: int = 5
    post_words: int = 10_000
    together_words: int = 2_000
    notes: int = 1_000
    flood: int = 10_000
    book_words: int = 100_000
    tree_files: int = 100_000
    drops: int = 40
    writes: int = 12
    idle_s: float = 600.0
    """The longest wait for the second scan of the tree."""


QUICK = WorkspaceSizes(
    rounds=1,
    starts=2,
    post_words=400,
    together_words=200,
    notes=40,
    flood=200,
    book_words=5_000,
    tree_files=2_000,
    drops=8,
    writes=3,
    idle_s=40.0,
)


class Workspace:
    """A scratch folder, the sizes of a run, and what several cases share."""

    def __init__(self, scratch: Path, sizes: WorkspaceSizes) -> None:
        self.scratch = scratch
        self.sizes = sizes

    @cached_property
    def post(self) -> "Post":
        say("writing the post")
        return Post(self.scratch / "post", texts.post(self.sizes.post_words))

    @cached_property
    def tree(self) -> "Tree":
        say(f"making a tree of {self.sizes.tree_files} files that are done")
        return Tree(MeasuredDaemon(self.scratch / "tree"), self.sizes.tree_files)


class Post:
    """A post, its chunks, and its sound as the bare voice speaks it."""

    def __init__(self, folder: Path, text: str) -> None:
        folder.mkdir()
        self.text = text
        self.words = len(text.split())
        self._chunks, self._sound = folder / "chunks.json", folder / "sound.raw"
        self._target = folder / "bare.mp3"
        self._chunks.write_text(json.dumps(_chunks(text)))
        self.voice_s()

    def voice_s(self) -> float:
        """Seconds that the bare voice takes."""
        answer = baselines.run("voice", self._chunks, self._sound)
        self._sample_rate = str(answer["sample_rate"])
        return float(answer["seconds"])

    def encoder_s(self) -> float:
        """Seconds that the bare encoder takes for the same sound."""
        answer = baselines.run("encoder", self._sound, self._sample_rate, self._target)
        return float(answer["seconds"])


def _chunks(text: str) -> list[dict[str, Any]]:
    """Cut a post into chunks by the program's defaults."""
    config = Config(inbox=Path("inbox"), outbox=Path("outbox"))
    settings, engines = config.settings, speech_engines(config)
    rest = {"captions": {}, "lexicons": [], "settings": settings, "engines": engines}
    draft = build_draft(text.encode(), "post.md", **rest)
    fields = ("text", "language", "pause_s")
    return [{name: getattr(each, name) for name in fields} for each in draft.chunks]


class Tree:
    """A home whose inbox is full of files that were narrated long ago."""

    def __init__(self, daemon: MeasuredDaemon, files: int) -> None:
        self.daemon = daemon
        self.files = files
        daemon.state.mkdir()
        ledger = Ledger(daemon.state / "ledger.sqlite")
        with ledger.transaction():
            for number in range(files):
                self._add(ledger, number)
        ledger.close()
        os.sync()  # what the kernel still has to write is not to be measured

    def _add(self, ledger: Ledger, number: int) -> None:
        path = f"{number // FILES_A_FOLDER:04}/note-{number:06}.txt"
        text = texts.note(number)
        file = self.daemon.inbox / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        stem = path.removesuffix(".txt")
        ledger.sources.record(path, FileSignature.of(file.stat()), sha256)
        ledger.stems.assign(path, stem, unique_stems.fold(stem))
        job = ledger.jobs.add(path, sha256, len(text), stem, state=JobState.PUBLISHING)
        ledger.jobs.finish(job, 3.0)
        ledger.takes.record(Take(sha256, 22050, 3.0, -20.0, -3.0, 0.02, 40_000))
