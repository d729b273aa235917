"""The results of transformers' own `generate` for one row, by stage and as a whole."""

import torch
from transformers.models.bark.generation_configuration_bark import (
    BarkCoarseGenerationConfig,
    BarkFineGenerationConfig,
    BarkSemanticGenerationConfig,
)


def _configs(model):
    written = model.generation_config
    return (
        BarkSemanticGenerationConfig(**written.semantic_config),
        BarkCoarseGenerationConfig(**written.coarse_acoustics_config),
        BarkFineGenerationConfig(**written.fine_acoustics_config),
    )


def history(prompt):
    if prompt is None:
        return None
    return {
        f"{stage}_prompt": torch.from_numpy(getattr(prompt, stage))
        for stage in ("semantic", "coarse", "fine")
    }


def padded(words):
    """Ids and mask, (1, 256) each, as transformers' processor makes them."""
    ids, mask = torch.zeros(1, 256, dtype=torch.int64), torch.zeros(1, 256, dtype=torch.int64)
    ids[0, : len(words)] = torch.tensor(words)
    mask[0, : len(words)] = 1
    return ids, mask


def semantic(model, request, **wishes):
    config, _, _ = _configs(model)
    ids, mask = padded(request.words)
    said = model.semantic.generate(
        ids, config, history_prompt=history(request.prompt), attention_mask=mask, **wishes
    )
    return [token for token in said[0].tolist() if token != config.eos_token_id]


def coarse(model, request):
    first, second, _ = _configs(model)
    said = model.coarse_acoustics.generate(
        torch.tensor([request.semantic]), first, second, history_prompt=history(request.prompt)
    )
    return said[0].tolist()


def fine(model, request):
    made = model.fine_acoustics.generate(
        torch.tensor([request.coarse]), *_configs(model), history_prompt=history(request.prompt)
    )
    return made[0].tolist()


def whole(model, request):
    """The samples, (samples,), as floats."""
    ids, mask = padded(request.words)
    return model.generate(ids, history_prompt=history(request.prompt), attention_mask=mask)[0]
