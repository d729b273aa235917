"""Chapters of a container such as an m4a: set while it is written, or by writing it again."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av

from narrated.audio.chapters import Chapter
from narrated.audio.formats import AudioFormat

if TYPE_CHECKING:  # PyAV has the name for type checkers alone
    from av.container.core import Chapter as ContainerChapter

_MILLISECOND = Fraction(1, 1000)


def container_chapters(chapters: Iterable[Chapter]) -> "list[ContainerChapter]":
    """Give chapters in the form that FFmpeg's libraries take."""
    return [
        {
            "id": number,
            "start": round(each.start_s * 1000),
            "end": round(each.end_s * 1000),
            "time_base": _MILLISECOND,
            "metadata": {"title": each.title},
        }
        for number, each in enumerate(chapters)
    ]


def has_chapters(path: Path, chapters: Sequence[Chapter]) -> bool:
    """True if a container has exactly these chapters. Errors: OSError."""
    with av.open(str(path.absolute())) as container:
        found = [
            (each["start"] * (each["time_base"] or _MILLISECOND), each["metadata"].get("title"))
            for each in container.chapters()
        ]
    wanted = [(Fraction(round(each.start_s * 1000), 1000), each.title) for each in chapters]
    return found == wanted


def copy_with_chapters(
    source: Path, target: Path, format: AudioFormat, chapters: Iterable[Chapter]
) -> None:
    """Write the same sound into a new container with these chapters. Errors: OSError."""
    options = {"fflags": "+bitexact", **format.options}
    with (
        av.open(str(source.absolute())) as old,
        av.open(
            str(target.absolute()), "w", format=format.container, container_options=options
        ) as new,
    ):
        sound = old.streams.audio[0]
        stream = new.add_stream_from_template(sound)
        new.set_chapters(container_chapters(chapters))
        for packet in old.demux(sound):
            if packet.dts is not None:  # the last one is empty
                packet.stream = stream
                new.mux(packet)
