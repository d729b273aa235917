"""A publication killed at any instant: no file is ever seen in part."""

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import IO

from narrated.atomic_write import drafts_in
from narrated.outbox.open_folder import opened
from narrated.outbox.published_files import intact, sweep

INTERRUPTED = 3
MOST_ROUNDS = 60

PUBLISHER = """
import sys
from itertools import count, islice
from pathlib import Path
from narrated.outbox.manifest import Manifest, ManifestSource, encode
from narrated.outbox.published_files import PreparedFile, publish

outbox, state = map(Path, sys.argv[1:3])
sound, words = state / "a.mp3", state / "a.vtt"
for version in islice(count(int(sys.argv[3])), int(sys.argv[4])):
    letter = b"%c" % (97 + version % 26)
    sound.write_bytes(letter * 300_000)
    words.write_bytes(letter * 9_000)
    publish(
        outbox, "blog/post", [PreparedFile(sound, ".mp3"), PreparedFile(words, ".vtt")],
        lambda outputs: encode(Manifest(
            program="narrated", published="", source=ManifestSource("post.md", ""), outputs=outputs,
            title=letter.decode() * 5000, engine="", voice="", duration_s=0.0)),
    )
    print(version, flush=True)
"""


def publisher(outbox: Path, state: Path, first: int, number: int) -> subprocess.Popen[str]:
    arguments = [str(outbox), str(state), str(first), str(number)]
    code = f"import sys; sys.path[:0] = {sys.path!r}\n{PUBLISHER}"
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True
    )


def published(output: IO[str] | None) -> int:
    """Wait until one more version is published."""
    assert output is not None
    return int(output.readline())


def check_whole(folder: Path) -> None:
    """Every name that is not a draft's holds one version, and all of it."""
    sizes = {"post.mp3": 300_000, "post.vtt": 9_000}
    for name in [path.name for path in folder.iterdir() if not path.name.startswith(".narrated-")]:
        content = (folder / name).read_bytes()
        if name == "post.json":
            assert len(set(json.loads(content)["title"])) == 1
        else:
            assert len(content) == sizes[name]
            assert len(set(content)) == 1


def test_kill_leaves_whole_files(outbox: Path, tmp_path: Path) -> None:
    """A kill at any instant leaves whole files and drafts only."""
    state, folder, chance = tmp_path / "state", outbox / "blog", random.Random(1)
    state.mkdir()
    version, interrupted = 0, 0
    for _ in range(MOST_ROUNDS):
        with publisher(outbox, state, version, 1000) as process:
            version = published(process.stdout) + 1
            for _ in range(chance.randrange(12)):
                check_whole(folder)
            process.kill()
        check_whole(folder)
        with opened(outbox, "blog") as held:
            interrupted += bool(drafts_in(held))
        sweep(folder)
        assert all(not path.name.startswith(".") for path in folder.iterdir())
        if interrupted == INTERRUPTED:
            break
    assert interrupted == INTERRUPTED, "too few kills came in the middle of a publication"
    with publisher(outbox, state, version, 1) as process:
        published(process.stdout)
    assert intact(outbox, "blog/post")
