"""The texts that go into engines' identities stay as they were published."""

from narrated.engines.bark.options import StageSampling
from narrated.engines.neural.sampling_parameters import SamplingParameters
from narrated.engines.tortoise.options import TortoiseSettings


def test_bark_fingerprint_kept():
    """Bark's sampling has the text that the cache keys of earlier versions contain."""
    sampling = StageSampling(SamplingParameters(0.7, 50, 0.2), SamplingParameters(0.7, 50), 0.5)
    assert sampling.fingerprint == (
        "Sampling(semantic=Choice(temperature=0.7, top_k=50, min_eos_p=0.2, "
        "repetition_penalty=1.0, top_p=1.0), coarse=Choice(temperature=0.7, top_k=50, "
        "min_eos_p=0.0, repetition_penalty=1.0, top_p=1.0), fine_temperature=0.5)"
    )


def test_tortoise_fingerprint_kept():
    """Tortoise's settings have the text that the cache keys of earlier versions contain."""
    assert TortoiseSettings.of({}).fingerprint == (
        "Settings(num_autoregressive_samples=96, diffusion_iterations=80, cond_free=True, "
        "cond_free_k=2.0, temperature=0.8, top_p=0.8, top_k=50, repetition_penalty=2.0, "
        "max_mel_tokens=500, diffusion_temperature=1.0)"
    )
