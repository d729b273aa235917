"""A model's files: found by name, told apart by content, and missed with the command to run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from narrated.engines.neural.checkpoint_lookup import find_checkpoint
from narrated.errors import EngineUnavailable
from support.daemon import as_anybody
from support.engine_context import PlainContext


def laid_out(folder: Path, weights: bytes = b"weights") -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(weights)
    return folder


def test_model_by_name_or_folder(tmp_path):
    """A model is found by its repository or by its own folder."""
    laid_out(tmp_path / "a/model")
    context = PlainContext(tmp_path)
    assert find_checkpoint(context, "a/model").folder == tmp_path / "a/model"
    assert (
        find_checkpoint(PlainContext(), str(tmp_path / "a/model")).digest
        == find_checkpoint(context, "a/model").digest
    )


def test_other_content_is_another_model(tmp_path):
    laid_out(tmp_path / "a/one")
    laid_out(tmp_path / "a/two", b"others")
    context = PlainContext(tmp_path)
    assert find_checkpoint(context, "a/one").digest != find_checkpoint(context, "a/two").digest


def test_missing_model_says_how(tmp_path):
    """A missing model names the command that fetches it."""
    with pytest.raises(EngineUnavailable) as refusal:
        find_checkpoint(PlainContext(tmp_path), "suno/bark")
    assert refusal.value.remedy == "narrated models pull suno/bark"


NEEDED = ("speaks.pth", "ranks.pth")


def laid_out_otherwise(folder: Path) -> Path:
    """A model of a family that has no config.json."""
    folder.mkdir(parents=True)
    for name in NEEDED:
        (folder / name).write_bytes(name.encode())
    return folder


def test_family_names_its_files(tmp_path):
    """A family of models names the files that it needs."""
    folder = laid_out_otherwise(tmp_path / "a/model")
    assert find_checkpoint(PlainContext(tmp_path), "a/model", NEEDED).folder == folder
    assert find_checkpoint(PlainContext(), str(folder), NEEDED).folder == folder
    with pytest.raises(EngineUnavailable, match=r"no config\.json"):
        find_checkpoint(PlainContext(), str(folder))


def test_unused_files_keep_digest(tmp_path):
    """Files that a family does not name do not change the digest of its model."""
    folder = laid_out_otherwise(tmp_path / "a/model")
    before = find_checkpoint(PlainContext(tmp_path), "a/model", NEEDED).digest
    (folder / "draws.pth").write_bytes(b"of another use")
    (folder / "config.json").write_text("{}")
    assert find_checkpoint(PlainContext(tmp_path), "a/model", NEEDED).digest == before
    (folder / "ranks.pth").write_bytes(b"finetuned")
    assert find_checkpoint(PlainContext(tmp_path), "a/model", NEEDED).digest != before


def test_file_order_keeps_digest(tmp_path):
    """The order of the needed files does not change the digest."""
    laid_out_otherwise(tmp_path / "a/model")
    context = PlainContext(tmp_path)
    assert find_checkpoint(context, "a/model", NEEDED) == find_checkpoint(
        context, "a/model", NEEDED[::-1]
    )


def test_missing_file_is_named(tmp_path):
    """A missing file of a model is named."""
    folder = laid_out_otherwise(tmp_path / "a/model")
    (folder / "ranks.pth").unlink()
    with pytest.raises(
        EngineUnavailable, match=r"is incomplete: it has no ranks\.pth\."
    ) as refusal:
        find_checkpoint(PlainContext(tmp_path), "a/model", NEEDED)
    assert refusal.value.remedy == "narrated models pull a/model"
    with pytest.raises(EngineUnavailable, match=r"no model in .*: it has no ranks\.pth\."):
        find_checkpoint(PlainContext(), str(folder), NEEDED)


def test_missing_model_names_no_file(tmp_path):
    """No single file is named if the whole model is missing."""
    with pytest.raises(EngineUnavailable, match=r"The model a/model is missing\."):
        find_checkpoint(PlainContext(tmp_path), "a/model", NEEDED)


@pytest.mark.parametrize("name", ["../outside", "a/../../b", "bark", "a/b/c"])
def test_name_stays_inside_folder(tmp_path, name):
    """No name of a model leads out of the folder."""
    with pytest.raises(EngineUnavailable, match="names no model"):
        find_checkpoint(PlainContext(tmp_path / "models"), name)


def test_truncated_file_is_refused(tmp_path):
    """A pulled file that is cut short makes the model incomplete."""
    laid_out(tmp_path / "a/model")
    files = {"model.safetensors": {"size": 99, "sha256": "0" * 64}}
    (tmp_path / "lock.json").write_text(json.dumps({"a/model": {"files": files}}))
    with pytest.raises(EngineUnavailable, match="incomplete"):
        find_checkpoint(PlainContext(tmp_path), "a/model")


def test_unreadable_file_says_remedy(tmp_path):
    """A file without read permission is reported with the remedy."""

    folder = laid_out(tmp_path / "a/model")
    (folder / "model.safetensors").chmod(0)
    script = (
        "from support.engine_context import PlainContext; from pathlib import Path;"
        "from narrated.engines.neural.checkpoint_lookup import find_checkpoint\n"
        f"try: find_checkpoint(PlainContext(Path({str(tmp_path)!r})), 'a/model')\n"
        "except Exception as error: print(error)"
    )
    paths = ":".join(sys.path)
    said = subprocess.run(
        [*as_anybody(), sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": paths, "PATH": "/usr/bin:/bin"},
    )
    assert "Permission denied" in said.stdout
    assert f"chmod -R a+rX {folder}" in said.stdout
