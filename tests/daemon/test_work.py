"""A lost worker costs only its requests in flight; and a short note never waits long."""

import os
import signal
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.daemon import Daemon, paths_below, running, toy, wait


def _post(title: str, paragraphs: int) -> str:
    said = (f"Paragraph {n} of the post {title}." for n in range(paragraphs))
    return f"# {title}\n\n" + "\n\n".join(said) + "\n"


def _worker(daemon: Daemon) -> dict[str, Any]:
    (worker,) = daemon.status()["workers"]
    return dict(worker)


def _states(daemon: Daemon, path: str) -> str:
    return (daemon.history(path) or [""])[-1]


def test_killed_worker_loses_in_flight(tmp_path: Path) -> None:
    """A killed worker costs the requests it had in flight, and no more."""
    rows = 4
    with running(tmp_path, **toy(tmp_path, delay_s=0.1, rows=rows)) as daemon:
        text = _post("Killed", 30)
        daemon.drop("post.md", text)
        for spoken in (5, 15):
            wait(lambda spoken=spoken: len(daemon.spoken) >= spoken)
            os.kill(_worker(daemon)["pid"], signal.SIGKILL)
        daemon.published("post", text)
        counts = Counter(daemon.spoken)
        assert len(counts) == 31
        assert sum(counts.values()) <= 31 + 2 * rows
        assert _worker(daemon)["restarts"] == 2


def test_dead_worker_fails_one_file(tmp_path: Path) -> None:
    """A worker that hangs or dies at a chunk fails that file alone."""
    settings = {**toy(tmp_path, delay_s=0.02), "workers": {"silence": "3s"}}
    with running(tmp_path, **settings) as daemon:
        good = {f"good-{n}": _post(f"Good {n}", 6) for n in range(3)}
        daemon.drop("hang.md", "Fine at first.\n\nThen a HANG.\n")
        daemon.drop("die.md", "Fine at first.\n\nThen we DIE.\n")
        for stem, text in good.items():
            daemon.drop(f"{stem}.md", text)
        for stem, text in good.items():
            daemon.published(stem, text)
        for stem in ("hang", "die"):
            note = daemon.note(stem)
            assert f"{stem}.md was not narrated" in note
            assert "died 3 times at this chunk" in note
            assert f"{stem}.mp3" not in daemon.files
        assert "said nothing for 3 s" in daemon.note("hang")
        mended = "Fine at first.\n\nThen all is well.\n"
        daemon.drop("die.md", mended)
        daemon.published("die", mended)
        wait(lambda: "die.error.txt" not in daemon.files)


def test_refused_chunk_names_the_remedy(daemon: Daemon) -> None:
    """A chunk that the engine refuses fails its file, and the note names the remedy."""
    daemon.drop("refused/post.md", "This will FAIL.\n")
    note = daemon.note("refused/post")
    assert "The toy fails on demand." in note
    assert "Take FAIL out." in note
    assert _states(daemon, "refused/post.md") == "failed"
    failed = [each["path"] for each in daemon.status()["failed"]]
    assert failed == ["refused/post.md"]
    (daemon.inbox / "refused/post.md").unlink()
    wait(lambda: not (daemon.outbox / "refused/post.error.txt").exists())
    assert daemon.status()["failed"] == []


def test_file_waits_for_its_engine(tmp_path: Path) -> None:
    """A file waits for its engine and goes on by itself."""
    model = tmp_path / "model"
    settings = {**toy(tmp_path, unless=str(model)), "workers": {"again": "200ms"}}
    with running(tmp_path, **settings) as daemon:
        daemon.drop("post.md", "It had to wait.")
        note = daemon.note("post")
        assert f"{model} is missing." in note
        assert "Make that file." in note
        assert daemon.status()["state"] == "waiting"
        assert _states(daemon, "post.md") == "waiting"
        model.touch()
        daemon.published("post", "It had to wait.")
        wait(lambda: "post.error.txt" not in daemon.files)


def test_waiting_file_removes_its_note(tmp_path: Path) -> None:
    """A waiting file that is cancelled or deleted leaves no note."""
    settings = {**toy(tmp_path, unless=str(tmp_path / "model")), "workers": {"again": "200ms"}}
    with running(tmp_path, **settings) as daemon:
        for stem in ("cancelled", "gone"):
            daemon.drop(f"{stem}.md", "It waits.")
            daemon.note(stem)
        daemon.ask("cancel", "cancelled.md")
        (daemon.inbox / "gone.md").unlink()
        wait(lambda: daemon.files == set(), lambda: f"{daemon.files}\n{daemon.log}")


def test_book_does_not_delay_note(tmp_path: Path, figure: Callable[[str], None]) -> None:
    """A book does not hold up a short note, nor a stop."""
    rows, held = 4, tmp_path / "held"
    settings = toy(tmp_path, delay_s=0.2, rows=rows, held=str(held))
    paragraph = " ".join(f"word{n}" for n in range(40)) + "."
    book = "\n\n".join(f"Paragraph {n}: {paragraph}" for n in range(2500))
    assert len(book.split()) > 100_000
    with running(tmp_path, **settings) as daemon:
        daemon.drop("book.txt", book)
        wait(lambda: sum("Paragraph" in text for text in daemon.spoken) > 8, lambda: daemon.log)
        held.touch()  # all slots are taken by the book, until the note has asked for one
        daemon.drop("note.txt", "In the middle of a book.")
        wait(lambda: _states(daemon, "note.txt") == "speaking", lambda: daemon.log)
        before = len(daemon.spoken)
        held.unlink()
        daemon.manifest("note")
        place = daemon.spoken.index("In the middle of a book.") - before
        figure(f"a note is spoken after {place} chunks of a book of 2500")
        assert place <= 2 * rows + 2  # those in flight, and one admission
        held.touch()  # a stop waits for no chunk
        daemon.stop()
        held.unlink()
        assert "reading" not in (daemon.outbox / "narrated.status.txt").read_text().split("\n")[0]
        spoken = Counter(daemon.spoken)
        daemon.start()
        wait(lambda: len(daemon.spoken) > sum(spoken.values()) + 8)
        again = [text for text in daemon.spoken[sum(spoken.values()) :] if text in spoken]
        assert len(again) <= rows  # what was in flight when it stopped


def test_second_daemon_is_refused(daemon: Daemon) -> None:
    """A second daemon on the same state is refused, and names the first."""
    assert daemon.process is not None
    second = daemon.ask("run")
    assert second.returncode == 4
    assert f"process {daemon.process.pid}" in second.stderr
    assert "state" in second.stderr
    assert daemon.ask("once").returncode == 4
    assert daemon.status()["state"] != "stopped"


def test_damaged_take_is_respoken(daemon: Daemon) -> None:
    """A take damaged in the cache is spoken again."""
    text = "# Damaged\n\nThis take is damaged.\n\nThis one is not.\n"
    daemon.drop("damaged/post.md", text)
    daemon.published("damaged/post", text)
    daemon.stop()
    takes = sorted(
        paths_below(daemon.home / "cache", "*.flac"), key=lambda path: path.stat().st_mtime
    )
    for take in takes[-2:]:
        take.write_bytes(take.read_bytes()[:100])
    before = len(daemon.spoken)
    daemon.start()
    daemon.drop("damaged/copy.md", text)
    daemon.published("damaged/copy", text)
    assert len(daemon.spoken) - before == 2
    assert (
        daemon.manifest("damaged/copy")["duration_s"]
        == (daemon.manifest("damaged/post")["duration_s"])
    )


def test_reused_takes_are_evicted_last(tmp_path: Path) -> None:
    """The cache evicts reused takes last."""
    daemon = Daemon(tmp_path)
    for stem in ("old", "older", "copy-of-old"):
        text = "The older one." if stem == "older" else "The old one."
        daemon.drop(f"{stem}.md", f"# Title\n\n{text}\n")
        assert daemon.ask("once", "--quiet").returncode == 0
    db = sqlite3.connect(tmp_path / "state/ledger.sqlite")
    durations = db.execute(
        "SELECT round(duration_s / 0.005) FROM takes ORDER BY used_at"
    ).fetchall()
    db.close()
    assert len(durations) == 3
    assert durations[0] == (len("The older one."),)  # the toy says 5 ms a character
