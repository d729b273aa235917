"""Paths of the pictures that a post shows, resolved to files of the inbox."""

import os
import posixpath
import re
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

_REMOTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")
_UNFIT = re.compile(r"[\\\x00]")


def resolve(post: str, source: str, roots: Mapping[str, str]) -> str | None:
    """Return the inbox path of a picture that a post shows; None if it lies outside the inbox.

    `source` is a URL reference as the author wrote it. `roots` maps the prefix of a site-absolute
    reference to a folder of the inbox; the longest prefix wins, and a reference without one starts
    at the inbox's root. Remote and data: references, and those that leave the inbox, give None.
    """
    reference = source.strip()
    target = _decoded(re.split(r"[?#]", reference, maxsplit=1)[0])
    is_file = posixpath.basename(target) not in ("", ".", "..") and not _UNFIT.search(target)
    if _REMOTE.match(reference) or not is_file:
        return None
    if target.startswith("/"):
        target = _mapped(target, roots)
    else:
        target = posixpath.join(posixpath.dirname(post), target)
    path = posixpath.normpath(target.lstrip("/"))
    return None if path.split("/")[0] in ("", ".", "..") else path


def _decoded(reference: str) -> str:
    """Undo percent-encoding; bytes that are not UTF-8 become surrogates, as in file names."""
    try:
        return os.fsdecode(unquote_to_bytes(os.fsencode(reference)))
    except UnicodeEncodeError:
        return ""


def _mapped(target: str, roots: Mapping[str, str]) -> str:
    for prefix in sorted(roots, key=len, reverse=True):
        stem = prefix.strip("/")
        rest = target.removeprefix(f"/{stem}") if stem else target
        if rest.startswith("/") and (rest != target or not stem):
            return roots[prefix].strip("/") + rest
    return target
