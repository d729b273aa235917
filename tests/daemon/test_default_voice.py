"""The voice where the configuration names none, and what an update to it speaks again: nothing.

An environment without pico's wheel stands for the earlier version: it plans as that did.
"""

import json
import os
import shutil
import sqlite3
import subprocess
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from support.daemon import Daemon, wait
from support.partial_venv import venv_without

POST = "# A post\n\nIt has one paragraph.\n\nAnd it has another.\n"
DEFAULTS = ("default_engine", "narrators_rate", "voices_of_languages")
NO_SPEECH = {"speech": {}, "engines": {}}
Told = subprocess.CompletedProcess[str]
Ask = Callable[..., Told]
NARRATED = "from narrated.cli.main import main; main()"
EARLIER = f"""
from msgspec.structs import replace
from narrated.config.values import Config
today = Config.settings.fget
earlier = dict(narrators_rate=False, voices_of_languages=False)
Config.settings = property(lambda config: replace(today(config), **earlier))
{NARRATED}
"""
"""The earlier version had espeak speak at its own rate, and in an American voice by default."""


@pytest.fixture(scope="module")
def ask_without(tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """Run a command of narrated where pico's wheel is not installed."""
    python = venv_without(tmp_path_factory.mktemp("without"), "py_nanotts")

    def ask(daemon: Daemon, *arguments: str, program: str = NARRATED) -> Told:
        command = [str(python), "-c", program, "--config", str(daemon.config)]
        environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "daemon")}
        return subprocess.run(
            [*command, *arguments], env=environ, capture_output=True, text=True, check=False
        )

    return ask


@pytest.fixture(scope="module")
def updated(tmp_path_factory: pytest.TempPathFactory, ask_without: Ask) -> Path:
    """A home that the earlier version narrated."""
    daemon = Daemon(tmp_path_factory.mktemp("updated"), **NO_SPEECH)
    daemon.drop("post.md", POST)
    done = ask_without(daemon, "once", "--quiet", program=EARLIER)
    assert done.returncode == 0, done.stderr
    _forget_the_default(daemon)
    return daemon.home


def test_pico_speaks_by_default(tmp_path: Path) -> None:
    """Without settings pico speaks its languages, espeak others and where it was asked."""
    daemon = Daemon(tmp_path, **NO_SPEECH)
    daemon.drop("post.md", POST)
    daemon.drop("polish.md", "---\nlang: pl\n---\nDzień dobry.\n")
    daemon.drop("chosen.md", "---\nvoice: en-gb\n---\nWords.\n")
    daemon.drop("foreign.md", "---\nvoice: alloy\n---\nWords.\n")
    assert daemon.ask("once", "--quiet").returncode == 0
    spoken = {name: _voice(daemon, name) for name in ("post", "polish", "chosen", "foreign")}
    assert spoken == {
        "post": ("pico", ""),
        "polish": ("espeak", ""),
        "chosen": ("espeak", "en-gb"),
        "foreign": ("pico", ""),
    }


def test_absent_wheel_fails_nothing(updated: Path, tmp_path: Path, ask_without: Ask) -> None:
    """Without pico's wheel espeak speaks in its American voice, and the commands say so."""
    daemon = _copied(updated, tmp_path)
    assert _voice(daemon, "post") == ("espeak", "en-us")
    assert "engine: espeak" in ask_without(daemon, "config", "show").stdout


def test_absent_wheel_of_asked_engine(tmp_path: Path, ask_without: Ask) -> None:
    """If the configuration asks for pico and its wheel is absent, the message names it."""
    daemon = Daemon(tmp_path, speech={"engine": "pico"}, engines={})
    daemon.drop("post.md", POST)
    told = ask_without(daemon, "config", "check")
    assert told.returncode == 1
    assert "pip install py-nanotts" in told.stdout + told.stderr
    assert ask_without(daemon, "once", "--quiet").returncode == 1
    note = (daemon.outbox / "post.error.txt").read_text()
    assert "The voices of pico are missing" in note
    assert "or choose espeak" in note


def test_update_speaks_nothing_again(updated: Path, tmp_path: Path) -> None:
    """An update leaves what is published, also a post that is renamed."""
    daemon = _copied(updated, tmp_path)
    before = _sound(daemon, "post")
    with daemon:
        (daemon.inbox / "post.md").touch()
        daemon.ask("reload")
        daemon.wait_idle()
        assert daemon.history("post.md") == ["done"]
        daemon.drop("lexicon.yaml", "words: {unheard: of}\n")
        (daemon.inbox / "post.md").rename(daemon.inbox / "renamed.md")
        daemon.published("renamed", POST)
        daemon.wait_idle()
    assert _sound(daemon, "renamed") == before
    assert _voice(daemon, "renamed") == ("espeak", "en-us")


def test_update_keeps_espeaks_rate(updated: Path, tmp_path: Path) -> None:
    """With espeak configured, a renamed post keeps its rate, and an edited one gets today's."""
    shutil.copytree(updated, tmp_path, dirs_exist_ok=True)
    daemon = Daemon(tmp_path, speech={"engine": "espeak"}, engines={})
    before, length_s = _sound(daemon, "post"), daemon.manifest("post")["duration_s"]
    with daemon:
        (daemon.inbox / "post.md").rename(daemon.inbox / "renamed.md")
        daemon.published("renamed", POST)
        daemon.wait_idle()
        assert _sound(daemon, "renamed") == before
        edited = POST.replace("another", "a second")
        daemon.drop("renamed.md", edited)
        assert daemon.published("renamed", edited)["duration_s"] > 1.1 * length_s


def test_update_keeps_voice_of_german(tmp_path: Path, ask_without: Ask) -> None:
    """With German configured and no voice, a renamed post keeps the one that it was given once."""
    daemon = Daemon(tmp_path, reading={"language": "de"}, **NO_SPEECH)
    daemon.drop("post.md", POST)
    assert ask_without(daemon, "once", "--quiet", program=EARLIER).returncode == 0
    _forget_the_default(daemon)
    before = _sound(daemon, "post")
    (daemon.inbox / "post.md").rename(daemon.inbox / "renamed.md")
    assert daemon.ask("once", "--quiet").returncode == 0
    assert _voice(daemon, "renamed") == ("espeak", "en-us")
    assert _sound(daemon, "renamed") == before


def test_restored_ledger_keeps_default(updated: Path, tmp_path: Path) -> None:
    """A ledger that was lost with the update changes no voice either."""
    daemon = _copied(updated, tmp_path)
    before = _sound(daemon, "post")
    shutil.rmtree(daemon.home / "state")
    with daemon:
        (daemon.inbox / "post.md").rename(daemon.inbox / "renamed.md")
        daemon.published("renamed", POST)
    assert _sound(daemon, "renamed") == before


@pytest.mark.parametrize("change", ["edit", "refresh"])
def test_edit_or_refresh_changes_voice(updated: Path, tmp_path: Path, change: str) -> None:
    """A changed paragraph, or a refresh, has the whole post spoken in the new voice."""
    daemon = _copied(updated, tmp_path)
    edited = POST.replace("another", "a new one") if change == "edit" else POST
    with daemon:
        if change == "edit":
            daemon.drop("post.md", edited)
        else:
            assert daemon.ask("refresh", "post.md").returncode == 0
        wait(lambda: daemon.history("post.md") == ["superseded", "done"], lambda: daemon.log)
    assert _voice(daemon, "post") == ("pico", "")
    plan = json.loads((daemon.outbox / "post.json").read_text())["settings"]
    assert {each["engine"] for each in plan["speakers"].values()} == {"pico"}


def _copied(home: Path, folder: Path) -> Daemon:
    shutil.copytree(home, folder, dirs_exist_ok=True)
    return Daemon(folder, **NO_SPEECH)


def _forget_the_default(daemon: Daemon) -> None:
    """Take the defaults out of plan and manifest: the earlier version did not write them."""
    with closing(sqlite3.connect(daemon.home / "state/ledger.sqlite")) as db, db:
        ((job, stored),) = db.execute("SELECT job, plan FROM plans").fetchall()
        plan = json.loads(zlib.decompress(stored))
        assert plan["settings"].pop("default_engine") == "espeak"
        assert plan["settings"].pop("narrators_rate") is False
        assert plan["settings"].pop("voices_of_languages") is False
        for default in DEFAULTS:
            plan["plan"]["surroundings"]["settings"].pop(default)
        earlier = zlib.compress(json.dumps(plan).encode())
        db.execute("UPDATE plans SET plan = ? WHERE job = ?", (earlier, job))
    path = daemon.outbox / "post.json"
    manifest = json.loads(path.read_text())
    for default in DEFAULTS:
        manifest["settings"]["script"].pop(default)
    path.write_text(json.dumps(manifest))


def _voice(daemon: Daemon, stem: str) -> tuple[str, str]:
    manifest = daemon.manifest(stem)
    return manifest["engine"], manifest["voice"]


def _sound(daemon: Daemon, stem: str) -> bytes:
    return (daemon.outbox / f"{stem}.mp3").read_bytes()
