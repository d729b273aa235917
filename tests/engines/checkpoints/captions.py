"""Tiny captioners of every family, of random weights, saved as their real checkpoints are.

Attention's weights are multiplied, so that whatever a row attends to shows in what it says: with
the small ones that random weights are, rows say the same whether or not a mask is right.
"""

import json
from pathlib import Path
from typing import Any

import torch
import transformers as T
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

ATTENTION, OTHER = 25.0, 4.0

SMALL = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}
VISION = {**SMALL, "image_size": 64, "patch_size": 16, "initializer_range": 0.02}
SQUARE = {"height": 64, "width": 64}

_SENTENCE = "a photo of a dog sitting on the grass with a ball."
_ATTENTION = ("attn", "attention")


def blip(folder: Path, seed: int = 0) -> Path:
    words = bert_tokenizer(folder)
    text = {
        **SMALL,
        "vocab_size": len(words),
        "encoder_hidden_size": 32,
        "projection_dim": 16,
        "bos_token_id": 5,
        "sep_token_id": 3,
        "eos_token_id": 3,
        "pad_token_id": 0,
        "is_decoder": True,
    }
    config = T.BlipConfig(text_config=text, vision_config=VISION, projection_dim=16)
    _save(lambda: T.BlipForConditionalGeneration(config), folder, seed)
    T.BlipProcessor(T.BlipImageProcessor(size=SQUARE), words).save_pretrained(folder)
    return folder


def blip2(folder: Path, seed: int = 0) -> Path:
    tokens = _pieces(["<pad>", "</s>", "<image>", "<s>"], pad="<pad>", eos="</s>", bos="<s>")
    text = {
        "model_type": "opt",
        "vocab_size": len(tokens),
        "hidden_size": 32,
        "ffn_dim": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "word_embed_proj_dim": 32,
        "max_position_embeddings": 128,
        "pad_token_id": 0,
        "bos_token_id": 3,
        "eos_token_id": 1,
    }
    config = T.Blip2Config(
        vision_config=VISION,
        qformer_config={**SMALL, "encoder_hidden_size": 32, "vocab_size": len(tokens)},
        text_config=text,
        num_query_tokens=4,
        image_token_index=tokens.convert_tokens_to_ids("<image>"),
    )
    _save(lambda: T.Blip2ForConditionalGeneration(config), folder, seed)
    images = T.BlipImageProcessor(size=SQUARE)
    T.Blip2Processor(images, tokens, num_query_tokens=4).save_pretrained(folder)
    return folder


def git(folder: Path, seed: int = 0) -> Path:
    words = bert_tokenizer(folder)
    config = T.GitConfig(
        **SMALL,
        vocab_size=len(words),
        pad_token_id=0,
        bos_token_id=2,
        eos_token_id=3,
        vision_config={**SMALL, "image_size": 32, "patch_size": 8},
    )
    _save(lambda: T.GitForCausalLM(config), folder, seed)
    images = T.CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    T.GitProcessor(images, words).save_pretrained(folder)
    return folder


def florence2(folder: Path, seed: int = 0) -> Path:
    tokens = _pieces(
        ["<s>", "<pad>", "</s>", "<unk>", "<image>"],
        bos="<s>",
        pad="<pad>",
        eos="</s>",
        unk="<unk>",
        image="<image>",
    )
    vision = {
        "embed_dim": [16, 16],
        "depths": [1, 1],
        "patch_size": [7, 3],
        "patch_stride": [4, 2],
        "patch_padding": [3, 1],
        "patch_prenorm": [False, True],
        "num_heads": [2, 2],
        "num_groups": [2, 2],
        "window_size": 4,
        "projection_dim": 32,
    }
    text = {
        "model_type": "bart",
        "vocab_size": len(tokens),
        "d_model": 32,
        "encoder_layers": 2,
        "decoder_layers": 2,
        "encoder_attention_heads": 2,
        "decoder_attention_heads": 2,
        "encoder_ffn_dim": 64,
        "decoder_ffn_dim": 64,
        "bos_token_id": 0,
        "pad_token_id": 1,
        "eos_token_id": 2,
        "decoder_start_token_id": 2,
    }
    image = tokens.convert_tokens_to_ids("<image>")
    config = T.Florence2Config(image_token_id=image, vision_config=vision, text_config=text)
    _save(lambda: T.Florence2ForConditionalGeneration(config), folder, seed)
    images = T.CLIPImageProcessor(
        size=SQUARE, crop_size=SQUARE, do_center_crop=False, image_seq_length=65
    )
    T.Florence2Processor(image_processor=images, tokenizer=tokens).save_pretrained(folder)
    return folder


def smolvlm(folder: Path, seed: int = 0) -> Path:
    """As on the hub: parts that name the processor for videos too."""
    special = [
        *("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<fake_token_around_image>", "<image>"),
        *("<end_of_utterance>", "<global-img>"),
        *(f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7)),
    ]
    tokens = _pieces(special, pad="<|im_end|>", eos="<end_of_utterance>", bos="<|im_start|>")
    text = {
        **SMALL,
        "model_type": "llama",
        "vocab_size": len(tokens),
        "num_key_value_heads": 2,
        "pad_token_id": 2,
        "bos_token_id": 1,
        "eos_token_id": 5,
    }
    config = T.SmolVLMConfig(
        image_token_id=tokens.convert_tokens_to_ids("<image>"),
        scale_factor=2,
        pad_token_id=2,
        vision_config=VISION,
        text_config=text,
    )
    _save(lambda: T.SmolVLMForConditionalGeneration(config), folder, seed)
    tokens.save_pretrained(folder)
    _write(
        folder / "preprocessor_config.json",
        {
            **T.Idefics3ImageProcessor(
                size={"longest_edge": 128}, max_image_size={"longest_edge": 64}
            ).to_dict(),
            "image_processor_type": "SmolVLMImageProcessor",
            "processor_class": "SmolVLMProcessor",
        },
    )
    _write(
        folder / "processor_config.json",
        {"image_seq_len": 4, "processor_class": "SmolVLMProcessor"},
    )
    template = (
        "<|im_start|>{% for m in messages %}{{m['role'] | capitalize}}:{% for l in m['content'] %}"
        "{% if l['type']=='text' %}{{l['text']}}{% elif l['type']=='image' %}{{ '<image>' }}"
        "{% endif %}{% endfor %}<end_of_utterance>\n{% endfor %}"
        "{% if add_generation_prompt %}Assistant:{% endif %}"
    )
    _write(folder / "chat_template.json", {"chat_template": template})
    return folder


def qwen3_vl(folder: Path, seed: int = 0) -> Path:
    """As on the hub: an image processor that names the processor for videos too."""
    special = [
        *("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>"),
        *("<|image_pad|>", "<|video_pad|>"),
    ]
    tokens = _pieces(
        special, pad="<|endoftext|>", eos="<|im_end|>", image="<|image_pad|>", video="<|video_pad|>"
    )
    number = tokens.convert_tokens_to_ids
    text = {
        **SMALL,
        "vocab_size": len(tokens),
        "num_key_value_heads": 2,
        "head_dim": 16,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 10000.0,
            "mrope_section": [4, 2, 2],
            "mrope_interleaved": True,
        },
        "bos_token_id": 0,
        "eos_token_id": 2,
        "pad_token_id": 0,
    }
    vision = {
        "depth": 2,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_heads": 2,
        "out_hidden_size": 32,
        "patch_size": 16,
        "spatial_merge_size": 2,
        "deepstack_visual_indexes": [0],
        "num_position_embeddings": 64,
    }
    config = T.Qwen3VLConfig(
        text_config=text,
        vision_config=vision,
        image_token_id=number("<|image_pad|>"),
        video_token_id=number("<|video_pad|>"),
        vision_start_token_id=number("<|vision_start|>"),
        vision_end_token_id=number("<|vision_end|>"),
    )
    _save(lambda: T.Qwen3VLForConditionalGeneration(config), folder, seed)
    tokens.chat_template = (
        "{% for m in messages %}<|im_start|>{{m['role']}}\n{% for l in m['content'] %}"
        "{% if l['type']=='image' %}<|vision_start|><|image_pad|><|vision_end|>"
        "{% elif 'text' in l %}{{l['text']}}{% endif %}{% endfor %}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    tokens.save_pretrained(folder)
    images = T.Qwen2VLImageProcessor(
        patch_size=16, merge_size=2, size={"shortest_edge": 3136, "longest_edge": 36864}
    )
    _write(
        folder / "preprocessor_config.json",
        {
            **images.to_dict(),
            "image_processor_type": "Qwen2VLImageProcessor",
            "processor_class": "Qwen3VLProcessor",
        },
    )
    return folder


def vit_gpt2(folder: Path, seed: int = 0) -> Path:
    end = "<|endoftext|>"
    tokens = _pieces([end], bos=end, eos=end, pad=end)
    encoder = T.ViTConfig(**VISION)
    decoder = T.GPT2Config(
        vocab_size=len(tokens),
        n_embd=32,
        n_layer=2,
        n_head=2,
        add_cross_attention=True,
        is_decoder=True,
        bos_token_id=0,
        eos_token_id=0,
    )
    config = T.VisionEncoderDecoderConfig.from_encoder_decoder_configs(encoder, decoder)
    config.decoder_start_token_id = config.pad_token_id = config.eos_token_id = 0
    _save(lambda: T.VisionEncoderDecoderModel(config), folder, seed)
    T.ViTImageProcessor(size=SQUARE).save_pretrained(folder)
    tokens.save_pretrained(folder)
    return folder


FAMILIES = {
    "blip": blip,
    "blip2": blip2,
    "git": git,
    "florence2": florence2,
    "smolvlm": smolvlm,
    "qwen3_vl": qwen3_vl,
    "vit_gpt2": vit_gpt2,
}


def _save(make: Any, folder: Path, seed: int) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        module = make()
    with torch.no_grad():
        for name, weight in module.named_parameters():
            if weight.dim() > 1 and ("embed" not in name or "patch" in name):
                weight.mul_(ATTENTION if any(part in name for part in _ATTENTION) else OTHER)
    module.save_pretrained(folder)


def _pieces(special: list[str], image: str = "", video: str = "", **named: str) -> Any:
    """A tokenizer of pieces of words, learnt from one sentence."""
    tokens = Tokenizer(models.BPE())
    tokens.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokens.decoder = decoders.ByteLevel()
    letters = pre_tokenizers.ByteLevel.alphabet()
    learner = trainers.BpeTrainer(
        vocab_size=600, initial_alphabet=letters, special_tokens=special, show_progress=False
    )
    tokens.train_from_iterator([_SENTENCE] * 3, learner)
    extra = {"image_token": image, "video_token": video}
    return T.PreTrainedTokenizerFast(
        tokenizer_object=tokens,
        extra_special_tokens={name: token for name, token in extra.items() if token},
        **{f"{name}_token": token for name, token in named.items()},
    )


def bert_tokenizer(folder: Path) -> Any:
    """A tokenizer of letters and a few words, as BERT has it."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789.,"
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[DEC]", "[ENC]"]
    words = ["photo", "of", "dog", "cat", "on", "the"]
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = folder / "vocab.txt"
    lines = [*special, *letters, *(f"##{letter}" for letter in letters), *words]
    vocabulary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return T.BertTokenizerFast(vocab=str(vocabulary))


def _write(file: Path, content: dict[str, Any]) -> None:
    file.write_text(json.dumps(content, indent=2), encoding="utf-8")
