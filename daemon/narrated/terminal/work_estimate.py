"""Estimates the sound and the work of texts and pictures, from rates measured on this machine."""

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from narrated.jobs.picture_captions import PLACEHOLDER
from narrated.ledger.engine_rates import EngineRate
from narrated.terminal.folder_text_counts import (
    FileWork,
    SpokenText,
    VoiceKey,
    all_pictures,
    total_by_voice,
)


class VoiceEstimate(msgspec.Struct, frozen=True):
    """The work of one voice. The field names are keys of the JSON, here and below."""

    engine: str
    voice: str
    options: dict[str, Any]
    chunks: int
    characters: int
    sound_s: float | None
    """None if the engine was not measured on this machine; so is `work_s`."""
    work_s: float | None
    measured: str
    """The origin of the rate: this "voice", another voice of the "engine", or ""."""


class CaptionEstimate(msgspec.Struct, frozen=True):
    """The work of a captioner; each picture counts once."""

    engine: str
    pictures: int
    work_s: float | None


class Totals(msgspec.Struct, frozen=True):
    """The sums over all that was measured."""

    files: int
    chunks: int
    characters: int
    sound_s: float
    work_s: float


class WorkEstimate(msgspec.Struct, frozen=True):
    """The estimate for some files."""

    voices: tuple[VoiceEstimate, ...]
    captions: CaptionEstimate | None
    """None if there are no pictures."""
    totals: Totals
    unmeasured: tuple[str, ...]
    """The engines that the totals leave out."""


class MeasuredRates:
    """The rates of this machine, looked up by voice, or else by engine."""

    def __init__(self, rates: Sequence[EngineRate]) -> None:
        self._rates = rates
        self._by_voice = {(each.engine, each.voice, each.options): each for each in rates}

    def of_voice(self, key: VoiceKey) -> tuple[EngineRate | None, str]:
        """Return the rate of a voice, or of its engine's other voices; and which of both it is."""
        if found := self._by_voice.get(key):
            return found, "voice"
        found = self.of_engine(key[0])
        return found, "engine" if found else ""

    def of_engine(self, name: str) -> EngineRate | None:
        """Return the rate of an engine over all its voices; None if it was not measured."""
        rates = [each for each in self._rates if each.engine == name]
        if not rates:
            return None
        sums = [[one.requests, one.characters, one.sound_s, one.work_s] for one in rates]
        return EngineRate(name, "", "", *map(sum, zip(*sums, strict=True)))


def estimate(files: Sequence[FileWork], captioner: str, rates: MeasuredRates) -> WorkEstimate:
    """Estimate the sound and the work of some files."""
    captions_rate = rates.of_engine(captioner)
    texts = total_by_voice(files)
    voices = tuple(voice_estimate(key, texts[key], rates, captions_rate) for key in sorted(texts))
    captions = _of_pictures(len(all_pictures(files)), captioner, captions_rate)
    parts: list[VoiceEstimate | CaptionEstimate] = [*voices, *([captions] if captions else [])]
    totals = Totals(
        files=len(files),
        chunks=sum(each.chunks for each in voices),
        characters=sum(each.characters for each in voices),
        sound_s=sum(each.sound_s or 0.0 for each in voices),
        work_s=sum(each.work_s or 0.0 for each in parts),
    )
    unmeasured = dict.fromkeys(each.engine for each in parts if each.work_s is None)
    return WorkEstimate(voices, captions, totals, tuple(unmeasured))


def voice_estimate(
    key: VoiceKey, text: SpokenText, rates: MeasuredRates, captions: EngineRate | None
) -> VoiceEstimate:
    """Estimate what one voice does; `captions` is the rate of the captioner, if it is known."""
    rate, measured = rates.of_voice(key)
    characters = text.characters + _caption_characters(text.pictures, captions)
    sound_s = work_s = None
    if rate is not None and rate.characters:
        times = characters / rate.characters
        sound_s = rate.sound_s * times / text.speed + text.pauses_s
        work_s = rate.work_s * times
    engine, voice, options = key
    options_read = json.loads(options)
    return VoiceEstimate(
        engine, voice, options_read, text.chunks, characters, sound_s, work_s, measured
    )


def _caption_characters(pictures: int, rate: EngineRate | None) -> int:
    """Return how much longer the captions are than their placeholders, by those written so far."""
    if rate is None or not rate.requests:
        return 0
    return round(pictures * (rate.characters / rate.requests - len(PLACEHOLDER)))


def _of_pictures(pictures: int, captioner: str, rate: EngineRate | None) -> CaptionEstimate | None:
    if not pictures:
        return None
    return CaptionEstimate(captioner, pictures, _per_request_s(rate, pictures))


def _per_request_s(rate: EngineRate | None, requests: int) -> float | None:
    return requests * rate.work_s / rate.requests if rate and rate.requests else None
