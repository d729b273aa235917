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
from narrated.models.hub import ContentStream
from narrated.models.licences import (
    forbids_commercial_use,
    named_licence,
    permits_commercial_use,
)
from narrated.models.model_card import MOST_CARD_BYTES, card_licence, read_card
from support.hub import LoopbackHub

VOICE = "en_XX-anna-low"


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
        *(
            "Not for commercial use",
            "no commercial use",
            "For personal use only",
            "Evaluation only",
        ),
        *("Coqui Public Model License", "Blizzard Challenge 2013"),
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


@pytest.mark.parametrize(
    ("line", "licence", "permits"),
    [
        ("* License: Public Domain", "Public Domain", True),
        ("* License: https://creativecommons.org/licenses/by/4.0/", "CC-BY-4.0", True),
        ("* License: https://creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0", True),
        ("**Licence**: Apache 2.0", "Apache 2.0", True),
        ("* License: http://creativecommons.org/licenses/by-nc-sa/4.0", "CC-BY-NC-SA-4.0", False),
        ("* License: CC0\n* License: See URL", "CC0, See URL", False),
        ("* License: mit, but not on Sundays", "mit, but not on Sundays", False),
        ("* License:", "", False),
        ("Anna's licence: is that of a pilot", "", False),
        ("* License: \x1b[2J" + "x" * 9000, "\x1b[2J" + "x" * 96, False),
    ],
)
def test_licence_by_card(line: str, licence: str, permits: bool) -> None:
    """A card's lines of licences count, all of them, and what nobody knows permits nothing."""
    told = card_licence(f"# Model card\n\n* Language: en\n{line}\n\n## Training\n")
    assert (told, permits_commercial_use(told)) == (licence, permits)


def test_endless_card_is_cut() -> None:
    """Of a card that never ends, the start is read."""
    endless = ContentStream(0, iter(lambda: b"*" * 4096, b""))
    assert len(read_card(endless)) == MOST_CARD_BYTES


@pytest.mark.parametrize(
    ("card", "said"),
    [
        (b"* License: cc-by-nc-4.0", "cc-by-nc-4.0, forbids commercial use"),
        (b"* License: See \x1b]URL", "is not known: its MODEL_CARD says 'See \\x1b]URL'"),
        (b"\xff" * 99, "is not known: its MODEL_CARD names none"),
        (None, "is not known: its MODEL_CARD names none"),
        (b"* License: CC0", ""),
    ],
)
def test_voice_outside_of_catalogue(cli: ModelsCommand, card: bytes | None, said: str) -> None:
    """The card of a voice decides before its weights are fetched; the option accepts it."""
    files = {f"{VOICE}.onnx": b"weights", f"{VOICE}.onnx.json": b"{}"}
    if card is not None:
        files["MODEL_CARD"] = card
    cli.hub.commit(
        "rhasspy/piper-voices", {f"en/en_XX/anna/low/{name}": each for name, each in files.items()}
    )
    pulled = cli.run("pull", VOICE)
    assert pulled.returncode == (1 if said else 0)
    assert said in pulled.stderr
    if said:
        assert not any(name.endswith(".onnx") for name in cli.hub.sent)
        assert cli.run("pull", "--accept-licence", VOICE).returncode == 0
    assert cli.listed(f"piper/{VOICE}")["state"] == "pulled"
