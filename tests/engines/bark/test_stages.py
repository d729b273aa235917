"""Each stage gives a row what transformers' own `generate` gives it alone, in any company.

The checkpoint's attention weights are boosted, so that a position which is seen by mistake, or
missed, changes the codes.
"""

import dataclasses

import numpy as np
import pytest
import torch

from engines.bark import upstream
from engines.bark.stage_driver import BarkDriver, Sound, codes, copied, prompt, tokens
from engines.stage_driver import finished
from narrated.engines.bark.coarse import CoarseStage
from narrated.engines.bark.codec import CodecStage
from narrated.engines.bark.fine import FineStage
from narrated.engines.bark.semantic import SemanticStage
from narrated.engines.neural.length_limit import limit_tokens

TEXTS = (
    "Hello, my dog is cute.",
    "of the",
    "The cat [laughs] and the world, all of it, is mine; or is it? ♪",
    "world",
    "a b c d e f g",
)
PROMPTS = (None, prompt(1), None, prompt(2, seconds=2.0), prompt(3, seconds=9.0))
SEMANTIC_LENGTHS = (24, 2, 45, 7, 40)
FRAMES = (30, 4, 600, 75, 520)


def semantic(bench):
    return SemanticStage(bench.generation, bench.checkpoint.block_size)


def texts(bench):
    return [bench.request(str(i), text, PROMPTS[i], seed=10 + i) for i, text in enumerate(TEXTS)]


def with_semantic(bench):
    return [
        bench.request(str(i), "x", PROMPTS[i], seed=i, semantic=tokens(length, seed=i))
        for i, length in enumerate(SEMANTIC_LENGTHS)
    ]


def with_coarse(bench):
    return [
        bench.request(str(i), "x", PROMPTS[i], seed=i, semantic=[1], coarse=coarse_codes(frames, i))
        for i, frames in enumerate(FRAMES)
    ]


def coarse_codes(frames, seed):
    both = np.random.default_rng(seed).integers(0, 1024, (frames, 2))
    return (both + np.array([10_000, 11_024])).reshape(-1).tolist()


def each_alone(bench, stage, requests):
    """The requests, each alone through the stage."""
    for request in requests:
        bench.through(stage(), [request])
    return requests


@pytest.fixture(scope="module")
def semantic_alone(greedy):
    return each_alone(greedy, lambda: semantic(greedy), texts(greedy))


@pytest.fixture(scope="module")
def coarse_alone(greedy):
    return each_alone(greedy, lambda: CoarseStage(greedy.generation), with_semantic(greedy))


@pytest.fixture(scope="module")
def fine_alone(greedy):
    return each_alone(greedy, lambda: FineStage(greedy.generation), with_coarse(greedy))


@pytest.fixture(scope="module")
def sampled_alone(sampling):
    requests = texts(sampling)
    for request in requests:
        sampling.spoken([request])
    return requests


def test_semantic_matches_upstream(greedy, semantic_alone):
    """Semantic tokens are the same as those of transformers."""
    requests = semantic_alone
    for request in requests:
        assert request.semantic == upstream.semantic(greedy.module, request)
    assert len({len(request.semantic) for request in requests}) > 2, (
        "rows of one length show little"
    )
    assert len({tuple(request.semantic) for request in requests}) == len(requests)


def test_semantic_ignores_the_batch(greedy, semantic_alone):
    """Semantic tokens are the same in a batch as alone."""
    together = texts(greedy)
    greedy.through(semantic(greedy), together, width=2)  # so that rows join where others are on
    for request, alone in zip(together, semantic_alone, strict=True):
        assert request.semantic == alone.semantic


def test_coarse_matches_upstream(greedy, coarse_alone):
    """Coarse codes are the same as those of transformers."""
    for request in coarse_alone:
        assert request.coarse == upstream.coarse(greedy.module, request)


def test_coarse_ignores_the_batch(greedy, coarse_alone):
    """Coarse codes are the same in a batch as alone."""
    together = with_semantic(greedy)
    greedy.through(CoarseStage(greedy.generation), together, width=3)
    for request, alone in zip(together, coarse_alone, strict=True):
        assert request.coarse == alone.coarse


def test_long_coarse_matches_upstream(greedy, monkeypatch):
    """Coarse codes longer than the history are the same as those of transformers."""
    history = 120  # the published 630 take five times as long to exceed
    theirs = greedy.module.generation_config.coarse_acoustics_config
    monkeypatch.setitem(theirs, "max_coarse_history", history)
    monkeypatch.setattr(greedy.generation.coarse, "max_coarse_history", history)
    request = greedy.request("1", "x", semantic=tokens(45))
    greedy.through(CoarseStage(greedy.generation), [request])
    assert len(request.coarse) > history
    assert request.coarse == upstream.coarse(greedy.module, request)


@pytest.mark.parametrize("index", range(len(FRAMES)))
def test_fine_matches_upstream(greedy, fine_alone, index):
    """Fine codes are the same as those of transformers."""
    request = fine_alone[index]
    assert request.fine.tolist() == upstream.fine(greedy.module, request)


@pytest.mark.parametrize(("frames", "voice"), [(1030, None), (1154, prompt(4, seconds=8.0))])
def test_fine_windows_match_upstream(greedy, frames, voice):
    """Fine codes of several windows are the same as those of transformers."""
    request = greedy.request("1", "x", voice, semantic=[1], coarse=coarse_codes(frames, 7))
    greedy.through(FineStage(greedy.generation), [request])
    assert request.fine.tolist() == upstream.fine(greedy.module, request)


def test_fine_ignores_the_batch(greedy, fine_alone):
    """Fine codes are the same in a batch as alone."""
    together = with_coarse(greedy)
    greedy.through(FineStage(greedy.generation), together, width=4)
    for request, alone in zip(together, fine_alone, strict=True):
        assert torch.equal(request.fine, alone.fine)


@pytest.mark.parametrize("index", [0, 1])
def test_sound_matches_upstream(greedy, index):
    """A whole request sounds the same as in transformers."""
    request = texts(greedy)[index]
    outcome = greedy.spoken([request])[request.id]
    expected = upstream.whole(greedy.module, request).clamp(-1, 1).numpy() * 32767
    heard = np.frombuffer(outcome.pcm, dtype="<i2")
    assert heard.shape == expected.shape
    assert np.abs(heard - expected).max() <= 1
    assert np.abs(heard).max() > 0
    assert outcome.sample_rate == 24_000


def test_codec_ignores_the_batch(greedy, sampling):
    """Padding behind a request changes nothing of its sound, not even of one shorter than the
    decoder's first window, whose begin is mirrored beyond its end."""
    drawn = torch.Generator().manual_seed(1)
    frames = (40, 3, 1, 301, 7, 150)
    fine = [torch.randint(0, 1024, (8, count), generator=drawn) for count in frames]
    for bench in (greedy, sampling):
        together = [bench.request(str(i), "x", fine=each) for i, each in enumerate(fine)]
        stage = CodecStage(bench.generation)
        for request in together:
            stage.admit(request)
        with torch.no_grad():
            assert len(stage.work(bench.module, 4)) == 3  # the fourth would not fit
        bench.through(stage, [], width=len(frames))
        for request, own in zip(together, fine, strict=True):
            alone = bench.request("1", "x", fine=own)
            bench.through(CodecStage(bench.generation), [alone])
            assert Sound(request.pcm) == Sound(alone.pcm)
            theirs = bench.module.codec_decode(own[None]).reshape(-1).clamp(-1, 1) * 32767
            assert Sound(request.pcm) == Sound(theirs.round().short().numpy().tobytes())


def test_sampling_ignores_the_batch(sampling, sampled_alone):
    """Sampled codes are the same in a batch as alone."""
    together = texts(sampling)
    sampling.spoken(together, width=4)
    for request, alone in zip(together, sampled_alone, strict=True):
        assert codes(request) == codes(alone)


def test_another_seed_is_another_take(sampling):
    one, other = (sampling.request("1", TEXTS[0], seed=seed) for seed in (1, 2))
    sampling.spoken([one])
    sampling.spoken([other])
    assert one.semantic != other.semantic


def test_join_and_leave_change_nothing(sampling, sampled_alone):
    """Requests that join later or leave earlier do not change the others."""
    requests = texts(sampling)
    pipeline = sampling.pipeline(width=3)
    pipeline.admit(requests[0])
    pipeline.admit(requests[1])
    for _ in range(2):
        pipeline.step()
    pipeline.admit(requests[2])
    pipeline.step()
    pipeline.cancel(requests[0].id)
    pipeline.step()
    pipeline.admit(requests[3])
    out = finished(pipeline, 3)
    assert set(out) == {"1", "2", "3"}
    for request, alone in zip(requests[1:4], sampled_alone[1:4], strict=True):
        assert codes(request) == codes(alone)


@pytest.mark.parametrize(("stage", "further"), [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (3, 0)])
def test_cancel_in_any_stage(sampling, stage, further):
    """A request is cancelled at any stage, waiting or in progress, and the others go on."""
    kept, dropped, other = (texts(sampling)[index] for index in (1, 0, 3))
    pipeline = sampling.pipeline()
    for request in (dropped, kept, other):
        pipeline.admit(request)
    for _ in range(1_000):
        if dropped in pipeline._stages[stage].requests:
            break
        pipeline.step()
    else:
        raise AssertionError("it never came to that stage")
    for _ in range(further):
        pipeline.step()
    pipeline.cancel(dropped.id)
    left = 2 - (bool(kept.pcm) + bool(other.pcm))
    assert dropped.id not in finished(pipeline, left)
    assert kept.pcm and other.pcm and not dropped.pcm


def test_frame_count_matches_upstream(greedy):
    """A request gets the same number of frames as in transformers."""
    ratio = greedy.generation.coarse_per_semantic
    for count in range(769):
        reckoned = torch.floor(torch.tensor([count]) * ratio / 2)
        assert greedy.generation.frames(count) == int(reckoned)


def test_endless_text_stops_at_limit(greedy):
    """A request without an end stops at the most tokens."""
    request = texts(greedy)[0]
    stage = semantic(greedy)
    stage.end = None
    greedy.through(stage, [request])
    assert len(request.semantic) == 40


def test_limit_is_model_positions(greedy, monkeypatch):
    """A request stops at the last position of the model if the limit is higher."""
    monkeypatch.setattr(greedy.generation.semantic, "max_new_tokens", 5000)
    request = texts(greedy)[0]
    stage = semantic(greedy)
    stage.end = None
    greedy.through(stage, [request])
    assert len(request.semantic) == 1024 - 257 + 1


def test_short_text_is_limited(sampling, monkeypatch):
    """A short text stops at the longest speech that it may take, without another change."""
    stage = semantic(sampling)
    monkeypatch.setattr(stage._config, "semantic_rate_hz", 1.5)  # so that few tokens are long
    free = [sampling.request(str(seed), "Hello.", seed=seed) for seed in range(6)]
    steady = dataclasses.replace(sampling.generation.sampling, limit_length=True)
    short = [copied(request, sampling=steady) for request in free]
    sampling.through(stage, free + short)
    limit = limit_tokens(len(free[0].words), 0.6, 1.5, stage.most_new)
    assert max(len(request.semantic) for request in free) > limit
    for one, other in zip(free, short, strict=True):
        assert other.semantic == one.semantic[:limit]
        assert (other.ended, other.tokens[1]) == (one.ended and one.tokens[0] < limit, limit)


def test_limit_follows_the_text():
    """The limit grows with the text, up to the model's own."""
    assert [limit_tokens(words, 0.6, 50, 768) for words in (1, 4, 21, 22, 200)] == [
        155,
        245,
        755,
        768,
        768,
    ]


def test_halves_ignore_the_batch(sampling_folder):
    """In bfloat16 a request has the same codes in a batch as alone."""
    bench = BarkDriver(sampling_folder, dtype="bfloat16")
    alone, together = texts(bench)[:3], texts(bench)[:3]
    for request in alone:
        bench.spoken([request])
    bench.spoken(together, width=3)
    assert [codes(each) for each in together] == [codes(each) for each in alone]
    assert bench.module.semantic.dtype == torch.bfloat16
