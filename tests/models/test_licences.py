"""Licences at a pull: shown, and asked about where one forbids commercial use."""

import contextlib
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from models.puller import NAME
from models.test_command import ModelsCommand
from narrated.models.licences import forbids_commercial_use, named_licence
from support.hub import LoopbackHub


@pytest.fixture
def cli(tmp_path: Path, hub: LoopbackHub) -> ModelsCommand:
    """The command on a home without models; the hub's model is not for commercial use."""
    hub.repositories[NAME].licence = "cc-by-nc-4.0"
    return ModelsCommand(tmp_path, hub)


def answered(cli: ModelsCommand, answer: bytes) -> tuple[int, str]:
    """Pull with a terminal as the input, and this answer; its status, and what it said."""
    ours, theirs = pty.openpty()
    os.write(ours, answer)
    process = subprocess.Popen(
        [sys.executable, "-m", "narrated.cli.main", "models", "pull", NAME],
        env=cli.environ,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said, _ = process.communicate(timeout=60)
    for end in (ours, theirs):
        with contextlib.suppress(OSError):
            os.close(end)
    return process.returncode, said


@pytest.mark.parametrize(
    "licence",
    [
        *("cc-by-nc-4.0", "CC-BY-NC-SA-4.0", "cc-by-nc-nd-3.0", "cpml", "apple-amlr"),
        *("fair-noncommercial-research-license", "coqui-public-model-license", "Research only"),
        *("deepfloyd-if-license", "Blizzard 2013 (research only)", "Non-Commercial", "academic"),
    ],
)
def test_forbidding_licences(licence: str) -> None:
    """Licences that forbid commercial use are known by their names."""
    assert forbids_commercial_use(licence)


@pytest.mark.parametrize(
    "licence",
    ["mit", "Apache-2.0", "BSD-3-Clause", "cc-by-4.0", "openrail++", "ncsa", "public domain", ""],
)
def test_permitting_licences(licence: str) -> None:
    """Licences that permit commercial use are asked nothing about."""
    assert not forbids_commercial_use(licence)


def test_names_of_a_card() -> None:
    """A card may have several licences, or another name for `other`."""
    assert named_licence("mit", None) == "mit"
    assert named_licence(["mit", "cc-by-nc-4.0"], None) == "mit, cc-by-nc-4.0"
    assert named_licence("other", "coqui-public-model-license") == "coqui-public-model-license"
    assert named_licence(None, None) == ""


def test_licence_is_shown(cli: ModelsCommand) -> None:
    """A pull names the licence before it fetches."""
    cli.hub.repositories[NAME].licence = "openrail"
    pulled = cli.run("pull", NAME)
    assert "400 kB; licence openrail or MIT\n" in pulled.stderr
    assert pulled.returncode == 0


def test_nobody_to_ask(cli: ModelsCommand) -> None:
    """Without a terminal, nothing is fetched, and the message has the option to accept it."""
    refused = cli.run("pull", NAME)
    assert refused.returncode == 1
    assert f"The licence of {NAME}, cc-by-nc-4.0, forbids commercial use" in refused.stderr
    command = refused.stderr.rstrip().rpartition("narrated models ")[2]
    assert cli.hub.sent_bytes == 0
    assert cli.run(*command.split()).returncode == 0
    assert cli.listed(NAME)["state"] == "pulled"


def test_answer_decides(cli: ModelsCommand) -> None:
    """On a terminal it asks; no pulls nothing, yes pulls the model."""
    status, said = answered(cli, b"n\n")
    assert status == 1
    assert "Do you accept it?" in said
    assert f"{NAME} was not pulled" in said
    assert cli.hub.sent_bytes == 0
    status, said = answered(cli, b"y\n")
    assert status == 0, said
    assert cli.listed(NAME)["state"] == "pulled"


def test_end_is_no_answer(cli: ModelsCommand) -> None:
    """The end of the input is no answer: nothing is pulled."""
    status, said = answered(cli, b"\x04")
    assert status != 0
    assert "Traceback" not in said
    assert cli.hub.sent_bytes == 0


def test_asked_once(cli: ModelsCommand) -> None:
    """A repair asks nothing again; an update to another such licence does."""
    cli.run("pull", "--accept-licence", NAME)
    (cli.models / NAME / "vocab.txt").unlink()
    assert "1 file fetched" in cli.run("pull", NAME).stdout
    cli.hub.repositories[NAME].licence = "cc-by-nc-nd-4.0"
    (cli.models / NAME / "vocab.txt").unlink()
    assert cli.run("pull", "--update", NAME).returncode == 1
