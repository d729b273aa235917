"""Encoders in the real program: what ends one costs one file, and a stop ends them all at once."""

import os
import signal
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import narrated
from support.consistency import left_behind
from support.daemon import Daemon, running, toy, wait
from support.published import narration

WORDS = {"once": "crashes once", "always": "crashes always", "never": "is fine"}
ENCODER = "encoder_process"
PATIENCE_S = 60.0

CRASHING = """
    import os, signal, sys
    if "narrated.encoder_process" in sys.orig_argv:
        from narrated.audio.narration_file import NarrationFile
        add = NarrationFile.add
        def crash(self, takes):
            text = " ".join(take.text for take in takes)
            once = os.environ["CRASHED"]
            if "crashes once" in text and not os.path.exists(once):
                open(once, "w").close()
                os.kill(os.getpid(), signal.SIGSEGV)
            if "crashes always" in text:
                os.kill(os.getpid(), signal.SIGSEGV)
            return add(self, takes)
        NarrationFile.add = crash
"""
"""A C library that crashes on some words: narrated's own code cannot be made to."""

TAGGING = """
    import os, sys, time
    if "narrated.encoder_process" in sys.orig_argv:
        from narrated.audio import tags
        write_tags = tags.write_tags
        def hang(path, format, wanted):
            if wanted.album == "long":
                open(os.environ["TAGGED"], "w").close()
                time.sleep(3600)
            write_tags(path, format, wanted)
        tags.write_tags = hang
"""
"""Tagging that never ends for an album, as that of a long book on a slow disk."""


def _book(name: str, paragraphs: int) -> str:
    """A book of its own title; the rest is the same in all, and is spoken once."""
    text = "\n\n".join(f"Paragraph {n} of the book." for n in range(paragraphs))
    return f"# Book {name}\n\n{text}\n"


def _encoders(daemon: Daemon) -> list[int]:
    """The processes of its encoders."""
    assert daemon.process is not None
    own = Path(f"/proc/{daemon.process.pid}/task")
    children = [pid for task in own.iterdir() for pid in (task / "children").read_text().split()]
    return [int(pid) for pid in children if Path(f"/proc/{pid}/comm").read_text() == f"{ENCODER}\n"]


@contextmanager
def _customised(home: Path, code: str, **environ: str) -> Iterator[Daemon]:
    """A daemon whose processes all run this code first."""
    (home / "sitecustomize.py").write_text(textwrap.dedent(code))
    path = os.pathsep.join([str(home), str(Path(narrated.__file__).parents[1])])
    daemon = Daemon(home)
    daemon.start("env", PYTHONPATH=path, **environ)
    try:
        yield daemon
    finally:
        daemon.stop()


@pytest.fixture
def crashing(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon whose encoders crash on some words."""
    with _customised(tmp_path, CRASHING, CRASHED=str(tmp_path / "crashed")) as daemon:
        yield daemon


def test_crash_costs_one_file(crashing: Daemon) -> None:
    """A file that crashes an encoder once is narrated; one that does it twice gets a note."""
    pid = crashing.status()["workers"][0]["pid"]
    texts = {stem: f"This {what}.\n" for stem, what in WORDS.items()}
    for stem, text in texts.items():
        crashing.drop(f"{stem}.md", text)
    note = crashing.note("always")
    assert "SIGSEGV" in note
    assert "narrated retry" in note
    for stem in ("once", "never"):
        crashing.published(stem, texts[stem])
    assert crashing.status()["workers"][0]["pid"] == pid
    assert len(crashing.spoken) == len(set(crashing.spoken))
    crashing.drop("always.md", "Now it is fine.\n")
    crashing.published("always", "Now it is fine.\n")
    wait(lambda: not list(left_behind(crashing.home)))  # after the manifest


def test_cancel_ends_tagging(tmp_path: Path) -> None:
    """A narration that is being tagged can be cancelled, and one that is tagged again after a move.

    What the moved one would have replaced stays as it was.
    """
    tagged = tmp_path / "tagged"
    with _customised(tmp_path, TAGGING, TAGGED=str(tagged)) as daemon:
        daemon.drop("short/moved.md", "Other words.\n")
        daemon.published("short/moved", "Other words.\n")
        before = daemon.files
        daemon.drop("long/book.md", "Words.\n")
        wait(tagged.exists, lambda: daemon.log)
        daemon.ask("cancel", "long/book.md")
        assert daemon.history("long/book.md") == ["removed"]
        tagged.unlink()
        (daemon.inbox / "short/moved.md").rename(daemon.inbox / "long/moved.md")
        wait(tagged.exists, lambda: daemon.log)
        daemon.ask("cancel", "long/moved.md")
        assert daemon.history("long/moved.md")[-1] == "removed"
        wait(lambda: not list((tmp_path / "state/work").iterdir()), lambda: daemon.log)
        assert daemon.files == before


def test_killed_encoder_is_replaced(tmp_path: Path) -> None:
    """An encoder that somebody kills is replaced, and nothing is spoken again."""
    with running(tmp_path, **toy(tmp_path, delay_s=0.2, rows=1)) as daemon:
        book = _book("killed", 12)
        daemon.drop("book.md", book)
        wait(lambda: len(daemon.spoken) > 4)
        assert daemon.process is not None
        for pid in _encoders(daemon):
            os.kill(pid, signal.SIGKILL)
        daemon.published("book", book)
        assert len(daemon.spoken) == len(set(daemon.spoken))


def test_stop_amid_a_dozen_books(tmp_path: Path) -> None:
    """A stop ends a dozen books whose takes are cached: nothing more of them is encoded."""
    # So much sound that their encoding takes many times longer than a stop.
    with running(tmp_path, **toy(tmp_path, seconds_a_character=0.5)) as daemon:
        daemon.drop("first.md", _book("first", 20))
        daemon.published("first", _book("first", 20))
        for number in range(12):
            daemon.drop(f"{number}.md", _book(str(number), 20))
        wait(lambda: len(daemon.status()["reading"]) == 12, lambda: daemon.log)
        wait(lambda: len(list((tmp_path / "state/work").iterdir())) > 1, lambda: daemon.log)
        assert daemon.process is not None
        encoders = _encoders(daemon)
        daemon.stop(PATIENCE_S)
        assert daemon.process.returncode == 0
        assert daemon.files == narration("first")
        assert not list(left_behind(tmp_path))
        assert len(encoders) == 2
        assert not [pid for pid in encoders if Path(f"/proc/{pid}").exists()]
        assert "SIGKILL" not in daemon.log
        for number in range(12):
            daemon.drop(f"{number}.md", _book(str(number), 1))
        daemon.start()
        for number in range(12):
            daemon.published(str(number), _book(str(number), 1))
        # A title could be in flight at the stop; the paragraphs' takes were cached before.
        paragraphs = [text for text in daemon.spoken if text.startswith("Paragraph")]
        assert len(paragraphs) == len(set(paragraphs))


def test_edit_then_stop_amid_encoding(tmp_path: Path) -> None:
    """A book that is edited while it is encoded, and then stopped, ends with no signal."""
    with running(tmp_path, **toy(tmp_path, seconds_a_character=0.5)) as daemon:
        daemon.drop("first.md", _book("first", 20))
        daemon.published("first", _book("first", 20))
        daemon.drop("book.md", _book("before", 20))
        wait(lambda: daemon.history("book.md") == ["speaking"], lambda: daemon.log)
        daemon.drop("book.md", "# Now short\n")
        wait(lambda: daemon.history("book.md")[0] == "superseded", lambda: daemon.log)
        daemon.ask("cancel", "book.md")
        daemon.stop(PATIENCE_S)
        assert daemon.process is not None
        assert daemon.process.returncode == 0
        assert not list(left_behind(tmp_path))


def test_daemon_loads_no_codec(tmp_path: Path) -> None:
    """The daemon maps no library that decodes, encodes or tags sound."""
    with running(tmp_path) as daemon:
        daemon.stop()
        daemon.start("env")  # a process of its own: a fork has what the tests have
        daemon.drop("post.md", "Words.\n")
        daemon.published("post", "Words.\n")
        assert daemon.process is not None
        maps = Path(f"/proc/{daemon.process.pid}/maps").read_text()
        libraries = {Path(line.split()[-1]).name for line in maps.splitlines() if ".so" in line}
        codecs = ("libav", "libsndfile", "_soundfile", "numpy", "multiarray", "openblas")
        assert not [name for name in libraries if any(codec in name for codec in codecs)]
