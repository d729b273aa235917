"""Whisper on a GPU: half precision, and the texts of the processor."""

from pathlib import Path

import pytest

from engines.hearing.takes import heard, request, take
from narrated.engines.hearing.whisper import WhisperEngine, load
from support.engine_context import PlainContext

pytestmark = pytest.mark.gpu

REQUESTS = [request(str(at), take(at, 1.0 + at / 2), "en" if at % 2 else "de") for at in range(6)]


def loaded(folder: Path, device: str, dtype: str = "float32") -> WhisperEngine:
    engine = load({"model": str(folder), "dtype": dtype}, PlainContext(device=device))
    engine.models[0].warm()
    return engine


def test_gpu_hears_as_a_processor(whisper_folder: Path) -> None:
    """A batch on a GPU has the texts of single takes on a processor."""
    there, here = loaded(whisper_folder, "cuda"), loaded(whisper_folder, "cpu")
    together = heard(there, *REQUESTS)
    for each in REQUESTS:
        assert heard(here, each)[each.id].text == together[each.id].text


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_hears(whisper_folder: Path, dtype: str) -> None:
    told = heard(loaded(whisper_folder, "cuda", dtype), *REQUESTS)
    assert all(result.text and -20 < result.score < 0 for result in told.values())
