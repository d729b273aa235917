"""`strict` stops posts without good takes; what is published already stays."""

from pathlib import Path

from support.daemon import Daemon, wait
from support.mumbling import mumbled, mumbling

POST = "# A walk\n\nThe lazy dog sleeps in the sun today.\n\nA quick fox jumps over the fence.\n"


def test_edit_keeps_what_is_published(tmp_path: Path) -> None:
    """A new line without a good take stops the new version; the note says what stays.

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


def test_published_now_passes(tmp_path: Path) -> None:
    """`publish: now` is out first: the check publishes the best take, and tells what stays."""
    voice = mumbling(tmp_path, spoils={"lazy dog": ["nothing", "silence", "nothing"]})
    with Daemon(tmp_path, **voice, takes={"strict": True, "publish": "now"}) as daemon:
        daemon.drop("walk.md", POST)
        wait(lambda: daemon.history("walk.md") == ["superseded", "done"])
        told = daemon.ask("takes", "walk.md").stdout
        assert "walk.md: 1 of 3 takes is doubtful" in told
        assert "it stops for 2.5 s inside (the best of 3 takes)" in told
        assert "walk.error.txt" not in daemon.files


def test_check_passes_what_is_out(tmp_path: Path) -> None:
    """`refresh --check` of a post without checks fails nothing, and tells what it found."""
    text = f"---\ntakes: {{check: off}}\n---\n{POST}"
    voice = mumbling(tmp_path, spoils={"lazy dog": "silence"})
    with Daemon(tmp_path, **voice, takes={"strict": True}) as daemon:
        daemon.drop("walk.md", text)
        daemon.published("walk", text)
        assert daemon.ask("refresh", "walk.md", "--check").returncode == 0
        wait(lambda: daemon.history("walk.md") == ["superseded", "done"])
        told = daemon.ask("takes", "walk.md").stdout
        assert "1 of 3 takes is doubtful" in told
        assert "(the best of 3 takes)" in told


def test_refresh_tries_doubtful_takes(tmp_path: Path) -> None:
    """`refresh` tries doubtful takes again by today's `most`; what stays doubtful passes."""
    spoils = {"lazy dog": ["silence", "silence", "silence", "nothing", ""], "fox": "silence"}
    voice = mumbling(tmp_path, spoils=spoils)
    with Daemon(tmp_path, **voice, takes={"most": 2}) as daemon:
        daemon.drop("walk.md", POST)
        assert daemon.published("walk", POST)["takes"]["doubtful"] == 2
        daemon.drop(".narrated.yaml", "takes: {strict: on, most: 5}\n")
        wait(lambda: daemon.history("walk.md") == ["superseded", "done"])
        assert _takes(tmp_path, "lazy dog") == [0, 1]
        assert daemon.ask("refresh", "walk.md").returncode == 0
        wait(lambda: daemon.history("walk.md") == ["superseded", "superseded", "done"])
        told = daemon.manifest("walk")["takes"]
        assert (told["checked"], told["doubtful"]) == (3, 1)
        assert daemon.ask("refresh", "walk.md").returncode == 0
        wait(lambda: daemon.history("walk.md") == [*3 * ["superseded"], "done"])
        assert daemon.manifest("walk")["takes"] == told
    assert _takes(tmp_path, "lazy dog") == [0, 1, 2, 3, 4]
    assert _takes(tmp_path, "fox") == [0, 1, 2, 3, 4]
    assert [chunk["takes"] for chunk in told["chunks"]] == [5, 5]


def test_other_take_of_a_person_passes(tmp_path: Path) -> None:
    """The take that a person asks for is out however it sounds, and passes an edit."""
    voice = mumbling(tmp_path, spoils={"lazy dog": ["", "silence"]})
    with Daemon(tmp_path, **voice, takes={"strict": True}) as daemon:
        daemon.drop("walk.md", POST)
        daemon.published("walk", POST)
        assert daemon.ask("respeak", "walk.md").returncode == 0
        wait(lambda: daemon.history("walk.md") == ["superseded", "done"])
        assert daemon.manifest("walk")["takes"]["doubtful"] == 1
        edited = POST.replace("fence", "hedge")
        daemon.drop("walk.md", edited)
        assert daemon.published("walk", edited)["takes"]["doubtful"] == 1


def test_remedies_are_those_there_are(tmp_path: Path) -> None:
    """Of a voice that always speaks alike, no note tells to have more takes spoken."""
    voice = mumbling(tmp_path, spoils={"lazy dog": "silence"}, varies=False)
    with Daemon(tmp_path, **voice, takes={"strict": True}) as daemon:
        daemon.drop("walk.md", POST)
        note = daemon.note("walk")
    assert "was spoken once, and its take is not good: it stops for" in note
    assert "Its voice says the same words the same way every time." in note
    assert "`most`" not in note


def _takes(home: Path, part: str) -> list[int]:
    """The numbers of the takes that were spoken of a text, in order."""
    return [each["take"] for each in mumbled(home) if part in each["text"]]
