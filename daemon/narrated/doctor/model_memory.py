"""Which models are there, and what of them is warm together within the budget."""

from collections.abc import Iterator

from narrated.config.values import Config
from narrated.doctor.finding import Finding, warning, well
from narrated.engines.model_interface import ModelStatus
from narrated.human_sizes import size
from narrated.workers.engine_probe import EngineProbe


def models(config: Config, roll: EngineProbe) -> Iterator[Finding]:
    """Judge how the models of the workers stand; one that is not there is told by its engine."""
    for worker in roll.workers:
        for model in worker.models:
            yield well(f"model {model.name}", f"{model.name} is there. {_takes(model)}")
        if worker.models:
            yield _budget(config, worker.models)


def _takes(model: ModelStatus) -> str:
    if not model.weights_bytes:
        return "What it takes is measured when it is used for the first time."
    working = f", and {size(model.working_bytes)} at work" if model.working_bytes else ""
    return f"It takes {size(model.weights_bytes)}{working}."


def _budget(config: Config, held: tuple[ModelStatus, ...]) -> Finding:
    """What all would take, the one that takes most at its work."""
    limit = config.models.memory or held[0].device_bytes
    weights = sum(model.weights_bytes for model in held)
    needed = weights + max(model.working_bytes for model in held)
    unmeasured = [model.name for model in held if not model.weights_bytes]
    what = f"{size(needed)} of {size(limit)} on {held[0].device}"
    if needed > limit:
        return warning(
            "budget",
            f"Together the models take {what}: the one that was not used for longest makes room.",
            "Raise `models: {memory: …}`, or name smaller models, such as bark-small and blip.",
        )
    if unmeasured:
        names = " and ".join(unmeasured)
        so_far = f", and the others take {what}" if weights else f"; there are {size(limit)}"
        return well("budget", f"{names} was not used yet{so_far}.")
    return well("budget", f"All are warm together: {what}.")
