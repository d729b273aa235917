"""The memory of a worker's models: holds each model once, and evicts the least recently used.

The weights of all warm models and the working memory of their engines have to fit the budget. Both
are measured, weights when a model is warm and working memory at each step, and reported for the
next worker. A size that was never measured counts as 0.
Imports no torch: models report about themselves (`narrated.engines.interface.Model`).
"""

import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from narrated.engines.interface import Engine, Model, ModelT, Outcome, WeightsLocation
from narrated.engines.model_resources import ModelResources, ModelStatus
from narrated.engines.neural.host_threads import share_cores
from narrated.errors import EngineUnavailable, OutOfMemory
from narrated.human_formatting import size

logger = logging.getLogger("narrated.worker")


@dataclass(slots=True, eq=False)
class _HeldModel:
    model: Model
    weights_bytes: int
    """0 if it was never warm."""
    used_at: float | None = None

    @property
    def is_warm(self) -> bool:
        return self.model.warmth is WeightsLocation.WARM


@dataclass(slots=True, eq=False)
class _EngineShare:
    engine: Engine
    key: str
    working_bytes: int
    """The peak measured so far; 0 before its first step."""
    kept_bytes: int = 0
    """Memory kept between two steps."""
    is_released: bool = True
    """True while it holds nothing but weights."""
    is_busy: bool = False


class ModelMemoryBudget:
    """Holds a worker's models, and limits the memory of the warm ones.

    It is the engines' `EngineContext`. `on_warming` is called with a model's name before its
    weights are read, which may take minutes.
    """

    def __init__(
        self,
        resources: ModelResources,
        *,
        on_warming: Callable[[str], None] = lambda name: None,
    ) -> None:
        self.measured: dict[str, int] = {}
        """Bytes of weights by a model's key, and of working memory by an engine's key."""
        self._on_warming = on_warming
        self._held: dict[str, _HeldModel] = {}
        self._shares: dict[Engine, _EngineShare] = {}
        self._set_resources(resources)

    def _set_resources(self, resources: ModelResources) -> None:
        self.resources = resources
        self.models, self.voices = Path(resources.models), Path(resources.voices)
        self.cache = Path(resources.cache)
        self.device = resources.device
        self._share_cores()

    def hold(self, model: ModelT) -> ModelT:
        """Hold a model; returns the one already held under the same key, if any."""
        held = self._held.get(model.key)
        if held is None:
            self._share_cores()  # a library may have come with it
            held = self._held[model.key] = _HeldModel(model, self.measured.get(model.key, 0))
            model.device.bound(self.resources.memory_bytes)
        return held.model  # type: ignore[return-value] # the same key is the same kind of model

    def change(self, resources: ModelResources, known: Mapping[str, int]) -> bool:
        """Change the budget; True if folders or device changed too."""
        before = (self.models, self.voices, self.cache, self.device)
        self._set_resources(resources)
        self.measured = {**known, **self.measured}
        for held in self._held.values():
            held.model.device.bound(resources.memory_bytes)
        self._make_room(())
        return before != (self.models, self.voices, self.cache, self.device)

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
        held, share = self._of(engine), self._shares[engine]
        if held and self._fits(held, share):
            self._warm(held)
            if not self._fits(held, share):  # the size of a model is known only once it was warm
                self.rest(engine)
        self._refuse_too_large(held)

    def rest(self, engine: Engine) -> None:
        """Evict the models that no busy engine shares, until the engine has a request."""
        self._release(self._shares[engine])
        for held in self._of(engine):
            if not self._is_busy(held):
                self._evict(held)

    def fits_beside(self, engine: Engine, busy: Sequence[Engine]) -> bool:
        """True if an engine can work while the busy ones keep their models warm."""
        held = self._of(engine)
        together = {*held, *(each for one in busy for each in self._of(one))}
        weights = sum(each.weights_bytes for each in together)
        working = sum(self._shares[each].working_bytes for each in {engine, *busy})
        return weights + working <= self._limit(held)

    def at_rest(self, engine: Engine) -> None:
        """Allow others to take the memory of an engine that is not stepped now."""
        if engine in self._shares:
            self._shares[engine].is_busy = False

    def step(
        self, engine: Engine, name: str, on_eviction: Callable[[], None] = lambda: None
    ) -> Sequence[Outcome] | None:
        """Step an engine; if memory runs out, with a smaller batch, then with all others evicted.

        `name` is for the log; `on_eviction` is called after the others were evicted. Returns None
        if there is no room next to the engines at work: it has to wait for them. Raises
        EngineUnavailable if its models cannot be read or exceed the limit, and as the engine does.
        """
        while True:
            try:
                if not self._prepare(engine):
                    return None
                with self._measuring(engine):
                    return engine.step()
            except OutOfMemory as error:
                if engine.shrink():
                    logger.info("%s has a smaller batch: %s", name, error.problem)
                elif self._evict_others(engine):
                    on_eviction()
                    logger.info("%s evicts the others: %s", name, error.problem)
                else:
                    raise

    def unload_idle(self) -> bool:
        """Evict the models that were idle for `idle_unload_s`; True if any."""
        latest = time.monotonic() - self.resources.idle_unload_s
        due = [
            held
            for held in self._held.values()
            if held.is_warm and (held.used_at or 0.0) <= latest and not self._is_busy(held)
        ]
        for held in due:
            self._evict(held)
        return bool(due)

    def report(self, engines: Mapping[Engine, tuple[str, float | None]]) -> list[ModelStatus]:
        """Report each model; `engines` gives a name, and the real-time factor once it spoke."""
        return [self._status(held, engines) for held in self._held.values()]

    def _status(
        self, held: _HeldModel, engines: Mapping[Engine, tuple[str, float | None]]
    ) -> ModelStatus:
        using = self._using(held)
        named = [engines[each.engine] for each in using]
        return ModelStatus(
            name=held.model.name,
            engines=tuple(name for name, _ in named),
            warmth=held.model.warmth,
            device=held.model.device.name,
            device_bytes=held.model.device.total_bytes,
            weights_bytes=held.weights_bytes,
            working_bytes=max((each.working_bytes for each in using), default=0),
            idle_s=None if held.used_at is None else time.monotonic() - held.used_at,
            real_time_factor=next((pace for _, pace in named if pace), None),
        )

    def _share_cores(self) -> None:
        """Set the threads before any weights: packed ones are laid out for their number."""
        if self.resources.workers_on_host:
            share_cores(self.resources.workers_on_host)

    def _of(self, engine: Engine) -> list[_HeldModel]:
        return [self._held[model.key] for model in engine.models]

    def _using(self, held: _HeldModel) -> list[_EngineShare]:
        return [each for each in self._shares.values() if held in self._of(each.engine)]

    def _is_busy(self, held: _HeldModel) -> bool:
        return any(each.is_busy for each in self._using(held))

    def _prepare(self, engine: Engine) -> bool:
        """Warm an engine's models; evict idle ones to make room. False if there is none."""
        held, share = self._of(engine), self._shares[engine]
        if not held:
            return True
        share.is_busy = True
        self._make_room(held, share)
        self._warm(held)
        self._make_room(held, share)  # the size of a model is known only once it was warm
        others = (each for each in self._shares.values() if each.engine.models)
        if self._fits(held, share) or not any(each.is_busy for each in others if each is not share):
            return True
        share.is_busy = False
        self.rest(engine)
        return False

    @contextmanager
    def _measuring(self, engine: Engine) -> Iterator[None]:
        """Measure the peak of a step, with the memory kept from earlier steps."""
        held, share = self._of(engine), self._shares[engine]
        if not held:
            yield
            return
        share.is_released = False
        device = held[0].model.device
        device.begin_peak()
        before = device.in_use_bytes
        try:
            yield
        finally:
            at_peak = share.kept_bytes + device.peak_bytes - before
            share.working_bytes = max(share.working_bytes, at_peak)
            share.kept_bytes = max(0, share.kept_bytes + device.in_use_bytes - before)
            self.measured[share.key] = share.working_bytes
            for each in held:
                each.used_at = time.monotonic()

    def _evict_others(self, engine: Engine) -> bool:
        others = [each for each in self._shares.values() if each.engine is not engine]
        released = [each for each in others if not each.is_released and each.engine.models]
        for each in others:
            each.is_busy = False
            self._release(each)
        kept = self._of(engine)
        evicted = [each for each in self._held.values() if each.is_warm and each not in kept]
        for held in evicted:
            held.model.park()
        return bool(released or evicted)

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
        if self.resources.memory_bytes or not held:
            return self.resources.memory_bytes
        return held[0].model.device.total_bytes

    def _fits(self, wanted: Sequence[_HeldModel], by: _EngineShare | None = None) -> bool:
        """True if all fits with these models warm too, and their engine at work."""
        all_held = list(self._held.values())
        weights = sum(held.weights_bytes for held in all_held if held.is_warm or held in wanted)
        working = sum(
            each.working_bytes
            for each in self._shares.values()
            if each is by or not each.is_released
        )
        return weights + working <= self._limit(wanted or all_held)

    def _make_room(self, wanted: Sequence[_HeldModel], by: _EngineShare | None = None) -> None:
        """Release the working memory of idle engines; then evict the least recently used models."""
        self._refuse_too_large(wanted)
        for each in self._shares.values():
            if self._fits(wanted, by):
                return
            if not each.is_busy and each is not by:
                self._release(each)
        idle = (
            held
            for held in self._held.values()
            if held.is_warm and held not in wanted and not self._is_busy(held)
        )
        for held in sorted(idle, key=lambda held: held.used_at or 0.0):
            if not self._fits(wanted, by):  # the busy engines may exceed the limit: see `_prepare`
                self._evict(held)

    def _warm(self, wanted: Sequence[_HeldModel]) -> None:
        for held in wanted:
            if not held.is_warm:
                self._on_warming(held.model.name)
                held.model.device.leave_room(self._needed_beside(held))
                held.model.warm()
                held.weights_bytes = self.measured[held.model.key] = held.model.weights_bytes
                held.used_at = held.used_at or time.monotonic()

    def _needed_beside(self, held: _HeldModel) -> int:
        """Memory that all other models and the work of all engines take, as far as measured."""
        others = sum(each.weights_bytes for each in self._held.values() if each is not held)
        return others + sum(each.working_bytes for each in self._shares.values())

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


def _working_key(engine: Engine) -> str:
    said = "/".join([*(model.key for model in engine.models), str(engine.rows)])
    return hashlib.sha256(said.encode()).hexdigest()[:16]
