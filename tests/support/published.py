"""The files that a narration has in the outbox."""

import json
from collections.abc import Iterable
from pathlib import Path

BESIDE = ("vtt", "srt", "transcript.json", "json")
"""The suffixes of the files beside the sound; the manifest's is the last."""
SUFFIXES = ("mp3", *BESIDE)


def narration(stem: str, audio: str = "mp3", *more: str) -> set[str]:
    """The names of the files of a narration; `more` are the suffixes of others beside them."""
    return {f"{stem}.{suffix}" for suffix in (audio, *BESIDE, *more)}


def stems(files: Iterable[str]) -> set[str]:
    """The names of sources without a dot, by the files of their narrations."""
    return {Path(name).name.partition(".")[0] for name in files}


def is_manifest(name: str) -> bool:
    """True for the name of a manifest, if no source is called as the files beside others."""
    return name.endswith(".json") and not name.endswith((".chapters.json", ".transcript.json"))


def spoken_words(outbox: Path, stem: str) -> str:
    """All words that a narration says, by its transcript."""
    content = (outbox / f"{stem}.transcript.json").read_bytes()
    return " ".join(each.get("spoken", each["body"]) for each in json.loads(content)["segments"])
