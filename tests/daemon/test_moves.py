"""A file that is moved or renamed takes its narration along; one that is gone keeps it, or not."""

import hashlib
import json
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from mutagen.id3 import ID3

from support.daemon import Daemon, running, toy, wait
from support.published import narration


def _text(name: str) -> str:
    return f"# The title\n\nThese words of {name} move.\n\nAnd these.\n"


def _below(daemon: Daemon, folder: str) -> set[str]:
    return {name for name in daemon.files if name.startswith(f"{folder}/")}


def _narrated(daemon: Daemon, stem: str, text: str) -> int:
    """Drop and narrate a post; how much had been spoken then."""
    daemon.drop(f"{stem}.md", text)
    daemon.published(stem, text)
    return len(daemon.spoken)


def _wait_files(daemon: Daemon, folder: str, *stems: str) -> None:
    wanted = {name for stem in stems for name in narration(stem)}
    wait(
        lambda: _below(daemon, folder) == wanted,
        lambda: f"{sorted(_below(daemon, folder))}, not {sorted(wanted)}\n{daemon.log}",
    )


def _is_whole(daemon: Daemon, stem: str) -> bool:
    """The manifest names this source and files that are there, as they are."""
    manifest = daemon.manifest(stem)
    folder = (daemon.outbox / stem).parent
    return manifest["source"]["path"] == f"{stem}.md" and all(
        hashlib.sha256((folder / each["name"]).read_bytes()).hexdigest() == each["sha256"]
        for each in manifest["outputs"]
    )


def test_renamed_file_needs_no_speech(daemon: Daemon) -> None:
    """A renamed file takes its narration along without speech."""
    before = _narrated(daemon, "rename/old", _text("rename"))
    (daemon.inbox / "rename/old.md").rename(daemon.inbox / "rename/new.md")
    _wait_files(daemon, "rename", "rename/new")
    assert _is_whole(daemon, "rename/new")
    assert len(daemon.spoken) == before


def test_moved_file_takes_narration(daemon: Daemon) -> None:
    """A file moved to another folder takes its narration along."""
    before = _narrated(daemon, "move/here/post", _text("move"))
    (daemon.inbox / "move/there").mkdir()
    (daemon.inbox / "move/here/post.md").rename(daemon.inbox / "move/there/post.md")
    _wait_files(daemon, "move", "move/there/post")
    assert _is_whole(daemon, "move/there/post")
    assert len(daemon.spoken) == before


def test_renamed_folder_takes_all(daemon: Daemon) -> None:
    """A renamed folder takes all its narrations along."""
    texts = {f"post-{n}": f"# Post {n}\n\nWords number {n}.\n" for n in range(5)}
    for stem, text in texts.items():
        daemon.drop(f"folder/old/{stem}.md", text)
    for stem, text in texts.items():
        daemon.published(f"folder/old/{stem}", text)
    before = len(daemon.spoken)
    (daemon.inbox / "folder/old").rename(daemon.inbox / "folder/new")
    _wait_files(daemon, "folder", *(f"folder/new/{stem}" for stem in texts))
    assert all(_is_whole(daemon, f"folder/new/{stem}") for stem in texts)
    assert len(daemon.spoken) == before


def test_renamed_folder_is_new_album(daemon: Daemon) -> None:
    """The album is the folder's name, also once that is renamed; nothing is spoken for it."""
    before = _narrated(daemon, "album/travel/lisbon", _text("album"))
    sound = daemon.outbox / "album/travel/lisbon.mp3"
    assert _album(sound) == "travel"
    kept = daemon.outbox / "album/travel/lisbon.vtt"
    words = kept.read_text()
    (daemon.inbox / "album/travel").rename(daemon.inbox / "album/trips")
    _wait_files(daemon, "album", "album/trips/lisbon")
    assert _album(daemon.outbox / "album/trips/lisbon.mp3") == "trips"
    assert (daemon.outbox / "album/trips/lisbon.vtt").read_text() == words
    assert _is_whole(daemon, "album/trips/lisbon")
    assert len(daemon.spoken) == before
    wait(lambda: not list((daemon.home / "state/work").iterdir()), lambda: daemon.log)


def _album(sound: Path) -> str:
    return str(ID3(sound)["TALB"].text[0])


def test_rename_speaks_only_the_title(daemon: Daemon) -> None:
    """A title from the file name is all that a rename has spoken."""
    before = _narrated(daemon, "title/first-name", "No title in here.\n")
    (daemon.inbox / "title/first-name.md").rename(daemon.inbox / "title/second-name.md")
    _wait_files(daemon, "title", "title/second-name")
    assert daemon.spoken[before:] == ["second name"]
    assert daemon.manifest("title/second-name")["title"] == "second name"


def test_renamed_bundle_speaks_title(daemon: Daemon) -> None:
    """A folder whose name is the title of its `index.md` has that line alone spoken."""
    before = _narrated(daemon, "bundle/the-fourth-name/index", "No title in this bundle.\n")
    (daemon.inbox / "bundle/the-fourth-name").rename(daemon.inbox / "bundle/the-fifth-name")
    _wait_files(daemon, "bundle", "bundle/the-fifth-name/index")
    assert daemon.spoken[before:] == ["the fifth name"]


def test_rename_keeps_chosen_takes(daemon: Daemon) -> None:
    """A rename that has the title spoken keeps another take that the user chose."""
    _narrated(daemon, "chosen/one-name", "A line that is said twice.\n")
    at = str(daemon.manifest("chosen/one-name")["blocks"][-1]["start_s"] + 0.01)
    assert daemon.ask("respeak", "chosen/one-name.md", "--at", at).returncode == 0
    wait(lambda: daemon.history("chosen/one-name.md")[-2:] == ["superseded", "done"])
    before = len(daemon.spoken)
    (daemon.inbox / "chosen/one-name.md").rename(daemon.inbox / "chosen/other-name.md")
    _wait_files(daemon, "chosen", "chosen/other-name")
    assert daemon.spoken[before:] == ["other name"]
    with closing(sqlite3.connect(daemon.home / "state/ledger.sqlite")) as ledger:
        chosen = "SELECT take FROM choices WHERE path = ?"
        assert ledger.execute(chosen, (b"chosen/other-name.md",)).fetchall() == [(1,)]


def test_chosen_takes_move_along(daemon: Daemon) -> None:
    """A rename takes along a narration of which a line was spoken again."""
    _narrated(daemon, "along/old", _text("along"))
    assert daemon.ask("respeak", "along/old.md").returncode == 0
    wait(lambda: daemon.history("along/old.md")[-1] == "done", lambda: daemon.log)
    before, script = len(daemon.spoken), daemon.manifest("along/old")["script"]
    (daemon.inbox / "along/old.md").rename(daemon.inbox / "along/new.md")
    _wait_files(daemon, "along", "along/new")
    assert daemon.manifest("along/new")["script"] == script
    assert len(daemon.spoken) == before


def test_old_name_stays_until_new(tmp_path: Path) -> None:
    """A narration stays under its old name while the new title is spoken, however long."""
    held = tmp_path / "held"
    settings = {"removed": "withdraw", "withdraw_after": "0s"}
    with running(tmp_path, **toy(tmp_path, held=str(held)), **settings) as daemon:
        _narrated(daemon, "old-name", "No title in here.\n")
        _narrated(daemon, "gone", "# Gone\n\nIt is deleted.\n")
        held.touch()
        # In two halves: with no time to withdraw after, one that is seen first must be the new one.
        shutil.copy(daemon.inbox / "old-name.md", daemon.inbox / "new-name.md")
        wait(lambda: daemon.history("new-name.md") == ["speaking"], lambda: daemon.log)
        (daemon.inbox / "old-name.md").unlink()
        wait(lambda: "old-name.md is gone" in daemon.log, lambda: daemon.log)
        (daemon.inbox / "gone.md").unlink()
        wait(lambda: daemon.files == narration("old-name"), lambda: daemon.log)
        held.unlink()
        wait(lambda: daemon.files == narration("new-name"), lambda: daemon.log)
        assert _is_whole(daemon, "new-name")


def test_new_suffix_keeps_output_name(daemon: Daemon) -> None:
    """A change of suffix keeps the name in the outbox."""
    _narrated(daemon, "suffix/post", "Plain words move.\n")
    (daemon.inbox / "suffix/post.md").rename(daemon.inbox / "suffix/post.txt")
    wait(lambda: daemon.manifest("suffix/post")["source"]["path"] == "suffix/post.txt")
    _wait_files(daemon, "suffix", "suffix/post")


def test_move_seen_in_two_halves(daemon: Daemon) -> None:
    """A move seen in two halves takes the narration along."""
    before = _narrated(daemon, "halves/old", _text("halves"))
    shutil.copy(daemon.inbox / "halves/old.md", daemon.inbox / "halves/new.md")
    daemon.published("halves/new", _text("halves"))
    (daemon.inbox / "halves/old.md").unlink()
    _wait_files(daemon, "halves", "halves/new")
    assert _is_whole(daemon, "halves/new")
    assert len(daemon.spoken) == before


def test_move_while_stopped(tmp_path: Path) -> None:
    """A move while the daemon was away takes the narration along."""
    daemon = Daemon(tmp_path)
    with daemon:
        before = _narrated(daemon, "in/old", _text("in"))
    (daemon.inbox / "in/old.md").rename(daemon.inbox / "in/new.md")
    with daemon:
        _wait_files(daemon, "in", "in/new")
        assert len(daemon.spoken) == before


def test_swapped_names_swap_narrations(daemon: Daemon) -> None:
    """Two files that swap names swap narrations."""
    texts = {"one": "# One\n\nThe first of two.\n", "two": "# Two\n\nThe second of two.\n"}
    for name, text in texts.items():
        before = _narrated(daemon, f"swap/{name}", text)
    folder = daemon.inbox / "swap"
    (folder / "one.md").rename(folder / ".aside")
    (folder / "two.md").rename(folder / "one.md")
    (folder / ".aside").rename(folder / "two.md")
    daemon.published("swap/one", texts["two"])
    daemon.published("swap/two", texts["one"])
    assert daemon.manifest("swap/one")["title"] == "Two"
    assert len(daemon.spoken) == before
    assert _below(daemon, "swap") == narration("swap/one") | narration("swap/two")


def test_slow_swap_keeps_output_names(tmp_path: Path) -> None:
    """Files that swap names slowly keep their names in the outbox.

    One is not there for a moment, in which it may be taken for moved.
    """
    texts = {f"{half}{n}": _text(f"{half}{n}") for n in range(20) for half in "ab"}
    with running(tmp_path, settle="20ms") as daemon:
        for stem, text in texts.items():
            daemon.drop(f"{stem}.md", text)
        for stem, text in texts.items():
            daemon.published(stem, text)
        for n in range(20):
            one, two = daemon.inbox / f"a{n}.md", daemon.inbox / f"b{n}.md"
            one.rename(daemon.inbox / ".aside")
            two.rename(one)
            time.sleep(n * 0.03)
            (daemon.inbox / ".aside").rename(two)
        for n in range(20):
            daemon.published(f"a{n}", texts[f"b{n}"])
            daemon.published(f"b{n}", texts[f"a{n}"])
        daemon.wait_idle()
        ledger = sqlite3.connect(tmp_path / "state/ledger.sqlite")
        with closing(ledger):
            paths = {path.decode() for (path,) in ledger.execute("SELECT path FROM sources")}
            stems = {stem.decode() for (stem,) in ledger.execute("SELECT stem FROM stems")}
        assert paths == {f"{stem}.md" for stem in texts}
        assert stems == texts.keys()


def test_book_renamed_while_read(tmp_path: Path) -> None:
    """A book renamed while it is read is narrated once."""
    text = "# A book\n\n" + "\n\n".join(f"Paragraph {n} of it." for n in range(30)) + "\n"
    with running(tmp_path, **toy(tmp_path, delay_s=0.2, rows=2)) as daemon:
        daemon.drop("in/old.md", text)
        wait(lambda: len(daemon.spoken) > 4)
        (daemon.inbox / "in/old.md").rename(daemon.inbox / "in/new.md")
        daemon.published("in/new", text)
        _wait_files(daemon, "in", "in/new")
        daemon.wait_idle()
        assert _below(daemon, "in") == narration("in/new")
        assert len(daemon.spoken) <= 31 + 2


def test_copy_is_its_own_post(daemon: Daemon) -> None:
    """A copy is a post of its own."""
    before = _narrated(daemon, "copy/old", _text("copy"))
    shutil.copy(daemon.inbox / "copy/old.md", daemon.inbox / "copy/new.md")
    daemon.published("copy/new", _text("copy"))
    assert _below(daemon, "copy") == narration("copy/old") | narration("copy/new")
    assert len(daemon.spoken) == before


def test_gone_source_keeps_narration(daemon: Daemon) -> None:
    """A source that is gone keeps its narration."""
    _narrated(daemon, "gone/post", "Gone, and heard.")
    (daemon.inbox / "gone/post.md").unlink()
    _narrated(daemon, "gone/last", "After it was gone.")
    wait(lambda: daemon.ask("refresh", "gone/post.md").returncode == 1)
    assert narration("gone/post") <= daemon.files


def test_planned_job_outlives_source(tmp_path: Path) -> None:
    """A job whose script is written outlives its source; a user may still cancel it."""
    with running(tmp_path, **toy(tmp_path, delay_s=0.1, rows=1)) as daemon:
        _narrated(daemon, "stays", "An inbox without any file counts as absent.")
        kept = _speaking_without_source(daemon, "kept", 20)
        daemon.published("kept", kept)
        _speaking_without_source(daemon, "cancelled", 300)
        assert daemon.ask("cancel", "cancelled.md").returncode == 0
        daemon.wait_idle()
        assert daemon.files == narration("kept") | narration("stays")


def _speaking_without_source(daemon: Daemon, stem: str, lines: int) -> str:
    """Have a post be spoken whose source is missed meanwhile; gives its text."""
    text, before = "\n\n".join(f"Line {n} of {stem}." for n in range(lines)), len(daemon.spoken)
    failed = daemon.drop(f"before-{stem}.md", "---\nnarrate: so\n---\nWords.\n")
    wait(lambda: daemon.history(failed.name) == ["failed"], lambda: daemon.log)
    source = daemon.drop(f"{stem}.md", text)
    wait(lambda: len(daemon.spoken) > before, lambda: daemon.log)
    source.unlink()
    failed.unlink()  # its job ends; the source was missed before, or with it
    wait(lambda: daemon.history(failed.name) == ["removed"], lambda: daemon.log)
    return text


def test_gone_source_is_withdrawn(tmp_path: Path) -> None:
    """A source gone for long enough is withdrawn where that is wished."""
    with running(tmp_path, removed="withdraw", withdraw_after="1s") as daemon:
        _narrated(daemon, "in/post", "Heard for a while.")
        _narrated(daemon, "in/stays", "Heard for ever.")
        (daemon.inbox / "in/post.md").unlink()
        _wait_files(daemon, "in", "in/stays")
        _narrated(daemon, "in/post", "Heard again.")


def test_new_version_during_withdrawal(
    tmp_path: Path,
) -> None:
    """A version that is narrated while the one before is withdrawn keeps its name."""
    settings = {
        "removed": "withdraw",
        "withdraw_after": "500ms",
        **toy(tmp_path, delay_s=1, rows=1),
    }
    with running(tmp_path, **settings) as daemon:
        daemon.drop("other.md", "That is always there.")
        before = _narrated(daemon, "post", "Heard for a while.")
        long = "\n\n".join(f"Line {n}." for n in range(7))
        daemon.drop("post.md", long)
        wait(lambda: len(daemon.spoken) > before, lambda: daemon.log)
        (daemon.inbox / "post.md").unlink()
        wait(lambda: daemon.history("post.md")[0] == "removed", lambda: daemon.log)
        daemon.drop("post.md", long)
        daemon.published("post", long)
        daemon.wait_idle()
        daemon.drop("post.txt", "Of another name.")
        daemon.published("post.txt", "Of another name.")
        assert daemon.manifest("post")["source"]["path"] == "post.md"


def test_strange_sound_is_made_again(tmp_path: Path) -> None:
    """Sound that a stranger put into the outbox, with a manifest to match, holds up no move."""
    with running(tmp_path, **toy(tmp_path), audio={"format": "opus"}) as daemon:
        daemon.drop("old/post.md", _text("strange"))
        manifest = daemon.manifest("old/post")
        strange = b"no sound" * 1000
        (daemon.outbox / "old/post.opus").write_bytes(strange)
        for output in manifest["outputs"]:
            if output["name"] == "post.opus":
                output |= {"sha256": hashlib.sha256(strange).hexdigest(), "bytes": len(strange)}
        (daemon.outbox / "old/post.json").write_text(json.dumps(manifest))
        (daemon.inbox / "old").rename(daemon.inbox / "new")
        assert daemon.manifest("new/post")["source"]["path"] == "new/post.md"
        assert (daemon.outbox / "new/post.opus").read_bytes() != strange
