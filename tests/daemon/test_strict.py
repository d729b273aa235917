"""`strict` keeps posts without good takes in; what is published already stays."""

from pathlib import Path

from support.daemon import Daemon, wait
from support.mumbling import mumbling

POST = "# A walk\n\nThe lazy dog sleeps in the sun today.\n\nA quick fox jumps over the fence.\n"


def test_edit_keeps_what_is_published(tmp_path: Path) -> None:
    """A new line without a good take keeps the new version in; the note says what stays.

    A published take without a good one holds up no edit of other lines.
    """
    voice = mumbling(tmp_path, spoils={"lazy dog": "silence", "fox": "silence"})
    first = POST.partition("A quick")[0]
    with Daemon(tmp_path, **voice, takes={"most": 2}) as daemon:
        daemon.drop("walk.md", first)
        daemon.published("walk", first)
    daemon.configure(**voice, takes={"strict": True, "most": 2})
    with daemon:
        edited = first + "One more line is here.\n"
        daemon.drop("walk.md", edited)
        before = daemon.published("walk", edited)
        daemon.drop("walk.md", POST)
        note = daemon.note("walk")
        assert note.startswith("walk.md was not narrated again. Its earlier narration stays.\n")
        assert "“A quick fox jumps over the fence.” was spoken 2 times" in note
        assert daemon.manifest("walk") == before
        daemon.drop("walk.md", edited + "\n")
        daemon.published("walk", edited + "\n")
        wait(lambda: not (daemon.outbox / "walk.error.txt").exists())
