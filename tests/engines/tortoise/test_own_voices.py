"""Voices as Tortoise's engine speaks in them: shipped, of clips, and of latents."""

import io
import tracemalloc
from dataclasses import replace

import pytest
import torch

from engines.speaking import came_of
from engines.tortoise.recordings import recorded, speech, written
from engines.tortoise.speaking import TEXT, asked, pcm, warmed
from narrated.engines.interface import ProgressReport, RequestFailure, SpeechRequest, SpeechResult
from narrated.errors import EngineUnavailable


def of_ones_own(context, folder):
    """The same models, with other voices."""
    return replace(context, voices=folder / "voices", cache=folder / "cache")


class Listened:
    """Counts the clips that are really heard."""

    def __init__(self):
        self.count = 0

    def hear(self, *_):
        self.count += 1


@pytest.fixture
def listened(engine):
    """On the model that all engines of this context share."""
    counted = Listened()
    encoder = engine.models[0].module.ears.autoregressive
    hook = encoder.register_forward_hook(counted.hear)
    yield counted
    hook.remove()


def test_package_voices_are_listed(engine):
    """The voices that come with tortoise are there."""
    voices = engine.voices()
    assert {"train_grace", "pat", "tom", "train_lescault"} <= voices.keys()
    assert pcm(engine, voice="") == pcm(engine, voice="train_grace") != pcm(engine, voice="tom")


def test_unknown_voice_says_how(engine, voices):
    """An unknown voice is refused with how to make it."""
    with pytest.raises(EngineUnavailable, match="no voice 'carl'") as refusal:
        engine.admit(asked(voice="carl"))
    assert f"put three clips of about ten seconds into {voices}/carl/" in refusal.value.remedy


def test_latents_outlive_restart(folder, context, tmp_path, listened):
    """A voice is heard once and found again at the next start."""
    own = replace(context, cache=tmp_path / "cache")
    first = warmed(folder, own)
    said = pcm(first)
    assert pcm(first) == said
    assert listened.count == 2
    (kept,) = (tmp_path / "cache").iterdir()
    written_at = kept.stat().st_mtime_ns
    assert pcm(warmed(folder, own)) == said
    assert listened.count == 2
    assert kept.stat().st_mtime_ns == written_at


def test_requests_share_latents(folder, context, tmp_path, listened):
    """Requests that wait for a voice hear it together."""
    engine = warmed(folder, replace(context, cache=tmp_path))
    names = ("anna", "bert", "anna", "bert")
    came_of(engine, *(SpeechRequest(str(i), "Yes!", name) for i, name in enumerate(names)))
    assert listened.count == 4


def test_one_large_clip_in_memory(folder, context, tmp_path, listened):
    """Of many large clips no more than one is held at once."""
    clip = written(speech(30.0, rate=48_000), rate=48_000, kind="flac")
    engine = warmed(folder, of_ones_own(context, tmp_path))
    peaks = []
    for name, count in (("one", 1), ("four", 4)):
        (tmp_path / "voices" / name).mkdir(parents=True)
        for number in range(count):
            (tmp_path / f"voices/{name}/{number}.flac").write_bytes(clip + bytes(number))
        tracemalloc.start()
        pcm(engine, voice=name)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert listened.count == 5
    assert peaks[1] < 1.3 * peaks[0]


def test_edited_voice_sounds_new(folder, context, tmp_path, listened):
    """A voice that is edited is heard again and sounds otherwise."""
    recorded(tmp_path / "voices/anna", count=2)
    engine = warmed(folder, of_ones_own(context, tmp_path))
    before, said = engine.voices()["anna"], pcm(engine)
    clip = tmp_path / "voices/anna/2.wav"
    old = clip.read_bytes()
    clip.write_bytes(written(speech(seed=77)))
    assert engine.voices()["anna"] != before
    assert pcm(engine) != said
    assert listened.count == 2 + 2
    clip.write_bytes(old)
    assert (engine.voices()["anna"], pcm(engine), listened.count) == (before, said, 2 + 2)


def test_broken_clip_fails_alone(folder, context, tmp_path):
    """A broken clip fails its request alone and says which."""
    recorded(tmp_path / "voices/anna", count=2)
    recorded(tmp_path / "voices/bert", count=2)
    broken = tmp_path / "voices/bert/1.wav"
    broken.write_bytes(written(speech(1.0)))
    engine = warmed(folder, of_ones_own(context, tmp_path))
    (well, failed), _ = came_of(
        engine, SpeechRequest("1", TEXT, "anna"), SpeechRequest("2", TEXT, "bert")
    )
    assert isinstance(well, SpeechResult)
    assert isinstance(failed, RequestFailure) and failed.unavailable
    assert (
        failed.problem == f"The clip {broken} cannot be used: it is 1.0 s long, which is too short."
    )
    assert "Record about ten seconds" in failed.remedy
    broken.write_bytes(written(speech(seed=5)))
    assert pcm(engine, voice="bert")


def test_changed_clips_are_retried(folder, context, tmp_path):
    """Clips that change while they wait fail their request as unavailable."""
    recorded(tmp_path / "voices/anna", count=2)
    engine = warmed(folder, of_ones_own(context, tmp_path))
    engine.admit(asked())
    (tmp_path / "voices/anna/1.wav").write_bytes(written(speech(seed=9)))
    (first,) = engine.step()
    # The other clip may be the first that is heard.
    (failed,) = engine.step() if isinstance(first, ProgressReport) else (first,)
    assert isinstance(failed, RequestFailure) and failed.unavailable
    assert "being changed" in failed.problem


def saved(*tensors):
    """A voice's file as tortoise-tts's get_conditioning_latents.py writes it."""
    file = io.BytesIO()
    torch.save(tensors, file)
    return file.getvalue()


def test_upstream_latents_match(folder, engine, rows, context, tmp_path, listened):
    """Latents of upstream's form speak as the clips they are of."""
    said = pcm(engine)
    heard, before = rows["1"].latents, listened.count
    (tmp_path / "anna.pth").write_bytes(saved(heard.autoregressive, heard.diffusion))
    assert pcm(warmed(folder, replace(context, voices=tmp_path))) == said
    assert listened.count == before


def test_other_width_is_refused(engine):
    """Latents of a model of another size are refused with both sizes."""
    (failed,), _ = came_of(engine, asked(voice="cond_latent_example"))
    assert isinstance(failed, RequestFailure) and failed.unavailable
    assert "has the shape (1, 1024), where it needs (1, 128)" in failed.problem
    assert "from the clips" in failed.remedy
