"""Takes the pictures of the page again: narrates the sample and the posts beside, opens Chromium.

    .venv/bin/python docs/pictures/take.py

needs `pip install '.[test-peers]'`, Chromium, and a serif font (Debian: fonts-urw-base35).
"""

import io
import math
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw
from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent
CONFIG = """\
inbox: inbox
outbox: outbox
state: state
cache: cache
podcast:
  title: Letters from the fourth floor
  author: Ada Merrin
  description: Notes on cities, bread and small machines, read aloud by a box under my desk.
  base_url: https://example.org/letters/
"""
SIZES = {390: 844, 820: 1180, 1440: 900}
Colour = tuple[int, int, int]
HILLS: dict[str, tuple[int, tuple[Colour, Colour, Colour], tuple[Colour, Colour], str]] = {
    "hills.png": (
        3,
        ((250, 214, 165), (244, 160, 120), (255, 240, 214)),
        ((214, 140, 120), (70, 52, 74)),
        "",
    ),
    "before-the-market.jpg": (
        8,
        ((190, 220, 235), (246, 232, 214), (255, 252, 240)),
        ((150, 180, 180), (38, 70, 70)),
        "The hills above the market hall, at six in the morning.",
    ),
    "first-snow.jpg": (
        21,
        ((120, 140, 180), (226, 226, 236), (250, 250, 250)),
        ((170, 180, 205), (60, 70, 100)),
        "The first snow, and a moon that nobody had ordered.",
    ),
}


def main() -> None:
    """Narrate, and take a picture of list and text at each width, light and dark."""
    with tempfile.TemporaryDirectory() as folder:
        address = f"file://{narrated_outbox(Path(folder))}/index.html"
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            for width, height in SIZES.items():
                for scheme in ("light", "dark"):
                    page = browser.new_page(
                        viewport={"width": width, "height": height},
                        color_scheme=scheme,  # type: ignore[arg-type]
                        reduced_motion="reduce",
                        has_touch=width < 1000,
                        device_scale_factor=1,
                    )
                    take(page, address, f"{width}-{scheme}")
                    page.close()
            browser.close()


def narrated_outbox(home: Path) -> Path:
    """Narrate the posts and pictures with the embedded voice; return the outbox."""
    inbox = home / "inbox"
    shutil.copytree(HERE / "posts", inbox)
    for sample in (HERE.parent / "sample").iterdir():
        shutil.copy(sample, inbox)
    for name, hills in HILLS.items():
        draw_hills(inbox / name, *hills)
    (home / "narrated.yaml").write_text(CONFIG)
    command = [sys.executable, "-m", "narrated.cli.main", "--config", "narrated.yaml", "once"]
    subprocess.run(command, cwd=home, check=True)
    return home / "outbox"


def take(page: Page, address: str, name: str) -> None:
    """Take the list, and the text with a sentence marked."""
    page.goto(address)
    page.wait_for_timeout(500)
    keep(page, f"list-{name}")
    page.click("text=The last mile is a stair")
    page.wait_for_selector(".text .s")
    page.evaluate("narrated.player.seek(60)")
    page.wait_for_timeout(500)
    page.mouse.move(0, 0)
    keep(page, f"text-{name}")


def keep(page: Page, name: str) -> None:
    """Keep what the window shows, as WebP."""
    with Image.open(io.BytesIO(page.screenshot())) as shot:
        shot.convert("RGB").save(HERE / f"{name}.webp", quality=82, method=6)


def draw_hills(
    path: Path, seed: int, sky: tuple[Any, ...], ground: tuple[Any, ...], caption: str
) -> None:
    """Draw hills under a sun: a picture that needs no licence."""
    chance, (width, height) = random.Random(seed), (1200, 800)
    image = Image.new("RGB", (width, height))
    brush = ImageDraw.Draw(image)
    for y in range(height):
        brush.line([(0, y), (width, y)], fill=_between(sky[0], sky[1], y / height))
    brush.ellipse([744, 176, 894, 326], fill=sky[2])
    for row in range(6):
        phases = [chance.uniform(0, 2 * math.pi) for _ in range(3)]
        ridge = [(x, _ridge(x / width, row, phases) * height) for x in range(0, width + 8, 8)]
        brush.polygon(
            [*ridge, (width, height), (0, height)], fill=_between(ground[0], ground[1], row / 5)
        )
    exif = image.getexif()
    if caption:
        exif[0x010E] = caption  # ImageDescription: what the picture shows, as cameras keep it
    image.save(path, exif=exif)


def _ridge(x: float, row: int, phases: list[float]) -> float:
    waves = zip((5, 11, 23), (0.05, 0.025, 0.008), phases, strict=True)
    return 0.45 + row * 0.1 + sum(high * math.sin(x * fast + phase) for fast, high, phase in waves)


def _between(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


if __name__ == "__main__":
    main()
