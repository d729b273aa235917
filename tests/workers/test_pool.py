"""Workers are real processes here: killed, hung, broken, changed, and always replaced."""

import asyncio
import os
import signal
import struct
import sys

import pytest

from narrated.engines.engine_spec import EngineSpec
from narrated.engines.registry import BUILT_IN_ENGINES
from narrated.errors import EngineError, EngineUnavailable, WorkerLost
from workers.support import ends_within, running, say, spec, toy


def test_a_worker_announces_its_engines_and_speaks():
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


def test_rows_are_worked_side_by_side_and_report_progress():
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


def test_one_refused_request_leaves_the_others_alone():
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


def test_what_is_to_be_said_in_a_voice_as_it_was_is_refused_once_the_voice_is_another(tmp_path):
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


def test_an_engine_that_raises_fails_the_row_not_the_worker():
    async def story():
        async with running(spec()) as watched:
            worker = await watched.worker()
            with pytest.raises(EngineError, match="ZeroDivisionError"):
                await say(worker, "RAISE")
            assert (await say(worker, "Hello")).payload
            assert worker.free_slots("toy") == 8

    asyncio.run(story())


def test_what_is_too_large_for_the_wire_is_refused():
    async def story():
        async with running(spec()) as watched:
            worker = await watched.worker()
            with pytest.raises(EngineError, match="limit"):
                await say(worker, "x" * (2 << 20))
            assert worker.in_flight() == 0

    asyncio.run(story())


def test_a_killed_worker_costs_what_it_had_in_flight_and_is_replaced():
    async def story():
        async with running(spec()) as watched:
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


def test_a_lost_worker_says_how_it_ended_and_what_it_last_wrote():
    async def story():
        async with running(spec()) as watched:
            worker = await watched.worker()
            with pytest.raises(WorkerLost, match=r"exit status 7.*prints to stdout") as lost:
                await say(worker, "DIE")
            assert str(worker.pid) in lost.value.problem

    asyncio.run(story())


def test_a_silent_worker_with_work_is_ended_and_replaced():
    async def story():
        async with running(spec(silence_s=0.5)) as watched:
            worker = await watched.worker()
            with pytest.raises(WorkerLost, match=r"said nothing for 0\.5 s"):
                await say(worker, "HANG")
            assert ends_within(worker.pid, 5)
            assert (await say(await watched.worker(worker.pid), "Hello")).payload

    asyncio.run(story())


def test_a_stopped_worker_is_a_silent_one():
    async def story():
        async with running(spec(silence_s=0.5)) as watched:
            worker = await watched.worker()
            os.kill(worker.pid, signal.SIGSTOP)
            with pytest.raises(WorkerLost, match="said nothing"):
                await say(worker, "Hello")

    asyncio.run(story())


def test_long_work_that_shows_progress_is_no_hang():
    async def story():
        async with running(spec(silence_s=0.4)) as watched:
            worker = await watched.worker()
            assert (await say(worker, "SLOW:1.5")).payload

    asyncio.run(story())


def test_a_worker_without_work_may_be_silent():
    async def story():
        async with running(spec(silence_s=0.2)) as watched:
            worker = await watched.worker()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(watched.until(lambda: not watched.pool.workers), 0.7)
            assert (await say(worker, "Hello")).payload

    asyncio.run(story())


@pytest.mark.parametrize("word", ["NONSENSE", "UNKNOWN"])
def test_a_worker_that_speaks_nonsense_is_ended_and_replaced(word):
    async def story():
        async with running(spec()) as watched:
            worker = await watched.worker()
            with pytest.raises(WorkerLost, match="broken frame"):
                await say(worker, word)
            assert (await say(await watched.worker(worker.pid), "Hello")).payload

    asyncio.run(story())


def test_a_worker_that_does_not_announce_itself_in_time_is_ended():
    async def story():
        async with running(spec(toy(load_s=60), load_s=0.5)) as watched:
            await watched.until(lambda: watched.pool.states()[0].restarts)
            assert "said nothing for 0.5 s while loading" in watched.pool.states()[0].problem

    asyncio.run(story())


def test_a_worker_that_never_starts_makes_its_engine_unavailable_and_is_tried_ever_more_slowly():
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


def test_an_interpreter_that_is_not_there_makes_its_engine_unavailable(tmp_path):
    async def story():
        async with running(spec(python=str(tmp_path / "python"))) as watched:
            await watched.until(lambda: watched.pool.unavailable("toy"))
            problem = watched.pool.unavailable("toy")
            assert str(tmp_path / "python") in problem.problem

    asyncio.run(story())


def test_an_engine_that_cannot_be_loaded_leaves_the_others_be(tmp_path):
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


def test_an_engine_that_could_not_be_loaded_is_there_as_soon_as_it_can_be(tmp_path):
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


def test_an_engine_that_no_worker_holds_is_unavailable():
    async def story():
        async with running(spec()) as watched:
            assert "bark" in watched.pool.unavailable("bark").problem

    asyncio.run(story())


def test_a_module_that_is_not_there_makes_its_engine_unavailable():
    async def story():
        nowhere = EngineSpec("nowhere", "speech", "no_such_module", 400)
        async with running(spec(nowhere, toy())) as watched:
            await watched.worker()
            assert "no_such_module" in watched.pool.unavailable("nowhere").problem

    asyncio.run(story())


def test_a_cancelled_row_is_given_up_and_its_place_is_free():
    async def story():
        async with running(spec(toy(rows=1))) as watched:
            worker = await watched.worker()
            answer = say(worker, "SLOW:30")
            worker.cancel(answer)
            await watched.until(lambda: worker.free_slots("toy") == 1)
            assert answer.cancelled()
            assert (await say(worker, "Hello")).payload

    asyncio.run(story())


def test_cancelling_what_is_done_already_does_no_harm():
    async def story():
        async with running(spec()) as watched:
            worker = await watched.worker()
            for _ in range(50):
                worker.cancel(say(worker, "Hello"))
            assert (await say(worker, "Hello")).payload
            await watched.until(lambda: worker.free_slots("toy") == 8)
            assert watched.pool.states()[0].restarts == 0

    asyncio.run(story())


def test_stopping_is_quick_even_while_a_worker_hangs():
    async def story():
        async with running(spec(), spec(name="second")) as watched:
            await watched.until(lambda: len(watched.pool.workers) == 2)
            pids = [worker.pid for worker in watched.pool.workers]
            answers = [say(worker, "HANG") for worker in watched.pool.workers]
            begin = asyncio.get_running_loop().time()
            await watched.pool.stop()
            assert asyncio.get_running_loop().time() - begin < 2
            assert all(answer.cancelled() for answer in answers)
            assert all(ends_within(pid, 0) for pid in pids)

    asyncio.run(story())


def test_reloading_keeps_a_worker_warm_whose_specification_is_unchanged():
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
            assert ends_within(before["removed"], 5)
            assert watched.pool.unavailable("new") is None

    asyncio.run(story())


def test_a_changed_worker_finishes_what_it_has_in_flight_first():
    async def story():
        async with running(spec()) as watched:
            worker = await watched.worker()
            answer = say(worker, "SLOW:0.5")
            await watched.pool.apply([spec(toy(rows=2))])
            assert worker.free_slots("toy") == 0
            assert watched.pool.workers == []
            assert (await answer).payload
            assert (await watched.worker(worker.pid)).free_slots("toy") == 2

    asyncio.run(story())


def test_a_worn_engine_gets_a_fresh_process_and_loses_nothing():
    async def story():
        async with running(spec(toy(worn_after=3))) as watched:
            first = await watched.worker()
            answers = [say(first, "Hello") for _ in range(8)]
            assert all(spoken.payload for spoken in await asyncio.gather(*answers))
            fresh = await watched.worker(other_than=first.pid)
            assert (await say(fresh, "Hello")).payload
            assert watched.pool.states()[0].restarts == 0

    asyncio.run(story())


def test_nothing_spoken_is_lost_or_spoken_twice(tmp_path):
    async def story():
        log = tmp_path / "log"
        async with running(spec(toy(log=str(log)))) as watched:
            worker = await watched.worker()
            await asyncio.gather(*(say(worker, f"line {n}") for n in range(8)))
        assert sorted(log.read_text().splitlines()) == [f"line {n}" for n in range(8)]

    asyncio.run(story())


def test_the_embedded_engines_work_in_a_worker():
    async def story():
        engines = [BUILT_IN_ENGINES.get(name) for name in BUILT_IN_ENGINES]
        async with running(spec(*engines)) as watched:
            worker = await watched.worker()
            spoken = await worker.submit("espeak", {"text": "Hello.", "voice": "en-us"})
            assert len(spoken.payload) > 8000
            with pytest.raises(EngineError, match="no picture"):
                await worker.submit("embedded", {}, b"not a picture")

    asyncio.run(story())


def test_this_interpreter_is_no_foreign_one():
    async def story():
        async with running(spec(BUILT_IN_ENGINES.get("espeak"), python=sys.executable)) as watched:
            assert "espeak" in (await watched.worker()).engines

    asyncio.run(story())
