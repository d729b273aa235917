"""Breaks: `narrated pause`, `resume` and `hours`. No engine works; everything else goes on."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.daemon import PATIENCE_S, TESTS, Daemon, running, toy, wait
from workers.support import ends_within

TEXT = "# {0}\n\nThe first line of {0}.\n\nThe second line of {0}.\n"


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon whose voice and captioner end no request while a file is there."""
    home = tmp_path_factory.mktemp("breaks")
    with running(home, **_settings(home)) as ready:
        yield ready


@pytest.fixture(autouse=True)
def goes_on(request: pytest.FixtureRequest) -> Iterator[None]:
    """Leave the shared daemon at work."""
    yield
    if "daemon" in request.fixturenames:
        shared: Daemon = request.getfixturevalue("daemon")
        _held(shared).unlink(missing_ok=True)
        shared.ask("resume")
        shared.wait_idle()  # the next test counts requests in flight


def _settings(home: Path, **more: Any) -> dict[str, Any]:
    settings = toy(home, held=str(home / "held"))
    eyes = {"kind": "caption", "held": str(home / "held")}
    settings["engines"]["eyes"] = {
        "module": "toy",
        "path": str(TESTS / "engines"),
        "kind": "caption",
        "options": eyes,
    }
    settings |= {"pictures": {"captions": "eyes", "wait": "100ms"}, "removed": "withdraw"}
    return {**settings, "withdraw_after": "100ms", **more}


def _held(daemon: Daemon) -> Path:
    return daemon.home / "held"


def _post(daemon: Daemon, stem: str) -> str:
    text = TEXT.format(stem)
    daemon.drop(f"{stem}.md", text)
    return text


def _in_flight(daemon: Daemon) -> int:
    return sum(worker["in_flight"] for worker in daemon.status()["workers"])


def _reading(daemon: Daemon) -> set[str]:
    return {each["path"] for each in daemon.status()["reading"]}


def _pid(daemon: Daemon) -> int | None:
    (worker,) = daemon.status()["workers"]
    return None if worker["pid"] is None else int(worker["pid"])


def test_paused_engines_get_nothing(daemon: Daemon) -> None:
    """In a pause files are noticed, read and planned; no voice and no captioner gets a request."""
    paused = daemon.ask("pause")
    assert paused.stdout.splitlines() == [
        "narrated is paused by `narrated pause`; resume: `narrated resume`",
        "no request is in flight",
    ]
    _held(daemon).touch()  # a request would never leave flight
    before = len(daemon.spoken)
    _post(daemon, "paused")
    daemon.drop("paused.png", (TESTS.parent / "docs/sample/desk.png").read_bytes())
    daemon.drop("unreadable.md", b"---\nnarrate: so\n---\nText.\n")
    assert "front matter" in daemon.note("unreadable")
    wait(lambda: "paused.md" in _reading(daemon))
    wait(lambda: daemon.history("paused.png"))
    assert daemon.history("paused.md") == ["speaking"]
    assert (_in_flight(daemon), len(daemon.spoken)) == (0, before)
    assert daemon.ask("resume").stdout == "narrated goes on\n"
    wait(lambda: _in_flight(daemon))
    _held(daemon).unlink()
    daemon.manifest("paused")
    (daemon.inbox / "unreadable.md").unlink()


def test_pause_is_told_everywhere(daemon: Daemon) -> None:
    """Status, its JSON, the note and systemd's line say until when, and how to go on."""
    since = len(daemon.statuses)
    told = daemon.ask("pause", "1h", "30m").stdout.splitlines()[0]
    assert told.startswith("narrated is paused until ")
    assert told.endswith(" by `narrated pause`; resume: `narrated resume`")
    sentence = told.removeprefix("narrated is ")
    daemon.wait_told(f"STATUS={sentence}", since)
    daemon.wait_told("WATCHDOG=1", len(daemon.statuses))
    status = daemon.status()
    assert (status["state"], status["paused"]) == ("paused", sentence)
    assert status["goes_on_at"] > time.time()
    assert f"  {sentence}\n" in daemon.ask("status").stdout
    note = daemon.outbox / "narrated.status.txt"
    wait(lambda: f"narrated: {sentence}\n" in note.read_text())
    daemon.ask("resume")
    wait(lambda: "paused" not in note.read_text())
    assert not daemon.status()["paused"]


def test_time_left_is_not_guessed(daemon: Daemon) -> None:
    """In a pause no time left is told, though the speed is known."""
    daemon.published("quick", _post(daemon, "quick"))
    daemon.published("quicker", _post(daemon, "quicker"))
    daemon.ask("pause", "2h")
    _post(daemon, "timeless")
    wait(lambda: "timeless.md" in _reading(daemon))
    assert [each["left_s"] for each in daemon.status()["reading"]] == [None]


def test_requests_in_flight_finish(daemon: Daemon) -> None:
    """Requests in flight are finished and their takes kept; what has all takes is published."""
    _held(daemon).touch()
    text = _post(daemon, "flying")
    wait(lambda: _in_flight(daemon) == 3)
    assert daemon.ask("pause", "--no-wait").returncode == 0
    assert "requests still in flight: 3" in daemon.status()["paused"]
    _held(daemon).unlink()
    daemon.published("flying", text)
    assert daemon.status()["state"] == "paused"


def test_unload_ends_the_worker(daemon: Daemon) -> None:
    """`--unload` waits for the requests in flight, and then no worker holds the device."""
    _held(daemon).touch()
    text = _post(daemon, "unload")
    wait(lambda: _in_flight(daemon) == 3)
    worker = _pid(daemon)
    pausing = daemon.launch("pause", "--unload")
    wait(lambda: daemon.status()["state"] == "paused")
    assert pausing.poll() is None
    _held(daemon).unlink()
    assert pausing.wait(60) == 0
    assert worker is not None
    assert ends_within(worker, PATIENCE_S)
    status = daemon.status()
    assert [each["state"] for each in status["workers"]] == ["unloaded"]
    assert status["paused"].endswith("; the models are unloaded")
    daemon.published("unload", text)
    later = _post(daemon, "unloaded")
    wait(lambda: "unloaded.md" in _reading(daemon))  # planned with what the engine said last
    assert daemon.ask("pause", "1h").stdout.endswith("the models are unloaded\n")
    daemon.ask("resume")
    daemon.published("unloaded", later)
    (ready,) = daemon.status()["workers"]
    assert (ready["state"], ready["restarts"]) == ("ready", 0)


def test_deleted_source_is_withdrawn(daemon: Daemon) -> None:
    """In a pause a deleted source's narration is withdrawn, and a rename is followed."""
    for stem in ("deleted", "renamed"):
        daemon.published(stem, _post(daemon, stem))
    daemon.ask("pause", "--unload")
    (daemon.inbox / "deleted.md").unlink()
    (daemon.inbox / "renamed.md").rename(daemon.inbox / "other.md")
    wait(lambda: "deleted.mp3" not in daemon.files)
    daemon.manifest("other")
    assert daemon.status()["state"] == "paused"


def test_settings_followed_in_a_pause(daemon: Daemon) -> None:
    """In a pause a post is planned again by its folder's new settings, and one that forbids it."""
    text = TEXT.format("settings")
    daemon.drop("set/post.md", text)
    daemon.published("set/post", text)
    daemon.ask("pause")
    daemon.drop("set/.narrated.yaml", "album: Letters\n")
    wait(lambda: daemon.history("set/post.md") == ["superseded", "done"])
    daemon.drop("set/.narrated.yaml", "narrate: false\n")
    wait(lambda: "set/post.mp3" not in daemon.files)


def test_one_off_commands_are_refused(daemon: Daemon, tmp_path: Path) -> None:
    """`say`, `describe` and `audition` name the pause and its remedy; doctor and voices tell it."""
    daemon.ask("pause", "2h", "--unload")
    sound, picture = str(tmp_path / "said.mp3"), str(TESTS.parent / "docs/sample/desk.png")
    for command in (
        ("say", "Hello.", "-o", sound),
        ("describe", picture),
        ("voices", "audition", "toy", "-o", str(tmp_path)),
    ):
        refused = daemon.ask(*command)
        assert refused.returncode == 1
        assert "No engine is asked, since narrated is paused" in refused.stderr
        assert "narrated: narrated" not in refused.stderr
        assert "Go on with `narrated resume`." in refused.stderr
    assert not Path(sound).exists()
    assert daemon.ask("voices", "list", "toy").stdout.count("toy") == 4
    doctor = daemon.ask("doctor").stdout
    assert "note  break: narrated is paused until " in doctor
    assert "note  engine toy: toy is not loaded, and was not tried.\n" in doctor
    daemon.ask("resume")
    wait(lambda: daemon.ask("say", "Hello.", "-o", sound).returncode == 0)


def test_said_line_is_not_left_waiting(daemon: Daemon, tmp_path: Path) -> None:
    """A pause refuses what somebody waits for at a terminal and is not in flight yet."""
    _held(daemon).touch()
    text = " ".join(f"This is the sentence with number {n}." for n in range(200))
    saying = daemon.launch("say", text, "-o", str(tmp_path / "said.mp3"))
    wait(lambda: _in_flight(daemon) == 8)  # all its rows
    daemon.ask("pause", "--no-wait")
    assert saying.wait(60) == 1
    assert "No engine is asked" in daemon.log


def test_resume_needs_no_pause(daemon: Daemon) -> None:
    """`resume` without a pause says so, and is no failure."""
    resumed = daemon.ask("resume")
    assert (resumed.returncode, resumed.stdout) == (0, "narrated was not paused\n")


@pytest.mark.parametrize(
    ("duration", "told"),
    [
        ("0", "0 is no time at all. To go on, use `narrated resume`."),
        ("0h", "0h is no time at all. To go on, use `narrated resume`."),
        ("soon", "soon is not a duration. Write it as 90m, 2h, 1h30m or 2d."),
        ("1h30", "1h30 is not a duration. Write it as 90m, 2h, 1h30m or 2d."),
        ("90", "90 of what? Write 90m for minutes, or 90h for hours."),
        ("9999d", "9999d is longer than a year. Without a time it lasts until `narrated resume`."),
    ],
)
def test_wrong_duration_is_refused(daemon: Daemon, duration: str, told: str) -> None:
    """What is no duration is refused with an example, and nothing is paused."""
    refused = daemon.ask("pause", duration)
    assert refused.returncode == 2
    assert told in refused.stderr
    assert daemon.status()["state"] != "paused"


def test_pause_outlives_kill(tmp_path: Path) -> None:
    """A pause outlives `kill -9`: the next daemon starts no worker, and goes on when it is told."""
    with running(tmp_path, **_settings(tmp_path)) as daemon:
        _held(daemon).touch()
        texts = {"killed": _post(daemon, "killed")}
        wait(lambda: _in_flight(daemon) == 3)
        daemon.ask("pause", "2h", "--unload", "--no-wait")
        until = daemon.status()["goes_on_at"]
        daemon.kill()
        _held(daemon).unlink()
        daemon.start()
        status = daemon.status()
        assert (status["state"], status["goes_on_at"]) == ("paused", until)
        texts["later"] = _post(daemon, "later")
        wait(lambda: daemon.history("later.md"))
        assert [each["state"] for each in daemon.status()["workers"]] == ["unloaded"]
        assert (daemon.spoken, _pid(daemon)) == ([], None)
        daemon.ask("resume")
        for stem, text in texts.items():
            daemon.published(stem, text)
        assert len(daemon.spoken) == len(set(daemon.spoken)) == 6


def test_pause_ends_by_itself(tmp_path: Path) -> None:
    """A pause with a duration ends by itself, also one that was set while no daemon ran."""
    daemon = Daemon(tmp_path, **_settings(tmp_path))
    set_before = daemon.ask("pause", "3s")
    assert set_before.stdout.splitlines()[1] == "No daemon runs; it applies when one starts."
    with daemon:
        text = _post(daemon, "post")
        daemon.published("post", text)
        assert "the pause has ended" in daemon.log


def test_pause_waits_for_a_start(tmp_path: Path) -> None:
    """Without a daemon a pause is kept for the next one; status tells it, and `resume` ends it."""
    daemon = Daemon(tmp_path, **_settings(tmp_path))
    assert daemon.ask("resume").stdout == (
        "narrated was not paused. No daemon runs; start it to go on.\n"
    )
    daemon.ask("pause", "--unload")
    assert (
        "  paused by `narrated pause`; resume: `narrated resume`\n" in daemon.ask("status").stdout
    )
    with daemon:
        assert daemon.status()["unloaded"]
    assert daemon.status()["state"] == "stopped"
    assert (
        daemon.ask("resume").stdout == "the pause has ended. No daemon runs; start it to go on.\n"
    )
    assert not daemon.status()["paused"]


def test_single_pass_keeps_no_break(tmp_path: Path) -> None:
    """`narrated once` narrates in a pause and outside of hours: whoever runs it wants it now."""
    daemon = Daemon(tmp_path, **_settings(tmp_path, hours=_closed()))
    daemon.ask("pause", "2h", "--unload")
    _post(daemon, "post")
    assert daemon.ask("once").returncode == 0
    assert "post.mp3" in daemon.files
    assert "paused until" in daemon.ask("status").stdout


def test_hours_follow_a_reload(tmp_path: Path) -> None:
    """Outside of `hours` the models are unloaded, and status says when it goes on."""
    closed = _closed()
    opens = closed[:5]
    with running(tmp_path, **_settings(tmp_path, hours=closed)) as daemon:
        text = _post(daemon, "post")
        wait(lambda: daemon.history("post.md"))
        assert daemon.status()["paused"] == (
            f"outside of hours; goes on at {opens}; the models are unloaded"
        )
        said = daemon.ask("say", "Hello.").stderr
        assert "No engine is asked, since narrated is outside of hours." in said
        assert f"It works again at {opens}; before that, change `hours: {closed}`" in said
        assert f"goes on at {opens}" in daemon.ask("resume").stdout
        daemon.configure(**_settings(tmp_path))
        daemon.ask("reload")
        daemon.published("post", text)
        daemon.configure(**_settings(tmp_path, hours=[closed]))
        daemon.ask("reload")
        wait(lambda: daemon.status()["unloaded"])


def _closed() -> str:
    """Hours that begin in two to three hours, and last for one."""
    hour = time.localtime().tm_hour
    return f"{(hour + 3) % 24:02}:00-{(hour + 4) % 24:02}:00"
