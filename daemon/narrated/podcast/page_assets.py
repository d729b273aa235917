"""The page's style, scripts and signs: the same for each outbox."""

from importlib import resources


def page_assets() -> dict[str, bytes]:
    """Return the files that the page's folder has besides its data, by their names."""
    folder = resources.files("narrated.podcast") / "page"
    return {
        each.name: each.read_bytes() for each in sorted(folder.iterdir(), key=lambda at: at.name)
    }
