"""Tells the address of a private podcast, and where to write it."""

from collections.abc import Iterator
from pathlib import Path

from narrated.config.values import Config
from narrated.podcast_token import address_with, make_token, read_token, token_path
from narrated.printable import printable
from narrated.service.state_access import refusal

_USUAL_ADDRESS = "http://127.0.0.1:8321/"


def token_lines(config: Config, *, new: bool) -> Iterator[str]:
    """Make a token if there is none, or another one; yield the lines that tell its address.

    Errors: StorageError.
    """
    refuse_strangers(config.state)
    before = read_token(config.state) if not new else ""
    token = before or make_token(config.state)
    base_url = config.podcast.base_url if config.podcast else ""
    address = address_with(base_url or _USUAL_ADDRESS, token)
    yield f"base_url: {address}"
    yield ""
    if base_url.rstrip("/") == address.rstrip("/"):
        yield f"{printable(str(config.source))} says so already;"
        yield "`narrated reload` has the daemon follow it."
    else:
        yield f"Write that line under `podcast:` in {printable(str(config.source))}, then run"
        yield "`narrated reload`: the feed's links then have the address too."
        if base_url:
            yield "Until then, the feed's links lead nowhere."
        else:
            yield "Put the address that players reach in the place of 127.0.0.1:8321."
    yield f"Subscribe to {address}feed.xml. Whoever has the address hears everything."
    if not before:
        yield "`narrated serve` answers to this address alone from now on, without a restart."


def refuse_strangers(state: Path) -> None:
    """Refuse an account that may not know the token of a state. Errors: NarratedError."""
    refused = refusal(state) or refusal(token_path(state).parent)
    if refused is not None:
        raise refused
