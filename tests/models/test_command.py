"""`narrated models`, as typed: real processes, real signals, and a hub on loopback."""

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from models.puller import MODEL, NAME, WANTED, WEIGHTS
from narrated.config import file as configuration
from support.daemon import wait
from support.forked import Fork
from support.hub import LoopbackHub

SIZE = len(MODEL[WEIGHTS])
LIBRARIES = ("httpx2", "filelock", "tqdm.auto", "yaml")
"""What the hub's library imports; the library itself reads the environment when it is imported."""


@dataclass
class ModelsCommand:
    """`narrated models` on a configuration whose hub is the one on loopback."""

    home: Path
    hub: LoopbackHub

    def __post_init__(self) -> None:
        self.models = self.home / "state/models"
        self.configure()

    def configure(self, lines: str = "") -> None:
        """Write a configuration with these lines."""
        text = f"inbox: in\noutbox: out\nstate: state\ncache: cache\n{lines}"
        (self.home / "narrated.yaml").write_text(text)

    @property
    def environ(self) -> dict[str, str]:
        package = str(Path(configuration.__file__).parents[2])
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "PYTHONPATH": package,
            "HF_ENDPOINT": self.hub.endpoint,
            "NARRATED_CONFIG": str(self.home / "narrated.yaml"),
        }

    def start(self, *arguments: str, stderr: int = -1) -> Fork:
        """Start `narrated models …`, its output thrown away but for a file of what it says."""
        with Path(os.devnull).open("wb") as nowhere:
            output = nowhere.fileno()
            return Fork(
                ["models", *arguments],
                self.environ,
                output,
                output if stderr == -1 else stderr,
                imports=LIBRARIES,
            )

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run `narrated models …` to its end."""
        with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as error:
            fork = Fork(
                ["models", *arguments],
                {**self.environ, **environ},
                output.fileno(),
                error.fileno(),
                imports=LIBRARIES,
            )
            code = fork.wait(60)
            output.seek(0)
            error.seek(0)
            return subprocess.CompletedProcess(arguments, code, output.read(), error.read())

    def run_apart(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run it in a process of its own, in which nothing is imported yet."""
        return subprocess.run(
            [sys.executable, "-m", "narrated.cli.main", "models", *arguments],
            env={**self.environ, **environ},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def part_bytes(self, name: str) -> int:
        """The bytes of a file that are there before the whole model is."""
        parts = (self.models / ".pulling" / NAME).glob(f"{name}.*")
        return sum(part.stat().st_size for part in parts)

    def listed(self, name: str) -> dict[str, Any]:
        """A model's row of `list --json`."""
        rows = json.loads(self.run("list", "--json").stdout)
        return next(dict(row) for row in rows if name in (row["name"], row["repository"]))


@pytest.fixture
def cli(tmp_path: Path, hub: LoopbackHub) -> ModelsCommand:
    """The command on a home that has no models yet."""
    return ModelsCommand(tmp_path, hub)


def test_pull_list_verify_remove(cli: ModelsCommand) -> None:
    """Pull, list, verify and remove agree about a model."""
    assert cli.listed("bark-small")["state"] == "not pulled"
    pulled = cli.run("pull", "bark-small")
    assert pulled.returncode == 0, pulled.stderr
    (commit,) = cli.hub.repositories[NAME].commits
    assert f"{NAME} at {commit[:8]}: {len(WANTED)} files, 400 kB" in pulled.stderr
    assert "Later pulls keep this commit" in pulled.stdout
    assert "speech: {engine: bark-small, voice: v2/en_speaker_6}" in pulled.stdout
    row = cli.listed(NAME)
    assert (row["state"], row["commit"], row["licence"]) == ("pulled", commit, "MIT")
    assert row["bytes"] == sum(len(MODEL[name]) for name in WANTED)
    table = cli.run("list").stdout
    assert "bark-small speech pulled 400 kB ~" in " ".join(table.split())
    assert cli.run("verify").stdout == (
        f"ok    {NAME} at {commit[:8]}: {len(WANTED)} files, 400 kB, as pulled\n"
    )
    assert cli.run("remove", "bark-small").stdout == f"{NAME} is removed.\n"
    assert cli.listed("bark-small")["state"] == "not pulled"
    assert cli.run("verify").stdout == f"There are no models in {cli.models}.\n"


def test_contacts_only_the_hub(cli: ModelsCommand) -> None:
    """A pull contacts only the hub, and leaves nothing else in the home."""
    cli.run("pull", "bark-small")
    assert {path.split("/")[1] for path in cli.hub.asked} == {"api", "suno", "store"}
    assert [path for path in cli.hub.asked if path.startswith("/api")] == [
        f"/api/models/{NAME}/revision/main"
    ]
    assert {path.name for path in cli.home.iterdir()} == {"narrated.yaml", "state"}


def test_killed_pull_resumes(cli: ModelsCommand) -> None:
    """A pull resumes where a killed one stopped."""
    cli.hub.stalls[WEIGHTS] = 200_000
    process = cli.start("pull", "bark-small")
    assert cli.hub.stalled.wait(60)
    wait(lambda: cli.part_bytes(WEIGHTS) == cli.hub.sent[WEIGHTS])
    process.kill()
    process.wait()
    assert not (cli.models / NAME).exists()
    kept = cli.part_bytes(WEIGHTS)
    assert kept == cli.hub.sent[WEIGHTS] > 200_000
    cli.hub.stalls.clear()
    cli.hub.release.set()
    cli.hub.sent.clear()
    again = cli.run("pull", "bark-small")
    assert again.returncode == 0, again.stderr
    assert "of them from before" in again.stderr
    assert cli.hub.sent[WEIGHTS] == SIZE - kept
    assert (cli.models / NAME / WEIGHTS).read_bytes() == MODEL[WEIGHTS]
    assert [each.name for each in (cli.models / ".pulling").iterdir()] == ["lock"]


def test_progress_on_a_terminal(cli: ModelsCommand) -> None:
    """Progress is drawn on a terminal only, and not with --quiet."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "narrated.cli.main", "models", "pull", "bark-small"],
        env={**cli.environ, "TERM": "xterm", "COLUMNS": "100"},
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    drawn = b""
    with contextlib.suppress(OSError):  # what the end of a terminal looks like on Linux
        while piece := os.read(ours, 4096):
            drawn += piece
    os.close(ours)
    assert process.wait(60) == 0
    assert b"400.1/400.1 kB" in drawn
    cli.run("remove", "bark-small")
    assert cli.run("pull", "--quiet", "bark-small").stderr == ""


def test_ctrl_c_then_resume(cli: ModelsCommand) -> None:
    """Ctrl-C stops a pull, and the next one resumes."""
    cli.hub.stalls[WEIGHTS] = 200_000
    with tempfile.TemporaryFile("w+") as said:
        process = cli.start("pull", "bark-small", stderr=said.fileno())
        assert cli.hub.stalled.wait(60)
        wait(lambda: cli.part_bytes(WEIGHTS) == cli.hub.sent[WEIGHTS])
        process.send_signal(signal.SIGINT)
        cli.hub.release.set()
        assert process.wait(60) == 128 + signal.SIGINT
        said.seek(0)
        stderr = said.read()
    assert stderr.endswith("narrated: stopped; run the same command again to continue\n")
    assert "Traceback" not in stderr
    cli.hub.stalls.clear()
    assert cli.run("pull", "bark-small").returncode == 0
    assert cli.hub.sent[WEIGHTS] == SIZE


def test_verify_names_the_repair(cli: ModelsCommand) -> None:
    """Verify finds a changed file, and its command repairs it."""
    cli.run("pull", "bark-small")
    weights = cli.models / NAME / WEIGHTS
    weights.write_bytes(b"\0" * SIZE)
    found = cli.run("verify", "bark-small")
    assert found.returncode == 1
    assert f"changed: {WEIGHTS}: the content differs from what was pulled" in found.stdout
    command = found.stdout.rstrip().rpartition("Repair it: narrated models ")[2]
    mended = cli.run(*command.split())
    assert "repaired, 1 file fetched" in mended.stdout
    assert weights.read_bytes() == MODEL[WEIGHTS]
    assert cli.run("verify", "bark-small").returncode == 0


def test_lock_until_update(cli: ModelsCommand) -> None:
    """A pull keeps the locked commit until --update."""
    cli.run("pull", "bark-small")
    first = cli.listed(NAME)["commit"]
    newer = cli.hub.commit(NAME, MODEL | {"vocab.txt": b"new"})
    assert "complete, nothing to fetch" in cli.run("pull", "bark-small").stdout
    assert cli.listed(NAME)["commit"] == first
    assert f"updated from {first[:8]}" in cli.run("pull", "--update", "bark-small").stdout
    assert cli.listed(NAME)["commit"] == newer


def test_pull_configured_models(cli: ModelsCommand) -> None:
    """A pull without names fetches the configured models."""
    assert "uses no models" in cli.run("pull").stdout
    cli.configure("engines: {mine: {module: m, options: {model: suno/bark-small}}}\n")
    pulled = cli.run("pull")
    assert pulled.returncode == 0, pulled.stderr
    assert "Use it in narrated.yaml" not in pulled.stdout, "it is used already"
    assert cli.listed(NAME)["used_by"] == ["engines: mine"]
    refused = cli.run("remove", "bark-small")
    assert refused.returncode == 1
    assert f"`engines: mine` of {cli.home}/narrated.yaml" in refused.stderr
    assert (cli.models / NAME / WEIGHTS).exists()
    assert cli.run("remove", "--force", "bark-small").returncode == 0


def test_offline_mode(cli: ModelsCommand) -> None:
    """Offline mode asks nothing of the hub, and the message names the way out."""
    refused = cli.run("pull", "bark-small", HF_HUB_OFFLINE="1")
    assert refused.returncode == 1
    assert "forbids downloads" in refused.stderr
    assert f"env -u HF_HUB_OFFLINE -u TRANSFORMERS_OFFLINE narrated models pull {NAME}" in (
        refused.stderr
    )
    assert cli.hub.asked == []
    cli.run("pull", "bark-small")
    assert cli.run("pull", "bark-small", HF_HUB_OFFLINE="1").returncode == 0, "nothing to fetch"


def test_missing_hub_library(cli: ModelsCommand, tmp_path: Path) -> None:
    """Without the hub's library, the message names the command that installs it."""
    (tmp_path / "huggingface_hub.py").write_text("raise ImportError('not here')")
    path = os.pathsep.join([str(tmp_path), cli.environ["PYTHONPATH"]])
    refused = cli.run_apart("pull", "bark-small", PYTHONPATH=path)
    assert refused.returncode == 1
    assert "pip install 'narrated[models]'" in refused.stderr
    for command in (("list",), ("verify",)):
        assert cli.run_apart(*command, PYTHONPATH=path).returncode == 0


def test_default_model_folder(
    cli: ModelsCommand,
) -> None:
    """Without a configuration, models go to the default folder."""
    environ = {"STATE_DIRECTORY": str(cli.home / "default"), "NARRATED_CONFIG": ""}
    assert cli.run("pull", "bark-small", **environ).returncode == 0
    assert (cli.home / "default/models" / NAME / WEIGHTS).is_file()


def test_similar_name_suggested(cli: ModelsCommand) -> None:
    """For an unknown name, a similar one is suggested."""
    refused = cli.run("pull", "bark-smal")
    assert refused.returncode == 1
    assert "Did you mean `bark-small`?" in refused.stderr


def test_hub_text_is_escaped(cli: ModelsCommand) -> None:
    """Text from a hub cannot forge lines of output."""
    cli.hub.repositories[NAME].licence = "mit\x1b[31m\nok"
    assert "\x1b" not in cli.run("pull", "bark-small").stdout
    assert "\x1b" not in cli.run("list").stdout


def test_many_wrong_files(cli: ModelsCommand) -> None:
    """Wrong files beyond the printed ones are counted."""
    voices = {f"speaker_embeddings/{number}.npy": b"v" for number in range(20)}
    cli.hub.commit(NAME, MODEL | voices)
    cli.run("pull", "bark-small")
    for path in (cli.models / NAME / "speaker_embeddings").glob("*.npy"):
        path.unlink()
    found = cli.run("verify").stdout
    assert f"20 of {len(WANTED) + 20} files not as pulled" in found
    assert "and 12 more" in found


def test_verify_unpulled_models(cli: ModelsCommand) -> None:
    """Verify reports models that were never pulled."""
    missing = cli.run("verify", "bark")
    assert missing.returncode == 1
    assert "narrated models pull suno/bark" in missing.stdout
    (cli.models / "somebody/model").mkdir(parents=True)
    (cli.models / "somebody/model/config.json").touch()
    assert "the lockfile has no hashes of it" in cli.run("verify").stdout
    assert cli.listed("somebody/model")["state"] == "not locked"
