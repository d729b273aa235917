"""A model of onnxruntime: its threads, and the noise that it draws."""

from pathlib import Path

import pytest

from engines.checkpoints.kokoro import kokoro
from narrated.engines.model_resources import ModelResources
from narrated.engines.neural import host_threads
from narrated.engines.neural.onnx_model import OnnxModel, draws_noise
from narrated.workers.model_memory_budget import ModelMemoryBudget


def test_threads_are_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session takes its worker's share of the cores, beside other workers with models."""
    weights = kokoro(tmp_path / "kokoro") / "kokoro-v1.0.onnx"
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # torch's threads stay
    monkeypatch.setattr(host_threads, "_workers", 1)
    monkeypatch.setattr(host_threads, "allowed_cores", lambda: 4)
    for workers, threads in ((1, 4), (2, 2), (10_000, 1)):
        model = OnnxModel("tiny", weights, str(workers), "")
        ModelMemoryBudget(ModelResources(workers_on_host=workers)).hold(model)
        model.warm()
        assert model.session.get_session_options().intra_op_num_threads == threads


def test_noise_is_seen(tmp_path: Path) -> None:
    """A model that draws is told from one that does not; an empty file draws nothing."""
    still, noisy = kokoro(tmp_path / "still"), kokoro(tmp_path / "noisy", with_noise=True)
    assert draws_noise(noisy / "kokoro-v1.0.onnx") and not draws_noise(still / "kokoro-v1.0.onnx")
    (tmp_path / "empty").touch()
    assert not draws_noise(tmp_path / "empty")
