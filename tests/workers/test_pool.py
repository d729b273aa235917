"""Workers are real processes here: killed, hung, broken, changed, and always replaced."""

import asyncio
import os
import signal
import struct
import sys

import pytest

from narrated.engines.registry import BUILT_IN_ENGINES, EngineSpec
from narrated.errors import EngineError, EngineUnavailable, WorkerLost
from workers.boxes import STARTS, running_on
from workers.support import ends_within, eventually, running, say, spec, toy


def test_worker_announces_and_speaks():
    """A worker announces its engines and speaks."""

    async def story():
        async with running(spec(toy(rows=3), toy("captions", "caption"))) as watched:
            worker = await watched.worker()
            info = worker.engines["toy"]
            assert (info.kind, info.sample_rate, info.rows) == ("speech", 22050, 3)
            assert "toy" in info.voices
            assert worker.engines["captions"].voices == {}
            spoken = await say(worker, "Hello", seed=5)
            assert spoken.header["sample_rate"] == 22050
            assert spoken.header["elapsed_s"] >= 0
            assert struct.unpack("<hh", spoken.payload[:4]) == (5, 5)
            told = await worker.submit("captions", {}, b"pixels")
            assert told.header["text"] == "A picture of 6 bytes."

    asyncio.run(story())


def test_worker_hears():
    """A take goes to a hearing engine as PCM; its text and score come back."""

    async def story():
        async with running(spec(toy("ears", "hearing", languages=["en"]))) as watched:
            worker = await watched.worker()
            info = worker.engines["ears"]
            assert (info.kind, info.sample_rate, info.voices) == ("hearing", 0, {})
            assert info.hears("en-GB") and not info.hears("de")
            header = {"sample_rate": 16000, "language": "en"}
            heard = await worker.submit("ears", header, bytes(48000))
            assert (heard.header["text"], heard.header["score"]) == ("1.5 seconds of en", -0.5)

    asyncio.run(story())


def test_rows_in_flight_are_not_free():
    async def story():
        async with running(spec(toy(rows=2))) as watched:
            worker = await watched.worker()
            answers = [say(worker, "SLOW:0.2"), say(worker, "SLOW:0.2")]
            assert (worker.in_flight("toy"), worker.free_slots("toy")) == (2, 0)
            assert worker.free_slots("nobody") == 0
            await asyncio.gather(*answers)
            await watched.until(lambda: worker.free_slots("toy") == 2)

    asyncio.run(story())


def test_requests_run_side_by_side():
    """Requests run side by side and report their progress."""

    async def story():
        async with running(spec()) as watched:
            worker = await watched.worker()
            heard = []
            slow = worker.submit("toy", {"text": "SLOW:1", "voice": "toy"}, b"", heard.append)
            await say(worker, "quick")
            assert not slow.done()
            await slow
            assert len(heard) > 5
            assert heard == sorted(heard)
            assert 0 <= heard[0] < heard[-1] < 1

    asyncio.run(story())


def test_refusal_spares_other_requests():
    """One refused request does not disturb the others."""

    async def story():
        async with running(spec()) as watched:
            worker = await watched.worker()
            slow = say(worker, "SLOW:0.2")
            with pytest.raises(EngineError, match="fails on demand"):
                await say(worker, "FAIL")
            with pytest.raises(EngineUnavailable, match="no voice 'nobody'"):
                await say(worker, "Hello", voice="nobody")
            with pytest.raises(EngineUnavailable, match="No engine none"):
                await say(worker, "Hello", engine="none")
            assert (await slow).payload
            assert watched.pool.states()[0].restarts == 0

    asyncio.run(story())


def test_changed_voice_is_refused(tmp_path):
    """A request for a voice by its digest is refused once the voice has changed."""
    edited = tmp_path / "voices.json"
    edited.write_text('{"toy": "old"}')

    async def story():
        async with running(spec(toy(voices_in=str(edited)))) as watched:
            worker = await watched.worker()
            await say(worker, "Hello", voice_digest="old")
            edited.write_text('{"toy": "new"}')
            with pytest.raises(EngineUnavailable, match="voice 'toy' was changed"):
                await say(worker, "Hello", voice_digest="old")
            assert worker.engines["toy"].voices == {"toy": "new"} and worker.changes == 2
            for digest in ("new", None):
                await say(worker, "Hello", voice_digest=digest)
            assert worker.in_flight() == 0 and worker.changes == 2

    asyncio.run(story())


def test_engine_error_spares_worker():
    """An engine that raises fails the request, not the worker."""

    async def story():
        async with running(spec()) as watched:
            worker = await watched.worker()
            with pytest.raises(EngineError, match="ZeroDivisionError"):
                await say(worker, "RAISE")
            assert (await say(worker, "Hello")).payload
            assert worker.free_slots("toy") == 8

    asyncio.run(story())


def test_failing_room_counts_as_room():
    """An engine that fails to tell whether it has room takes all that it is given."""

    async def story():
        async with running(spec(toy(slots="no number"))) as watched:
            worker = await watched.worker()
            both = await asyncio.gather(say(worker, "Hello"), say(worker, "Once more"))
            assert all(each.payload for each in both)
            assert (await watched.worker()).pid == worker.pid

    asyncio.run(story())


def test_oversized_request_is_refused():
    """A request too large for a frame is refused."""

    async def story():
        async with running(spec()) as watched:
            worker = await watched.worker()
            with pytest.raises(EngineError, match="limit"):
                await say(worker, "x" * (2 << 20))
            assert worker.in_flight() == 0

    asyncio.run(story())


@pytest.mark.parametrize("start", STARTS)
def test_killed_worker_is_replaced(start, tmp_path):
    """A killed worker loses its requests in flight and is replaced."""

    async def story():
        async with running_on(start, tmp_path, spec()) as watched:
            worker = await watched.worker()
            lost = [say(worker, "SLOW:30") for _ in range(3)]
            os.kill(worker.pid, signal.SIGKILL)
            for answer in lost:
                with pytest.raises(WorkerLost, match="SIGKILL"):
                    await answer
            fresh = await watched.worker(other_than=worker.pid)
            assert (await say(fresh, "Hello")).payload
            assert watched.pool.states()[0].restarts == 1

    asyncio.run(story())


@pytest.mark.parametrize("start", STARTS)
def test_lost_worker_says_why(start, tmp_path):
    """A lost worker is reported with its exit status and its last lines."""

    async def story():
        async with running_on(start, tmp_path, spec()) as watched:
            worker = await watched.worker()
            with pytest.raises(WorkerLost, match=r"exit status 7.*prints to stdout") as lost:
                await say(worker, "DIE")
            assert str(worker.pid) in lost.value.problem

    asyncio.run(story())


@pytest.mark.parametrize("start", STARTS)
def test_silent_worker_is_replaced(start, tmp_path):
    """A worker that is silent during work is ended and replaced."""

    async def story():
        async with running_on(start, tmp_path, spec(silence_s=2)) as watched:
            worker = await watched.worker()
            with pytest.raises(WorkerLost, match=r"said nothing for 2 s"):
                await say(worker, "HANG")
            assert ends_within(worker.pid, 30)
            assert (await say(await watched.worker(worker.pid), "Hello")).payload

    asyncio.run(story())


@pytest.mark.parametrize("start", STARTS)
def test_stopped_worker_counts_silent(start, tmp_path):
    """A stopped worker counts as a silent one."""

    async def story():
        async with running_on(start, tmp_path, spec(silence_s=2)) as watched:
            worker = await watched.worker()
            os.kill(worker.pid, signal.SIGSTOP)
            with pytest.raises(WorkerLost, match="said nothing"):
                await say(worker, "Hello")

    asyncio.run(story())


def test_slow_progress_is_no_hang():
    """Long work that shows progress is no hang."""

    async def story():
        async with running(spec(silence_s=2)) as watched:
            worker = await watched.worker()
            assert (await say(worker, "SLOW:4")).payload

    asyncio.run(story())


def test_idle_worker_may_be_silent():
    """A worker without work may be silent."""

    async def story():
        async with running(spec(silence_s=1)) as watched:
            worker = await watched.worker()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(watched.until(lambda: not watched.pool.workers), 2.5)
            assert (await say(worker, "Hello")).payload

    asyncio.run(story())


@pytest.mark.parametrize("word", ["NONSENSE", "UNKNOWN"])
@pytest.mark.parametrize("start", STARTS)
def test_invalid_frame_ends_worker(word, start, tmp_path):
    """A worker that sends an invalid frame is ended and replaced."""

    async def story():
        async with running_on(start, tmp_path, spec()) as watched:
            worker = await watched.worker()
            with pytest.raises(WorkerLost, match="broken frame"):
                await say(worker, word)
            assert (await say(await watched.worker(worker.pid), "Hello")).payload

    asyncio.run(story())


def test_late_worker_is_ended():
    """A worker that does not announce itself in time is ended."""

    async def story():
        async with running(spec(toy(load_s=60), load_s=0.5)) as watched:
            await watched.until(lambda: watched.pool.states()[0].restarts)
            assert "said nothing for 0.5 s while loading" in watched.pool.states()[0].problem

    asyncio.run(story())


def test_failed_starts_slow_down():
    """A worker that never starts makes its engine unavailable, and its retries slow down."""

    async def story():
        async with running(spec(toy(die_at_load=True))) as watched:
            begin = asyncio.get_running_loop().time()
            assert watched.pool.unavailable("toy") is None
            await watched.until(lambda: watched.pool.unavailable("toy"))
            assert "exit status 9" in watched.pool.unavailable("toy").problem
            assert watched.pool.states()[0].state == "restarting"
            await watched.until(lambda: watched.pool.states()[0].restarts == 4)
            assert asyncio.get_running_loop().time() - begin > 0.1 + 0.2 + 0.4

    asyncio.run(story())


def test_missing_interpreter_is_named(tmp_path):
    """A missing interpreter makes its engine unavailable and is named."""

    async def story():
        async with running(spec(python=str(tmp_path / "python"))) as watched:
            await watched.until(lambda: watched.pool.unavailable("toy"))
            problem = watched.pool.unavailable("toy")
            assert str(tmp_path / "python") in problem.problem

    asyncio.run(story())


def test_failed_load_spares_others(tmp_path):
    """An engine that cannot be loaded does not disturb the others."""

    async def story():
        missing = toy("late", unless=str(tmp_path / "model"))
        async with running(spec(missing, toy())) as watched:
            worker = await watched.worker()
            assert set(worker.engines) == {"toy"}
            problem = watched.pool.unavailable("late")
            assert "model is missing" in problem.problem
            assert problem.remedy == "Make that file."
            assert "model is missing" in watched.pool.states()[0].problem
            assert watched.pool.unavailable("toy") is None

    asyncio.run(story())


def test_failed_load_is_retried(tmp_path):
    """An engine that failed to load is tried again until it loads."""

    async def story():
        missing = toy("late", unless=str(tmp_path / "model"))
        async with running(spec(missing, toy(), again_s=0.1)) as watched:
            worker = await watched.worker()
            assert watched.pool.unavailable("late")
            (tmp_path / "model").touch()
            await watched.until(lambda: "late" in worker.engines)
            assert watched.pool.unavailable("late") is None
            assert (await say(worker, "Hello", "late")).payload

    asyncio.run(story())


def test_engine_without_worker():
    """An engine without a worker is unavailable."""

    async def story():
        async with running(spec()) as watched:
            assert "bark" in watched.pool.unavailable("bark").problem

    asyncio.run(story())


def test_missing_module_is_named():
    """A missing module makes its engine unavailable and is named."""

    async def story():
        nowhere = EngineSpec("nowhere", "speech", "no_such_module", 400)
        async with running(spec(nowhere, toy())) as watched:
            await watched.worker()
            assert "no_such_module" in watched.pool.unavailable("nowhere").problem

    asyncio.run(story())


@pytest.mark.parametrize("start", STARTS)
def test_cancel_frees_slot(start, tmp_path):
    """A cancelled request is given up, and its slot is free."""

    async def story():
        async with running_on(start, tmp_path, spec(toy(rows=1))) as watched:
            worker = await watched.worker()
            answer = say(worker, "SLOW:30")
            answer.cancel()
            await watched.until(lambda: worker.free_slots("toy") == 1)
            assert answer.cancelled()
            assert (await say(worker, "Hello")).payload

    asyncio.run(story())


def test_late_cancel_is_harmless():
    """A cancellation does no harm to a request that may be done already."""

    async def story():
        async with running(spec()) as watched:
            worker = await watched.worker()
            for _ in range(50):
                say(worker, "Hello").cancel()
            assert (await say(worker, "Hello")).payload
            await watched.until(lambda: worker.free_slots("toy") == 8)
            assert watched.pool.states()[0].restarts == 0

    asyncio.run(story())


def test_stop_is_quick_despite_hang():
    """A stop is quick even while a worker hangs."""

    async def story():
        async with running(spec(silence_s=300), spec(name="second", silence_s=300)) as watched:
            await watched.until(lambda: len(watched.pool.workers) == 2)
            pids = [worker.pid for worker in watched.pool.workers]
            answers = [say(worker, "HANG") for worker in watched.pool.workers]
            async with asyncio.timeout(10):
                await watched.pool.stop()
            assert all(answer.cancelled() for answer in answers)
            assert all(ends_within(pid, 0) for pid in pids)

    asyncio.run(story())


def test_stopped_pool_starts_nobody():
    """A reload that a stop overtakes starts no worker."""

    async def story():
        async with running(spec()) as watched:
            await watched.worker()
            await watched.pool.stop()
            await watched.pool.apply([spec()])
            assert watched.pool.states() == []

    asyncio.run(story())


def test_reload_keeps_worker_warm():
    """A reload keeps a worker warm if its specification is unchanged."""

    async def story():
        kept, changed, removed = (spec(name=name) for name in ("kept", "changed", "removed"))
        async with running(kept, changed, removed) as watched:
            await watched.until(lambda: len(watched.pool.workers) == 3)
            before = {state.name: state.pid for state in watched.pool.states()}
            other = spec(toy(rows=2), name="changed")
            await watched.pool.apply([kept, other, spec(toy("new"), name="added")])
            await watched.until(lambda: len(watched.pool.workers) == 3)
            after = {state.name: state for state in watched.pool.states()}
            assert set(after) == {"kept", "changed", "added"}
            assert after["kept"].pid == before["kept"]
            assert after["changed"].pid != before["changed"]
            assert after["changed"].restarts == 0
            assert ends_within(before["removed"], 30)
            assert watched.pool.unavailable("new") is None

    asyncio.run(story())


@pytest.mark.parametrize("start", STARTS)
def test_changed_worker_finishes_first(start, tmp_path):
    """A changed worker first finishes its requests in flight."""

    async def story():
        async with running_on(start, tmp_path, spec()) as watched:
            worker = await watched.worker()
            answer = say(worker, "SLOW:0.5")
            await watched.pool.apply([spec(toy(rows=2))])
            assert worker.free_slots("toy") == 0
            assert watched.pool.workers == []
            assert (await answer).payload
            assert (await watched.worker(worker.pid)).free_slots("toy") == 2

    asyncio.run(story())


@pytest.mark.parametrize("start", STARTS)
def test_worn_engine_loses_nothing(start, tmp_path):
    """A worn engine gets a new process and loses no request."""

    async def story():
        async with running_on(start, tmp_path, spec(toy(worn_after=3))) as watched:
            first = await watched.worker()
            answers = [say(first, "Hello") for _ in range(8)]
            assert all(spoken.payload for spoken in await asyncio.gather(*answers))
            fresh = await watched.worker(other_than=first.pid)
            assert (await say(fresh, "Hello")).payload
            assert watched.pool.states()[0].restarts == 0

    asyncio.run(story())


def test_each_request_is_spoken_once(tmp_path):
    """No request is lost or spoken twice."""

    async def story():
        log = tmp_path / "log"
        async with running(spec(toy(log=str(log)))) as watched:
            worker = await watched.worker()
            await asyncio.gather(*(say(worker, f"line {n}") for n in range(8)))
        assert sorted(log.read_text().splitlines()) == [f"line {n}" for n in range(8)]

    asyncio.run(story())


def test_built_in_engines_in_worker():
    """The built-in engines work in a worker."""

    async def story():
        engines = [BUILT_IN_ENGINES.get(name) for name in BUILT_IN_ENGINES]
        async with running(spec(*engines)) as watched:
            worker = await watched.worker()
            spoken = await worker.submit("espeak", {"text": "Hello.", "voice": "en-us"})
            assert len(spoken.payload) > 8000
            with pytest.raises(EngineError, match="no picture"):
                await worker.submit("embedded", {}, b"not a picture")

    asyncio.run(story())


def test_own_interpreter_not_foreign():
    """Our own interpreter does not count as foreign."""

    async def story():
        async with running(spec(BUILT_IN_ENGINES.get("espeak"), python=sys.executable)) as watched:
            assert "espeak" in (await watched.worker()).engines

    asyncio.run(story())


@pytest.mark.parametrize("start", STARTS)
def test_suspended_pool_has_no_worker(start, tmp_path):
    """A suspended pool ends its workers once they are idle, and tells what their engines were."""

    async def story():
        async with running_on(start, tmp_path, spec()) as watched:
            worker = await watched.worker()
            answer = say(worker, "SLOW:0.5")
            watched.pool.suspend()
            assert watched.pool.workers == []
            assert (await answer).payload
            await watched.until(lambda: watched.pool.states()[0].state == "unloaded")
            assert ends_within(worker.pid, 30)
            assert watched.pool.announced("toy") == [worker.engines["toy"]]
            watched.pool.wake()
            fresh = await watched.worker(other_than=worker.pid)
            assert (await say(fresh, "Hello")).payload
            assert watched.pool.states()[0].restarts == 0

    asyncio.run(story())


def test_suspended_load_is_cut():
    """A worker that loads when its pool is suspended ends at once, and counts as no crash."""

    async def story():
        async with running(spec(toy(load_s=60))) as watched:
            await eventually(lambda: watched.pool.states()[0].pid)
            pid = watched.pool.states()[0].pid
            watched.pool.suspend()
            await watched.until(lambda: watched.pool.states()[0].state == "unloaded")
            assert ends_within(pid, 30)
            assert (watched.pool.states()[0].restarts, watched.pool.states()[0].problem) == (0, "")

    asyncio.run(story())


def test_changed_while_suspended():
    """A suspended pool takes another specification without a worker, and a dropped one ends."""

    async def story():
        async with running(spec()) as watched:
            await watched.worker()
            watched.pool.suspend()
            await watched.until(lambda: watched.pool.states()[0].state == "unloaded")
            await watched.pool.apply([spec(toy(rows=3), name="other")])
            assert [each.state for each in watched.pool.states()] == ["unloaded"]
            watched.pool.wake()
            assert (await watched.worker()).free_slots("toy") == 3
            await eventually(lambda: all(each.is_empty for each in watched.pool._leaving))

    asyncio.run(story())


def test_crash_in_flight_while_suspended():
    """A worker that dies with its last requests, while its pool is suspended, is not replaced."""

    async def story():
        async with running(spec()) as watched:
            worker = await watched.worker()
            answer = say(worker, "HANG")
            watched.pool.suspend()
            os.kill(worker.pid, signal.SIGKILL)
            with pytest.raises(WorkerLost):
                await answer
            await watched.until(lambda: watched.pool.states()[0].state == "unloaded")
            watched.pool.wake()
            assert (await watched.worker(other_than=worker.pid)).free_slots("toy") == 8

    asyncio.run(story())
