"""A tiny checkpoint of Whisper in the hub's layout, its weights drawn at random."""

import json
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    PreTrainedTokenizerFast,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
)

LANGUAGES = ("en", "de", "no")

_SPECIAL = (
    *("<|endoftext|>", "<|startoftranscript|>", *(f"<|{each}|>" for each in LANGUAGES)),
    *("<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>"),
    "<|notimestamps|>",
)
_SENTENCE = "The quick brown fox said that nobody hears what the lazy dog has to say about it."


def whisper(folder: Path, seed: int = 0, *, is_multilingual: bool = True) -> Path:
    """Write it into `folder`.

    The weights of attention are multiplied: drawn at random they are so small that every take
    is heard alike, whatever is wrong. The end's is as well, so that rows end at lengths of their
    own.
    """
    folder.mkdir(parents=True, exist_ok=True)
    words = _tokenizer(folder)
    ids = {token: words.convert_tokens_to_ids(token) for token in _SPECIAL}
    _weights(seed, len(words), ids["<|endoftext|>"]).save_pretrained(folder)
    WhisperFeatureExtractor(feature_size=80).save_pretrained(folder)
    settings = {
        "is_multilingual": is_multilingual,
        "decoder_start_token_id": ids["<|startoftranscript|>"],
        "eos_token_id": ids["<|endoftext|>"],
        "pad_token_id": ids["<|endoftext|>"],
        "no_timestamps_token_id": ids["<|notimestamps|>"],
        "suppress_tokens": [ids["<|startoflm|>"], ids["<|startofprev|>"], ids["<|nospeech|>"]],
        "begin_suppress_tokens": [ids["<|endoftext|>"], len(words) - 1],
        "max_length": 448,
    }
    if is_multilingual:
        settings["lang_to_id"] = {f"<|{each}|>": ids[f"<|{each}|>"] for each in LANGUAGES}
        settings["task_to_id"] = {each: ids[f"<|{each}|>"] for each in ("transcribe", "translate")}
    (folder / "generation_config.json").write_text(json.dumps(settings))
    return folder


@torch.no_grad()
def _weights(seed: int, vocabulary: int, end: int) -> WhisperForConditionalGeneration:
    torch.manual_seed(seed)
    shape = {"d_model": 32, "decoder_start_token_id": end + 1, "max_target_positions": 448}
    for part in ("encoder", "decoder"):
        shape |= {f"{part}_layers": 2, f"{part}_attention_heads": 2, f"{part}_ffn_dim": 64}
    config = WhisperConfig(
        vocab_size=vocabulary,
        pad_token_id=end,
        bos_token_id=end,
        eos_token_id=end,
        **shape,
    )
    model = WhisperForConditionalGeneration(config).eval()
    for name, weights in model.named_parameters():
        if "attn" in name and name.endswith("weight"):
            weights.mul_(25)
        elif "embed_tokens" in name or "fc" in name or "conv" in name:
            weights.mul_(6)
    return model


def _tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    pieces = Tokenizer(models.BPE())
    pieces.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    pieces.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=300, initial_alphabet=alphabet, show_progress=False)
    pieces.train_from_iterator([_SENTENCE] * 3, trainer)
    words = PreTrainedTokenizerFast(
        tokenizer_object=pieces,
        eos_token="<|endoftext|>",
        bos_token="<|endoftext|>",
        unk_token="<|endoftext|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=list(_SPECIAL[1:]),
    )
    words.save_pretrained(folder)
    return words
