"""Clips: which recordings a voice can be made of, and what is said of the others."""

import re
import struct
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import soundfile

import narrated
from engines.tortoise.recordings import KINDS, speech, written
from narrated.engines.espeak import load
from narrated.engines.interface import SpeechRequest
from narrated.engines.tortoise.clip_checks import MOST_BYTES, advice, open_clip
from narrated.errors import EngineUnavailable
from support.engine_context import PlainContext


def refusal(content, name="anna/1.wav"):
    with pytest.raises(EngineUnavailable) as caught:
        open_clip(content, name)
    assert name in caught.value.problem and caught.value.remedy
    return str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_every_format_is_decoded(kind):
    """Every kind of file is heard as what was recorded."""
    rate = 48_000 if kind == "opus" else 44_100
    samples = speech(rate=rate)
    clip = open_clip(written(samples, rate, kind), f"1.{kind}")
    assert (clip.rate, clip.channels, clip.samples.dtype) == (rate, 1, np.float32)
    assert clip.seconds == pytest.approx(8, abs=0.1)
    heard, said = clip.samples[: len(samples)], samples[: len(clip.samples)]
    window = rate // 20
    shape = [
        np.sqrt((each[: len(said) // window * window].reshape(-1, window) ** 2).mean(axis=1))
        for each in (heard, said)
    ]
    assert np.corrcoef(*shape)[0, 1] > 0.95


def test_real_speech_needs_no_advice():
    """Real speech makes a clip that wants nothing."""
    engine = load({}, PlainContext())
    sentence = "This is a recording of somebody who speaks for about ten seconds, and no longer. "
    engine.admit(SpeechRequest("1", sentence * 2, "en-us"))
    (spoken,) = engine.step()
    clip = open_clip(
        written(np.frombuffer(spoken.pcm, dtype="<i2"), spoken.sample_rate), "anna/1.wav"
    )
    assert 6 < clip.seconds < 20
    assert advice([clip, clip, clip]) == []


def test_channels_are_mixed():
    """Channels are mixed to one."""
    left, right = speech(seed=1), speech(seed=2)
    clip = open_clip(written(np.stack([left, right], axis=1), subtype="FLOAT"), "1.wav")
    assert clip.channels == 2
    np.testing.assert_allclose(clip.samples, (left + right) / 2, atol=1e-6)


def test_resampling_keeps_pitch():
    """A clip is given at another rate with its pitch and length."""
    rate = 44_100
    tone = (0.3 * np.sin(2 * np.pi * 440 * np.arange(8 * rate) / rate)).astype(np.float32)
    clip = open_clip(written(tone, rate, subtype="FLOAT"), "1.wav")
    for wished in (22_050, 24_000):
        resampled = clip.at(wished)
        assert resampled.dtype == np.float32 and len(resampled) == 8 * wished
        expected = 0.3 * np.sin(2 * np.pi * 440 * np.arange(8 * wished) / wished)
        middle = slice(wished, -wished)
        np.testing.assert_allclose(resampled[middle], expected[middle], atol=2e-3)
    assert clip.at(rate) is clip.samples


def test_resampling_stays_in_scale():
    """A clip at another rate keeps within full scale."""
    square = np.sign(np.sin(np.arange(8 * 44_100) / 40)).astype(np.float32) * 0.99
    clip = open_clip(written(square, 44_100, subtype="FLOAT"), "1.wav")
    assert np.abs(clip.at(22_050)).max() <= 1.0


REFUSED = {
    "it is 2.0 s long, which is too short": lambda: written(speech(2.0)),
    "it is 121 s long, which is too long": lambda: written(speech(121.0, 16_000), 16_000),
    "it has 8000 samples a second": lambda: written(speech(rate=8_000), 8_000),
    "it has 9 channels": lambda: written(np.stack([speech()] * 9, axis=1)),
    "it is silent": lambda: written(np.zeros(8 * 22_050, dtype=np.float32)),
    r"it is too quiet \(-7\d dB\)": lambda: written(speech(level=0.0005), subtype="FLOAT"),
    "83% of it is silence": lambda: written(np.concatenate([speech(2), np.zeros(220_500)])),
    r"\d\d\.\d% of it is cut off at full scale": lambda: written(np.clip(speech() * 40, -1, 1)),
    "it holds samples that are no numbers": lambda: written(
        np.where(np.arange(176_400) == 9, np.nan, speech()), subtype="FLOAT"
    ),
    r"it cannot be read \(Format not recognised\)\. Convert it: ffmpeg": lambda: b"",
}


@pytest.mark.parametrize("why", REFUSED)
def test_unusable_clip_tells_figure(why):
    """A clip that makes no voice is refused with the figure found."""
    assert re.search(rf"The clip anna/1\.wav cannot be used: .*{why}", refusal(REFUSED[why]()))


def test_container_names_ffmpeg():
    """A recording in another container is refused with the command that converts it."""
    m4a = b"\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00M4A mp42isom" + bytes(4000)
    assert "ffmpeg -i 'my aunt.m4a' -ac 1 -ar 24000 'my aunt.wav'" in refusal(m4a, "my aunt.m4a")


def test_other_sound_file_is_refused():
    """A sound file of another kind is refused though the library would read it."""
    file = BytesIO()
    soundfile.write(file, speech(), 22_050, format="AIFF", subtype="PCM_16")
    assert "AIFF" in refusal(file.getvalue())


def test_long_clip_says_how_to_cut():
    """A long recording is refused with the command that cuts it up."""
    told = refusal(written(speech(121.0, 16_000), 16_000), "anna.wav")
    assert "ffmpeg -i anna.wav -f segment -segment_time 10 -ac 1 anna-%d.wav" in told


def test_huge_file_is_not_opened():
    """A file larger than any clip is refused unopened."""
    assert "it is of 67 MB" in refusal(bytes(MOST_BYTES + 1))


def lying(seconds, rate=22_050, channels=1, claimed=0xFFFFFF00):
    """A WAV whose header claims what it likes."""
    data = (speech(seconds) * 32_767).astype("<i2").tobytes()
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * 2 % 2**32, 2, 16)
    return (b"RIFF" + struct.pack("<I", claimed) + b"WAVEfmt " + struct.pack("<I", 16) + form) + (
        b"data" + struct.pack("<I", claimed) + data
    )


def test_long_header_is_ignored():
    """A header that claims hours gives what is there."""
    clip = open_clip(lying(5.0), "1.wav")
    assert clip.seconds == pytest.approx(5.0)
    assert "too short" in refusal(lying(1.0))


def flac_that_claims(seconds, content):
    """With another number of samples in the header: the low 36 of 64 bits from its 18th byte on."""
    fields = int.from_bytes(content[18:26], "big")
    claimed = fields >> 36 << 36 | round(seconds * 22_050)
    return content[:18] + claimed.to_bytes(8, "big") + content[26:]


def test_lying_flac_is_bounded():
    """A flac whose header lies is bounded by what it claims."""
    content = written(speech(8.0), kind="flac")
    assert open_clip(flac_that_claims(8.0, content), "1.flac").seconds == pytest.approx(8.0)
    assert open_clip(flac_that_claims(5.0, content), "1.flac").seconds == pytest.approx(5.0)
    assert "it is 3600 s long" in refusal(flac_that_claims(3600.0, content))
    assert "its header does not tell how long it is" in refusal(flac_that_claims(0, content))


@pytest.mark.parametrize("rate", [0, 1, 4_000_000_000])
def test_impossible_rate_is_refused(rate):
    """A header that claims an impossible rate is refused."""
    refusal(lying(5.0, rate=rate))


@pytest.mark.parametrize("kind", KINDS)
def test_truncated_clip_is_handled(kind):
    """A file that was cut short is refused or heard as far as it goes."""
    rate = 48_000 if kind == "opus" else 22_050
    whole = written(speech(rate=rate), rate, kind)
    try:
        assert open_clip(whole[: len(whole) * 3 // 4], f"1.{kind}").seconds < 8
    except EngineUnavailable as error:
        assert f"The clip 1.{kind} cannot be used" in error.problem


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_clip_is_handled(kind):
    """A damaged file is heard or refused and nothing else happens."""
    rate = 48_000 if kind == "opus" else 22_050
    whole = written(speech(4.0, rate), rate, kind)
    chance = np.random.default_rng(3)
    for _ in range(40):
        damaged = bytearray(whole)
        for at in chance.integers(0, min(len(whole), 400), 4):
            damaged[at] = chance.integers(256)
        try:
            clip = open_clip(bytes(damaged), "1.wav")
        except EngineUnavailable:
            continue
        assert np.isfinite(clip.samples).all() and np.abs(clip.samples).max() <= 1


def test_three_good_clips_are_enough():
    """Three clean clips of ten seconds want nothing."""
    assert advice([open_clip(written(speech(10, seed=n)), f"{n}.wav") for n in range(3)]) == []


def test_advice_on_each_and_all():
    """Advice for a better voice is given for each clip and for all."""
    late = np.concatenate([np.zeros(44_100, dtype=np.float32), speech(8)])
    cut = speech(8)
    cut[:: len(cut) // 150] = 1.0
    told = advice(
        [
            open_clip(written(speech(4), subtype="FLOAT"), "short.wav"),
            open_clip(written(speech(25, level=0.4)), "long.wav"),
        ]
    )
    assert [line.split(":")[0] for line in told] == [
        "2 clips make a voice, and 3 or more of about ten seconds a better one",
        "long.wav is 12 dB louder than short.wav",
        "short.wav is 4.0 s long, and about ten seconds are best",
        "long.wav is 25 s long, of which six seconds are heard",
    ]
    told = advice(
        [
            open_clip(written(np.stack([speech(8)] * 2, axis=1)), "stereo.wav"),
            open_clip(written(late), "late.wav"),
            open_clip(written(cut, subtype="FLOAT"), "cut.wav"),
        ]
    )
    assert [line.split(":")[0] for line in told] == [
        "stereo.wav has 2 channels, which are mixed",
        "late.wav begins with 2.0 s of silence",
        "0.09% of cut.wav is cut off at full scale",
    ]


def test_one_clip_makes_a_voice():
    """One clip makes a voice."""
    assert "one clip makes a voice" in advice([open_clip(written(speech(10)), "1.wav")])[0]


def test_clips_need_no_torch():
    """Clips and voices are looked over without torch or what only engines have."""
    code = (
        "import sys\n"
        "for name in ('torch', 'transformers', 'soxr', 'tortoise'): sys.modules[name] = None\n"
        "from narrated.engines.tortoise import clip_checks, voices\n"
        "clip_checks.open_clip(sys.stdin.buffer.read(), '1.wav')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=written(speech()),
        env={"PYTHONPATH": str(Path(narrated.__file__).parents[1])},
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode()
