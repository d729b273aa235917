"""Where the rows are measured, and what several of them share: a post, and a tree of files."""

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from measuring import bare, texts
from measuring.subject import Subject
from narrated.config.values import Config
from narrated.config.worker_specs import chunk_limits
from narrated.inbox.readiness import FileSignature
from narrated.ledger.job import JobState, Take
from narrated.ledger.store import Ledger
from narrated.outbox import output_names
from narrated.script.draft_builder import build_draft

FILES_A_FOLDER = 100
POST_SOUND = "sound.raw"


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured."""

    rounds: int = 2
    starts: int = 5
    post_words: int = 10_000
    notes: int = 1_000
    flood: int = 10_000
    book_words: int = 100_000
    tree_files: int = 100_000
    drops: int = 40
    writes: int = 12
    idle_s: float = 600.0
    """The longest wait for the second walk of the tree."""


QUICK = Sizes(
    rounds=1,
    starts=2,
    post_words=400,
    notes=40,
    flood=200,
    book_words=5_000,
    tree_files=2_000,
    drops=8,
    writes=3,
    idle_s=40.0,
)


class Stage:
    """A scratch folder, the sizes of a run, and what is made once for several rows."""

    def __init__(self, scratch: Path, sizes: Sizes, tell: Callable[[str], None]) -> None:
        self.scratch = scratch
        self.sizes = sizes
        self.tell = tell

    def subject(self, name: str, **settings: Any) -> Subject:
        """A fresh home for the program."""
        return Subject(self.scratch / name, **settings)

    @cached_property
    def post(self) -> "Post":
        self.tell("writing the post")
        return Post(self.scratch / "post", texts.post(self.sizes.post_words))

    @cached_property
    def tree(self) -> "Tree":
        self.tell(f"making a tree of {self.sizes.tree_files} files that are done")
        return Tree(self.subject("tree"), self.sizes.tree_files)


class Post:
    """A post, its chunks, and its sound as the bare voice speaks it."""

    def __init__(self, folder: Path, text: str) -> None:
        folder.mkdir()
        self.text = text
        self.words = len(text.split())
        self._chunks, self._sound = folder / "chunks.json", folder / POST_SOUND
        self._target = folder / "bare.mp3"
        self._chunks.write_text(json.dumps(chunks(text)))
        self._sample_rate = 0

    def voice_s(self) -> float:
        """How long the bare voice takes."""
        answer = bare.run("voice", self._chunks, self._sound)
        self._sample_rate = answer["sample_rate"]
        return float(answer["seconds"])

    def encoder_s(self) -> float:
        """How long the bare encoder takes for the same sound."""
        if not self._sample_rate:
            self.voice_s()
        answer = bare.run("encoder", self._sound, str(self._sample_rate), self._target)
        return float(answer["seconds"])


def chunks(text: str) -> list[dict[str, Any]]:
    """What the program makes of a post by its defaults."""
    config = Config(inbox=Path("inbox"), outbox=Path("outbox"))
    plan = build_draft(
        text.encode(),
        "post.md",
        captions={},
        lexicons=[],
        settings=config.settings,
        limits=chunk_limits(config),
    )
    return [
        {"text": each.text, "language": each.language, "pause_s": each.pause_s}
        for each in plan.chunks
    ]


class Tree:
    """A home whose inbox is full of files that were narrated long ago."""

    def __init__(self, subject: Subject, files: int) -> None:
        self.subject = subject
        self.files = files
        subject.state.mkdir()
        subject.outbox.mkdir()
        ledger = Ledger(subject.state / "ledger.sqlite")
        with ledger.transaction():
            for number in range(files):
                self._add(ledger, number)
        ledger.close()
        os.sync()  # what the kernel still has to write is not to be measured

    def _add(self, ledger: Ledger, number: int) -> None:
        path = f"{number // FILES_A_FOLDER:04}/note-{number:06}.txt"
        text = texts.note(number)
        file = self.subject.inbox / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        stem = path.removesuffix(".txt")
        ledger.sources.record(path, FileSignature.of(file.stat()), sha256)
        ledger.stems.assign(path, stem, output_names.fold(stem))
        job = ledger.jobs.add(path, sha256, len(text), stem, state=JobState.PUBLISHING)
        ledger.jobs.finish(job, 3.0)
        ledger.takes.record(Take(sha256, 22050, 3.0, -20.0, -3.0, 0.02, 40_000))


def say(line: str) -> None:
    """Tell on stderr what is being done."""
    print(f"{time.strftime('%H:%M:%S')}  {line}", file=sys.stderr, flush=True)
