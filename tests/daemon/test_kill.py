"""`kill -9` of the daemon at any instant loses nothing, and repeats at most what was in flight."""

import random
import time
from collections import Counter
from pathlib import Path

from support.daemon import Daemon, wait

ROWS = 8


def _post(number: int, paragraphs: int) -> str:
    said = (f"Paragraph {n} of post {number} says something of its own." for n in range(paragraphs))
    return f"# Post {number}\n\n" + "\n\n".join(said) + "\n"


def test_killed_again_and_again_everything_is_published_once(tmp_path: Path) -> None:
    seed = time.time_ns() % 100_000
    print(f"seed {seed}")
    moments = random.Random(seed)
    daemon = Daemon(tmp_path, settle="50ms")
    posts = {f"post-{number}": _post(number, 12) for number in range(6)}
    for stem, text in posts.items():
        daemon.drop(f"{stem}.md", text)
    kills = 8
    for _ in range(kills):
        daemon.start(ready=False)
        time.sleep(moments.uniform(0.3, 1.6))
        daemon.kill()
        assert not list(daemon.outbox.glob("*.tmp"))
    with daemon:
        for stem, text in posts.items():
            assert daemon.published(stem, text)["title"].startswith("Post")
        daemon.wait_idle()
        hidden = [path for path in daemon.outbox.rglob(".*") if path.is_file()]
        assert not hidden
        repeated = sum(count - 1 for count in Counter(daemon.spoken).values())
        assert repeated <= kills * ROWS
        assert daemon.files == {
            f"{stem}.{suffix}" for stem in posts for suffix in ("mp3", "vtt", "json")
        }


def test_a_job_that_was_being_spoken_keeps_what_was_spoken(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path)
    daemon.configure(**_slow(tmp_path))
    text = _post(1, 40)
    daemon.drop("post.md", text)
    daemon.start()
    wait(lambda: len(daemon.spoken) >= 10)
    daemon.kill()
    spoken = set(daemon.spoken[:-ROWS])
    daemon.start()
    daemon.published("post", text)
    daemon.stop()
    counts = Counter(daemon.spoken)
    assert all(counts[line] == 1 for line in spoken)


def _slow(home: Path) -> dict[str, object]:
    from support.daemon import toy

    return toy(home, delay_s=0.05, rows=4)
