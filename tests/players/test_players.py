"""Real players against real servers: what the daemon published is what they show and fetch."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import feedparser
import pytest

from support.daemon import Daemon, running, wait
from support.players import MISSING, Gpodder, Newsboat, Podget
from support.servers import free_port
from support.web_servers import MISSING as MISSING_SERVERS
from support.web_servers import SERVERS, Serving, authority, caddy

pytestmark = [
    pytest.mark.peers,
    pytest.mark.skipif(bool(MISSING), reason=f"needs {MISSING}: .ci/run names the packages"),
    pytest.mark.skipif(bool(MISSING_SERVERS), reason=f"needs {MISSING_SERVERS}"),
]

PARTYTIME = Path(sys.prefix) / "partytime/node_modules"
READER = Path(__file__).parent / "partytime/read_feed.js"

DESK = Path(__file__).parents[2] / "docs/sample/desk.png"
POSTS = {
    "tea.md": "---\ndate: 2001-01-03\nauthor: Ada\n---\n# Tea & cake\n\nAll about tea.\n\n"
    "## Pots\n\nPots are round.\n\n![A desk of wood](desk.png)\n\n## Cups\n\nCups are not.\n",
    "Crème brûlée.md": "---\ndate: 2001-01-02\n---\n# Crème 1 < 2\n\nSugar & cream.\n",
    "last.md": "---\ndate: 2001-01-01\n---\n# Last\n\nA post without much in it.\n",
}
TITLES = ["Tea & cake", "Crème 1 ‹ 2", "Last"]
DESCRIPTIONS = ["All about tea.", "Sugar & cream.", "A post without much in it."]


@dataclass(frozen=True, slots=True)
class Podcast:
    """An outbox that is a podcast, and the address at which it is served."""

    daemon: Daemon
    port: int
    edits: list[str] = field(default_factory=list)

    @property
    def feed(self) -> str:
        """The address of its feed."""
        return f"http://127.0.0.1:{self.port}/feed.xml"

    @property
    def content(self) -> bytes:
        """The feed that stands."""
        path = self.daemon.outbox / "feed.xml"
        return path.read_bytes() if path.exists() else b"<rss/>"

    @property
    def sounds(self) -> list[bytes]:
        """The sounds that stand."""
        return sorted(path.read_bytes() for path in self.daemon.outbox.glob("*.mp3"))

    def wait_titles(self, *titles: str) -> None:
        """Wait until the feed has exactly these."""
        wait(
            lambda: [each.title for each in feedparser.parse(self.content).entries] == [*titles],
            lambda: f"{self.content.decode()}\n{self.daemon.log}",
        )

    def edit(self) -> str:
        """Edit the newest post, and wait until the feed has it; returns its new title."""
        title = f"Tea, edited {len(self.edits)}"
        self.edits.append(title)
        self.daemon.drop("tea.md", POSTS["tea.md"].replace("Tea & cake", title))
        self.wait_titles(title, *TITLES[1:])
        return title

    def undo(self) -> None:
        """Have the newest post as it was."""
        self.daemon.drop("tea.md", POSTS["tea.md"])
        self.wait_titles(*TITLES)


@pytest.fixture(scope="module")
def podcast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Podcast]:
    """Three posts, narrated by the embedded voice; names may have any letters."""
    home, port = tmp_path_factory.mktemp("podcast"), free_port()
    show = {
        "title": "A blog",
        "base_url": f"http://127.0.0.1:{port}/",
        "category": "Technology",
        "owner": {"email": "ada@example.org"},
    }
    with running(home, speech={}, engines={}, podcast=show, outbox_names="posix") as daemon:
        shutil.copy(DESK, daemon.inbox)
        for name, post in POSTS.items():
            daemon.drop(name, post)
        podcast = Podcast(daemon, port)
        podcast.wait_titles(*TITLES)
        yield podcast


@pytest.fixture(scope="module", params=SERVERS)
def served(
    request: pytest.FixtureRequest, podcast: Podcast, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Podcast]:
    """The same, served by each of the servers."""
    serving: Serving = SERVERS[request.param]
    with serving(podcast.daemon, podcast.port, tmp_path_factory.mktemp(request.param)):
        yield podcast


def _check(podcast: Podcast, address: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return podcast.daemon.ask("podcast", "check", address, **environ)


def test_server_passes_the_check(served: Podcast) -> None:
    """`narrated podcast check URL` finds only what loopback and such names bring along."""
    checked = _check(served, served.feed)
    bad = [line for line in checked.stdout.splitlines() if line[:4] in ("BAD ", "note")]
    assert [line[6:].partition(":")[0] for line in bad] == [
        "Apple, https",
        "Apple, https",
        "Apple, name",
    ], checked.stdout
    assert "files as players ask for them. 3 sounds in parts, too." in checked.stdout


def test_gpodder_plays(served: Podcast, tmp_path: Path) -> None:
    """gPodder fetches each sound whole, shows titles, texts and chapters, and an edit once."""
    gpodder = Gpodder(tmp_path)
    gpodder.run("subscribe", served.feed)
    assert "3 episodes downloaded" in gpodder.run("download")
    assert gpodder.downloads == served.sounds
    shown = gpodder.episodes
    assert [each["title"] for each in shown] == TITLES
    texts = [each["description"] or each["description_html"] for each in shown]
    assert all(said in text for said, text in zip(("tea.", "cream.", "much"), texts, strict=True))
    assert [each["total_time"] > 0 for each in shown] == [True] * 3
    chapters = json.loads(shown[0]["chapters"])
    written = served.daemon.manifest("tea")["chapters"]
    assert len(written) == 4
    assert [(each["start"], each["title"]) for each in chapters] == [
        (int(each["start_s"]), each["title"]) for each in written
    ]  # it cuts the fractions of seconds off

    title = served.edit()
    gpodder.run("update")
    edited = gpodder.episodes
    assert [each["title"] for each in edited] == [title, *TITLES[1:]]
    assert [each["guid"] for each in edited] == [each["guid"] for each in shown]
    served.undo()


def test_newsboat_and_podboat_fetch(served: Podcast, tmp_path: Path) -> None:
    """Newsboat shows each episode, and an edited one once; podboat fetches each sound whole."""
    newsboat = Newsboat(tmp_path)
    newsboat.subscribe(served.feed)
    newsboat.reload()
    newsboat.download(len(TITLES))
    assert newsboat.downloads == served.sounds
    assert [each["title"] for each in newsboat.articles] == TITLES

    title = served.edit()
    newsboat.reload()
    assert [each["title"] for each in newsboat.articles] == [title, *TITLES[1:]]
    served.undo()


def test_podget_fetches(served: Podcast, tmp_path: Path) -> None:
    """Podget fetches each sound whole, and nothing a second time."""
    podget = Podget(tmp_path)
    podget.subscribe(served.feed)
    podget.fetch()
    assert podget.downloads == served.sounds
    assert "/tea.mp3" not in podget.fetch()


def test_https_is_checked(podcast: Podcast, tmp_path: Path) -> None:
    """A certificate that nobody trusts is told; with its authority trusted, https is well."""
    port = free_port()
    with caddy(podcast.daemon, free_port(), tmp_path, secure_port=port):
        feed = f"https://localhost:{port}/feed.xml"
        trusted = str(authority(tmp_path))
        refused = "its certificate is refused"
        wait(lambda: refused in _check(podcast, feed).stdout, (tmp_path / "log").read_text)
        checked = _check(podcast, feed, SSL_CERT_FILE=trusted).stdout
        assert "localhost" in checked.splitlines()[-1]
        assert "The feed is not served by https" not in checked


@pytest.mark.skipif(not PARTYTIME.exists(), reason="needs partytime: `make test-peers` installs it")
def test_partytime_reads_all(podcast: Podcast) -> None:
    """The reader of the Podcast Index finds all that the feed has of Podcasting 2.0."""
    node = Path(sys.executable).with_name("node")
    environ = {**os.environ, "NODE_PATH": str(PARTYTIME), "LOG": "silent"}
    read = subprocess.run(
        [node, READER], input=podcast.content, env=environ, capture_output=True, check=True
    )
    feed = json.loads(read.stdout)
    tags = {tag for phase in feed["pc20support"].values() for tag in phase}
    assert tags >= {"chapters", "guid", "images", "locked", "medium", "person", "transcript"}
    assert (feed["title"], feed["medium"]) == ("A blog", "podcast")
    assert [item["title"] for item in feed["items"]] == TITLES
    assert [item["description"] for item in feed["items"]] == DESCRIPTIONS
    tea = feed["items"][0]
    sound = podcast.daemon.outbox / "tea.mp3"
    assert tea["enclosure"]["length"] == sound.stat().st_size
    assert tea["podcastChapters"]["type"] == "application/json+chapters"
    kinds = ["text/vtt", "application/srt", "application/json"]
    assert [each["type"] for each in tea["podcastTranscripts"]] == kinds
