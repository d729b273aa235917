"""Rules for names in the outbox: what a file system takes, and what replaces any other name."""

import hashlib
import os
import re
from dataclasses import dataclass

LONGEST_NAME_BYTES = 255
"""The longest name of usual file systems."""

PLAIN_NAME_BYTES = 120
"""Short enough for every file system: eCryptfs takes 143 bytes, the least in use."""

_DIGEST_LENGTH = 8
_REFUSED = re.compile(r'[\x00-\x1f\x7f"*:<>?\\|\ud800-\udfff\ufffe\uffff]')
"""Windows takes none of these, nor does exFAT, FAT or SMB; a surrogate is a byte of no UTF-8."""
_DEVICE = re.compile(
    r"\A(con|prn|aux|nul|clock\$|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?= *(?:\.|\Z))",
    re.IGNORECASE,
)
"""Names of Windows' devices, which count with any suffix."""
_LAST_SIGNS = re.compile(r"[. ]+\Z")
"""Windows drops these from the end of a name."""
_NOT_ASCII = re.compile(r"[^\x20-\x7e]")
_NOT_PLAIN = re.compile(r"[^0-9A-Za-z._-]")
_EDGES = "-_."


@dataclass(frozen=True, slots=True)
class NameRules:
    """Rules for one component of a path in the outbox.

    A name that they refuse is replaced by one that carries a digest of the whole name, so that
    two names stay two, and each is always replaced by the same.
    """

    portable: bool = False
    """Only names that Windows takes too."""
    ascii_only: bool = False
    is_plain: bool = False
    """Only letters and digits of ASCII, and `-`, `_`, `.`: Apple takes no other address. Other
    letters are transliterated, so that two names may become one."""
    longest_bytes: int = LONGEST_NAME_BYTES

    @property
    def meaning(self) -> str:
        """The rules in words, for the journal and the doctor."""
        signs = "names that Windows refuses too are replaced" if self.portable else ""
        is_short = self.longest_bytes < LONGEST_NAME_BYTES
        length = f"names over {self.longest_bytes} bytes are shortened" if is_short else ""
        return " and ".join(filter(None, (signs, length))) or "every name stays as it is"

    def allow(self, name: str, spare_bytes: int = 0) -> bool:
        """True if a name may stand as it is, with a suffix of so many bytes."""
        return self.fitted(name, spare_bytes=spare_bytes) == name

    def fitted(self, name: str, ending: str = "", spare_bytes: int = 0) -> str:
        """Return a name with its ending, or what replaces it; room is left for a suffix."""
        spelled = plain_name(name) if self.is_plain else name
        legal = self._legal(spelled, is_last=not (ending or spare_bytes))
        longest = self.longest_bytes - spare_bytes
        if legal == spelled and _size(spelled + ending) <= longest:
            return spelled + ending
        digest = hashlib.sha256(os.fsencode(name)).hexdigest()[:_DIGEST_LENGTH]
        tail = f"{'-' if self.is_plain else '~'}{digest}{ending}"
        while _size(legal + tail) > longest:
            legal = legal[:-1]
        return legal + tail

    def _legal(self, name: str, *, is_last: bool) -> str:
        if self.ascii_only:
            name = _NOT_ASCII.sub("_", name)
        if not self.portable:
            return name
        name = _DEVICE.sub(r"\1_", _REFUSED.sub("_", name))
        return _LAST_SIGNS.sub(lambda signs: "_" * len(signs[0]), name) if is_last else name


def plain_name(name: str) -> str:
    """Transliterate a name: `Tea & Crème.md` is `Tea-Creme.md`.

    One without any letter or digit becomes its digest.
    """
    if name.isascii() and not _NOT_PLAIN.search(name) and name.strip(_EDGES) == name:
        return name
    from anyascii import anyascii  # late: most outboxes need none of its tables

    letters = anyascii(name.encode("utf-8", "replace").decode())
    parts = _NOT_PLAIN.sub("-", letters.replace("'", "")).split(".")
    words = ("-".join(filter(None, part.split("-"))) for part in parts)
    plain = ".".join(words).strip(_EDGES)  # `What?.md` is `What.md`
    return plain or f"post-{hashlib.sha256(os.fsencode(name)).hexdigest()[:_DIGEST_LENGTH]}"


def load_transliterations() -> None:
    """Read the tables of all letters, which are files: afterwards `plain_name` reads none."""
    from anyascii import anyascii

    for first in range(0x80, 0x110000, 0x100):
        anyascii(chr(first | 0xA0) if not 0xD800 <= first < 0xE000 else "")


def _size(name: str) -> int:
    return len(os.fsencode(name))


USUAL_RULES = NameRules()
"""Those of Linux' own file systems: a name is bytes."""
