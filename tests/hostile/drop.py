"""A daemon that everything hostile was dropped on at once, and what came of it."""

import hashlib
import os
import re
import socket
import sqlite3
import stat
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from hostile.bombs import chunk, png
from hostile.cases import Case
from narrated.outbox import manifest
from narrated.printable import printable
from narrated.workers.parser_pool import SMALL_BYTES
from support.daemon import Daemon, paths_below, wait
from support.published import is_manifest, spoken_words

READING_S = 15
"""How long one source may take to be read here."""
PATIENCE_S = 240.0
"""For all of them, on a machine that others load; a quiet one takes a quarter of it."""
VAST_BYTES = 1 << 30
"""What is larger is told from another by what the inode says of it."""
SECRET = "xyzzysecretplugh"
NOTHING_SAID = "nothing"


class FetchListener:
    """A server that records every fetch that a source provokes."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                line, _ = self._socket.accept()
            except OSError:
                return
            with line:
                line.settimeout(1)
                self.heard.append(line.recv(200).decode("latin-1"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()


class Readings:
    """The end of each source's reading, by the ledger, polled all the while.

    A reader takes one source after the other, short and long ones have a reader each, and what is
    too large to be read never comes to one: so from the end of the one before, or from when it
    came, to its own end is the most that the reading of a source can have taken.
    """

    def __init__(self, ledger: Path) -> None:
        self._ledger = f"file:{ledger}?mode=ro"
        self._ends: dict[int, tuple[str, int, float, float]] = {}
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        query = "SELECT id, path, size_bytes, created_at, changed_at, problem FROM jobs"
        with closing(sqlite3.connect(self._ledger, uri=True)) as connection:
            while not self._done.wait(0.05):
                for job, path, size, came, ended, problem in connection.execute(
                    f"{query} WHERE state NOT IN ('queued', 'superseded')"
                ):
                    if "larger than" not in problem:
                        self._ends.setdefault(job, (os.fsdecode(path), size, came, ended))

    def longest(self) -> tuple[float, str]:
        """The most seconds that one source had its reader to itself, and which it was."""
        took = [(0.0, "")]
        for is_small in (True, False):
            before = 0.0
            for path, size, came, ended in sorted(self._ends.values(), key=lambda end: end[-1]):
                if (size < SMALL_BYTES) is is_small:
                    took.append((ended - max(came, before), path))
                    before = ended
        return max(took)


class Drop:
    """The daemon, its folders, its neighbour's, and what became of each source, by inbox path."""

    def __init__(self, home: Path, cases: dict[str, Case]) -> None:
        self.outside = home / "outside"
        self.cases = cases
        self.daemon = Daemon(
            home / "daemon", workers={"reading": f"{READING_S}s"}, pictures={"wait": "500ms"}
        )
        self.took_s = 0.0
        self.longest = (0.0, "")
        self.pids: list[int | None] = []
        _furnish(self.outside)
        self.before = seen(self.outside)
        self.workplace = home / "workplace"
        _furnish(self.workplace)
        self.workplace_before = seen(self.workplace)
        self.inbox_before: dict[str, Any] = {}
        self.inbox_after: dict[str, Any] = {}

    def everything(self, port: int) -> None:
        """Drop it all beside the running daemon, and wait until each has come to something."""
        inbox = self.daemon.inbox
        self.pids = self.daemon_pids()
        for case in self.cases.values():
            for path, content in {**case.beside, case.path: case.content}.items():
                meant = content.replace(b"@PORT@", str(port).encode())
                self.daemon.drop(path, meant.replace(b"@OUTSIDE@", os.fsencode(self.outside)))
        for folder in ("ways", "links"):
            (inbox / folder).mkdir(exist_ok=True)
            (inbox / folder / "folder").symlink_to(self.outside)
            (inbox / folder / "link.png").symlink_to(self.outside / "secret.png")
        (inbox / "links/link.md").symlink_to(self.outside / "secret.md")
        (inbox / "links/lexicon.yaml").symlink_to(self.outside / "lexicon.yaml")
        (inbox / "links/.narrated.yaml").symlink_to(self.outside / "settings.yaml")
        os.link(self.outside / "shared.md", inbox / "links/hard.md")
        (inbox / "large/vast.md").touch()
        os.truncate(inbox / "large/vast.md", 1 << 40)
        for name in NAMES.values():
            folder = os.fsencode(inbox / "names")
            os.makedirs(folder, exist_ok=True)  # noqa: PTH103 # bytes that are no text
            with open(os.path.join(folder, name), "wb") as file:  # noqa: PTH118, PTH123
                file.write(b"Words of a name.\n")
        deep_folders(inbox)
        self.inbox_before = seen(inbox)
        with Readings(self.daemon.home / "state/ledger.sqlite") as readings:
            self._wait_for_all()
        self.longest = readings.longest()
        self.inbox_after = seen(inbox)

    def _wait_for_all(self) -> None:
        began = time.monotonic()
        awaited = {*self.cases, *OTHERS}
        awaited |= {f"names/{os.fsdecode(name)}" for name in NAMES.values()}

        def lacking() -> set[str]:
            return awaited - self.narrated().keys() - self.noted(awaited).keys()

        wait(
            lambda: not lacking() or time.sleep(0.5),  # a look reads all that was published
            lambda: f"{sorted(lacking())}\n{self.daemon.log}",
            PATIENCE_S,
        )
        wait(lambda: self.daemon.status()["state"] != "working", lambda: self.daemon.log)
        self.took_s = time.monotonic() - began
        self.came_of = {**self.narrated(), **self.noted(awaited)}

    def daemon_pids(self) -> list[int | None]:
        """The daemon and its workers."""
        wait(lambda: all(each["state"] == "ready" for each in self.daemon.status()["workers"]))
        assert self.daemon.process is not None
        workers = self.daemon.status()["workers"]
        return [self.daemon.process.pid, *(each["pid"] for each in workers)]

    def narrated(self) -> dict[str, str]:
        """The spoken words of each source that was narrated."""
        found = {}
        for path in self._manifests():
            with suppress(FileNotFoundError):  # a picture's narration goes when a post shows it
                found[manifest.decode(path.read_bytes()).source.path] = _said(path)
        return found

    def noted(self, awaited: set[str]) -> dict[str, str]:
        """The error note of each source that has one."""
        by_head = {}
        for path in paths_below(self.daemon.outbox, "*.error.txt"):
            with suppress(FileNotFoundError):
                text = path.read_text()
                by_head[text.partition("\n")[0]] = text
        heads = {path: f"{printable(path)} was not narrated." for path in awaited}
        return {path: by_head[head] for path, head in heads.items() if head in by_head}

    def transcripts(self) -> Iterator[tuple[Path, manifest.Manifest]]:
        """Each published transcript, with its manifest."""
        for path in self._manifests():
            yield path.with_suffix(".vtt"), manifest.decode(path.read_bytes())

    def _manifests(self) -> list[Path]:
        found = paths_below(self.daemon.outbox, "*.json")
        return [path for path in found if is_manifest(path.name)]

    def kept(self) -> Iterator[tuple[str, bytes]]:
        """All that the daemon wrote, with what it keeps packed."""
        home = self.daemon.home
        written = [
            path for room in ("outbox", "state", "cache") for path in (home / room).rglob("*")
        ]
        for path in (*written, home / "log", home / "spoken.txt"):
            if path.is_file():
                yield str(path), path.read_bytes()
        ledger = f"file:{self.daemon.home / 'state/ledger.sqlite'}?mode=ro"
        with closing(sqlite3.connect(ledger, uri=True)) as connection:
            for job, plan in connection.execute("SELECT * FROM plans"):
                yield f"the plan of {job}", zlib.decompress(plan)


@contextmanager
def dropped(home: Path, cases: dict[str, Case]) -> Iterator[tuple[Drop, FetchListener]]:
    """All of it dropped, and done with."""
    drop = Drop(home, cases)
    with FetchListener() as listener:
        drop.daemon.start("env", f"--chdir={drop.workplace}")
        try:
            drop.everything(listener.port)
            yield drop, listener
        finally:
            drop.daemon.stop()


NAMES = {
    "newline": b"a\n2026-01-01 00:00:00,000 ERROR forged.md",
    "escape code": b"\x1b[31mred\x1b]0;title\x07.md",
    "C1 escape": "\x9b31mred.md".encode(),
    "not UTF-8": b"n\xfe\xff.md",
    "255 bytes": b"a" * 252 + b".md",
    "255 bytes of two a letter": "é".encode() * 126 + b".md",
    "right to left": "\u202edm.txet\u202c\u200f\u2066.md".encode(),
    "a dash first": b"-rf --config=x.md",
    "a format": b"%s%n{0}{job.id}.md",
    "a command": b"$(touch made);`touch made`|&.md",
    "a backslash": b"a\\..\\..\\outside\\made.md",
    "only spaces": b" \t .md",
    "a field of the journal": b"a\nPRIORITY=0\nNARRATED_FILE=b.md",
    "ours": b"narrated.status.md",
    "ours, of a note": b"b.error.md",
    "no characters": "\ufdd0\uffff\u2028\u2029.md".encode(),
}
OTHERS = ("links/hard.md", "large/vast.md", "deep/end.md")


def seen(folder: Path) -> dict[str, tuple[Any, ...]]:
    """List a folder in such detail that any touch shows."""
    found = {}
    for top, folders, names in os.walk(folder):
        for path in (Path(top, name) for name in (".", *folders, *names)):
            with suppress(OSError):  # its path is longer than any may be
                found[str(path.relative_to(folder))] = _seen(path)
    return found


def _seen(path: Path) -> tuple[Any, ...]:
    status = path.lstat()
    content = ""
    if stat.S_ISLNK(status.st_mode):
        content = os.readlink(path)  # noqa: PTH115 # as it is written
    elif stat.S_ISREG(status.st_mode) and status.st_size < VAST_BYTES:
        content = hashlib.sha256(path.read_bytes()).hexdigest()
    return (status.st_mode, status.st_ino, status.st_size, status.st_mtime_ns, content)


def cues(vtt: str) -> list[str]:
    """The words of each cue, by the standard's own steps: blocks between empty lines."""
    header, *blocks = re.split(r"(?:\r\n|\n|\r){2,}", vtt.strip("\r\n"))
    assert header == "WEBVTT"
    return [_cue(re.split(r"\r\n|\n|\r", block)) for block in blocks]


def _said(path: Path) -> str:
    """The words of a narration, by its manifest's path."""
    try:
        return spoken_words(path.parent, path.stem)
    except OSError:  # its name is too long for that transcript, or it goes
        return " ".join(cues(path.with_suffix(".vtt").read_text()))


_CLOCK = r"\d{2,}:[0-5]\d:[0-5]\d\.\d{3}"


def _cue(lines: list[str]) -> str:
    timing, *words = lines
    assert 1 <= len(words) <= 2
    assert re.fullmatch(f"{_CLOCK} --> {_CLOCK}", timing)
    text = " ".join(words)
    assert "-->" not in text
    assert not re.search("<|>|&(?!amp;|lt;|gt;)", text)
    return text


def deep_folders(inbox: Path) -> None:
    """A tree of folders deeper than a path can be long, and a post above its end."""
    (inbox / "deep").mkdir()
    (inbox / "deep/end.md").write_text("Words beside the deep.")
    name = "d" * 250
    folder = os.open(inbox / "deep", os.O_RDONLY)
    for _ in range(40):
        os.mkdir(name, dir_fd=folder)
        below = os.open(name, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = below
    os.close(os.open("post.md", os.O_CREAT | os.O_WRONLY, dir_fd=folder))
    os.close(folder)


def _furnish(outside: Path) -> None:
    """A folder of somebody else's, with what nobody but them shall read."""
    outside.mkdir()
    (outside / "secret.md").write_text(f"# {SECRET}\n\n{SECRET}")
    described = chunk(b"tEXt", b"Description\0A picture of " + SECRET.encode())
    (outside / "secret.png").write_bytes(png(40, 30, described))
    (outside / "lexicon.yaml").write_text(f"words: {{foo: {SECRET}, words: {SECRET}}}")
    (outside / "settings.yaml").write_text(f"author: {SECRET}")
    (outside / "shared.md").write_text("Words behind a hard link.")
