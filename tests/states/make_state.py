"""Make a state as one commit leaves it that is killed in the middle of a book.

    git worktree add ../before COMMIT
    PYTHONPATH=../before/daemon python tests/states/make_state.py

It runs the `narrated` that the path leads to, by its command line alone, and packs inbox, outbox,
state, cache and configuration into `COMMIT.tar.xz` beside this program. The files' times are kept.
"""

import os
import signal
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from struct import pack
from typing import Any

import narrated

STATES = Path(__file__).parent
PARTS = ("narrated.yaml", "inbox", "outbox", "state", "cache")
PATIENCE_S = 120.0
TAKES_AT_THE_KILL = 24

CONFIG = """\
inbox: inbox
outbox: outbox
state: state
cache: cache
settle: 200ms
log: debug
speech: {engine: voice, voice: plain}
workers: {again: 500ms}
engines:
  espeak: {}
  voice:
    module: voice
    path: "@STATES@"
    options: {log: "@HOME@/spoken.txt", slow_while: "@HOME@/slow"}
  late:
    module: voice
    path: "@STATES@"
    options: {log: "@HOME@/spoken.txt", slow_while: "@HOME@/slow", unless: "@HOME@/late"}
"""

POSTS = {
    "letters/.narrated.yaml": "author: Leo\nalbum: Letters\nvoice: other\ncode: skip\n",
    "letters/lexicon.yaml": "words: {Tejo: Teh-zho}\n",
    "letters/lisbon.md": "# Lisbon\n\nThe Tejo is wide here.\n\n![](tram.png)\n\n    code\n",
    "letters/again.md": "# Again\n\nThis was said twice.\n",
    "renamed.md": "# Renamed\n\nOnly my name will change.\n",
    "edited.md": "# Edited\n\nThis line stays.\n\nThis line is the old one.\n",
    "away.md": "# Away\n\nI leave while nobody looks.\n",
    "gone.md": "# Gone\n\nI leave while somebody looks.\n",
    "silent.md": "---\nnarrate: false\n---\nThis is not to be read.\n",
    "late.md": "---\nengine: late\nvoice: plain\n---\nThis waits for its engine.\n",
    "espeak.md": "---\nengine: espeak\nvoice: en-us\n---\nA real voice.\n",
}


def main() -> None:
    """Make the state of the commit whose code the path leads to."""
    commit = _commit()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder).resolve()
        _fill(home)
        with _running(home) as kill:
            _narrate(home)
            _begin_the_book(home)
            kill()
        (home / "spoken.txt").rename(home / "spoken-before.txt")
        _change_the_inbox(home)
        _forget_the_folder(home)
        target = STATES / f"{commit}.tar.xz"
        _pack(home, target)
    print(f"{target.name}: {target.stat().st_size:,} bytes")


def _commit() -> str:
    """The commit of the code that runs; a changed work tree is refused."""
    package = Path(narrated.__file__).parent
    git = ["git", "-C", str(package)]
    if subprocess.check_output([*git, "status", "--porcelain", "."]):
        sys.exit(f"The code in {package} differs from its commit.")
    return subprocess.check_output([*git, "rev-parse", "--short=7", "HEAD"], text=True).strip()


def _fill(home: Path) -> None:
    text = CONFIG.replace("@HOME@", str(home)).replace("@STATES@", str(STATES.resolve()))
    (home / "narrated.yaml").write_text(text)
    for name, text in POSTS.items():
        _write(home / "inbox" / name, text.encode())
    _write(home / "inbox/letters/tram.png", _png(64, 48, b"\xe0\xb0\x20"))
    _write(home / "inbox/photo.png", _png(48, 64, b"\x20\x60\xa0"))
    _write(home / "inbox/torn.png", _png(48, 64, b"\x20\xa0\x60")[:40])


@contextmanager
def _running(home: Path) -> Iterator[Callable[[], None]]:
    """`narrated run` in a process group of its own; gives what kills the group."""
    with (home / "log").open("wb") as log:
        daemon = subprocess.Popen(
            _command(home, "run"), stdout=log, stderr=log, start_new_session=True
        )

    def kill() -> None:
        if daemon.poll() is None:
            os.killpg(daemon.pid, signal.SIGKILL)
            daemon.wait()

    try:
        yield kill
    except BaseException:
        print((home / "log").read_text()[-4000:], file=sys.stderr)
        raise
    finally:
        kill()


def _narrate(home: Path) -> None:
    """Have everything but the book narrated, or refused."""
    done = ["letters/lisbon.md", "letters/again.md", "renamed.md", "edited.md", "away.md"]
    ends = dict.fromkeys([*done, "gone.md", "espeak.md", "photo.png"], "done")
    ends |= {"silent.md": "removed", "late.md": "waiting", "torn.png": "failed"}
    ends |= {"letters/tram.png": "superseded"}
    _wait(lambda: ends.items() <= _states(home).items(), lambda: str(_states(home)))
    subprocess.run(_command(home, "respeak", "letters/again.md"), check=True)
    again = "SELECT state FROM jobs WHERE title = 'Again' ORDER BY id"
    _wait(lambda: _query(home, again) == [("superseded",), ("done",)])
    (home / "inbox/gone.md").unlink()
    _wait(lambda: _query(home, "SELECT 1 FROM sources WHERE gone_at IS NOT NULL"))


def _begin_the_book(home: Path) -> None:
    """Have a part of the book spoken, slowly, with the next chunks in flight."""
    (home / "slow").touch()
    _write(home / "inbox/book.md", _book().encode())
    speaking = (
        "SELECT count(takes.key), count(*) FROM jobs JOIN chunks ON chunks.job = jobs.id"
        " LEFT JOIN takes USING (key) WHERE jobs.state = 'speaking'"
    )

    def is_in_the_middle() -> bool:
        takes, chunks = _query(home, speaking)[0]
        return bool(TAKES_AT_THE_KILL <= takes < chunks)

    _wait(is_in_the_middle)


def _change_the_inbox(home: Path) -> None:
    """Change the inbox as a user does while the daemon is down."""
    inbox = home / "inbox"
    (inbox / "renamed.md").rename(inbox / "by-another-name.md")
    (inbox / "away.md").unlink()
    _write(inbox / "edited.md", POSTS["edited.md"].replace("the old one", "the new one").encode())


def _forget_the_folder(home: Path) -> None:
    """Name the folder of this machine nowhere."""
    config = home / "narrated.yaml"
    config.write_text(CONFIG)
    lock = home / "state/lock"
    lock.write_text(lock.read_text().replace(str(home), "/srv/narrated"))
    for path in _files(home):
        for name in (str(home), str(STATES.resolve())):
            if name.encode() in path.read_bytes():
                sys.exit(f"{path.relative_to(home)} names {name}.")


def _pack(home: Path, target: Path) -> None:
    def of_nobody(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        return entry

    with tarfile.open(target, "w:xz", preset=9) as tar:
        for part in PARTS:
            tar.add(home / part, part, filter=of_nobody)


def _files(home: Path) -> Iterator[Path]:
    for part in PARTS:
        paths = [home / part, *(home / part).rglob("*")]
        yield from (path for path in paths if path.is_file())


def _command(home: Path, *arguments: str) -> list[str]:
    config = str(home / "narrated.yaml")
    return [sys.executable, "-m", "narrated.cli", "--config", config, *arguments]


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.AbCdEf")
    temporary.write_bytes(content)
    temporary.rename(path)


def _states(home: Path) -> dict[str, str]:
    """The state of the newest version of each path."""
    rows = _query(home, "SELECT path, state FROM jobs ORDER BY id")
    return {os.fsdecode(path): state for path, state in rows}


def _query(home: Path, sql: str) -> list[tuple[Any, ...]]:
    try:
        ledger = f"file:{home / 'state/ledger.sqlite'}?mode=ro"
        with closing(sqlite3.connect(ledger, uri=True)) as db:
            return db.execute(sql).fetchall()
    except sqlite3.OperationalError:  # not there yet
        return []


def _wait(condition: Callable[[], object], why: Callable[[], str] = lambda: "") -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(why())
        time.sleep(0.01)


def _book() -> str:
    """Sixty paragraphs of plain words, no two alike."""
    seas = ("calm", "grey", "loud", "silver", "dark", "still", "green", "rough", "kind", "cold")
    birds = ("gulls", "terns", "swans", "geese", "rooks", "owls")
    paragraphs = (
        f"The sea was {sea} that evening, and the {bird} came home before the lamp was lit."
        for bird in birds
        for sea in seas
    )
    return "# The Keeper\n\n" + "\n\n".join(paragraphs) + "\n"


def _png(width: int, height: int, colour: bytes) -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        checked = name + content
        return pack(">I", len(content)) + checked + pack(">I", zlib.crc32(checked))

    rows = (b"\0" + colour * width) * height
    header = pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks)


if __name__ == "__main__":
    main()
