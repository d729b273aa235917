"""Pictures for tests: stripes, and gradients that a captioner tells apart."""

import io
from typing import Any

import numpy as np
from PIL import Image

BLUE, GREEN, RED = (30, 60, 200), (30, 160, 60), (210, 30, 30)


def painted(width: int = 320, height: int = 200, *colours: Any, mode: str = "RGB") -> Image.Image:
    """Stripes of equal width, from left to right."""
    image = Image.new("RGB", (width, height))
    for index, colour in enumerate(colours or (BLUE,)):
        left = index * width // len(colours or (BLUE,))
        image.paste(colour, (left, 0, width, height))
    return image.convert(mode)


def shaded(number: int, width: int = 160, height: int = 90) -> Image.Image:
    """A gradient with a rectangle in it; each number gives another."""
    down, across = np.mgrid[0:height, 0:width]
    pixels = np.full((height, width, 3), 30, dtype=np.uint8)
    pixels[..., number % 3] = across * 255 // width
    pixels[..., (number + 1) % 3] = down * 255 // height if number % 2 else 30
    box = (255 * (number % 2), 90 * number % 255, 200)
    pixels[height // 4 : height // 2, width // 4 : width // 2] = box
    return Image.fromarray(pixels)


def saved(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()
