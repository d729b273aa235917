"""A lost ledger is restored from the outbox: manifests that count, and those that do not."""

import asyncio
import gc
import json
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from narrated.audio.flac_takes import to_flac
from narrated.disk_threads import DiskThreads
from narrated.inbox.file_signature import FileSignature
from narrated.jobs import restore
from narrated.ledger.job import JobState
from narrated.ledger.store import Ledger
from narrated.ledger.take_cache import TakeCache
from narrated.outbox.manifest import Manifest, ManifestOutput, ManifestSource, encode
from narrated.outbox.mount_guard import MountGuard
from narrated.workers.encoder_pool import EncoderPool

MANY = 2_000
SEEN = FileSignature(1, 2, 3, 4)
SOUND = b"ID3" + bytes(5000)


class RestoreFolders:
    """An inbox and an outbox without a daemon."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.inbox, self.outbox = home / "inbox", home / "outbox"
        self.inbox.mkdir()
        self.outbox.mkdir()

    def publish(self, stem: str, path: str = "", *, sha256: str = "a" * 64, **more: str) -> Path:
        """One file and its manifest."""
        name = stem.rpartition("/")[2]
        record = self.outbox / f"{stem}.json"
        record.parent.mkdir(parents=True, exist_ok=True)
        (self.outbox / f"{stem}.mp3").write_bytes(SOUND)
        record.write_bytes(
            encode(
                Manifest(
                    program="narrated",
                    published=more.get("published", "2026-11-22T08:46:10+01:00"),
                    source=ManifestSource(path or f"{stem}.md", sha256),
                    outputs=(ManifestOutput(f"{name}.mp3", "", len(SOUND), "audio/mpeg"),),
                    title=more.get("title", stem),
                    engine="toy",
                    voice="toy",
                    script=more.get("script", ""),
                    duration_s=1.0,
                    shows={"picture.png": more["shows"]} if "shows" in more else None,
                    takes=msgspec.Raw(more.get("takes", "null").encode()),
                )
            )
        )
        return record

    def rebuilt(self, *, with_gone: bool = True) -> dict[str, str]:
        """Stems by source, as a restored ledger has them."""
        ledger = Ledger(self.home / "ledger.sqlite")
        found = restore.remnants(MountGuard(self.outbox, None), ledger.path, self.inbox)
        restore.rebuild(ledger, found, with_gone=with_gone)
        done = {job.path: job.stem for job in ledger.jobs.in_state(JobState.DONE)}
        self.known = set(ledger.sources.known())
        self.doubtful = ledger.job_takes.first_doubtful(9)
        ledger.close()
        return done


@pytest.fixture
def folders(tmp_path: Path) -> RestoreFolders:
    return RestoreFolders(tmp_path)


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """A ledger of some pages, closed."""
    place = tmp_path / "ledger.sqlite"
    ledger = Ledger(place)
    for number in range(100):
        ledger.sources.record(f"post-{number}.md", SEEN, "aa")
        ledger.jobs.add(f"post-{number}.md", "aa", 1, f"post-{number}")
    ledger.close()
    yield place


def _header(path: Path) -> None:
    path.write_bytes(b"garbage" * 20 + path.read_bytes()[140:])


def _truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _zeroes(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:8192] + bytes(4096) + content[12288:])


def _nonsense(path: Path) -> None:
    path.write_bytes(b"no database" * 1000)


@pytest.mark.parametrize("damage", [_header, _truncated, _zeroes, _nonsense])
def test_damaged_ledger_is_set_aside(path: Path, damage: Callable[[Path], None]) -> None:
    """A damaged ledger is found at once and set aside under its own name."""
    whole = path.read_bytes()
    for number in range(1, 3):
        path.write_bytes(whole)
        damage(path)
        damaged = path.read_bytes()
        ledger = restore.opened(path)
        assert ledger.jobs.is_empty
        ledger.close()
        kept = sorted(path.parent.glob("ledger.damaged-*.sqlite"))
        assert len(kept) == number
        assert damaged in [each.read_bytes() for each in kept]


def test_whole_ledger_opens_as_it_is(path: Path) -> None:
    """A whole ledger is opened as it is."""
    ledger = restore.opened(path)
    assert len(ledger.jobs.in_state(JobState.QUEUED)) == 100
    ledger.close()
    assert not list(path.parent.glob("ledger.damaged-*"))


def test_only_whole_narrations_count(folders: RestoreFolders) -> None:
    """Only whole narrations with a valid manifest of their own are restored."""
    folders.publish("whole")
    folders.publish("cut")
    (folders.outbox / "cut.mp3").write_bytes(b"")
    folders.publish("lost")
    (folders.outbox / "lost.mp3").unlink()
    folders.publish("out", "../outside.md")
    folders.publish("odd", sha256="not a digest")
    copy = folders.outbox / "whole.sync-conflict-20261122-072736-JDC4FTG.json"
    copy.write_bytes((folders.outbox / "whole.json").read_bytes())
    (folders.outbox / "theirs.json").write_text(json.dumps({"title": "no manifest"}))
    (folders.outbox / "binary.json").write_bytes(bytes(100))
    assert folders.rebuilt() == {"whole.md": "whole"}


def _outputs(record: Path, outputs: dict[str, bytes], **more: object) -> None:
    """Give a manifest other outputs, which stand with the sizes that it says."""
    manifest = json.loads(record.read_text())
    for name, content in outputs.items():
        (record.parent / name).write_bytes(content)
    named = [
        {"name": name, "sha256": "", "bytes": len(content), "media_type": "audio/mpeg"}
        for name, content in outputs.items()
    ]
    record.write_text(json.dumps({**manifest, **more, "outputs": named}))


@pytest.mark.parametrize(
    ("outputs", "duration_s"),
    [
        ({"post.mp3": b""}, 1.0),
        ({"post.mp3": b""}, 0.0),
        ({"post.txt": b""}, 1.0),
        ({"post.txt": b"Words.", "post.vtt": b"WEBVTT"}, 1.0),
        ({"post.mp3": b"x" * 5000}, 1.0),
        ({"post.mp3": SOUND}, 60.0),
        ({"post.mp3": SOUND}, 0.0),
        ({"post.wav": b"RIFF" + bytes(5000)}, 1.0),
        ({"post.mp3": SOUND, "post.opus": b"OggS" + bytes(5000)}, 1.0),
        ({"post.exe": SOUND}, 1.0),
        ({"post.mp3": SOUND}, 1e9),
    ],
)
def test_unsound_narration_is_left(
    folders: RestoreFolders, outputs: dict[str, bytes], duration_s: float
) -> None:
    """A manifest whose files hold no sound of its duration is not believed."""
    _outputs(folders.publish("post"), outputs, duration_s=duration_s)
    folders.publish("whole")
    assert folders.rebuilt() == {"whole.md": "whole"}


@pytest.mark.parametrize(
    ("suffix", "sound"),
    [
        ("mp3", b"\xff\xf3" + bytes(5000)),
        ("opus", b"OggS" + bytes(500)),
        ("ogg", b"OggS" + bytes(500)),
        ("m4a", b"\0\0\0\x1cftypM4A " + bytes(500)),
        ("flac", b"fLaC" + bytes(500)),
        ("wav", b"RF64" + bytes(50_000)),
    ],
)
def test_sound_of_each_format_counts(folders: RestoreFolders, suffix: str, sound: bytes) -> None:
    """Sound of each format is believed, with a transcript and a caption beside it."""
    texts = {"post.vtt": b"WEBVTT", "post.txt": b"A cat."}
    _outputs(folders.publish("post"), {f"post.{suffix}": sound, **texts}, duration_s=2.0)
    assert folders.rebuilt() == {"post.md": "post"}


def test_longest_list_is_bounded(folders: RestoreFolders) -> None:
    """A manifest that lists more files than a post can have is not restored."""
    for name, count in (("large", 4096), ("hostile", 4097)):
        record = folders.publish(name)
        listed = {f"{number:x}.png": "a" * 64 for number in range(count)}
        record.write_text(json.dumps({**json.loads(record.read_text()), "consulted": listed}))
    assert folders.rebuilt() == {"large.md": "large"}


def test_sum_of_lists_is_bounded(
    folders: RestoreFolders, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where all manifests together list too much, those that list most are left out."""
    monkeypatch.setattr(restore, "MOST_KEPT_BYTES", 1 << 20)
    for number in range(20):
        folders.publish(f"post{number}")
        record = folders.publish(f"hostile{number}", published="2026-11-23T08:46:10+01:00")
        listed = {f"{each:x}.png": "a" * 64 for each in range(4000)}
        record.write_text(json.dumps({**json.loads(record.read_text()), "consulted": listed}))
    assert set(folders.rebuilt()) == {f"post{number}.md" for number in range(20)}
    assert "20 narrations of the outbox are too large" in caplog.text


def test_newer_narration_counts(folders: RestoreFolders) -> None:
    """Of two narrations of one source, the newer counts."""
    folders.publish("before", "post.md", published="2026-11-22T08:00:00+01:00")
    folders.publish("after", "post.md", published="2026-11-22T09:00:00+01:00")
    assert folders.rebuilt() == {"post.md": "after"}


def test_doubtful_takes_are_known_again(folders: RestoreFolders) -> None:
    """A restored ledger knows which narrations are doubtful; nonsense about takes says nothing."""
    folders.publish("doubtful", takes='{"checked": 3, "doubtful": 2}')
    folders.publish("odd", takes='{"checked": -3, "doubtful": "many"}')
    folders.publish("before")
    assert folders.rebuilt().keys() == {"doubtful.md", "odd.md", "before.md"}
    assert folders.doubtful == [("doubtful.md", 2)]


@pytest.mark.parametrize("with_gone", [True, False])
def test_gone_source_is_known_if_kept(folders: RestoreFolders, with_gone: bool) -> None:
    """A source that is gone counts as known only if sources stay in the inbox."""
    folders.publish("there")
    (folders.inbox / "there.md").write_text("It is there.")
    folders.publish("gone")
    assert folders.rebuilt(with_gone=with_gone) == {"there.md": "there", "gone.md": "gone"}
    assert folders.known == ({"there.md", "gone.md"} if with_gone else {"there.md"})


def test_large_outbox_restores_quickly(
    folders: RestoreFolders, figure: Callable[[str], None]
) -> None:
    """Thousands of narrations are restored in seconds."""
    record = folders.publish("post-0")
    for number in range(1, MANY):
        text = record.read_text().replace("post-0", f"post-{number}")
        (folders.outbox / f"post-{number}.json").write_text(text)
        (folders.outbox / f"post-{number}.mp3").hardlink_to(folders.outbox / "post-0.mp3")
    ledger = Ledger(folders.home / "ledger.sqlite")
    with closing(DiskThreads("the cache")) as disk:
        encoders = EncoderPool(cache_disk=disk, state_disk=disk)
        cache = TakeCache(folders.home / "cache", ledger, 1 << 30, disk, encoders)
        sound = folders.home / "sound.flac"
        to_flac(sound, bytes(4410), 22050)
        (folders.home / "cache/ab").mkdir()
        for number in range(MANY):
            (folders.home / f"cache/ab/ab{number}.flac").hardlink_to(sound)
        began, worked = time.monotonic(), time.process_time()
        found = restore.remnants(MountGuard(folders.outbox, None), ledger.path, folders.inbox)
        known = restore.rebuild(ledger, found, with_gone=True)
        cache.adopt(cache.found())
        took_s, cpu_s = time.monotonic() - began, time.process_time() - worked
        began = time.process_time()
        ledger.examine()
        figure(
            f"{MANY} narrations and takes known again in {took_s:.1f} s ({cpu_s:.1f} s of CPU); "
            f"looked through at a start in {time.process_time() - began:.2f} s of CPU"
        )
        take = ledger.takes.get("ab7")
        assert asyncio.run(cache.has("ab7"))
    assert known == ledger.jobs.counts()[JobState.DONE] == MANY
    assert take is not None
    assert (take.sample_rate, take.duration_s) == (22050, 0.1)
    assert cpu_s < 6
    ledger.close()


@pytest.mark.parametrize("published", ["0001-01-01T00:00:00", "soon"])
def test_impossible_time_is_rejected(folders: RestoreFolders, published: str) -> None:
    """A manifest with an impossible time is not restored."""
    folders.publish("odd", published=published)
    folders.publish("post")
    assert folders.rebuilt() == {"post.md": "post"}


def test_huge_manifests_take_no_memory(folders: RestoreFolders) -> None:
    """What a manifest is stuffed with is not kept, however many there are."""
    for number in range(10):
        folders.publish(f"post{number}", title="t" * (8 << 20), script="s" * (8 << 20))
        folders.publish(f"list{number}", shows="s" * (8 << 20))
    tracemalloc.start()
    guard = MountGuard(folders.outbox, None)
    found = restore.remnants(guard, folders.home / "ledger.sqlite", folders.inbox)
    gc.collect()
    kept_bytes = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert len(found) == 10
    assert kept_bytes < 1 << 20
