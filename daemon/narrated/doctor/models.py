"""Checks the models: which are present, and if they fit the memory together."""

from collections.abc import Iterator

from narrated.config.values import Config
from narrated.doctor.finding import Finding, warning, well
from narrated.engines.model_interface import ModelStatus
from narrated.human_sizes import size
from narrated.workers.engine_probe import EngineProbe


def check_models(config: Config, probe: EngineProbe) -> Iterator[Finding]:
    """Check the workers' models. A missing model is reported by the check of its engine."""
    for worker in probe.workers:
        for model in worker.models:
            yield well(f"model {model.name}", f"{model.name} is present. {_memory_use(model)}")
        if worker.models:
            yield _check_memory(config, worker.models)


def _memory_use(model: ModelStatus) -> str:
    if not model.weights_bytes:
        return "Its memory is measured at its first use."
    working = f", and {size(model.working_bytes)} at work" if model.working_bytes else ""
    return f"It takes {size(model.weights_bytes)}{working}."


def _check_memory(config: Config, models: tuple[ModelStatus, ...]) -> Finding:
    """Compare the limit with all weights, plus the largest working memory."""
    limit = config.models.memory or models[0].device_bytes
    weights = sum(model.weights_bytes for model in models)
    needed = weights + max(model.working_bytes for model in models)
    unmeasured = [model.name for model in models if not model.weights_bytes]
    use = f"{size(needed)} of {size(limit)} on {models[0].device}"
    if needed > limit:
        return warning(
            "budget",
            f"Together the models take {use}. If another model needs room, the least recently "
            "used one leaves the memory.",
            "Raise `models: {memory: …}`, or name smaller models, such as bark-small and blip.",
        )
    if unmeasured:
        names = " and ".join(unmeasured)
        so_far = f", and the others take {use}" if weights else f". The limit is {size(limit)}"
        return well("budget", f"{names} was not used yet{so_far}.")
    return well("budget", f"All models fit together: {use}.")
