"""A recording on its way: whatever refuses it, nothing of it is left."""

from pathlib import Path

from narrated import editor
from narrated.config.staff import limits
from narrated.config.values import Config
from narrated.narrate.manuscript import Edition, Manuscript
from narrated.narrate.recording import Recording

RATE = 22050


class Takes:
    """All that a recording asks of the cache."""

    def read(self, key: str) -> tuple[bytes, int]:
        return b"\1\0" * RATE, RATE


def _manuscript(text: str) -> Manuscript:
    config = Config(inbox=Path("inbox"), outbox=Path("outbox"))
    plan = editor.plan(
        text.encode(),
        "post.md",
        captions={},
        lexicons=[],
        settings=config.settings,
        limits=limits(config),
    )
    keys = tuple(str(number) for number in range(len(plan.chunks)))
    return Manuscript(plan, Edition(), config.settings, keys, (0,) * len(keys), keys, {})


def test_what_was_recorded_on_a_full_disk_is_taken_away_whole(tmp_path: Path) -> None:
    work = tmp_path / "1"
    work.mkdir()
    (work / "audio.vtt").symlink_to("/dev/full")
    recording = Recording(work, _manuscript("# A post\n\nWords.\n"), Takes())
    recording.add(2)
    recording.discard()  # as where the sound was refused, before the transcript could be
    assert not work.exists()
