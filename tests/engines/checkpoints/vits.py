"""A tiny checkpoint of VITS as transformers saves it, its weights drawn at random."""

import json
from pathlib import Path

import torch
from transformers import VitsConfig, VitsModel, VitsTokenizer

LETTERS = "abcdefghijklmnopqrstuvwxyzäß '-"


def vits(
    folder: Path,
    seed: int = 0,
    boost: float = 8.0,
    *,
    speakers: int = 1,
    stochastic: bool = True,
    letters: str = LETTERS,
    **tokenizer: object,
) -> Path:
    """Write it into `folder`.

    `boost` multiplies the weights of attention: drawn at random they are so small that a wrong
    mask goes unseen.
    """
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    model = VitsModel(_config(len(letters) + 2, speakers, stochastic)).eval()
    for name, parameter in model.named_parameters():
        if "q_proj" in name or "k_proj" in name:
            parameter.data.mul_(boost)
        if "duration_predictor" in name and parameter.dim() > 1:
            parameter.data.mul_(2.0)
        if name == "decoder.conv_post.weight":
            parameter.data.mul_(0.5)
    model.save_pretrained(folder)
    vocabulary = {text: number for number, text in enumerate(["<pad>", *letters, "<unk>"])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    settings = {"language": "eng", "phonemize": False, **tokenizer}
    VitsTokenizer(str(folder / "vocab.json"), **settings).save_pretrained(folder)
    return folder


def _config(vocabulary: int, speakers: int, stochastic: bool) -> VitsConfig:
    return VitsConfig(
        vocab_size=vocabulary,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        ffn_dim=32,
        flow_size=16,
        spectrogram_bins=9,
        prior_encoder_num_wavenet_layers=2,
        prior_encoder_num_flows=2,
        posterior_encoder_num_wavenet_layers=1,
        duration_predictor_num_flows=2,
        duration_predictor_filter_channels=16,
        use_stochastic_duration_prediction=stochastic,
        upsample_initial_channel=16,
        upsample_rates=[8, 8],
        upsample_kernel_sizes=[16, 16],
        resblock_kernel_sizes=[3],
        resblock_dilation_sizes=[[1, 3]],
        num_speakers=speakers,
        speaker_embedding_size=8 if speakers > 1 else 0,
    )
