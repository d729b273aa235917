"""Messages as a stranger meets them: each says what happened, to which file or key, and what to do.

Each row of a table provokes one through the real program. `{home}` stands for the row's folder.
"""

import os
import re
import shutil
import socket
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

import numpy
import pytest
import soundfile

from narrated.service.state_lock import holder
from support.daemon import Daemon, files_below, wait
from support.disk import Disk, small

ESPEAK = {"speech": {"engine": "espeak"}, "engines": {}}
FOLDERS = "inbox: inbox\noutbox: outbox\nstate: state\ncache: cache\n"
DEADEND = "http://127.0.0.1:9"
"""Nothing listens there."""
INTERNAL = re.compile(
    r"\b[A-Z]\w*(Error|Exception|Unavailable)\b|narrated\.(?!yaml)\w+\.\w|object at 0x|\berrno\b"
)
"""Names of classes and modules, which tell a stranger nothing."""


@dataclass(frozen=True)
class Provoked:
    """A command, and the message that it ends with."""

    command: str
    code: int
    says: str
    remedy: str

    def __str__(self) -> str:
        return self.command.replace("/", ":") or "narrated"


COMMANDS = (
    Provoked("frobnicate", 2, "No such command 'frobnicate'.", "Try 'narrated --help'"),
    Provoked("history", 2, "Missing argument 'FILE'.", "Try 'narrated history --help'"),
    Provoked("status --jsn", 2, "No such option '--jsn'.", "Try 'narrated status --help'"),
    Provoked("retry", 2, "Give either a FILE, or --failed.", "--failed"),
    Provoked("retry post.md --failed", 2, "Give either a FILE, or --failed.", "--failed"),
    Provoked("retry post.md", 1, "post.md is done; there is nothing to retry.", "respeak"),
    Provoked("respeak post.md --at soon", 2, "soon is not a time.", "Write it as MM:SS."),
    Provoked("respeak post.md --at 0:99", 2, "0:99 is not a time.", "Write it as MM:SS."),
    Provoked("respeak post.md --at -1", 2, "-1 is not a time.", "Write it as MM:SS."),
    Provoked("respeak post.md --at 1:-1", 2, "1:-1 is not a time.", "Write it as MM:SS."),
    Provoked("respeak post.md --at nan", 2, "nan is not a time.", "Write it as MM:SS."),
    Provoked("respeak post.md --at 9:00:00", 1, "nothing is heard at 540:00.", "--at MM:SS"),
    Provoked("respeak post.md", 1, "no other take of post.md: espeak", "lexicon.yaml"),
    Provoked("respeak gone.md", 1, "gone.md is no longer in the inbox", "drop it again"),
    Provoked("refresh gone.md", 1, "gone.md is no longer in the inbox", "drop it again"),
    Provoked("respeak failed.md", 1, "failed.md has no narration", "narrated history failed.md"),
    Provoked("cancel post.md", 1, "Nothing is being done for post.md.", "narrated status"),
    Provoked("history .odd.md", 1, ".odd.md lies in the inbox", "narrated ignored .odd.md"),
    Provoked("history nothing.md", 1, "nothing.md is not known.", "The inbox is {home}/inbox."),
    Provoked("refresh nothing", 1, "nothing is not known.", "The inbox is {home}/inbox."),
    Provoked("script", 2, "Give either a FILE, or a folder", "--check DIR"),
    Provoked("script inbox", 2, "FILE is a folder.", "narrated script --check inbox"),
    Provoked("script none.md", 2, "There is no file none.md", "Give a path"),
    Provoked("script --check none", 2, "There is no file none", "Give a path"),
    Provoked("script --check", 2, "Give either a FILE, or a folder", "--check DIR"),
    Provoked("script --strict post.md", 2, "--strict goes with --check.", "--check"),
    Provoked("script --all post.md", 2, "--all goes with --check DIR", "every skipped part"),
    Provoked("script binary.md", 1, "binary.md is not text in any known encoding.", "UTF-8"),
    Provoked("read none.md", 2, "Path 'none.md' does not exist.", "Try 'narrated read --help'"),
    Provoked("read inbox", 2, "inbox is a folder.", "narrated once"),
    Provoked("read pipe", 1, "pipe is a pipe.", "narrated read - < pipe"),
    Provoked("read binary.md", 1, "binary.md is not text in any known encoding.", "UTF-8"),
    Provoked("read text.wav", 1, "text.wav is neither a text nor a picture", "--as md"),
    Provoked("read secret.md", 1, "secret.md may not be opened.", "chmod"),
    Provoked("read -", 1, "The standard input is empty.", "name a file"),
    Provoked("read words.md -e none", 1, "There is no engine none that speaks.", "Choose one of"),
    Provoked("read words.md -e blip", 1, "There is no engine blip that speaks.", "Choose one of"),
    Provoked("read words.md -o .", 1, ". is a folder.", "--output post.mp3."),
    Provoked("read words.md -o words.md/x.mp3", 5, "there is no folder", "--output FILE"),
    Provoked("read words.md --speed nan", 2, "Invalid value for '--speed'", "nan is no number."),
    Provoked("read /dev/null", 1, "/dev/null is not a regular file.", "Name a text"),
    Provoked("read words.md -e bark", 1, "bark", "narrated models pull suno/bark"),
    Provoked("read words.md -o words.md", 1, "The suffix of words.md", "Use one of .mp3,"),
    Provoked("read words.md -o linked.mp3 -f", 1, "words.md, another kind of file.", "--output"),
    Provoked("read words.md -o there.mp3", 1, "there.mp3 is there already", "--force"),
    Provoked("read words.md --speed 9", 2, "9.0 is not in the range 0.5<=x<=2.0.", "read --help"),
    Provoked("say", 1, "The standard input is empty.", 'narrated say "Hello"'),
    Provoked("say @", 1, "There is nothing to say.", 'narrated say "Hello"'),
    Provoked("say Words -v none", 1, "espeak has no voice 'none'.", "narrated voices list"),
    Provoked("say Words -o said.doc", 1, "The suffix of said.doc", "Use one of .mp3,"),
    Provoked("say Words -o no/said.mp3", 5, "there is no folder {home}/no.", "--output FILE"),
    Provoked("say Words -o closed/said.mp3", 5, "you may not write there.", "--output FILE"),
    Provoked("describe text.png", 1, "text.png cannot be described", "PNG or JPEG"),
    Provoked("describe none.png", 2, "File 'none.png' does not exist.", "describe --help"),
    Provoked("voices list -e none", 1, "No speech engine none is configured.", "`engines:`"),
    Provoked(
        "voices audition none -o heard", 1, "espeak has no voice 'none'.", "narrated voices list"
    ),
    Provoked(
        "voices audition en-us -o closed/x", 5, "The folder closed/x cannot be made", "--output"
    ),
    Provoked("voices add none", 2, "Path 'none' does not exist.", "voices add --help"),
    Provoked("voices add clips", 1, "clips is no voice: it has no clip", "ffmpeg -i FILE"),
    Provoked("voices add short", 1, "short/1.wav cannot be used: it is 0.1 s", "ten seconds"),
    Provoked("voices add text.wav", 1, "The clip text.wav cannot be used", "ffmpeg -i text.wav"),
    Provoked("voices add text.npz", 1, "The voice text.npz cannot be used", "Make it again"),
    Provoked("models pull none", 1, "There is no model named 'none'.", "Known: bark,"),
    Provoked("models pull bark", 1, "Could not reach " + DEADEND, "run the same command"),
    Provoked("models remove blip", 1, "There is no model Salesforce", "narrated models list"),
    Provoked("models verify none", 1, "There is no model named 'none'.", "Known: bark,"),
    Provoked("engines install none", 1, "'none' is no engine of ours.", "tortoise"),
    Provoked("engines install tortoise --python x", 2, "--python needs --apart FOLDER.", "FOLDER"),
    Provoked("config init", 3, "{home}/narrated.yaml is there already", "Edit it"),
    Provoked("run", 4, "{home}/state is in use by the process", "stop narrated`, or Ctrl-C"),
    Provoked("once --quiet", 4, "{home}/state is in use by the process", "name another `state:`"),
    Provoked("pause soon", 2, "soon is not a duration.", "Write it as 90m, 2h"),
)
"""Against a running daemon. `@` stands for an empty word."""

CONFIGURATIONS: Mapping[str, tuple[str | bytes, str, str]] = {
    "empty": ("", "holds no settings.", "`inbox: FOLDER`"),
    "a list": ("- inbox\n", "holds no settings.", "`inbox: FOLDER`"),
    "binary": (b"\xff\xfe\x00", "it is not UTF-8 text.", "narrated config init"),
    "broken": ("inbox: [a\n", "is not valid YAML: line 2:", "Mend that line"),
    "a tab": ("inbox:\tx\n\ty: z\n", "line 1: a tab stands there", "use spaces"),
    "twice": (FOLDERS + "inbox: x\n", "line 5: `inbox` is given twice", "Mend that line"),
    "no inbox": ("outbox: outbox\n", "the key `inbox` is missing.", "`inbox: FOLDER`"),
    "inbox of nothing": ("inbox:\noutbox: x\n", "`inbox`: Expected a path, got nothing", "Mend"),
    "unknown key": (FOLDERS + "inbx: x\n", "unknown key `inbx`.", "Did you mean `inbox`?"),
    "misplaced key": (FOLDERS + "format: opus\n", "unknown key `format`.", "`audio: {format: …}`"),
    "key of a section": (
        FOLDERS + "speech: {engin: espeak}\n",
        "unknown key `speech.engin`.",
        "Did you mean `engine`?",
    ),
    "key like another section's": (
        FOLDERS + "speech: {pace: 2}\n",
        "unknown key `speech.pace`.",
        "Remove it.",
    ),
    "key like one elsewhere": (
        FOLDERS + "reading: {sentences: 2}\n",
        "unknown key `reading.sentences`.",
        "Remove it.",
    ),
    "key of an engine": (
        FOLDERS + "engines: {mine: {modul: x}}\n",
        "unknown key `engines",
        "Did you mean `module`?",
    ),
    "outbox in the inbox": (
        "inbox: a\noutbox: a/b\n",
        "`inbox` ({home}/a) and `outbox` ({home}/a/b) overlap.",
        "Name two separate folders",
    ),
    "state in the outbox": (
        "inbox: a\noutbox: b\nstate: b/s\n",
        "`state` ({home}/b/s) lies inside `outbox`.",
        "Name another folder for `state`",
    ),
    "no archive": (FOLDERS + "after: archive\n", "needs the folder `archive`", "archive: FOLDER"),
    "bad duration": (
        FOLDERS + "settle: soon\n",
        "`settle`: Expected a duration such as 5s",
        "Mend",
    ),
    "bad size": (FOLDERS + "cache_limit: lots\n", "`cache_limit`: Expected a size", "Mend"),
    "bad date": (FOLDERS + "since: yesterday\n", "`since`: Expected a date such as", "Mend"),
    "bad hours": (FOLDERS + "hours: night\n", "`hours`: Expected hours", "Mend"),
    "bad choice": (
        FOLDERS + "order: random\n",
        "`order`: 'random'",
        "Choose one of newest, oldest.",
    ),
    "bad number": (FOLDERS + "workers: {encoders: 0}\n", "`workers.encoders`", "Mend"),
    "no section": (FOLDERS + "workers: 3\n", "`workers`: Expected a group of keys", "Mend"),
    "no list": (FOLDERS + "ignore: drafts\n", "`ignore`: Expected a list, got text", "Mend"),
    "unknown engine": (
        FOLDERS + "speech: {engine: nobody}\n",
        "`speech.engine`: There is no engine named `nobody`.",
        "Known: bark,",
    ),
    "unknown captioner": (
        FOLDERS + "pictures: {captions: nobody}\n",
        "`pictures.captions`: There is no engine named `nobody`.",
        "Known: bark,",
    ),
}
"""Texts of a configuration, each with what is said of it and the remedy."""

FINDINGS: Mapping[str, tuple[str, str, str]] = {
    "no model": (
        FOLDERS + "speech: {engine: bark}\n",
        "The model suno/bark of bark is not pulled.",
        "narrated models pull bark",
    ),
    "no package": (
        FOLDERS + "engines: {mine: {module: no_such_module}}\nspeech: {engine: mine}\n",
        "mine needs no_such_module",
        "pip install",
    ),
    "no interpreter": (
        FOLDERS + "engines: {mine: {module: mine, python: /no/python}}\nspeech: {engine: mine}\n",
        "The interpreter /no/python of the engine mine cannot be run",
        "`engines: mine: python:`",
    ),
    "no lexicon": (
        FOLDERS + "reading: {lexicon: none.yaml}\n",
        "none.yaml cannot be read: No such file",
        "take `lexicon` out of `reading:`",
    ),
    "broken lexicon": (
        FOLDERS + "reading: {lexicon: broken.yaml}\n",
        "broken.yaml: The lexicon has an unknown key `wrods`.",
        "Known: words, patterns.",
    ),
    "no voice": (
        FOLDERS + "speech: {engine: espeak, voice: none}\n",
        "espeak has no voice 'none'.",
        "It is set in `speech: voice`.",
    ),
}
"""Configurations that are well by themselves, and name what is not there."""

SOURCES: Mapping[str, tuple[str | bytes, str, str]] = {
    "blank.md": ("\n  \n", "holds no words", "Write something in it, or remove it."),
    "binary.md": (bytes(range(256)) * 40, "is not text in any known encoding", "Save it as UTF-8"),
    "zeros.txt": (bytes(3000), "holds binary data, not text", "Save it as UTF-8"),
    "narrate.md": ("---\nnarrate: so\n---\nA.\n", "`narrate` is `so`", "Allowed: true, false."),
    "engine.md": (
        "---\nnarrated: {engine: nobody}\n---\nA.\n",
        "`engine` is `nobody`",
        "Allowed: bark,",
    ),
    "voice.md": (
        "---\nnarrated: {voice: none}\n---\nB.\n",
        "espeak has no voice 'none'",
        "voices list",
    ),
    "named.md": ("---\nlexicon: lexicon.yml\n---\nC.\n", "`lexicon.yml`", "relative to this"),
    "half.png": (
        b"\x89PNG\r\n\x1a\n" + bytes(30),
        "no picture that can be read",
        "Save it as JPEG",
    ),
    "page.html": ("<script>1</script>", "holds no words", "Write something in it"),
    "yaml/lexicon.yaml": ("words: [a\n", "is not valid YAML (line 2:", "Correct it"),
    "key/lexicon.yaml": ("wrods: {a: b}\n", "unknown key `wrods`", "Known: words, patterns."),
    "kind/lexicon.yaml": ("patterns: {a: b}\n", "`patterns` is not a list", "Write `- match:`"),
    "latin/lexicon.yaml": ("words: {é: b}\n".encode("latin-1"), "is not UTF-8", "Save it as UTF-8"),
    "set/.narrated.yaml": ("voce: x\n", "unknown key `voce`", "Known: author,"),
    "value/.narrated.yaml": (
        "links: loud\n",
        "`links` is `loud`",
        "Allowed: fold, text, announce.",
    ),
}
"""Files of the inbox; a post lies beside each that is no post itself."""


def _check(ended: CompletedProcess[str], code: int, *parts: str) -> None:
    """Hold a command's end against what a message has to be."""
    assert ended.returncode == code, ended.stderr
    assert ended.stdout == ""
    _read(ended.stderr, *parts)


def _read(message: str, *parts: str) -> None:
    assert "Traceback" not in message
    assert not INTERNAL.search(message), message
    for part in parts:
        assert part in message


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A running daemon with a post that is done and one that failed, and odd files beside."""
    daemon = Daemon(tmp_path_factory.mktemp("served"), **ESPEAK)
    with daemon, pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_ENDPOINT", DEADEND)
        daemon.drop("post.md", "Words.\n")
        daemon.drop("failed.md", "---\nnarrate: so\n---\nWords.\n")
        daemon.published("post", "Words.\n")
        daemon.note("failed")
        _narrate_and_remove(daemon, "gone")
        _put_odd_files(daemon.home)
        yield daemon


def _narrate_and_remove(daemon: Daemon, stem: str) -> None:
    source = daemon.drop(f"{stem}.md", "Words that go.\n")
    daemon.published(stem, "Words that go.\n")
    source.unlink()
    wait(lambda: "no longer" in daemon.ask("refresh", f"{stem}.md").stderr)


def _put_odd_files(home: Path) -> None:
    for name in ("clips", "short", "closed"):
        (home / name).mkdir()
    (home / "closed").chmod(0o555)
    for name in ("text.png", "text.wav", "text.npz"):
        (home / name).write_text("neither a picture nor sound")
    (home / "inbox/.odd.md").write_text("A hidden file.\n")
    os.mkfifo(home / "pipe")
    for name in ("words.md", "there.mp3", "secret.md"):
        (home / name).write_text("Words.\n")
    (home / "linked.mp3").symlink_to("words.md")
    (home / "secret.md").chmod(0)
    (home / "binary.md").write_bytes(bytes(range(256)) * 40)
    noise = numpy.random.default_rng(1).normal(0, 0.1, 2_205)
    soundfile.write(home / "short/1.wav", noise, 22_050)


@pytest.mark.parametrize("row", COMMANDS, ids=str)
def test_command_names_the_remedy(
    served: Daemon, monkeypatch: pytest.MonkeyPatch, row: Provoked
) -> None:
    """A command that cannot do what it is asked for says why, and what to do, on stderr."""
    monkeypatch.chdir(served.home)
    words = [word.replace("@", "") for word in row.command.split()]
    told = [part.replace("{home}", str(served.home)) for part in (row.says, row.remedy)]
    _check(served.ask(*words, as_anybody=True), row.code, *told)


@pytest.fixture(scope="module")
def resting(tmp_path_factory: pytest.TempPathFactory) -> Daemon:
    """A home whose configuration each test writes; no daemon runs."""
    daemon = Daemon(tmp_path_factory.mktemp("resting"))
    (daemon.home / "broken.yaml").write_text("wrods: {a: b}\n")
    return daemon


def _configure(daemon: Daemon, text: str | bytes) -> None:
    daemon.config.write_bytes(text if isinstance(text, bytes) else text.encode())


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_configuration_names_the_remedy(resting: Daemon, name: str) -> None:
    """A configuration that cannot be used names the file, the key, and what to write instead."""
    text, *told = CONFIGURATIONS[name]
    _configure(resting, text)
    refused = resting.ask("config", "check")
    _check(
        refused,
        3,
        str(resting.config),
        *(part.replace("{home}", str(resting.home)) for part in told),
    )


@pytest.mark.parametrize("name", FINDINGS)
def test_finding_names_the_remedy(resting: Daemon, name: str) -> None:
    """A configuration that names what is not there is told with the command that brings it."""
    text, *told = FINDINGS[name]
    _configure(resting, text)
    found = resting.ask("config", "check")
    assert (found.returncode, found.stderr) == (1, "")
    _read(found.stdout, *told)


def test_missing_configuration_is_told(resting: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """A configuration that is missing, a folder, or closed names the file and the option."""
    _configure(resting, FOLDERS)
    for path, why in ((resting.home / "none.yaml", "No such file"), (resting.inbox, "directory")):
        monkeypatch.setattr(resting, "config", path)
        _check(resting.ask("status"), 3, str(path), why, "--config FILE")
    closed = resting.home / "closed.yaml"
    closed.touch(0)
    monkeypatch.setattr(resting, "config", closed)
    refused = resting.ask("status", as_anybody=True)
    _check(refused, 3, str(closed), "Permission denied", "with sudo")


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What `narrated once` says of each file of an inbox of broken ones."""
    daemon = Daemon(tmp_path_factory.mktemp("sources"), **ESPEAK, log="error")
    for name, (content, *_) in SOURCES.items():
        daemon.drop(name, content)
        if "/" in name:
            daemon.drop(f"{Path(name).parent}/post.md", f"Words beside {name}.\n")
    (daemon.inbox / "closed.md").write_text("Nobody reads this.\n")
    (daemon.inbox / "closed.md").chmod(0)
    (daemon.inbox / "shut").mkdir(0)
    (daemon.inbox / "empty.md").touch()
    (daemon.inbox / "link.md").symlink_to("/etc/passwd")
    with (daemon.inbox / "huge.md").open("wb") as huge:
        huge.truncate(70 * 2**20)
    ended = daemon.ask("once", "--quiet", as_anybody=True)
    assert (ended.returncode, ended.stdout) == (1, "")
    lines = (line.partition(": ") for line in ended.stderr.splitlines())
    told = {path: why for path, _, why in lines}
    for path in {*told} & {*files_below(daemon.inbox)}:
        note = daemon.outbox / f"{Path(path).with_suffix('')}.error.txt"
        assert told[path].split(". ")[0] in " ".join(note.read_text().split())
    return told


@pytest.mark.parametrize("name", SOURCES)
def test_source_names_the_remedy(messages: dict[str, str], name: str) -> None:
    """A source that cannot be narrated names the file at fault, what is wrong, and the remedy."""
    post = f"{Path(name).parent}/post.md" if "/" in name else name
    names = () if name == "voice.md" else (name,)  # the path alone precedes it
    _read(messages[post], *names, *SOURCES[name][1:])


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("shut", "a folder that may not be entered. In the inbox, run: chmod u+rx shut"),
        ("empty.md", "empty"),
        ("link.md", "a link, and links are not followed: put the file itself in its place"),
    ],
)
def test_unread_file_is_told(messages: dict[str, str], name: str, why: str) -> None:
    """What is no failure, and yet not read, is told with the reason."""
    assert messages[f"{name} is not read"] == why


def test_closed_source_is_told(messages: dict[str, str]) -> None:
    """A source that may not be opened is told with the command that opens it."""
    _read(messages["closed.md"], "may not open closed.md", "chmod u+r closed.md")


def test_huge_source_is_told(messages: dict[str, str]) -> None:
    """A source that is too large is told with the limit."""
    _read(messages["huge.md"], "huge.md is larger than", "Split it into smaller files.")


@dataclass(frozen=True)
class Place:
    """A folder in a wrong state, the command that meets it, and the message."""

    arrange: Callable[[Path], object]
    command: str
    code: int
    says: str
    remedy: str
    settings: str = ""


def _file(name: str) -> Callable[[Path], object]:
    return lambda home: (home / name).write_text("a file")


def _closed(name: str) -> Callable[[Path], object]:
    return lambda home: (home / name).mkdir(0o555)


def _newer(home: Path) -> None:
    """A ledger of a version to come."""
    (home / "state").mkdir(mode=0o700)
    with sqlite3.connect(home / "state/ledger.sqlite") as ledger:
        ledger.execute("PRAGMA user_version = 9999")
        ledger.execute("PRAGMA application_id")


def _no_inbox(home: Path) -> None:
    shutil.rmtree(home / "inbox")


def _no_folder(home: Path) -> None:
    _no_inbox(home)
    (home / "inbox").write_text("a file")


def _post(home: Path) -> None:
    (home / "inbox/post.md").write_text("Words.\n")


def _post_and(arrange: Callable[[Path], object]) -> Callable[[Path], None]:
    def both(home: Path) -> None:
        _post(home)
        arrange(home)

    return both


PLACES: Mapping[str, Place] = {
    "no daemon": Place(
        lambda home: None, "reload", 1, "No daemon runs on this configuration.", "`narrated run`"
    ),
    "state is a file": Place(
        _file("file"), "run", 5, "{home}/file cannot be used: a file", "`state:`", "state: file\n"
    ),
    "state is closed": Place(
        _closed("closed"), "run", 5, "{home}/closed/s cannot", "`state:`", "state: closed/s\n"
    ),
    "cache is a file": Place(
        _file("file"), "once -q", 5, "{home}/file cannot be", "`cache:`", "cache: file\n"
    ),
    "cache is closed": Place(
        _closed("closed"), "once -q", 5, "{home}/closed/c cannot", "`cache:`", "cache: closed/c\n"
    ),
    "outbox is a file": Place(
        _post_and(_file("file")), "once -q", 1, "{home}/file", "a real folder", "outbox: file\n"
    ),
    "outbox is closed": Place(
        _post_and(_closed("closed")), "once -q", 1, "{home}/closed", "doctor", "outbox: closed\n"
    ),
    "no inbox": Place(
        _no_inbox, "once -q", 1, "The inbox is missing. It is {home}/inbox", "make it"
    ),
    "inbox is a file": Place(
        _no_folder, "once -q", 1, "The inbox is not a folder. It is {home}/inbox", "make it"
    ),
    "newer state": Place(
        _newer, "status", 3, "{home}/state/ledger.sqlite was written by a newer", "Install"
    ),
    "newer state of a run": Place(
        _newer, "run", 3, "{home}/state/ledger.sqlite was written by a newer", "Install"
    ),
}


@pytest.mark.parametrize("name", PLACES)
def test_place_names_the_remedy(tmp_path: Path, name: str) -> None:
    """A folder that cannot be used is named, with the key that names another or an act."""
    place, daemon = PLACES[name], Daemon(tmp_path)
    given = place.settings.partition(":")[0]
    kept = [line for line in FOLDERS.splitlines() if line.partition(":")[0] != given]
    _configure(daemon, "\n".join([*kept, place.settings, "log: error\n"]))
    place.arrange(tmp_path)
    ended = daemon.ask(*place.command.split(), as_anybody=True)
    told = [part.replace("{home}", str(tmp_path)) for part in (place.says, place.remedy)]
    _check(ended, place.code, *told)


def test_lost_socket_is_told(tmp_path: Path) -> None:
    """A daemon whose socket was taken away, or is nobody's, is told with the way to restart it."""
    with Daemon(tmp_path, **ESPEAK) as daemon:
        first = holder(tmp_path / "state")
        assert first is not None
        Path(first.socket).unlink()
        _check(daemon.ask("status"), 1, f"does not answer at {first.socket}", "systemctl restart")
        with socket.socket(socket.AF_UNIX) as nobodys:
            nobodys.bind(first.socket)
            _check(daemon.ask("status"), 1, "Connection refused", "systemctl restart")


def test_second_daemon_is_told(served: Daemon, tmp_path: Path) -> None:
    """A second daemon that would write the same outbox is told which process writes it."""
    second = Daemon(tmp_path, **ESPEAK, outbox=str(served.outbox), log="error")
    refused = second.ask("once", "--quiet")
    _check(refused, 4, str(served.outbox), "systemctl stop narrated")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Disk]:
    """A disk without a free byte."""
    with small(tmp_path / "disk", 256) as disk:
        disk.fill()
        yield disk


def test_full_disk_is_told(tmp_path: Path, small_disk: Disk) -> None:
    """A full disk is told with the file that has no room on it, and the act."""
    daemon = Daemon(tmp_path / "home", **ESPEAK, log="error")
    said = daemon.ask("say", "Words.", "-o", str(small_disk.folder / "said.wav"))
    _check(said, 5, f"{small_disk.folder}/said.wav could not be written: No space", "Free some")
    for key, command in (("outbox", "once -q"), ("state", "run"), ("cache", "once -q")):
        settings = {
            key: str(small_disk.folder / "x") if key != "outbox" else str(small_disk.folder)
        }
        daemon.configure(**ESPEAK, log="error", **settings)
        daemon.drop("post.md", f"Words of {key}.\n")
        ended = daemon.ask(*command.split())
        _read(ended.stderr, str(small_disk.folder))
        assert ended.returncode in (1, 5)
        assert re.search("[Ff]ree some|room", ended.stderr), ended.stderr
    assert os.path.ismount(small_disk.folder)
