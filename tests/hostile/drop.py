"""A daemon that everything hostile was dropped on at once, and what came of it."""

import hashlib
import os
import re
import socket
import sqlite3
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Self

from hostile.bombs import chunk, png
from hostile.cases import Case
from narrated.outbox import manifest
from narrated.printable import printable
from support.daemon import Daemon, wait

READING_S = 15
"""How long one source may take to be read here."""
PATIENCE_S = 240.0
"""For all of them, on a machine that others load; a quiet one takes a quarter of it."""
SECRET = "xyzzysecretplugh"
NOTHING_SAID = "nothing"


class Listener:
    """Whoever is told to fetch something from here leaves a trace."""

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


class Drop:
    """The daemon, its neighbour's folder, and what became of each source, by inbox path."""

    def __init__(self, home: Path, cases: dict[str, Case]) -> None:
        self.outside = home / "outside"
        self.cases = cases
        self.daemon = Daemon(
            home / "daemon", workers={"reading": f"{READING_S}s"}, pictures={"wait": "500ms"}
        )
        self.took_s = 0.0
        self.pids: list[int | None] = []
        _furnish(self.outside)
        self.before = seen(self.outside)
        self.inbox_before: dict[str, Any] = {}

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
        began = time.monotonic()
        awaited = {*self.cases, *OTHERS}
        awaited |= {f"names/{os.fsdecode(name)}" for name in NAMES.values()}

        def lacking() -> set[str]:
            return awaited - self.narrated().keys() - self.noted(awaited).keys()

        wait(lambda: not lacking(), lambda: f"{sorted(lacking())}\n{self.daemon.log}", PATIENCE_S)
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
        """The transcript of each source that was narrated."""
        found = {}
        for path in self.daemon.outbox.rglob("*.json"):
            made = manifest.read(path)
            found[made.source.path] = path.with_suffix(".vtt").read_text()
        return found

    def noted(self, awaited: set[str]) -> dict[str, str]:
        """The error note of each source that has one."""
        texts = [path.read_text() for path in self.daemon.outbox.rglob("*.error.txt")]
        by_head = {text.partition("\n")[0]: text for text in texts}
        heads = {path: f"{printable(path)} was not narrated." for path in awaited}
        return {path: by_head[head] for path, head in heads.items() if head in by_head}

    def transcripts(self) -> Iterator[tuple[Path, manifest.Manifest]]:
        """Each published transcript, with its manifest."""
        for path in self.daemon.outbox.rglob("*.json"):
            yield path.with_suffix(".vtt"), manifest.read(path)

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
def dropped(home: Path, cases: dict[str, Case]) -> Iterator[tuple[Drop, Listener]]:
    """All of it dropped, and done with."""
    drop = Drop(home, cases)
    with Listener() as listener, drop.daemon:
        drop.everything(listener.port)
        yield drop, listener


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
    """What stands in a folder, as whoever looks after it would see that it was touched."""
    found = {}
    for path in [folder, *folder.rglob("*")]:
        status = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        key = str(path.relative_to(folder))
        found[key] = (status.st_mode, status.st_ino, status.st_size, status.st_mtime_ns, content)
    return found


def cues(vtt: str) -> list[str]:
    """The words of each cue, by the standard's own steps: blocks between empty lines."""
    header, *blocks = re.split(r"(?:\r\n|\n|\r){2,}", vtt.strip("\r\n"))
    assert header == "WEBVTT"
    return [_cue(re.split(r"\r\n|\n|\r", block)) for block in blocks]


_CLOCK = r"\d{2,}:[0-5]\d:[0-5]\d\.\d{3}"


def _cue(lines: list[str]) -> str:
    timing, words = lines
    assert re.fullmatch(f"{_CLOCK} --> {_CLOCK}", timing)
    assert "-->" not in words
    assert not re.search("<|>|&(?!amp;|lt;|gt;)", words)
    return words


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
    """A neighbour's folder, with what nobody but them shall read."""
    outside.mkdir()
    (outside / "secret.md").write_text(f"# {SECRET}\n\n{SECRET}")
    described = chunk(b"tEXt", b"Description\0A picture of " + SECRET.encode())
    (outside / "secret.png").write_bytes(png(40, 30, described))
    (outside / "lexicon.yaml").write_text(f"words: {{foo: {SECRET}, words: {SECRET}}}")
    (outside / "settings.yaml").write_text(f"author: {SECRET}")
    (outside / "shared.md").write_text("Words behind a hard link.")
