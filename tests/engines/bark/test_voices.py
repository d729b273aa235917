"""Voices: presets of the hub, the user's own, and what is wrong with a broken one."""

import json
import zipfile

import numpy as np
import pytest

from engines.checkpoints.bark import PRESETS, prompt_arrays
from narrated.engines.bark.voices import BarkVoices
from narrated.errors import EngineUnavailable


@pytest.fixture
def folder(tmp_path):
    return presets(tmp_path / "model", PRESETS)


@pytest.fixture
def own(tmp_path):
    (tmp_path / "voices").mkdir()
    return tmp_path / "voices"


def presets(folder, names):
    index = {"repo_or_path": "suno/bark"}
    for number, name in enumerate(names):
        index[name] = {}
        for key, array in prompt_arrays(number).items():
            index[name][key] = f"speaker_embeddings/{name}_{key}.npy"
            (folder / index[name][key]).parent.mkdir(parents=True, exist_ok=True)
            np.save(folder / index[name][key], array)
    (folder / "speaker_embeddings_path.json").write_text(json.dumps(index))
    return folder


def test_voices_have_digests(folder, own):
    """Presets and own voices are listed, each with its own digest."""
    (own / "family").mkdir()
    np.savez(own / "family" / "aunt.npz", **prompt_arrays(7))
    np.savez(own / "me.npz", **prompt_arrays(8))
    listed = BarkVoices(folder, own).listed()
    assert list(listed) == ["family/aunt", "me", *PRESETS]
    assert len(set(listed.values())) == 4


def test_new_and_changed_voices(folder, own):
    """A new voice is found, and a changed voice has another digest."""
    voices = BarkVoices(folder, own)
    assert "me" not in voices.listed()
    np.savez(own / "me.npz", **prompt_arrays(8))
    first = voices.listed()
    np.savez(own / "me.npz", **prompt_arrays(9, seconds=6))
    second = voices.listed()
    assert first["me"] != second["me"]
    assert first[PRESETS[0]] == second[PRESETS[0]]
    assert len(voices.prompt("me", "en").semantic) == int(49.9 * 6)


def test_no_folders_no_voices(tmp_path):
    """Without folders no voices are listed, and none is needed."""
    voices = BarkVoices(tmp_path, tmp_path / "none")
    assert voices.listed() == {}
    assert voices.prompt("", "en") is None


def test_preset_loads_as_saved(folder, own):
    """A preset is read as it was written."""
    prompt = BarkVoices(folder, own).prompt(PRESETS[1], "en")
    for key, array in prompt_arrays(1).items():
        assert np.array_equal(getattr(prompt, key.removesuffix("_prompt")), array)


def test_language_chooses_voice(tmp_path, own):
    """The language chooses the voice if the request names none."""
    names = ["v2/en_speaker_6", "v2/en_speaker_1", "de_speaker_1", "v2/de_speaker_3"]
    voices = BarkVoices(presets(tmp_path / "model", names), own)

    def chosen(language):
        semantic = voices.prompt("", language).semantic.tolist()
        return next(n for n in names if voices.prompt(n, "en").semantic.tolist() == semantic)

    assert chosen("en") == chosen("en-GB") == "v2/en_speaker_6"
    assert chosen("de") == chosen("de-AT") == "v2/de_speaker_3"
    assert chosen("fi") == chosen("") == "v2/en_speaker_6"


def test_unknown_voice_names_similar(folder, own):
    """An unknown voice is refused with similar names, or with the file to add."""
    with pytest.raises(EngineUnavailable, match=r"no voice 'v2/en_speaker_66'.*v2/en_speaker_6"):
        BarkVoices(folder, own).prompt("v2/en_speaker_66", "en")
    with pytest.raises(EngineUnavailable, match=r"no voice 'qqq'.*Put qqq.npz into"):
        BarkVoices(folder, own).prompt("qqq", "en")


def test_own_voice_beats_preset(folder, own):
    """An own voice is used before a preset of the same name."""
    (own / "v2").mkdir()
    np.savez(own / f"{PRESETS[0]}.npz", **prompt_arrays(30, seconds=3))
    assert len(BarkVoices(folder, own).prompt(PRESETS[0], "en").semantic) == int(49.9 * 3)


@pytest.mark.parametrize(
    "written", ["../secret.npy", "/etc/secret.npy", "a/../../secret.npy", 7, ""]
)
def test_index_stays_inside_model(folder, own, written):
    """An index cannot name a file outside the model."""
    np.save(folder.parent / "secret.npy", np.arange(9))
    index = json.loads((folder / "speaker_embeddings_path.json").read_text())
    index["v2/en_speaker_9"]["semantic_prompt"] = written
    (folder / "speaker_embeddings_path.json").write_text(json.dumps(index))
    voices = BarkVoices(folder, own)
    assert list(voices.listed()) == ["v2/en_speaker_6"]
    with pytest.raises(EngineUnavailable, match="no voice"):
        voices.prompt("v2/en_speaker_9", "en")


@pytest.mark.parametrize("index", ["[]", "{", "null", '{"v2/en_speaker_6": {}}', "7"])
def test_a_broken_index_names_no_voices(folder, own, index):
    (folder / "speaker_embeddings_path.json").write_text(index)
    assert BarkVoices(folder, own).listed() == {}


def test_incomplete_preset_not_listed(folder, own):
    """A preset with a missing file is not listed."""
    (folder / "speaker_embeddings" / "v2" / "en_speaker_6_fine_prompt.npy").unlink()
    voices = BarkVoices(folder, own)
    assert list(voices.listed()) == ["v2/en_speaker_9"]
    with pytest.raises(EngineUnavailable, match=r"en_speaker_6_fine_prompt.npy cannot be used"):
        voices.prompt("v2/en_speaker_6", "en")
    assert voices.prompt("", "en") is not None


BROKEN = {
    "holds no fine_prompt": {"fine_prompt": None},
    "shape": {"coarse_prompt": np.zeros((3, 9), dtype=int)},
    "its semantic_prompt has the shape": {"semantic_prompt": np.zeros((2, 9), dtype=int)},
    "its fine_prompt has the shape": {"fine_prompt": np.zeros(9, dtype=int)},
    "whole numbers": {"semantic_prompt": np.linspace(0, 1, 50)},
    "too short": {"semantic_prompt": np.array([3])},
    "too short: 0": {"coarse_prompt": np.zeros((2, 0), dtype=int)},
    "holds 10000": {"semantic_prompt": np.array([3, 4, 10_000])},
    "holds -1": {"fine_prompt": np.full((8, 5), -1)},
    "holds 1024": {"coarse_prompt": np.full((2, 5), 1024)},
    "allow_pickle": {"semantic_prompt": np.array([{"a": 1}, 2, 3])},
}


@pytest.mark.parametrize("why", BROKEN)
def test_broken_own_voice_says_why(folder, own, why):
    """A broken own voice is listed, and a request for it says the fault."""
    arrays = {**prompt_arrays(1), **BROKEN[why]}
    kept = {key: array for key, array in arrays.items() if array is not None}
    np.savez(own / "odd.npz", **kept)
    voices = BarkVoices(folder, own)
    assert "odd" in voices.listed()
    with pytest.raises(EngineUnavailable, match=rf"odd.npz cannot be used: .*{why}"):
        voices.prompt("odd", "en")
    assert voices.prompt("", "en") is not None


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04 cut off"])
def test_other_content_is_refused(folder, own, content):
    """A file that is no archive is refused with its name."""
    (own / "odd.npz").write_bytes(content)
    with pytest.raises(EngineUnavailable, match=r"odd\.npz cannot be used"):
        BarkVoices(folder, own).prompt("odd", "en")


def test_broken_member_is_refused(folder, own):
    """An archive with a broken member is refused with its name."""
    with zipfile.ZipFile(own / "odd.npz", "w") as archive:
        for key in prompt_arrays(1):
            archive.writestr(f"{key}.npy", b"\x93NUMPY nonsense")
    with pytest.raises(EngineUnavailable, match=r"odd\.npz cannot be used"):
        BarkVoices(folder, own).prompt("odd", "en")


def test_zip_bomb_is_not_unpacked(folder, own):
    """An archive that unpacks to more than a prompt is not unpacked."""
    np.savez_compressed(own / "bomb.npz", semantic_prompt=np.zeros(4_000_000, dtype=np.int64))
    with pytest.raises(EngineUnavailable, match="larger than any prompt"):
        BarkVoices(folder, own).prompt("bomb", "en")


def test_broken_preset_is_refused(folder, own):
    """A broken preset is refused with the name of its file."""
    file = folder / "speaker_embeddings" / "v2" / "en_speaker_6_coarse_prompt.npy"
    file.write_bytes(b"nonsense")
    with pytest.raises(EngineUnavailable, match=r"coarse_prompt\.npy cannot be used"):
        BarkVoices(folder, own).prompt("v2/en_speaker_6", "en")


@pytest.mark.parametrize("kind", [np.int32, np.uint16, np.int64])
def test_any_whole_numbers_will_do(folder, own, kind):
    np.savez(own / "me.npz", **{key: a.astype(kind) for key, a in prompt_arrays(1).items()})
    assert BarkVoices(folder, own).prompt("me", "en").coarse.dtype == np.int64
