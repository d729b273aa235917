"""`kill -9` of the daemon at any instant loses nothing, and repeats at most what was in flight."""

import hashlib
import json
import os
import random
import re
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

from support.chaos import Chaos
from support.daemon import Daemon, paths_below, toy, wait
from support.published import SUFFIXES, is_manifest, narration
from support.steps import KILLED, Lives

ROWS = 8
KILLS = 40


def _post(number: int, paragraphs: int) -> str:
    said = (f"Paragraph {n} of post {number} says something of its own." for n in range(paragraphs))
    return f"# Post {number}\n\n" + "\n\n".join(said) + "\n"


def test_repeated_kills_publish_once(tmp_path: Path, figure: Callable[[str], None]) -> None:
    """Killed again and again everything is published once."""
    seed = int(os.environ.get("NARRATED_SEED") or time.time_ns() % 1_000_000)
    figure(f"NARRATED_SEED={seed}")
    moments = random.Random(seed)
    daemon = Daemon(tmp_path, settle="50ms")
    posts = {f"post-{number}": _post(number, 12) for number in range(6)}
    for stem, text in posts.items():
        daemon.drop(f"{stem}.md", text)
    kills = 8
    seen: defaultdict[str, set[bytes]] = defaultdict(set)
    for _ in range(kills):
        daemon.start(ready=False)
        time.sleep(moments.uniform(0.3, 1.6))
        daemon.kill()
        for name, content in _visible(daemon.outbox):
            seen[name].add(content)
    with daemon:
        for stem, text in posts.items():
            assert daemon.published(stem, text)["title"].startswith("Post")
        daemon.wait_idle()
        hidden = [*paths_below(daemon.outbox, ".*")]
        assert not hidden
        repeated = sum(count - 1 for count in Counter(daemon.spoken).values())
        assert repeated <= kills * ROWS
        assert daemon.files == {name for stem in posts for name in narration(stem)}
        # Whatever stood there after a kill, but for our own drafts, was whole then.
        for name, content in _visible(daemon.outbox):
            assert seen[name] <= {content}


def test_random_kills_publish_once(tmp_path: Path, figure: Callable[[str], None]) -> None:
    """Killed at random over an inbox that changes all is published once."""
    seed = int(os.environ.get("NARRATED_SEED") or time.time_ns() % 1_000_000)
    figure(f"NARRATED_SEED={seed}")
    settings = toy(tmp_path, rows=ROWS, delay_s=0.01)
    daemon = Daemon(tmp_path, **settings, settle="20ms", log="warning", pictures={"wait": "200ms"})
    chaos = Chaos(daemon, seed)
    chaos.begin()
    with Lives() as lives:

        def end(pid: int) -> None:
            os.kill(pid, signal.SIGKILL)
            assert lives.ended() == KILLED, daemon.log

        chaos.run(KILLS, lambda: lives.begin(daemon, for_ever=True), end)
        assert lives.live(daemon, watch=True).code == 0, daemon.log
        # What was under way at three deaths is given up, as if the deaths were its own.
        assert daemon.ask("retry", "--failed").returncode == 0
        assert lives.live(daemon, watch=True).code == 0, daemon.log
    chaos.verify()
    for who in ("daemon killed", "worker killed", "parser killed"):
        assert chaos.done[who], f"no {who}"
    lost, most, beyond = chaos.lost(ROWS)
    figure(
        f"{chaos.told}; {len(daemon.spoken)} chunks spoken, {lost} of them again, "
        f"at most {most} of {ROWS} for a kill"
    )
    assert not beyond, "; ".join(beyond)


def _visible(outbox: Path) -> Iterator[tuple[str, bytes]]:
    """Each file of a narration under its name, by its digest; a manifest tells of its time."""
    for path in outbox.iterdir():
        if not re.fullmatch(r"\.narrated-[0-9a-f]{16}\.tmp|narrated\.status\.txt", path.name):
            assert path.name.endswith(SUFFIXES)
            if is_manifest(path.name):
                assert json.loads(path.read_bytes())
            else:
                yield path.name, hashlib.sha256(path.read_bytes()).digest()


def test_killed_job_keeps_its_takes(tmp_path: Path) -> None:
    """A job that was being spoken keeps what was spoken."""
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
    return toy(home, delay_s=0.05, rows=4)
