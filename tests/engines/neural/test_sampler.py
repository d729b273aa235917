"""The sampler draws the next token from what transformers' own processors leave."""

import pytest
import torch
from transformers import (
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from engines.sampling import OneChoice
from narrated.engines.neural.sampling_parameters import SamplingParameters

VOCABULARY = 60
HEARD = (3, 9, 41)


def left_by_transformers(logits, choice):
    processors = []
    if choice.repetition_penalty != 1:
        processors.append(RepetitionPenaltyLogitsProcessor(choice.repetition_penalty))
    processors.append(TemperatureLogitsWarper(choice.temperature))
    if choice.top_k:
        processors.append(TopKLogitsWarper(choice.top_k))
    if choice.top_p < 1:
        processors.append(TopPLogitsWarper(choice.top_p))
    for processor in processors:
        logits = processor(torch.tensor([HEARD]), logits)
    return logits


CHOICES = (
    SamplingParameters(0.8, 50, repetition_penalty=2.0, top_p=0.8),
    SamplingParameters(1.3, 0, repetition_penalty=5.0),
    SamplingParameters(0.4, 7, top_p=0.3),
    SamplingParameters(1.0, 0, top_p=0.999),
    SamplingParameters(0.7, 3),
)


@pytest.mark.parametrize("choice", CHOICES, ids=str)
def test_single_scores_match_upstream(choice):
    """A sequence is drawn from the same tokens as in transformers."""
    for seed in range(20):
        logits = 3 * torch.randn(1, VOCABULARY, generator=torch.Generator().manual_seed(seed))
        ours = OneChoice(logits, [choice], said=HEARD).scores()
        torch.testing.assert_close(ours, left_by_transformers(logits, choice))


def test_batch_scores_match_upstream():
    """Each sequence of a batch is drawn with its own parameters."""
    logits = 3 * torch.randn(len(CHOICES), VOCABULARY, generator=torch.Generator().manual_seed(5))
    together = OneChoice(logits, CHOICES, said=HEARD).scores()
    for row, choice in enumerate(CHOICES):
        alone = left_by_transformers(logits[row : row + 1], choice)
        torch.testing.assert_close(together[row : row + 1], alone)
