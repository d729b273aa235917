"""The answer of `narrated voices list` for an engine that has no voices to show."""

import pytest

from narrated.engines.interface import EngineInfo
from narrated.errors import NarratedError
from narrated.terminal.command_reports import voice_lines
from narrated.workers.pool import EngineProbe, WorkerSnapshot, WorkerState

ESPEAK = EngineInfo("espeak", "speech", "espeak-1", 22_050, {"en-gb": "1"}, 4)


def state(name, state, engines=(), missing=None) -> WorkerSnapshot:
    return WorkerSnapshot(name, 1, state, engines, 0, 0, "", missing or {})


def refused(only, *states) -> NarratedError:
    probe = EngineProbe(
        {"espeak": ESPEAK}, [state("engines", WorkerState.READY, ("espeak",)), *states]
    )
    with pytest.raises(NarratedError) as caught:
        list(voice_lines(probe, only))
    return caught.value


def test_lists_one_engine_alone():
    """The voices of one engine are listed alone."""
    assert list(voice_lines(EngineProbe({"espeak": ESPEAK}, []), "espeak"))[:2] == [
        "espeak (1 voices)",
        "  en-gb",
    ]


def test_loading_engine_is_awaited():
    """For an engine that still loads, the message says to try again."""
    error = refused("tortoise", state("models", WorkerState.STARTING))
    assert "The engine tortoise does not answer yet" in error.problem
    assert "moment" in error.remedy


def test_missing_engine_says_why():
    """For an unavailable engine, the message names the reason."""
    why = "The model Manmay/tortoise-tts is missing. narrated models pull Manmay/tortoise-tts"
    error = refused("tortoise", state("models", WorkerState.READY, (), {"tortoise": why}))
    assert "engine tortoise is not available" in error.problem
    assert "narrated models pull" in str(error)


def test_unknown_engine_says_how():
    """For an unconfigured engine, the message names the key."""
    error = refused("tortoise", state("models", WorkerState.READY))
    assert "No speech engine tortoise" in error.problem
    assert "`engines:`" in error.remedy
