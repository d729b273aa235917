"""Asks the hearing engine what it hears in a take, and a parser how that differs from the text."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from narrated.audio.encoder_requests import TakeToAdd
from narrated.engines.engine_info import EngineInfo
from narrated.errors import EngineError, EngineUnavailable, NarratedError
from narrated.jobs.post_lexicons import PostLexicons
from narrated.ledger.take_cache import TakeCache
from narrated.ledger.takes import hearing_key
from narrated.script.script import Chunk
from narrated.take_checks.heard_requests import decode_heard_words, heard_request
from narrated.take_checks.heard_words import HeardWords
from narrated.workers.encoder_pool import EncoderPool
from narrated.workers.parser_pool import ParserPool
from narrated.workers.request_matching import EngineAccess, ScheduledRequest

LOADING_S = 120.0
"""A take waits no longer for the hearing engine to load; then that rests."""
MOST_GIVEN_UP = 2
"""After so many takes in a row that it could not hear, the engine rests."""
REST_S = 600.0
_WEIGHT = 0.25
"""To hear a text costs a job less than to have it spoken."""
MOST_DEATHS = 3
"""A take that ended so many workers is not heard again."""
_MOST_JUST_HEARD = 100
_FOLDER = "take checks/"
"""That of the parsers' requests: it is never one of slow sources."""

log = logging.getLogger("narrated")


@dataclass(frozen=True, slots=True)
class Heard:
    """The words that an engine heard in a take, compared with its text."""

    text: str
    compared: HeardWords


@dataclass(eq=False)
class Ears:
    """The hearing engine. A take that it cannot hear stays unheard, and costs no post more."""

    _engines: EngineAccess
    _cache: TakeCache
    _encoders: EncoderPool
    _parsers: ParserPool
    lexicons: PostLexicons
    _configured: Callable[[], str]
    """Returns the name of the hearing engine; empty for none."""
    _just_heard: dict[str, str] = field(default_factory=dict)
    """The texts heard last, by request: a take that waits meanwhile is not heard again."""
    _given_up: int = 0
    _rests_until: float = field(default=0.0)

    @property
    def are_there(self) -> bool:
        """True if a hearing engine is configured, and can be reached."""
        return bool(self._configured()) and time.monotonic() >= self._rests_until

    async def listener(self, language: str) -> EngineInfo | None:
        """Return the engine that hears a language now; None if there is none."""
        engine = self._configured()
        if not engine or time.monotonic() < self._rests_until:
            return None
        try:
            async with asyncio.timeout(LOADING_S):
                info = await self._engines.engine(engine)
        except EngineUnavailable:
            return None
        except TimeoutError:
            if self.are_there:  # the first of those that waited together
                self._rest(engine)
            return None
        return info if info.kind == "hearing" and info.hears(language) else None

    async def hear(
        self, chunk: Chunk, key: str, listener: EngineInfo, job: int, lexicons: Sequence[str]
    ) -> Heard | None:
        """Listen to a take; None if it cannot be heard. Errors: DamagedTakes, StorageError."""
        pcm, sample_rate = await self._encoders.join([TakeToAdd(str(self._cache.path(key)), "", 0)])
        request = ScheduledRequest(
            key=hearing_key(key, listener.identity),
            engine=listener.name,
            job=job,
            weight=_WEIGHT * len(chunk.text),
            header={"sample_rate": sample_rate, "language": chunk.language, "options": {}},
            payload=pcm,
            identity=listener.identity,
        )
        text = self._just_heard.get(request.key)
        if text is None and (text := await self._text(request)) is None:
            return None
        self._just_heard[request.key] = text
        if len(self._just_heard) > _MOST_JUST_HEARD:
            self._just_heard.pop(next(iter(self._just_heard)))
        return await self._compared(chunk, text, job, lexicons)

    async def _text(self, request: ScheduledRequest) -> str | None:
        try:
            text = str((await self._engines.perform(request)).header["text"])
        except (EngineError, EngineUnavailable) as error:
            self._give_up(request.engine, error)
            return None
        self._given_up = 0
        return text

    async def _compared(
        self, chunk: Chunk, text: str, job: int, lexicons: Sequence[str]
    ) -> Heard | None:
        header, payload = heard_request(chunk, text, lexicons)
        try:
            answer = await self._parsers.ask(header, payload, _FOLDER, job)
        except NarratedError as error:
            log.warning("What was heard in a take could not be compared: %s", error)
            return None
        return Heard(text, decode_heard_words(answer))

    def _give_up(self, engine: str, error: NarratedError) -> None:
        log.warning("A take is not heard by `%s`: %s", engine, error)
        self._given_up += 1
        if self._given_up >= MOST_GIVEN_UP:
            self._rest(engine)

    def _rest(self, engine: str) -> None:
        self._given_up, self._rests_until = 0, time.monotonic() + REST_S
        log.warning("`%s` rests for %d minutes", engine, REST_S / 60)
