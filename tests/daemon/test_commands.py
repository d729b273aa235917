"""Every command, with a daemon running and without: what it does, what it prints, how it ends."""

import json
import resource
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import numpy
import pytest
import soundfile
from PIL import Image

from narrated.service.state_lock import holder
from support.daemon import Daemon, running, toy, wait

TEXT = "# Commands\n\nThe first line.\n\nThe second line.\n"


@pytest.fixture(scope="module")
def resting(tmp_path_factory: pytest.TempPathFactory) -> Daemon:
    """A state in which one post was narrated and one failed, and no daemon runs."""
    daemon = Daemon(tmp_path_factory.mktemp("resting"))
    daemon.drop("in/post.md", TEXT)
    daemon.drop("in/broken.md", "This will FAIL.")
    ended = daemon.ask("once")
    assert ended.returncode == 1
    assert "in/broken.md: The toy fails on demand. Take FAIL out." in ended.stderr
    assert "in/post.mp3" in ended.stdout
    return daemon


def test_single_pass_is_noted_finished(resting: Daemon) -> None:
    """After `narrated once` the status note says that it is finished, and what failed."""
    note = (resting.outbox / "narrated.status.txt").read_text()
    assert note.startswith("narrated: finished\n")
    assert "in/broken.md: The toy fails on demand." in note


def _narrated(daemon: Daemon, stem: str) -> int:
    daemon.drop(f"{stem}.md", TEXT.replace("Commands", stem))
    daemon.manifest(stem)
    return len(daemon.spoken)


def test_status_command(daemon: Daemon, resting: Daemon) -> None:
    """Status works with a daemon and without."""
    with_daemon = daemon.status()
    assert with_daemon["state"] in ("idle", "working", "waiting")
    assert with_daemon["workers"][0]["state"] == "ready"
    assert with_daemon["inbox"] == str(daemon.inbox)
    assert "worker engines is ready" in daemon.ask("status").stdout
    without = resting.status()
    assert without["state"] == "stopped"
    assert without["counts"] == {"done": 1, "failed": 1}
    assert "failed in/broken.md" in resting.ask("status").stdout
    assert with_daemon.keys() == without.keys()


def test_status_before_any_run(tmp_path: Path) -> None:
    """Status works before the first run."""
    assert Daemon(tmp_path).status()["state"] == "stopped"


def test_history_command(daemon: Daemon, resting: Daemon) -> None:
    """History lists every version of a file."""
    _narrated(daemon, "history/post")
    daemon.drop("history/post.md", "Changed.")
    daemon.published("history/post", "Changed.")
    wait(lambda: daemon.history("history/post.md") == ["superseded", "done"])
    told = daemon.ask("history", str(daemon.inbox / "history/post.md")).stdout
    assert [line.split()[3] for line in told.splitlines()] == ["superseded", "done"]
    assert "The toy fails on demand" in resting.ask("history", "in/broken.md").stdout
    for asked in (daemon, resting):
        unknown = asked.ask("history", "nothing.md")
        assert unknown.returncode == 1
        assert unknown.stderr.startswith("narrated: nothing.md is not known.")


def test_retry_command(daemon: Daemon) -> None:
    """Retry tries failed files again."""
    for name in ("one", "two"):
        daemon.drop(f"retry/{name}.md", f"The {name} will FAIL.")
        daemon.note(f"retry/{name}")
    assert daemon.ask("retry", "retry/one.md").stdout == "retry/one.md is tried again\n"
    wait(lambda: daemon.history("retry/one.md") == ["superseded", "failed"])
    assert set(daemon.ask("retry", "--failed").stdout.splitlines()) == {
        "retry/one.md is tried again",
        "retry/two.md is tried again",
    }
    wait(lambda: daemon.history("retry/two.md") == ["superseded", "failed"])
    for name in ("one", "two"):
        (daemon.inbox / f"retry/{name}.md").unlink()
    assert daemon.ask("retry").returncode == 2
    assert daemon.ask("retry", "--failed", "retry/one.md").returncode == 2


def test_retry_refuses_done_file(daemon: Daemon) -> None:
    """Retry refuses a file that is done."""
    _narrated(daemon, "done/post")
    refused = daemon.ask("retry", "done/post.md")
    assert refused.returncode == 1
    assert "narrated respeak" in refused.stderr


def test_respeak_command(daemon: Daemon) -> None:
    """Respeak speaks another take of a file or of one line."""
    before = _narrated(daemon, "respeak/post")
    assert daemon.ask("respeak", "respeak/post.md").stdout == "respeak/post.md is spoken again\n"
    wait(lambda: daemon.history("respeak/post.md") == ["superseded", "done"])
    assert len(daemon.spoken) == before + 3
    block = daemon.manifest("respeak/post")["blocks"][2]
    at = f"0:{block['start_s'] + 0.01:05.2f}"
    daemon.ask("respeak", "respeak/post.md", "--at", at)
    wait(lambda: daemon.history("respeak/post.md") == ["superseded", "superseded", "done"])
    assert daemon.spoken[before + 3 :] == ["The second line."]
    assert daemon.ask("respeak", "respeak/post.md", "--at", "9:00:00").returncode == 1
    assert daemon.ask("respeak", "respeak/post.md", "--at", "soon").returncode == 2
    assert daemon.ask("respeak", "respeak/none.md").returncode == 1


def test_chosen_take_is_kept(daemon: Daemon) -> None:
    """Later versions keep a chosen take."""
    _narrated(daemon, "chosen/post")
    daemon.ask("respeak", "chosen/post.md")
    wait(lambda: daemon.history("chosen/post.md") == ["superseded", "done"])
    before = len(daemon.spoken)
    longer = TEXT.replace("Commands", "chosen/post") + "\nA third line.\n"
    daemon.drop("chosen/post.md", longer)
    daemon.published("chosen/post", longer)
    assert daemon.spoken[before:] == ["A third line."]


def test_refresh_command(daemon: Daemon) -> None:
    """Refresh narrates a file or folder again, and speaks nothing again."""
    before = _narrated(daemon, "refresh/a/one")
    told = daemon.ask("refresh", "refresh/a")
    assert told.stdout == "refresh/a/one.md is narrated again\n"
    wait(lambda: daemon.history("refresh/a/one.md") == ["superseded", "done"])
    assert len(daemon.spoken) == before
    assert daemon.ask("refresh", "refresh/none").returncode == 1


def test_cancel_then_retry(tmp_path: Path) -> None:
    """Cancel stops a file, and retry takes it up again."""
    lines = 50
    with running(tmp_path, **toy(tmp_path, delay_s=0.1, rows=1)) as daemon:
        daemon.drop("post.md", "\n\n".join(f"Line {n}." for n in range(lines)))
        wait(lambda: len(daemon.spoken) > 2)
        assert daemon.ask("cancel", "post.md").stdout == "post.md is cancelled\n"
        daemon.wait_idle()
        wait(lambda: daemon.history("post.md") == ["removed"])
        assert daemon.files == set()
        assert daemon.ask("cancel", "post.md").returncode == 1
        daemon.ask("retry", "post.md")
        daemon.manifest("post")
        assert len(daemon.spoken) <= 1 + lines + 1  # the title, and perhaps one that was in flight


def test_commands_without_daemon(resting: Daemon) -> None:
    """Commands without a daemon take effect at its next start."""
    before = len(resting.spoken)
    told = resting.ask("respeak", "in/post.md")
    assert told.stdout == "in/post.md is spoken again when the daemon starts\n"
    assert "queued" in resting.ask("status").stdout
    assert resting.ask("retry", "--failed").returncode == 0
    assert resting.ask("cancel", "in/broken.md").returncode == 0
    assert resting.ask("once", "--quiet").returncode == 0
    assert len(resting.spoken) == before + 3
    assert resting.history("in/post.md") == ["superseded", "done"]
    assert resting.history("in/broken.md") == ["superseded", "removed"]


@pytest.mark.parametrize("inside", [True, False], ids=["in the inbox", "anywhere"])
def test_script_command(resting: Daemon, tmp_path: Path, inside: bool) -> None:
    """Script prints the script of a file, and speaks nothing."""
    before = len(resting.spoken)
    path = (resting.inbox if inside else tmp_path) / "unsaid.md"
    path.write_text("# Read\n\nSay this, [linked](https://example.org).\n\n![](cat.png)\n")
    printed = resting.ask("script", str(path))
    plan = json.loads(resting.ask("script", "--json", str(path)).stdout)
    path.unlink()
    assert printed.returncode == 0, printed.stderr
    assert "Say this, linked." in printed.stdout
    assert [chunk["text"] for chunk in plan["chunks"]][:2] == ["Read", "Say this, linked."]
    missing = "cat.png is not in the inbox" if inside else "cat.png"
    assert missing in printed.stdout
    assert len(resting.spoken) == before
    assert resting.ask("script", str(path)).returncode == 2


def test_say_command(daemon: Daemon, resting: Daemon, tmp_path: Path) -> None:
    """Say speaks into a file of the format that its suffix names."""
    for name, asked in {"with.wav": daemon, "without.flac": resting}.items():
        output = tmp_path / name
        said = asked.ask("say", "Say this once.", "--output", str(output))
        assert said.returncode == 0, said.stderr
        samples, rate = soundfile.read(output)
        assert len(samples) / rate > 0.05
        assert numpy.abs(samples).max() > 0.1
    refused = daemon.ask("say", "Say this.", "--output", str(tmp_path / "said.doc"))
    assert refused.returncode == 1
    assert ".mp3" in refused.stderr
    assert daemon.ask("say", "Say this.", "--voice", "none", "-o", "x.wav").returncode == 1


def test_say_speaks_only_the_text(daemon: Daemon, tmp_path: Path) -> None:
    """Say speaks the text, and nothing else."""
    spoken = len(daemon.spoken)
    daemon.ask("say", "Only this is said.", "-o", str(tmp_path / "said.wav"))
    assert daemon.spoken[spoken:] == ["Only this is said."]
    empty = daemon.ask("say", " ", "-o", str(tmp_path / "said.wav"))
    assert empty.returncode == 1
    assert "nothing to say" in empty.stderr


def test_say_with_too_small_a_cache(tmp_path: Path) -> None:
    """Say ends, and says why it fails, where the cache keeps nothing of what it speaks."""
    resting = Daemon(tmp_path, cache_limit="1k")
    said = resting.ask("say", "Say this once.", "-o", str(tmp_path / "said.wav"))
    # On a busy machine it may have read the take before the cache deletes it.
    assert said.returncode == 0 or "cache_limit" in said.stderr
    assert said.returncode in (0, 5)
    assert len(resting.spoken) <= 3


def test_once_answers_commands(tmp_path: Path) -> None:
    """`narrated once` answers commands."""
    daemon = Daemon(tmp_path)
    daemon.configure(**toy(tmp_path, delay_s=0.2, rows=1))
    daemon.drop("book.md", "\n\n".join(f"Paragraph {n}." for n in range(60)))
    one_pass = daemon.launch("once", "--quiet")
    wait(lambda: daemon.spoken)
    assert "book.md" in daemon.ask("status").stdout
    one_pass.send_signal(signal.SIGINT)
    assert one_pass.wait(60) == 1


def test_once_without_inbox(tmp_path: Path) -> None:
    """`narrated once` fails without an inbox."""
    daemon = Daemon(tmp_path)
    daemon.inbox.rmdir()
    done = daemon.ask("once", "--quiet")
    assert done.returncode == 1
    assert "missing" in done.stderr


def test_describe_command(daemon: Daemon, resting: Daemon, tmp_path: Path) -> None:
    """Describe prints a caption of a picture."""
    path = tmp_path / "photo.png"
    Image.new("RGB", (64, 48), "red").save(path)
    told = {asked.ask("describe", str(path)).stdout for asked in (daemon, resting)}
    assert len(told) == 1
    assert "red" in told.pop()
    (tmp_path / "no.png").write_bytes(b"not a picture")
    assert daemon.ask("describe", str(tmp_path / "no.png")).returncode == 1


def test_exit_codes(tmp_path: Path) -> None:
    """Exit codes distinguish usage, configuration and storage."""
    daemon = Daemon(tmp_path)
    assert daemon.ask("frobnicate").returncode == 2
    daemon.config.write_text("inbox: inbox\n")
    assert daemon.ask("run").returncode == 3
    (tmp_path / "taken").write_text("no folder")
    daemon.configure(state="taken/state")
    refused = daemon.ask("once")
    assert refused.returncode == 5, refused.stderr
    assert "state" in refused.stderr
    assert "Traceback" not in refused.stderr


def _imported(*arguments: str) -> tuple[str, set[str]]:
    """Run `narrated`; return its output, and the modules that it has imported."""
    program = f"import runpy, sys; sys.argv = {['narrated', *arguments]!r}\n"
    program += "try: runpy.run_module('narrated.cli', run_name='__main__')\n"
    program += "except SystemExit: pass\n"
    program += "print(*sys.modules)"
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    *output, modules = ended.stdout.splitlines()
    return "\n".join(output), set(modules.split())


def test_help_starts_fast() -> None:
    """Help imports no module that takes long to load."""
    output, modules = _imported("--help")
    assert "Exit codes" in output
    slow = {"asyncio", "av", "huggingface_hub", "msgspec", "numpy", "rich", "soundfile", "torch"}
    assert slow & modules == set()


def test_asking_imports_little(daemon: Daemon) -> None:
    """A command that asks the daemon imports nothing that only works without one."""
    _narrated(daemon, "light/post")
    for arguments in (("status",), ("history", "light/post.md")):
        output, modules = _imported("--config", str(daemon.config), *arguments)
        assert "done" in output
        assert "narrated.terminal.daemon_client" in modules
        heavy = {"av", "huggingface_hub", "numpy", "PIL", "rich", "soundfile", "sqlite3", "torch"}
        local = {"narrated.service.app", "narrated.terminal.without_daemon"}
        assert (heavy | local) & modules == set()


def test_silent_clients_stop_no_work(tmp_path: Path) -> None:
    """More silent connections than the daemon has descriptors stop neither posts nor commands."""
    with running(tmp_path) as daemon:
        assert daemon.process is not None
        resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (256, 256))
        first = holder(tmp_path / "state")
        assert first is not None
        with ExitStack() as stack:
            for _ in range(300):
                line = stack.enter_context(socket.socket(socket.AF_UNIX))
                line.connect(first.socket)
            daemon.drop("post.md", TEXT)
            daemon.published("post", TEXT)
            assert daemon.status()["counts"] == {"done": 1}
