"""Log records, at the end where a person or the journal reads them."""

import logging
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from narrated.logs import JournalHandler, fields

PROGRAM = """
import logging, sys
from narrated.logs import configure, fields
configure("INFO")
log = logging.getLogger("narrated.test")
for name in sys.argv[1:]:
    log.warning("Could not read %s", name, extra=fields(file=name))
"""
FAILING = """
import logging
from narrated.logs import configure
configure("INFO")
try:
    raise ValueError("first\\nJan 01 00:00:00 box sshd: forged")
except ValueError:
    logging.getLogger().exception("It failed")
"""


def started(program: str, *names: str, stderr: int = subprocess.PIPE) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TERM": "xterm"}
    return subprocess.Popen([sys.executable, "-c", program, *names], stderr=stderr, env=environment)


def written(program: str, *names: str) -> str:
    with started(program, *names) as process:
        return process.communicate()[1].decode()


class Journal:
    """The receiving end of the journal's native protocol."""

    def __init__(self, address: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(address))
        self.socket.settimeout(60)

    def record(self) -> dict[str, str]:
        """The next record's fields."""
        data, ancillary, _, _ = self.socket.recvmsg(1 << 20, socket.CMSG_SPACE(4))
        for _, _, content in ancillary:  # a record too long for a datagram comes as a file
            descriptor = struct.unpack("i", content)[0]
            data = os.pread(descriptor, 1 << 24, 0)
            os.close(descriptor)
        return _fields(data)


def _fields(data: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    while data:
        line, _, rest = data.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            (length,) = struct.unpack("<Q", rest[:8])
            value, rest = rest[8 : 8 + length], rest[9 + length :]
        assert name.decode() not in found
        found[name.decode()] = value.decode()
        data = rest
    return found


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal")
    yield journal
    journal.socket.close()


@pytest.fixture
def log(tmp_path: Path, journal: Journal) -> Iterator[logging.Logger]:
    handler = JournalHandler(tmp_path / "journal")
    log = logging.Logger("narrated.test")
    log.addHandler(handler)
    yield log
    handler.close()


def test_journal_fields(log: logging.Logger, journal: Journal) -> None:
    """A record reaches the journal with its fields."""
    about = fields(
        file="a/post.md", job=7, engine="espeak", duration_s=1.5, audio_s=60.0, rtf=0.025
    )
    log.info("Narrated %s", "a/post.md", extra=about)
    record = journal.record()
    assert record["MESSAGE"] == "Narrated a/post.md"
    assert record["PRIORITY"] == "6"
    assert record["SYSLOG_IDENTIFIER"] == "narrated"
    assert record["NARRATED_FILE"] == "a/post.md"
    assert record["NARRATED_JOB"] == "7"
    assert record["NARRATED_ENGINE"] == "espeak"
    assert record["NARRATED_DURATION_S"] == "1.500"
    assert record["NARRATED_AUDIO_S"] == "60.000"
    assert record["NARRATED_RTF"] == "0.025"
    assert record["CODE_FILE"] == __file__
    assert record["CODE_FUNC"] == "test_journal_fields"


def test_absent_fields(log: logging.Logger, journal: Journal) -> None:
    """Fields that are not given are not sent."""
    log.error("No space left")
    record = journal.record()
    assert record["PRIORITY"] == "3"
    assert not [name for name in record if name.startswith("NARRATED_")]


def test_name_cannot_forge_field(log: logging.Logger, journal: Journal) -> None:
    """A file name cannot forge a field of the journal."""
    name = "a\nPRIORITY=0\n\udcff\u202e日.md"
    log.info("Read %s", name, extra=fields(file=name))
    record = journal.record()
    assert record["PRIORITY"] == "6"
    assert record["MESSAGE"] == "Read a\\nPRIORITY=0\\n\\udcff\\u202e日.md"
    assert record["NARRATED_FILE"] == "a\\nPRIORITY=0\\n\\udcff\\u202e日.md"


def test_no_double_escape(log: logging.Logger, journal: Journal) -> None:
    """An escaped name is not escaped twice."""
    log.info("Read %s", r"a\nb.md")
    assert journal.record()["MESSAGE"] == r"Read a\nb.md"


def test_traceback_field(log: logging.Logger, journal: Journal) -> None:
    """A traceback is a field of its own."""
    try:
        raise ValueError("no\nsuch thing")
    except ValueError:
        log.exception("It failed")
    record = journal.record()
    assert record["MESSAGE"] == r"It failed (ValueError: no\nsuch thing)"
    assert "raise ValueError" in record["TRACEBACK"]


def test_long_record(log: logging.Logger, journal: Journal) -> None:
    """A record longer than a datagram arrives complete."""
    log.info("long %s", "x" * 1_000_000)
    assert len(journal.record()["MESSAGE"]) == 1_000_005


def test_journal_restart(log: logging.Logger, journal: Journal, tmp_path: Path) -> None:
    """A restarted journal gets the next record."""
    log.info("first")
    journal.socket.close()
    (tmp_path / "journal").unlink()
    again = Journal(tmp_path / "journal")
    log.info("second")
    assert again.record()["MESSAGE"] == "second"
    again.socket.close()


def test_stderr_without_journal(
    log: logging.Logger, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a journal, records go to stderr with their priority."""
    (tmp_path / "journal").unlink()
    log.warning("Disk is %s", "nearly\nfull")
    assert capsys.readouterr().err == "<4>Disk is nearly\\nfull\n"


def test_one_line_per_record() -> None:
    """A plain record is one line, whatever the file's name."""
    lines = written(PROGRAM, "a\nforged.md", "b\x1b[2J.md").splitlines()
    assert [line.split(" WARNING ")[1] for line in lines] == [
        "Could not read a\\nforged.md",
        "Could not read b\\x1b[2J.md",
    ]


def test_traceback_lines_marked() -> None:
    """No line of a traceback looks like a record."""
    first, *traceback = written(FAILING).splitlines()
    assert first.endswith("ERROR It failed")
    assert traceback
    assert all(line.startswith("    | ") for line in traceback)


def test_terminal_output() -> None:
    """On a terminal, no name moves the cursor."""
    ours, theirs = os.openpty()
    process = started(PROGRAM, "b\x1b[2J\n.md", stderr=theirs)
    os.close(theirs)
    text = _drained(ours)
    assert process.wait() == 0
    assert "WARNING" in text
    assert "b\\x1b[2J\\n.md" in text.replace("\r\n", "")
    assert "\x1b[2J" not in text


def _drained(descriptor: int) -> str:
    parts = []
    try:
        while part := os.read(descriptor, 65536):
            parts.append(part)
    except OSError:  # how a terminal says that its other side was closed
        pass
    os.close(descriptor)
    return b"".join(parts).decode()


def test_redirected_stderr(tmp_path: Path) -> None:
    """A redirected stderr is not mistaken for the journal."""
    target = tmp_path / "log"
    with target.open("wb") as stream:
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "JOURNAL_STREAM": "8:12345",
        }
        command = [sys.executable, "-c", PROGRAM, "a.md"]
        subprocess.run(command, stderr=stream, env=environment, check=True)
    assert target.read_text().endswith("WARNING Could not read a.md\n")
