"""Plays a narration while it is made: piece by piece, each from the takes that are ready."""

import asyncio
import subprocess
import wave
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from narrated.audio.encoder_requests import DamagedTakes, TakeToAdd
from narrated.errors import NarratedError
from narrated.jobs.job_progress import JobProgress
from narrated.terminal.player import Player, could_not_play, last_line, players_for, was_stopped
from narrated.workers.encoder_pool import EncoderPool

MOST_TAKES = 20
"""So many are played at once: a piece is some minutes long at most."""
POLL_S = 0.1
SOUND = Path("narration.wav")
"""Named only for its suffix: its players are asked for before anything is spoken."""


@dataclass(eq=False)
class Playback:
    """Follows a narration's progress."""

    _progress: JobProgress
    _folder: Path
    """For the piece that is played."""
    takes: Sequence[TakeToAdd] = ()
    """All takes of the narration, once it is planned; empty if only the whole can be played."""
    _players: list[Player] = field(default_factory=lambda: [*players_for(SOUND)])
    _played: int = 0

    async def follow(self, encoders: EncoderPool, narrating: asyncio.Task[object]) -> None:
        """Play what is ready, until all that was made is played. Errors: NarratedError."""
        while True:
            is_made = narrating.done()
            ready = min(len(self.takes), self._progress.chunks)
            if self._played < ready:
                await self._play_takes(encoders, min(ready, self._played + MOST_TAKES))
            elif is_made:
                return
            else:
                await asyncio.wait({narrating}, timeout=POLL_S)

    async def _play_takes(self, encoders: EncoderPool, end: int) -> None:
        try:
            pcm, sample_rate = await encoders.join([*self.takes[self._played : end]])
        except DamagedTakes as error:
            raise NarratedError(
                "The cache no longer holds what was to be played.", "Raise `cache_limit`."
            ) from error
        piece = self._folder / f"piece-{self._played}.wav"
        try:
            await asyncio.to_thread(_write, piece, pcm, sample_rate)
            await self.play(piece)
        finally:
            piece.unlink(missing_ok=True)
        self._played = end

    async def play(self, file: Path) -> None:
        """Play a file to its end; a player that failed is not asked again. Errors: NarratedError.

        If it is cancelled, the player ends.
        """
        failures = []
        for player in [*self._players]:
            if not player.plays(file):
                continue
            why = await _failure(player, file)
            if not why:
                return
            self._players.remove(player)
            failures.append(f"{player.name} says: {why}")
        raise could_not_play("The sound", failures)


def _write(file: Path, pcm: bytes, sample_rate: int) -> None:
    with wave.open(str(file), "wb") as sound:
        sound.setparams((1, 2, sample_rate, 0, "NONE", ""))
        sound.writeframes(pcm)


async def _failure(player: Player, file: Path) -> str:
    """Run a player; returns the reason that it failed, empty if it played or was stopped."""
    process = await asyncio.create_subprocess_exec(
        *player.command,
        str(file),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,  # a Ctrl-C is for this process, which ends the player
    )
    try:
        _, said = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    code = process.returncode or 0
    return "" if code == 0 or was_stopped(code) else last_line(said, code)
