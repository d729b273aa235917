"""A folder's settings apply to its posts; a change plans them again, and no others."""

import io
import shutil
from pathlib import Path

import pytest
from PIL import Image

from support.daemon import Daemon, running, toy, wait
from support.published import spoken_words


def _heard(daemon: Daemon, stem: str) -> str:
    return spoken_words(daemon.outbox, stem)


def _wait_heard(daemon: Daemon, stem: str, words: str) -> None:
    """Wait until the transcript of a post holds these words."""
    daemon.manifest(stem)
    wait(lambda: words in _heard(daemon, stem), lambda: f"{_heard(daemon, stem)}\n{daemon.log}")


def _wait_history(daemon: Daemon, path: str, *states: str) -> None:
    wait(lambda: daemon.history(path) == [*states], lambda: f"{daemon.history(path)}\n{daemon.log}")


def _png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(buffer, "PNG")
    return buffer.getvalue()


def _below(daemon: Daemon, folder: str) -> set[str]:
    return {name for name in daemon.files if name.startswith(f"{folder}/")}


def test_settings_order_of_precedence(
    tmp_path: Path,
) -> None:
    """A file goes before a deep folder and that before a higher and the configuration."""
    with running(tmp_path, audio={"author": "Configured", "album": "Configured"}) as daemon:
        daemon.drop("top/.narrated.yaml", "author: Folder\nalbum: Folder\nvoice: other\n")
        daemon.drop("top/deep/.narrated.yaml", "author: Deep\n")
        daemon.drop("top/deep/file.md", "---\nauthor: File\n---\nOne.")
        daemon.drop("top/deep/deep.md", "Two.")
        daemon.drop("top/folder.md", "Three.")
        daemon.drop("other/configured.md", "Four.")
        stems = ("top/deep/file", "top/deep/deep", "top/folder", "other/configured")
        made = [daemon.manifest(stem) for stem in stems]
    assert [each["author"] for each in made] == ["File", "Deep", "Folder", "Configured"]
    albums = [each["settings"]["edition"]["album"] for each in made]
    assert albums == ["Folder", "Folder", "Folder", "Configured"]
    assert [each["voice"] for each in made] == ["other", "other", "other", "toy"]


def test_foreign_voice_is_passed_over(daemon: Daemon) -> None:
    """A lone `voice` that the engine lacks is listed, and the post has the inherited voice."""
    daemon.drop("guide/.narrated.yaml", "voice: other\n")
    daemon.drop("guide/style.md", "---\nvoice: active\n---\nSay who acts.\n")
    daemon.drop("ours.md", "---\nnarrated: {voice: active}\n---\nThis waits.\n")
    made = daemon.manifest("guide/style")
    assert made["voice"] == "other"
    assert "voice: active" in [each["text"] for each in made["skipped"]]
    assert "`voice: active` is passed over: toy has no such voice" in daemon.log
    wait((daemon.outbox / "ours.error.txt").exists, lambda: daemon.log)


def test_folder_author_is_said(daemon: Daemon) -> None:
    """A folders author is said and its wishes are kept in the manifest."""
    daemon.drop("said/.narrated.yaml", "author: Leo\ncode: skip\n")
    daemon.drop("said/post.md", "# Said\n\nWords.\n\n    code\n")
    _wait_heard(daemon, "said/post", "By Leo")
    made = daemon.manifest("said/post")
    assert made["settings"]["script"]["code"] == "skip"
    assert [each["kind"] for each in made["skipped"]] == ["code"]


def test_changed_settings_narrow_scope(daemon: Daemon) -> None:
    """Changed settings renarrate only the posts that they apply to."""
    daemon.drop("held/.narrated.yaml", "author: Leo")
    daemon.drop("held/sub/post.md", "# Held\n\nWords that are held.")
    daemon.drop("free/post.md", "# Free\n\nWords that are free.")
    _wait_heard(daemon, "held/sub/post", "By Leo")
    daemon.manifest("free/post")
    before = len(daemon.spoken)
    daemon.drop("held/.narrated.yaml", "author: Ada")
    _wait_heard(daemon, "held/sub/post", "By Ada")
    _wait_history(daemon, "held/sub/post.md", "superseded", "done")
    assert [text for text in daemon.spoken[before:] if "By Ada" not in text] == []
    assert daemon.history("free/post.md") == ["done"]


def test_hidden_settings_change_nothing(
    daemon: Daemon,
) -> None:
    """Settings that a deeper folder hides still change nothing that is said."""
    daemon.drop("carried/.narrated.yaml", "author: Leo")
    daemon.drop("carried/deep/.narrated.yaml", "author: Ada")
    daemon.drop("carried/deep/post.md", "# Carried\n\nWords.")
    _wait_heard(daemon, "carried/deep/post", "By Ada")
    sound = (daemon.outbox / "carried/deep/post.mp3").stat()
    before = len(daemon.spoken)
    daemon.drop("carried/.narrated.yaml", "author: Eve")
    _wait_history(daemon, "carried/deep/post.md", "superseded", "done")
    assert daemon.spoken[before:] == []
    after = (daemon.outbox / "carried/deep/post.mp3").stat()
    assert (after.st_ino, after.st_mtime_ns) == (sound.st_ino, sound.st_mtime_ns)


def test_new_speed_respeaks_nothing(daemon: Daemon) -> None:
    """Another speed renders a post again, from the same takes."""
    daemon.drop("paced/post.md", "# Paced\n\nWords of a post that is said at two speeds.")
    length_s = daemon.manifest("paced/post")["duration_s"]
    before = len(daemon.spoken)
    daemon.drop("paced/.narrated.yaml", "speed: 1.25")
    _wait_history(daemon, "paced/post.md", "superseded", "done")
    faster = daemon.manifest("paced/post")
    assert daemon.spoken[before:] == []
    assert faster["settings"]["speakers"]["narrator"]["speed"] == 1.25
    # Only the silence of 0.25 s at the beginning stays as long.
    assert faster["duration_s"] - 0.25 == pytest.approx((length_s - 0.25) / 1.25, abs=0.01)


def test_heading_voice_spares_others(daemon: Daemon) -> None:
    """A new voice for headings is heard after a refresh; all other lines keep their takes."""
    text = "# Voiced\n\n## A part\n\nWords of the part.\n"
    daemon.drop("voiced.md", text)
    daemon.published("voiced", text)
    before = len(daemon.spoken)
    daemon.configure(
        speech={
            **toy(daemon.home)["speech"],
            "speakers": {"heading": {"engine": "toy", "voice": "other"}},
        }
    )
    try:
        assert daemon.ask("reload").returncode == 0
        assert daemon.ask("refresh", "voiced.md").returncode == 0
        _wait_history(daemon, "voiced.md", "superseded", "done")
        made = daemon.manifest("voiced")
    finally:
        daemon.configure()
        daemon.ask("reload")
    assert daemon.spoken[before:] == ["A part"]
    assert made["settings"]["speakers"]["heading"]["voice"] == "other"


def test_same_settings_are_no_work(daemon: Daemon) -> None:
    """The same settings sent again are no work."""
    daemon.drop("resent/.narrated.yaml", "author: Leo")
    daemon.drop("resent/lexicon.yaml", "words: {teh: the}")
    daemon.drop("resent/post.md", "Words.")
    daemon.manifest("resent/post")
    daemon.drop("resent/.narrated.yaml", "author: Leo")
    daemon.drop("resent/lexicon.yaml", "words: {teh: the}")
    daemon.drop("resent/next.md", "The next words.")
    daemon.manifest("resent/next")
    assert daemon.history("resent/post.md") == ["done"]


def test_late_settings_apply(daemon: Daemon) -> None:
    """Settings that come after their posts are heeded."""
    daemon.drop("late/deep/post.md", "# Late\n\nWords.")
    daemon.manifest("late/deep/post")
    daemon.drop("late/.narrated.yaml", "author: Leo")
    _wait_heard(daemon, "late/deep/post", "By Leo")


def test_removed_settings_end(daemon: Daemon) -> None:
    """Settings that go hold no more."""
    settings = daemon.drop("gone/.narrated.yaml", "author: Leo")
    daemon.drop("gone/post.md", "# Gone\n\nWords.")
    _wait_heard(daemon, "gone/post", "By Leo")
    settings.unlink()
    wait(lambda: "By Leo" not in _heard(daemon, "gone/post"), lambda: daemon.log)


def test_deepest_lexicon_wins(daemon: Daemon) -> None:
    """Lexicons hold from the root down and the deepest wins."""
    daemon.drop("words/lexicon.yaml", "words: {foo: upper foo, bar: upper bar}")
    daemon.drop("words/deep/lexicon.yaml", "words: {bar: deeper bar}")
    daemon.drop("words/deep/post.md", "Say foo and bar.")
    _wait_heard(daemon, "words/deep/post", "Say upper foo and deeper bar.")


def test_changed_lexicon_speaks_little(daemon: Daemon) -> None:
    """A changed lexicon speaks only the chunks that differ."""
    daemon.drop("differ/lexicon.yaml", "words: {foo: fuh}")
    daemon.drop("differ/post.md", "# Differ\n\nHere is foo.\n\nHere is none of it.")
    _wait_heard(daemon, "differ/post", "Here is fuh.")
    before = len(daemon.spoken)
    daemon.drop("differ/lexicon.yaml", "words: {foo: fooh}")
    _wait_heard(daemon, "differ/post", "Here is fooh.")
    daemon.wait_idle()
    assert daemon.spoken[before:] == ["Here is fooh."]


def test_broken_settings_fail_posts(
    daemon: Daemon,
) -> None:
    """Broken settings fail their posts which recover when they are mended."""
    daemon.drop("broken/.narrated.yaml", "code: maybe")
    daemon.drop("broken/deep/post.md", "# Broken\n\nWords.")
    note = daemon.note("broken/deep/post")
    assert "broken/.narrated.yaml: `code` is `maybe`" in note
    assert "announce, read, skip" in note
    daemon.drop("broken/.narrated.yaml", "code: read")
    daemon.manifest("broken/deep/post")
    wait(lambda: not (daemon.outbox / "broken/deep/post.error.txt").exists())


def test_broken_lexicon_fails_posts(
    daemon: Daemon,
) -> None:
    """A broken lexicon fails its posts by name and they recover when it goes."""
    lexicon = daemon.drop("wrong/lexicon.yaml", "wrods: {a: b}")
    daemon.drop("wrong/deep/post.md", "# Wrong\n\nWords.")
    assert "wrong/lexicon.yaml" in daemon.note("wrong/deep/post")
    lexicon.unlink()
    daemon.manifest("wrong/deep/post")


def test_late_break_leaves_narration(daemon: Daemon) -> None:
    """Settings that break later leave the narration and a note."""
    daemon.drop("breaks/.narrated.yaml", "author: Leo")
    daemon.drop("breaks/post.md", "# Breaks\n\nWords.")
    _wait_heard(daemon, "breaks/post", "By Leo")
    daemon.drop("breaks/.narrated.yaml", "author: [")
    assert "breaks/.narrated.yaml" in daemon.note("breaks/post")
    assert "By Leo" in _heard(daemon, "breaks/post")
    daemon.drop("breaks/.narrated.yaml", "author: Leo")
    wait(lambda: not (daemon.outbox / "breaks/post.error.txt").exists(), lambda: daemon.log)


def test_another_voice_ends_the_wait(
    daemon: Daemon,
) -> None:
    """A voice that is not to be had is waited for only until another is named."""
    daemon.drop("voice/.narrated.yaml", "voice: siren")
    daemon.drop("voice/post.md", "# Voice\n\nWords.")
    _wait_history(daemon, "voice/post.md", "waiting")
    daemon.drop("voice/.narrated.yaml", "voice: other")
    assert daemon.manifest("voice/post")["voice"] == "other"


def test_settings_are_no_items(daemon: Daemon) -> None:
    """Settings and lexicons become no items and no notes."""
    names = (".narrated.yaml", "lexicon.yaml", "tech-lexicon.yaml")
    for name in names:
        daemon.drop(f"items/{name}", "nonsense: [")
    daemon.drop("items/post.txt", "Words.")
    daemon.note("items/post")
    daemon.wait_idle()
    assert _below(daemon, "items") == {"items/post.error.txt"}
    assert [daemon.history(f"items/{name}") for name in names] == [[], [], []]


def test_named_lexicon_is_awaited(daemon: Daemon) -> None:
    """A named lexicon is waited for by name."""
    daemon.drop("named/deep/post.md", "---\nlexicon: ../tech-lexicon.yaml\n---\nSay foo.")
    note = daemon.note("named/deep/post")
    assert "named/deep/post.md names the lexicon named/tech-lexicon.yaml" in note
    daemon.drop("named/tech-lexicon.yaml", "words: {foo: fuh}")
    _wait_heard(daemon, "named/deep/post", "Say fuh.")
    daemon.drop("named/tech-lexicon.yaml", "words: {foo: fooh}")
    _wait_heard(daemon, "named/deep/post", "Say fooh.")


def test_silent_post_needs_no_lexicon(daemon: Daemon) -> None:
    """A post that is not to be narrated needs no lexicon."""
    daemon.drop("unheard/.narrated.yaml", "narrate: false")
    daemon.drop("unheard/post.md", "---\nlexicon: own-lexicon.yaml\n---\nWords.")
    _wait_history(daemon, "unheard/post.md", "removed")
    assert _below(daemon, "unheard") == set()


def test_unnamed_lexicon_is_unused(daemon: Daemon) -> None:
    """A lexicon that nobody names applies to nothing."""
    daemon.drop("unnamed/tech-lexicon.yaml", "words: {foo: fuh}")
    daemon.drop("unnamed/post.md", "Say foo.")
    daemon.manifest("unnamed/post")
    daemon.drop("unnamed/tech-lexicon.yaml", "words: {foo: fooh}")
    daemon.drop("unnamed/next.md", "The next words.")
    daemon.manifest("unnamed/next")
    assert "Say foo." in _heard(daemon, "unnamed/post")
    assert daemon.history("unnamed/post.md") == ["done"]


def test_named_lexicon_wins(daemon: Daemon) -> None:
    """Lexicons that are named go before those that lie there."""
    daemon.drop("order/lexicon.yaml", "words: {foo: lies, bar: lies, baz: lies}")
    daemon.drop("order/a-lexicon.yaml", "words: {bar: folder, baz: folder}")
    daemon.drop("order/b-lexicon.yaml", "words: {baz: post}")
    daemon.drop("order/.narrated.yaml", "lexicon: a-lexicon.yaml")
    daemon.drop("order/post.md", "---\nlexicon: b-lexicon.yaml\n---\nSay foo bar baz.")
    _wait_heard(daemon, "order/post", "Say lies folder post.")


@pytest.mark.parametrize("by", [".narrated.yaml", "post.md"])
def test_outside_lexicon_is_not_read(daemon: Daemon, by: str) -> None:
    """A lexicon outside the inbox is not read."""
    (daemon.home / "secret-lexicon.yaml").write_text("words: {foo: secret}")
    said = "lexicon: ../../secret-lexicon.yaml"
    folder = f"outside-{len(by)}"
    if by == ".narrated.yaml":
        daemon.drop(f"{folder}/{by}", said)
    daemon.drop(f"{folder}/post.md", f"---\n{said if by == 'post.md' else 'title: T'}\n---\nFoo.")
    note = daemon.note(f"{folder}/post")
    assert f"{folder}/{by}: `lexicon` is `../../secret-lexicon.yaml`" in note


def test_link_is_no_settings_file(daemon: Daemon, tmp_path: Path) -> None:
    """A link is neither settings nor a lexicon."""
    (tmp_path / "secret").write_text("author: Secret")
    (tmp_path / "words").write_text("words: {foo: secret}")
    (daemon.inbox / "linked").mkdir()
    (daemon.inbox / "linked/.narrated.yaml").symlink_to(tmp_path / "secret")
    (daemon.inbox / "linked/lexicon.yaml").symlink_to(tmp_path / "words")
    daemon.drop("linked/post.md", "# Linked\n\nSay foo.")
    _wait_heard(daemon, "linked/post", "Say foo.")
    assert daemon.manifest("linked/post")["author"] == ""


def test_named_link_is_not_followed(daemon: Daemon, tmp_path: Path) -> None:
    """A lexicon that is a link is not followed by its name."""
    (tmp_path / "words").write_text("words: {foo: secret}")
    (daemon.inbox / "followed").mkdir()
    (daemon.inbox / "followed/tech-lexicon.yaml").symlink_to(tmp_path / "words")
    daemon.drop("followed/post.md", "---\nlexicon: tech-lexicon.yaml\n---\nSay foo.")
    assert "followed/tech-lexicon.yaml" in daemon.note("followed/post")


def test_picture_roots_of_a_folder(daemon: Daemon) -> None:
    """Pictures are found where a folder says."""
    daemon.drop("roots/.narrated.yaml", "pictures: {/static: roots/files}")
    daemon.drop("roots/files/desk.png", _png())
    daemon.drop("roots/post.md", "# Roots\n\n![](/static/desk.png)\n")
    _wait_heard(daemon, "roots/post", "An image")
    assert daemon.manifest("roots/post")["skipped"] == []


def test_silent_folder_until_changed(daemon: Daemon) -> None:
    """A folder that wants no narration has none until it does."""
    daemon.drop("drafts/post.md", "# Draft\n\nWords.")
    daemon.manifest("drafts/post")
    daemon.drop("drafts/.narrated.yaml", "narrate: false")
    daemon.drop("drafts/notes.pdf", b"PK")
    wait(lambda: not (daemon.outbox / "drafts").exists(), lambda: daemon.log)
    _wait_history(daemon, "drafts/notes.pdf", "removed")
    daemon.drop("drafts/.narrated.yaml", "narrate: true")
    daemon.manifest("drafts/post")


def test_settings_conflict_is_reported(daemon: Daemon) -> None:
    """A copy of settings set aside is reported and not applied."""
    name = "conflict/.narrated.sync-conflict-20261122-072736-JDC4FTG.yaml"
    daemon.drop(name, "author: Leo")
    daemon.drop("conflict/post.md", "# Conflict\n\nWords.")
    assert daemon.manifest("conflict/post")["author"] == ""
    assert daemon.status()["conflicts"] == [name]
    (daemon.inbox / name).unlink()


def test_unfinished_settings_wait(
    daemon: Daemon,
) -> None:
    """Settings that are still being written are heeded once they are whole."""
    (daemon.inbox / "half").mkdir()
    with (daemon.inbox / "half/.narrated.yaml").open("w") as writing:
        writing.write("author: Le")
        writing.flush()
        daemon.drop("half/post.md", "# Half\n\nWords.")
        daemon.manifest("half/post")
        writing.write("o\n")
    _wait_heard(daemon, "half/post", "By Leo")


def test_settings_change_while_planning(tmp_path: Path) -> None:
    """Settings that change while a post is planned are heeded at once."""
    made = toy(tmp_path)
    options = {"kind": "caption", "delay_s": 1.0}
    made["engines"]["seer"] = {**made["engines"]["toy"], "kind": "caption", "options": options}
    with running(tmp_path, pictures={"captions": "seer"}, **made) as daemon:
        daemon.drop(".narrated.yaml", "author: Leo")
        daemon.drop("desk.png", _png())
        daemon.drop("post.md", "# Overtaken\n\n![](desk.png)\n")
        wait(lambda: any(each["in_flight"] for each in daemon.status()["workers"]))
        daemon.drop(".narrated.yaml", "author: Ada")
        _wait_heard(daemon, "post", "By Ada")
        _wait_history(daemon, "post.md", "done")


def test_spoken_text_ignores_folders(tmp_path: Path) -> None:
    """A text spoken without a file has no folders."""
    with running(tmp_path) as daemon:
        daemon.drop(".narrated.yaml", "author: Leo\nvoice: siren")
        daemon.drop("lexicon.yaml", "words: {foo: fuh}")
        daemon.wait_idle()
        asked = daemon.ask("say", "Say foo.", "--output", str(tmp_path / "said.wav"))
        assert asked.returncode == 0, asked.stderr
        assert daemon.spoken == ["Say fuh."]


def test_ignored_settings_unused(tmp_path: Path) -> None:
    """Ignored settings apply to nothing."""
    with running(tmp_path, ignore=[".narrated.yaml"]) as daemon:
        daemon.drop(".narrated.yaml", "author: Leo")
        daemon.drop("post.md", "# Ignored\n\nWords.")
        assert daemon.manifest("post")["author"] == ""


def test_settings_changed_while_stopped(tmp_path: Path) -> None:
    """The daemon notices at its start what changed while it was stopped."""
    daemon = Daemon(tmp_path)
    with daemon:
        daemon.drop("changed/.narrated.yaml", "author: Leo")
        gone = daemon.drop("gone/.narrated.yaml", "author: Leo")
        for folder in ("changed", "gone", "new", "same"):
            daemon.drop(f"{folder}/post.md", f"# {folder}\n\nWords.")
            daemon.manifest(f"{folder}/post")
        daemon.drop("keep.md", "Keep.")
        daemon.manifest("keep")
    daemon.drop("changed/.narrated.yaml", "author: Ada")
    daemon.drop("new/.narrated.yaml", "author: Eve")
    gone.unlink()
    with daemon:
        _wait_heard(daemon, "changed/post", "By Ada")
        _wait_heard(daemon, "new/post", "By Eve")
        wait(lambda: "By" not in _heard(daemon, "gone/post"), lambda: daemon.log)
        assert daemon.history("same/post.md") == ["done"]


def test_first_scan_plans_each_once(tmp_path: Path) -> None:
    """A first look at many posts plans each once."""
    daemon = Daemon(tmp_path)
    daemon.drop(".narrated.yaml", "album: All")
    daemon.drop("lexicon.yaml", "words: {foo: fuh}")
    paths = [f"{folder}/{number}.txt" for folder in "abcd" for number in range(20)]
    for folder in "abcd":
        daemon.drop(f"{folder}/lexicon.yaml", "words: {bar: buh}")
        daemon.drop(f"{folder}/.narrated.yaml", "links: announce")
    for path in paths:
        daemon.drop(path, "Say foo.")
    with daemon:
        wait(lambda: daemon.status()["counts"].get("done") == len(paths), lambda: daemon.log, 60)
        daemon.wait_idle()
        wait(lambda: daemon.status()["counts"] == {"done": len(paths)})


def test_folder_moves_with_settings(daemon: Daemon) -> None:
    """A folder moves with its settings without speech."""
    daemon.drop("before/.narrated.yaml", "author: Leo")
    daemon.drop("before/lexicon.yaml", "words: {foo: fuh}")
    daemon.drop("before/post.md", "# Moving\n\nSay foo.")
    _wait_heard(daemon, "before/post", "Say fuh.")
    before = len(daemon.spoken)
    (daemon.inbox / "before").rename(daemon.inbox / "after")
    _wait_heard(daemon, "after/post", "Say fuh.")
    wait(lambda: not (daemon.outbox / "before").exists(), lambda: daemon.log)
    daemon.wait_idle()
    assert daemon.spoken[before:] == []


def test_gone_folder_is_not_replanned(daemon: Daemon) -> None:
    """A folder that goes with its settings is not planned again."""
    daemon.drop("staying.md", "An inbox that is suddenly empty is none.")
    daemon.drop("leaving/.narrated.yaml", "author: Leo")
    daemon.drop("leaving/post.md", "# Leaving\n\nWords.")
    _wait_heard(daemon, "leaving/post", "By Leo")
    daemon.wait_idle()
    shutil.rmtree(daemon.inbox / "leaving")
    wait(lambda: "leaving/post.md is gone from the inbox" in daemon.log, lambda: daemon.log)
    assert daemon.history("leaving/post.md") == ["done"]


def test_script_uses_folder_settings(tmp_path: Path) -> None:
    """A script is shown by what lies beside its file."""
    daemon = Daemon(tmp_path / "home")
    elsewhere = tmp_path / "elsewhere"
    for folder in (daemon.inbox / "blog", elsewhere):
        folder.mkdir(parents=True)
        (folder / ".narrated.yaml").write_text("author: Leo")
        (folder / "lexicon.yaml").write_text("words: {foo: fuh}")
        (folder / "post.md").write_text("# Shown\n\nSay foo.")
    (tmp_path / ".narrated.yaml").write_text("author: Stranger\ndate: 2024-01-02")
    (daemon.inbox / ".narrated.yaml").write_text("author: Ada\nlang: de")
    inside = daemon.ask("script", str(daemon.inbox / "blog/post.md"))
    outside = daemon.ask("script", str(elsewhere / "post.md"))
    for asked in (inside, outside):
        assert asked.returncode == 0, asked.stderr
        assert "Leo" in asked.stdout
        assert "Say fuh." in asked.stdout
        assert "twenty twenty-four" not in asked.stdout


def test_unreadable_settings_hold_back(tmp_path: Path) -> None:
    """Settings that may not be read hold their posts back."""
    daemon = Daemon(tmp_path)
    (tmp_path / "aside").write_text("author: Leo")
    (tmp_path / "aside").chmod(0)
    settings = (tmp_path / "aside").rename(daemon.inbox / ".narrated.yaml")
    try:
        daemon.start(as_anybody=True)
        daemon.drop("post.md", "# Closed\n\nWords.")
        assert "chmod" in daemon.note("post")
        assert daemon.history("post.md") == ["waiting"]
        settings.chmod(0o644)
        _wait_heard(daemon, "post", "By Leo")
    finally:
        daemon.stop()


def test_once_without_deleted_lexicon(tmp_path: Path) -> None:
    """A single pass goes on without a lexicon that was deleted since."""
    daemon = Daemon(tmp_path)
    daemon.drop("lexicon.yaml", "words: {nginx: engine x}\n")
    daemon.drop("one.md", "An nginx is told of.")
    assert daemon.ask("once", "--quiet").returncode == 0
    assert "engine x" in _heard(daemon, "one")
    (daemon.inbox / "lexicon.yaml").unlink()
    daemon.drop("two.md", "Another nginx is told of.")
    assert daemon.ask("once", "--quiet").returncode == 0
    for stem in ("one", "two"):
        daemon.manifest(stem)
        assert "engine x" not in _heard(daemon, stem)
