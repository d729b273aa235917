"""The last stage: from the spectrogram to samples, by UnivNet; always in single precision.

Row by row: a second of sound takes a hundredth of what the other stages take for it.
"""

from collections import deque
from collections.abc import Sequence

from narrated.engines.neural.pipeline import pcm
from narrated.engines.tortoise.autoregressive import NOT_A_NUMBER
from narrated.engines.tortoise.checkpoint import Tortoise
from narrated.engines.tortoise.row import Row

SAMPLE_RATE = 24_000

_SILENCE = bytes(2 * SAMPLE_RATE // 10)
_BEHIND = 10
"""Frames of silence that upstream puts behind a spectrogram, "to cut artifact"."""


class Vocoder:
    """Rows wait in a queue; one that comes without a spectrogram has nothing to say."""

    share = 0.02
    keeps = False

    def __init__(self) -> None:
        self._waiting: deque[Row] = deque()

    @property
    def rows(self) -> Sequence[Row]:
        """All that are here."""
        return list(self._waiting)

    def admit(self, row: Row) -> None:
        """Queue a row."""
        self._waiting.append(row)

    def at_hand(self, module: Tortoise, width: int) -> Sequence[Row]:
        """The first."""
        return [self._waiting[0]]

    def work(self, module: Tortoise, width: int) -> Sequence[Row]:
        """Give the first its sound."""
        row, model = self._waiting[0], module.vocoder
        if row.mel is None:
            row.pcm = _SILENCE
        else:
            noise = row.noise((1, model.noise_dim, row.mel.shape[1] + _BEHIND), "vocoder")
            device = module.device
            sound = model.inference(row.mel[None].to(device), noise.to(device)).reshape(-1)
            if sound.isfinite().all():
                row.pcm = pcm(sound)
            else:
                row.problem = NOT_A_NUMBER.format("vocoder")
        self._waiting.popleft()
        return [row]

    def progress(self, row: Row) -> float:
        """It is here or gone."""
        return 0.0

    def forget(self, row: Row) -> None:
        """Let a row go."""
        self._waiting.remove(row)

    def begin_again(self) -> None:
        """Nothing is kept on the device."""
