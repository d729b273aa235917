"""A voice of Piper's that speaks: its configuration, its model, and the piper package around both.

Imports piper, which imports onnxruntime and numpy.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from piper import PiperVoice, SynthesisConfig
from piper.config import PhonemeType, PiperConfig

from narrated.engines.interface import EngineContext
from narrated.engines.neural.damaged_files import guard_reading
from narrated.engines.neural.onnx_model import OnnxModel
from narrated.engines.piper.options import NoiseScales
from narrated.engines.piper.phrases import Phonemes
from narrated.engines.piper.voices import ChosenVoice, read_config
from narrated.errors import EngineUnavailable

_SILENT = 1e-8
_FULL_SCALE = 32767.0

Wave = npt.NDArray[np.float32]


class LoadedVoice:
    """A voice whose model is in the worker's memory budget."""

    def __init__(self, chosen: ChosenVoice, context: EngineContext) -> None:
        """Raises EngineUnavailable if its configuration cannot be used."""
        files = chosen.files
        remedy = f"Pull or copy it again: {files.weights}"
        with guard_reading(f"The voice {files.name}", remedy):
            self._config = PiperConfig.from_dict(read_config(files.config))
        _refuse_fetching(files.name, self._config)
        self.name = files.name
        self.sample_rate = int(self._config.sample_rate)
        self.is_english = _is_english(self._config)
        model = OnnxModel(f"piper/{files.name}", files.weights, f"piper {chosen.digest}", remedy)
        self.model: OnnxModel = context.hold(model)
        self._piper = PiperVoice(session=None, config=self._config)

    def phonemize(self, text: str) -> list[Phonemes]:
        """The phonemes of each sentence."""
        return self._piper.phonemize(text)

    def speak(
        self,
        phonemes: Phonemes,
        options: Mapping[str, Any],
        noise: NoiseScales,
        speaker: int | None,
    ) -> bytes:
        """Speak phonemes with the warm model: signed 16-bit samples, as piper itself makes them."""
        scales = SynthesisConfig(
            speaker_id=speaker,
            length_scale=options.get("length_scale"),
            noise_scale=noise.sound,
            noise_w_scale=noise.lengths,
        )
        ids = self._piper.phonemes_to_ids(phonemes)
        self._piper.session = self.model.session
        try:
            wave = self._piper.phoneme_ids_to_audio(ids, scales)
        finally:
            self._piper.session = None  # it would keep the weights in memory
        return _pcm(_levelled(np.asarray(wave, np.float32).reshape(-1), options))


def _levelled(wave: Wave, options: Mapping[str, Any]) -> Wave:
    """At full scale, unless an option has it otherwise."""
    peak = float(np.max(np.abs(wave), initial=0.0))
    if options.get("normalize_audio", True):
        wave = wave / peak if peak >= _SILENT else np.zeros_like(wave)
    return wave * np.float32(options.get("volume", 1.0))


def _pcm(wave: Wave) -> bytes:
    sound = np.nan_to_num(np.clip(wave, -1.0, 1.0)).astype(np.float32)
    return (sound * _FULL_SCALE).astype("<i2").tobytes()


def _is_english(config: PiperConfig) -> bool:
    by_espeak = config.phoneme_type == PhonemeType.ESPEAK
    return by_espeak and str(config.espeak_voice).lower().startswith("en")


def _refuse_fetching(name: str, config: PiperConfig) -> None:
    if config.phoneme_type == PhonemeType.PINYIN:
        raise EngineUnavailable(
            f"Piper's voice '{name}' needs g2pW, which piper would fetch from the network.",
            "Choose a voice without it, such as zh_CN-huayan-medium.",
        )
