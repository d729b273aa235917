"""The podcast is sent to where it is served: a path unit, rsync, and a real sshd.

Debian 13's root has no sshd: there it goes to an rsync daemon.
"""

import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.booted import until
from support.box import Box, toy

SHOW = {"title": "Pushed", "base_url": "https://example.org/", "folders": "each"}
CONFIGURATION = toy() | {"podcast": SHOW}
SERVED = Path("/srv/served")
PUSH = "narrated-push.service"
SSHD_CONFIG = """
ListenAddress 127.0.0.1:2222
HostKey /etc/narrated/push/host-key
PidFile none
UsePAM no
PasswordAuthentication no
"""
RSYNCD_CONFIG = f"""
address = 127.0.0.1
use chroot = no
uid = podcast
gid = podcast
[podcast]
path = {SERVED}
read only = no
"""
SOON = ("RestartSec=1",)
"""A retry within the time of a test."""
SLOW = (*SOON, 'Environment="SEND=-rt --chmod=D755,F644 --delay-updates --bwlimit=100"')
"""Half a minute for the large file below: whoever kills it meets it at work."""
HELD = (*SOON, "ExecStart=/bin/sh -c 'while [ -e /srv/held ]; do sleep 0.1; done'")
"""A push that has sent all, and does not end while the file is there."""
LARGE_BYTES = 3_000_000


@dataclass(frozen=True, slots=True)
class Destination:
    """A box whose podcast is pushed, and the server that it is pushed to."""

    box: Box
    server: str
    """The unit that takes it."""

    @property
    def served(self) -> Path:
        return self.box.root / str(SERVED)[1:]

    @property
    def feed(self) -> str:
        """The feed that is served; empty if none is."""
        path = self.served / "feed.xml"
        return path.read_text() if path.exists() else ""

    def names(self, stem: str) -> bool:
        """True if the served feed has an episode."""
        return f"/{stem}.mp3" in self.feed

    def wait_served(self, *stems: str) -> None:
        """Wait until the served feed is that of the outbox, with these episodes."""
        ours = self.box.outbox / "feed.xml"
        try:
            until(lambda: all(map(self.names, stems)) and self.feed == ours.read_text())
        except AssertionError as error:
            raise AssertionError(self.log) from error

    def settle(self) -> None:
        """Wait until all is pushed, and nothing is under way."""
        files = ("feed.xml", "index.html")
        units = (PUSH, "narrated-push-again.service")

        def rests() -> bool:
            return (
                all((self.served / name).exists() for name in files)
                and all(_alike(self.served / name, self.box.outbox / name) for name in files)
                and not (self.box.root / "run/narrated-push/again").exists()
                and all(self.box.shows(unit, "ActiveState") == "inactive" for unit in units)
            )

        until(rests)

    def is_whole(self) -> bool:
        """True if each sound that the served feed names is served, with the length it says."""
        enclosures = list(ET.fromstring(self.feed).iter("enclosure"))
        places = {each.attrib["url"].rpartition("/")[2]: each for each in enclosures}
        return bool(places) and all(
            (self.served / name).stat().st_size == int(each.attrib["length"])
            for name, each in places.items()
        )

    @property
    def log(self) -> str:
        return self.box.journal("-u", "narrated-push*")

    @property
    def is_pushing(self) -> bool:
        return self.box.shows(PUSH, "SubState") == "start"

    def drop_in(self, *settings: str) -> None:
        """Change the service from its next start on."""
        folder = self.box.root / f"run/systemd/system/{PUSH}.d"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "90-test.conf").write_text("\n".join(["[Service]", *settings, ""]))
        self.box.run("systemctl", "daemon-reload")


def _alike(one: Path, other: Path) -> bool:
    return one.read_bytes() == other.read_bytes()


@pytest.fixture(scope="module")
def destination(box: Box) -> Destination:
    """The box as docs/serving.md sets it up, pushing to an account of its own."""
    box.run("useradd", "--create-home", "--shell", "/bin/sh", "--password", "*", "podcast")
    box.run("install", "-d", "-o", "podcast", SERVED)
    own = box.root / "etc/narrated/push"
    if (box.root / "usr/sbin/sshd").exists():
        server, target = _sshd(box, own), "podcast@localhost:./"
    else:
        (box.root / "etc/rsyncd.conf").write_text(RSYNCD_CONFIG)
        server, target = "rsyncd.service", "rsync://127.0.0.1/podcast/"
        _serve(box, server, "/usr/bin/rsync --daemon --no-detach")
    pushed = Destination(box, server)
    pushed.drop_in(*SOON)
    box.drop("zero.md")
    until((box.outbox / "index.html").exists)
    box.run("systemctl", "start", PUSH, check=False)
    assert "Set DESTINATION= in /etc/narrated/push/push.conf." in pushed.log
    (own / "push.conf").write_text(f"DESTINATION={target}\n")
    box.run("systemctl", "enable", "--now", "narrated-push.path")
    return pushed


def _sshd(box: Box, own: Path) -> str:
    """Have an sshd let the box's key into one folder, with no shell."""
    for name in ("ssh-key", "host-key"):
        box.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"/etc/narrated/push/{name}")
    keys = box.root / "home/podcast/.ssh/authorized_keys"
    keys.parent.mkdir()
    rights = f'command="/usr/bin/rrsync -wo {SERVED}",restrict'
    keys.write_text(f"{rights} {(own / 'ssh-key.pub').read_text()}")
    box.run("chown", "-R", "podcast", "/home/podcast/.ssh")
    (own / "known_hosts").write_text(f"[localhost]:2222 {(own / 'host-key.pub').read_text()}")
    with (own / "ssh_config").open("a") as settings:
        settings.write("    Port 2222\n")
    (box.root / "etc/narrated/push/sshd_config").write_text(SSHD_CONFIG)
    _serve(box, "pushed-sshd.service", "/usr/sbin/sshd -D -e -f /etc/narrated/push/sshd_config")
    return "pushed-sshd.service"


def _serve(box: Box, unit: str, command: str) -> None:
    lines = ["[Service]", "RuntimeDirectory=sshd", f"ExecStart={command}", ""]
    (box.root / "run/systemd/system" / unit).write_text("\n".join(lines))
    box.run("systemctl", "daemon-reload")
    box.run("systemctl", "start", unit)


def test_drop_is_pushed(destination: Destination, figure: Callable[[str], None]) -> None:
    """What is dropped is narrated, and served with its feed; only what is published is."""
    box = destination.box
    (box.outbox / ".stignore").write_text("hidden")
    (box.outbox / "bad.error.txt").write_text("nobody's business")
    box.drop("first.md")
    box.heard("first")
    destination.wait_served("first")
    assert destination.is_whole()
    served = {path.name for path in destination.served.rglob("*") if path.is_file()}
    assert served >= {"first.mp3", "first.vtt", "first.transcript.json", "feed.xml", "index.html"}
    assert not {".stignore", "bad.error.txt", "narrated.status.txt", "first.json"} & served
    news = destination.served / "index.files/now.js"
    assert news.read_text() == "", "the page asks for its news, and gets none"
    last = [(destination.served / name).stat().st_ctime_ns for name in ("feed.xml", "index.html")]
    named = [path.stat().st_ctime_ns for path in destination.served.glob("first.*")]
    assert min(last) >= max(named)
    mode = (destination.served / "feed.xml").stat().st_mode & 0o777
    assert mode == 0o644, "any web server can read it"
    figure(f"{box.systemd}: {len(served)} files pushed to {destination.server}")


def test_folders_show_is_pushed(destination: Destination) -> None:
    """A change of the show of a folder is pushed, though nobody watches its feed."""
    box, feed = destination.box, destination.served / "blog/feed.xml"
    box.drop("blog/one.md")
    until(lambda: feed.exists() and "/one.mp3" in feed.read_text())
    box.drop("blog/two.md")
    until(lambda: "/two.mp3" in feed.read_text())
    assert (feed.parent / "two.mp3").exists()


def test_change_during_push_is_pushed(destination: Destination) -> None:
    """What is narrated while a push is under way is pushed after it, though systemd forgets it."""
    box = destination.box
    destination.settle()
    destination.drop_in(*HELD)
    box.run("touch", "/srv/held")
    box.drop("before.md")
    box.heard("before")
    until(lambda: destination.names("before"))
    assert destination.is_pushing
    box.drop("during.md")
    box.heard("during")
    until(lambda: "/during.mp3" in (box.outbox / "feed.xml").read_text())
    assert destination.is_pushing
    assert not destination.names("during")
    box.run("rm", "/srv/held")
    destination.wait_served("before", "during")
    assert destination.is_whole()
    destination.drop_in(*SOON)


def test_killed_push_shows_nothing_half(destination: Destination) -> None:
    """A push that is killed leaves the feed of before with all that it names, and is made again."""
    box = destination.box
    box.drop("kept.md")
    box.heard("kept")
    destination.wait_served("kept")
    destination.settle()
    destination.drop_in(*SLOW)
    (box.outbox / "large.bin").write_bytes(bytes(LARGE_BYTES))
    box.drop("killed.md")
    box.heard("killed")
    until(lambda: [*destination.served.glob(".large.bin.*")])
    destination.drop_in(*SOON)
    box.run("systemctl", "kill", "--signal=KILL", PUSH)
    until(lambda: "Failed with result 'signal'" in destination.log)
    assert destination.is_whole()
    destination.wait_served("kept", "killed")
    assert destination.is_whole()
    assert (destination.served / "large.bin").stat().st_size == LARGE_BYTES


def test_away_destination_is_retried(destination: Destination) -> None:
    """While the destination is away the journal says so, and it gets all once it is back."""
    box = destination.box
    box.run("systemctl", "stop", destination.server)
    try:
        box.drop("away.md")
        box.heard("away")
        until(lambda: destination.log.count("Connection refused") >= 2)
        assert "narrated-push.service: Failed with result" in destination.log
    finally:
        box.run("systemctl", "start", destination.server)
    destination.wait_served("away")


def test_removed_narration_is_removed(destination: Destination) -> None:
    """A withdrawn narration goes from the destination; an outbox without a feed takes nothing."""
    box = destination.box
    box.drop("gone.md")
    box.heard("gone")
    destination.wait_served("gone")
    box.run("sh", "-c", "rm /srv/narrated/outbox/gone.*")
    box.drop("later.md")
    box.heard("later")
    destination.wait_served("later")
    until(lambda: not (destination.served / "gone.mp3").exists())
    destination.settle()
    served = {path.name for path in destination.served.iterdir()}
    box.run("systemctl", "stop", "narrated")
    try:
        box.run("mv", "/srv/narrated/outbox", "/srv/narrated/away")
        box.run("mkdir", "/srv/narrated/outbox")
        box.run("systemctl", "start", PUSH, check=False)
        assert {path.name for path in destination.served.iterdir()} == served
        box.run("rmdir", "/srv/narrated/outbox")
    finally:
        box.run("mv", "/srv/narrated/away", "/srv/narrated/outbox")
        box.run("systemctl", "start", "narrated")


def test_first_push_deletes_nothing(destination: Destination) -> None:
    """A folder with other files becomes no destination: they stay, and the journal names them."""
    box, settings = destination.box, destination.box.root / "etc/narrated/push/push.conf"
    destination.settle()
    before = settings.read_text()
    other = destination.served / "other/diary.txt"
    box.run("install", "-d", "-o", "podcast", SERVED / "other")
    other.write_text("mine")
    try:
        settings.write_text(f"{before.rstrip()}other/\n")
        box.run("systemctl", "start", PUSH, check=False)
        assert "other/ holds other files, and a push would delete them" in destination.log
        assert "diary.txt" in destination.log
        assert other.read_text() == "mine"
        assert not (other.parent / "feed.xml").exists()
    finally:
        settings.write_text(before)
        box.run("systemctl", "restart", PUSH)


def test_push_has_few_rights(destination: Destination) -> None:
    """The unit that has the network reads the outbox, and nothing else of the daemon's."""
    box = destination.box
    destination.settle()
    box.run("chmod", "-R", "a+rwX", "/var/lib/narrated", "/srv/narrated")
    probe = (
        "for each in /var/lib/narrated /var/cache/narrated /run/narrated /srv/narrated/inbox; "
        'do ls "$each" >/dev/null 2>&1 && echo "sees $each"; done; '
        'touch "$OUTBOX/x" /srv/x /etc/x 2>/dev/null; ls "$OUTBOX/feed.xml"; id -un; id -Gn'
    )
    destination.drop_in(*SOON, f"ExecStartPre=/bin/sh -c '{probe}'")
    box.run("systemctl", "start", PUSH)
    told = box.journal("-u", PUSH).splitlines()
    assert "/srv/narrated/outbox/feed.xml" in told
    assert not [line for line in told if line.startswith("sees ")]
    assert told.count("narrated-push") == 2, "its account, and that account's only group"
    assert not any((box.root / path).exists() for path in ("srv/narrated/outbox/x", "etc/x"))
    destination.drop_in(*SOON)
    units = [
        f"narrated-push{kind}" for kind in (".path", "-page.path", ".service", "-again.service")
    ]
    assert box.run("systemd-analyze", "verify", "--man=no", *units) == ""
