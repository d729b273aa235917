"""Review by file: a script waits in the outbox, and is spoken as it comes back to the inbox."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.daemon import Daemon, running, wait
from support.published import narration, spoken_words

FIRST, SECOND, THIRD = "The first line is here.", "The second line is here.", "The third is last."
POST = f"# A day\n\n{FIRST}\n\n{SECOND}\n\n{THIRD}\n"
SAID = f"A day {FIRST} {SECOND} {THIRD}"
REVIEW = "review: true\n"


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon without review; folders of tests say `review: true`."""
    with running(tmp_path_factory.mktemp("daemon")) as ready:
        yield ready


def _script(daemon: Daemon, stem: str) -> str:
    """The script of a post in the outbox, waiting for it."""
    path = daemon.outbox / f"{stem}.script.md"
    wait(path.exists, lambda: f"{path.name} did not come:\n{daemon.log}")
    return path.read_text()


def _said(daemon: Daemon, stem: str) -> str:
    path = daemon.outbox / f"{stem}.transcript.json"
    return spoken_words(daemon.outbox, stem) if path.exists() else ""


def _wait_said(daemon: Daemon, stem: str, words: str) -> None:
    wait(lambda: _said(daemon, stem) == words, lambda: f"{_said(daemon, stem)!r}\n{daemon.log}")


def _wait_gone(daemon: Daemon, *names: str) -> None:
    wait(lambda: not daemon.files.intersection(names), lambda: f"{daemon.files}\n{daemon.log}")


def _written(daemon: Daemon, name: str, text: str = POST) -> str:
    """Narrate a post without review, and write its script by the command."""
    daemon.drop(name, text)
    daemon.published(name.rpartition(".")[0], text)
    script = daemon.home / f"{name.replace('/', '-')}.txt"
    asked = daemon.ask("script", str(daemon.inbox / name), "-o", str(script))
    assert asked.returncode == 0, asked.stderr
    return script.read_text()


def test_script_waits_for_review(tmp_path: Path) -> None:
    """With `review: true` a script comes instead of sound, told everywhere, and is then spoken."""
    with running(tmp_path, review=True) as daemon:
        daemon.drop("post.md", POST)
        script = _script(daemon, "post")
        assert script.startswith("<!-- narrated script of post.md")
        wait(lambda: daemon.history("post.md") == ["waiting"], lambda: daemon.log)
        assert daemon.files == {"post.script.md"}
        told = daemon.ask("status").stdout
        assert "post.script.md in the outbox is what will be said" in told
        assert "Save it, edited or not, as post.script.md in the inbox" in told
        assert "post.script.md in the outbox" in daemon.ask("history", "post.md").stdout
        note = daemon.outbox / "narrated.status.txt"
        wait(lambda: "post.md: It waits for your review" in note.read_text(), note.read_text)
        assert "waits for your review" in daemon.log
        daemon.kill()
        daemon.start()
        assert _script(daemon, "post") == script
        daemon.drop("post.script.md", script.replace("second", "other"))
        _wait_said(daemon, "post", SAID.replace("second", "other"))
        _wait_gone(daemon, "post.script.md")
        assert daemon.history("post.script.md") == []
        assert daemon.files == narration("post")


def test_only_texts_are_reviewed(daemon: Daemon) -> None:
    """A folder's settings and front matter ask for review; pictures have none."""
    picture = Path(__file__).parents[2] / "docs/sample/desk.png"
    daemon.drop("asked/.narrated.yaml", REVIEW)
    daemon.drop("asked/post.md", POST)
    daemon.drop("asked/desk.png", picture.read_bytes())
    daemon.drop("asked/plain.md", f"---\nreview: false\n---\n{POST}")
    daemon.drop("front.md", f"---\nreview: true\n---\n{POST}")
    daemon.drop("stars.md", f"---\nreview: four stars\n---\n{POST}")
    _script(daemon, "front")
    _script(daemon, "asked/post")
    for stem in ("asked/plain", "asked/desk", "stars"):
        daemon.manifest(stem)
    daemon.wait_idle()
    told = daemon.ask("estimate", str(daemon.inbox / "asked"))
    assert "1 of them after your review of the script" in told.stdout, told.stdout + told.stderr


def test_unseen_script_follows_its_post(daemon: Daemon) -> None:
    """A script that nobody reviewed is replaced with its post, and goes with it."""
    daemon.drop("unseen/.narrated.yaml", REVIEW)
    post = daemon.drop("unseen/post.md", POST)
    _script(daemon, "unseen/post")
    daemon.drop("unseen/post.md", POST.replace("second", "later"))
    wait(lambda: "later" in _script(daemon, "unseen/post"), lambda: daemon.log)
    edited = daemon.outbox / "unseen/post.script.md"
    edited.write_text(edited.read_text().replace("later", "mine"))
    daemon.drop("unseen/post.md", POST.replace("second", "last"))
    wait(lambda: "last line" in _script(daemon, "unseen/post"), lambda: daemon.log)
    kept = list((daemon.outbox / "unseen").glob("post.edited-*.script.md"))
    assert "mine line" in kept[0].read_text()
    post.unlink()
    _wait_gone(daemon, "unseen/post.script.md")
    assert kept[0].exists()


def test_only_differences_are_spoken(daemon: Daemon) -> None:
    """Without `review` a script holds, too; what it leaves as it is, is not spoken again."""
    script = _written(daemon, "diff.md")
    before = len(daemon.spoken)
    edited = script.replace(SECOND, "It was changed.").replace(THIRD, "")
    kept = edited.rindex("<!--")
    edited = f"{edited[:kept]}One more at the end.\n\n{edited[kept:]}"
    edited = "\n\n".join(part for part in edited.split("\n\n") if not part.endswith("] "))
    daemon.drop("diff.script.md", edited)
    _wait_said(daemon, "diff", f"A day {FIRST} It was changed. One more at the end.")
    assert sorted(daemon.spoken[before:]) == ["It was changed.", "One more at the end."]
    daemon.wait_idle()
    assert daemon.history("diff.script.md") == []
    (daemon.inbox / "diff.script.md").unlink()
    _wait_said(daemon, "diff", SAID)
    assert len(daemon.spoken) == before + 2
    wait(lambda: daemon.history("diff.md")[-1] == "done", lambda: daemon.log)


def test_lone_script_is_a_post(daemon: Daemon) -> None:
    """Without its post, or without its header, a script file is a post like any other."""
    script = _written(daemon, "alone/post.md")
    daemon.drop("later/post.script.md", script.replace("second", "paired"))
    daemon.manifest("later/post.script")
    daemon.drop("later/post.md", POST)
    _wait_said(daemon, "later/post", SAID.replace("second", "paired"))
    wait(lambda: not _below(daemon, "later/post.script"), lambda: daemon.log)
    daemon.drop("later/post.script.md", "# Notes\n\nOnly about a script.\n")
    daemon.manifest("later/post.script")
    assert "later/post.script.md has no header line, so it is a post of its own" in daemon.log
    _wait_said(daemon, "later/post", SAID)
    daemon.drop("later/post.script.md", script.replace("second", "again"))
    _wait_said(daemon, "later/post", SAID.replace("second", "again"))
    wait(lambda: not _below(daemon, "later/post.script"), lambda: daemon.log)
    wait(lambda: daemon.history("later/post.md")[-1] == "done", lambda: daemon.log)
    (daemon.inbox / "later/post.md").unlink()
    daemon.manifest("later/post.script")


def _below(daemon: Daemon, stem: str) -> set[str]:
    return {name for name in daemon.files if name.startswith(f"{stem}.")}


def test_changed_post_is_merged(daemon: Daemon) -> None:
    """The person's lines stay where the post did not change; a conflict is told, and settled."""
    script = _written(daemon, "merge/post.md")
    daemon.drop("merge/post.script.md", script.replace("second", "reviewed"))
    _wait_said(daemon, "merge/post", SAID.replace("second", "reviewed"))
    daemon.drop("merge/post.md", POST.replace("third", "final"))
    final = SAID.replace("third", "final")
    _wait_said(daemon, "merge/post", final.replace("second", "reviewed"))
    daemon.wait_idle()
    assert not daemon.files & {"merge/post.merge.txt", "merge/post.script.md"}
    daemon.drop("merge/post.md", POST.replace("third", "final").replace("second", "changed"))
    _wait_said(daemon, "merge/post", final.replace("second", "changed"))
    note = daemon.outbox / "merge/post.merge.txt"
    wait(note.exists, lambda: daemon.log)
    assert "post.script.md, line" in note.read_text() and "reviewed" in note.read_text()
    both = _script(daemon, "merge/post")
    daemon.drop("merge/post.script.md", both.replace("changed", "settled"))
    _wait_said(daemon, "merge/post", final.replace("second", "settled"))
    _wait_gone(daemon, "merge/post.merge.txt", "merge/post.script.md")


def test_broken_script_has_a_note(daemon: Daemon) -> None:
    """A broken script file fails with line and remedy; what is published stays until then."""
    script = _written(daemon, "broken.md")
    daemon.drop("broken.script.md", script.replace("[paragraph ", "[no-role ", 1))
    note = daemon.note("broken")
    assert "broken.script.md, line " in note and "What to do: " in note
    assert _said(daemon, "broken") == SAID
    daemon.drop("broken.script.md", script.replace("second", "mended"))
    _wait_said(daemon, "broken", SAID.replace("second", "mended"))
    _wait_gone(daemon, "broken.error.txt")


def test_large_script_is_named(daemon: Daemon) -> None:
    """A script file that is too large is no post, and its own post tells to shorten it."""
    script = _written(daemon, "large.md")
    daemon.drop("large.script.md", script + "Words. " * 2_500_000)
    note = daemon.note("large")
    assert "large.script.md is larger than 16.8 MB" in note
    assert "Shorten it" in note
    (daemon.inbox / "large.script.md").unlink()
    _wait_gone(daemon, "large.error.txt")
    assert daemon.history("large.script.md") == []


def test_broken_script_of_a_draft_waits(daemon: Daemon) -> None:
    """A post that is held back stays so, and has no note, however broken its script file is."""
    script = _written(daemon, "sketch.md")
    daemon.drop("held/post.script.md", script.replace("[paragraph ", "[no-role ", 1))
    daemon.drop("held/post.md", f"---\ndraft: true\n---\n{POST}")
    wait(lambda: "held/post.md is held back" in daemon.log, lambda: daemon.log)
    daemon.wait_idle()
    assert "held/post.error.txt" not in daemon.files
    daemon.drop("held/post.md", POST)
    assert "post.script.md, line" in daemon.note("held/post")


def test_commands_fold_script_names(daemon: Daemon) -> None:
    """`script` and `estimate` find a script file that only a case or the post's suffix tells."""
    script = _written(daemon, "case/post.md").replace(SECOND, "It is found.")
    (daemon.inbox / "case/post.md").unlink()
    daemon.drop("case/Post.md", POST)
    daemon.drop("case/post.SCRIPT.md", script)
    daemon.drop("case/post.txt", POST)
    daemon.drop("case/post.txt.script.md", script)
    told = daemon.ask("estimate", str(daemon.inbox / "case"), "--json").stdout
    assert json.loads(told)["files"]["narrated"] == 2
    for name in ("Post.md", "post.txt"):
        assert "It is found." in daemon.ask("script", str(daemon.inbox / "case" / name)).stdout


def test_words_go_into_the_lexicon(daemon: Daemon) -> None:
    """A `pronounce:` line enters the folder's lexicon once, and holds for the other posts, too."""
    lexicon = daemon.drop("words/lexicon.yaml", "# mine\nwords:\n  SQL: sequel\n")
    script = _written(daemon, "words/post.md")
    daemon.drop("words/other.md", "Here is the third line.\n")
    daemon.published("words/other", "Here is the third line.\n")
    daemon.drop("words/post.script.md", f"{script}\npronounce: third = bird\n")
    _wait_said(daemon, "words/post", SAID.replace("third", "bird"))
    _wait_said(daemon, "words/other", "other Here is the bird line.")
    assert lexicon.read_text() == "# mine\nwords:\n  SQL: sequel\n  third: bird\n"
    assert "says in words/lexicon.yaml how to say: third" in daemon.log
    daemon.drop("words/lexicon.yaml", "words:\n  SQL: sequel\n")
    _wait_said(daemon, "words/other", "other Here is the third line.")
    daemon.wait_idle()
    assert lexicon.read_text() == "words:\n  SQL: sequel\n"
    assert _said(daemon, "words/post") == SAID.replace("third", "bird")


def test_moves_with_its_script(daemon: Daemon) -> None:
    """A post that moves with its script keeps what is spoken."""
    script = _written(daemon, "move/post.md")
    daemon.drop("move/post.script.md", script.replace("second", "moved"))
    _wait_said(daemon, "move/post", SAID.replace("second", "moved"))
    daemon.wait_idle()
    before = len(daemon.spoken)
    (daemon.inbox / "move").rename(daemon.inbox / "moved")
    _wait_said(daemon, "moved/post", SAID.replace("second", "moved"))
    daemon.wait_idle()
    assert daemon.spoken[before:] == []
    assert not [name for name in daemon.files if name.startswith("move/")]


def test_same_names_have_own_scripts(daemon: Daemon) -> None:
    """Of two posts with one name each has a script under the name of its narration."""
    daemon.drop("same/.narrated.yaml", REVIEW)
    daemon.drop("same/post.md", POST)
    markdown = _script(daemon, "same/post")
    daemon.drop("same/post.txt", "Plain words here.\n")
    text = _script(daemon, "same/post.txt")
    assert "post.txt.script.md beside the post" in text
    daemon.drop("same/post.txt.script.md", text.replace("Plain", "Other"))
    _wait_said(daemon, "same/post.txt", "post Other words here.")
    daemon.drop("same/post.script.md", markdown)
    _wait_said(daemon, "same/post", SAID)


def test_renamed_folder_finds_script(tmp_path: Path) -> None:
    """A script is found beside its post where the outbox has other names than the inbox."""
    with running(tmp_path, review=True, outbox_names="ascii") as daemon:
        daemon.drop("Größe/Öl.md", POST)
        daemon.drop("Größe/Ol.script.md", _script(daemon, "Grosse/Ol"))
        _wait_said(daemon, "Grosse/Ol", SAID)
        _wait_gone(daemon, "Grosse/Ol.script.md")


def test_commands_keep_reviewed_words(tmp_path: Path) -> None:
    """`respeak` and `refresh` keep what was reviewed; `once` leaves a script and ends."""
    daemon = Daemon(tmp_path, review=True)
    daemon.drop("post.md", POST)
    assert "review" in daemon.ask("once").stdout
    daemon.drop("post.script.md", _script(daemon, "post").replace("second", "kept"))
    said = SAID.replace("second", "kept")
    with daemon:
        _wait_said(daemon, "post", said)
        daemon.wait_idle()
        for command in ("respeak", "refresh"):
            before = len(daemon.history("post.md"))
            asked = daemon.ask(command, str(daemon.inbox / "post.md"))
            assert asked.returncode == 0, asked.stderr
            wait(lambda: len(daemon.history("post.md")) > before)  # noqa: B023
            daemon.wait_idle()
            assert daemon.history("post.md")[-1] == "done"
            assert _said(daemon, "post") == said
        daemon.drop("other.md", POST)
        _script(daemon, "other")
        daemon.configure(review=False)
        assert daemon.ask("reload").returncode == 0
        assert daemon.ask("refresh", str(daemon.inbox / "other.md")).returncode == 0
        _wait_said(daemon, "other", SAID)
        _wait_gone(daemon, "other.script.md")


def test_page_shows_reviewed_post(tmp_path: Path) -> None:
    """The page has the text of a reviewed post, with marks where its words are said."""
    podcast = {"title": "A blog", "base_url": "http://localhost/"}
    with running(tmp_path, podcast=podcast) as daemon:
        script = _written(daemon, "post.md")
        daemon.drop("post.script.md", script.replace("second", "kept"))
        _wait_said(daemon, "post", SAID.replace("second", "kept"))

        def text() -> str:
            files = (daemon.outbox / "index.files").rglob("*")
            return "".join(each.read_text() for each in files if each.suffix == ".js")

        wait(lambda: "second line" in text() and "data-s=" in text(), lambda: daemon.log)


def test_conflict_copy_is_not_read(daemon: Daemon) -> None:
    """A synchroniser's copy of a script file counts as any conflicting copy."""
    script = _written(daemon, "copied.md")
    name = "copied.script.sync-conflict-20261130-235959-ABCDEFG.md"
    daemon.drop(name, script.replace("second", "wrong"))
    wait(lambda: name in str(daemon.status()["conflicts"]), lambda: daemon.log)
    daemon.wait_idle()
    assert _said(daemon, "copied") == SAID


def test_script_is_archived_with_post(tmp_path: Path) -> None:
    """With `after: archive` a script file goes along with its post."""
    settings = {"review": True, "after": "archive", "archive": "archive"}
    with running(tmp_path, **settings) as daemon:
        daemon.drop("post.md", POST)
        daemon.drop("post.script.md", _script(daemon, "post").replace("second", "kept"))
        _wait_said(daemon, "post", SAID.replace("second", "kept"))
        wait(lambda: not list(daemon.inbox.iterdir()), lambda: daemon.log)
        daemon.wait_idle()
        archived = {path.name for path in (tmp_path / "archive").rglob("*.md")}
        assert archived == {"post.md", "post.script.md"}
        assert daemon.files == narration("post")


def test_lost_ledger_keeps_review(tmp_path: Path) -> None:
    """After the ledger is lost, a reviewed narration stays, and nothing is spoken again."""
    with running(tmp_path, review=True) as daemon:
        daemon.drop("post.md", POST)
        daemon.drop("post.script.md", _script(daemon, "post").replace("second", "kept"))
        _wait_said(daemon, "post", SAID.replace("second", "kept"))
        daemon.drop("other.md", POST.replace("A day", "A night"))
        _script(daemon, "other")
        before = len(daemon.spoken)
        daemon.stop()
        for path in (tmp_path / "state").glob("ledger.sqlite*"):
            path.unlink()
        daemon.start()
        wait(lambda: daemon.history("other.md") == ["waiting"], lambda: daemon.log)
        daemon.wait_idle()
        assert _said(daemon, "post") == SAID.replace("second", "kept")
        assert daemon.spoken[before:] == []
        assert daemon.files == narration("post") | {"other.script.md"}


def test_closed_inbox_keeps_words_apart(tmp_path: Path) -> None:
    """If the daemon may not write to the inbox, words hold for their post, and that is told."""
    daemon = Daemon(tmp_path)
    daemon.drop("post.md", POST)
    daemon.start(as_anybody=True)
    try:
        daemon.published("post", POST)
        out = tmp_path / "script"
        daemon.ask("script", str(daemon.inbox / "post.md"), "-o", str(out))
        daemon.drop("post.script.md", f"{out.read_text()}\npronounce: third = bird\n")
        daemon.inbox.chmod(0o555)
        _wait_said(daemon, "post", SAID.replace("third", "bird"))
        assert "said in its post alone" in daemon.log
        assert json.loads(daemon.ask("status", "--json").stdout)["counts"]["done"] == 1
    finally:
        daemon.inbox.chmod(0o755)
        daemon.stop()
