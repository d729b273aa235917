"""One encoder: a child process that writes sound, and the requests that wait for it."""

import asyncio
import logging
import time
from contextlib import suppress

from narrated.audio.encoder_requests import (
    DamagedTakes,
    SoundFileChanged,
    WarmUp,
    encode_request,
)
from narrated.errors import NarratedError, StorageError
from narrated.workers.child import ChildProcess
from narrated.workers.encoder_errors import EncoderCrashed, NarrationLost, not_started
from narrated.workers.encoder_queue import EncoderQueue, NarrationChild, QueuedRequest, Reply
from narrated.workers.protocol import BadFrame

CANCEL_LIMIT_S = 1.0
"""A child that still works so long after its request was cancelled is killed."""
STOP_LIMIT_S = 1.0
_EXIT_LIMIT_S = 1.0
_START_LIMIT_S = 60.0
_START_COST = 4
"""A child that is not started counts as one with so many requests."""

_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}
"""numpy's small products gain nothing from more threads, whose waiting costs twice their work."""

logger = logging.getLogger("narrated.worker")


class Encoder:
    """One child at a time, and the requests that wait for it.

    A task of its own exchanges frames with the child. A caller only waits for its reply, so that
    no cancellation, however often it comes, leaves a request half done.
    """

    def __init__(self, queue: EncoderQueue, time_limit_s: float, module: str) -> None:
        self._queue = queue
        self._time_limit_s = time_limit_s
        self._module = module
        self._in_flight: QueuedRequest | None = None
        self._child: ChildProcess | None = None
        self._serving: asyncio.Task[None] | None = None
        self.child_number = 0
        self.narrations = 0
        """The narrations that are being written here."""

    @property
    def pending(self) -> int:
        """The number of requests that wait or are in flight."""
        return len(self._queue) + (self._in_flight is not None)

    def load(self, job: int) -> int:
        """A measure of the wait for a request of a moment, such as a take of this job."""
        before = self._queue.count_before(job) + (self._in_flight is not None)
        return before + (_START_COST if self._child is None else 0)

    def warm_up(self) -> None:
        """Have a child started, if there is none."""
        if self._child is None and not self.pending:
            self.put(QueuedRequest(WarmUp()))

    async def ask(self, request: QueuedRequest) -> Reply:
        """Wait for the answer. Errors: those that the answer tells."""
        answer, payload = await self.put(request)
        if places := answer.get("damaged"):
            raise DamagedTakes(places)
        if changed := answer.get("changed_file"):
            raise SoundFileChanged(*changed)
        if failed := answer.get("failed"):
            kind = StorageError if failed["is_storage"] else NarratedError
            raise kind(failed["problem"], failed["remedy"])
        return answer, payload

    def put(self, request: QueuedRequest) -> asyncio.Future[Reply]:
        """Queue a request; returns the future of its reply."""
        self._queue.put(request)
        request.reply.add_done_callback(lambda reply: self._check_cancelled(request))
        if self._serving is None or self._serving.done():
            self._serving = asyncio.create_task(self._serve())
        return request.reply

    async def stop(self) -> None:
        """Kill the child; whoever waits for a reply is cancelled."""
        if self._child is not None:
            self._child.kill()
        self._queue.cancel()
        if self._in_flight is not None:
            self._in_flight.reply.cancel()
        if self._serving is not None:
            self._serving.cancel()
            await asyncio.wait([self._serving], timeout=STOP_LIMIT_S)
        await self._end_child()

    async def _serve(self) -> None:
        while (request := self._queue.pop()) is not None:
            self._in_flight = request
            began_s = time.monotonic()
            try:
                await self._answer(request)
            finally:
                self._in_flight = None
            self._queue.charge(request, time.monotonic() - began_s)
            await asyncio.sleep(0)  # the job that got the answer asks again before others go on

    async def _answer(self, request: QueuedRequest) -> None:
        try:
            await self._start_child()
            if request.reply.done():
                return  # cancelled meanwhile: its folder may be gone already
            if self._is_lost(request.narration):
                request.fail(NarrationLost("The encoder that wrote this narration has ended."))
            else:
                await self._exchange(request)
        except OSError as error:
            request.fail(not_started(f"{error.strerror or error}."))
        except StorageError as error:
            request.fail(error)

    def _is_lost(self, narration: NarrationChild | None) -> bool:
        """True if an earlier child wrote it; its first takes tie it to the present one."""
        if narration is not None and not narration.number:
            narration.number = self.child_number
        return narration is not None and narration.number != self.child_number

    async def _exchange(self, request: QueuedRequest) -> None:
        assert self._child is not None
        how, patience_s = "", 0.0
        limit_s = self._time_limit_s + request.extra_s
        try:
            async with asyncio.timeout(limit_s):
                self._child.send(*encode_request(request.request, request.blob))
                if (reply := await self._child.receive()) is not None:
                    request.answer(reply)
                    return
                patience_s = _EXIT_LIMIT_S
        except TimeoutError:
            how = f"it did not answer for {limit_s:g} s and "
        except BadFrame as error:
            how = f"{error.problem.removesuffix('.')} It "
        how += await self._end_child(patience_s)
        logger.warning("The encoder crashed: %s.", how)
        request.fail(EncoderCrashed(f"{how}."))

    async def _start_child(self) -> None:
        if self._child is not None and not self._child.is_alive:
            await self._end_child()
        if self._child is None:
            self._child = child = await ChildProcess.start(
                "encoder", self._module, environ=_ONE_THREAD
            )
            self.child_number += 1
            if not await _answers(child):  # that is no fault of the file that waits for it
                how = await self._end_child(_EXIT_LIMIT_S)
                raise not_started(" ".join([f"{how}.", *child.last_lines[-1:]]))

    async def _end_child(self, patience_s: float = 0.0) -> str:
        """Kill the child if it does not exit in time; returns its end in words."""
        child, self._child = self._child, None
        if child is None:
            return "it was stopped"
        try:
            async with asyncio.timeout(patience_s + STOP_LIMIT_S):
                return f"it {await child.ended(patience_s)}"
        except TimeoutError:  # its disk hangs, and the kernel with it
            return "it hangs in the kernel"

    def _check_cancelled(self, request: QueuedRequest) -> None:
        if request.reply.cancelled() and request is self._in_flight:
            asyncio.get_running_loop().call_later(CANCEL_LIMIT_S, self._kill_if_at, request)

    def _kill_if_at(self, request: QueuedRequest) -> None:
        if request is self._in_flight and self._child is not None:
            self._child.kill()


async def _answers(child: ChildProcess) -> bool:
    """True once a new child has loaded its libraries."""
    with suppress(TimeoutError, BadFrame):
        async with asyncio.timeout(_START_LIMIT_S):
            child.send(*encode_request(WarmUp()))
            return await child.receive() is not None
    return False
