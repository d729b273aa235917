"""A worker on another box: its link breaks, its versions differ, its frames are hostile."""

import asyncio
import hashlib
import json
import os
import signal
import struct
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from narrated import __version__
from narrated.audio.flac_takes import decoded
from narrated.engines.model_resources import ModelResources
from narrated.errors import BoxLost, EngineUnavailable, WorkerLost
from narrated.workers import box_connection
from narrated.workers.box_link import PAYLOAD_LIMIT_BYTES, SILENT_S, greeting
from narrated.workers.protocol import encode
from narrated.workers.voice_files import VoiceStore
from support import disk
from support.fresh_process import in_a_fresh_process
from workers.boxes import Box, running_on, serving
from workers.support import ends_within, running, say, spec, toy

TAKES_IN_THREADS = """
import threading
from resource import RUSAGE_SELF, getrusage
from narrated import malloc
malloc.{keep}()

def takes(count):
    before = getrusage(RUSAGE_SELF).ru_minflt
    for _ in range(count):
        thread = threading.Thread(target=lambda: (bytearray(1 << 20), bytearray(3 << 20)))
        thread.start()
        thread.join()
    return getrusage(RUSAGE_SELF).ru_minflt - before

takes(10)
print(takes(20) / 20)
"""
"""Prints the page faults of a take's large blocks, of which each page would be one."""


def _on(box, *engines):
    return replace(spec(*engines), name="box2", socket=str(box.socket))


def test_frozen_box_is_noticed(tmp_path):
    """A box that is silent loses its requests, none of them to blame, and is looked for again."""

    async def story():
        async with serving(Box(tmp_path)) as box, running(_on(box)) as watched:
            worker = await watched.worker()
            held = say(worker, "SLOW:60")
            await asyncio.sleep(0)
            box.freeze()
            with pytest.raises(BoxLost, match=f"box2.*silent for {SILENT_S} s"):
                await held
            assert (await say(await watched.worker(worker.pid), "Hello")).payload

    asyncio.run(story())


def test_box_lets_go_of_its_device(tmp_path):
    """If the daemon is silent, the box's worker kills its host, which holds the device."""

    async def story():
        async with serving(Box(tmp_path)) as box:
            reader, writer = await asyncio.open_unix_connection(str(box.socket))
            while "box" not in (frame := await _frame(reader)):
                pass
            host = frame["box"]["pid"]
            os.kill(host, signal.SIGSTOP)  # as one that is deep in a computation
            assert await asyncio.to_thread(ends_within, host, 30)
            assert box.processes[0].wait(10) == 1
            writer.close()

    asyncio.run(story())


def test_box_of_another_version(tmp_path):
    """A box of another version is refused, with the command that upgrades it."""
    other = {"box": {"protocol": 1, "version": "9.9", "pid": 1}}

    async def story():
        async with serving(_sending(tmp_path, *encode(other, b""))) as box, running(_on(box)) as w:
            await w.until(lambda: w.pool.states()[0].restarts)
            problem = w.pool.states()[0].problem
            assert "it has narrated 9.9, and this daemon is" in problem
            assert f"pip install 'narrated=={__version__}'" in problem
            assert "9.9" in str(w.pool.unavailable("toy"))

    asyncio.run(story())


def test_mixed_fleet_goes_on(tmp_path):
    """While a box of another version is refused, the others work; upgraded, it works again."""
    other = {"box": {"protocol": 1, "version": "9.9", "pid": 1}}

    async def story():
        good, old = Box(tmp_path / "good"), _sending(tmp_path, *encode(other, b""))
        specs = [_on(good), replace(_on(old), name="old")]
        async with serving(good), running(*specs) as watched:
            async with serving(old):
                worker = await watched.worker()
                await watched.until(lambda: "9.9" in watched.pool.states()[1].problem)
                assert (await say(worker, "Hello")).payload
            upgraded = Box(tmp_path)
            upgraded.socket = old.socket
            async with serving(upgraded):
                fresh = await watched.worker(worker.pid)
                assert (await say(fresh, "Hello")).payload
                assert fresh.pid != worker.pid and worker.takes_work

    asyncio.run(story())


def test_worker_refuses_other_daemon(tmp_path):
    """A box's worker does nothing for a daemon of another version."""

    async def story():
        async with serving(Box(tmp_path)) as box:
            reader, writer = await asyncio.open_unix_connection(str(box.socket))
            await _frame(reader)
            writer.write(b"".join(encode({"daemon": {"protocol": 1, "version": "9.9"}}, b"")))
            while "ended" not in (frame := await _frame(reader)):
                pass
            assert frame["ended"]["how"] == "is of another version"
            writer.close()

    asyncio.run(story())


@pytest.mark.parametrize(
    "frames",
    [
        [struct.pack("<II", 2, PAYLOAD_LIMIT_BYTES + 1) + b"{}"],
        [*encode({"hello": {"engines": [{"name": "toy", "rows": "many"}]}}, b"")],
        [*encode({"done": {"id": "1", "elapsed_s": float("nan"), "identity": "x"}}, b"")],
        [*encode({"done": {"id": "1", "elapsed_s": 1, "sample_rate": 8000}}, b"")],
        [*encode({"done": {"id": "1", "elapsed_s": 1, "identity": "x"}}, b"")],
        [*encode({"models": {"models": 5, "measured": {}}}, b"")],
        [*encode({"done": {"id": "1", "elapsed_s": 1, "flac": True}}, b"fLaC of nothing")],
        [*encode({"box": {}}, b"")],
    ],
)
def test_hostile_box_is_cut_off(tmp_path, frames):
    """A box that sends what no worker sends is cut off, and its socket tried again."""
    good = {"box": {"protocol": 1, "version": __version__, "pid": 1}}

    async def story():
        hostile = _sending(tmp_path, *encode(good, b""), *frames)
        async with serving(hostile) as box, running(_on(box)) as watched:
            state = watched.pool.states
            # On a busy machine a connection may be too late to be answered.
            await watched.until(
                lambda: state()[0].restarts and "broken frame" in state()[0].problem
            )
            await watched.until(lambda: state()[0].restarts > 1)
            assert not watched.pool.workers

    asyncio.run(story())


def test_box_names_its_own_modules(tmp_path):
    """A box loads no module that neither narrated nor its own configuration names."""

    async def story():
        foreign = replace(toy("foreign"), module="os", path="/")
        async with running_on("box", tmp_path, spec(toy(), foreign)) as watched:
            worker = await watched.worker()
            assert list(worker.engines) == ["toy"]
            with pytest.raises(EngineUnavailable, match="The box has no engine 'foreign'"):
                raise worker.missing["foreign"]

    asyncio.run(story())


def test_sound_crosses_as_flac(tmp_path):
    """A take crosses as the FLAC that the cache keeps; a request that asks for none gets PCM."""

    async def story():
        async with running_on("box", tmp_path, spec()) as watched:
            worker = await watched.worker()
            pcm = await say(worker, "Hello", seed=5)
            flac = await say(worker, "Hello", seed=5, flac=True)
            sound, rate, notes = decoded(flac.payload, tmp_path)
            assert (sound, rate) == (pcm.payload, 22050)
            assert flac.duration_s == pcm.duration_s and notes.energies
            assert len(flac.payload) < len(pcm.payload)

    asyncio.run(story())


def test_large_blocks_are_kept():
    """A box's worker asks the system for a take's memory once, not page by page for each take."""
    kept = float(in_a_fresh_process(TAKES_IN_THREADS.format(keep="keep_large_blocks")))
    returned = float(in_a_fresh_process(TAKES_IN_THREADS.format(keep="return_large_blocks")))
    assert kept < returned / 5, (kept, returned)


def test_voices_travel_once(tmp_path, monkeypatch):
    """A box has the daemon's own voices, and their changes; a file travels only if it lacks it."""
    monkeypatch.setattr(box_connection, "_VOICES_S", 0.2)
    voices = tmp_path / "voices"
    (voices / "ann").mkdir(parents=True)
    (voices / "ann/ann.txt").write_text("Ann's clip")
    (voices / "away.txt").symlink_to("/etc/passwd")
    stored = tmp_path / "box/cache/voices-of-daemons"

    async def story():
        box, resources = Box(tmp_path / "box"), ModelResources(voices=str(voices))
        of_folder = replace(_on(box, toy(own_voices=True)), resources=resources, again_s=0.2)
        async with serving(box), running(of_folder) as watched:
            worker = await watched.worker()
            assert list(worker.engines["toy"].voices) == ["ann"]
            before = worker.engines["toy"].voices["ann"]
            assert (await say(worker, "Hello", voice="ann", voice_digest=before)).payload
            (first,) = (stored / "files").iterdir()
            number = first.stat().st_ino
            (voices / "bob.txt").write_text("Bob's clip")
            await watched.until(lambda: set(worker.engines["toy"].voices) == {"ann", "bob"})
            assert worker.engines["toy"].voices["ann"] == before
            box.processes[0].kill()
            box.processes[0].wait()  # else its number is still one of a process
            fresh = await watched.worker(worker.pid)
            assert set(fresh.engines["toy"].voices) == {"ann", "bob"}
            assert first.stat().st_ino == number, "it came again"
            assert len([*(stored / "files").iterdir()]) == 2
            assert len([*stored.glob("tree-*")]) == 1, "that of the killed worker is left"

    asyncio.run(story())


def test_old_voices_leave_a_box(tmp_path):
    """A box keeps the voices that a daemon has, and forgets those of more than a month ago."""
    contents = {name: name.encode() for name in ("kept", "lately", "old")}
    digests = {name: hashlib.sha256(each).hexdigest() for name, each in contents.items()}
    store = VoiceStore(tmp_path)
    for name, content in contents.items():
        store.add(digests[name], content)
    for name, days in (("kept", 40), ("lately", 20), ("old", 40)):
        then_s = time.time() - days * 86_400
        os.utime(tmp_path / "files" / digests[name], (then_s, then_s))
    assert store.missing({"kept.txt": digests["kept"]}) == []
    store.clear()
    left = {path.name for path in (tmp_path / "files").iterdir()}
    assert left == {digests["kept"], digests["lately"]}


def test_full_disk_keeps_no_drafts(tmp_path):
    """Voices that do not fit on a box's disk leave nothing behind, however often they come."""
    with disk.small(tmp_path / "store", 64) as full:
        store, content = VoiceStore(full.folder), bytes(100_000)
        for _ in range(3):
            with pytest.raises(OSError, match="No space left"):
                store.add(hashlib.sha256(content).hexdigest(), content)
        with pytest.raises(OSError, match="No such file"):
            store.show({"x": hashlib.sha256(content).hexdigest()})
        assert [path.name for path in full.folder.rglob("*")] == ["files"]


@pytest.mark.parametrize(
    "index", ['{"../x": "%s"}', '{"/etc/x": "%s"}', '{"x": "../../y"}', "[]", '{"": "%s"}']
)
def test_voices_stay_in_their_folder(tmp_path, index):
    """A box takes no voice whose name leads out of its folder, and ends."""
    digest = hashlib.sha256(b"content").hexdigest()

    async def story():
        async with serving(Box(tmp_path)) as box:
            reader, writer = await asyncio.open_unix_connection(str(box.socket))
            content = (index % digest if "%" in index else index).encode()
            for header, payload in (
                ({"daemon": greeting()}, b""),
                ({"voices": {}}, content),
                ({"file": {"sha256": digest}}, b"content"),
            ):
                writer.write(b"".join(encode(header, payload)))
            while "ended" not in (frame := await _frame(reader)):
                assert "wants" not in frame
            assert "voices that cannot be" in frame["ended"]["how"]
            writer.close()

    asyncio.run(story())


def test_missing_box_is_named(tmp_path):
    """A socket without a listener makes the engine unavailable, with the command that helps."""

    async def story():
        nowhere = replace(spec(), name="box2", socket=str(tmp_path / "none.sock"))
        async with running(nowhere) as watched:
            await watched.until(lambda: watched.pool.states()[0].restarts)
            assert "enable --now narrated-worker@box2.socket" in watched.pool.states()[0].problem

    asyncio.run(story())


def test_box_back_after_its_worker_died(tmp_path):
    """A box whose worker is killed, with the way to it, serves again at once."""

    async def story():
        async with serving(Box(tmp_path)) as box, running(_on(box)) as watched:
            worker = await watched.worker()
            held = say(worker, "SLOW:60")
            box.processes[0].kill()
            with pytest.raises(WorkerLost, match="lost its connection"):
                await held
            assert ends_within(worker.pid, 30)
            assert (await say(await watched.worker(worker.pid), "Hello")).payload

    asyncio.run(story())


def test_worker_wants_no_terminal(tmp_path):
    """`narrated worker` says whom it speaks with, if it is started by hand."""
    command = (sys.executable, "-m", "narrated.cli", "worker")
    with (tmp_path / "output").open("wb") as output:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=-1)
    assert done.returncode == 3
    assert b"speaks with a daemon, not with a person" in done.stderr
    assert (tmp_path / "output").read_bytes() == b""


def _sending(folder, *frames):
    """A box that sends these bytes, and listens until the daemon hangs up."""
    path = folder / "frames"
    path.write_bytes(b"".join(frames))
    return Box(folder, command=("/bin/sh", "-c", f"cat {path}; exec cat > /dev/null"))


async def _frame(reader):
    header_bytes, payload_bytes = struct.unpack("<II", await reader.readexactly(8))
    header = json.loads(await reader.readexactly(header_bytes))
    await reader.readexactly(payload_bytes)
    return header
