"""A recording on its way: whatever refuses it, nothing of it is left."""

from pathlib import Path

from narrated.config.values import Config
from narrated.config.worker_specs import chunk_limits
from narrated.jobs.plan import OutputSettings, Plan
from narrated.jobs.render import Renderer
from narrated.script.draft_builder import build_draft

RATE = 22050


class Takes:
    """All that a recording asks of the cache."""

    def read(self, key: str) -> tuple[bytes, int]:
        return b"\1\0" * RATE, RATE


def _manuscript(text: str) -> Plan:
    config = Config(inbox=Path("inbox"), outbox=Path("outbox"))
    plan = build_draft(
        text.encode(),
        "post.md",
        captions={},
        lexicons=[],
        settings=config.settings,
        limits=chunk_limits(config),
    )
    keys = tuple(str(number) for number in range(len(plan.chunks)))
    return Plan(plan, OutputSettings(), config.settings, keys, (0,) * len(keys), keys, {})


def test_full_disk_recording_is_removed(tmp_path: Path) -> None:
    """A recording on a full disk is removed whole."""
    work = tmp_path / "1"
    work.mkdir()
    (work / "audio.vtt").symlink_to("/dev/full")
    recording = Renderer(work, _manuscript("# A post\n\nWords.\n"), Takes())
    recording.add(2)
    recording.discard()  # as where the sound was refused, before the transcript could be
    assert not work.exists()
