"""The memory budget of a worker: holds each model once, and evicts the least recently used.

The weights of all warm models and the working memory of their engines have to fit. Both are
measured, weights when a model is warm and working memory at each step, and reported for the next
worker. A size that was never measured counts as 0.
Imports no torch: models report about themselves (`narrated.engines.model_interface.Model`).
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
    """A held model, and the time of its last use."""

    model: Model
    weights_bytes: int
    """0 if it was never warm."""
    used_at: float | None = None

    @property
    def is_warm(self) -> bool:
        return self.model.warmth is WeightsLocation.WARM


@dataclass(slots=True, eq=False)
class _EngineShare:
    """An engine, and its working memory besides the weights of its models."""

    engine: Engine
    key: str
    working_bytes: int
    """The peak measured so far; 0 before its first step."""
    kept_bytes: int = 0
    """Memory kept between two steps."""
    is_released: bool = True
    """True while it holds nothing but weights."""
    is_busy: bool = False

    @property
    def takes_bytes(self) -> int:
        return 0 if self.is_released else self.working_bytes


class MemoryBudget:
    """Holds a worker's models, and limits the memory of the warm ones.

    `on_warming` is called with a model's name before its weights are read, which may take minutes.
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
        """Bytes of weights by a model's key, and of working memory by an engine's key."""
        self._on_warming = on_warming
        self._clock = clock
        self._held: dict[str, _HeldModel] = {}
        self._shares: dict[Engine, _EngineShare] = {}

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
        """The folder for results that are slow to compute."""
        return Path(self.home.cache)

    @property
    def device(self) -> str:
        """The configured device."""
        return self.home.device

    def hold(self, model: ModelT) -> ModelT:
        """Hold a model; returns the one already held under the same key, if any."""
        held = self._held.get(model.key)
        if held is None:
            held = self._held[model.key] = _HeldModel(model, self.measured.get(model.key, 0))
            model.device.bound(self.home.memory_bytes)
        return held.model  # type: ignore[return-value] # the same key is the same kind of model

    def change(self, home: ModelResources, known: Mapping[str, int]) -> bool:
        """Change the budget; True if folders or device changed too."""
        before, self.home = self.home, home
        self.measured = {**known, **self.measured}
        for held in self._held.values():
            held.model.device.bound(home.memory_bytes)
        self._make_room(())
        places = [(each.models, each.voices, each.cache, each.device) for each in (before, home)]
        return places[0] != places[1]

    def add_engine(self, engine: Engine) -> None:
        """Count an engine that was loaded."""
        key = _working_key(engine)
        self._shares[engine] = _EngineShare(engine, key, self.measured.get(key, 0))

    def remove_engine(self, engine: Engine) -> None:
        """Remove an engine, and the models that no other engine uses."""
        engine.release()
        del self._shares[engine]
        used = {model.key for each in self._shares for model in each.models}
        for key in self._held.keys() - used:
            self._held.pop(key).model.drop()

    def warm_up(self, engine: Engine) -> None:
        """Warm an engine's models if they fit without evicting others."""
        held = self._of(engine)
        share = self._shares[engine]
        if not held or self._needed(held, share) > self._limit(held):
            self._refuse_too_large(held)
            return
        self._warm(held)
        self._refuse_too_large(held)
        if self._needed(held, share) > self._limit(
            held
        ):  # the size of a model is known only once it was warm
            self.rest(engine)

    def rest(self, engine: Engine) -> None:
        """Evict the models that no busy engine shares, until the engine has a request."""
        self._release(self._shares[engine])
        for held in self._of(engine):
            if not any(each.is_busy for each in self._using(held)):
                self._evict(held)

    def fits_beside(self, engine: Engine, busy: Sequence[Engine]) -> bool:
        """True if an engine can work while the busy ones keep their models warm."""
        held = self._of(engine)
        together = {each.model.key: each for one in busy for each in self._of(one)}
        together |= {each.model.key: each for each in held}
        weights = sum(each.weights_bytes for each in together.values())
        working = sum(self._shares[each].working_bytes for each in {engine, *busy})
        return weights + working <= self._limit(held)

    def prepare(self, engine: Engine) -> bool:
        """Warm an engine's models; evict idle ones to make room.

        False if there is no room next to the engines at work: it has to wait for them. Raises
        EngineUnavailable if its models cannot be read or exceed the limit, and OutOfMemory.
        """
        held = self._of(engine)
        if not held:
            return True
        share = self._shares[engine]
        share.is_busy = True
        self._make_room(held, share)
        self._warm(held)
        self._make_room(held, share)  # the size of a model is known only once it was warm
        if self._needed(held, share) > self._limit(held) and self._others_at_work(share):
            share.is_busy = False
            self.rest(engine)
            return False
        return True

    @contextmanager
    def at_work(self, engine: Engine) -> Iterator[None]:
        """Measure the working memory of an engine during a step; its models are warm."""
        held = self._of(engine)
        if not held:
            yield
            return
        share = self._shares[engine]
        share.is_released = False
        try:
            with _measured(share, held[0].model.device):
                yield
        finally:
            self.measured[share.key] = share.working_bytes
            for each in held:
                each.used_at = self._clock()

    def step(
        self, engine: Engine, name: str, on_eviction: Callable[[], None] = lambda: None
    ) -> Sequence[Outcome] | None:
        """Step an engine; if memory runs out, with a smaller batch, then with all others evicted.

        `name` is for the log; `on_eviction` is called after the others were evicted. Returns None
        if there is no room next to the engines at work. Raises as `prepare` and the engine do.
        """
        while True:
            try:
                if not self.prepare(engine):
                    return None
                with self.at_work(engine):
                    return engine.step()
            except OutOfMemory as error:
                if engine.shrink():
                    logger.info("%s has a smaller batch: %s", name, error.problem)
                elif self.evict_others(engine):
                    on_eviction()
                    logger.info("%s evicts the others: %s", name, error.problem)
                else:
                    raise

    def at_rest(self, engine: Engine) -> None:
        """Allow others to take the memory of an engine that is not stepped now."""
        if engine in self._shares:
            self._shares[engine].is_busy = False

    def evict_others(self, engine: Engine) -> bool:
        """Evict all models but an engine's own; False if there are none."""
        others = [each for each in self._shares.values() if each.engine is not engine]
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
        """Evict the models that were idle for `idle_unload_s`; True if any."""
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

    def report(self, engines: Mapping[Engine, tuple[str, float | None]]) -> list[ModelStatus]:
        """Report each model; `engines` gives a name, and the real-time factor once it spoke."""
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
        return [each for each in self._shares.values() if held in self._of(each.engine)]

    def _others_at_work(self, share: _EngineShare) -> bool:
        return any(
            each.is_busy and each.engine.models
            for each in self._shares.values()
            if each is not share
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
        """Bytes needed with these models warm too, and their engine at work."""
        warm = [each for each in self._held.values() if each.is_warm or each in wanted]
        working = sum(each.takes_bytes for each in self._shares.values() if each is not by)
        return (
            sum(held.weights_bytes for held in warm)
            + working
            + (by.working_bytes if by is not None else 0)
        )

    def _make_room(self, wanted: Sequence[_HeldModel], by: _EngineShare | None = None) -> None:
        """Release the working memory of idle engines; then evict the least recently used models."""
        self._refuse_too_large(wanted)
        limit = self._limit(wanted or list(self._held.values()))
        for each in self._shares.values():
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
                return  # the busy engines exceed the limit: see `prepare`
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
def _measured(share: _EngineShare, device: Device) -> Iterator[None]:
    """Measure the peak of a step, with the memory kept from earlier steps."""
    device.begin_peak()
    before = device.in_use_bytes
    try:
        yield
    finally:
        at_peak = share.kept_bytes + device.peak_bytes - before
        share.working_bytes = max(share.working_bytes, at_peak)
        share.kept_bytes = max(0, share.kept_bytes + device.in_use_bytes - before)


def _working_key(engine: Engine) -> str:
    said = "/".join([*(model.key for model in engine.models), str(engine.rows)])
    return hashlib.sha256(said.encode()).hexdigest()[:16]
