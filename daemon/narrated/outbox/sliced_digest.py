"""Compares a published file with its digest slice by slice: it may have hours of sound."""

import hashlib
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from narrated.os_error_remedies import storing
from narrated.outbox.manifest import ManifestOutput
from narrated.outbox.open_folder import opened, split
from narrated.outbox.plausible_sound import most_bytes
from narrated.outbox.untrusted_reads import file_in, manifest

SLICE_BYTES = 8 << 20


@dataclass(eq=False)
class SlicedDigest:
    """The digest of one output. Between two slices nothing of it is open."""

    _outbox: Path
    _stem: str
    _output: ManifestOutput
    _read_bytes: int = 0
    _digest: Any = field(default_factory=hashlib.sha256)
    is_other: bool = False
    """True if the file is whole and differs from its digest; to be asked at the end."""

    def read_slice(self) -> bool:
        """Read the next slice; True while there is more. Errors: StorageError.

        A file that is gone, or another than ours, ends it.
        """
        content = self._next_slice()
        if content is None:
            return False
        self._digest.update(content)
        self._read_bytes += len(content)
        if len(content) == SLICE_BYTES and self._read_bytes <= self._output.bytes:
            return True
        self.is_other = self._digest.hexdigest() != self._output.sha256
        return False

    def _next_slice(self) -> bytes | None:
        place, name = self._outbox / self._stem, self._output.name
        with (
            storing(str(place)),
            suppress(FileNotFoundError, NotADirectoryError),
            opened(self._outbox, split(self._stem)[0]) as folder,
        ):
            file = file_in(folder, name, str(place.with_name(name)))
            if file is not None:
                with file:
                    file.seek(self._read_bytes)
                    return file.read(SLICE_BYTES)
        return None


def digests_of(outbox: Path, stem: str, duration_s: float) -> list[SlicedDigest]:
    """List the outputs of a narration to compare; none if its manifest is not ours, or absurd.

    Errors: StorageError.
    """
    found = manifest(outbox, stem)
    if found is None or sum(each.bytes for each in found.outputs) > most_bytes(duration_s):
        return []
    return [SlicedDigest(outbox, stem, output) for output in found.outputs]
