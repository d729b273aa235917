"""Checks the configuration's `podcast:`, and gives the show that it describes."""

import difflib
import re
from urllib.parse import urlsplit

from narrated.config.values import Config, PodcastConfig
from narrated.errors import ConfigurationError
from narrated.podcast.categories import Category, category, category_names
from narrated.podcast.show import Show
from narrated.printable import printable
from narrated.reading.language_tags import language_tag

_LONGEST = {"title": 255, "author": 255, "description": 4000}
"""In bytes of UTF-8, as Apple counts them."""
_LONGEST_ADDRESS = 1024
_PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff")
_EMAIL = re.compile(r"[^@\s<>]+@[^@\s<>.]+(\.[^@\s<>.]+)+")


def check_podcast(config: Config) -> None:
    """Refuse what a feed cannot say, with the key and the remedy. Errors: ConfigurationError."""
    podcast = config.podcast
    if podcast is None:
        return
    for key, problem, remedy in _problems(podcast):
        raise ConfigurationError(f"{config.source}: `podcast.{key}`: {problem}", remedy)


def show_of(config: Config) -> Show | None:
    """Give the show of the whole outbox; None if it is no podcast."""
    podcast = config.podcast
    if podcast is None:
        return None
    return Show(
        title=" ".join(podcast.title.split()),
        author=" ".join(podcast.author.split()),
        description=podcast.description.strip(),
        language=podcast.language or config.reading.language,
        categories=tuple(filter(None, map(category, _names(podcast)))),
        explicit=podcast.explicit,
        owner_name=podcast.owner.name.strip(),
        owner_email=podcast.owner.email.strip(),
        base_url=podcast.base_url and podcast.base_url.rstrip("/") + "/",
        link=podcast.link,
        type=podcast.type,
        picture="" if podcast.image is None else str(podcast.image),
    )


def _problems(podcast: PodcastConfig) -> list[tuple[str, str, str]]:
    """List what is wrong: the key, the problem, and the remedy."""
    found = []
    if not podcast.title.strip():
        found.append(("title", "it is empty.", "Name the podcast as players are to show it."))
    for key, most in _LONGEST.items():
        if len(getattr(podcast, key).encode()) > most:
            found.append((key, "it is too long.", f"Shorten it to {most} bytes."))
    if podcast.language and language_tag(podcast.language) != podcast.language:
        remedy = "Name a language by its tag, such as fr or pt-BR."
        found.append(("language", "that is no language.", remedy))
    for name in _names(podcast):
        if category(name) is None:
            found.append(("category", f"Apple has no `{printable(name)}`.", _similar(name)))
    if podcast.owner.email and not _EMAIL.fullmatch(podcast.owner.email.strip()):
        remedy = "Write one such as me@example.org, or leave it out."
        found.append(("owner.email", "that is no address of mail.", remedy))
    if podcast.image and podcast.image.suffix.lower() not in _PICTURES:
        remedy = "Name a JPEG, PNG, WebP, GIF, BMP or TIFF file."
        found.append(("image", "that is no picture.", remedy))
    base_url, remedy = podcast.base_url, "Write an address such as https://example.org/podcast/."
    for key in ("base_url", "link"):
        if problem := _address_problem(getattr(podcast, key)):
            found.append((key, problem, remedy))
    if "?" in base_url or "#" in base_url:
        found.append(("base_url", "it has a `?` or `#`, so that no path can follow it.", remedy))
    return found


def _names(podcast: PodcastConfig) -> tuple[str, ...]:
    return (podcast.category,) if isinstance(podcast.category, str) else podcast.category


def _similar(name: str) -> str:
    """The remedy for an unknown category: one that is named alike, or some."""
    own = name.rpartition(">")[2].strip()
    by_fold = {each.casefold(): each for each in category_names()}
    similar = difflib.get_close_matches(own.casefold(), by_fold, n=1)
    if similar:
        found: Category = category(similar[0]) or ("", "")
        return f"Did you mean `{' > '.join(filter(None, found))}`?"
    return "Choose one of Apple's, such as Technology, Arts > Books or Education."


def _address_problem(address: str) -> str:
    """Say why an address is none that a feed can hold; empty if it is one."""
    if not address:
        return ""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "that is no address of the web."
    if parts.scheme not in ("http", "https") or not host or len(address) > _LONGEST_ADDRESS:
        return "that is no address of the web."
    if not address.isascii() or any(sign.isspace() or sign in '<>"\\^`{|}' for sign in address):
        return "it holds signs that an address must write as %XX."
    if parts.username is not None:
        return "it holds a name or password, which everybody would read."
    return ""
