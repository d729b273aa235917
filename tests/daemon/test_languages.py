"""A post in two languages is spoken by a voice of each, with the engines themselves."""

import json
import os
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path
from typing import Any

from support.daemon import Daemon, running, wait
from support.published import spoken_words

FRENCH = "La vie est belle."
DUTCH = "Het is goed."
POSTS = {
    "html.html": f"<title>T</title><p>She said <q lang=fr>{FRENCH}</q> Then <i lang=nl>{DUTCH}</i>",
    "mixed.md": f"<blockquote lang='fr'>\n\n{FRENCH}\n\n</blockquote>\n\n<p lang=nl>{DUTCH}</p>",
    "pandoc.md": f"# T\n\nShe said [{FRENCH}]{{lang=fr}} Then.\n\n::: {{lang=nl}}\n{DUTCH}\n:::",
}


def _keys(daemon: Daemon, path: str) -> dict[str, str]:
    """The key of the take of each chunk, by its words without quotation marks."""
    with closing(sqlite3.connect(daemon.home / "state/ledger.sqlite")) as db:
        query = "SELECT plan FROM jobs JOIN plans ON job = id WHERE path = ?"
        (content,) = db.execute(query, (os.fsencode(path),)).fetchone()
    stored: dict[str, Any] = json.loads(zlib.decompress(content))
    chunks = zip(stored["plan"]["chunks"], stored["keys"], strict=True)
    return {chunk["text"].strip("“”"): key for chunk, key in chunks}


def test_two_languages_are_spoken(tmp_path: Path) -> None:
    """Marked words are spoken as a post of that language is; a move respeaks none of them."""
    with running(tmp_path, speech={"engine": "pico"}) as daemon:
        daemon.drop("fr.md", f"---\nlang: fr\ntitle: T\n---\n{FRENCH}")
        daemon.drop("nl.md", f"---\nlang: nl\ntitle: T\n---\n{DUTCH}")
        for path, text in POSTS.items():
            daemon.drop(path, text)
        made = {path: daemon.manifest(Path(path).stem) for path in ("fr.md", "nl.md", *POSTS)}
        own = {"fr": _keys(daemon, "fr.md")[FRENCH], "nl": _keys(daemon, "nl.md")[DUTCH]}
        for path in POSTS:
            spoken = _keys(daemon, path)
            assert spoken[DUTCH] == own["nl"]
            assert path == "html.html" or spoken[FRENCH] == own["fr"]  # there in quotation marks
            speakers = made[path]["settings"]["speakers"]
            engines = {who: one["engine"] for who, one in speakers.items()}
            assert engines == {"narrator": "pico", "fr": "pico", "nl": "espeak"}
            heard = spoken_words(daemon.outbox, Path(path).stem)
            assert heard.index(FRENCH) < heard.index(DUTCH)
        (daemon.inbox / "pandoc.md").rename(daemon.inbox / "moved.md")
        moved = daemon.manifest("moved")
        wait(lambda: "pandoc.mp3" not in daemon.files, lambda: daemon.log)
    assert moved["published"] == made["pandoc.md"]["published"]
    assert [each["text"] for each in moved["blocks"]] == ["T", "She said", DUTCH]


def test_update_respeaks_no_marked_words(tmp_path: Path) -> None:
    """What was published before marked words had voices stays so until it is refreshed."""
    daemon = Daemon(tmp_path, speech={"engine": "pico"}, reading={"marked_languages": False})
    with daemon:
        daemon.drop("post.md", POSTS["pandoc.md"])
        assert "fr" not in daemon.manifest("post")["settings"]["speakers"]
        daemon.wait_idle()
    _forget_marked_languages(daemon)
    before = (daemon.outbox / "post.mp3").read_bytes()
    daemon.configure(speech={"engine": "pico"})
    with daemon:
        (daemon.inbox / "post.md").rename(daemon.inbox / "renamed.md")
        daemon.manifest("renamed")
        daemon.wait_idle()
        assert (daemon.outbox / "renamed.mp3").read_bytes() == before
        assert daemon.ask("refresh", "renamed.md").returncode == 0
        wait(lambda: daemon.history("renamed.md")[-1] == "done", lambda: daemon.log)
        wait(lambda: "fr" in daemon.manifest("renamed")["settings"]["speakers"], lambda: daemon.log)


def _forget_marked_languages(daemon: Daemon) -> None:
    """Take the setting out of plan and manifest: the earlier version did not write it."""
    with closing(sqlite3.connect(daemon.home / "state/ledger.sqlite")) as db, db:
        ((job, stored),) = db.execute("SELECT job, plan FROM plans").fetchall()
        plan = json.loads(zlib.decompress(stored))
        for settings in (plan["settings"], plan["plan"]["surroundings"]["settings"]):
            assert settings.pop("marked_languages") is False
        del plan["plan"]["unvoiced"]
        earlier = zlib.compress(json.dumps(plan).encode())
        db.execute("UPDATE plans SET plan = ? WHERE job = ?", (earlier, job))
    path = daemon.outbox / "post.json"
    manifest = json.loads(path.read_text())
    assert manifest["settings"]["script"].pop("marked_languages") is False
    path.write_text(json.dumps(manifest))
