"""The order of requests at an encoder: that of their jobs, and no take waits for long."""

import asyncio
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest

from narrated.audio.encoder_requests import AddTakes, WriteTake
from narrated.workers.encoder_queue import MOST_PASSED, EncoderQueue, QueuedRequest
from narrated.workers.fair_shares import Priority, Standing

FIRST, SECOND, NOTE = 2, 1, 3  # the later job has the better rank
Value = TypeVar("Value")


def _in_loop(call: Callable[[], Value]) -> Value:
    async def run() -> Value:
        return call()

    return asyncio.run(run())


@pytest.fixture
def queue() -> EncoderQueue:
    ranked = {FIRST: Standing(rank=1), SECOND: Standing(rank=2), NOTE: Standing(Priority.NOTE)}
    return EncoderQueue(ranked)


def _take(job: int) -> QueuedRequest:
    return QueuedRequest(WriteTake("a", "b", 22050), job)


def _adding(job: int) -> QueuedRequest:
    return QueuedRequest(AddTakes("folder", "mp3", None, []), job)


def _popped(queue: EncoderQueue) -> Iterator[QueuedRequest]:
    while (request := queue.pop()) is not None:
        yield request


def test_first_job_is_encoded_first(queue: EncoderQueue) -> None:
    """A narration goes before the takes of later jobs, and the takes of its own before it."""

    def story() -> None:
        requests = [_take(SECOND), _adding(SECOND), _adding(FIRST), _take(FIRST)]
        for request in requests:
            queue.put(request)
        assert list(_popped(queue)) == requests[::-1][:2] + requests[:2]

    _in_loop(story)


def test_take_waits_for_few_requests(queue: EncoderQueue) -> None:
    """A take of a later job goes before the first one's narration once it has waited enough."""

    def story() -> None:
        take = _take(SECOND)
        queue.put(take)
        served = 0
        while True:
            queue.put(_adding(FIRST))
            if queue.pop() is take:
                break
            served += 1
        assert served == MOST_PASSED

    _in_loop(story)


def test_changed_rank_applies_at_once(queue: EncoderQueue) -> None:
    """A job whose standing changes while it waits is served by the new one."""

    def story() -> None:
        ranked = {FIRST: Standing(rank=1), SECOND: Standing(rank=2)}
        queue = EncoderQueue(ranked)
        first, second = _adding(FIRST), _adding(SECOND)
        queue.put(first)
        queue.put(second)
        ranked[SECOND] = Standing(rank=0)
        assert list(_popped(queue)) == [second, first]

    _in_loop(story)


def test_notes_do_not_starve_posts(queue: EncoderQueue) -> None:
    """However many notes are encoded, a post has its share of the encoder."""

    def story() -> None:
        post = _adding(FIRST)
        queue.put(post)
        for _ in range(100):
            queue.put(_adding(NOTE))
            served = queue.pop()
            assert served is not None
            if served is post:
                break
            queue.charge(served, 1.0)
        assert served is post

    _in_loop(story)


def test_cancelled_request_is_left_out(queue: EncoderQueue) -> None:
    """A request whose caller was cancelled is not served."""

    def story() -> None:
        request = _adding(FIRST)
        queue.put(request)
        request.reply.cancel()
        assert queue.pop() is None

    _in_loop(story)
