"""Descriptions that no model made are told from others."""

import io

from PIL import Image

from narrated.engines.model_free_captioner import describe
from narrated.script.model_free_caption import is_model_free
from narrated.script.text_normalisation import normalise


def _described(size: tuple[int, int]) -> str:
    file = io.BytesIO()
    Image.new("RGB", size, "red").save(file, "PNG")
    return describe(file.getvalue())


def test_embedded_wording_is_recognised() -> None:
    """Each shape that the embedded captioner names is recognised, also as it is said."""
    for size in ((1, 1), (9, 9), (99, 10), (12, 10), (10, 12), (10, 99), (100, 103)):
        assert is_model_free(_described(size)), _described(size)
        assert is_model_free(normalise(_described(size)))


def test_other_captions_are_not() -> None:
    """A sentence of a model or of an author is none of these."""
    for caption in (
        "A dog on a wide beach.",
        "A screenshot of a wide table",
        "An image of Rex",
        "",
    ):
        assert not is_model_free(caption)
