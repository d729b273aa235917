"""`narrated read` and `narrated say`: a document or a text, once, into a file of the user's."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import mutagen
import pytest
import soundfile

from support.daemon import Daemon, running, toy, wait

POST = "---\nauthor: Leo\nvoice: other\n---\n\n# A first post\n\nSome words.\n\n![](red.png)\n"
BOOK = "\n\n".join(f"This is the paragraph with number {n}." for n in range(60))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a post; nothing is configured in it."""
    home = tmp_path_factory.mktemp("home")
    (home / "post.md").write_text("---\nauthor: Leo\n---\n\n# A first post\n\nSome words.\n")
    return home


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with the toy engine; its requests end as soon as no file `held` is there."""
    home = tmp_path_factory.mktemp("served")
    with running(home, **toy(home, held=str(home / "held"))) as daemon:
        yield daemon


def _narrated(home: Path, *words: str, **options: object) -> subprocess.CompletedProcess[bytes]:
    """Run the program as on a box on which nothing was ever configured."""
    env = {**os.environ, "HOME": str(home / "account")}
    env = {name: value for name, value in env.items() if not name.startswith("XDG_")}
    command = [sys.executable, "-m", "narrated.cli", *words]
    return subprocess.run(command, cwd=home, env=env, capture_output=True, **options)


def _resting(home: Path, **options: object) -> Daemon:
    return Daemon(home, **toy(home, **options))


def test_reads_without_configuration(home: Path) -> None:
    """A fresh installation reads a document into a tagged file beside nothing else."""
    done = _narrated(home, "read", "post.md")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b"post.mp3: ")
    tags = mutagen.File(home / "post.mp3", easy=True)
    assert (tags["title"], tags["artist"]) == (["A first post"], ["Leo"])
    assert {each.name for each in home.iterdir()} <= {"post.md", "post.mp3", "account"}


def test_reads_stdin_into_a_pipe(home: Path) -> None:
    """A page from stdin goes to stdout as the format that is asked for."""
    page = b"<!DOCTYPE html><title>A page</title><p>Some words."
    done = _narrated(home, "read", "-", "-o", "-", "--format", "flac", input=page)
    assert done.returncode == 0, done.stderr
    (home / "piped.flac").write_bytes(done.stdout)
    assert soundfile.info(home / "piped.flac").duration > 0.5


def test_overwrites_nothing_unasked(tmp_path: Path) -> None:
    """A file that is there stays as it is, until --force replaces it."""
    resting = _resting(tmp_path)
    for command in (("read", str(resting.drop("post.md", POST))), ("say", "Words.")):
        target = tmp_path / "there.wav"
        target.write_text("mine")
        refused = resting.ask(*command, "-o", str(target))
        assert refused.returncode == 1
        assert "there already" in refused.stderr
        assert target.read_text() == "mine"
        assert resting.ask(*command, "-o", str(target), "--force").returncode == 0
        assert soundfile.info(target).duration > 0
        target.unlink()


def test_command_line_chooses_the_voice(tmp_path: Path) -> None:
    """Voice and speed of the command line override front matter."""
    resting = _resting(tmp_path, log=str(tmp_path / "spoken.txt"))
    post = str(resting.drop("post.md", POST))
    lengths = {}
    for speed in ("1", "2"):
        output = tmp_path / f"{speed}.wav"
        asked = resting.ask("read", post, "-v", "toy", "--speed", speed, "-o", str(output))
        assert asked.returncode == 0, asked.stderr
        lengths[speed] = soundfile.info(output).duration
    assert lengths["2"] < 0.6 * lengths["1"]
    refused = resting.ask("read", post, "-v", "nobody", "-o", str(tmp_path / "x.wav"))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "There is no voice 'nobody'." in refused.stderr


def test_cut_read_goes_on(tmp_path: Path) -> None:
    """Ctrl-C leaves no file and exits with 130; the next read speaks the rest alone."""
    resting = _resting(tmp_path, delay_s=0.1, rows=2)
    book, output = resting.drop("book.md", BOOK), tmp_path / "book.mp3"
    reading = resting.launch("read", str(book), "-o", str(output))
    wait(lambda: len(resting.spoken) > 8)
    reading.send_signal(signal.SIGINT)
    assert reading.wait(60) == 128 + signal.SIGINT
    before = len(resting.spoken)
    assert not output.exists()
    assert resting.ask("read", str(book), "-o", str(output)).returncode == 0
    assert output.exists()
    assert len(resting.spoken) < before + 60
    assert not [*tmp_path.glob(".narrated-*")]


def test_daemon_lends_its_engine(served: Daemon, tmp_path: Path) -> None:
    """A daemon speaks what a command reads, as it would read it itself; its outbox stays empty."""
    post, output = tmp_path / "post.md", tmp_path / "post.flac"
    post.write_text(POST.replace("red.png", "desk.png"))
    picture = Path(__file__).parents[2] / "docs/sample/desk.png"
    (tmp_path / "desk.png").write_bytes(picture.read_bytes())
    read = served.ask("read", str(post), "-o", str(output))
    assert read.returncode == 0, read.stderr
    assert soundfile.info(output).duration > 0.5
    assert served.spoken[-4:-1] == ["A first post", "By Leo.", "Some words."]
    assert "A wooden desk" in served.spoken[-1]
    assert not served.files
    assert served.status()["counts"] == {}


def test_engine_that_no_daemon_holds(served: Daemon, tmp_path: Path) -> None:
    """A document may name an engine that the daemon lacks: the command loads it by itself."""
    post, output = tmp_path / "post.md", tmp_path / "post.wav"
    post.write_text("---\nengine: espeak\n---\n\nSome words.\n")
    before = len(served.spoken)
    read = served.ask("read", str(post), "-o", str(output))
    assert read.returncode == 0, read.stderr
    assert soundfile.info(output).duration > 0.5
    assert len(served.spoken) == before


def test_ctrl_c_frees_a_full_pipe(served: Daemon) -> None:
    """Ctrl-C ends a read into a pipe from which nobody reads."""
    book = served.home / "book.md"
    book.write_text(BOOK)
    command = [sys.executable, "-m", "narrated.cli", "--config", str(served.config)]
    command += ["read", str(book), "-o", "-", "--format", "wav"]
    reading = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert reading.stdout is not None
    select.select([reading.stdout], [], [], 60)
    reading.send_signal(signal.SIGINT)
    assert reading.wait(60) == 128 + signal.SIGINT
    reading.stdout.close()


def test_refusal_names_what_was_typed(home: Path) -> None:
    """A file without a suffix is read as Markdown, and refused by its own name."""
    (home / "bytes").write_bytes(bytes(range(128, 256)) * 9)
    refused = _narrated(home, "read", "bytes", "-o", "bytes.mp3")
    assert refused.returncode == 1
    assert b"narrated: bytes is not text in any known encoding." in refused.stderr
    (home / "bytes").unlink()


def test_gone_command_frees_the_engine(served: Daemon, tmp_path: Path) -> None:
    """The requests of a command that is killed are cancelled."""
    (tmp_path / "book.md").write_text(BOOK.replace("paragraph", "verse"))  # none is in the cache
    (served.home / "held").touch()
    reading = served.launch("read", str(tmp_path / "book.md"), "-o", str(tmp_path / "book.mp3"))
    wait(lambda: _in_flight(served) == 8)  # all its rows
    reading.kill()
    reading.wait(60)
    wait(lambda: _in_flight(served) == 0)
    (served.home / "held").unlink()


def test_stopped_daemon_is_told(tmp_path: Path) -> None:
    """A daemon that stops ends the read with a message; what was spoken is kept."""
    with running(tmp_path, **toy(tmp_path, delay_s=0.1, rows=2)) as daemon:
        book, output = tmp_path / "book.md", tmp_path / "book.mp3"
        book.write_text(BOOK)
        reading = daemon.launch("read", str(book), "-o", str(output))
        wait(lambda: len(daemon.spoken) > 8)
        daemon.stop()
        assert reading.wait(60) == 1
    assert "The daemon stopped before everything was spoken." in daemon.log
    assert not output.exists()


def test_plays_while_it_is_made(tmp_path: Path) -> None:
    """With --play the sound is played in pieces from its beginning, and no file is written."""
    resting = _resting(tmp_path / "home", delay_s=0.05)
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "aplay").write_text(f'#!/bin/sh\ncp "$2" {tmp_path}/piece-$$.wav\n')
    (programs / "aplay").chmod(0o755)
    post = str(resting.drop("post.md", POST))
    played = resting.ask("read", post, "--play", PATH=f"{programs}:/bin:/usr/bin")
    assert played.returncode == 0, played.stderr
    assert sum(soundfile.info(piece).duration for piece in tmp_path.glob("*.wav")) > 1
    assert not [*tmp_path.rglob("*.mp3")]


def _in_flight(daemon: Daemon) -> int:
    return sum(int(each["in_flight"]) for each in daemon.status()["workers"])
