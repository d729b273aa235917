"""`narrated models`, as typed: real processes, real signals, and a hub on loopback."""

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from models.puller import MODEL, NAME, WANTED, WEIGHTS
from narrated.config import file as configuration
from support.daemon import wait
from support.hub import LoopbackHub

SIZE = len(MODEL[WEIGHTS])


@dataclass
class Box:
    """A home with a configuration, whose hub is the one on loopback."""

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

    def start(self, *arguments: str, **environ: str) -> subprocess.Popen[str]:
        """Start `narrated models …`."""
        return subprocess.Popen(
            [sys.executable, "-m", "narrated.cli.main", "models", *arguments],
            env={**self.environ, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run `narrated models …` to its end."""
        process = self.start(*arguments, **environ)
        stdout, stderr = process.communicate(timeout=60)
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    def part_bytes(self, name: str) -> int:
        """How much of a file is there before the whole model is."""
        parts = (self.models / ".pulling" / NAME).glob(f"{name}.*")
        return sum(part.stat().st_size for part in parts)

    def listed(self, name: str) -> dict[str, Any]:
        """A model's row of `list --json`."""
        rows = json.loads(self.run("list", "--json").stdout)
        return next(dict(row) for row in rows if name in (row["name"], row["repository"]))


@pytest.fixture
def box(tmp_path: Path, hub: LoopbackHub) -> Box:
    """A box that has no models yet."""
    return Box(tmp_path, hub)


def test_pull_list_verify_remove(box: Box) -> None:
    """Pull, list, verify and remove agree about a model."""
    assert box.listed("bark-small")["state"] == "not pulled"
    pulled = box.run("pull", "bark-small")
    assert pulled.returncode == 0, pulled.stderr
    (commit,) = box.hub.repositories[NAME].commits
    assert f"{NAME} at {commit[:8]}: {len(WANTED)} files, 400 kB" in pulled.stderr
    assert "Later pulls keep this commit" in pulled.stdout
    assert "speech: {engine: bark-small, voice: v2/en_speaker_6}" in pulled.stdout
    row = box.listed(NAME)
    assert (row["state"], row["commit"], row["licence"]) == ("pulled", commit, "MIT")
    assert row["bytes"] == sum(len(MODEL[name]) for name in WANTED)
    table = box.run("list").stdout
    assert f"bark-small       speech   pulled      400 kB  {commit[:8]}  MIT" in table
    assert box.run("verify").stdout == (
        f"ok    {NAME} at {commit[:8]}: {len(WANTED)} files, 400 kB, as pulled\n"
    )
    assert box.run("remove", "bark-small").stdout == f"{NAME} is removed.\n"
    assert box.listed("bark-small")["state"] == "not pulled"
    assert box.run("verify").stdout == f"There are no models in {box.models}.\n"


def test_contacts_only_the_hub(box: Box) -> None:
    """A pull contacts only the hub, and leaves nothing else in the home."""
    box.run("pull", "bark-small")
    assert {path.split("/")[1] for path in box.hub.asked} == {"api", "suno", "store"}
    assert [path for path in box.hub.asked if path.startswith("/api")] == [
        f"/api/models/{NAME}/revision/main"
    ]
    assert {path.name for path in box.home.iterdir()} == {"narrated.yaml", "state"}


def test_killed_pull_resumes(box: Box) -> None:
    """A pull resumes where a killed one stopped."""
    box.hub.stalls[WEIGHTS] = 200_000
    process = box.start("pull", "bark-small")
    assert box.hub.stalled.wait(30)
    wait(lambda: box.part_bytes(WEIGHTS) == box.hub.sent[WEIGHTS])
    process.kill()
    process.communicate()
    assert not (box.models / NAME).exists()
    kept = box.part_bytes(WEIGHTS)
    assert kept == box.hub.sent[WEIGHTS] > 200_000
    box.hub.stalls.clear()
    box.hub.release.set()
    box.hub.sent.clear()
    again = box.run("pull", "bark-small")
    assert again.returncode == 0, again.stderr
    assert "of them from before" in again.stderr
    assert box.hub.sent[WEIGHTS] == SIZE - kept
    assert (box.models / NAME / WEIGHTS).read_bytes() == MODEL[WEIGHTS]
    assert [each.name for each in (box.models / ".pulling").iterdir()] == ["lock"]


def test_progress_on_a_terminal(box: Box) -> None:
    """Progress is drawn on a terminal only, and not with --quiet."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "narrated.cli.main", "models", "pull", "bark-small"],
        env={**box.environ, "TERM": "xterm", "COLUMNS": "100"},
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    drawn = b""
    with contextlib.suppress(OSError):  # what the end of a terminal looks like on Linux
        while piece := os.read(ours, 4096):
            drawn += piece
    os.close(ours)
    assert process.wait(30) == 0
    assert b"400.1/400.1 kB" in drawn
    box.run("remove", "bark-small")
    assert box.run("pull", "--quiet", "bark-small").stderr == ""


def test_ctrl_c_then_resume(box: Box) -> None:
    """Ctrl-C stops a pull, and the next one resumes."""
    box.hub.stalls[WEIGHTS] = 200_000
    process = box.start("pull", "bark-small")
    assert box.hub.stalled.wait(30)
    wait(lambda: box.part_bytes(WEIGHTS) == box.hub.sent[WEIGHTS])
    process.send_signal(signal.SIGINT)
    box.hub.release.set()
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 1
    assert stderr.endswith("narrated: stopped; run the same command again to continue\n")
    assert "Traceback" not in stderr
    box.hub.stalls.clear()
    assert box.run("pull", "bark-small").returncode == 0
    assert box.hub.sent[WEIGHTS] == SIZE


def test_verify_names_the_repair(box: Box) -> None:
    """Verify finds a changed file, and its command repairs it."""
    box.run("pull", "bark-small")
    weights = box.models / NAME / WEIGHTS
    weights.write_bytes(b"\0" * SIZE)
    found = box.run("verify", "bark-small")
    assert found.returncode == 1
    assert f"changed: {WEIGHTS}: the content differs from what was pulled" in found.stdout
    command = found.stdout.rstrip().rpartition("Repair it: narrated models ")[2]
    mended = box.run(*command.split())
    assert "repaired, 1 file fetched" in mended.stdout
    assert weights.read_bytes() == MODEL[WEIGHTS]
    assert box.run("verify", "bark-small").returncode == 0


def test_lock_until_update(box: Box) -> None:
    """A pull keeps the locked commit until --update."""
    box.run("pull", "bark-small")
    first = box.listed(NAME)["commit"]
    newer = box.hub.commit(NAME, MODEL | {"vocab.txt": b"new"})
    assert "complete, nothing to fetch" in box.run("pull", "bark-small").stdout
    assert box.listed(NAME)["commit"] == first
    assert f"updated from {first[:8]}" in box.run("pull", "--update", "bark-small").stdout
    assert box.listed(NAME)["commit"] == newer


def test_pull_configured_models(box: Box) -> None:
    """A pull without names fetches the configured models."""
    assert "uses no models" in box.run("pull").stdout
    box.configure("engines: {mine: {module: m, options: {model: suno/bark-small}}}\n")
    pulled = box.run("pull")
    assert pulled.returncode == 0, pulled.stderr
    assert "Use it in narrated.yaml" not in pulled.stdout, "it is used already"
    assert box.listed(NAME)["used_by"] == ["engines: mine"]
    refused = box.run("remove", "bark-small")
    assert refused.returncode == 1
    assert f"`engines: mine` of {box.home}/narrated.yaml" in refused.stderr
    assert (box.models / NAME / WEIGHTS).exists()
    assert box.run("remove", "--force", "bark-small").returncode == 0


def test_offline_mode(box: Box) -> None:
    """Offline mode asks nothing of the hub, and the message names the way out."""
    refused = box.run("pull", "bark-small", HF_HUB_OFFLINE="1")
    assert refused.returncode == 1
    assert "forbids downloads" in refused.stderr
    assert f"env -u HF_HUB_OFFLINE -u TRANSFORMERS_OFFLINE narrated models pull {NAME}" in (
        refused.stderr
    )
    assert box.hub.asked == []
    box.run("pull", "bark-small")
    assert box.run("pull", "bark-small", HF_HUB_OFFLINE="1").returncode == 0, "nothing to fetch"


def test_missing_hub_library(box: Box, tmp_path: Path) -> None:
    """Without the hub's library, the message names the command that installs it."""
    (tmp_path / "huggingface_hub.py").write_text("raise ImportError('not here')")
    path = os.pathsep.join([str(tmp_path), box.environ["PYTHONPATH"]])
    refused = box.run("pull", "bark-small", PYTHONPATH=path)
    assert refused.returncode == 1
    assert "pip install 'narrated[models]'" in refused.stderr
    for command in (("list",), ("verify",)):
        assert box.run(*command, PYTHONPATH=path).returncode == 0


def test_default_model_folder(
    box: Box,
) -> None:
    """Without a configuration, models go to the default folder."""
    environ = {"STATE_DIRECTORY": str(box.home / "default"), "NARRATED_CONFIG": ""}
    assert box.run("pull", "bark-small", **environ).returncode == 0
    assert (box.home / "default/models" / NAME / WEIGHTS).is_file()


def test_similar_name_suggested(box: Box) -> None:
    """For an unknown name, a similar one is suggested."""
    refused = box.run("pull", "bark-smal")
    assert refused.returncode == 1
    assert "Did you mean `bark-small`?" in refused.stderr


def test_hub_text_is_escaped(box: Box) -> None:
    """Text from a hub cannot forge lines of output."""
    box.hub.repositories[NAME].licence = "mit\x1b[31m\nok"
    assert "\x1b" not in box.run("pull", "bark-small").stdout
    assert "\x1b" not in box.run("list").stdout


def test_many_wrong_files(box: Box) -> None:
    """Wrong files beyond the printed ones are counted."""
    voices = {f"speaker_embeddings/{number}.npy": b"v" for number in range(20)}
    box.hub.commit(NAME, MODEL | voices)
    box.run("pull", "bark-small")
    for path in (box.models / NAME / "speaker_embeddings").glob("*.npy"):
        path.unlink()
    found = box.run("verify").stdout
    assert f"20 of {len(WANTED) + 20} files not as pulled" in found
    assert "and 12 more" in found


def test_verify_unpulled_models(box: Box) -> None:
    """Verify reports models that were never pulled."""
    missing = box.run("verify", "bark")
    assert missing.returncode == 1
    assert "narrated models pull suno/bark" in missing.stdout
    (box.models / "somebody/model").mkdir(parents=True)
    (box.models / "somebody/model/config.json").touch()
    assert "the lockfile has no hashes of it" in box.run("verify").stdout
    assert box.listed("somebody/model")["state"] == "not locked"
