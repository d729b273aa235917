"""Callbacks by which a running job asks the queue of jobs for its place."""

from collections.abc import Callable
from dataclasses import dataclass

from narrated.workers.fair_shares import Standing


@dataclass(frozen=True, slots=True)
class AdmissionCallbacks:
    """Lets a running job ask for its place; after a refusal the job ends, and is run again."""

    may_speak: Callable[[tuple[str, ...], Callable[[], Standing]], bool]
    """True if a planned job may speak now, with these engines; ranks it if it has no place yet."""
    park_until_loaded: Callable[[str], None]
    """Park the job: it cannot be planned before this engine has loaded."""
