"""Every way in which a file comes to an inbox, by the program that really does it.

A running daemon narrates what each brings exactly once and whole: its manifest holds the digest of
the complete file, no version of it was taken before, and no sentence was spoken twice.
"""

import io
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PIL import Image

from support.daemon import Daemon, paths_below, running, wait
from support.published import stems
from support.servers import MISSING, Ssh, rsyncd, sshd

pytestmark = [
    pytest.mark.peers,
    pytest.mark.skipif(bool(MISSING), reason=f"needs {MISSING}"),
]

VIM = shutil.which("vim.tiny") or shutil.which("vim")
LONG_AGO_S = 1e9
PADDING = (
    "<!--\n" + "Nobody hears this line, which only makes the transfer long.\n" * 16_000 + "-->\n"
)
"""A megabyte that costs no speech: no writer is done with it in one step."""

REPLACE = """
import os, sys, tempfile
fd, draft = tempfile.mkstemp(dir=os.path.dirname(sys.argv[2]))
os.write(fd, open(sys.argv[1], "rb").read())
os.close(fd)
os.replace(draft, sys.argv[2])
"""

WRITE_SLOWLY = """
import sys, time
with open(sys.argv[1], "rb") as source, open(sys.argv[2], "wb", buffering=0) as target:
    while block := source.read(250_000):
        target.write(block)
        time.sleep(0.3)
"""

LINK_WHILE_WRITING = """
import os, sys, time
content = open(sys.argv[1], "rb").read()
fd = os.open(os.path.dirname(sys.argv[2]), os.O_TMPFILE | os.O_WRONLY)
os.write(fd, content[:1000])
os.link(f"/proc/self/fd/{fd}", sys.argv[2], src_dir_fd=fd)  # else the link itself is linked
time.sleep(0.6)
os.write(fd, content[1000:])
os.close(fd)
"""


@dataclass(frozen=True, slots=True)
class Post:
    """A post on the laptop, and the name that it is to have in the inbox."""

    source: Path
    name: str

    @property
    def stem(self) -> str:
        return self.name.removesuffix(".md")

    @property
    def sentences(self) -> list[str]:
        """All that is to be heard of it."""
        title = self.stem.rpartition("/")[2]
        return [title, f"The first of {title}.", f"The last of {title}."]


@dataclass(frozen=True, slots=True)
class Peers:
    """A daemon, and the servers through which files reach its inbox."""

    daemon: Daemon
    ssh: Ssh
    rsync_url: str
    laptop: Path
    delays_s: list[float] = field(default_factory=list)
    """From each writer's end until the narration stood in the outbox."""

    def post(self, stem: str, padding: str = PADDING) -> Post:
        """Write a post on the laptop, long ago."""
        post = Post(self.laptop / f"{stem}.md", f"{stem}.md")
        post.source.parent.mkdir(parents=True, exist_ok=True)
        title, first, last = post.sentences
        post.source.write_text(f"# {title}\n\n{first}\n\n{padding}\n{last}\n")
        os.utime(post.source, (LONG_AGO_S, LONG_AGO_S))
        return post

    def arrival(self, post: Post) -> Path:
        return self.daemon.inbox / post.name

    def check(self, post: Post, *before: str) -> None:
        """The whole of it is narrated: once, after nothing but these versions, all superseded."""
        ended = time.monotonic()
        self.daemon.published(post.stem, post.source.read_bytes())
        self.delays_s.append(time.monotonic() - ended)
        self.wait_history(post, *before, "done")
        assert self.said_of(post) == post.sentences

    def wait_history(self, post: Post, *states: str) -> None:
        """Wait until exactly these versions of a file are known."""
        wait(
            lambda: self.daemon.history(post.name) == [*states],
            lambda: f"{self.daemon.history(post.name)}:\n{self.daemon.log}",
        )

    def said_of(self, post: Post) -> list[str]:
        title = post.sentences[0]
        return [each for each in self.daemon.spoken if each == title or each.endswith(f" {title}.")]

    def barrier(self, name: str) -> None:
        """All that could have been taken before a file dropped now has been."""
        self.daemon.drop(f"barrier-{name}.md", f"The barrier at {name} is passed.")
        self.daemon.manifest(f"barrier-{name}")

    def wait_arriving(self, post: Post, why: str) -> None:
        """Wait until the status says that a file is not taken yet, and for this reason."""
        wait(
            lambda: [post.name, why] in self.daemon.status()["arriving"],
            lambda: f"{self.daemon.status()['arriving']}:\n{self.daemon.log}",
        )


@pytest.fixture(scope="module")
def peers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peers]:
    home = tmp_path_factory.mktemp("peers")
    with (
        running(home / "box", pictures={"wait": "0s"}) as daemon,
        sshd(home / "sshd") as ssh,
        rsyncd(home / "rsyncd", daemon.inbox) as url,
    ):
        yield Peers(daemon, ssh, url, home / "laptop")


@pytest.fixture
def elsewhere(peers: Peers) -> Iterator[Path]:
    """A folder on another file system than the inbox's."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        if Path(folder).stat().st_dev == peers.daemon.inbox.stat().st_dev:
            pytest.skip("needs an inbox that is not on /dev/shm")
        yield Path(folder)


def run(*command: str | Path) -> str:
    """Run a program to its good end; what it says."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


@contextmanager
def started(*command: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    """Have a program at work; none of its processes outlives the context."""
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def end(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """End a program alone: the other processes at work notice it, and do what they do then."""
    process.send_signal(number)
    process.wait(60)


def has_begun(peers: Peers, post: Post) -> bool:
    """True if a part of a file lies in the inbox, under any name."""
    whole = post.source.stat().st_size
    return any(0 < size < whole for size in _sizes(peers.daemon.inbox, f"*{post.name}*"))


def _sizes(folder: Path, pattern: str) -> Iterator[int]:
    for path in paths_below(folder, pattern):
        with suppress(FileNotFoundError):
            yield path.stat().st_size


# A transfer that ends well.


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("cp", ["cp"]),
        ("cp-p", ["cp", "-p"]),
        ("ln", ["ln"]),
        ("rsync", ["rsync", "-a"]),
        ("rsync-partial", ["rsync", "-a", "--partial"]),
        ("rsync-partial-dir", ["rsync", "-a", "--partial-dir=.rsync-partial"]),
        ("rsync-inplace", ["rsync", "-a", "--inplace"]),
        ("rsync-delay-updates", ["rsync", "-a", "--delay-updates"]),
        ("slow-program", [sys.executable, "-c", WRITE_SLOWLY]),
        ("replacing-editor", [sys.executable, "-c", REPLACE]),
        ("tmpfile-editor", [sys.executable, "-c", LINK_WHILE_WRITING]),
    ],
)
def test_local_program_narrated_once(name: str, command: list[str], peers: Peers) -> None:
    """A local program's file is narrated once and whole."""
    post = peers.post(name)
    run(*command, post.source, peers.arrival(post))
    peers.check(post)


def test_rsync_temp_dir(
    peers: Peers,
) -> None:
    """A file that rsync brings by a folder for temporaries is narrated once and whole."""
    post = peers.post("temp-dir-here")
    aside = peers.daemon.home / "aside"
    aside.mkdir()
    assert aside.stat().st_dev == peers.daemon.inbox.stat().st_dev
    run("rsync", "-a", f"--temp-dir={aside}", post.source, peers.arrival(post))
    peers.check(post)


def test_rsync_temp_dir_elsewhere(peers: Peers, elsewhere: Path) -> None:
    """A file that rsync copies from temporaries elsewhere is narrated once and whole."""
    post = peers.post("temp-dir-elsewhere")
    run("rsync", "-a", f"--temp-dir={elsewhere}", post.source, peers.arrival(post))
    peers.check(post)


def test_rsync_over_ssh(peers: Peers) -> None:
    """A file that comes by rsync over ssh is narrated once and whole."""
    post = peers.post("rsync-ssh")
    run("rsync", "-a", "-e", peers.ssh.shell, post.source, f"box:{peers.arrival(post)}")
    peers.check(post)


def test_rsync_daemon_transfer(peers: Peers) -> None:
    """A file that comes by an rsync daemon is narrated once and whole."""
    post = peers.post("rsyncd")
    run("rsync", "-a", post.source, f"{peers.rsync_url}/{post.name}")
    peers.check(post)


@pytest.mark.parametrize("flag", ["-s", "-O", "-p"])
def test_scp_narrated_once(flag: str, peers: Peers) -> None:
    """A file that comes by scp is narrated once and whole."""
    post = peers.post(f"scp{flag}")
    run("scp", "-F", peers.ssh.config, flag, post.source, f"box:{peers.arrival(post)}")
    peers.check(post)


def test_sftp_narrated_once(peers: Peers) -> None:
    """A file that comes by sftp is narrated once and whole."""
    post = peers.post("sftp")
    with sftp(peers, f"put {post.source} {peers.arrival(post)}") as client:
        assert client.wait(60) == 0
    peers.check(post)


def test_move_across_file_systems(peers: Peers, elsewhere: Path) -> None:
    """A file moved from another file system is narrated once and whole."""
    post = peers.post("mv-across")
    run("cp", "-p", post.source, elsewhere / post.name)
    run("mv", elsewhere / post.name, peers.arrival(post))
    peers.check(post)


def test_move_into_inbox(peers: Peers) -> None:
    """A file moved into the inbox is narrated once and whole."""
    post = peers.post("mv")
    run("cp", "-p", post.source, peers.laptop / "copy")
    run("mv", peers.laptop / "copy", peers.arrival(post))
    peers.check(post)


def test_folder_moved_into_inbox(peers: Peers) -> None:
    """All of a folder that is moved into the inbox is narrated once."""
    posts = [peers.post(f"folder/{name}") for name in ("one", "two", "deep/three")]
    run("cp", "-a", peers.laptop / "folder", peers.laptop / "copy")
    run("mv", peers.laptop / "copy", peers.daemon.inbox / "folder")
    for post in posts:
        peers.check(post)


def test_rsync_tree_narrated_once(peers: Peers) -> None:
    """All of a tree that rsync brings is narrated once."""
    posts = [peers.post(f"tree/{n % 4}/{n % 3}/post-{chr(97 + n)}", padding="") for n in range(24)]
    run("rsync", "-a", peers.laptop / "tree", peers.daemon.inbox)
    for post in posts:
        peers.check(post)


@pytest.mark.skipif(VIM is None, reason="needs vim")
@pytest.mark.parametrize(
    ("habit", "keeps"),
    [
        ("swapfile nobackup writebackup backupcopy=auto", False),  # as it comes
        ("swapfile backup backupcopy=no", True),  # the old one is renamed, a new one written
        ("swapfile backup backupcopy=yes", True),  # the old one is copied, and written over
        ("noswapfile nobackup nowritebackup", False),  # written over, whatever comes
    ],
)
def test_vim_saves_narrated_again(habit: str, keeps: bool, peers: Peers) -> None:
    """A file that vim saves is narrated again, and vim's own files beside it never."""
    assert VIM is not None
    folder = f"vim-{'-'.join(habit.replace('=', ' ').split())}"
    post = peers.post(f"{folder}/edited")
    path = peers.arrival(post)
    path.parent.mkdir()
    before = len(peers.daemon.spoken)
    run("cp", post.source, path)
    peers.daemon.published(post.stem, post.source.read_bytes())
    edit = ("-c", f"set {habit} backupskip=", "-c", f"%s/The last/The very {folder}/", "-c", "wq")
    run(VIM, "-N", "-u", "NONE", "-i", "NONE", "-es", *edit, path)
    assert f"The very {folder} of edited.".encode() in path.read_bytes()
    assert path.with_name("edited.md~").exists() == keeps
    peers.daemon.published(post.stem, path.read_bytes())
    peers.wait_history(post, "superseded", "done")
    spoken = peers.daemon.spoken[before:]
    assert len(spoken) == len({*spoken})
    files = [name for name in peers.daemon.files if name.startswith(f"{folder}/")]
    assert stems(files) == {"edited"}


# A transfer that is stalled, or killed and repeated.


@contextmanager
def sftp(peers: Peers, line: str, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """An sftp that is to do what a line says."""
    batch = peers.daemon.home / "batch"
    batch.write_text(line + "\n")
    with started("sftp", "-F", peers.ssh.config, *options, "-b", batch, "box") as client:
        yield client


@contextmanager
def sending(program: str, peers: Peers, post: Post) -> Iterator[subprocess.Popen[bytes]]:
    """A slow transfer by ssh, of which a part has come."""
    target = peers.arrival(post)
    if program == "sftp":
        client = sftp(peers, f"put {post.source} {target}", "-l", "8000")
    else:
        client = started("scp", "-F", peers.ssh.config, "-l", "8000", post.source, f"box:{target}")
    with client as process:
        wait(lambda: has_begun(peers, post))
        yield process


@pytest.mark.parametrize("program", ["scp", "sftp"])
def test_stalled_transfer_is_awaited(program: str, peers: Peers) -> None:
    """A stalled transfer is waited for and narrated once."""
    post = peers.post(f"stalled-{program}")
    with sending(program, peers, post) as client:
        client.send_signal(signal.SIGSTOP)
        peers.wait_arriving(post, "still open for writing")
        peers.barrier(post.stem)
        assert peers.daemon.history(post.name) == []
        client.send_signal(signal.SIGCONT)
        assert client.wait(60) == 0
    peers.check(post)


@pytest.mark.parametrize("program", ["scp", "sftp"])
def test_killed_transfer_is_replaced(program: str, peers: Peers) -> None:
    """The part that a killed transfer left makes way for the whole file.

    Half a text is a text: closed and at rest, nothing tells it from a whole one.
    """
    post = peers.post(f"killed-{program}")
    with sending(program, peers, post) as client:
        end(client, signal.SIGKILL)
    peers.wait_history(post, "done")
    assert peers.said_of(post) == post.sentences[:2]
    run("scp", "-F", peers.ssh.config, post.source, f"box:{peers.arrival(post)}")
    peers.check(post, "superseded")


@contextmanager
def rsyncing(peers: Peers, post: Post, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """A slow rsync, of which a part has come."""
    command = ["rsync", "-a", "--bwlimit=500k", *options]
    with started(*command, post.source, peers.arrival(post)) as client:
        wait(lambda: has_begun(peers, post))
        yield client


def is_left(peers: Peers, post: Post) -> bool:
    """True if a transfer that was killed has left a part under the final name."""
    path = peers.arrival(post)
    return path.exists() and 0 < path.stat().st_size < post.source.stat().st_size


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_rsync_partial_waits(number: signal.Signals, peers: Peers) -> None:
    """The part that rsync keeps of a killed transfer is not taken until it is resumed."""
    post = peers.post(f"kept-{number.name}")
    with rsyncing(peers, post, "--partial") as client:
        end(client, number)
    wait(lambda: is_left(peers, post))
    peers.wait_arriving(post, "its transfer was interrupted")
    peers.barrier(post.stem)
    assert peers.daemon.history(post.name) == []
    run("rsync", "-a", "--partial", post.source, peers.arrival(post))
    peers.check(post)


def test_rsync_partial_dir_is_not_read(peers: Peers, figure: Callable[[str], None]) -> None:
    """Parts that rsync keeps in a folder are not read, and are resumed from."""
    post = peers.post("part")
    whole = post.source.stat().st_size
    kept = peers.daemon.inbox / ".rsync-partial" / post.name
    aside = "--partial-dir=.rsync-partial"
    with rsyncing(peers, post, aside) as client:
        end(client, signal.SIGTERM)
    wait(kept.exists)
    part = kept.stat().st_size
    assert 0 < part < whole
    peers.barrier(post.stem)
    assert kept.stat().st_size == part
    assert peers.daemon.history(post.name) == []
    told = run("rsync", "-a", "--stats", "--no-whole-file", aside, post.source, peers.arrival(post))
    peers.check(post)
    assert not kept.exists()
    (matched,) = re.findall(r"Matched data: ([\d,]+) bytes", told)
    assert int(matched.replace(",", "")) > 0
    figure(f"resumed from {part} bytes of {whole}: {matched} bytes were not sent")


def test_rsync_delayed_updates(peers: Peers, figure: Callable[[str], None]) -> None:
    """A file that rsync holds back until all has come is read when it appears at once."""
    early = [peers.post(f"delayed/{name}", padding="") for name in ("alpha", "beta", "gamma")]
    last = peers.post("delayed/omega")
    folder = peers.daemon.inbox / "delayed"
    held = [folder / ".~tmp~" / post.source.name for post in early]
    command = ["rsync", "-a", "--delay-updates", "--bwlimit=500k"]
    with started(*command, peers.laptop / "delayed", peers.daemon.inbox) as client:
        wait(lambda: all(path.exists() for path in held) and any(_parts(folder, last)))
        client.send_signal(signal.SIGSTOP)
        for path, post in zip(held, early, strict=True):
            assert path.read_bytes() == post.source.read_bytes()
        part = max(_parts(folder, last))
        peers.barrier("delayed")
        assert not [path for path in folder.iterdir() if not path.name.startswith(".")]
        assert all(peers.daemon.history(post.name) == [] for post in (*early, last))
        client.send_signal(signal.SIGCONT)
        assert client.wait(60) == 0
    for post in (*early, last):
        peers.check(post)
    figure(f"{len(early)} whole ones were held back when {part} bytes of the last had come")


def _parts(folder: Path, post: Post) -> list[int]:
    """The bytes that have come of a file that is not whole yet."""
    whole = post.source.stat().st_size
    return [size for size in _sizes(folder, f".{post.source.name}.*") if 0 < size < whole]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("plain", []),
        ("partial-dir", ["--partial-dir=.rsync-partial"]),
        ("delay-updates", ["--delay-updates"]),
    ],
)
def test_killed_rsync_temp_is_not_read(name: str, options: list[str], peers: Peers) -> None:
    """A file that a killed rsync leaves under a name of its own is never read."""
    post = peers.post(f"aside-{name}")
    with rsyncing(peers, post, *options) as client:
        os.killpg(client.pid, signal.SIGKILL)  # the receiver too: nobody clears up
    peers.barrier(name)
    assert not [name for name in peers.daemon.files if post.stem in name]
    run("rsync", "-a", *options, post.source, peers.arrival(post))
    peers.check(post)


def test_killed_inplace_is_replaced(peers: Peers) -> None:
    """A part that a killed rsync wrote in place makes way for the whole file."""
    post = peers.post("killed-inplace")
    with rsyncing(peers, post, "--inplace") as client:
        end(client, signal.SIGKILL)
    peers.wait_history(post, "done")
    assert peers.said_of(post) == post.sentences[:2]
    run("rsync", "-a", "--inplace", post.source, peers.arrival(post))
    peers.check(post, "superseded")


def test_half_picture_is_refused(peers: Peers) -> None:
    """Half a picture is refused with a note until the whole of it comes."""
    picture = io.BytesIO()
    Image.effect_noise((1200, 900), 90).save(picture, "PNG")
    post = Post(peers.laptop / "photo.png", "photo.png")
    post.source.write_bytes(picture.getvalue())
    with rsyncing(peers, post, "--inplace") as client:
        end(client, signal.SIGKILL)
    assert "photo.png was not narrated" in peers.daemon.note("photo")
    run("rsync", "-a", "--inplace", post.source, peers.arrival(post))
    peers.daemon.published("photo", post.source.read_bytes())
    wait(lambda: not (peers.daemon.outbox / "photo.error.txt").exists())
    peers.wait_history(post, "superseded", "done")


def test_narration_follows_soon(peers: Peers, figure: Callable[[str], None]) -> None:
    """The narration stands within the patience of `check` after the writer ends.

    The figure counts this arrival and all that came before it here.
    """
    post = peers.post("soon")
    run("cp", post.source, peers.arrival(post))
    peers.check(post)
    figure(
        f"{len(peers.delays_s)} arrivals: narrated {statistics.median(peers.delays_s):.1f} s after "
        f"the writer's end, the last {max(peers.delays_s):.1f} s"
    )
