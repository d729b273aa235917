"""Which models a configuration uses."""

from pathlib import Path

from narrated.config.file import parse
from narrated.engines.registry import BUILT_IN_ENGINES
from narrated.models.catalogue import configured_models, known_models


def used(lines: str = "") -> dict[str, tuple[str, ...]]:
    """What a configuration with these lines uses."""
    text = f"inbox: /in\noutbox: /out\n{lines}"
    return configured_models(parse(text, Path("/etc/narrated/narrated.yaml"), {"HOME": "/root"}))


def test_the_embedded_voice_uses_none() -> None:
    assert used() == {}


def test_every_engine_with_a_model_is_in_the_catalogue_under_its_name() -> None:
    catalogue = {(each.name, each.does, each.repository) for each in known_models()}
    engines = {
        (spec.name, spec.kind, spec.options["model"])
        for spec in BUILT_IN_ENGINES.values()
        if "model" in spec.options
    }
    assert catalogue == engines


def test_an_engine_uses_its_model() -> None:
    assert used("speech: {engine: bark, voice: v2/en_speaker_6}\npictures: {captions: blip}") == {
        "suno/bark": ("speech: engine",),
        "Salesforce/blip-image-captioning-base": ("pictures: captions",),
    }


def test_an_engine_like_another_uses_that_ones_model_unless_it_names_its_own() -> None:
    lines = (
        "engines:\n"
        "  calm: {like: bark, options: {temperature: 0.5}}\n"
        "  other: {like: blip, options: {model: somebody/captioner}}\n"
    )
    expected = {"suno/bark": ("engines: calm",), "somebody/captioner": ("engines: other",)}
    assert used(lines) == expected


def test_every_key_that_uses_a_model_is_named() -> None:
    lines = (
        "speech: {speakers: {quote: {engine: mine, voice: v}}}\n"
        "engines: {mine: {module: m, options: {model: somebody/voice}}}"
    )
    assert used(lines) == {"somebody/voice": ("speech: speakers: quote", "engines: mine")}


def test_a_folder_of_ones_own_is_nothing_to_pull() -> None:
    assert used("engines: {mine: {like: blip, options: {model: /srv/model}}}") == {}
