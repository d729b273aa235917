"""`kill -9` after each single step of a daemon: the next one brings it all to the same end."""

import ast
import io
import json
import os
import re
import shutil
import sqlite3
import tempfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import narrated
from narrated.ledger.job import LEGAL
from support import consistency
from support.daemon import Daemon, toy
from support.mumbling import ear, mumbling
from support.stepping import ANSWER, TRIED_NAME
from support.steps import KILLED, Lived, Lives

pytestmark = pytest.mark.timeout(900)  # dozens of daemons, each slow where others are at work

ROWS = 2
TRIES = 3
"""How often a step is waited for: threads race, and what comes first may differ."""
MOVE = re.compile(r"\[(\w+) to (\w+)\]")
TEXT = "# A title\n\nThe first words.\n\nThe second words.\n"
POST = "blog/post.md"
SHARED = (
    *("make ", "mkdir ", "fsync ", "commit Takes.record", "commit list"),
    *("rename a take ", "rename a draft to audio", "unlink audio", "rmdir a job's", "rmdir work"),
    *("unlink control", "rename a draft to narrated.status", "commit keep_plan"),
)
"""Steps that lives have in common; one scenario has its daemon killed after each of these, too."""

UNMET = {
    ("publishing", "removed"): "its source has to go, and be missed, in the instant between the"
    " begin of a publication and its being refused",
}
"""Legal moves after which no daemon is killed here, and why."""

RENAMES = {
    "rename a take being written to a take": ["atomic_write.py"],
    "rename a draft to audio.mp3": ["audio/streaming_encoder.py"],
    "rename a draft to post.mp3": ["outbox/open_folder.py"],
    "rename a draft to post.json": ["outbox/open_folder.py"],
    "rename a draft to post.error.txt": ["outbox/open_folder.py"],
    "rename a draft to post.script.md": ["outbox/open_folder.py"],
    "rename a draft to narrated.status.txt": ["outbox/open_folder.py"],
    "rename a draft to index.html": ["outbox/open_folder.py"],
    "rename post.mp3 to new.mp3": ["outbox/published_files.py"],
    "rename post.md to a draft": ["inbox/held_source.py"],
    "rename a draft to post.md": ["atomic_write.py", "inbox/archive_or_delete.py"],
    "rename ledger.sqlite to a ledger set aside": ["ledger/set_aside.py"],
}
"""A rename of each kind, and which module makes it."""

OTHERS_RENAMES = {
    "voices/install.py": "`narrated voices add` and what follows it",
    "models/store.py": "`narrated models pull`",
    "terminal/sound_output.py": "`narrated read` and `say`, which end with their own file",
    "outbox/case_variants.py": "a disk that ignores case, which test_refused_names.py has",
    "jobs/outbox_scripts.py": "a script that somebody edited in the outbox, set aside",
    "jobs/source_moves.py": "rows of the ledger, which name a file",
    "workers/voice_files.py": "the user's voices as a box keeps them, sent again if any is missing",
    "service/state_record.py": "a link by which commands find a daemon, made again at each start",
}
"""Modules with renames that no narration depends on here, and what they are for."""


def _picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (16, 12), "blue").save(buffer, "PNG")
    return buffer.getvalue()


def _showing(picture: str) -> str:
    return f"{TEXT}\n![]({picture})\n"


def _nothing(daemon: Daemon) -> None:
    """An inbox that nobody has put anything into, or nobody touches."""


def _post(daemon: Daemon) -> None:
    daemon.drop(POST, TEXT)


def _long_post(daemon: Daemon) -> None:
    """One whose encoding takes longer than a short one's reading."""
    daemon.drop(POST, "\n\n".join(["# A title", *(f"Part {n} of it." * 9 for n in range(90))]))


def _post_and_picture(daemon: Daemon) -> None:
    daemon.drop("blog/desk.png", _picture())
    daemon.drop(POST, _showing("desk.png"))


def _edit(daemon: Daemon) -> None:
    daemon.drop(POST, TEXT.replace("second", "other"))


def _title_and_picture(daemon: Daemon) -> None:
    daemon.drop("blog/desk.png", _picture())
    daemon.drop(POST, _showing("desk.png").replace("A title", "Another title"))


def _rename(daemon: Daemon) -> None:
    (daemon.inbox / "moved").mkdir()
    (daemon.inbox / POST).rename(daemon.inbox / "moved/new.md")


def _rename_beside(daemon: Daemon) -> None:
    """A rename that keeps the folder, and so the album."""
    (daemon.inbox / POST).rename(daemon.inbox / "blog/new.md")


def _rename_and_edit(daemon: Daemon) -> None:
    _rename(daemon)
    daemon.drop("moved/new.md", f"---\nauthor: Ada\n---\n{TEXT}")


def _copy_alone(daemon: Daemon) -> None:
    """A move whose halves are seen by two daemons: the copy came while the original was there."""
    daemon.drop(POST, TEXT)
    daemon.drop("moved/new.md", TEXT)


def _remove(daemon: Daemon) -> None:
    (daemon.inbox / POST).unlink()


def _title(daemon: Daemon) -> None:
    """Words that stay, under a name that is said: a move with something to speak."""
    daemon.drop(POST, "Words without a title.\n")


def _fail(daemon: Daemon) -> None:
    daemon.drop(POST, "This will FAIL.\n")


def _other_format(daemon: Daemon) -> None:
    daemon.configure(**_settings(daemon.home), audio={"format": "flac"})
    _edit(daemon)


def _picture_alone(daemon: Daemon) -> None:
    daemon.drop("blog/desk.png", _picture())


def _broken_picture(daemon: Daemon) -> None:
    daemon.drop("blog/desk.png", b"This is no picture.")


def _show(daemon: Daemon) -> None:
    daemon.drop(POST, _showing("desk.png"))


def _unwanted(daemon: Daemon) -> None:
    daemon.drop(POST, f"---\nnarrate: false\n---\n{TEXT}")


def _draft(daemon: Daemon) -> None:
    daemon.drop(POST, f"---\ndraft: true\n---\n{TEXT}")


def _script(daemon: Daemon) -> None:
    """A person reviews the script, and saves it beside the post."""
    script = (daemon.outbox / "blog/post.script.md").read_text()
    daemon.drop("blog/post.script.md", script.replace("second", "other"))


def _folder_settings(daemon: Daemon) -> None:
    daemon.drop("blog/.narrated.yaml", "author: Ada\nvoice: other\n")


def _voice(name: str) -> Callable[[Daemon], None]:
    """The configuration names this voice."""

    def configured(daemon: Daemon) -> None:
        settings = _settings(daemon.home)
        daemon.configure(**{**settings, "speech": {"engine": "toy", "voice": name}})

    return configured


def _fickle(daemon: Daemon) -> None:
    """An engine that is to be had as long as there is a file."""
    options = toy(daemon.home, rows=ROWS, unless=str(daemon.home / "engine"))
    daemon.configure(**{**_settings(daemon.home), **options})


def _heard(daemon: Daemon, publish: str = "checked") -> None:
    """An engine that says one line wrongly at first, and an ear; both log one file."""
    home, log = daemon.home, str(daemon.home / "spoken.txt")
    voice = mumbling(home, log=log, rows=1, spoils={"lazy dog": ["backwards", ""]})
    engines = {**voice["engines"], "ear": ear(home, log=log, rows=1)}
    takes = {"check": "ears", "hearing": "ear", "publish": publish}
    heard = {"engines": engines, "takes": takes}
    daemon.configure(**{**_settings(home), **voice, **heard})


def _heard_later(daemon: Daemon) -> None:
    _heard(daemon, "now")


def _save_again(daemon: Daemon) -> None:
    """Save the post with other bytes and the same words."""
    daemon.drop(POST, (daemon.inbox / POST).read_text() + "\n\n")


def _post_to_be_heard(daemon: Daemon) -> None:
    lines = "The lazy dog sleeps in the sun today.\n\nA quick fox jumps over the fence.\n"
    daemon.drop(POST, f"# A walk\n\n{lines}")


def _engine_goes(daemon: Daemon) -> None:
    (daemon.home / "engine").unlink()


def _engine_comes(daemon: Daemon) -> None:
    (daemon.home / "engine").touch()


def _outbox_goes(daemon: Daemon) -> None:
    daemon.outbox.rename(daemon.home / "away")


def _outbox_comes(daemon: Daemon) -> None:
    (daemon.home / "away").rename(daemon.outbox)


def _in_the_way(daemon: Daemon) -> None:
    (daemon.outbox / "blog/post.mp3").mkdir(parents=True)


def _out_of_the_way(daemon: Daemon) -> None:
    (daemon.outbox / "blog/post.mp3").rmdir()


def _damage(daemon: Daemon) -> None:
    """A disk loses pages of the ledger; what stands in the outbox tells the rest."""
    ledger = daemon.home / "state/ledger.sqlite"
    with ledger.open("r+b") as file:
        file.seek(200)
        file.write(b"\xa5" * (ledger.stat().st_size - 200))


def _outdate(daemon: Daemon) -> None:
    """Another narrated is installed, which knows nothing of such plans."""
    db = sqlite3.connect(daemon.home / "state/ledger.sqlite")
    with db:
        db.execute("UPDATE plans SET plan = ?", (zlib.compress(b"{}"),))
    db.close()


def _both(*doings: Callable[[Daemon], None]) -> Callable[[Daemon], None]:
    def done(daemon: Daemon) -> None:
        for doing in doings:
            doing(daemon)

    return done


def _settings(home: Path) -> dict[str, Any]:
    return {**toy(home, rows=ROWS), "settle": "0ms", "log": "warning"}


@dataclass(frozen=True, slots=True)
class Scenario:
    """A narration that exists already, and the change to the inbox that follows."""

    before: Callable[[Daemon], None]
    change: Callable[[Daemon], None]
    settings: dict[str, Any] = field(default_factory=dict)
    edited: Callable[[Daemon], None] | None = None
    """A second change before, which another daemon sees."""
    halt: str = ""
    """The step at which the last daemon before was killed."""
    command: str = ""
    """What the user asks for of the post, once the change is made."""
    then: Callable[[Daemon], None] | None = None
    """What is mended at last, so that all can be narrated."""
    retried: bool = False
    """Whether the user has it tried again then."""
    watch: bool = False
    all_steps: bool = False
    breaks: bool = False
    """Whether something in narrated goes wrong that nobody foresaw, until the end."""


REVIEW = {"review": True}
PODCAST = {"podcast": {"title": "A blog"}}
QUEUED, PLANNED = "commit file_ready [new, queued]", "commit keep_plan [queued to planned]"
SPEAKING, PUBLISHING = "commit [planned to speaking]", "commit [speaking to publishing]"
OUT = "commit finish [publishing to done] [new, queued] [queued to planned]"
"""What is published now is to be heard."""

SCENARIOS = {
    "a new post with a picture": Scenario(_nothing, _post_and_picture, all_steps=True),
    "an edit": Scenario(_post, _edit),
    "a rename": Scenario(_post, _rename_beside),
    "a rename that changes the album": Scenario(_post, _rename),
    "a rename with an edit": Scenario(_post, _rename_and_edit),
    "a rename that changes the title": Scenario(_title, _rename),
    "a copy whose original goes": Scenario(_copy_alone, _remove),
    "an edit and another format": Scenario(_post, _other_format),
    "a failure": Scenario(_post, _fail),
    "a recovery": Scenario(_fail, _post),
    "a failure that goes": Scenario(_fail, _remove, watch=True),
    "a withdrawal": Scenario(
        _post, _remove, {"removed": "withdraw", "withdraw_after": "0s"}, watch=True
    ),
    "archived afterwards": Scenario(
        _nothing, _post_and_picture, {"after": "archive", "archive": "archive"}
    ),
    "archived on another disk": Scenario(_nothing, _post, {"after": "archive"}),
    "deleted afterwards": Scenario(_nothing, _post_and_picture, {"after": "delete"}),
    "a picture becomes part of a post": Scenario(_picture_alone, _show),
    "a picture that is being published becomes part of a post": Scenario(
        _picture_alone, _show, halt=PUBLISHING
    ),
    "a picture that stands by a hair becomes part of a post": Scenario(
        _picture_alone, _show, halt="rename a draft to desk.json"
    ),
    "a picture is part of a post no more": Scenario(_post_and_picture, _post),
    "a picture that is none": Scenario(_nothing, _broken_picture),
    "no longer to be narrated": Scenario(_post, _unwanted),
    "a post that becomes a draft": Scenario(_post, _draft),
    "a draft that is published": Scenario(_draft, _post),
    "a post of a podcast": Scenario(_post, _title_and_picture, PODCAST),
    "a script to be reviewed": Scenario(_nothing, _post, REVIEW),
    "a script that was reviewed": Scenario(_post, _script, REVIEW),
    "a script that is archived with its post": Scenario(
        _post, _script, {**REVIEW, "after": "archive", "archive": "archive"}
    ),
    "settings of a folder": Scenario(_post, _folder_settings),
    "a ledger that is damaged": Scenario(_post, _damage),
    "a voice that is missing": Scenario(_voice("none"), _post, then=_voice("toy")),
    "a voice that is there again": Scenario(_both(_voice("none"), _post), _voice("toy")),
    "an engine that is missing": Scenario(_fickle, _post, then=_engine_comes),
    "an engine that goes while it speaks": Scenario(
        _both(_fickle, _engine_comes, _post), _engine_goes, halt=SPEAKING, then=_engine_comes
    ),
    "an outbox that is away": Scenario(_post, _both(_edit, _outbox_goes), then=_outbox_comes),
    "a rename while the outbox is away": Scenario(
        _post, _both(_rename, _outbox_goes), then=_outbox_comes
    ),
    "an outbox that is there again": Scenario(
        _post, _outbox_comes, edited=_both(_edit, _outbox_goes)
    ),
    "a folder in the way": Scenario(
        _nothing, _both(_in_the_way, _post), then=_out_of_the_way, retried=True
    ),
    "a publication that is taken up again": Scenario(_post, _nothing, halt=PUBLISHING),
    "what is being spoken is edited": Scenario(_post, _edit, halt=SPEAKING),
    "what is being published is edited": Scenario(_post, _edit, halt=PUBLISHING),
    "what is being published is no longer wanted": Scenario(_long_post, _unwanted, halt=PUBLISHING),
    "what is being published is broken by an edit": Scenario(_post, _fail, halt=PUBLISHING),
    "a plan of another form": Scenario(_post, _outdate, halt=PUBLISHING),
    "speech that is taken up again": Scenario(_post, _nothing, halt=SPEAKING),
    "what nobody foresaw": Scenario(_nothing, _post, breaks=True, then=_nothing, retried=True),
    "a retry": Scenario(_fail, _nothing, command="retry"),
    "a retry of what waits": Scenario(_both(_voice("none"), _post), _voice("toy"), command="retry"),
    "a refresh": Scenario(_post, _nothing, command="refresh"),
    "a take that is heard, and spoken again": Scenario(_heard, _post_to_be_heard),
    "a save before what is out is heard": Scenario(
        _both(_heard_later, _post_to_be_heard), _save_again, halt=OUT
    ),
    "another take": Scenario(_post, _nothing, command="respeak"),
    **{
        f"another take of what is {state} again": Scenario(
            _post, _nothing, edited=_edit, halt=halt, command="respeak"
        )
        for state, halt in (("queued", QUEUED), ("planned", PLANNED), ("speaking", SPEAKING))
    },
    **{
        f"cancelled while {state}": Scenario(
            _post, _nothing, halt=halt, command="cancel", then=_nothing, retried=True
        )
        for state, halt in (("queued", QUEUED), ("planned", PLANNED), ("speaking", SPEAKING))
    },
    "cancelled while waiting": Scenario(
        _both(_voice("none"), _post),
        _nothing,
        command="cancel",
        then=_voice("toy"),
        retried=True,
    ),
}


WHOLE = {"a new post with a picture"}
"""The scenario with a kill after each of its steps: a narration. The others have kills after the
steps that no earlier scenario had; the long tier kills after each of all."""


class Stage:
    """One scenario, set up again and again."""

    def __init__(self, home: Path, scenario: Scenario, lives: Lives, elsewhere: Path) -> None:
        self.scenario = scenario
        self._kept = home / "kept"
        self._lives = lives
        own = dict(scenario.settings)
        if own.get("after") == "archive":
            own.setdefault("archive", str(elsewhere))
        self._archive = home / "home" / own.get("archive", "archive")
        self._daemon = Daemon(home / "home", **{**_settings(home / "home"), **own})
        self._live_before()
        shutil.copytree(self._daemon.home, self._kept, ignore=shutil.ignore_patterns("*.sock"))
        self.set()
        self.undisturbed = self.live()
        assert self.undisturbed.code == 0, self._daemon.log
        self.settle()
        self.files, self.spoken = self.end()

    @property
    def wanted(self) -> list[tuple[str, int]]:
        """The steps after which a daemon is killed: each, but for those that others show."""
        return self.wanted_of(self.undisturbed)

    def new_to(self, fatal: set[str]) -> list[tuple[str, int]]:
        """Those of a name after which no daemon was killed yet."""
        return [step for step in self.wanted if step[0] not in fatal]

    def wanted_of(self, lived: Lived) -> list[tuple[str, int]]:
        """The same for another life."""
        every = self.scenario.all_steps
        return [
            (name, nth)
            for name, nth in lived.numbered
            if every or not name.startswith(SHARED)
            if nth == 1 or not name.endswith(TRIED_NAME)
        ]

    def set(self) -> Daemon:
        """All as it was before, and the inbox changed."""
        home = self._daemon.home
        for folder in (home, self._archive):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self._kept, home)
        _recognise(home)
        self.scenario.change(self._daemon)
        return self._daemon

    def live(self, kill_at: tuple[str, int] = ("", 1), *, asks: bool = True) -> Lived:
        """One life of a daemon there, for which a user asks, unless they have before."""
        command = (self.scenario.command, POST) if asks and self.scenario.command else None
        scenario = self.scenario
        return self._lives.live(
            self._daemon, kill_at, watch=scenario.watch, breaks=scenario.breaks, command=command
        )

    def die(self, step: tuple[str, int]) -> list[tuple[str, int]]:
        """A daemon is killed after a step, and the next one does what is left to do.

        Gives back nothing, or where chance left the step out, what the daemon did instead.
        """
        for _ in range(TRIES):
            daemon = self.set()
            ended = self.live(step)
            if ended.code == KILLED:
                break
        if ended.code == KILLED:
            assert self.live(asks=ANSWER not in ended.steps).code == 0, daemon.log
        self.settle()
        return [] if ended.code == KILLED else self.wanted_of(ended)

    def settle(self) -> None:
        """Mend what kept it from being narrated."""
        if self.scenario.then is None:
            return
        self.scenario.then(self._daemon)
        command = ("retry", POST) if self.scenario.retried else None
        assert self._lives.live(self._daemon, command=command).code == 0, self._daemon.log

    def end(self) -> tuple[dict[str, str], Counter[str]]:
        """The outbox at the end, where all agrees; and how often each text was spoken."""
        consistency.verify(self._daemon)
        outbox = self._daemon.outbox
        words = {
            name: (outbox / name).read_text()
            for name in self._daemon.files
            if name.endswith(".vtt")  # others tell the time, or where it was narrated first
        }
        names = {f"outbox/{name}" for name in self._daemon.files - words.keys()}
        for folder in (self._daemon.inbox, self._archive):
            names |= {str(path.relative_to(folder.parent)) for path in folder.rglob("*")}
        checks = {f"the checks of {name}": _checks(outbox / name) for name in self._daemon.files}
        return words | dict.fromkeys(names, "") | checks, Counter(self._daemon.spoken)

    def _live_before(self) -> None:
        scenario, daemon, lives = self.scenario, self._daemon, self._lives
        doings = [scenario.before, *filter(None, [scenario.edited])]
        for at, doing in enumerate(doings, 1):
            doing(daemon)
            halt = scenario.halt if at == len(doings) else ""
            ended = lives.live(daemon, (halt, 1))
            assert ended.code == (KILLED if halt else 0), daemon.log


def _checks(file: Path) -> str:
    """The counts of a manifest's checked takes; empty if the file tells none."""
    told = json.loads(file.read_text()).get("takes") if file.suffix == ".json" else None
    return str({name: each for name, each in told.items() if name != "chunks"}) if told else ""


def _recognise(home: Path) -> None:
    """Have a ledger that was copied know the files that were copied with it."""
    db = sqlite3.connect(home / "state/ledger.sqlite")
    with db:
        for (path,) in db.execute("SELECT path FROM sources WHERE gone_at IS NULL").fetchall():
            seen = (home / "inbox" / os.fsdecode(path)).stat()
            db.execute(
                "UPDATE sources SET inode = ?, mtime_ns = ?, ctime_ns = ? WHERE path = ?",
                (seen.st_ino, seen.st_mtime_ns, seen.st_ctime_ns, path),
            )
    db.close()


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Stage]]:
    """Gives each scenario's stage, set up and lived through once."""
    stages: dict[str, Stage] = {}
    with Lives() as lives, tempfile.TemporaryDirectory(dir="/dev/shm") as elsewhere:

        def stage(name: str) -> Stage:
            if name not in stages:
                home = tmp_path_factory.mktemp("stage")
                away = Path(elsewhere, home.name, "archive")
                away.parent.mkdir()
                stages[name] = Stage(home, SCENARIOS[name], lives, away)
            return stages[name]

        yield stage


@pytest.fixture(scope="module")
def fatal() -> set[str]:
    """The names of steps after which some daemon was killed."""
    return set()


@pytest.mark.parametrize("name", SCENARIOS)
def test_kill_after_any_step(
    name: str,
    staged: Callable[[str], Stage],
    fatal: set[str],
    figure: Callable[[str], None],
) -> None:
    """Killed after any step it comes to the same end."""
    stage = staged(name)
    steps = stage.wanted if name in WHOLE else stage.new_to(fatal)
    fatal |= _kill_after_each(steps, stage, figure)


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(SCENARIOS.keys() - WHOLE))
def test_kill_after_every_step(
    name: str, staged: Callable[[str], Stage], figure: Callable[[str], None]
) -> None:
    """Killed after each step of every scenario it comes to the same end."""
    stage = staged(name)
    _kill_after_each(stage.wanted, stage, figure)


def _kill_after_each(
    wanted: list[tuple[str, int]], stage: Stage, figure: Callable[[str], None]
) -> set[str]:
    """Kill a daemon after each step; returns the steps that a daemon died after."""
    problems: list[str] = []
    killed: Counter[str] = Counter()
    left_out: list[str] = []
    repeated = 0
    for step in wanted:  # grows, where chance has other steps done instead
        try:
            instead = stage.die(step)
            if instead:
                left_out.append(step[0])
            else:
                killed[step[0]] += 1
            wanted += [each for each in instead if each not in wanted]
            standing, again = stage.end()
            assert standing == stage.files, f"{sorted(standing)}, not {sorted(stage.files)}"
            twice = again - stage.spoken
            repeated = max(repeated, twice.total())
            assert twice.total() <= ROWS, f"spoken again: {list(twice.elements())}"
        except AssertionError as error:
            problems.append(f"after `{step[0]}` ({step[1]}): {error}")
    missed = f"; not met again: {', '.join(left_out)}" if left_out else ""
    figure(f"{killed.total()} kills, spoken again: {repeated}; after {_listed(killed)}{missed}")
    assert not problems, "\n\n".join(problems)
    return set(killed)


def _listed(steps: Counter[str]) -> str:
    return "; ".join(f"{name} ×{count}" if count > 1 else name for name, count in steps.items())


def _kill_after(steps: set[str], staged: Callable[[str], Stage], fatal: set[str]) -> Iterator[str]:
    """Those after which a daemon was killed; where none was yet, by chance, one is now."""
    for name in steps:
        stages = (staged(each) for each in SCENARIOS)
        ways = [(stage, step) for stage in stages for step in stage.wanted if step[0] == name]
        if name in fatal or any(not stage.die(step) for stage, step in ways):
            yield name


def test_kill_after_each_move(
    staged: Callable[[str], Stage], fatal: set[str], figure: Callable[[str], None]
) -> None:
    """After each legal move a daemon was killed."""
    steps = {name for each in SCENARIOS for name, _ in staged(each).wanted if "[" in name}
    met = {move for name in _kill_after(steps, staged, fatal) for move in MOVE.findall(name)}
    legal = {(str(old), str(new)) for old, ways in LEGAL.items() for new in ways}
    figure(f"{len(met)} of {len(legal)} legal moves; not {_told(legal - met)}")
    assert met <= legal
    assert UNMET.keys() <= legal, "what is no longer legal needs no excuse"
    assert not (missed := legal - met - UNMET.keys()), f"nobody is killed after {_told(missed)}"


def _told(moves: set[tuple[str, str]]) -> str:
    return ", ".join(" to ".join(each) for each in sorted(moves))


def test_kill_after_each_rename(
    staged: Callable[[str], Stage], fatal: set[str], figure: Callable[[str], None]
) -> None:
    """After each kind of rename a daemon was killed."""
    steps = {name for each in SCENARIOS for name, _ in staged(each).wanted}
    renames = {name for name in steps if name.startswith("rename ")}
    renames = sorted(_kill_after(renames, staged, fatal))
    figure("; ".join(renames))
    assert not (missed := RENAMES.keys() - set(renames)), f"nobody is killed after {missed}"
    modules = {module for makers in RENAMES.values() for module in makers}
    assert _renaming() == modules | OTHERS_RENAMES.keys()


def _renaming() -> set[str]:
    """The modules of narrated that rename files."""
    root = Path(narrated.__file__).parent
    trees = {path: ast.parse(path.read_text()) for path in root.rglob("*.py")}
    return {
        str(path.relative_to(root))
        for path, tree in trees.items()
        if any(map(_is_rename, ast.walk(tree)))
    }


def _is_rename(node: ast.AST) -> bool:
    """True if it calls `rename`, `renames` or `link`, or the `replace` of a path or of `os`."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    if node.func.attr == "replace":
        of_os = isinstance(node.func.value, ast.Name) and node.func.value.id == "os"
        return of_os or (len(node.args) == 1 and not node.keywords)
    return node.func.attr in ("rename", "renames", "link", "hardlink_to", "move_to")
