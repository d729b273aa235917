"""`narrated status --json`: every file, in replies that are bounded, however many there are."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from narrated.ledger.job import JobState
from narrated.ledger.store import Ledger
from narrated.service.control_server import MOST_HEADER_BYTES
from narrated.service.state_lock import holder
from narrated.terminal.daemon_client import ask
from support.daemon import Daemon, wait

COUNT = 600
LONG = "long/" + "ü" * 120
"""A name whose letters take six bytes each in JSON."""


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon that has hundreds of files of each kind, and none of them in its inbox."""
    made = Daemon(tmp_path_factory.mktemp("home"))
    _write_ledger(made.home / "state")
    for number in range(COUNT):
        (made.inbox / f"link-{number:04}.md").symlink_to("nowhere")
        (made.inbox / f"post-{number:04}.sync-conflict-20261122-072736-JDC4FTG.md").touch()
    with made:
        wait(lambda: made.status()["conflicts_count"] == COUNT, lambda: made.log)
        wait(lambda: made.status()["arriving_count"] == COUNT, lambda: str(made.status()))
        yield made


def _write_ledger(state: Path) -> None:
    state.mkdir()
    ledger = Ledger(state / "ledger.sqlite")
    with ledger.transaction():
        for number in range(COUNT):
            for state_name in (JobState.WAITING, JobState.FAILED):
                path = f"{state_name}/{number:04}{LONG}.md"
                ledger.jobs.add(path, path, 1, path, state=state_name, problem="It may not.")
            ledger.left_out.record(f"old/{number:04}.md", "2020-01-01")
    ledger.close()


def _whole(daemon: Daemon) -> dict[str, Any]:
    return dict(json.loads(daemon.ask("status", "--json").stdout))


def _is_whole(status: dict[str, Any], *names: str) -> bool:
    lists = {name: [json.dumps(each) for each in status[name]] for name in names}
    return all(len(each) == len(set(each)) == COUNT for each in lists.values())


def test_json_lists_every_file(daemon: Daemon) -> None:
    """The lists of a running daemon are whole, and no file is listed twice."""
    names = ("waiting", "failed", "left_out", "arriving", "conflicts")
    status = _whole(daemon)
    assert _is_whole(status, *names), {name: len(status[name]) for name in names}
    assert status["failed"][-1]["path"] == f"failed/{COUNT - 1:04}{LONG}.md"
    assert status["failed"][-1]["problem"] == "It may not."


def test_each_reply_is_bounded(daemon: Daemon) -> None:
    """No reply is longer than a request may be: the daemon works on between two of them."""
    socket = Path(_socket(daemon))
    lists = [list(_replies(socket, name)) for name in ("failed", "arriving", "conflicts")]
    assert all(len(replies) > 2 for replies in lists)
    sizes = [len(json.dumps(reply)) for replies in lists for reply in replies]
    assert max(sizes) < MOST_HEADER_BYTES
    assert len(json.dumps(daemon.status())) < MOST_HEADER_BYTES


def _replies(socket: Path, name: str) -> Iterator[dict[str, Any]]:
    reply: dict[str, Any] = {"following": None}
    while True:
        reply = dict(ask(socket, {"do": "list", "name": name, "after": reply["following"]})[0])
        yield reply
        if reply["following"] is None:
            return


def _socket(daemon: Daemon) -> str:
    first = holder(daemon.home / "state")
    assert first is not None
    return first.socket


def test_text_counts_the_rest(daemon: Daemon) -> None:
    """On a terminal the first files of each list are shown, and the others counted."""
    shown = daemon.ask("status").stdout
    assert f"and {COUNT - 50} more failed: `narrated status --json` lists them all" in shown
    assert f"and {COUNT - 50} more conflicts" in shown
    assert f"and {COUNT - 50} more arriving" in shown


def test_json_is_whole_at_rest(tmp_path: Path) -> None:
    """Without a daemon the ledger's lists are whole as well, and so is the queue."""
    daemon = Daemon(tmp_path)
    _write_ledger(tmp_path / "state")
    ledger = Ledger(tmp_path / "state/ledger.sqlite")
    with ledger.transaction():
        for number in range(COUNT):
            ledger.jobs.add(f"{number}.md", "0", 1, f"{number}.md")
    ledger.close()
    status = _whole(daemon)
    assert _is_whole(status, "waiting", "failed", "left_out", "queue")
    assert status["queued"] == COUNT
