"""Each stage gives a row what transformers' own `generate` gives it alone, in any company.

The checkpoint's attention weights are boosted, so that a position which is seen by mistake, or
missed, changes the codes.
"""

import numpy as np
import pytest
import torch

from engines.bark import upstream
from engines.bark.driving import codes, copied, prompt, tokens
from engines.driving import finished
from narrated.engines.bark.coarse import CoarseStage
from narrated.engines.bark.fine import FineStage
from narrated.engines.bark.semantic import SemanticStage

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
    return SemanticStage(bench.recipe, bench.checkpoint.block_size)


def texts(bench):
    return [bench.row(str(i), text, PROMPTS[i], seed=10 + i) for i, text in enumerate(TEXTS)]


def with_semantic(bench):
    return [
        bench.row(str(i), "x", PROMPTS[i], seed=i, semantic=tokens(length, seed=i))
        for i, length in enumerate(SEMANTIC_LENGTHS)
    ]


def with_coarse(bench):
    return [
        bench.row(str(i), "x", PROMPTS[i], seed=i, semantic=[1], coarse=coarse_codes(frames, i))
        for i, frames in enumerate(FRAMES)
    ]


def coarse_codes(frames, seed):
    both = np.random.default_rng(seed).integers(0, 1024, (frames, 2))
    return (both + np.array([10_000, 11_024])).reshape(-1).tolist()


def test_a_semantic_row_is_what_transformers_makes_of_it(greedy):
    rows = texts(greedy)
    for row in rows:
        greedy.through(semantic(greedy), [row])
        assert row.semantic == upstream.semantic(greedy.module, row)
    assert len({len(row.semantic) for row in rows}) > 2, "rows of one length show little"
    assert len({tuple(row.semantic) for row in rows}) == len(rows)


def test_semantic_rows_of_a_batch_are_what_they_are_alone(greedy):
    together = texts(greedy)
    greedy.through(semantic(greedy), together, width=2)  # so that rows join where others are on
    for row, alone in zip(together, texts(greedy), strict=True):
        greedy.through(semantic(greedy), [alone])
        assert row.semantic == alone.semantic


def test_a_coarse_row_is_what_transformers_makes_of_it(greedy):
    for row in with_semantic(greedy):
        greedy.through(CoarseStage(greedy.recipe), [row])
        assert row.coarse == upstream.coarse(greedy.module, row)


def test_coarse_rows_of_a_batch_are_what_they_are_alone(greedy):
    together = with_semantic(greedy)
    greedy.through(CoarseStage(greedy.recipe), together, width=3)
    for row, alone in zip(together, with_semantic(greedy), strict=True):
        greedy.through(CoarseStage(greedy.recipe), [alone])
        assert row.coarse == alone.coarse


def test_a_coarse_row_that_outgrows_its_history_is_what_transformers_makes_of_it(greedy):
    row = greedy.row("1", "x", semantic=tokens(225))
    greedy.through(CoarseStage(greedy.recipe), [row])
    assert row.coarse == upstream.coarse(greedy.module, row)


@pytest.mark.parametrize("index", range(len(FRAMES)))
def test_a_fine_row_is_what_transformers_makes_of_it(greedy, index):
    row = with_coarse(greedy)[index]
    greedy.through(FineStage(greedy.recipe), [row])
    assert row.fine.tolist() == upstream.fine(greedy.module, row)


@pytest.mark.parametrize(("frames", "voice"), [(1030, None), (1154, prompt(4, seconds=8.0))])
def test_a_fine_row_of_several_windows_is_what_transformers_makes_of_it(greedy, frames, voice):
    row = greedy.row("1", "x", voice, semantic=[1], coarse=coarse_codes(frames, 7))
    greedy.through(FineStage(greedy.recipe), [row])
    assert row.fine.tolist() == upstream.fine(greedy.module, row)


def test_fine_rows_of_a_batch_are_what_they_are_alone(greedy):
    together = with_coarse(greedy)
    greedy.through(FineStage(greedy.recipe), together, width=4)
    for row, alone in zip(together, with_coarse(greedy), strict=True):
        greedy.through(FineStage(greedy.recipe), [alone])
        assert torch.equal(row.fine, alone.fine)


@pytest.mark.parametrize("index", [0, 1])
def test_a_whole_row_sounds_as_transformers_has_it(greedy, index):
    row = texts(greedy)[index]
    outcome = greedy.spoken([row])[row.id]
    expected = upstream.whole(greedy.module, row).clamp(-1, 1).numpy() * 32767
    heard = np.frombuffer(outcome.pcm, dtype="<i2")
    assert heard.shape == expected.shape
    assert np.abs(heard - expected).max() <= 1
    assert np.abs(heard).max() > 0
    assert outcome.sample_rate == 24_000


def test_sampled_rows_of_a_batch_are_what_they_are_alone(sampling):
    together = texts(sampling)
    sampling.spoken(together, width=4)
    for row in together:
        alone = copied(row)
        sampling.spoken([alone])
        assert codes(row) == codes(alone)


def test_another_seed_is_another_take(sampling):
    one, other = (sampling.row("1", TEXTS[0], seed=seed) for seed in (1, 2))
    sampling.spoken([one])
    sampling.spoken([other])
    assert one.semantic != other.semantic


def test_rows_that_join_later_or_leave_earlier_change_nothing(sampling):
    rows = texts(sampling)
    pipeline = sampling.pipeline(width=3)
    pipeline.admit(rows[0])
    pipeline.admit(rows[1])
    for _ in range(2):
        pipeline.step()
    pipeline.admit(rows[2])
    pipeline.step()
    pipeline.cancel(rows[0].id)
    pipeline.step()
    pipeline.admit(rows[3])
    out = finished(pipeline, 3)
    assert set(out) == {"1", "2", "3"}
    for row in rows[1:4]:
        alone = copied(row)
        sampling.spoken([alone])
        assert codes(row) == codes(alone)


def test_a_row_may_be_cancelled_at_any_stage(sampling):
    steps = _steps_of(sampling, texts(sampling)[:3])
    for cancelled_after in range(0, steps, 4):
        kept, dropped, other = texts(sampling)[:3]
        pipeline = sampling.pipeline()
        for row in (dropped, kept, other):
            pipeline.admit(row)
        for _ in range(cancelled_after):
            pipeline.step()
        pipeline.cancel(dropped.id)
        left = 2 - (bool(kept.pcm) + bool(other.pcm))
        assert dropped.id not in finished(pipeline, left)
    assert kept.pcm and other.pcm


def _steps_of(bench, rows):
    pipeline = bench.pipeline()
    for row in rows:
        pipeline.admit(row)
    steps, out = 0, 0
    while out < len(rows):
        out += sum(hasattr(outcome, "pcm") for outcome in pipeline.step())
        steps += 1
    return steps


def test_a_row_gets_as_many_frames_as_transformers_reckons(greedy):
    ratio = greedy.recipe.coarse_per_semantic
    for count in range(769):
        reckoned = torch.floor(torch.tensor([count]) * ratio / 2)
        assert greedy.recipe.frames(count) == int(reckoned)


def test_a_row_that_never_ends_ends_at_the_most_tokens(greedy):
    row = texts(greedy)[0]
    stage = semantic(greedy)
    stage.end = None
    greedy.through(stage, [row])
    assert len(row.semantic) == 40


def test_a_row_may_say_as_much_as_the_model_has_positions_for(greedy, monkeypatch):
    monkeypatch.setattr(greedy.recipe.semantic, "max_new_tokens", 5000)
    row = texts(greedy)[0]
    stage = semantic(greedy)
    stage.end = None
    greedy.through(stage, [row])
    assert len(row.semantic) == 1024 - 257 + 1
