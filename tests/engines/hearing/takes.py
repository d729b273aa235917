"""Takes that no voice has spoken: tones that differ, with noise."""

import numpy as np

from narrated.engines.interface import HearingRequest, HearingResult

RATE = 16_000


def take(number: int, seconds: float = 2.0, rate: int = RATE) -> bytes:
    """Sound of its own for each number."""
    drawn = np.random.default_rng(number)
    at = np.arange(int(seconds * rate)) / rate
    pitch = 110 * 1.4**number
    wave = np.sin(2 * np.pi * pitch * at + 3 * np.sin((2 + number) * at))
    wave *= 0.5 + 0.5 * np.sin((9 - number) * at)
    noise = drawn.standard_normal(len(at)) * 0.02
    return np.round((0.4 * wave + noise) * 20_000).astype("<i2").tobytes()


def request(id: str, pcm: bytes, language: str = "en", rate: int = RATE) -> HearingRequest:
    return HearingRequest(id, pcm, rate, language)


def heard(engine, *requests: HearingRequest) -> dict[str, HearingResult]:
    """What an engine hears of these takes, by their ids."""
    for each in requests:
        engine.admit(each)
    told: dict[str, HearingResult] = {}
    while len(told) < len(requests):
        told |= {each.id: each for each in engine.step() if isinstance(each, HearingResult)}
    return told
