"""A watcher of an outbox: each file is whole as long as it has its name."""

import contextlib
import hashlib
import json
import os
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

from support.published import is_manifest

NOTE = ".txt"


class Watch:
    """Looks at all that is visible below a folder, again and again, until the context ends.

    Every version of a file is kept open, so that no other gets its inode: what has been seen under
    its name once must never have another content.
    """

    def __init__(self, outbox: Path) -> None:
        self.seen: set[str] = set()
        """Every name that ever stood there, drafts and all."""
        self.looks = 0
        self.defects: set[str] = set()
        self._outbox = outbox
        self._versions: dict[tuple[str, int, int], tuple[int, str]] = {}
        """A descriptor and the first digest of each name, device and inode."""
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        for (name, *_), (fd, digest) in self._versions.items():
            if _digest(_content(fd)) != digest:
                self.defects.add(f"{name} became another after it had been seen")
            os.close(fd)

    def verify(self, manifests: Iterable[Mapping[str, Any]]) -> str:
        """See that each version was whole, as these manifests have it; a figure tells how many."""
        assert self.defects == set()
        named = {each["sha256"] for manifest in manifests for each in manifest["outputs"]}
        outputs = {
            digest: name
            for (name, *_), (_, digest) in self._versions.items()
            if not (name.endswith(NOTE) or is_manifest(name))
        }
        halves = {name for digest, name in outputs.items() if digest not in named}
        assert halves == set(), f"no manifest names what was seen of {halves}"
        assert outputs.keys() == named
        return f"{len(self._versions)} versions of files seen in {self.looks} looks, each whole"

    def _watch(self) -> None:
        while not self._done.is_set():
            self._look()
            self.looks += 1
            time.sleep(0.002)
        self._look()

    def _look(self) -> None:
        for top, _, names in os.walk(self._outbox):
            for path in (Path(top, name) for name in names):
                self.seen.add(str(path.relative_to(self._outbox)))
                if not path.name.startswith("."):
                    with contextlib.suppress(FileNotFoundError):
                        self._see(path)

    def _see(self, path: Path) -> None:
        fd = os.open(path, os.O_RDONLY)
        status, content = os.fstat(fd), _content(fd)
        digest = _digest(content)
        version = (str(path.relative_to(self._outbox)), status.st_dev, status.st_ino)
        known = self._versions.get(version)
        if known is None:
            self._versions[version] = (fd, digest)
            self._read(path, content)
            return
        os.close(fd)
        if known[1] != digest:
            self.defects.add(f"{version[0]} changed where it stood")

    def _read(self, path: Path, content: bytes) -> None:
        """A version that is new here has to be complete in itself."""
        if is_manifest(path.name):
            outputs = [path.with_name(each["name"]) for each in json.loads(content)["outputs"]]
            missing = {output.name for output in outputs if not output.exists()}
            self.defects |= {f"{path.name} came before {name}" for name in missing}
        elif path.suffix == NOTE and not content.endswith(b"\n"):
            self.defects.add(f"{path.name} is cut off")
        elif not content:
            self.defects.add(f"{path.name} is empty")


def _content(fd: int) -> bytes:
    return os.pread(fd, os.fstat(fd).st_size, 0)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
