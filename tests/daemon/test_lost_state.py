"""State or cache that goes under a running daemon: noticed, told, and nothing is spoken twice."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from support.daemon import PATIENCE_S, Daemon, running, toy, wait

TEXT = "# Kept\n\nThese words are spoken once.\n"


def _remove(folder: Path) -> None:
    """Remove it, though the daemon may make a file in it meanwhile."""
    gone = Path(tempfile.mkdtemp(dir=folder.parent)) / "removed"
    folder.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def _replace(state: Path) -> None:
    copy = state.with_name("copy")
    # What is being encoded goes at any moment.
    shutil.copytree(state, copy, ignore=shutil.ignore_patterns("*.sock", "work"))
    state.rename(state.with_name("moved"))
    copy.rename(state)


def _empty(state: Path) -> None:
    state.rename(state.with_name("moved"))
    state.mkdir()


def _remove_lock(state: Path) -> None:
    (state / "lock").unlink()


def _remove_ledger(state: Path) -> None:
    (state / "ledger.sqlite").unlink()


def _remove_log(state: Path) -> None:
    (state / "ledger.sqlite-wal").unlink()


def _end(daemon: Daemon) -> int | None:
    assert daemon.process is not None
    return daemon.process.poll()


LOSSES = (_remove, _replace, _empty, _remove_lock, _remove_ledger, _remove_log)


@pytest.mark.parametrize("lose", LOSSES)
def test_lost_state_ends_the_daemon(tmp_path: Path, lose: Callable[[Path], None]) -> None:
    """A daemon whose state was removed or replaced ends soon, with the reason and code 5."""
    with running(tmp_path) as daemon:
        daemon.drop("kept.md", TEXT)
        daemon.published("kept", TEXT)
        lose(tmp_path / "state")
        wait(lambda: _end(daemon) is not None, lambda: daemon.log)
        assert _end(daemon) == 5
        assert f"The state folder {tmp_path}/state was removed or replaced" in daemon.log
        assert "Traceback" not in daemon.log


@pytest.mark.parametrize("lose", [_remove, _empty])
def test_start_after_lost_state(tmp_path: Path, lose: Callable[[Path], None]) -> None:
    """The start that follows makes a new state, and speaks nothing again."""
    with running(tmp_path) as daemon:
        daemon.drop("kept.md", TEXT)
        daemon.published("kept", TEXT)
        lose(tmp_path / "state")
        wait(lambda: _end(daemon) is not None, lambda: daemon.log)
        spoken = daemon.spoken
        daemon.start()
        assert daemon.history("kept.md") == ["done"]
        daemon.drop("new.md", "New words.")
        daemon.published("new", "New words.")
        assert daemon.spoken[: len(spoken)] == spoken
        assert not set(daemon.spoken[len(spoken) :]) & set(spoken)


def test_lost_state_amid_a_book(tmp_path: Path) -> None:
    """Amid a book the daemon ends as well, and the next start narrates the book whole."""
    book, held = "\n\n".join(f"Part {number} of it." for number in range(20)), tmp_path / "held"
    with running(tmp_path, **toy(tmp_path, delay_s=0.2, rows=1, held=str(held))) as daemon:
        daemon.drop("book.md", book)
        wait(lambda: len(daemon.spoken) > 4, lambda: daemon.log)
        held.touch()
        _remove(tmp_path / "state")
        wait(lambda: _end(daemon) is not None, lambda: daemon.log)
        assert _end(daemon) == 5
        assert not daemon.files & {"book.mp3", "book.json"}
        held.unlink()
        daemon.start()
        daemon.published("book", book)


def test_lost_state_ends_once(tmp_path: Path) -> None:
    """`narrated once` ends in the same way."""
    held = tmp_path / "held"
    daemon = Daemon(tmp_path, **toy(tmp_path, delay_s=0.3, rows=1, held=str(held)))
    daemon.drop("book.md", "\n\n".join(f"Part {number} of it." for number in range(60)))
    once = daemon.launch("once", "--quiet")
    wait(lambda: len(daemon.spoken) > 2, lambda: daemon.log)
    held.touch()
    _remove(tmp_path / "state")
    assert once.wait(PATIENCE_S) == 5
    assert "was removed or replaced" in daemon.log


def test_removed_cache_is_made_again(tmp_path: Path) -> None:
    """A cache that is removed is made again, and the work goes on in the same daemon."""
    book = "\n\n".join(f"Part {number} of it." for number in range(12))
    with running(tmp_path, **toy(tmp_path, delay_s=0.1, rows=1)) as daemon:
        assert daemon.process is not None
        pid = daemon.process.pid
        daemon.drop("book.md", book)
        wait(lambda: len(daemon.spoken) > 4, lambda: daemon.log)
        _remove(tmp_path / "cache")
        daemon.published("book", book)
        daemon.wait_idle()
        _remove(tmp_path / "cache")
        wait(lambda: (tmp_path / "cache/tmp").is_dir(), lambda: daemon.log)
        daemon.drop("note.md", "And a note.")
        daemon.published("note", "And a note.")
        assert not (daemon.outbox / "note.error.txt").exists()
        assert (daemon.process.pid, daemon.process.poll()) == (pid, None)
