"""Lexicons in the whole program: large ones, and patterns that would take endless time."""

import json

from support.daemon import Daemon, wait


def test_slow_pattern_is_ended(daemon: Daemon) -> None:
    """A pattern without a bound in time is ended and told, and holds up no other folder."""
    lexicon = "patterns:\n- {match: '(?=a)(a+)+$', say: x}\n"
    daemon.drop("pattern/lexicon.yaml", lexicon)
    slow = {f"pattern/p{number}": f"{'a' * 60}! {number}\n" for number in range(4)}
    for stem, text in slow.items():
        daemon.drop(f"{stem}.md", text)
    wait(lambda: daemon.status()["state"] == "working")
    daemon.drop("elsewhere/second.md", "A note.\n")
    daemon.published("elsewhere/second", "A note.\n")
    assert not all((daemon.outbox / f"{stem}.error.txt").exists() for stem in slow)
    told = "pattern/lexicon.yaml: The lexicon: the pattern `(?=a)(a+)+$` took longer than 1 s"
    for stem in slow:
        note = daemon.note(stem)
        assert told in note
        assert "Write it without" in note
    daemon.wait_idle()
    assert told in (daemon.home / "log").read_text()


def test_patterns_mean_what_they_meant(daemon: Daemon) -> None:
    """A pattern of nested repeats is done at once; look-around and signs of any script apply."""
    entries = {"(a+)+$": "x", r"(?<=no )fish (\d+)": r"herring \1", r"\bnaïf\b": "naive"}
    patterns = [{"match": match, "say": say} for match, say in entries.items()]
    daemon.drop("patterns/lexicon.yaml", json.dumps({"patterns": patterns}))
    daemon.drop("patterns/long.md", f"{'a' * 60}! naïf naïfé.\n")
    daemon.drop("patterns/before.md", "There is no fish 7, but fish 8.\n")
    daemon.published("patterns/long", f"{'a' * 60}! naïf naïfé.\n")
    daemon.published("patterns/before", "There is no fish 7, but fish 8.\n")
    assert any(text.endswith("! naive naïfé.") for text in daemon.spoken)
    assert "There is no herring seven, but fish eight." in daemon.spoken


def test_large_lexicon_is_applied(daemon: Daemon) -> None:
    """A lexicon within its bound applies, however its signs are written on the way."""
    names = "".join(f"  {'ж' * 100}{n}: {'ш' * 100}\n" for n in range(1000))
    lexicon = f"words:\n  привет: здравствуй\n{names}"
    assert len(lexicon.encode()) < 1 << 20 < 3 * len(json.dumps(lexicon))
    for folder in ("large/", "large/a/", "large/a/b/"):
        daemon.drop(f"{folder}lexicon.yaml", lexicon)
    daemon.drop("large/a/b/post.md", "Here is привет.\n")
    daemon.published("large/a/b/post", "Here is привет.\n")
    assert any("здравствуй" in text for text in daemon.spoken)
