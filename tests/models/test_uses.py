"""Which models a configuration uses."""

from pathlib import Path

import msgspec

from narrated.config.file import parse
from narrated.config.values import Config, Speech
from narrated.models.uses import uses


def configured(lines: str = "") -> Config:
    """A configuration with these lines."""
    text = f"inbox: /in\noutbox: /out\n{lines}"
    return parse(text, Path("/etc/narrated/narrated.yaml"), {"HOME": "/root"})


def test_the_embedded_voice_uses_none() -> None:
    assert uses(configured()) == {}


def test_an_engine_uses_its_namesake_of_the_catalogue() -> None:
    config = msgspec.structs.replace(configured(), speech=Speech(engine="bark", voice=""))
    assert uses(config) == {"suno/bark": ("speech.engine",)}


def test_an_engines_option_names_another_model_by_name_or_repository() -> None:
    for named in ("bark-small", "suno/bark-small"):
        config = configured(f"engines: {{mine: {{module: m, options: {{model: {named}}}}}}}")
        assert uses(config) == {"suno/bark-small": ("engines.mine",)}


def test_every_key_that_uses_a_model_is_named() -> None:
    config = configured(
        "speech: {speakers: {quote: {engine: mine, voice: v}}}\n"
        "engines: {mine: {module: m, options: {model: somebody/voice}}}"
    )
    assert uses(config) == {"somebody/voice": ("speech.speakers.quote", "engines.mine")}


def test_a_folder_of_ones_own_and_an_engine_of_ones_own_are_nothing_to_pull() -> None:
    config = configured(
        "engines: {mine: {module: m, options: {model: /srv/model}}, blip: {module: my_blip}}"
    )
    assert uses(config) == {}
