"""The headers of each kind of published file: its type, its caching, what a browser may do."""

import re

from narrated.audio.chapters import CHAPTERS_SUFFIX
from narrated.audio.formats import TRANSCRIPT_SUFFIX
from narrated.podcast.episode import SOUNDS

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The policy that the page has in its head, for a server: nothing inline, nothing off the host."""
OTHER_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"
"""For all else: a file that a browser opens by itself runs nothing."""

MEDIA_TYPES = {
    CHAPTERS_SUFFIX: "application/json+chapters",
    TRANSCRIPT_SUFFIX: "application/json",
    **SOUNDS,
    ".vtt": "text/vtt",  # players compare the whole type, so that it has no parameters
    ".srt": "application/x-subrip",
    ".txt": "text/plain; charset=utf-8",  # what a picture shows, in words
    ".xml": "application/rss+xml",
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".ico": "image/x-icon",
}
"""The type of each suffix; one that ends as another does stands before it."""

_SHOWN = ("audio/", "image/jpeg")
_NAMED_BY_CONTENT = re.compile(r"(?:.*[.-][0-9a-f]{8}|(?:.*/)?index\.files/[0-9a-f]{8,64})\.jpg")


def media_type(path: str) -> str | None:
    """Return the type of a file; None if narrated publishes none of its suffix."""
    return next((kind for suffix, kind in MEDIA_TYPES.items() if path.endswith(suffix)), None)


def content_headers(path: str, kind: str) -> dict[str, str]:
    """Return the headers that depend on a published file's name and type alone."""
    headers = {"content-type": kind, "cache-control": _caching(path)}
    if path.endswith(".html"):
        headers["content-security-policy"] = PAGE_POLICY
    elif not kind.startswith(_SHOWN):  # a policy would keep a browser's own player from it
        headers["content-security-policy"] = OTHER_POLICY
    return headers


def _caching(path: str) -> str:
    """A name with its content's digest stays what it is; all else is asked for again."""
    if _NAMED_BY_CONTENT.fullmatch(path):
        return "max-age=31536000, immutable"
    return "no-cache"
