"""The encoder process: a child that writes sound, since a C library that crashes ends its process.

It decodes, joins, measures, encodes and tags. It opens only the paths that the daemon names.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from narrated import private_files
from narrated.atomic_write import atomic_write
from narrated.audio.encoder_requests import (
    AddTakes,
    CheckSoundFile,
    DamagedTakes,
    DiscardNarration,
    EncoderRequest,
    JoinTakes,
    MeasureTake,
    SoundFileChanged,
    TagAudio,
    TakeToAdd,
    WarmUp,
    WriteTake,
    decode_request,
)
from narrated.audio.flac_takes import decoded, encoded, measure, spoken_notes, write
from narrated.audio.loudness import energies, integrated_lufs
from narrated.audio.narration_file import NarrationFile, read_takes
from narrated.audio.narration_level import LevelMissed
from narrated.audio.pcm import SAMPLE_BYTES, samples
from narrated.audio.phoneme_effort import EffortMeter
from narrated.audio.sound_file_decoding import IntroAndOutro, SoundFileDecoder
from narrated.audio.streaming_encoder import filter_on_one_thread
from narrated.audio.tags import tag
from narrated.audio.take_errors import damaged, refused
from narrated.audio.take_measuring import measured as measured_take
from narrated.audio.take_notes import TakeNotes
from narrated.audio.take_sound import joined
from narrated.engines.speech_times import SpeechTimes
from narrated.errors import NarratedError, StorageError
from narrated.malloc import return_large_blocks
from narrated.printable import printable
from narrated.workers.protocol import ChildChannel, die_with_parent

Answer = tuple[dict[str, Any], bytes]


def main() -> None:
    """Answer requests on the socket of the first argument, a descriptor, until it closes."""
    die_with_parent()
    os.umask(private_files.OTHERS)  # what it writes is not published yet
    return_large_blocks()
    filter_on_one_thread()
    channel = ChildChannel.inherited(int(sys.argv[1]))
    encoder = EncoderProcess()
    with suppress(ConnectionError):  # the daemon is gone
        while (frame := channel.receive()) is not None:
            channel.send(*encoder.answer(*frame))
    encoder.close()


class EncoderProcess:
    """Serves requests; holds the narrations that are being written, by their folders."""

    def __init__(self) -> None:
        self._narrations: dict[str, NarrationFile] = {}
        self._sound_files = SoundFileDecoder()
        self._efforts = EffortMeter()

    def close(self) -> None:
        """Close espeak, with which it measures texts."""
        self._efforts.close()

    def answer(self, header: dict[str, Any], payload: bytes) -> Answer:
        """Serve one request; an error is told in the answer."""
        try:
            return self._serve(*decode_request(header, payload))
        except DamagedTakes as error:
            return {"damaged": error.places}, b""
        except SoundFileChanged as error:
            return {"changed_file": [error.problem, error.remedy]}, b""
        except NarratedError as error:
            is_storage = isinstance(error, StorageError)
            return _failure(error.problem, error.remedy, is_storage=is_storage), b""
        except Exception as error:  # noqa: BLE001 - one file fails, and the next is served
            what = printable(f"{type(error).__name__}: {error}"[:300])
            remedy = "Try again with `narrated retry FILE`, and please report this: it is a bug."
            return _failure(f"Its sound could not be written: {what}.", remedy), b""

    def _serve(self, request: EncoderRequest, blob: bytes) -> Answer:
        match request:
            case WriteTake():
                return self._write_take(request, blob), b""
            case MeasureTake():
                return self._measure_take(request), b""
            case AddTakes():
                return self._add(request), b""
            case DiscardNarration(folder):
                if narration := self._narrations.pop(folder, None):
                    narration.discard()
            case TagAudio(path, format, tags):
                tag(Path(path), format, tags)
            case JoinTakes():
                return _joined(request)
            case CheckSoundFile(path, key):
                return {"sha256": self._sound_files.check(Path(path), key)}, b""
            case WarmUp():
                pass
        return {}, b""

    def _add(self, request: AddTakes) -> dict[str, Any]:
        narration = self._narration(request)
        answer: dict[str, Any] = {"heard": msgspec.to_builtins(narration.add(request.takes))}
        if request.tags is not None:
            try:
                answer["duration_s"] = narration.close(request.tags, request.chapters)
            except LevelMissed as missed:
                narration.discard()
                answer["missed"] = [missed.lufs, missed.peak_dbtp]
                answer["correction"] = msgspec.to_builtins(missed.correction)
            del self._narrations[request.folder]
        return answer

    def _narration(self, request: AddTakes) -> NarrationFile:
        made = self._narrations.get(request.folder)
        if made is None:
            settings = request.settings
            around = IntroAndOutro(self._sound_files, settings.intro, settings.outro)
            kind = (request.format, request.bitrate, settings, request.level, around)
            made = NarrationFile(Path(request.folder), *kind)
            self._narrations[request.folder] = made
        return made

    def _write_take(self, request: WriteTake, sound: bytes) -> dict[str, Any]:
        pcm, notes = sound, None
        if request.is_flac:
            try:
                pcm, notes = _decoded(request, sound)
            except StorageError:  # no file is damaged: it was sent so
                return {"unsound": True}
        written = _write_take(request, pcm, (sound, notes))
        return written | self._measured(pcm, request.sample_rate, request)

    def _measure_take(self, request: MeasureTake) -> dict[str, Any]:
        (sound,) = read_takes([TakeToAdd(request.path, "", 0.0)])
        return self._measured(sound.pcm, sound.sample_rate, request)

    def _measured(
        self, pcm: bytes, sample_rate: int, request: WriteTake | MeasureTake
    ) -> dict[str, Any]:
        effort = self._efforts.effort(request.said.text, request.said.language)
        measures = replace(measured_take(pcm, sample_rate), effort=effort)
        return {"measures": msgspec.to_builtins(measures)}


def _decoded(request: WriteTake, flac: bytes) -> tuple[bytes, TakeNotes]:
    """Decode a take that a box encoded. Errors: StorageError if it is damaged."""
    pcm, sample_rate, notes = decoded(flac, Path(request.path))
    if sample_rate != request.sample_rate:
        raise damaged(Path(request.path))
    return pcm, notes


def _write_take(
    request: WriteTake, pcm: bytes, sent: tuple[bytes, TakeNotes | None]
) -> dict[str, Any]:
    """Write a take, encoded anew unless it was sent as FLAC with the right notes."""
    path = Path(request.path)
    measured = energies(samples(pcm), request.sample_rate)
    notes = spoken_notes(measured, SpeechTimes(request.sentences, request.words))
    flac = sent[0] if sent[1] == notes else encoded(pcm, request.sample_rate, notes)
    try:
        with atomic_write(path, Path(request.draft)) as draft:
            write(draft, flac)
            size_bytes = draft.stat().st_size
            private_files.make_folder(path.parent)
    except (OSError, StorageError) as error:
        raise refused(path, "written", error) from error
    level = measure(pcm)
    return {
        "rms_db": level.rms_db,
        "peak_db": level.peak_db,
        "lufs": integrated_lufs(measured),
        "size_bytes": size_bytes,
        "duration_s": len(pcm) / SAMPLE_BYTES / request.sample_rate,
    }


def _joined(request: JoinTakes) -> Answer:
    sounds = read_takes(request.takes)
    if len({sound.sample_rate for sound in sounds}) > 1:
        raise NarratedError(
            "Two voices of different sample rates cannot be said in one go.",
            "Drop the text into the inbox instead.",
        )
    rate = sounds[0].sample_rate if sounds else 0
    takes = [
        (sound.pcm, take.pause_s, take.speed)
        for take, sound in zip(request.takes, sounds, strict=True)
    ]
    return {"sample_rate": rate}, joined(takes, rate)


def _failure(problem: str, remedy: str, *, is_storage: bool = False) -> dict[str, Any]:
    return {"failed": {"problem": problem, "remedy": remedy, "is_storage": is_storage}}


if __name__ == "__main__":
    main()
