"""The catalogue: what is known by name, and which files of a repository are wanted."""

import pytest

from narrated.errors import NarratedError
from narrated.models.catalogue import (
    detect_layout,
    find_model,
    is_repository,
    is_safe_path,
    known_models,
    select_files,
    usage_lines,
    with_parts,
)

TORTOISE = ("autoregressive.pth", "clvp2.pth", "diffusion_decoder.pth", "vocoder.pth")
PLAIN = ("config.json", "tokenizer.json")


def test_entries_are_complete() -> None:
    """Every catalogue entry has the fields that a user chooses by."""
    for each in known_models():
        assert is_repository(each.repository)
        assert each.about and each.licence and each.usage
        assert each.does in ("speech", "caption", "hearing")


def test_name_or_repository() -> None:
    """A model is found by its name and by its repository."""
    assert find_model("bark").repository == "suno/bark"
    assert find_model("suno/bark") is find_model("bark")


def test_uncatalogued_repository() -> None:
    """A repository outside of the catalogue may be pulled."""
    assert find_model("somebody/something-1.5").name == ""
    lines = usage_lines(find_model("somebody/something-1.5"), PLAIN)
    assert lines[0].startswith(
        "engines: {mine: {like: blip, options: {model: somebody/something-1.5}}}"
    )


def test_voices_of_piper() -> None:
    """A voice of Piper's is found by its name, in the catalogue or not; `piper` is the usual."""
    usual, other = find_model("piper"), find_model("vi_VN-vais1000-medium")
    assert usual is find_model("en_US-ljspeech-medium") is find_model(usual.repository)
    assert usual.origin == ("rhasspy/piper-voices", "en/en_US/ljspeech/medium")
    assert other.origin == ("rhasspy/piper-voices", "vi/vi_VN/vais1000/medium")
    assert other.repository == "piper/vi_VN-vais1000-medium"
    assert find_model("suno/bark").origin == ("suno/bark", "")
    assert usage_lines(other, ()) == ("speech: {engine: piper, voice: vi_VN-vais1000-medium}",)
    with pytest.raises(NarratedError) as refused:
        find_model("rhasspy/piper-voices")
    assert "narrated models pull en_US-" in refused.value.remedy
    own = ("anna.onnx", "anna.onnx.json", "README.md")
    assert select_files(find_model("somebody/anna"), own) == own[:2]


def test_parts_come_with_a_model() -> None:
    """A model that needs another repository is pulled with it."""
    speech, sound = with_parts("pocket-tts")
    assert (speech.name, sound.repository) == ("pocket-tts", "eustlb/pocket-tts-audio-tokenizer")
    assert [each.name for each in with_parts("bark")] == ["bark"]


@pytest.mark.parametrize("name", ["bork", "../etc", "a/../b", "a/b/c", "/etc/passwd", "a/.b", ""])
def test_unknown_name_refused(name: str) -> None:
    """A name that is neither model nor repository is refused with the known names."""
    with pytest.raises(NarratedError) as refused:
        find_model(name)
    assert "bark" in refused.value.remedy
    assert "owner/name" in refused.value.remedy


def test_safetensors_preferred() -> None:
    """Safetensors are selected, and pickles are not."""
    names = (*PLAIN, "model.safetensors", "pytorch_model.bin", "tf_model.h5", "flax_model.msgpack")
    assert select_files(find_model("blip"), names) == (
        "config.json",
        "model.safetensors",
        "tokenizer.json",
    )


def test_pickle_as_last_choice() -> None:
    """A pickle is selected if there are no safetensors."""
    names = (*PLAIN, "pytorch_model.bin", "text.pt")
    assert select_files(find_model("blip"), names) == (
        "config.json",
        "pytorch_model.bin",
        "tokenizer.json",
    )


def test_sharded_weights() -> None:
    """Weights in several files are selected with their index."""
    shards = [f"model-0000{number}-of-00002.safetensors" for number in (1, 2)]
    names = (*PLAIN, *shards, "model.safetensors.index.json", "model.fp16.safetensors")
    assert set(select_files(find_model("blip"), names)) == {
        *PLAIN,
        *shards,
        "model.safetensors.index.json",
    }


def test_voices_only_with_bark() -> None:
    """Voice files are selected for Bark only."""
    voice = "speaker_embeddings/v2/en_speaker_6_fine_prompt.npy"
    names = (*PLAIN, "pytorch_model.bin", voice, "speaker_embeddings/notes.md", "other/x.npy")
    assert voice in select_files(find_model("bark"), names)
    assert voice not in select_files(find_model("blip"), names)
    assert not {"speaker_embeddings/notes.md", "other/x.npy"} & set(
        select_files(find_model("bark"), names)
    )


def test_unsafe_files_left_out() -> None:
    """Code, and names that leave the folder, are never selected."""
    bad = (
        "modeling.py",
        "speaker_embeddings/../../../x.npy",
        "/x_config.json",
        ".hidden_config.json",
        "a\n_config.json",
    )
    assert not set(bad) & set(select_files(find_model("bark"), (*PLAIN, "pytorch_model.bin", *bad)))
    assert not any(is_safe_path(name) for name in bad[1:])


@pytest.mark.parametrize(
    ("names", "lack"),
    [(("model.safetensors",), "no config.json"), (("config.json", "model.gguf"), "no weights")],
)
def test_no_model_refused(names: tuple[str, ...], lack: str) -> None:
    """A repository without a model is refused, with the missing files."""
    with pytest.raises(NarratedError, match=lack):
        select_files(find_model("somebody/something"), names)


@pytest.mark.parametrize("name", ["tortoise", "somebody/finetune"])
def test_tortoise_files(name: str) -> None:
    """Tortoise is its four files, from any repository."""
    others = (
        "rlg_auto.pth",
        "cvvp.pth",
        "README.md",
        "old/vocoder.pth",
        *PLAIN,
        "model.safetensors",
    )
    assert select_files(find_model(name), (*TORTOISE, *others)) == TORTOISE


def test_tortoise_fork_usage() -> None:
    """A fork of Tortoise is configured like Tortoise."""
    assert usage_lines(find_model("somebody/finetune"), TORTOISE) == (
        "engines: {mine: {like: tortoise, options: {model: somebody/finetune}}}",
        "speech: {engine: mine, voice: …}",
    )
    assert usage_lines(find_model("tortoise"), TORTOISE) == (
        "speech: {engine: tortoise, voice: …}",
    )


def test_partial_tortoise_refused() -> None:
    """A repository with some of Tortoise's files is refused, with the missing ones."""
    with pytest.raises(NarratedError, match=r"is no Tortoise: it has no clvp2\.pth and no vocoder"):
        select_files(find_model("somebody/finetune"), TORTOISE[::2])


@pytest.mark.parametrize("missing", TORTOISE)
def test_layout_needs_every_file(missing: str) -> None:
    """Files form a layout only if none of its identifying files is missing."""
    assert detect_layout(TORTOISE) is not None
    assert detect_layout(set(TORTOISE) - {missing}) is None


WHISPER = ("config.json", "normalizer.json", "preprocessor_config.json", "generation_config.json")
WHISPER += ("merges.txt", "model.safetensors", "tokenizer.json", "vocab.json")
OTHER_FORMS = (
    *("flax_model.msgpack", "model.fp32-00001-of-00002.safetensors", "pytorch_model.bin"),
    *("model.safetensors.index.fp32.json", "README.md", "tf_model.h5"),
)
FASTER = ("config.json", "model.bin", "tokenizer.json", "vocabulary.txt")


@pytest.mark.parametrize("name", ["whisper-large-v3", "somebody/whisper-of-mine"])
def test_whisper_files_selected(name: str) -> None:
    """Whisper's spellings and features belong to it, and its weights once."""
    assert select_files(find_model(name), (*WHISPER, *OTHER_FORMS)) == tuple(sorted(WHISPER))


@pytest.mark.parametrize("name", ["faster-whisper", "somebody/faster-whisper"])
def test_faster_whisper_files_selected(name: str) -> None:
    """A Whisper of CTranslate2 is pulled as what it is, and used by its own engine."""
    assert select_files(find_model(name), (*FASTER, "README.md")) == tuple(sorted(FASTER))
    (first, *_) = usage_lines(find_model("somebody/faster-whisper"), FASTER)
    assert first.startswith("engines: {mine: {like: faster-whisper,")
