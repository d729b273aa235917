"""Review by file: a script waits in the outbox, and is spoken as it comes back to the inbox."""

from pathlib import Path

from support.daemon import Daemon, running, wait
from support.published import spoken_words

POST = "# A day\n\nThe first line is here.\n\nThe second line is here.\n\nThe third is last.\n"
REVIEW = {"review": True}


def _script(daemon: Daemon, stem: str) -> str:
    path = daemon.outbox / f"{stem}.script.md"
    wait(path.exists, lambda: f"{path.name} did not come:\n{daemon.log}")
    return path.read_text()


def _wait_words(daemon: Daemon, stem: str, words: str) -> None:
    path = daemon.outbox / f"{stem}.transcript.json"

    def told() -> str:
        return spoken_words(daemon.outbox, stem) if path.exists() else ""

    wait(lambda: words == told(), lambda: f"{told()!r}\n{daemon.log}")


def test_script_waits_for_review(tmp_path: Path) -> None:
    """With `review: true` a script comes instead of sound, told everywhere, and is then spoken."""
    with running(tmp_path, **REVIEW) as daemon:
        daemon.drop("post.md", POST)
        script = _script(daemon, "post")
        assert script.startswith("<!-- narrated script of post.md")
        wait(lambda: daemon.history("post.md") == ["waiting"], lambda: daemon.log)
        assert daemon.files == {"post.script.md"}
        told = daemon.ask("status").stdout
        assert "post.script.md in the outbox is what will be said" in told
        assert "Save it, edited or not, as post.script.md in the inbox" in told
        assert "post.script.md in the outbox" in daemon.ask("history", "post.md").stdout
        assert "waits for your review" in daemon.log
        daemon.drop("post.script.md", script.replace("second line", "other line"))
        daemon.published("post", POST)
        _wait_words(
            daemon,
            "post",
            "A day The first line is here. The other line is here. The third is last.",
        )
        wait(lambda: "post.script.md" not in daemon.files, lambda: daemon.log)
        assert daemon.history("post.script.md") == []
