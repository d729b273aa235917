"""What stays warm in the memory there is: models held once, the least used the first to go.

What has to fit are the weights of all warm models, and what their engines take besides while they
work. Both are measured, the first when a model is warm and the second at each step, and are told
to who starts the next worker. Only what was never measured is tried without knowing.
Imports no torch: models tell of themselves (`narrated.engines.model_interface.Model`).
"""

import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from narrated.engines.interface import Engine, Outcome
from narrated.engines.model_interface import (
    Device,
    Model,
    ModelResources,
    ModelStatus,
    ModelT,
    WeightsLocation,
)
from narrated.errors import EngineUnavailable, OutOfMemory
from narrated.human_sizes import size

logger = logging.getLogger("narrated.worker")


@dataclass(slots=True, eq=False)
class _HeldModel:
    """A model on the shelf, and when it was used last."""

    model: Model
    weights_bytes: int
    """0 where it was never warm."""
    used_at: float | None = None

    @property
    def is_warm(self) -> bool:
        return self.model.warmth is WeightsLocation.WARM


@dataclass(slots=True, eq=False)
class _EngineShare:
    """An engine that uses models, and what it takes besides them."""

    engine: Engine
    key: str
    working_bytes: int
    """The most that it was seen to take; 0 before it has worked for the first time."""
    kept_bytes: int = 0
    """What it keeps between two steps."""
    is_released: bool = True
    """True while it holds nothing but weights."""
    is_busy: bool = False

    @property
    def takes_bytes(self) -> int:
        return 0 if self.is_released else self.working_bytes


class MemoryBudget:
    """The shelf of a worker's models, and the bound on what of it is warm.

    `on_warming` is called with a model's name before its weights are brought in, which may take
    minutes.
    """

    def __init__(
        self,
        home: ModelResources,
        *,
        on_warming: Callable[[str], None] = lambda name: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.home = home
        self.measured: dict[str, int] = {}
        """Bytes of weights by a model's key, and what engines took besides by theirs."""
        self._on_warming = on_warming
        self._clock = clock
        self._held: dict[str, _HeldModel] = {}
        self._seated: dict[Engine, _EngineShare] = {}

    @property
    def models(self) -> Path:
        """The folder that holds the models' files."""
        return Path(self.home.models)

    @property
    def voices(self) -> Path:
        """The folder of the user's own voices."""
        return Path(self.home.voices)

    @property
    def cache(self) -> Path:
        """The folder for what is dear to compute."""
        return Path(self.home.cache)

    @property
    def device(self) -> str:
        """The device that is wished for."""
        return self.home.device

    def hold(self, model: ModelT) -> ModelT:
        """Put a model on the shelf; gives the one of the same key that stands there already."""
        held = self._held.get(model.key)
        if held is None:
            held = self._held[model.key] = _HeldModel(model, self.measured.get(model.key, 0))
            model.device.bound(self.home.memory_bytes)
        return held.model  # type: ignore[return-value] # the same key is the same kind of model

    def change(self, home: ModelResources, known: Mapping[str, int]) -> bool:
        """Keep to another budget from now on; True where places or device are others too."""
        before, self.home = self.home, home
        self.measured = {**known, **self.measured}
        for held in self._held.values():
            held.model.device.bound(home.memory_bytes)
        self._make_room(())
        places = [(each.models, each.voices, each.cache, each.device) for each in (before, home)]
        return places[0] != places[1]

    def seat(self, engine: Engine) -> None:
        """An engine was loaded."""
        key = _working_key(engine)
        self._seated[engine] = _EngineShare(engine, key, self.measured.get(key, 0))

    def unseat(self, engine: Engine) -> None:
        """An engine has left; models that no other uses are let go."""
        engine.release()
        del self._seated[engine]
        used = {model.key for each in self._seated for model in each.models}
        for key in self._held.keys() - used:
            self._held.pop(key).model.drop()

    def warm_up(self, engine: Engine) -> None:
        """Warm an engine's models where there is room without sending others away."""
        held = self._of(engine)
        seated = self._seated[engine]
        if not held or self._needed(held, seated) > self._limit(held):
            self._refuse_too_large(held)
            return
        self._warm(held)
        self._refuse_too_large(held)
        if self._needed(held, seated) > self._limit(held):  # what was never warm is known only now
            self.rest(engine)

    def rest(self, engine: Engine) -> None:
        """Send away what an engine has to itself, until it is asked for."""
        self._release(self._seated[engine])
        for held in self._of(engine):
            if not any(each.is_busy for each in self._using(held)):
                self._evict(held)

    def fits_beside(self, engine: Engine, busy: Sequence[Engine]) -> bool:
        """Whether an engine can work while those that are busy keep their models warm."""
        held = self._of(engine)
        together = {each.model.key: each for one in busy for each in self._of(one)}
        together |= {each.model.key: each for each in held}
        weights = sum(each.weights_bytes for each in together.values())
        working = sum(self._seated[each].working_bytes for each in {engine, *busy})
        return weights + working <= self._limit(held)

    def prepare(self, engine: Engine) -> bool:
        """Have an engine's models warm, those that rest sent away where they must.

        False where it turns out that there is no room beside the engines at work: it then has to
        wait until they rest. Raises EngineUnavailable where its models cannot be read or are more
        than is allowed, and OutOfMemory.
        """
        held = self._of(engine)
        if not held:
            return True
        seated = self._seated[engine]
        seated.is_busy = True
        self._make_room(held, seated)
        self._warm(held)
        self._make_room(held, seated)  # what was never warm is known only now
        if self._needed(held, seated) > self._limit(held) and self._others_at_work(seated):
            seated.is_busy = False
            self.rest(engine)
            return False
        return True

    @contextmanager
    def at_work(self, engine: Engine) -> Iterator[None]:
        """See what an engine takes besides its models, which are warm, for a step."""
        held = self._of(engine)
        if not held:
            yield
            return
        seated = self._seated[engine]
        seated.is_released = False
        try:
            with _measured(seated, held[0].model.device):
                yield
        finally:
            self.measured[seated.key] = seated.working_bytes
            for each in held:
                each.used_at = self._clock()

    def step(
        self, engine: Engine, name: str, on_eviction: Callable[[], None] = lambda: None
    ) -> Sequence[Outcome] | None:
        """A step; where memory runs out, of fewer rows, and at last with nothing else warm.

        `name` is for the log; `on_eviction` is called once the others had to make room. None
        where there is no room beside the engines at work; raises as `prepare` and the engine do.
        """
        while True:
            try:
                if not self.prepare(engine):
                    return None
                with self.at_work(engine):
                    return engine.step()
            except OutOfMemory as error:
                if engine.shrink():
                    logger.info("%s works fewer rows at once: %s", name, error.problem)
                elif self.evict_others(engine):
                    on_eviction()
                    logger.info("%s has the others make room: %s", name, error.problem)
                else:
                    raise

    def at_rest(self, engine: Engine) -> None:
        """An engine is not to be stepped now: its memory may be taken for others."""
        if engine in self._seated:
            self._seated[engine].is_busy = False

    def evict_others(self, engine: Engine) -> bool:
        """Send away all that is warm besides an engine's models; False where there is nothing."""
        others = [each for each in self._seated.values() if each.engine is not engine]
        freed = any(not each.is_released and each.engine.models for each in others)
        for each in others:
            each.is_busy = False
            self._release(each)
        kept = self._of(engine)
        for held in self._held.values():
            if held.is_warm and held not in kept:
                held.model.park()
                freed = True
        return freed

    def unload_idle(self) -> bool:
        """Free the device of what nobody has used for the time that was set; True if any was."""
        due = [
            held
            for held in self._held.values()
            if held.is_warm
            and self._clock() - (held.used_at or 0.0) >= self.home.idle_unload_s
            and not any(each.is_busy for each in self._using(held))
        ]
        for held in due:
            self._evict(held)
        return bool(due)

    def told(self, engines: Mapping[Engine, tuple[str, float | None]]) -> list[ModelStatus]:
        """How each model stands; `engines` have a name, and the real-time factor if they spoke."""
        now = self._clock()
        return [
            ModelStatus(
                name=held.model.name,
                engines=tuple(engines[each.engine][0] for each in self._using(held)),
                warmth=held.model.warmth,
                device=held.model.device.name,
                device_bytes=held.model.device.total_bytes,
                weights_bytes=held.weights_bytes,
                working_bytes=max((each.working_bytes for each in self._using(held)), default=0),
                idle_s=None if held.used_at is None else now - held.used_at,
                real_time_factor=next(
                    (pace for each in self._using(held) if (pace := engines[each.engine][1])), None
                ),
            )
            for held in self._held.values()
        ]

    def _of(self, engine: Engine) -> list[_HeldModel]:
        return [self._held[model.key] for model in engine.models]

    def _using(self, held: _HeldModel) -> list[_EngineShare]:
        return [each for each in self._seated.values() if held in self._of(each.engine)]

    def _others_at_work(self, seated: _EngineShare) -> bool:
        return any(
            each.is_busy and each.engine.models
            for each in self._seated.values()
            if each is not seated
        )

    def _refuse_too_large(self, wanted: Sequence[_HeldModel]) -> None:
        weights = sum(held.weights_bytes for held in wanted)
        limit = self._limit(wanted)
        if weights > limit:
            for held in wanted:
                held.model.drop()
            names = " and ".join(held.model.name for held in wanted)
            raise EngineUnavailable(
                f"{names} takes {size(weights)}, and {size(limit)} are allowed.",
                "Raise `models: {memory: …}`, or name a smaller model.",
            )

    def _limit(self, held: Sequence[_HeldModel]) -> int:
        if self.home.memory_bytes or not held:
            return self.home.memory_bytes
        return held[0].model.device.total_bytes

    def _needed(self, wanted: Sequence[_HeldModel], by: _EngineShare | None = None) -> int:
        """What would be taken with these warm too, and their engine at work."""
        warm = [held for held in self._held.values() if held.is_warm or held in wanted]
        working = sum(each.takes_bytes for each in self._seated.values() if each is not by)
        return (
            sum(held.weights_bytes for held in warm)
            + working
            + (by.working_bytes if by is not None else 0)
        )

    def _make_room(self, wanted: Sequence[_HeldModel], by: _EngineShare | None = None) -> None:
        """Take memory from who rests first; then send the least recently used away."""
        self._refuse_too_large(wanted)
        limit = self._limit(wanted or list(self._held.values()))
        for each in self._seated.values():
            if self._needed(wanted, by) <= limit:
                return
            if not each.is_busy and each is not by:
                self._release(each)
        while self._needed(wanted, by) > limit:
            leaving = [
                held
                for held in self._held.values()
                if held.is_warm
                and held not in wanted
                and not any(each.is_busy for each in self._using(held))
            ]
            if not leaving:
                return  # those at work are more than there should be: see `prepare`
            self._evict(min(leaving, key=lambda held: held.used_at or 0.0))

    def _warm(self, wanted: Sequence[_HeldModel]) -> None:
        for held in wanted:
            if not held.is_warm:
                self._on_warming(held.model.name)
                held.model.warm()
                held.weights_bytes = self.measured[held.model.key] = held.model.weights_bytes
                held.used_at = held.used_at or self._clock()

    def _evict(self, held: _HeldModel) -> None:
        for each in self._using(held):
            self._release(each)
        held.model.park()

    def _release(self, each: _EngineShare) -> None:
        if not each.is_released:
            each.engine.release()
            each.is_released, each.kept_bytes = True, 0
            for model in each.engine.models:
                model.device.tidy()


@contextmanager
def _measured(seated: _EngineShare, device: Device) -> Iterator[None]:
    """See what a step takes at its peak, with what was kept from the steps before."""
    device.begin_peak()
    before = device.in_use_bytes
    try:
        yield
    finally:
        at_peak = seated.kept_bytes + device.peak_bytes - before
        seated.working_bytes = max(seated.working_bytes, at_peak)
        seated.kept_bytes = max(0, seated.kept_bytes + device.in_use_bytes - before)


def _working_key(engine: Engine) -> str:
    said = "/".join([*(model.key for model in engine.models), str(engine.rows)])
    return hashlib.sha256(said.encode()).hexdigest()[:16]
