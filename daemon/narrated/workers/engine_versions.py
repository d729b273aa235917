"""Workers whose engine of one name is not the same: they do not speak parts of one narration."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # `narrated status` needs no workers
    from narrated.workers.pool import WorkerPool


def differing_engines(pool: "WorkerPool") -> Iterator[str]:
    """Tell of each engine that is not the same on all workers, whose work waits in vain by that.

    New files are planned for the first worker's engine, as `Scheduler.engine` chooses it.
    """
    for engine in pool.engines:
        announced = pool.announced_by(engine)
        first, *others = announced or [""]
        unequal = [each for each in others if announced[each].identity != announced[first].identity]
        if unequal:
            yield (
                f"The engine `{engine}` of {_listed(unequal)} is not the one of {first}, for which "
                f"new files are planned: {_listed(unequal)} will speak none of them. Use the same "
                f"version, weights, options and precision on both."
            )


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
