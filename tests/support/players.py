"""Real players of podcasts, each in a home of its own: gPodder, newsboat, podget."""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.daemon import wait

_PROGRAMS = ("gpo", "newsboat", "podboat", "podget", "tmux")
MISSING = ", ".join(name for name in _PROGRAMS if shutil.which(name) is None)
_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Gpodder:
    """gPodder's command line."""

    home: Path

    def run(self, *arguments: str) -> str:
        """Run `gpo`, and return what it printed."""
        return _run(["gpo", *arguments], self.home, GPODDER_HOME=str(self.home))

    @property
    def episodes(self) -> list[dict[str, Any]]:
        """The episodes that it knows, as its database has them, the newest first."""
        return _rows(self.home / "Database", "SELECT * FROM episode ORDER BY published DESC")

    @property
    def downloads(self) -> list[bytes]:
        """The sounds that it has fetched."""
        return contents(self.home / "Downloads")


@dataclass(frozen=True, slots=True)
class Newsboat:
    """newsboat, and podboat for its downloads."""

    home: Path

    def subscribe(self, feed: str) -> None:
        """Enter a feed."""
        (self.home / ".newsboat").mkdir(parents=True)
        (self.home / ".newsboat/urls").write_text(f"{feed}\n")
        settings = f"download-path {self.home / 'sounds'}\npodcast-auto-enqueue yes\n"
        (self.home / ".newsboat/config").write_text(settings)

    def reload(self) -> None:
        """Read the feed again; new sounds are queued."""
        _run(["newsboat", "-x", "reload"], self.home)

    def download(self, count: int) -> None:
        """Have podboat fetch the queue, until so many sounds are whole; it wants a terminal."""
        tmux = ["tmux", "-S", str(self.home / "tmux"), "-f", "/dev/null"]
        _run([*tmux, "new-session", "-d", "-x", "120", "-y", "40", "podboat -a"], self.home)
        try:
            wait(lambda: len(self.downloads) == count, lambda: f"{self.downloads}", _PATIENCE_S)
        finally:
            _run([*tmux, "kill-server"], self.home)

    @property
    def downloads(self) -> list[bytes]:
        """The sounds that are whole; one that is not has a suffix of its own."""
        return contents(self.home / "sounds", but="*.part")

    @property
    def articles(self) -> list[dict[str, Any]]:
        """The episodes that it knows, the newest first."""
        cache = self.home / ".newsboat/cache.db"
        return _rows(cache, "SELECT * FROM rss_item ORDER BY pubDate DESC")


@dataclass(frozen=True, slots=True)
class Podget:
    """podget, which is a shell script around wget."""

    home: Path

    def subscribe(self, feed: str) -> None:
        """Enter a feed."""
        (self.home / "settings").mkdir(parents=True)
        (self.home / "settings/serverlist").write_text(f"{feed} blog narrated\n")
        folder = str(self.home / "settings")
        self._run("-d", folder, "--create-config", "podgetrc")  # without, it fetches one file alone

    def fetch(self) -> str:
        """Fetch what is new, and return what it printed."""
        folders = ("-d", str(self.home / "settings"), "-l", str(self.home / "sounds"))
        return self._run(*folders, "--no-playlist", "-v")

    def _run(self, *arguments: str) -> str:
        return _run(["podget", *arguments], self.home)

    @property
    def downloads(self) -> list[bytes]:
        """The sounds that it has fetched."""
        return contents(self.home / "sounds/blog")


def contents(folder: Path, but: str = "") -> list[bytes]:
    """The contents of all files below a folder, in an order of their own."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.match(but or "//")]
    return sorted(path.read_bytes() for path in files)


def _run(command: list[str], home: Path, **environ: str) -> str:
    environ = {**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home / "none"), **environ}
    done = subprocess.run(
        command,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_PATIENCE_S,
        check=False,
    )
    printed = (done.stdout + done.stderr).decode(errors="replace")
    assert done.returncode == 0, f"{command}: {printed}"
    return printed


def _rows(database: Path, query: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query)]
