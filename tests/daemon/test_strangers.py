"""Commands of an account that may not look into the daemon's state."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy
import pytest
import soundfile
from PIL import Image

from narrated.service.state_lock import holder
from support.daemon import PATIENCE_S, Daemon
from support.every_command import command_name, invocations
from support.forked import Fork

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act for another account")

NOBODY, DAEMONS_GROUP = 65534, 1
DEADEND = "http://127.0.0.1:9"
"""Nothing listens there."""

ELSEWHERE = {
    "completion bash": 0,
    "completion fish": 0,
    "completion zsh": 0,
    "config check": 0,
    "config init": 3,  # it is there already; --print works
    "audition": 5,  # the folder is not theirs
    "bridge ray": 1,  # it has no socket
    "config show": 0,
    "describe": 0,
    "doctor": 1,  # the outbox is not theirs
    "engines install": 1,
    "engines list": 5,
    "help": 0,
    "install": 0,
    "lexicon add": 5,  # the folder is not theirs
    "lexicon suggest": 0,
    "podcast check": 3,  # there is no `podcast:` in the configuration
    "run": 5,
    "once": 5,
    "read": 5,  # the folder is not theirs
    "say": 5,  # the folder is not theirs
    "script": 0,
    "voices add": 5,
    "voices audition": 5,
    "voices list": 0,
    "worker": 3,  # it speaks with a daemon, which is not there
}
"""Commands that need nothing of the state, or more than to look, and their exit codes."""
EITHER = {"estimate", "ignored"}
"""Commands that may answer without the state, or not."""
REAL = (("install",), ("engines", "install", "tortoise"))
"""What would change the machine, if it were not a stranger's."""


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    """A home that all may enter, with a state that only its owner and a group may; no daemon."""
    with tempfile.TemporaryDirectory() as folder:
        yield _home(Path(folder))


@pytest.fixture(scope="module")
def served() -> Iterator[Daemon]:
    """The same with a running daemon."""
    with tempfile.TemporaryDirectory() as folder, _home(Path(folder)) as daemon:
        yield daemon


def _home(home: Path) -> Daemon:
    home.chmod(0o755)
    daemon = Daemon(home, speech={"engine": "espeak"}, engines={})
    with daemon:
        daemon.drop("post.md", "Words.\n")
        daemon.published("post", "Words.\n")
    Image.new("RGB", (64, 48), "red").save(home / "photo.png")
    _record_clips(home / "clips")
    return daemon


def _record_clips(folder: Path) -> None:
    folder.mkdir()
    for seed in range(3):
        noise = numpy.random.default_rng(seed).normal(0, 0.1, 10 * 22_050)
        soundfile.write(folder / f"{seed}.wav", noise, 22_050)


class Answer:
    """What a stranger's command printed, and how it ended."""

    def __init__(self, daemon: Daemon, command: Sequence[str], groups: Sequence[int] = ()) -> None:
        arguments = ["--config", str(daemon.config), *command]
        env = {**os.environ, "HOME": "/nonexistent", "HF_ENDPOINT": DEADEND}
        account = (NOBODY, NOBODY, *groups)
        with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as error:
            with pytest.MonkeyPatch.context() as patch:
                patch.chdir(daemon.home)
                streams = (output.fileno(), error.fileno())
                fork = Fork(arguments, env, *streams, account=account)
            self.code = fork.wait(PATIENCE_S)
            output.seek(0)
            error.seek(0)
            self.output, self.error = output.read(), error.read()


def _share(daemon: Daemon, mode: int) -> None:
    state = daemon.home / "state"
    os.chown(state, 0, DAEMONS_GROUP)
    state.chmod(mode)


@pytest.mark.parametrize("command", [*invocations(), *REAL], ids=" ".join)
@pytest.mark.parametrize("home", ["daemon", "served"])
def test_stranger_runs_each_command(
    request: pytest.FixtureRequest, home: str, command: tuple[str, ...]
) -> None:
    """Whoever is not in the state's group is told to join it, by each command that needs it.

    No command shows a traceback, and none tells them to change the rights of the state.
    """
    daemon: Daemon = request.getfixturevalue(home)
    _share(daemon, 0o750)
    answer, name = Answer(daemon, command), command_name(command)
    assert "Traceback" not in answer.error, answer.error
    assert "chmod" not in answer.error + answer.output
    if command in REAL:
        assert answer.code != 0
        assert "sudo" in answer.error
    elif name in ELSEWHERE:
        expected = 0 if "--print" in command else ELSEWHERE[name]
        assert answer.code == expected, answer.error
    elif name in EITHER:
        assert answer.code in (0, 1), answer.error
    else:
        assert (answer.code, answer.output) == (1, ""), answer.error
        assert "Only the group daemon may use" in answer.error
        assert "Join it and log in again: sudo usermod -aG daemon nobody" in answer.error


def test_doctor_tells_whom_to_ask(daemon: Daemon) -> None:
    """The doctor of a stranger names who owns a closed folder, or the group that may use it."""
    os.chown(daemon.outbox, 0, DAEMONS_GROUP)
    daemon.outbox.chmod(0o755)
    owned = Answer(daemon, ("doctor",)).output
    assert f"nobody cannot write to {daemon.outbox}" in owned
    assert "It belongs to root: ask as root: sudo narrated doctor" in owned
    daemon.outbox.chmod(0o2775)
    shared = Answer(daemon, ("doctor",)).output
    assert (
        "The group daemon may. Join it and log in again: sudo usermod -aG daemon nobody" in shared
    )
    assert "outbox: nobody cannot" not in Answer(daemon, ("doctor",), groups=[DAEMONS_GROUP]).output
    daemon.outbox.chmod(0o755)
    daemon.inbox.chmod(0o700)
    closed = Answer(daemon, ("doctor",)).output
    daemon.inbox.chmod(0o755)
    assert f"nobody cannot read or enter {daemon.inbox}" in closed
    assert "chmod" not in owned + shared + closed


def test_stranger_is_told_where_to_write(daemon: Daemon) -> None:
    """A command that would write into a folder of others names the option for another one."""
    _share(daemon, 0o750)
    for command in (("say", "Words."), ("voices", "audition", "en-us", "-o", "heard")):
        assert "--output" in Answer(daemon, command).error


def test_stranger_is_told_the_account(daemon: Daemon) -> None:
    """Where no group may look, they are told to ask as the daemon's account."""
    _share(daemon, 0o700)
    refused = Answer(daemon, ("status",))
    assert "Only the account root may use" in refused.error
    assert "Ask as that account: sudo narrated" in refused.error


def test_member_is_told_to_start_it(daemon: Daemon) -> None:
    """The group sees what a daemon answers; without one, its ledger is the account's alone."""
    _share(daemon, 0o750)
    os.chown(daemon.home / "state/lock", 0, DAEMONS_GROUP)
    refused = Answer(daemon, ("status",), groups=[DAEMONS_GROUP])
    assert "No daemon runs that could answer." in refused.error
    assert "systemctl start narrated" in refused.error


def test_closed_lock_is_told(served: Daemon) -> None:
    """If only the folder was opened to the group, no member is told that no daemon runs."""
    _share(served, 0o750)
    lock = served.home / "state/lock"
    lock.chmod(0o600)
    for command in (("status",), ("reload",), ("pause",)):
        refused = Answer(served, command, groups=[DAEMONS_GROUP])
        assert f"only the account root may read {lock}." in refused.error
        assert "It may not be seen whether a daemon runs" in refused.error
        assert "Ask as root: sudo narrated" in refused.error
        assert "No daemon runs" not in refused.error
    lock.chmod(0o640)
    shared = Answer(served, ("status",), groups=[DAEMONS_GROUP])
    assert "only the account root may read" in shared.error


def test_stranger_runs_nothing(daemon: Daemon) -> None:
    """They cannot run a daemon on that state either, and are not told to change its rights."""
    _share(daemon, 0o700)
    refused = Answer(daemon, ("run",))
    assert refused.code == 5
    assert "Only the account root may use" in refused.error
    assert "Traceback" not in refused.error


def test_member_has_the_daemon_speak(served: Daemon) -> None:
    """A member of the group reads their own closed file into their own folder, by the daemon."""
    _share(served, 0o750)
    lock = served.home / "state/lock"
    holding = holder(served.home / "state")
    assert holding is not None
    for shared in (lock, Path(holding.socket)):
        os.chown(shared, 0, DAEMONS_GROUP)
        shared.chmod(0o660)
    with tempfile.TemporaryDirectory() as folder:
        post = Path(folder, "post.md")
        post.write_text("Words of my own.\n")
        for own in (post.parent, post):
            os.chown(own, NOBODY, NOBODY)
        post.chmod(0o400)
        read = ("read", str(post), "-o", f"{folder}/post.mp3")
        served.ask("pause")
        assert "No engine is asked" in Answer(served, read, groups=[DAEMONS_GROUP]).error
        served.ask("resume")
        answer = Answer(served, read, groups=[DAEMONS_GROUP])
        assert answer.code == 0, answer.error
        assert Path(folder, "post.mp3").stat().st_uid == NOBODY
