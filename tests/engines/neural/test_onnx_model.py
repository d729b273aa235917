"""A model of onnxruntime: its threads, and the noise that it draws."""

import os
from pathlib import Path

from engines.checkpoints.kokoro import kokoro
from narrated.engines.neural.onnx_model import OnnxModel, draws_noise


def test_threads_are_shared(tmp_path: Path) -> None:
    """A session takes its worker's share of the cores, beside other workers with models."""
    weights = kokoro(tmp_path / "kokoro") / "kokoro-v1.0.onnx"
    cores = len(os.sched_getaffinity(0))
    for workers, threads in ((1, cores), (2, max(1, cores // 2)), (10_000, 1)):
        model = OnnxModel("tiny", weights, str(workers), "")
        model.device.share_cores(workers)
        model.warm()
        assert model.session.get_session_options().intra_op_num_threads <= threads


def test_noise_is_seen(tmp_path: Path) -> None:
    """A model that draws is told from one that does not; an empty file draws nothing."""
    still, noisy = kokoro(tmp_path / "still"), kokoro(tmp_path / "noisy", with_noise=True)
    assert draws_noise(noisy / "kokoro-v1.0.onnx") and not draws_noise(still / "kokoro-v1.0.onnx")
    (tmp_path / "empty").touch()
    assert not draws_noise(tmp_path / "empty")
