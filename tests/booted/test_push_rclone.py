"""The podcast goes to a store by rclone, with the drop-in of docs/serving.md, under a systemd."""

from collections.abc import Iterator

import pytest

from support.booted import until, why_not
from support.box import Box, installed, toy
from support.documented import blocks

pytestmark = [pytest.mark.peers, pytest.mark.skipif(bool(why_not()), reason=why_not())]

REMOTE = "[store]\ntype = webdav\nurl = http://127.0.0.1:8080\nvendor = other\n"
SERVE = "/usr/bin/rclone serve webdav --addr 127.0.0.1:8080 /srv/stored"


@pytest.fixture
def box() -> Iterator[Box]:
    """A box whose outbox is a podcast."""
    with installed(**toy(), podcast={"title": "Stored"}) as box:
        yield box


def test_rclone_pushes_to_a_store(box: Box) -> None:
    """The hardened unit sends what is narrated by rclone, with root's configuration of it."""
    units, own = box.root / "etc/systemd/system", box.root / "etc/narrated/push"
    (own / "rclone.conf").write_text(REMOTE)
    (own / "rclone.conf").chmod(0o600)
    (own / "push.conf").write_text("DESTINATION=store:podcast\n")
    drop_in = units / "narrated-push.service.d/override.conf"
    drop_in.write_text(blocks("serving.md", "An object store", "ini")[1])
    box.run("mkdir", "/srv/stored")
    store = ["[Service]", "Environment=HOME=/root", f"ExecStart={SERVE}", ""]
    (box.root / "run/systemd/system/store.service").write_text("\n".join(store))
    box.run("systemctl", "daemon-reload")
    assert box.run("systemd-analyze", "verify", "--man=no", "narrated-push.service") == ""
    box.run("systemctl", "start", "store")
    box.run("systemctl", "enable", "--now", "narrated-push.path")
    box.drop("first.md")
    box.heard("first")
    feed = box.root / "srv/stored/podcast/feed.xml"
    try:
        until(lambda: feed.exists() and "first.mp3" in feed.read_text())
    except AssertionError as error:
        raise AssertionError(box.journal("-u", "narrated-push*", "-u", "store")) from error
    stored = {path.name for path in feed.parent.iterdir()}
    assert stored >= {"first.mp3", "first.vtt", "first.transcript.json", "index.html"}
    assert not {"first.json", "narrated.status.txt"} & stored
