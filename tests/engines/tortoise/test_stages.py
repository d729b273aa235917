"""Each stage makes of a row what upstream's own modules do, and of a row among others what it
makes of it alone."""

import pytest
import torch

from engines.tortoise.upstream import Upstream
from narrated.engines.tortoise.candidate_latents import speech_length
from narrated.engines.tortoise.clvp_ranking import pad_codes

TEXTS = (
    "Hello there.",
    "The kettle is on, and I am back at four, with the dog and all the rain in her fur.",
    "Yes!",
)
GREEDY = {"top_k": 1, "num_autoregressive_samples": 1}
CLOSE = {"rtol": 1e-3, "atol": 1e-4}


@pytest.fixture(scope="module")
def upstream(folder):
    return Upstream(folder)


def rows_of(bench, **wishes):
    return [bench.row(str(i), text, voice=i, seed=i, **wishes) for i, text in enumerate(TEXTS)]


def autoregressive(bench):
    return bench.stages()[0]


def with_codes(bench, count=40, **wishes):
    """Rows whose candidates some stage might have made, each of a length of its own."""
    rows = rows_of(bench, **wishes)
    for number, row in enumerate(rows):
        drawn = torch.Generator().manual_seed(number)
        row.candidates = [
            torch.randint(0, 8192, (length,), generator=drawn).tolist()
            for length in range(3 + number, count, 9)
        ]
    return rows


def aligned(bench, **wishes):
    rows = with_codes(bench, **wishes)
    for stage in bench.stages()[1:3]:
        bench.through(stage, rows)
    return rows


def test_the_likeliest_codes_are_those_of_upstream_without_a_cache(bench, upstream):
    for row in rows_of(bench, **GREEDY):
        bench.through(autoregressive(bench), [row])
        assert row.candidates == [upstream.candidate(row)]
        assert len(row.candidates[0]) >= 5


def test_what_was_said_is_less_likely_again_as_in_upstream(bench, upstream):
    models = (bench.module.autoregressive, upstream.autoregressive)
    for model in models:
        model.mel_head.bias.data[[1, 77, 4321]] += 9.0  # 1 counts as heard from the first
    row = bench.row("1", TEXTS[1], **GREEDY)
    heedless = bench.row("2", TEXTS[1], **GREEDY, repetition_penalty=1.0)
    try:
        bench.through(autoregressive(bench), [row, heedless])
        assert [row.candidates, heedless.candidates] == [
            [upstream.candidate(row)],
            [upstream.candidate(heedless)],
        ]
    finally:
        for model in models:
            model.mel_head.bias.data[[1, 77, 4321]] -= 9.0
    assert row.candidates != heedless.candidates


@pytest.mark.parametrize("slots", [16, 4, 1])
def test_candidates_hang_on_their_row_alone(bench, slots):
    together = rows_of(bench)
    bench.through(autoregressive(bench), together, width=slots)
    for row in together:
        alone = bench.row(row.id, TEXTS[int(row.id)], voice=int(row.id), seed=row.seed)
        bench.through(autoregressive(bench), [alone])
        assert row.candidates == alone.candidates
        assert len({tuple(candidate) for candidate in row.candidates}) > 1


def test_a_long_text_joins_once_there_is_room_for_it(bench):
    stage = autoregressive(bench)
    short = bench.row("1", "Yes!", max_mel_tokens=20)
    long = bench.row("2", "word " * 60, max_mel_tokens=200)
    stage.admit(short)
    with torch.no_grad():
        stage.work(bench.module, 16)
    bench.through(stage, [long])
    alone = bench.row("2", "word " * 60, max_mel_tokens=200)
    bench.through(autoregressive(bench), [alone])
    assert long.candidates == alone.candidates
    assert all(candidate is not None for candidate in short.candidates)


def test_candidates_are_ranked_as_clvp_does(bench, upstream):
    for row in with_codes(bench):
        bench.through(bench.stages()[1], [row], width=2)
        codes = [pad_codes(candidate, 40) for candidate in row.candidates]
        expected = upstream.scores(row, codes)
        torch.testing.assert_close(torch.tensor(row.scores), expected, **CLOSE)
        assert row.codes == codes[int(expected.argmax())]
        assert expected.max() - expected.median() > 0.01


def test_codes_are_filled_up_as_diffusion_was_trained(bench):
    assert pad_codes([5, 6, 7], 8) == [5, 6, 7, 83, 83, 45, 45, 248]
    assert pad_codes([5] * 7, 8) == [5] * 5 + [45, 45, 248]
    assert pad_codes([5] * 8, 8) == [5] * 8  # it never ended


def test_speech_ends_a_breath_behind_its_last_code():
    assert speech_length([5] * 10 + [83] * 20) == 18
    assert speech_length([5] * 4 + [83] * 8 + [5] * 3) == 15
    assert speech_length([5] * 7) == 7


def test_the_best_is_read_as_upstream_reads_it(bench, upstream):
    rows = aligned(bench)
    for row in rows:
        expected = upstream.aligned(row)[: len(row.aligned)]
        torch.testing.assert_close(row.aligned, expected, **CLOSE)
        assert 11 <= len(row.aligned) == speech_length(row.codes)


@pytest.mark.parametrize("wishes", [{"cond_free": False}, {"cond_free": True, "cond_free_k": 1.5}])
def test_the_spectrogram_is_that_of_upstream_s_loop(bench, upstream, wishes):
    for row in aligned(bench, **wishes):
        bench.through(bench.stages()[3], [row])

        def noises(shape, *step, row=row):
            return row.noise(shape[1:], "diffusion", *step)[None]

        expected = upstream.mel(row, noises)
        ours = (row.mel + 11.512925148010254) / (2.3143386840820312 + 11.512925148010254) * 2 - 1
        torch.testing.assert_close(ours, expected, **CLOSE)


@pytest.mark.parametrize("width", [16, 2, 1])
def test_a_spectrogram_hangs_on_its_row_alone(bench, width):
    wishes = [{"cond_free": True}, {"cond_free": False, "diffusion_iterations": 5}, {}]
    together = aligned(bench)
    for row, wish in zip(together, wishes, strict=True):
        row.settings = bench.row("", **wish).settings
    alone = [bench.row(row.id, TEXTS[0], int(row.id), row.seed) for row in together]
    for row, other in zip(together, alone, strict=True):
        other.aligned, other.settings = row.aligned, row.settings
        bench.through(bench.stages()[3], [other])
    bench.through(bench.stages()[3], together, width=width)
    assert len({row.mel.shape for row in together}) == 3
    for row, other in zip(together, alone, strict=True):
        torch.testing.assert_close(row.mel, other.mel, rtol=1e-3, atol=1e-3)


def test_the_vocoder_gives_upstream_s_samples(bench, upstream):
    row = aligned(bench)[0]
    for stage in bench.stages()[3:]:
        bench.through(stage, [row])
    noise = row.noise((1, 64, row.mel.shape[1] + 10), "vocoder")
    with torch.no_grad():
        sound = upstream.vocoder.inference(row.mel[None], noise).reshape(-1)
    samples = torch.frombuffer(bytearray(row.pcm), dtype=torch.int16)
    assert len(samples) == row.mel.shape[1] * 256
    torch.testing.assert_close(samples.float() / 32767, sound, rtol=0, atol=1e-3)
