"""Tokens are drawn from the distribution that transformers draws from."""

import dataclasses

import pytest
import torch
from transformers.generation.logits_process import LogitsProcessorList

from engines.bark import upstream
from engines.bark.stage_driver import tokens
from engines.sampling import OneChoice
from narrated.engines.bark.coarse import CoarseStage
from narrated.engines.bark.semantic import SemanticStage
from narrated.engines.neural.sampler import draw
from narrated.engines.neural.sampling_parameters import SamplingParameters

END = 10_000


@pytest.fixture
def processed(monkeypatch):
    """Pass scores through transformers' processors, for every token."""
    seen = []
    own = LogitsProcessorList.__call__

    def spy(self, ids, raw, **named):
        before = raw.clone()
        after = own(self, ids, raw, **named)
        seen.append((before, after))
        return after

    monkeypatch.setattr(LogitsProcessorList, "__call__", spy)
    return seen


def test_semantic_scores_match_upstream(sampling, processed):
    """Semantic scores are the same as in transformers."""
    request = sampling.request("1", "Hello, my dog is cute.")
    torch.manual_seed(0)
    upstream.semantic(sampling.module, request, min_eos_p=None)
    assert len(processed) > 5
    choice = dataclasses.replace(request.sampling.semantic, min_eos_p=0.0)
    _same_scores(sampling, choice, processed)


def test_end_priority_matches_upstream(sampling, processed):
    """The end has the same priority as in transformers."""
    request = sampling.request("1", "Hello, my dog is cute.")
    torch.manual_seed(0)
    upstream.semantic(sampling.module, request, min_eos_p=None)
    likeliest = max(raw[0, : END + 1].softmax(-1)[END].item() for raw, _ in processed)
    processed.clear()
    torch.manual_seed(0)
    upstream.semantic(sampling.module, request, min_eos_p=0.99 * likeliest)
    assert processed[-1][1].softmax(-1)[0, END] == 1
    assert processed[0][1].softmax(-1)[0, END] < 1
    choice = dataclasses.replace(request.sampling.semantic, min_eos_p=0.99 * likeliest)
    _same_scores(sampling, choice, processed)


def _same_scores(bench, choice, processed):
    (allowed,) = SemanticStage(bench.generation, 1024)._allowed(10_048)
    for raw, expected in processed:
        said = OneChoice(raw, [choice], allowed=allowed, end=END).scores()
        torch.testing.assert_close(said.softmax(-1), expected.softmax(-1))


def test_coarse_scores_match_upstream(sampling, processed):
    """Coarse scores are the same as in transformers."""
    request = sampling.request("1", "x", semantic=tokens(6))
    torch.manual_seed(0)
    upstream.coarse(sampling.module, request)
    allowed = list(CoarseStage(sampling.generation)._allowed(12_096))
    choices = [request.sampling.coarse]
    assert len(processed) == 18
    for index, (raw, expected) in enumerate(processed):
        said = OneChoice(raw, choices, allowed=allowed[index % 2]).scores()
        torch.testing.assert_close(said.softmax(-1), expected.softmax(-1))


def test_batch_keeps_own_parameters():
    """Each sequence of a batch is sampled with its own parameters."""
    logits = torch.randn(4, 50, generator=torch.Generator().manual_seed(1)) * 2
    wishes = [
        SamplingParameters(0.0, 3),
        SamplingParameters(0.5, 0),
        SamplingParameters(1.5, 7),
        SamplingParameters(0.7, 1, min_eos_p=1e-9),
    ]
    together = OneChoice(logits, wishes, end=49, uniform=0.9)
    said, picked = together.scores(), together.tokens()
    assert said.isfinite().sum(-1).tolist() == [3, 50, 7, 1]
    assert picked[0] == logits[0].argmax() and picked[3] == 49
    for index, wish in enumerate(wishes):
        alone = OneChoice(logits[index : index + 1], [wish], end=49, uniform=0.9)
        assert torch.equal(alone.scores()[0], said[index])
        assert alone.tokens() == picked[index]


def test_draws_follow_probability():
    """Evenly spread draws choose tokens by their probability."""
    said = torch.tensor([[0.0, 1.0, -float("inf"), 2.0, -float("inf")]])
    draws = (torch.arange(10_000, dtype=torch.float64) + 0.5) / 10_000
    counts = draw(said.expand(10_000, -1), draws).bincount(minlength=5) / 10_000
    torch.testing.assert_close(counts, said[0].softmax(-1), atol=1e-4, rtol=0)


def test_edge_draws_pick_allowed_tokens():
    """Draws at the edges choose tokens that are allowed."""
    said = torch.tensor([[-float("inf"), 0.0, 1.0, -float("inf")]]).expand(2, -1)
    edges = torch.tensor([0.0, 1 - 2**-53], dtype=torch.float64)
    assert draw(said, edges).tolist() == [1, 2]


def test_nan_scores_stay_in_range():
    """Scores that are not numbers still give an index in range."""
    assert 0 <= draw(torch.full((1, 5), float("nan")), torch.tensor([0.5]).double()) < 5
