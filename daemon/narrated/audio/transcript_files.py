"""Transcripts of a narration: WebVTT, SubRip, and Podcasting 2.0's JSON, sentence by sentence.

The JSON follows https://github.com/Podcastindex-org/podcast-namespace (transcripts.md).
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from narrated.audio.cues import Cue, clean, cues
from narrated.audio.encoder_requests import TranscriptForm
from narrated.audio.growing_text import GrowingText
from narrated.audio.heard_sentence import HeardSentence
from narrated.os_error_remedies import storing

FORMAT_VERSION = "1.0.0"
_VTT_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_SRT_ESCAPES = str.maketrans({"<": "‹", ">": "›"})
"""SubRip has no escapes, and players take `<b>` for a tag."""
_SRT_OVERRIDE = re.compile(r"\{(?=\\)")
"""Begins an instruction such as `{\\an8}`, which moves a caption."""
_WORD_JOINER = "\u2060"


class TranscriptFiles:
    """The transcripts of one narration; they grow on the disk, in the order of time.

    `paths` are those of the three, as in TRANSCRIPT_SUFFIXES. Errors: StorageError.
    """

    def __init__(self, paths: Sequence[Path], form: TranscriptForm = "spoken") -> None:
        self._place = str(paths[0])
        self._form = form
        self._cues = self._segments = self._end_ms = 0
        self._vtt, self._srt, self._json = map(GrowingText, paths)
        self._vtt.write("WEBVTT\n")
        self._json.write(f'{{"version":"{FORMAT_VERSION}","segments":[')

    def add(self, sentence: HeardSentence) -> None:
        """Write one sentence; one without words is left out."""
        spoken = clean(sentence.spoken)
        written = clean(sentence.written) or spoken
        shown, other = (written, spoken) if self._form == "written" else (spoken, written)
        if not shown:
            return
        with storing(self._place):
            start_ms = self._write_cues(cues(sentence, shown))
            self._end_ms = max(self._end_ms, round(sentence.end_s * 1000))
            segment: dict[str, object] = {"startTime": start_ms / 1000}
            segment |= {"endTime": self._end_ms / 1000, "speaker": sentence.speaker, "body": shown}
            if other not in ("", shown):
                segment["spoken" if self._form == "written" else "written"] = other
            self._write_segment(segment)

    def close(self) -> None:
        """Write the rest. Nothing has to be closed where the narration is discarded."""
        with storing(self._place):
            self._json.write("\n]}\n")
            for file in (self._vtt, self._srt, self._json):
                file.flush()

    def _write_cues(self, captions: Iterable[Cue]) -> int:
        """Write cues to both files; returns when the first begins."""
        start_ms = None
        for cue in captions:
            begin_ms = max(cue.start_ms, self._end_ms)
            end_ms = self._end_ms = max(cue.end_ms, begin_ms + 1)  # a cue ends after it starts
            start_ms = begin_ms if start_ms is None else start_ms
            begin, end = clock(begin_ms), clock(end_ms)
            self._cues += 1
            text = "\n".join(cue.lines)
            self._vtt.write(f"\n{begin} --> {end}\n{text.translate(_VTT_ESCAPES)}\n")
            blank = "\n" if self._cues > 1 else ""
            begin, end = begin.replace(".", ","), end.replace(".", ",")
            self._srt.write(f"{blank}{self._cues}\n{begin} --> {end}\n{_in_srt(text)}\n")
        return self._end_ms if start_ms is None else start_ms

    def _write_segment(self, segment: dict[str, object]) -> None:
        self._json.write(",\n" if self._segments else "\n")
        self._json.write(msgspec.json.encode(segment).decode())
        self._segments += 1


def clock(milliseconds: int) -> str:
    """Write a time as HH:MM:SS.mmm."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{rest:03}"


def _in_srt(text: str) -> str:
    return _SRT_OVERRIDE.sub("{" + _WORD_JOINER, text.translate(_SRT_ESCAPES))
