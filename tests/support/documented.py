"""Fenced blocks of the documentation, for tests that try what the documentation says."""

import re
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page: str, heading: str, language: str) -> list[str]:
    """The blocks of a language below a heading of a page, in order, without their fences."""
    text = (DOCS / page).read_text()
    section = re.split(rf"(?m)^## {re.escape(heading)}$", text)[1]
    section = re.split(r"(?m)^## ", section)[0]
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", section)
