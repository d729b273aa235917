"""The table of models: sizes, memory and what fits, on cards that a driver's program names."""

import os
from pathlib import Path

import pytest

from narrated.config.values import Bytes, ModelsConfig
from narrated.models.store import ModelStore
from narrated.terminal.model_list import ModelRow, model_rows, model_table
from narrated.terminal.model_room import ModelRoom, model_room


@pytest.fixture
def driver(tmp_path, monkeypatch):
    """Give the machine cards, as `nvidia-smi` would print them; none at first."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    program = tmp_path / "nvidia-smi"

    def driver(*cards: str) -> None:
        lines = "\n".join(f"echo '{card}'" for card in cards)
        program.write_text(f"#!/bin/sh\n{lines or 'exit 9'}\n")
        program.chmod(0o755)

    driver()
    return driver


def rows(folder: Path, room: ModelRoom, **measured: int) -> dict[str, ModelRow]:
    found = model_rows(ModelStore(folder), None, room, measured)
    return {row.name: row for row in found}


def room(folder: Path, device: str = "auto", memory: int | None = None) -> ModelRoom:
    limit = None if memory is None else Bytes(memory)
    return model_room(ModelsConfig(folder=folder, device=device, memory=limit))


def test_small_card_fits_small_models(driver, tmp_path):
    """On a card of 2 GB bark-small fits, and bark does not."""
    driver("Quadro P620, 535.1, 2000, 1900")
    card = room(tmp_path)
    assert card.device == "Quadro P620"
    found = rows(tmp_path, card)
    assert (found["bark-small"].fits, found["bark"].fits) == (True, False)
    line = next(line for line in model_table([*found.values()]) if line.startswith("bark-small"))
    assert line.split()[:7] == ["bark-small", "speech", "not", "pulled", "~1.7", "GB", "~1.7"]


def test_limit_counts_before_the_card(driver, tmp_path):
    """`models: memory:` bounds what fits, whatever the card has."""
    driver("NVIDIA H100, 550.2, 80000, 79000")
    assert rows(tmp_path, room(tmp_path))["tortoise"].fits
    limited = room(tmp_path, memory=4 * 10**9)
    assert not rows(tmp_path, limited)["tortoise"].fits
    assert "`models: memory:` allows 4.0 GB" in " ".join(limited.lines())


def test_cpu_counts_the_memory_of_host(driver, tmp_path):
    """Without a card, and with `device: cpu`, the host's memory counts, in single precision."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    host = room(tmp_path)
    assert (host.device, host.total_bytes) == ("cpu", total)
    on_card = rows(tmp_path, ModelRoom("a card", 1, 0, tmp_path, 0))
    on_host = rows(tmp_path, host)
    assert on_host["blip"].memory_bytes == 2 * on_card["blip"].memory_bytes
    driver("NVIDIA H100, 550.2, 80000, 79000")
    asked_for = room(tmp_path, "cpu")
    assert (asked_for.device, asked_for.total_bytes) == ("cpu", total)
    assert room(tmp_path, "cuda:1").device == "cuda:1, which is missing"


def test_measured_memory_counts(driver, tmp_path):
    """A model's memory that the daemon has measured counts before the computed one."""
    driver("NVIDIA H100, 550.2, 80000, 79000")
    card = room(tmp_path)
    measured = {"suno/bark": 3 * 10**9}
    bark = {row.name: row for row in model_rows(ModelStore(tmp_path), None, card, measured)}["bark"]
    assert (bark.memory_bytes, bark.is_measured) == (3 * 10**9, True)
    assert "3.0 GB" in [*model_table([bark])][1]
    assert "~3.0 GB" not in [*model_table([bark])][1]


def test_unknown_model_may_fit(driver, tmp_path):
    """Of a model outside of the catalogue nobody knows whether it fits."""
    folder = tmp_path / "someone/captioner"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    row = rows(tmp_path, room(tmp_path))["someone/captioner"]
    assert row.fits is None
    assert [*model_table([row])][1].split()[-2:] == ["?", "someone/captioner"]
