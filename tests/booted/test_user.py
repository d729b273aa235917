"""The service for one person, under their own service manager, while nobody is logged in."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.booted import Machine, booted, until
from support.box import PROGRAM

ANN = "ann"


@dataclass(frozen=True, slots=True)
class Account:
    """An ordinary account of a machine, with a service manager of its own."""

    machine: Machine
    uid: int

    @property
    def home(self) -> Path:
        return self.machine.root / "home" / ANN

    @property
    def config(self) -> Path:
        return self.home / ".config/narrated/narrated.yaml"

    def run(self, *command: str) -> str:
        """Run a command as this account, without any right or group that it has not."""
        user = ["setpriv", f"--reuid={ANN}", f"--regid={ANN}", "--init-groups", "env"]
        own = [f"HOME=/home/{ANN}", f"XDG_RUNTIME_DIR=/run/user/{self.uid}"]
        return self.machine.run(*user, *own, *command)

    def shows(self, attribute: str) -> str:
        return self.run("systemctl", "--user", "show", "--value", "-p", attribute, "narrated")

    def drop(self, name: str, text: str) -> None:
        self.run("sh", "-c", f"cd ~/narrated/inbox && echo '{text}' > .x && mv .x {name}")

    def heard(self, stem: str) -> dict[str, object]:
        """Wait for a narration's manifest."""
        manifest = self.home / f"narrated/outbox/{stem}.json"
        until(manifest.exists)
        return dict(json.loads(manifest.read_text()))

    def journal(self, *matches: str, output: str = "cat") -> str:
        own = ("_SYSTEMD_USER_UNIT=narrated.service", f"_UID={self.uid}")
        return self.machine.journal(*own, *matches, output=output)


@pytest.fixture(scope="module")
def ann(root: Path) -> Iterator[Account]:
    """An account that lingers, and installed narrated for itself as docs/install.md says."""
    with booted(root) as machine:
        machine.run("useradd", "--create-home", ANN)
        (machine.root / "etc/systemd/system/systemd-logind.service").unlink()  # masked at boot
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "start", "systemd-logind")
        machine.run("loginctl", "enable-linger", ANN)
        account = Account(machine, int(machine.run("id", "-u", ANN)))
        until(lambda: machine.shows(f"user@{account.uid}", "ActiveState") == "active")
        account.run(PROGRAM, "install", "--user")
        account.run("systemctl", "--user", "enable", "--now", "narrated")
        yield account


def test_user_service_reports_ready(ann: Account, figure: Callable[[str], None]) -> None:
    """It is up for its user and says so."""
    assert ann.shows("ActiveState") == "active"
    assert ann.shows("StatusText") == "idle"
    process = ann.machine.root / "proc" / ann.shows("MainPID")
    assert process.stat().st_uid == ann.uid
    version = " ".join(ann.machine.run("systemctl", "--version").split()[:2])
    figure(f"{version}: a user's service is {ann.shows('SubState')}")


def test_systemd_accepts_user_unit(ann: Account) -> None:
    """systemd finds no fault with the users unit."""
    assert ann.run("systemd-analyze", "--user", "verify", "--man=no", "narrated.service") == ""


def test_user_drop_is_narrated(ann: Account) -> None:
    """A file that its user drops is narrated and stands in the journal."""
    ann.drop("post.md", "One line of mine.")
    assert ann.heard("post")["source"]
    assert (ann.home / "narrated/outbox/post.mp3").stat().st_uid == ann.uid
    until(lambda: "is narrated" in ann.journal("NARRATED_FILE=post.md"))
    *_, last = map(json.loads, ann.journal("NARRATED_FILE=post.md", output="json").splitlines())
    assert last["NARRATED_ENGINE"] == "pico"
    assert last["SYSLOG_IDENTIFIER"] == "narrated"


def test_user_reload_keeps_process(ann: Account) -> None:
    """A reload gives its user another voice, fails if it is refused, and keeps the process."""
    before, good = ann.shows("MainPID"), ann.config.read_text()
    reload = ("systemctl", "--user", "reload", "narrated")
    ann.config.write_text(f"{good}\nspeach: {{}}\n")
    with pytest.raises(AssertionError, match=r"Job for narrated\.service failed"):
        ann.run(*reload)
    assert "unknown key `speach`" in ann.journal()
    ann.config.write_text(f"{good}\nspeech: {{engine: espeak, voice: en-gb}}\n")
    ann.run(*reload)
    until(lambda: "the configuration is reloaded" in ann.journal())
    ann.drop("british.md", "One line of theirs.")
    assert ann.heard("british")["voice"] == "en-gb"
    assert ann.shows("MainPID") == before


def test_user_stop_leaves_no_process(ann: Account) -> None:
    """Stopped by its user it leaves no process and starts again."""
    group = ann.machine.root / f"sys/fs/cgroup{ann.shows('ControlGroup')}"
    assert (group / "cgroup.procs").read_text()
    ann.run("systemctl", "--user", "stop", "narrated")
    assert ann.shows("Result") == "success"
    assert not group.exists()
    ann.drop("meanwhile.md", "Dropped while it was stopped.")
    ann.run("systemctl", "--user", "start", "narrated")
    ann.heard("meanwhile")


def test_user_serves_the_podcast(ann: Account) -> None:
    """The user's own server answers on the socket of their manager, and can open none."""
    ann.drop("served.md", "One line for others.")
    ann.heard("served")
    ann.run("systemctl", "--user", "enable", "--now", "narrated-serve.socket")
    request = r"GET /served.mp3 HTTP/1.0\r\n\r\n"
    asked = f"exec 3<>/dev/tcp/127.0.0.1/8321; printf '{request}' >&3; head -1 <&3"
    assert ann.machine.run("bash", "-c", asked).strip() == "HTTP/1.1 200 OK"
    shown = ("show", "--value", "-p", "RestrictAddressFamilies", "narrated-serve")
    assert ann.run("systemctl", "--user", *shown) == "AF_UNIX"
    units = ("narrated-serve.service", "narrated-serve.socket")
    assert ann.run("systemd-analyze", "--user", "verify", "--man=no", *units) == ""


def test_user_podcast_is_pushed(ann: Account) -> None:
    """A user's own podcast is sent to where its push.conf says, after each change."""
    config, push = ann.config, ann.home / ".config/narrated/push/push.conf"
    config.write_text(f"{config.read_text()}\npodcast: {{title: Mine}}\n")
    push.write_text("DESTINATION=/home/ann/served\n")
    ann.run("systemctl", "--user", "reload", "narrated")
    ann.run("systemctl", "--user", "enable", "--now", "narrated-push.path")
    ann.drop("pushed.md", "One line to be served.")
    feed = ann.home / "served/feed.xml"
    until(lambda: feed.exists() and "pushed.mp3" in feed.read_text())
    assert (ann.home / "served/pushed.mp3").exists()
