"""Doubtful takes are told, played and spoken again, with a daemon and without."""

import json
import os
import wave
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from narrated.ledger.store import Ledger
from narrated.outbox.manifest_takes import ChunkTakes, ManifestTakes, TakeFault
from support.daemon import Daemon, wait
from support.mumbling import mumbled, mumbling

TEXT = "# {0}\n\nThe first line of {0}.\n\nThe second line of {0}.\n"
STOPS = (TakeFault("inner_silence", 1.1, "it stops for 1.1 s inside"),)


@pytest.fixture(scope="module")
def resting(tmp_path_factory: pytest.TempPathFactory) -> Daemon:
    """Narrations at rest: one doubtful, one good, one of before there were checks."""
    return _narrations(tmp_path_factory.mktemp("resting"))


def _narrations(home: Path) -> Daemon:
    daemon = Daemon(home, takes={"check": "off"})
    for name in ("doubtful", "good", "before"):
        daemon.drop(f"a {name}.md", TEXT.format(name))
    assert daemon.ask("once").returncode == 0, daemon.log
    doubtful = _chunk(daemon, "a doubtful", 2, takes=3, faults=STOPS, heard="the \x1b second")
    retaken = _chunk(daemon, "a doubtful", 1, takes=2)
    counts = {"heard": 3, "hearing": "ear-1", "retaken": 2, "doubtful": 1}
    _plant(daemon, "a doubtful.md", ManifestTakes(checked=3, chunks=(retaken, doubtful), **counts))
    _plant(daemon, "a good.md", ManifestTakes(checked=3))
    return daemon


def _chunk(daemon: Daemon, stem: str, number: int, **told: object) -> ChunkTakes:
    block = daemon.manifest(stem)["blocks"][number]
    times = {"start_s": block["start_s"], "end_s": block["end_s"]}
    chunk = {"chunk": number, "block": block["block"], "text": block["text"]}
    return msgspec.convert(chunk | times | msgspec.to_builtins(told), ChunkTakes)


def _plant(daemon: Daemon, path: str, takes: ManifestTakes) -> None:
    """Have the ledger say how the takes of a narration turned out."""
    with closing(Ledger(daemon.home / "state" / "ledger.sqlite")) as ledger:
        job = ledger.jobs.published(path)
        assert job is not None
        ledger.job_takes.record(job.id, takes, ledger.job_takes.times(job.id))


@pytest.fixture(scope="module", params=["resting", "running"])
def asked(resting: Daemon, request: pytest.FixtureRequest) -> Iterator[Daemon]:
    """The same narrations, without a daemon and with one."""
    if request.param == "resting":
        yield resting
        return
    with resting:
        yield resting


def test_doubtful_takes_are_listed(asked: Daemon) -> None:
    """A doubtful take has its time, its faults, the words, and the command that mends it."""
    at = asked.manifest("a doubtful")["blocks"][2]["start_s"]
    told = asked.ask("takes", "a doubtful.md")
    assert told.returncode == 0
    first, checked, take, said, heard, command = told.stdout.splitlines()
    assert first == "a doubtful.md: 1 of 3 takes is doubtful"
    assert checked == "  checked by their signal, all heard by ear-1; 2 spoken more than once"
    assert take.endswith(" it stops for 1.1 s inside (the best of 3 takes)")
    assert said.split() == ["said:", "The", "second", "line", "of", "doubtful."]
    assert heard.split() == [r"heard:", r"the", r"\x1b", r"second"]
    *words, shown = command.split()
    assert " ".join(words) == "narrated respeak 'a doubtful.md' --at"
    minutes, seconds = shown.split(":")
    assert at <= int(minutes) * 60 + float(seconds) < at + 0.1001


def test_all_takes_are_listed(asked: Daemon) -> None:
    """With --all each chunk is told, in the order of time."""
    lines = asked.ask("takes", "a doubtful.md", "--all").stdout.splitlines()[2:]
    assert [line.split(maxsplit=1)[1] for line in lines[:3]] == [
        "good: doubtful",
        "good (the best of 2 takes): The first line of doubtful.",
        "it stops for 1.1 s inside (the best of 3 takes)",
    ]
    good = asked.ask("takes", "a good.md", "--all").stdout.splitlines()
    assert good[0] == "a good.md: all 3 takes are good"
    assert good[1] == "  checked by their signal alone; no hearing model listened"
    assert [" good: " in line for line in good[2:]] == [True] * 3


def test_unchecked_takes_are_told(asked: Daemon) -> None:
    """A narration of before says that its takes were not checked, and how they are."""
    told = asked.ask("takes", "a before.md", "--all").stdout.splitlines()
    assert told[:2] == [
        "a before.md: its takes were not checked",
        "  To check them: narrated refresh 'a before.md' --check",
    ]
    assert [" not checked: " in line for line in told[2:]] == [True] * 3
    refused = asked.ask("respeak", "a before.md", "--doubtful")
    assert refused.returncode == 1
    assert "The takes of a before.md were not checked." in refused.stderr
    assert "`narrated refresh 'a before.md' --check`" in refused.stderr


def test_takes_as_json(asked: Daemon) -> None:
    """Programs get the same as JSON."""
    told = json.loads(asked.ask("takes", "a doubtful.md", "--json").stdout)
    assert told["takes"]["doubtful"] == 1
    assert told["takes"]["chunks"][1]["faults"][0]["kind"] == "inner_silence"
    listed = json.loads(asked.ask("takes", "--json").stdout)
    assert listed == [{"path": "a doubtful.md", "doubtful": 1}]
    assert json.loads(asked.ask("takes", str(asked.inbox), "--json").stdout) == listed


def test_status_counts_the_doubtful(asked: Daemon) -> None:
    """Status, its note and history count what is doubtful."""
    assert (
        "doubtful takes in 1 narration: `narrated takes` lists them" in asked.ask("status").stdout
    )
    assert asked.status()["doubtful"] == [["a doubtful.md", 1]]
    assert asked.ask("takes").stdout.splitlines()[0] == "a doubtful.md: 1 doubtful take"
    history = asked.ask("history", "a doubtful.md").stdout
    assert history.rstrip().endswith(", 3 takes checked, 2 spoken again, 1 doubtful")
    assert "check" not in asked.ask("history", "a before.md").stdout


def test_unknown_files_are_told(asked: Daemon) -> None:
    """A name that nobody knows is told, and so is an option that needs a file."""
    assert asked.ask("takes", "none.md").stderr.startswith("narrated: none.md is not known.")
    for options in (["--play"], ["--all"], ["a good.md", "--json", "--play"]):
        assert asked.ask("takes", *options).returncode == 2


def test_doubtful_takes_are_played(asked: Daemon, tmp_path: Path) -> None:
    """Each listed take is played: its part of the published sound, a breath more at each side."""
    played = _player(tmp_path / "bin", tmp_path / "played.wav")
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    told = asked.ask("takes", "a doubtful.md", "--play", PATH=path)
    assert told.returncode == 0, told.stderr
    with wave.open(str(played)) as sound:
        heard_s = sound.getnframes() / sound.getframerate()
    manifest = asked.manifest("a doubtful")
    block, duration_s = manifest["blocks"][2], manifest["duration_s"]
    whole_s = min(block["end_s"] + 0.15, duration_s) - (block["start_s"] - 0.15)
    assert heard_s == pytest.approx(whole_s, abs=0.1)


def _player(programs: Path, kept: Path) -> Path:
    """Install a player that keeps what it is given."""
    programs.mkdir()
    program = programs / "pw-play"
    program.write_text(f'#!/bin/sh\ncp "$1" {kept}\n')
    program.chmod(0o755)
    return kept


def test_doubtful_takes_are_spoken_again(tmp_path: Path) -> None:
    """The doubtful chunks alone get their next take: of a file, or of all that have some."""
    daemon = _narrations(tmp_path)
    good = daemon.ask("respeak", "a good.md", "--doubtful")
    assert good.stdout == "a good.md has no doubtful takes\n"
    with daemon:
        before = len(daemon.spoken)
        told = daemon.ask("respeak", "--doubtful")
        spoken = "the doubtful takes of a doubtful.md are spoken again; the best takes stay\n"
        assert told.stdout == spoken
        assert told.returncode == 0
        wait(lambda: daemon.history("a doubtful.md") == ["superseded", "done"])
        assert daemon.spoken[before:] == ["The second line of doubtful."]


def test_best_of_old_and_new_stays(tmp_path: Path) -> None:
    """A worse take than the doubtful one is not published, and a later better one still is.

    So it is if a person has chosen the take of another line.
    """
    spoils = {"second line": ["cut", "silence", "cut", "nothing", "nothing", ""]}
    with Daemon(tmp_path, **mumbling(tmp_path, spoils=spoils)) as daemon:
        text = TEXT.format("post")
        daemon.drop("post.md", text)
        daemon.published("post", text)
        assert daemon.ask("respeak", "post.md", "--at", "0:00").returncode == 0
        wait(lambda: daemon.history("post.md") == ["superseded", "done"])
        before = daemon.manifest("post")
        assert daemon.ask("respeak", "--doubtful").returncode == 0
        wait(lambda: daemon.history("post.md") == ["superseded", "superseded", "done"])
        kept = daemon.manifest("post")
        assert (kept["outputs"], kept["published"]) == (before["outputs"], before["published"])
        (told,) = kept["takes"]["chunks"]
        assert (told["takes"], told["faults"][0]["kind"]) == (4, "inner_silence")
        assert "post.md keeps its narration: its doubtful takes were spoken again" in daemon.log
        for _ in range(2):
            assert daemon.ask("respeak", "post.md", "--doubtful").returncode == 0
            daemon.wait_idle()
        assert "all 3 takes are good" in daemon.ask("takes", "post.md").stdout
    assert [each["take"] for each in mumbled(tmp_path) if "second" in each["text"]] == [*range(6)]


def test_rejected_take_stays_away(tmp_path: Path) -> None:
    """A take that a person rejected does not come back, though no check found a fault in it."""
    spoils = {"second line": ["", "silence", "", "cut"]}
    with Daemon(tmp_path, **mumbling(tmp_path, spoils=spoils)) as daemon:
        text = TEXT.format("post")
        daemon.drop("post.md", text)
        manifest = daemon.published("post", text)
        at = f"0:{manifest['blocks'][2]['start_s'] + 0.1:05.2f}"
        assert daemon.ask("respeak", "post.md", "--at", at).returncode == 0
        wait(lambda: daemon.manifest("post")["takes"]["doubtful"] == 1)
        daemon.wait_idle()
        assert daemon.ask("respeak", "--doubtful").returncode == 0
        wait(lambda: daemon.manifest("post")["takes"]["doubtful"] == 0)
        daemon.wait_idle()
    with closing(Ledger(tmp_path / "state" / "ledger.sqlite")) as ledger:
        assert [*ledger.takes.choices("post.md").values()] == [2]


def test_cancelled_respeak_is_compared(tmp_path: Path) -> None:
    """A take that was asked for and cancelled: the next edit publishes it only if it is better."""
    spoils = {"second line": ["nothing", "nothing", "silence", "nothing"]}
    with Daemon(tmp_path, **mumbling(tmp_path, spoils=spoils)) as daemon:
        text = TEXT.format("post")
        daemon.drop("post.md", text)
        daemon.published("post", text)
        for command in (["pause"], ["respeak", "--doubtful"], ["cancel", "post.md"], ["resume"]):
            assert daemon.ask(*command).returncode == 0
        edited = text.replace("The first line", "Another line")
        daemon.drop("post.md", edited)
        (told,) = daemon.published("post", edited)["takes"]["chunks"]
    assert (told["takes"], told["faults"][0]["kind"]) == (4, "inner_silence")
    assert [each["take"] for each in mumbled(tmp_path) if "second" in each["text"]] == [*range(4)]


def test_published_takes_are_checked(tmp_path: Path) -> None:
    """`refresh --check` checks a narration of before: only its bad takes are spoken again.

    It plans nothing anew, and of the page only the episode's own files change.
    """
    voice = mumbling(tmp_path, spoils={"second line": ["silence", ""]})
    daemon = Daemon(tmp_path, **voice, takes={"check": "off"}, podcast={"title": "T"})
    text = TEXT.format("post")
    daemon.drop("post.md", text)
    daemon.drop("other.md", TEXT.format("other"))
    with daemon:
        assert daemon.published("post", text)["takes"] is None
        wait(lambda: _listed(daemon) == 2)
        before, others = len(mumbled(tmp_path)), _stamps(daemon)
        assert daemon.ask("refresh", "post.md", "--check").stdout == "post.md is checked\n"
        wait(lambda: daemon.history("post.md") == ["superseded", "done"])
        spoken = [(each["text"], each["take"]) for each in mumbled(tmp_path)[before:]]
        assert spoken == [("The second line of post.", 1)]
        takes = daemon.manifest("post")["takes"]
        assert (takes["checked"], takes["retaken"], takes["doubtful"]) == (3, 1, 0)
        assert "all 3 takes are good" in daemon.ask("takes", "post.md").stdout
        wait(lambda: _changed(others, _stamps(daemon)))
        assert len(_changed(others, _stamps(daemon))) == 1


def test_doubt_is_told_until_it_is_gone(tmp_path: Path) -> None:
    """A doubtful narration is told by status, journal and page; another take ends all of it.

    A take that was found bad is passed over.
    """
    spoils = {"second line": ["silence", "cut", "cut", ""]}
    daemon = Daemon(tmp_path, **mumbling(tmp_path, spoils=spoils), podcast={"title": "T"})
    text = TEXT.format("post")
    daemon.drop("post.md", text)
    with daemon:
        assert daemon.published("post", text)["takes"]["doubtful"] == 1
        wait(lambda: _listed(daemon) == 1)
        assert any(b'"doubtful":{"' in each.read_bytes() for each in _episodes(daemon))
        assert "post.md: 1 of 3 takes is doubtful; `narrated takes post.md`" in daemon.log
        wait(lambda: "post.md: 1 doubtful take\n" in _note(daemon))
        stamps = _stamps(daemon)
        assert daemon.ask("respeak", str(daemon.inbox), "--doubtful").returncode == 0
        wait(lambda: daemon.history("post.md") == ["superseded", "done"])
        takes = [each["take"] for each in mumbled(tmp_path) if "second" in each["text"]]
        assert takes == [0, 1, 2, 3]
        assert daemon.manifest("post")["takes"]["doubtful"] == 0
        assert daemon.ask("takes").stdout == "No narration has doubtful takes.\n"
        assert daemon.ask("respeak", "--doubtful").stdout == "no narration has doubtful takes\n"
        wait(lambda: not any(b"doubtful" in each.read_bytes() for each in _episodes(daemon)))
        assert len(_changed(stamps, _stamps(daemon))) == 1
        wait(lambda: "doubtful" not in _note(daemon))


def test_folder_under_way_is_known(tmp_path: Path) -> None:
    """A folder whose posts are all narrated for the first time is no unknown name."""
    with Daemon(tmp_path, **mumbling(tmp_path)) as daemon:
        assert daemon.ask("pause").returncode == 0
        daemon.drop("walks/post.md", TEXT.format("post"))
        wait(lambda: daemon.history("walks/post.md"))
        commands = ["takes"], ["respeak", "--doubtful"], ["refresh", "--check"], ["refresh"]
        told = [daemon.ask(*command, "walks") for command in commands]
        assert [each.returncode for each in told] == [0] * 4, str(told)
        assert [each.stdout for each in told] == [
            "No narration in walks has doubtful takes.\n",
            "no narration in walks has doubtful takes\n",
            "nothing else is to be checked\n",
            "nothing else is to be narrated again; `narrated status` lists what is under way\n",
        ]


def test_voice_without_other_takes(tmp_path: Path) -> None:
    """Of a voice that always speaks alike, no command is told that would be refused."""
    daemon = Daemon(tmp_path, speech={"engine": "espeak"}, takes={"check": "off"})
    daemon.drop("post.md", TEXT.format("a pond"))
    assert daemon.ask("once").returncode == 0, daemon.log
    _plant(daemon, "post.md", ManifestTakes(checked=3, chunks=(_stopping(daemon),), doubtful=1))
    last = daemon.ask("takes", "post.md").stdout.splitlines()[-1]
    assert last.strip() == "The voice has no other take: change the words, or a lexicon's."


def _stopping(daemon: Daemon) -> ChunkTakes:
    return _chunk(daemon, "post", 2, faults=STOPS)


def _note(daemon: Daemon) -> str:
    return (daemon.outbox / "narrated.status.txt").read_text()


def _listed(daemon: Daemon) -> int:
    """Count the episodes of the page, which is written after all that it names."""
    page = daemon.outbox / "index.html"
    return page.read_text().count('<li class="entry"') if page.exists() else 0


def _episodes(daemon: Daemon) -> list[Path]:
    return [each for each in (daemon.outbox / "index.files").glob("*.js") if len(each.stem) == 16]


def _stamps(daemon: Daemon) -> dict[str, int]:
    folder = daemon.outbox / "index.files"
    return {
        each.name: each.stat().st_mtime_ns for each in folder.iterdir() if each.name != "now.js"
    }


def _changed(before: dict[str, int], now: dict[str, int]) -> list[str]:
    return [name for name, stamp in now.items() if before.get(name) != stamp]
