"""The models that a configuration uses."""

from pathlib import Path

from narrated.config.file import parse
from narrated.engines.registry import BUILT_IN_ENGINES
from narrated.models.catalogue import configured_models, known_models


def used(lines: str = "") -> dict[str, tuple[str, ...]]:
    """The models that a configuration with these lines uses."""
    text = f"inbox: /in\noutbox: /out\n{lines}"
    return configured_models(parse(text, Path("/etc/narrated/narrated.yaml"), {"HOME": "/root"}))


def test_default_uses_no_model() -> None:
    """The default configuration uses no model."""
    assert used() == {}


def test_engines_in_catalogue() -> None:
    """Every engine with a model is in the catalogue, under its name; all else are voices."""
    known = [each for each in known_models() if each.layout != "piper"]
    catalogue = {(each.name, each.does, each.repository) for each in known}
    engines = {
        (spec.name, spec.kind, spec.options["model"])
        for spec in BUILT_IN_ENGINES.values()
        if "model" in spec.options
    }
    assert catalogue == engines


def test_engine_uses_its_model() -> None:
    """A configured engine uses its model."""
    assert used("speech: {engine: bark, voice: v2/en_speaker_6}\npictures: {captions: blip}") == {
        "suno/bark": ("speech: engine",),
        "Salesforce/blip-image-captioning-base": ("pictures: captions",),
    }


def test_engine_like_another() -> None:
    """An engine like another uses that one's model, or the one that it names."""
    lines = (
        "engines:\n"
        "  calm: {like: bark, options: {temperature: 0.5}}\n"
        "  other: {like: blip, options: {model: somebody/captioner}}\n"
    )
    expected = {"suno/bark": ("engines: calm",), "somebody/captioner": ("engines: other",)}
    assert used(lines) == expected


def test_voice_of_piper_is_a_model() -> None:
    """The voice that a speaker of Piper's names is a model that is used; one's own is none."""
    lines = "speech: {engine: piper, voice: en_US-many-low#p1, voices: {de: {voice: anna}}}"
    assert used(lines) == {"piper/en_US-many-low": ("speech: voice",)}


def test_every_key_is_listed() -> None:
    """Every key that uses a model is listed."""
    lines = (
        "speech: {speakers: {quote: {engine: mine, voice: v}}}\n"
        "engines: {mine: {module: m, options: {model: somebody/voice}}}"
    )
    assert used(lines) == {"somebody/voice": ("speech: speakers: quote", "engines: mine")}


def test_model_given_as_a_path() -> None:
    """A model given as a path is not listed."""
    assert used("engines: {mine: {like: blip, options: {model: /srv/model}}}") == {}
