"""Tiny checkpoints of Whisper, made once."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def whisper_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A multilingual checkpoint."""
    from engines.checkpoints.whisper import whisper  # torch, which the fast tests do without

    return whisper(tmp_path_factory.mktemp("whisper") / "tiny")


@pytest.fixture(scope="session")
def english_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint for English alone."""
    from engines.checkpoints.whisper import whisper

    return whisper(tmp_path_factory.mktemp("whisper") / "tiny.en", is_multilingual=False)
