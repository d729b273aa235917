"""The token of a private podcast: a secret in the path of its address, in a file of the state."""

import hmac
import os
import re
import secrets
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from narrated import private_files, regular_file
from narrated.atomic_write import atomic_write
from narrated.errors import StorageError
from narrated.os_error_remedies import storing
from narrated.printable import printable
from narrated.systemd_units import TOKEN_FOLDER

LOST_LINKS = "`base_url` is without the token, so that the feed's links lead nowhere"
LOST_LINKS_REMEDY = "`narrated podcast token` prints the line to write; then run `narrated reload`."
_NAME = "token"
_FOLDER_MODE = 0o700
_MODE = 0o600
_BYTES = 16
_TOKEN = re.compile(r"[0-9A-Za-z_-]{16,128}")
_OURS = re.compile(r"[0-9a-f]{32}")


def token_path(state: Path) -> Path:
    """The file of the token."""
    return state / TOKEN_FOLDER / _NAME


def read_token(state: Path) -> str:
    """Return the token; empty if there is none. Errors: StorageError."""
    path = token_path(state)
    with storing(str(path)), suppress(FileNotFoundError), regular_file.opened(path) as file:
        written = (regular_file.read(file, 1024) or b"").decode("ascii", "replace").strip()
        if not _TOKEN.fullmatch(written):
            raise StorageError(
                f"{printable(str(path))} holds no token.",
                "Make another: narrated podcast token --new",
            )
        return written
    return ""


def make_token(state: Path) -> str:
    """Write a new token in the place of the old one, readable for the daemon's account alone.

    Root gives it to the owner of the state. Errors: StorageError.
    """
    token = secrets.token_hex(_BYTES)  # letters and digits: Apple takes no other sign
    path = token_path(state)
    with storing(str(path)):
        private_files.make_folder(state)
        path.parent.mkdir(_FOLDER_MODE, exist_ok=True)
        with atomic_write(path) as draft:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            with os.fdopen(os.open(draft, flags, _MODE), "w") as file:
                os.fchmod(file.fileno(), _MODE)
                file.write(token + "\n")
                file.flush()
                os.fsync(file.fileno())
            _give_to_owner(state, path.parent, draft)
    return token


def has_lost_links(state: Path, base_url: str) -> bool:
    """True if a feed's links go to this address, and a token shuts it.

    False as well for an account that may not know the token. Errors: StorageError.
    """
    try:
        token = read_token(state)
    except StorageError as error:
        if isinstance(error.__cause__, PermissionError):
            return False
        raise
    return bool(token and base_url) and not base_url.rstrip("/").endswith(f"/{token}")


def is_token(given: str, token: str) -> bool:
    """Compare in constant time, so that no answer's time tells how much of a guess is right."""
    return hmac.compare_digest(os.fsencode(given), token.encode())


def address_with(base_url: str, token: str) -> str:
    """Return an address with this token as its last part, in the place of an earlier one."""
    parts = urlsplit(base_url)
    folders = parts.path.rstrip("/").split("/")
    if _OURS.fullmatch(folders[-1]):
        folders.pop()
    path = "/".join([*folders, token, ""])
    return urlunsplit(parts._replace(path=path if path.startswith("/") else f"/{path}"))


def _give_to_owner(state: Path, *made: Path) -> None:
    if os.geteuid() != 0:
        return
    owner = state.stat()
    for each in made:
        os.chown(each, owner.st_uid, owner.st_gid)
