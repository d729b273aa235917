"""The parser: plans, and the child that makes them whatever a file does to it."""

import os
import select
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import msgspec
from PIL import Image

from narrated.script.script import Draft
from narrated.workers.protocol import ChildChannel


def png():
    data = BytesIO()
    Image.new("RGB", (30, 20), "red").save(data, "PNG")
    return data.getvalue()


def test_import_loads_no_parser():
    """Importing the parser process imports no parsing library."""
    code = "import sys, narrated.parser_process; print(*sys.modules)"
    source_root = Path(__file__).parents[1] / "daemon"
    found = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(source_root)},
    ).stdout.split()
    late = {"bs4", "lxml", "markdown_it", "PIL", "yaml", "num2words", "torch"}
    assert "narrated.parser_process" in found
    assert not late & set(found)


@contextmanager
def parser():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        child = subprocess.Popen(
            [sys.executable, "-m", "narrated.parser_process", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "daemon")},
        )
        theirs.close()
        wire = ChildChannel(ours)
        try:
            yield wire, child
        finally:
            child.kill()
            child.wait(60)


def asked(wire, header, payload=b""):
    wire.send(header, payload)
    return wire.receive()


def request(name, captions=None):
    return {
        "do": "plan",
        "name": name,
        "captions": captions or {},
        "lexicons": [],
        "folders": [],
        "settings": {"links": "announce"},
        "engines": {"limits": {"espeak": 400}},
    }


def test_child_survives_failures():
    """The child plans, makes covers, and goes on after every failure."""
    with parser() as (wire, child):
        captions = {"a.png": {"text": "A dog", "missing": ""}}
        header, payload = asked(wire, request("a.md", captions), b"![](a.png)\n\n[W](u)")
        assert header == {"ok": True}
        made = msgspec.json.decode(payload, type=Draft)
        texts = [chunk.text for chunk in made.chunks]
        assert texts == ["a", "An image: A dog.", "W (link in post)"]

        header, payload = asked(wire, request("a.zip"), b"PK")
        assert "a.zip" in header["failed"]["problem"]
        assert header["failed"]["remedy"]
        assert payload == b""

        header, _ = asked(wire, {"do": "plan", "name": "a\nb.md"}, b"Words.")
        assert "could not be read" in header["failed"]["problem"]
        assert "\n" not in header["failed"]["problem"]

        header, payload = asked(wire, {"do": "cover", "side": 600}, png())
        assert header == {"ok": True}
        assert Image.open(BytesIO(payload)).format == "JPEG"

        header, _ = asked(wire, {"do": "cover", "side": 600}, png()[:-20])
        assert "failed" in header

        header, _ = asked(wire, {"do": "dance"})
        assert "dance" in header["failed"]["problem"]
        assert child.poll() is None


def test_child_ends_with_socket():
    """The child ends when its socket closes."""
    with parser() as (wire, child):
        wire.close()
        assert child.wait(60) == 0


def test_the_child_dies_with_its_parent():
    """A parent is killed; its parser must not stay behind."""
    code = (
        "import socket, subprocess, sys, time\n"
        "ours, theirs = socket.socketpair()\n"
        "command = [sys.executable, '-m', 'narrated.parser_process', str(theirs.fileno())]\n"
        "child = subprocess.Popen(command, pass_fds=[theirs.fileno(), ours.fileno()])\n"
        "from narrated.workers.protocol import ChildChannel\n"
        "ChildChannel(ours).send({'do': 'dance'})\n"
        "ChildChannel(ours).receive()\n"
        "print(child.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "daemon")}
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as parent:
        assert parent.stdout is not None
        child = os.pidfd_open(int(parent.stdout.readline()))
        parent.send_signal(signal.SIGKILL)
        parent.wait(60)
    ended, _, _ = select.select([child], [], [], 60)  # a pidfd is readable once its process ends
    os.close(child)
    assert ended
