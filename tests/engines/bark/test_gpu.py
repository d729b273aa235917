"""Tests that need a GPU: half precision, the same codes, and steps that can be captured."""

import numpy as np
import pytest
import torch

from engines.bark.stage_driver import BarkDriver, codes, copied, prompt
from engines.stage_driver import finished
from narrated.engines.bark.transformer_adapter import BarkTransformer
from narrated.engines.neural.decoder import KeyValueDecoder
from narrated.engines.neural.step_runner import StepRunner

pytestmark = pytest.mark.gpu

TEXTS = ("Hello, my dog is cute.", "of the", "The cat [laughs].", "world")


@pytest.fixture(scope="module")
def single(greedy_folder):
    return BarkDriver(greedy_folder, device="cuda", dtype="float32")


def requests_of(bench):
    return [
        bench.request(str(i), text, prompt(i) if i % 2 else None, seed=i)
        for i, text in enumerate(TEXTS)
    ]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_gives_sound(sampling_folder, dtype):
    bench = BarkDriver(sampling_folder, device="cuda", dtype=dtype)
    assert bench.module.codec_model.dtype == torch.float32
    for outcome in bench.spoken(requests_of(bench)).values():
        assert np.abs(np.frombuffer(outcome.pcm, dtype="<i2")).max() > 0


def test_batch_matches_single(single):
    """Requests give the same codes in a batch as alone."""
    together = requests_of(single)
    single.spoken(together)
    for request in together:
        alone = copied(request)
        single.spoken([alone])
        assert (request.semantic, request.coarse) == (alone.semantic, alone.coarse)
        assert torch.equal(request.fine, alone.fine)


def test_gpu_tokens_match_cpu(single, greedy):
    """A GPU chooses the same tokens as a processor."""
    for there, here in zip(requests_of(single), requests_of(greedy), strict=True):
        single.spoken([there])
        greedy.spoken([here])
        assert there.semantic == here.semantic


@torch.no_grad()
def test_captured_step_replays_the_same(single):
    """A captured step gives the same result when it is replayed."""
    transformer = BarkTransformer(single.module.semantic)
    decoder = KeyValueDecoder(transformer, 3, 512)
    prompts = torch.randn(3, 257, transformer.width, device="cuda")
    decoder.fill(transformer, 0, prompts, torch.tensor([257, 200, 130], device="cuda"))
    tokens = torch.tensor([5, 6, 7], device="cuda")
    positions = torch.tensor([257, 200, 130], device="cuda")
    aside = torch.cuda.Stream()
    with torch.cuda.stream(aside):
        decoder.step(transformer, tokens, positions, positions, 320)  # libraries set themselves up
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        captured = decoder.step(transformer, tokens, positions, positions, 320)
    for further in range(3):
        tokens.fill_(100 + further)
        positions.add_(1)
        graph.replay()
        torch.cuda.synchronize()
        expected = decoder.step(transformer, tokens, positions, positions, 320)
        torch.testing.assert_close(captured, expected)


def spoken_codes(bench):
    requests = requests_of(bench)
    bench.spoken(requests, width=3)
    return [codes(request) for request in requests]


def test_captured_codes_match_called(single, monkeypatch):
    """Captured steps give the codes of steps that are called one by one."""
    captured = spoken_codes(single)
    monkeypatch.setattr(StepRunner, "of", lambda device: StepRunner(None))
    assert spoken_codes(single) == captured


def test_parked_model_is_captured_again(single):
    """A model that was parked in the midst of a request goes on with the same codes."""
    undisturbed, requests = spoken_codes(single), requests_of(single)
    pipeline = single.pipeline(width=3)
    for request in requests:
        pipeline.admit(request)
    for _ in range(3):
        pipeline.step()
    pipeline.release()
    single.checkpoint.model.park()
    elsewhere = torch.zeros(1 << 24, device="cuda")  # so that the weights come to other places
    single.checkpoint.model.warm()
    finished(pipeline, len(requests))
    del elsewhere
    assert [codes(request) for request in requests] == undisturbed
