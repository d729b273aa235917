"""Each stage makes of a row what upstream's own modules do, and of a row among others what it
makes of it alone."""

import pytest
import torch

from engines.tortoise.upstream import Upstream
from narrated.engines.tortoise.candidate_latents import speech_length
from narrated.engines.tortoise.request import pad_codes

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


def rows_of(driver, **wishes):
    return [driver.row(str(i), text, voice=i, seed=i, **wishes) for i, text in enumerate(TEXTS)]


def autoregressive(driver):
    return driver.stages()[0]


def with_codes(driver, count=40, **wishes):
    """Rows whose candidates some stage might have made, each of a length of its own."""
    rows = rows_of(driver, **wishes)
    for number, row in enumerate(rows):
        drawn = torch.Generator().manual_seed(number)
        row.candidates = [
            torch.randint(0, 8192, (length,), generator=drawn).tolist()
            for length in range(3 + number, count, 9)
        ]
        row.have_ended = [True] * len(row.candidates)
    return rows


def aligned(driver, **wishes):
    rows = with_codes(driver, **wishes)
    for stage in driver.stages()[1:3]:
        driver.through(stage, rows)
    return rows


def test_greedy_codes_match_upstream(driver, upstream):
    """The likeliest codes are those of upstream without a cache."""
    for row in rows_of(driver, **GREEDY):
        driver.through(autoregressive(driver), [row])
        assert row.candidates == [upstream.candidate(row)]
        assert len(row.candidates[0]) >= 5


def test_penalty_matches_upstream(driver, upstream):
    """A code that was said is less likely again, as in upstream."""
    models = (driver.module.autoregressive, upstream.autoregressive)
    for model in models:
        model.mel_head.bias.data[[1, 77, 4321]] += 9.0  # 1 counts as heard from the first
    row = driver.row("1", TEXTS[1], **GREEDY)
    heedless = driver.row("2", TEXTS[1], **GREEDY, repetition_penalty=1.0)
    try:
        driver.through(autoregressive(driver), [row, heedless])
        assert [row.candidates, heedless.candidates] == [
            [upstream.candidate(row)],
            [upstream.candidate(heedless)],
        ]
    finally:
        for model in models:
            model.mel_head.bias.data[[1, 77, 4321]] -= 9.0
    assert row.candidates != heedless.candidates


@pytest.mark.parametrize("slots", [16, 4, 1])
def test_candidates_ignore_the_batch(driver, slots):
    """Candidates depend on their request alone."""
    together = rows_of(driver)
    driver.through(autoregressive(driver), together, width=slots)
    for row in together:
        alone = driver.row(row.id, TEXTS[int(row.id)], voice=int(row.id), seed=row.seed)
        driver.through(autoregressive(driver), [alone])
        assert row.candidates == alone.candidates
        assert len({tuple(candidate) for candidate in row.candidates}) > 1


def test_long_text_waits_for_room(driver):
    """A long text joins once there is room for it."""
    stage = autoregressive(driver)
    short = driver.row("1", "Yes!", max_mel_tokens=20)
    long = driver.row("2", "word " * 60, max_mel_tokens=200)
    stage.admit(short)
    with torch.no_grad():
        stage.work(driver.module, 16)
    driver.through(stage, [long])
    alone = driver.row("2", "word " * 60, max_mel_tokens=200)
    driver.through(autoregressive(driver), [alone])
    assert long.candidates == alone.candidates
    assert all(candidate is not None for candidate in short.candidates)


def test_ranking_matches_clvp(driver, upstream):
    """Candidates are ranked as clvp does."""
    for row in with_codes(driver):
        driver.through(driver.stages()[1], [row], width=2)
        codes = [pad_codes(candidate, 40) for candidate in row.candidates]
        expected = upstream.scores(row, codes)
        torch.testing.assert_close(torch.tensor(row.scores), expected, **CLOSE)
        assert row.codes == codes[int(expected.argmax())]
        assert expected.max() - expected.median() > 0.01


def test_padding_matches_training(driver):
    """Codes are filled up as diffusion was trained."""
    assert pad_codes([5, 6, 7], 8) == [5, 6, 7, 83, 83, 45, 45, 248]
    assert pad_codes([5] * 7, 8) == [5] * 5 + [45, 45, 248]
    assert pad_codes([5] * 8, 8) == [5] * 8  # it never ended


def test_speech_ends_after_a_breath():
    """Speech ends a breath behind its last code."""
    assert speech_length([5] * 10 + [83] * 20) == 18
    assert speech_length([5] * 4 + [83] * 8 + [5] * 3) == 15
    assert speech_length([5] * 7) == 7


def test_latents_match_upstream(driver, upstream):
    """The best is read as upstream reads it."""
    rows = aligned(driver)
    for row in rows:
        expected = upstream.aligned(row)[: len(row.aligned)]
        torch.testing.assert_close(row.aligned, expected, **CLOSE)
        assert 11 <= len(row.aligned) == speech_length(row.codes)


@pytest.mark.parametrize("wishes", [{"cond_free": False}, {"cond_free": True, "cond_free_k": 1.5}])
def test_diffusion_matches_upstream(driver, upstream, wishes):
    """The spectrogram is that of upstream's loop."""
    for row in aligned(driver, **wishes):
        driver.through(driver.stages()[3], [row])

        def noises(shape, *step, row=row):
            return row.noise(shape[1:], "diffusion", *step)[None]

        expected = upstream.mel(row, noises)
        ours = (row.mel + 11.512925148010254) / (2.3143386840820312 + 11.512925148010254) * 2 - 1
        torch.testing.assert_close(ours, expected, **CLOSE)


@pytest.mark.parametrize("width", [16, 2, 1])
def test_diffusion_ignores_the_batch(driver, width):
    """A spectrogram depends on its request alone."""
    wishes = [{"cond_free": True}, {"cond_free": False, "diffusion_iterations": 5}, {}]
    together = aligned(driver)
    for row, wish in zip(together, wishes, strict=True):
        row.settings = driver.row("", **wish).settings
    alone = [driver.row(row.id, TEXTS[0], int(row.id), row.seed) for row in together]
    for row, other in zip(together, alone, strict=True):
        other.aligned, other.settings = row.aligned, row.settings
        driver.through(driver.stages()[3], [other])
    driver.through(driver.stages()[3], together, width=width)
    assert len({row.mel.shape for row in together}) == 3
    for row, other in zip(together, alone, strict=True):
        torch.testing.assert_close(row.mel, other.mel, rtol=1e-3, atol=1e-3)


def test_vocoder_matches_upstream(driver, upstream):
    """The vocoder gives upstream's samples."""
    row = aligned(driver)[0]
    for stage in driver.stages()[3:]:
        driver.through(stage, [row])
    noise = row.noise((1, 64, row.mel.shape[1] + 10), "vocoder")
    with torch.no_grad():
        sound = upstream.vocoder.inference(row.mel[None], noise).reshape(-1)
    samples = torch.frombuffer(bytearray(row.pcm), dtype=torch.int16)
    assert len(samples) == row.mel.shape[1] * 256
    torch.testing.assert_close(samples.float() / 32767, sound, rtol=0, atol=1e-3)


def test_vocoder_ignores_the_batch(driver):
    """Samples depend on their request alone, but for the rounding of sums."""
    together = aligned(driver)
    driver.through(driver.stages()[3], together)
    assert len({row.mel.shape for row in together}) == 3
    alone = [driver.row(row.id, TEXTS[0], int(row.id), row.seed) for row in together]
    for row, other in zip(together, alone, strict=True):
        other.mel = row.mel
        driver.through(driver.stages()[4], [other])
    vocoder = driver.stages()[4]
    for row in together:
        vocoder.admit(row)
    with torch.no_grad():
        assert vocoder.work(driver.module, 16) == together
    for row, other in zip(together, alone, strict=True):
        samples, expected = (
            torch.frombuffer(bytearray(each.pcm), dtype=torch.int16).int() for each in (row, other)
        )
        assert expected.abs().max() > 300
        assert (samples - expected).abs().max() <= 1
