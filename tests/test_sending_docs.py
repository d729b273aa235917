"""The commands of docs/serving.md that send the podcast to a store or to GitHub Pages."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from narrated.serving.media_types import MEDIA_TYPES
from support.documented import blocks
from support.object_store import ObjectStore, object_store

ROOT = Path(__file__).parents[1]
UNIT = ROOT / "systemd/narrated-push.service"
MISSING = ", ".join(name for name in ("rclone", "rsync", "git") if shutil.which(name) is None)
SOUNDS = ("post.mp3", "post.vtt", "post.srt", "post.transcript.json", "post.chapters.json")
UNPUBLISHED = ("post.json", "bad.error.txt", "narrated.status.txt", ".stignore", ".git/config")

pytestmark = [
    pytest.mark.peers,
    pytest.mark.skipif(bool(MISSING), reason=f"needs {MISSING}"),
]


@dataclass(frozen=True, slots=True)
class Pushes:
    """An outbox, and the service's commands with the documented drop-in."""

    home: Path
    store: ObjectStore

    @property
    def outbox(self) -> Path:
        return self.home / "outbox"

    def write(self, name: str, text: str = "content") -> None:
        path = self.outbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def push(self) -> None:
        """Run the commands one after another, as systemd does."""
        drop_in = _joined(blocks("serving.md", "An object store", "ini")[1])
        environment = self._environment(drop_in)
        commands = re.findall(r"(?m)^ExecStart=(.+)$", drop_in)
        assert len(commands) == 9
        for command in commands:
            # A shell without globs reads these lines as systemd does.
            done = subprocess.run(
                ["sh", "-f", "-c", command], env=environment, capture_output=True, text=True
            )
            assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"

    def _environment(self, drop_in: str) -> dict[str, str]:
        named = re.findall(r'"(\w+)=([^"]*)"', "\n".join(_settings(_joined(UNIT.read_text()))))
        named += re.findall(r'"(\w+)=([^"]*)"', "\n".join(_settings(drop_in)))
        own = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "OUTBOX": str(self.outbox),
            "CACHE_DIRECTORY": str(self.home / "cache"),
            "RUNTIME_DIRECTORY": str(self.home),
            "DESTINATION": "store:podcast",
            "RCLONE_RETRIES": "1",
        }
        places = {"%d": str(self.home), "/etc/narrated/push": str(ROOT / "config/push")}
        told = dict(named)
        for old, new in places.items():
            told = {name: value.replace(old, new) for name, value in told.items()}
        return told | own


def _joined(text: str) -> str:
    """A unit's text with its continued lines as one."""
    return re.sub(r"\\\n\s*", "", text)


def _settings(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("Environment=")]


def test_podcast_goes_to_a_store(tmp_path: Path) -> None:
    """A store gets each file with its type, the feed last, and loses what is gone."""
    with object_store() as store:
        pushes = Pushes(tmp_path, store)
        (tmp_path / "cache").mkdir()
        remote = blocks("serving.md", "An object store", "ini")[0]
        endpoint = f"endpoint = {store.address}"
        (tmp_path / "rclone.conf").write_text(re.sub(r"endpoint = \S+", endpoint, remote))
        for name in (*SOUNDS, *UNPUBLISHED, "feed.xml", "index.html", "index.files/page.js"):
            pushes.write(f"travel/{name}" if name.startswith("post.") else name)
        pushes.write("index.files/now.js", "the names of drafts")
        pushes.push()
        published = {f"travel/{name}" for name in SOUNDS}
        published |= {"feed.xml", "index.html", "index.files/page.js", "index.files/now.js"}
        assert set(store.objects) == published
        assert store.objects["index.files/now.js"].content == b""
        for key, stored in store.objects.items():
            expected = next(type for each, type in MEDIA_TYPES.items() if key.endswith(each))
            assert stored.type.partition(";")[0] == expected.partition(";")[0], key
        assert store.changes[-2:] == ["PUT index.html", "PUT feed.xml"]

        store.changes.clear()
        pushes.push()
        assert store.changes == [], "the same content is not sent again"

        for name in SOUNDS:
            (pushes.outbox / "travel" / name).unlink()
        pushes.write("later.mp3")
        pushes.write("feed.xml", "names later.mp3")
        pushes.push()
        assert store.changes[:2] == ["PUT later.mp3", "PUT feed.xml"]
        assert sorted(store.changes[2:]) == sorted(f"DELETE travel/{name}" for name in SOUNDS)


def test_podcast_goes_to_pages(tmp_path: Path) -> None:
    """A repository gets what is published in a commit, and none where nothing changed."""
    outbox, site = tmp_path / "outbox", tmp_path / "podcast-site"
    for name in (*SOUNDS, *UNPUBLISHED, "feed.xml", "index.html", "index.files/now.js"):
        (outbox / name).parent.mkdir(parents=True, exist_ok=True)
        (outbox / name).write_text("content")
    (script,) = blocks("serving.md", "GitHub Pages", "sh")
    script = script.replace("/srv/narrated/outbox", str(outbox))
    author = {"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org"}
    committer = {name.replace("AUTHOR", "COMMITTER"): value for name, value in author.items()}
    own = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **author, **committer}

    def run(command: str) -> str:
        ran = subprocess.run(["sh", "-ec", command], env=own, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    run("git init --quiet --bare --initial-branch=main ~/github.git")
    run("git clone --quiet ~/github.git ~/podcast-site")
    assert site.is_dir()
    for _ in range(2):
        run(script)
    commits = run("git -C ~/github.git log --format=%s main").splitlines()
    assert commits == ["Podcast"]
    published = set(run("git -C ~/github.git ls-tree -r --name-only main").splitlines())
    named = {"feed.xml", "index.html", "index.files/now.js", ".nojekyll"}
    assert published == {*SOUNDS, *named}
    assert run("git -C ~/github.git show main:index.files/now.js") == ""
