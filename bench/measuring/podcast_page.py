"""The page in a real Chromium, by the browser's own marks."""

import time
from pathlib import Path
from statistics import median
from typing import Any

from measuring.program import Figure, say, slowdown

CHROMIUM = "/usr/bin/chromium"
MOST_READY_S = 1.0
_TRIES = 3
_PATIENCE_S = 60.0
_MARKS = """() => {
    const first = (name) => performance.getEntriesByName(name)[0];
    const [painted, ready] = [first("first-contentful-paint"), first("narrated-ready")];
    return ready && painted ? [painted.startTime / 1000, ready.startTime / 1000] : null;
}"""


def usable_page(outbox: Path) -> Figure:
    """Measure from the navigation until the page is drawn, and answers to keys and clicks."""
    path = outbox / "index.html"
    what = f"the page of {path.stat().st_size / 1e6:.1f} MB, from disk, until it can be used"
    goal = f"at most {MOST_READY_S:g} s"
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return Figure(what, "", goal, None, "playwright is not installed: .[test-peers]")
    if not Path(CHROMIUM).exists():
        return Figure(what, "", goal, None, f"there is no {CHROMIUM}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        say(f"Chromium {browser.version} opens the page")
        marks = [_marks(browser, path) for _ in range(_TRIES)]
        browser.close()
    painted_s, ready_s, slower = (median(each) for each in zip(*marks, strict=True))
    alone_s = max(painted_s, ready_s) / slower
    told = f"painted after {painted_s:.2f} s, ready after {ready_s:.2f} s"
    return Figure(what, f"{told}; {alone_s:.2f} s by {slower:.1f}", goal, alone_s <= MOST_READY_S)


def _marks(browser: Any, path: Path) -> tuple[float, float, float]:
    """First paint, readiness, and how much slower than alone this machine was meanwhile."""
    page = browser.new_page()
    before = slowdown()
    page.goto(path.as_uri())
    deadline = time.monotonic() + _PATIENCE_S
    while (found := page.evaluate(_MARKS)) is None:  # the page's policy refuses an eval of its own
        assert time.monotonic() < deadline, "the page never was ready"
        time.sleep(0.02)
    slower = (before + slowdown()) / 2
    page.close()
    return (*found, slower)
