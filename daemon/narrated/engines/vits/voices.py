"""Voices of a VITS: its speakers by their numbers; one without speakers has no voice to name."""

import hashlib

from narrated.errors import EngineUnavailable


class VitsVoices:
    """The speakers of a checkpoint."""

    def __init__(self, model: str, digest: str, speakers: int) -> None:
        self._model, self._count = model, speakers if speakers > 1 else 0
        names = map(str, range(self._count))
        self._digests = {name: _digest(digest, name) for name in names}

    def listed(self) -> dict[str, str]:
        """Digest of every speaker, by number."""
        return dict(self._digests)

    def digest(self, name: str) -> str:
        """Digest of one speaker; empty if it is not listed."""
        return self._digests.get(name, "")

    def speaker(self, name: str) -> int | None:
        """The number of a speaker, the first without a name; None if the model has no speakers.

        Raises EngineUnavailable for one that is unknown.
        """
        if name and name not in self._digests:
            has = f"the speakers 0 to {self._count - 1}" if self._count else "one voice alone"
            raise EngineUnavailable(
                f"{self._model} has no voice '{name}'.",
                f"It has {has}{'' if self._count else ': leave `voice` out'}.",
            )
        return int(name or 0) if self._count else None


def _digest(checkpoint: str, name: str) -> str:
    return hashlib.sha256(f"{checkpoint} {name}".encode()).hexdigest()[:32]
