"""Tortoise's stages: a slice waits for no device and keeps to its buffers; no request waits."""

import torch

from engines.step_watch import watched


def slice_of(driver):
    """Counts of a slice of two requests' candidates, in the midst of their codes."""
    stage = driver.stages()[0]
    for index in range(2):
        row = driver.row(str(index), "Hello there.", voice=index, seed=index, max_mel_tokens=60)
        stage.admit(row)
    with torch.no_grad():
        while stage._candidates:
            stage.work(driver.module, 6)
        with watched(driver.module.autoregressive.mel_head) as watch:
            stage.work(driver.module, 6)
    return watch


def test_slice_waits_at_its_end(driver):
    """A slice reads its codes once, behind its last step, and copies nothing to the device."""
    watch = slice_of(driver)
    assert watch.steps == 12
    assert [done for done, _ in watch.waits] == [12], watch.waits
    assert watch.copies == []


def test_slice_keeps_its_buffers(driver):
    """A step writes into buffers that were there before."""
    watch = slice_of(driver)
    assert watch.kept() == []
    assert watch.buffers == []


def test_copies_are_pinned(driver):
    """Whatever a request's stages copy to the device goes through pinned memory."""
    few = {"num_autoregressive_samples": 2, "max_mel_tokens": 14, "diffusion_iterations": 2}
    with watched(driver.module.autoregressive.mel_head) as watch:
        driver.spoken([driver.row("1", "Hello.", **few)])
    assert len(watch.moved) > 9
    assert watch.unpinned() == []


def test_lone_request_waits_for_none(driver):
    """A lone request makes the steps of its stages, and none to wait for fuller batches."""
    few = {"num_autoregressive_samples": 2, "max_mel_tokens": 14, "diffusion_iterations": 2}
    alone = driver.steps_alone(driver.row("1", "Hello.", **few))
    stages, steps = driver.steps_in_pipeline(driver.row("1", "Hello.", **few))
    assert len(set(alone)) == 5 and len(alone) > 5
    assert stages == alone
    assert steps == len(alone)
