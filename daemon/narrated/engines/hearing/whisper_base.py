"""The shared part of both engines that run Whisper: their takes, and the languages they hear."""

from collections.abc import Sequence

from narrated.engines.hearing.languages import whispers, with_ours
from narrated.engines.hearing.options import refuse_options
from narrated.engines.hearing.pending_takes import PendingTakes
from narrated.engines.interface import HearingRequest, Kind, Model, Request
from narrated.errors import EngineError


class WhisperBase:
    """Takes requests for a checkpoint of Whisper."""

    kind: Kind = "hearing"
    worn = False

    def __init__(
        self,
        model: Model,
        identity: str,
        languages: Sequence[str],
        rows: int,
        *,
        is_multilingual: bool,
    ) -> None:
        self.identity = identity
        self.languages = with_ours(languages)
        self.rows = rows
        self.models: Sequence[Model] = (model,)
        self._name = model.name
        self._known = tuple(languages)
        self._is_multilingual = is_multilingual
        self._takes = PendingTakes()

    def admit(self, request: Request) -> None:
        """Queue a take."""
        if not isinstance(request, HearingRequest):
            raise EngineError(f"{self._name} hears takes; it does nothing else.")
        refuse_options(request.options)
        language = whispers(request.language, self._known, self._name)
        self._takes.add(request, language if self._is_multilingual else "")
