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
)

TORTOISE = ("autoregressive.pth", "clvp2.pth", "diffusion_decoder.pth", "vocoder.pth")
PLAIN = ("config.json", "tokenizer.json")


def test_every_entry_says_what_a_person_chooses_by() -> None:
    for each in known_models():
        assert is_repository(each.repository)
        assert each.about and each.licence and each.usage
        assert each.does in ("speech", "caption")


def test_a_model_is_found_by_name_and_by_repository() -> None:
    assert find_model("bark").repository == "suno/bark"
    assert find_model("suno/bark") is find_model("bark")


def test_any_other_repository_may_be_pulled() -> None:
    assert find_model("somebody/something-1.5").name == ""
    lines = usage_lines(find_model("somebody/something-1.5"), PLAIN)
    assert lines[0].startswith(
        "engines: {mine: {like: blip, options: {model: somebody/something-1.5}}}"
    )


@pytest.mark.parametrize("name", ["bork", "../etc", "a/../b", "a/b/c", "/etc/passwd", "a/.b", ""])
def test_what_is_neither_is_refused_with_what_there_is(name: str) -> None:
    with pytest.raises(NarratedError) as refused:
        find_model(name)
    assert "bark" in refused.value.remedy
    assert "owner/name" in refused.value.remedy


def test_safetensors_are_taken_and_pickles_left() -> None:
    names = (*PLAIN, "model.safetensors", "pytorch_model.bin", "tf_model.h5", "flax_model.msgpack")
    assert select_files(find_model("blip"), names) == (
        "config.json",
        "model.safetensors",
        "tokenizer.json",
    )


def test_a_pickle_is_taken_where_there_is_nothing_better() -> None:
    names = (*PLAIN, "pytorch_model.bin", "text.pt")
    assert select_files(find_model("blip"), names) == (
        "config.json",
        "pytorch_model.bin",
        "tokenizer.json",
    )


def test_weights_in_several_files_come_with_their_index() -> None:
    shards = [f"model-0000{number}-of-00002.safetensors" for number in (1, 2)]
    names = (*PLAIN, *shards, "model.safetensors.index.json", "model.fp16.safetensors")
    assert set(select_files(find_model("blip"), names)) == {
        *PLAIN,
        *shards,
        "model.safetensors.index.json",
    }


def test_voices_below_belong_to_bark_alone() -> None:
    voice = "speaker_embeddings/v2/en_speaker_6_fine_prompt.npy"
    names = (*PLAIN, "pytorch_model.bin", voice, "speaker_embeddings/notes.md", "other/x.npy")
    assert voice in select_files(find_model("bark"), names)
    assert voice not in select_files(find_model("blip"), names)
    assert not {"speaker_embeddings/notes.md", "other/x.npy"} & set(
        select_files(find_model("bark"), names)
    )


def test_code_and_names_that_lead_elsewhere_are_never_wanted() -> None:
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
def test_a_repository_that_holds_no_model_is_refused(names: tuple[str, ...], lack: str) -> None:
    with pytest.raises(NarratedError, match=lack):
        select_files(find_model("somebody/something"), names)


@pytest.mark.parametrize("name", ["tortoise", "somebody/finetune"])
def test_tortoise_is_its_four_files_wherever_it_comes_from(name: str) -> None:
    others = (
        "rlg_auto.pth",
        "cvvp.pth",
        "README.md",
        "old/vocoder.pth",
        *PLAIN,
        "model.safetensors",
    )
    assert select_files(find_model(name), (*TORTOISE, *others)) == TORTOISE


def test_a_fork_of_tortoise_is_used_like_tortoise() -> None:
    assert usage_lines(find_model("somebody/finetune"), TORTOISE) == (
        "engines: {mine: {like: tortoise, options: {model: somebody/finetune}}}",
        "speech: {engine: mine, voice: …}",
    )
    assert usage_lines(find_model("tortoise"), TORTOISE) == (
        "speech: {engine: tortoise, voice: …}",
    )


def test_a_repository_with_a_part_of_tortoise_is_told_what_it_lacks() -> None:
    with pytest.raises(NarratedError, match=r"is no Tortoise: it has no clvp2\.pth and no vocoder"):
        select_files(find_model("somebody/finetune"), TORTOISE[::2])


@pytest.mark.parametrize("missing", TORTOISE)
def test_what_lacks_any_file_of_a_kind_is_not_of_it(missing: str) -> None:
    assert detect_layout(TORTOISE) is not None
    assert detect_layout(set(TORTOISE) - {missing}) is None
