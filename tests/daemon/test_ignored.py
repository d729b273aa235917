"""A folder as people keep it: a git checkout or a vault, with `.narratedignore` and defaults."""

import hashlib
import io
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from narrated.inbox.file_signature import FileSignature
from narrated.ledger.job import JobState
from narrated.ledger.store import Ledger
from support.daemon import Daemon, running, toy, wait
from support.published import narration

HUGO = {
    ".git/HEAD": "ref: refs/heads/main\n",
    ".git/description.txt": "Unnamed repository.\n",
    ".git/COMMIT_EDITMSG.md": "Write more\n",
    ".github/workflows/ci.yml": "on: push\n",
    ".gitignore": "public/\n",
    "hugo.toml": "title = 'A blog'\n",
    "README.md": "# How to build this blog\n",
    "LICENSE.txt": "All rights reserved.\n",
    "CONTRIBUTING.md": "Send a patch.\n",
    "requirements.txt": "pygments\n",
    "archetypes/default.md": "+++\ntitle = '{{ .Name }}'\n+++\n",
    "content/_index.md": "# Home\n\nWelcome to the blog.\n",
    "content/posts/real.md": "# Real\n\nA real post.\n",
    "content/search.md": "---\ntitle: Search\nlayout: search\n---\n",
    "content/posts/img.svg": "<svg/>",
    "content/posts/paper.pdf": "%PDF-1.4\n",
    "content/posts/note.docx": "PK",
    "content/about.html": "<h1>About</h1><p>Who writes here.</p>",
    "layouts/index.html": "<h1>{{ .Title }}</h1>",
    "layouts/partials/head.html": "<p>{{ .Title }}</p>",
    "public/index.html": "<h1>Home</h1><p>Built.</p>",
    "public/posts/real/index.html": "<h1>Real</h1><p>Built.</p>",
    "resources/_gen/x.txt": "cached\n",
    "static/robots.txt": "User-agent: *\n",
    "static/CNAME": "example.org\n",
    "static/style.css": "body {}\n",
    "static/app.js": "void 0\n",
    "themes/plain/theme.toml": "name = 'plain'\n",
    "themes/plain/README.md": "# A theme\n\nInstall it.\n",
    "themes/plain/layouts/index.html": "<h1>{{ .Title }}</h1>",
    "node_modules/left/README.md": "# left\n\nPads.\n",
    "node_modules/left/LICENSE.txt": "MIT\n",
    "node_modules/left/index.js": "void 0\n",
    "venv/pyvenv.cfg": "home = /usr/bin\n",
    "venv/lib/python/site-packages/top_level.txt": "words\n",
    "tools/py.typed": "",
    "tools/empty.css": "",
    "sitemap.xml": "<urlset/>",
    "data.csv": "a,b\n",
    "content/posts/real.md.orig": "# Real\n",
    "content/posts/real_BASE_4711.md": "# Real\n\nOf a merge.\n",
}
JEKYLL = {
    "_config.yml": "title: A blog\n",
    "package.json": "{}\n",
    "Gemfile": "source 'https://rubygems.org'\n",
    "_posts/2024-03-09-lisbon.md": "# Lisbon\n\nOld streets.\n",
    "_drafts/idea.md": "# Idea\n\nNot yet.\n",
    "_layouts/default.html": "<p>{{ content }}</p>",
    "_includes/head.html": "<p>head</p>",
    "_site/2024/03/09/lisbon.html": "<h1>Lisbon</h1><p>Built.</p>",
    "vendor/bundle/ruby/gems/x/README.md": "# A gem\n\nWords.\n",
    "404.html": "<p>Nothing here.</p>",
    "README.md": "# How to build this blog\n",
    "archive.html": "---\nlayout: archive\ntitle: Archive\n---\n",
    "index.md": "# Welcome\n\nTo this blog.\n",
}
VAULT = {
    ".obsidian/app.json": "{}",
    ".obsidian/plugins/x/README.md": "# A plugin\n\nWords.\n",
    ".trash/old.md": "Thrown away.\n",
    "Templates/daily.md": "# {{date}}\n\nWhat happened?\n",
    "Daily/2026-11-01.md": "# First\n\nWords [[idea|link]] here.\n",
    "Notes/idea.md": "# Idea\n\nA thought.\n",
    "Drawing.excalidraw.md": "---\nexcalidraw-plugin: parsed\n---\n# Text\n\nDrawn.\n",
    "board.canvas": "{}",
    "_resources/x.bin": "\0",
    "Notes/scan.PDF": "%PDF-1.4\n",
}
GRAPH = {
    "logseq/config.edn": "{}",
    "logseq/bak/pages/a/2026-11-01T10_00_00.Desktop.md": "- an old block\n",
    "logseq/version-files/base/pages_a.md": "- an old block\n",
    "pages/a.md": "- a block of words\n",
    "journals/2026_11_01.md": "- another block\n",
}


STEMS = (
    "hugo/content/_index",
    "hugo/content/posts/real",
    "hugo/content/about",
    "jekyll/_posts/2024-03-09-lisbon",
    "jekyll/index",
    "vault/Daily/2026-11-01",
    "vault/Notes/idea",
    "graph/pages/a",
    "graph/journals/2026_11_01",
    "words/layouts/of-gardens",
)
NOTES = ("hugo/content/posts/paper", "hugo/content/posts/note", "vault/Notes/scan")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon whose inbox holds blogs and vaults, narrated as far as it goes."""
    daemon = Daemon(tmp_path_factory.mktemp("kept"))
    trees = {"hugo": HUGO, "jekyll": JEKYLL, "vault": VAULT, "graph": GRAPH, "remedy": JEKYLL}
    for top, tree in trees.items():
        for name, content in tree.items():
            path = daemon.inbox / top / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
    (daemon.inbox / "words" / "layouts").mkdir(parents=True)
    (daemon.inbox / "words/layouts/of-gardens.md").write_text("# Gardens\n\nHow they lie.\n")
    with daemon:
        for stem in STEMS:
            daemon.manifest(stem)
        for stem in NOTES:
            daemon.note(stem)
        daemon.drop("barrier.md", "All that lay there before was seen before.")
        daemon.manifest("barrier")
        daemon.wait_idle()
        yield daemon


def _of(daemon: Daemon, top: str) -> tuple[set[str], set[str]]:
    """The narrated stems and the error notes below a folder."""
    files = {name.removeprefix(f"{top}/") for name in daemon.files if name.startswith(f"{top}/")}
    stems = {name.removesuffix(".mp3") for name in files if name.endswith(".mp3")}
    return stems, {name for name in files if name.endswith(".error.txt")}


def test_hugo_checkout_read_as_blog(kept: Daemon) -> None:
    """Of a checkout of a Hugo blog its content is read; what wants a person gets a note."""
    stems = {"content/_index", "content/posts/real", "content/about"}
    notes = {"content/posts/paper.error.txt", "content/posts/note.error.txt"}
    assert _of(kept, "hugo") == (stems, notes)
    assert "pdftotext" in kept.note("hugo/content/posts/paper")
    assert "pandoc" in kept.note("hugo/content/posts/note")


def test_jekyll_checkout_read_as_blog(kept: Daemon) -> None:
    """Of a checkout of a Jekyll blog its posts and pages are read."""
    assert _of(kept, "jekyll") == ({"_posts/2024-03-09-lisbon", "index"}, set())


def test_vaults_read_as_notes(kept: Daemon) -> None:
    """Of vaults the notes are read; templates, drawings and backups are not."""
    assert _of(kept, "vault") == ({"Daily/2026-11-01", "Notes/idea"}, {"Notes/scan.error.txt"})
    assert _of(kept, "graph") == ({"pages/a", "journals/2026_11_01"}, set())


def test_tool_name_alone_is_read(kept: Daemon) -> None:
    """A name that only a tool gives meaning ignores nothing without the tool's mark."""
    assert _of(kept, "words") == ({"layouts/of-gardens"}, set())


def test_other_kinds_are_counted(kept: Daemon) -> None:
    """Files of no kind that is read are counted: in one line, and by suffix for programs."""
    status = kept.status()
    assert not status["waiting"], status["waiting"]
    assert not status["arriving"], status["arriving"]
    assert {".css": 2, ".svg": 1, ".typed": 1}.items() <= status["other_kinds"].items()
    assert status["ignored_count"] >= 20
    count = sum(status["other_kinds"].values())
    (line,) = [each for each in kept.ask("status").stdout.splitlines() if "left alone" in each]
    assert f"left alone {count} files of other kinds (" in line
    note = kept.outbox / "narrated.status.txt"
    wait(lambda: f"{count} files of other kinds" in note.read_text(), note.read_text)


@pytest.mark.parametrize(
    ("path", "reads", "told"),
    [
        ("hugo/public/index.html", False, "Hugo, beside hugo/hugo.toml: /public/"),
        ("hugo/themes/plain/README.md", False, "ignored with its folder"),
        ("hugo/node_modules/left/README.md", False, "node_modules/"),
        ("hugo/static/robots.txt", False, "for files for machines"),
        ("hugo/.git/COMMIT_EDITMSG.md", False, "hugo/.git has a dot"),
        ("hugo/static/style.css", False, "no file with .css is"),
        ("hugo/content/posts/paper.pdf", False, "a note in the outbox says so"),
        ("hugo/content/posts/real.md", True, "is read: no rule ignores it"),
        ("vault/Templates/daily.md", False, "Obsidian, beside vault/.obsidian"),
        ("graph/logseq/version-files/base/pages_a.md", False, "graph/logseq and graph/pages"),
        ("words/of/tomorrow.md", True, "would be read, but is not in the inbox"),
        ("words/layouts", True, "is read: no rule ignores it"),
    ],
)
def test_ignored_tells_the_rule(kept: Daemon, path: str, reads: bool, told: str) -> None:
    """`narrated ignored` says whether a file is read, and by which rule and mark."""
    verdict = _verdict(kept, path)
    assert verdict["reads"] is reads
    assert told in verdict["reason"]


def test_default_taken_back_by_remedy(kept: Daemon) -> None:
    """The remedy that `narrated ignored` gives has a default's file read."""
    assert "put the line !/_includes/ into remedy/.narratedignore" in _verdict(
        kept, "remedy/_includes/head.html"
    )["remedy"].replace("To have it read, ", "")
    kept.drop("remedy/.narratedignore", "!/_includes/\n")
    kept.manifest("remedy/_includes/head")
    verdict = _verdict(kept, "remedy/_includes/head.html")
    assert verdict["reads"]


def _verdict(daemon: Daemon, path: str) -> dict[str, Any]:
    asked = daemon.ask("ignored", "--json", str(daemon.inbox / path))
    assert asked.returncode == 0, asked.stderr
    return dict(json.loads(asked.stdout))


def test_rules_hold_below_their_folder(daemon: Daemon) -> None:
    """Rules are gitignore's: anchors, negation, `**`, folders only; a deeper file wins."""
    top = "rules"
    daemon.drop(f"{top}/.narratedignore", "*.txt\n!keep.txt\n/top.md\nonly/\na/**/z.md\n# no\n\n")
    daemon.drop(f"{top}/deep/.narratedignore", "!*.txt\nkeep.txt\n")
    ignored = ["x.txt", "sub/x.txt", "top.md", "only/p.md", "a/z.md", "a/b/c/z.md"]
    ignored += ["deep/keep.txt"]
    read = ["keep.txt", "sub/keep.txt", "sub/top.md", "sub/only.md", "deep/x.txt", "z.md"]
    for name in (*ignored, *read):
        daemon.drop(f"{top}/{name}", f"Words of {name}.")
    for name in read:
        daemon.manifest(f"{top}/{name.rpartition('.')[0]}")
    daemon.wait_idle()
    stems, notes = _of(daemon, top)
    assert stems == {name.rpartition(".")[0] for name in read}
    assert not notes
    for name in ignored:
        assert not _verdict(daemon, f"{top}/{name}")["reads"]


def test_ignored_source_keeps_narration(tmp_path: Path) -> None:
    """A source that becomes ignored keeps its narration: not withdrawn, not narrated again."""
    with running(tmp_path, removed="withdraw", withdraw_after="1s") as daemon:
        daemon.drop("old/post.md", "# Old\n\nFirst words.")
        daemon.drop("gone.md", "# Gone\n\nTo be removed.")
        before = daemon.published("old/post", "# Old\n\nFirst words.")
        daemon.manifest("gone")
        daemon.drop(".narratedignore", "old/\n")
        _wait_ignored(daemon, "old/post.md")
        daemon.drop("old/post.md", "# Old\n\nOther words.")
        daemon.drop(".narrated.yaml", "author: Ada\n")
        (daemon.inbox / "gone.md").unlink()
        wait(lambda: "gone.json" not in daemon.files, lambda: daemon.log)
        assert daemon.ask("refresh").returncode == 0
        daemon.drop("last.md", "Words after it.")
        daemon.manifest("last")
        daemon.wait_idle()
        assert daemon.manifest("old/post") == before
        assert daemon.history("old/post.md") == ["done"]


def test_rules_apply_both_ways(tmp_path: Path) -> None:
    """A change of the rules applies at once, and after a restart: both ways."""
    with running(tmp_path, scan="10m") as daemon:
        daemon.drop(".narratedignore", "drafts/\n")
        daemon.drop("drafts/a.md", "A draft.")
        daemon.drop("b.md", "A post.")
        daemon.manifest("b")
        daemon.wait_idle()
        assert "drafts/a.json" not in daemon.files
        daemon.drop(".narratedignore", "nothing/\n")
        daemon.manifest("drafts/a")
        daemon.drop(".narratedignore", "*.md\n")
        _wait_ignored(daemon, "b.md")
        daemon.drop("drafts/a.md", "A draft, edited.")
        daemon.stop()
        (daemon.inbox / ".narratedignore").unlink()
        daemon.start()
        daemon.published("drafts/a", "A draft, edited.")
        daemon.wait_idle()
        assert daemon.history("b.md") == ["done"]


def test_ignored_job_is_stopped(tmp_path: Path) -> None:
    """A post that becomes ignored while it is spoken is stopped quietly, and goes on later."""
    held = tmp_path / "held"
    held.touch()
    made = toy(tmp_path, held=str(held))
    with running(tmp_path, **made) as daemon:
        daemon.drop("post.md", "Words that are held.")
        wait(lambda: daemon.status()["reading"], lambda: daemon.log)
        daemon.drop(".narratedignore", "post.md\n")
        wait(lambda: daemon.history("post.md") == ["removed"], lambda: daemon.log)
        held.unlink()
        daemon.wait_idle()
        assert not daemon.files
        (daemon.inbox / ".narratedignore").unlink()
        daemon.published("post", "Words that are held.")


def test_pictures_of_ignored_post(tmp_path: Path) -> None:
    """Pictures of a post that becomes ignored before it is out are items of their own."""
    held = tmp_path / "held"
    held.touch()
    with running(tmp_path, **toy(tmp_path, held=str(held))) as daemon:
        daemon.drop("desk.png", _png())
        daemon.drop("post.md", "Look: ![](desk.png)")
        wait(lambda: daemon.status()["reading"], lambda: daemon.log)
        wait(lambda: daemon.history("desk.png") == ["superseded"], lambda: daemon.log)
        daemon.drop(".narratedignore", "*.md\n")
        wait(lambda: daemon.history("post.md") == ["removed"], lambda: daemon.log)
        held.unlink()
        daemon.manifest("desk")
        daemon.wait_idle()
        assert not [name for name in daemon.files if name.startswith("post")]


def test_note_goes_with_its_source(daemon: Daemon) -> None:
    """The note of a file that becomes ignored is removed."""
    daemon.drop("noted/empty.html", "<p></p>")
    daemon.note("noted/empty")
    daemon.drop("noted/.narratedignore", "*.html\n")
    wait(lambda: "noted/empty.error.txt" not in daemon.files, lambda: daemon.log)
    assert "noted/empty.html" not in [each["path"] for each in daemon.status()["failed"]]


def test_update_keeps_what_is_out(tmp_path: Path) -> None:
    """What an earlier version narrated keeps its narration; its notes about other kinds go."""
    daemon = Daemon(tmp_path)
    with daemon:
        daemon.drop("public/old.html", "<h1>Old</h1><p>Built, and narrated.</p>")
        before = daemon.manifest("public/old")
        daemon.wait_idle()
    _fail_as_before(daemon, "style.css")
    daemon.drop("hugo.toml", "title = 'x'\n")
    with daemon:
        wait(lambda: daemon.history("style.css") == ["removed"], lambda: daemon.log)
        wait(lambda: daemon.files == narration("public/old"), lambda: str(daemon.files))
        assert daemon.status()["other_kinds"] == {".css": 1, ".toml": 1}
        assert not daemon.status()["failed"]
        _wait_ignored(daemon, "public/old.html")
        daemon.drop("public/old.html", "<h1>Old</h1><p>Built again.</p>")
        daemon.drop("last.md", "Words.")
        daemon.manifest("last")
        assert daemon.manifest("public/old") == before
        (daemon.inbox / "hugo.toml").unlink()
        daemon.published("public/old", "<h1>Old</h1><p>Built again.</p>")


def test_update_drops_blank_notes(tmp_path: Path) -> None:
    """A page of front matter alone that failed before loses its note; an empty text keeps it."""
    daemon = Daemon(tmp_path)
    with daemon:
        daemon.drop("first.md", "Words.")
        daemon.manifest("first")
        daemon.wait_idle()
    problem = " holds no words, so there is nothing to say."
    _fail_as_before(daemon, "_index.md", "---\ntitle: Posts\n---\n", f"_index.md{problem}")
    _fail_as_before(daemon, "empty.md", "\n", f"empty.md{problem}")
    with closing(sqlite3.connect(daemon.home / "state/ledger.sqlite")) as ledger:
        ledger.executescript(
            "PRAGMA user_version = 12; DROP TABLE held_back;"
            "ALTER TABLE engine_rates DROP COLUMN heard_s;"
            "ALTER TABLE engine_rates DROP COLUMN energy_s;"
            "DROP TABLE episodes; DROP TABLE podcasts; DROP TABLE covers;"
            "DROP TABLE page_entries; DROP TABLE page_files; DROP TABLE page_pictures;"
            "DROP TABLE galleries;"
            "DROP TABLE folder_shows; DROP TABLE page_copies; DROP TABLE page_texts;"
            "DROP TABLE verdicts; DROP TABLE take_measures; DROP TABLE voice_lengths;"
            "DROP TABLE checked_chunks; ALTER TABLE choices DROP COLUMN is_automatic;"
            "ALTER TABLE choices DROP COLUMN rejected_below;"
            "DROP TABLE job_takes; DROP TABLE doubtful_narrations; DROP TABLE doubtful_count;"
            "DROP TRIGGER doubtful_left; DROP TABLE script_files; DROP TABLE review_files;"
            "DROP TABLE misheard_words; DROP TABLE due_checks;"
        )
    with daemon:
        wait(lambda: daemon.history("_index.md") == ["superseded", "removed"], lambda: daemon.log)
        wait(lambda: daemon.history("empty.md") == ["superseded", "failed"], lambda: daemon.log)
        wait(lambda: "_index.error.txt" not in daemon.files, lambda: str(daemon.files))
        assert [each["path"] for each in daemon.status()["failed"]] == ["empty.md"]
        daemon.note("empty")


def _fail_as_before(
    daemon: Daemon,
    name: str,
    text: str = "body {}",
    problem: str = "style.css is nothing that is read",
) -> None:
    """Leave a failed job and a note, as the version before did."""
    path = daemon.inbox / name
    path.write_text(text)
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    ledger = Ledger(daemon.home / "state/ledger.sqlite")
    stem = name.rpartition(".")[0]
    with ledger.transaction():
        ledger.sources.record(name, FileSignature.of(path.lstat()), sha256)
        job = ledger.jobs.add(name, sha256, len(text), stem)
        ledger.stems.assign(name, stem, stem)
        ledger.jobs.move(job, JobState.FAILED, problem=problem)
        ledger.notes.expect(stem)
    ledger.close()
    (daemon.outbox / f"{stem}.error.txt").write_text(problem)


def test_broken_rules_are_told(tmp_path: Path) -> None:
    """What of a rule file is not applied is told in the status; the rest of it holds."""
    with running(tmp_path) as daemon:
        stars = "*a" * 30
        rules = b"[z-a].md\n" + stars.encode() + b"\n\xff.md\ngood/\nbad\\\n"
        daemon.drop("lines/.narratedignore", rules)
        daemon.drop("large/.narratedignore", "#" * 70_000)
        daemon.drop("wide/.narratedignore", "good/\n".encode("utf-16"))
        (daemon.inbox / "fifo").mkdir()
        os.mkfifo(daemon.inbox / "fifo/.narratedignore")
        (daemon.inbox / "link").mkdir()
        (daemon.inbox / "link/.narratedignore").symlink_to(daemon.inbox / "lines/.narratedignore")
        (daemon.inbox / "folder/.narratedignore").mkdir(parents=True)
        for folder in ("lines", "large", "wide", "fifo", "link", "folder"):
            daemon.drop(f"{folder}/good/post.md", f"Words in {folder}.")
        for folder in ("large", "wide", "fifo", "link", "folder"):
            daemon.manifest(f"{folder}/good/post")

        def told() -> str:
            return "\n".join(daemon.status()["notices"])

        for words in (
            "lines/.narratedignore, line 1, is not applied",
            "line 2, is not applied: a pattern has at most 8 stars",
            "line 3, is not applied: it is not UTF-8",
            "lines/.narratedignore, line 5, is not applied",
            "large/.narratedignore is not applied: it is larger than 32 KiB",
            "wide/.narratedignore is not applied: it is no text in UTF-8",
            "fifo/.narratedignore is not applied: it is no regular file",
            "link/.narratedignore is not applied: it is no regular file",
            "folder/.narratedignore is not applied: it is no regular file",
        ):
            wait(lambda words=words: words in told(), told)
        daemon.wait_idle()
        assert "lines/good/post.json" not in daemon.files
        for folder in ("lines", "large", "wide", "fifo", "link"):
            (daemon.inbox / folder / ".narratedignore").unlink()
        (daemon.inbox / "folder/.narratedignore").rmdir()
        daemon.manifest("lines/good/post")
        wait(lambda: "narratedignore" not in told(), told)


def test_closed_rule_file_is_told(tmp_path: Path) -> None:
    """A rule file that the daemon may not open is told with the remedy, and read once it may."""
    daemon = Daemon(tmp_path, scan="200ms")
    (daemon.inbox / "closed").mkdir()
    rules = daemon.inbox / "closed/.narratedignore"
    rules.write_text("post.md\n")
    rules.chmod(0)
    daemon.start(as_anybody=True)
    try:
        wait(lambda: "may not be opened" in str(daemon.status()["notices"]), lambda: daemon.log)
        assert "chmod u+r closed/.narratedignore" in str(daemon.status()["notices"])
        rules.chmod(0o644)
        wait(lambda: not daemon.status()["notices"], lambda: daemon.log)
        daemon.drop("closed/post.md", "Ignored.")
        daemon.drop("last.md", "Read.")
        daemon.manifest("last")
        daemon.wait_idle()
        assert "closed/post.json" not in daemon.files
    finally:
        daemon.stop()


def test_rule_file_conflict_is_told(daemon: Daemon) -> None:
    """A conflicting copy of a rule file is reported, and holds no rules."""
    for name in (
        ".sync-conflict-20261122-072736-JDC4FTG.narratedignore",
        ".narratedignore (Ann's conflicted copy 2026-11-22)",
    ):
        daemon.drop(f"copies/{name}", "*\n")
        wait(lambda: f"copies/{name}" in daemon.status()["conflicts"], lambda: daemon.log)  # noqa: B023
    daemon.drop("copies/post.md", "Words.")
    daemon.manifest("copies/post")
    shutil.rmtree(daemon.inbox / "copies")


def test_hostile_rules_hold_nothing_up(daemon: Daemon) -> None:
    """Patterns that would take a backtracking matcher for ever hold up no other file."""
    name = "a" * 200
    pattern = "*a" * 8 + "b"
    daemon.drop("slow/.narratedignore", f"{pattern}\n" * 29 + "**/" * 8 + "b\n")
    for number in range(20):
        daemon.drop(f"slow/{name}{number}.md", f"Words {number}.")
    for number in range(20):
        daemon.manifest(f"slow/{name}{number}")


def test_ignored_asked_without_daemon(tmp_path: Path) -> None:
    """`narrated ignored` answers without a daemon, and refuses what is outside of the inbox."""
    daemon = Daemon(tmp_path, ignore=["secret/**"])
    daemon.drop(".narratedignore", "drafts/\n!/drafts/\n*.tmp.md\n")
    daemon.drop("drafts/a.md", "Words.")
    (daemon.inbox / "link.md").symlink_to("drafts/a.md")
    taken_back = _verdict(daemon, "drafts")
    assert taken_back["reads"]
    assert (taken_back["file"], taken_back["line"]) == (".narratedignore", 2)
    plain = daemon.ask("ignored", "drafts/x.tmp.md")
    assert plain.stdout.startswith("drafts/x.tmp.md is ignored: .narratedignore, line 3: *.tmp.md")
    assert "`ignore` in" in _verdict(daemon, "secret/x.md")["reason"]
    assert "links are not followed" in _verdict(daemon, "link.md")["reason"]
    assert "holds rules" in _verdict(daemon, ".narratedignore")["reason"]
    for outside in (str(tmp_path / "other.md"), "../other.md", "/etc/passwd"):
        refused = daemon.ask("ignored", outside)
        assert refused.returncode == 1
        assert "does not lie in the inbox" in refused.stderr


def _wait_ignored(daemon: Daemon, path: str) -> None:
    wait(lambda: f"{path} is ignored" in daemon.log, lambda: daemon.log)


def test_page_without_body_is_left_alone(daemon: Daemon) -> None:
    """A page of front matter alone gets no note, and takes no earlier narration away."""
    daemon.drop("blank/page.md", "---\ntitle: Blank\n---\nWords.\n")
    before = daemon.manifest("blank/page")
    daemon.drop("blank/page.md", "---\ntitle: Blank\nlayout: list\n---\n\n")
    wait(lambda: daemon.history("blank/page.md") == ["done", "removed"], lambda: daemon.log)
    assert "front matter alone" in daemon.ask("history", "blank/page.md").stdout
    assert daemon.manifest("blank/page") == before
    assert _of(daemon, "blank") == ({"page"}, set())


def test_recipe_of_hugo_holds(tmp_path: Path) -> None:
    """By the recipe for Hugo a post's picture is found in static/, unless that is ignored."""
    with running(tmp_path, pictures={"wait": "1h"}) as daemon:
        daemon.drop("blog/hugo.toml", "title = 'x'\n")
        daemon.drop("blog/.narrated.yaml", "album: My blog\npictures: {/: blog/static}\n")
        daemon.drop("blog/static/img/x.png", _png())
        daemon.drop("blog/content/a.md", "Look: ![](/img/x.png)")
        manifest = daemon.manifest("blog/content/a")
        assert not [each for each in manifest["skipped"] if "x.png" in each["text"]]
        daemon.drop("blog/.narratedignore", "/static/\n_index.md\n")
        _wait_ignored(daemon, "blog/static/img/x.png")
        daemon.drop("blog/content/_index.md", "A list.")
        daemon.drop("blog/content/b.md", "Look again: ![](/img/x.png)")
        skipped = json.dumps(daemon.manifest("blog/content/b")["skipped"])
        assert "blog/static/img/x.png is ignored" in skipped
        assert "blog/content/_index.json" not in daemon.files


def test_recipe_of_obsidian_holds(daemon: Daemon) -> None:
    """By the recipe for Obsidian two folders of a vault are read, and nothing else."""
    daemon.drop("notes/.narratedignore", "# only these two folders\n/*\n!/Essays/\n!/Letters/\n")
    for name in ("Essays/deep/a.md", "Letters/b.md", "Journal/c.md", "d.md"):
        daemon.drop(f"notes/{name}", f"Words of {name}.")
    daemon.manifest("notes/Essays/deep/a")
    daemon.manifest("notes/Letters/b")
    daemon.wait_idle()
    assert _of(daemon, "notes") == ({"Essays/deep/a", "Letters/b"}, set())


def _png() -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(data, "png")
    return data.getvalue()
