"""Latents: read from anybody's file without running it, and kept by content."""

import io
import logging
import os
import pickle
import pickletools
import stat
import zipfile

import numpy as np
import pytest
import torch

from narrated.engines.tortoise.latents_files import LatentsCache, VoiceLatents, load_latents
from narrated.errors import EngineUnavailable

WIDTH = 32


def latents(seed=0):
    chance = torch.Generator().manual_seed(seed)
    return torch.randn(1, WIDTH, generator=chance), torch.randn(1, 2 * WIDTH, generator=chance)


def saved(value, **options):
    file = io.BytesIO()
    torch.save(value, file, **options)
    return file.getvalue()


def refusal(content):
    with pytest.raises(EngineUnavailable) as caught:
        load_latents(content, "anna.pth", WIDTH)
    assert "The voice anna.pth cannot be used: " in caught.value.problem and caught.value.remedy
    return str(caught.value)


def same(one, other):
    return torch.equal(one.autoregressive, other.autoregressive) and torch.equal(
        one.diffusion, other.diffusion
    )


@pytest.mark.parametrize("container", [tuple, list])
@pytest.mark.parametrize("zipped", [True, False])
def test_latents_load_as_saved(container, zipped):
    """Two latents are read as they were written."""
    pair = latents()
    read = load_latents(
        saved(container(pair), _use_new_zipfile_serialization=zipped), "anna.pth", WIDTH
    )
    assert same(read, VoiceLatents(*pair))


def test_other_shapes_are_accepted():
    """Latents of half precision or of one dimension or views are taken too."""
    auto, diffusion = latents()
    every = torch.stack([auto, auto * 2])
    read = load_latents(saved((every[1, 0].requires_grad_(), diffusion.half())), "anna.pth", WIDTH)
    assert same(read, VoiceLatents(auto * 2, diffusion.half().float()))
    assert read.autoregressive.untyped_storage().nbytes() == 4 * WIDTH
    assert not read.autoregressive.requires_grad


def test_any_width_without_model():
    """Without a width theirs is taken if both are of one."""
    assert load_latents(saved(latents()), "anna.pth").autoregressive.shape == (1, WIDTH)
    with pytest.raises(EngineUnavailable, match=r"diffusion latent has the shape \(1, 32\)"):
        load_latents(saved((latents()[0], latents()[0])), "anna.pth")


AUTO, DIFFUSION = latents()
REFUSED = {
    "it does not hold two latents": AUTO,
    "not hold two latents": {"auto": AUTO, "diffusion": DIFFUSION},
    "not hold two": (AUTO, DIFFUSION, AUTO),
    "its autoregressive latent is no tensor": ("anna", DIFFUSION),
    "its autoregressive latent has the shape (1, 64)": (DIFFUSION, AUTO),
    "its diffusion latent has the shape (2, 32)": (AUTO, DIFFUSION.reshape(2, 32)),
    "its diffusion latent has the shape ()": (AUTO, torch.tensor(1.0)),
    "its diffusion latent holds values that are not finite": (AUTO, DIFFUSION * torch.inf),
    "its diffusion latent is of torch.int64": (AUTO, DIFFUSION.long()),
    "its diffusion latent is of torch.complex64": (AUTO, DIFFUSION.to(torch.complex64)),
    "its diffusion latent is no tensor": (AUTO, DIFFUSION.to_sparse()),
    "its autoregressive latent has the shape (1, 1000000000000)": (
        torch.zeros(1).expand(1, 10**12),
        DIFFUSION,
    ),
    "larger than any latents": (torch.zeros(1, 2_000_000), DIFFUSION),
}


@pytest.mark.parametrize("why", REFUSED)
def test_other_content_is_refused(why):
    """A file without a pair of latents is refused with what it is."""
    assert why in refusal(saved(REFUSED[why]))


class Malice:
    """Runs a command as soon as it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("zipped", [True, False])
def test_code_is_not_run(tmp_path, zipped):
    """Code in a file is refused and not run."""
    mark = tmp_path / "was-here"
    content = saved((Malice(mark), *latents()), _use_new_zipfile_serialization=zipped)
    refusal(content)
    assert not mark.exists()
    torch.load(io.BytesIO(content), weights_only=False)
    assert mark.exists()  # it would have run


def test_bare_pickle_is_not_run(tmp_path):
    """A bare pickle with code is refused and not run."""
    refusal(pickle.dumps(Malice(tmp_path / "was-here")))
    assert not (tmp_path / "was-here").exists()


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut off", b"\x80\x02."])
def test_empty_file_is_refused(content):
    """A file that holds nothing of the kind is refused."""
    refusal(content)


def test_zip_bomb_is_not_unpacked():
    """An archive that unpacks to more than latents is not unpacked."""
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(50_000_000))
    assert len(bomb.getvalue()) < 100_000
    assert "50 MB, larger than any latents" in refusal(bomb.getvalue())


def test_short_record_is_refused():
    """A record that is shorter than its tensor is refused."""
    short = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(saved(latents()))) as whole,
        zipfile.ZipFile(short, "w") as archive,
    ):
        for member in whole.infolist():
            content = whole.read(member)
            cut = content[:8] if member.filename.endswith("data/0") else content
            archive.writestr(member.filename, cut)
    refusal(short.getvalue())


def test_old_terabytes_are_refused():
    """An old file that claims terabytes is refused."""
    content = saved(latents(), _use_new_zipfile_serialization=False)
    claims = [
        (position, argument)
        for opcode, argument, position in pickletools.genops(
            content[content.index(b"\x80\x02", 60) :]
        )
        if argument == WIDTH
    ]
    assert claims
    refusal(content.replace(b"K" + bytes([WIDTH]), b"\x8a\x06" + (2**45).to_bytes(6, "little")))


def test_damaged_file_is_handled():
    """A damaged file is refused or read and nothing else happens."""
    whole = saved(latents())
    chance = np.random.default_rng(5)
    for _ in range(60):
        damaged = bytearray(whole)
        for at in chance.integers(0, len(whole), 6):
            damaged[at] = chance.integers(256)
        try:
            read = load_latents(bytes(damaged), "anna.pth", WIDTH)
        except EngineUnavailable:
            continue
        assert read.diffusion.shape == (1, 2 * WIDTH) and read.diffusion.isfinite().all()


@pytest.fixture
def kept(tmp_path):
    return LatentsCache(tmp_path / "cache/latents", "model")


def test_cache_outlives_process(kept, tmp_path):
    """A cached entry comes back in another process."""
    assert kept.get("voice") is None
    kept.put("voice", VoiceLatents(*latents()))
    again = LatentsCache(tmp_path / "cache/latents", "model").get("voice")
    assert same(again, VoiceLatents(*latents()))
    assert again.diffusion.dtype == torch.float32


def test_cache_by_voice_and_model(kept, tmp_path):
    """Each voice and each model has its own."""
    kept.put("voice", VoiceLatents(*latents(1)))
    kept.put("other", VoiceLatents(*latents(2)))
    elsewhere = LatentsCache(tmp_path / "cache/latents", "another model")
    assert elsewhere.get("voice") is None
    elsewhere.put("voice", VoiceLatents(*latents(3)))
    assert same(kept.get("voice"), VoiceLatents(*latents(1)))
    assert same(kept.get("other"), VoiceLatents(*latents(2)))


def test_old_revision_is_ignored(kept, monkeypatch):
    """Latents of an earlier way to make them do not count."""
    kept.put("voice", VoiceLatents(*latents()))
    monkeypatch.setattr("narrated.engines.tortoise.latents_files.REVISION", 2)
    assert kept.get("voice") is None


def the_file(tmp_path):
    (file,) = (tmp_path / "cache/latents").iterdir()
    return file


def packed(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


GOOD = {"autoregressive": AUTO.numpy(), "diffusion": DIFFUSION.numpy()}
ALIEN = {
    "empty": b"",
    "text": b"not an archive",
    "cut short": packed(**GOOD)[:200],
    "one array": packed(autoregressive=AUTO.numpy()),
    "other shapes": packed(autoregressive=AUTO.numpy(), diffusion=AUTO.numpy()),
    "other numbers": packed(**{name: array.astype(np.float64) for name, array in GOOD.items()}),
    "no numbers": packed(**GOOD | {"diffusion": DIFFUSION.numpy() * np.nan}),
    "objects": packed(**GOOD | {"diffusion": np.array([{"a": 1}])}),
    "a single array": b"\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'shape': (999999999999,), }",
    "large": bytes(5 << 20),
}


@pytest.mark.parametrize("kind", ALIEN)
def test_damaged_entry_is_replaced(kept, tmp_path, kind):
    """A damaged or alien entry counts as absent and is replaced."""
    kept.put("voice", VoiceLatents(*latents()))
    the_file(tmp_path).write_bytes(ALIEN[kind])
    assert kept.get("voice") is None
    kept.put("voice", VoiceLatents(*latents()))
    assert same(kept.get("voice"), VoiceLatents(*latents()))


def test_flipped_bit_is_noticed(kept, tmp_path):
    """A flipped bit is noticed."""
    kept.put("voice", VoiceLatents(*latents()))
    content = bytearray(the_file(tmp_path).read_bytes())
    at = content.index(AUTO.numpy().tobytes())
    content[at + 5] ^= 1
    the_file(tmp_path).write_bytes(content)
    assert kept.get("voice") is None


def test_unwritable_cache_logs_once(tmp_path, caplog):
    """A folder that cannot be written is said once and costs nothing else."""
    (tmp_path / "cache").write_text("a file where a folder should be")
    kept = LatentsCache(tmp_path / "cache/latents", "model")
    with caplog.at_level(logging.WARNING):
        kept.put("voice", VoiceLatents(*latents()))
        kept.put("other", VoiceLatents(*latents()))
    assert kept.get("voice") is None
    assert len(caplog.records) == 1
    assert f"cannot be written to {tmp_path}/cache/latents (Not a directory)" in caplog.text


def test_cache_files_are_private(kept, tmp_path, monkeypatch):
    """Only its account and group read what is kept, and no draft stays."""
    kept.put("voice", VoiceLatents(*latents()))
    assert stat.S_IMODE(the_file(tmp_path).stat().st_mode) == 0o640

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    kept.put("voice", VoiceLatents(*latents(2)))
    monkeypatch.undo()
    assert same(kept.get("voice"), VoiceLatents(*latents()))
    the_file(tmp_path)  # the one file, and nothing beside it


def test_cache_has_no_pickle(kept, tmp_path):
    """A cached entry is no pickle."""
    kept.put("voice", VoiceLatents(*latents()))
    with zipfile.ZipFile(the_file(tmp_path)) as archive:
        assert {member.filename for member in archive.infolist()} == {
            "autoregressive.npy",
            "diffusion.npy",
        }
    with np.load(the_file(tmp_path), allow_pickle=False) as arrays:
        assert arrays["diffusion"].shape == (1, 2 * WIDTH)
