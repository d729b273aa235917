"""A model that a hub has, and who pulls it."""

import random
from dataclasses import dataclass, field

from narrated.models.catalogue import find_model
from narrated.models.hub import Hub
from narrated.models.pull import PullPlan, PullResult, pull
from narrated.models.store import ModelStore
from support.hub import LoopbackHub

NAME = "suno/bark-small"
WEIGHTS = "pytorch_model.bin"
MODEL = {
    ".gitattributes": b"*.bin filter=lfs",
    "README.md": b"Bark",
    "config.json": b'{"model_type": "bark"}',
    "generation_config.json": b"{}",
    "tokenizer.json": b"{}",
    "vocab.txt": b"one\ntwo\n",
    WEIGHTS: random.Random(1).randbytes(400_000),
    "text_2.pt": b"another form of the weights",
    "modeling.py": b"print('never run')",
    "speaker_embeddings_path.json": b'{"repo_or_path": "suno/bark-small"}',
    "speaker_embeddings/v2/en_speaker_6_coarse_prompt.npy": b"coarse",
    "speaker_embeddings/v2/en_speaker_6_fine_prompt.npy": b"fine",
    "speaker_embeddings/v2/en_speaker_6_semantic_prompt.npy": b"coarse",  # the same bytes
}
WANTED = {name for name in MODEL if not name.endswith((".md", ".py", ".pt", ".gitattributes"))}


@dataclass
class RecordingObserver:
    """Keeps what a pull tells."""

    plans: list[PullPlan] = field(default_factory=list)
    told: list[tuple[int, int]] = field(default_factory=list)

    def planned(self, plan: PullPlan) -> None:
        self.plans.append(plan)

    def progressed(self, done: int, total: int) -> None:
        self.told.append((done, total))


@dataclass
class Puller:
    """Pulls from the hub onto the store."""

    hub: LoopbackHub
    store: ModelStore

    def __call__(
        self, name: str = NAME, *, update: bool = False, observer: RecordingObserver | None = None
    ) -> PullResult:
        ours = Hub(self.hub.endpoint, pause_s=0)
        return pull(
            find_model(name), self.store, ours, observer or RecordingObserver(), update=update
        )

    @property
    def files(self) -> dict[str, bytes]:
        """The files in the model's folder."""
        place = self.store.folder_of(NAME)
        found = (path for path in place.rglob("*") if path.is_file())
        return {str(path.relative_to(place)): path.read_bytes() for path in found}
