"""Requests and results as the frames between daemon and worker carry them."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from narrated.engines.generation_end import GenerationEnd
from narrated.engines.interface import (
    CaptionRequest,
    HearingRequest,
    Kind,
    Mark,
    Request,
    SpeechRequest,
    SpeechResult,
)
from narrated.engines.speech_times import SpeechTimes

_MOST_CHARACTERS = 1 << 20  # of a text; the daemon knows how many they are
_NO_FIELDS = ("engine", "tag", "flac")  # for the host, or the box, alone


def request_from(body: Mapping[str, Any], payload: bytes, kind: Kind) -> Request:
    """Make the request of a frame."""
    fields = {name: value for name, value in body.items() if name not in _NO_FIELDS}
    if kind == "caption":
        return CaptionRequest(picture=payload, **fields)
    if kind == "hearing":
        return HearingRequest(pcm=payload, **fields)
    marks = tuple(Mark(*each) for each in fields.pop("marks", ()))
    return SpeechRequest(**fields, marks=marks)


def told_times(result: SpeechResult) -> dict[str, Any]:
    """The times that an engine tells, as they fit a frame; older engines tell none."""
    told = {name: getattr(result, name, ()) for name in ("sentences", "words")}
    duration_s = len(result.pcm) / 2 / result.sample_rate
    times = SpeechTimes.checked(told, _MOST_CHARACTERS, duration_s)
    return {name: each for name, each in asdict(times).items() if each}


def told_end(result: SpeechResult) -> dict[str, Any]:
    """The engine's word on the end of a take, as it fits a frame; older engines have none."""
    told = {name: getattr(result, name, None) for name in ("ended", "tokens")}
    return GenerationEnd.checked(told).fields
