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


def test_presets_and_own_voices_are_listed_each_with_a_digest(folder, own):
    (own / "family").mkdir()
    np.savez(own / "family" / "aunt.npz", **prompt_arrays(7))
    np.savez(own / "me.npz", **prompt_arrays(8))
    listed = BarkVoices(folder, own).listed()
    assert list(listed) == ["family/aunt", "me", *PRESETS]
    assert len(set(listed.values())) == 4


def test_a_voice_that_is_dropped_later_is_found_and_a_changed_one_has_another_digest(folder, own):
    voices = BarkVoices(folder, own)
    assert "me" not in voices.listed()
    np.savez(own / "me.npz", **prompt_arrays(8))
    first = voices.listed()
    np.savez(own / "me.npz", **prompt_arrays(9, seconds=6))
    second = voices.listed()
    assert first["me"] != second["me"]
    assert first[PRESETS[0]] == second[PRESETS[0]]
    assert len(voices.prompt("me", "en").semantic) == int(49.9 * 6)


def test_without_folders_there_are_no_voices_and_none_is_needed(tmp_path):
    voices = BarkVoices(tmp_path, tmp_path / "none")
    assert voices.listed() == {}
    assert voices.prompt("", "en") is None


def test_a_preset_is_read_as_it_was_written(folder, own):
    prompt = BarkVoices(folder, own).prompt(PRESETS[1], "en")
    for key, array in prompt_arrays(1).items():
        assert np.array_equal(getattr(prompt, key.removesuffix("_prompt")), array)


def test_without_a_wish_the_language_chooses_the_voice(tmp_path, own):
    names = ["v2/en_speaker_6", "v2/en_speaker_1", "de_speaker_1", "v2/de_speaker_3"]
    voices = BarkVoices(presets(tmp_path / "model", names), own)

    def chosen(language):
        semantic = voices.prompt("", language).semantic.tolist()
        return next(n for n in names if voices.prompt(n, "en").semantic.tolist() == semantic)

    assert chosen("en") == chosen("en-GB") == "v2/en_speaker_6"
    assert chosen("de") == chosen("de-AT") == "v2/de_speaker_3"
    assert chosen("fi") == chosen("") == "v2/en_speaker_6"


def test_an_unknown_voice_is_refused_with_names_near_it(folder, own):
    with pytest.raises(EngineUnavailable, match=r"no voice 'v2/en_speaker_66'.*v2/en_speaker_6"):
        BarkVoices(folder, own).prompt("v2/en_speaker_66", "en")
    with pytest.raises(EngineUnavailable, match=r"no voice 'qqq'.*Put qqq.npz into"):
        BarkVoices(folder, own).prompt("qqq", "en")


def test_an_own_voice_goes_before_a_preset_of_its_name(folder, own):
    (own / "v2").mkdir()
    np.savez(own / f"{PRESETS[0]}.npz", **prompt_arrays(30, seconds=3))
    assert len(BarkVoices(folder, own).prompt(PRESETS[0], "en").semantic) == int(49.9 * 3)


@pytest.mark.parametrize(
    "written", ["../secret.npy", "/etc/secret.npy", "a/../../secret.npy", 7, ""]
)
def test_an_index_names_nothing_outside_the_model(folder, own, written):
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


def test_a_preset_whose_file_is_not_there_is_not_listed(folder, own):
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
def test_what_is_wrong_with_an_own_voice_is_said_when_it_is_asked_for(folder, own, why):
    arrays = {**prompt_arrays(1), **BROKEN[why]}
    kept = {key: array for key, array in arrays.items() if array is not None}
    np.savez(own / "odd.npz", **kept)
    voices = BarkVoices(folder, own)
    assert "odd" in voices.listed()
    with pytest.raises(EngineUnavailable, match=rf"odd.npz cannot be used: .*{why}"):
        voices.prompt("odd", "en")
    assert voices.prompt("", "en") is not None


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04 cut off"])
def test_a_file_that_is_no_archive_is_said_to_be_none(folder, own, content):
    (own / "odd.npz").write_bytes(content)
    with pytest.raises(EngineUnavailable, match=r"odd\.npz cannot be used"):
        BarkVoices(folder, own).prompt("odd", "en")


def test_a_broken_member_is_said_to_be_broken(folder, own):
    with zipfile.ZipFile(own / "odd.npz", "w") as archive:
        for key in prompt_arrays(1):
            archive.writestr(f"{key}.npy", b"\x93NUMPY nonsense")
    with pytest.raises(EngineUnavailable, match=r"odd\.npz cannot be used"):
        BarkVoices(folder, own).prompt("odd", "en")


def test_an_archive_that_unpacks_to_more_than_a_prompt_is_not_unpacked(folder, own):
    np.savez_compressed(own / "bomb.npz", semantic_prompt=np.zeros(4_000_000, dtype=np.int64))
    with pytest.raises(EngineUnavailable, match="larger than any prompt"):
        BarkVoices(folder, own).prompt("bomb", "en")


def test_a_broken_preset_is_said_to_be_broken(folder, own):
    file = folder / "speaker_embeddings" / "v2" / "en_speaker_6_coarse_prompt.npy"
    file.write_bytes(b"nonsense")
    with pytest.raises(EngineUnavailable, match=r"coarse_prompt\.npy cannot be used"):
        BarkVoices(folder, own).prompt("v2/en_speaker_6", "en")


@pytest.mark.parametrize("kind", [np.int32, np.uint16, np.int64])
def test_any_whole_numbers_will_do(folder, own, kind):
    np.savez(own / "me.npz", **{key: a.astype(kind) for key, a in prompt_arrays(1).items()})
    assert BarkVoices(folder, own).prompt("me", "en").coarse.dtype == np.int64
