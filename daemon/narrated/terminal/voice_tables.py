"""How voices are listed, and tried one after another."""

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from narrated.errors import NarratedError
from narrated.printable import printable
from narrated.terminal.daemon_client import DaemonClient
from narrated.workers.engine_probe import EngineProbe
from narrated.workers.supervisor import WorkerState

if TYPE_CHECKING:
    from narrated.voices.install import AddedVoice

SAMPLE = (
    "Hello. This is how I sound when I read a post to you, "
    "with a number such as 42, and a question at the end: shall I go on?"
)


def lines(roll: EngineProbe, only: str | None) -> Iterator[str]:
    """The voices of each engine that speaks, and how to name one in the configuration."""
    speaking = {
        name: info
        for name, info in sorted(roll.engines.items())
        if info.kind == "speech" and only in (None, name)
    }
    if not speaking:
        raise _silent(roll, only)
    for name, info in speaking.items():
        yield f"{name} ({len(info.voices)} voices)"
        yield from (f"  {printable(voice)}" for voice in sorted(info.voices))
    yield "Try one: narrated voices audition NAME; use it: `speech: {engine: …, voice: NAME}`."


def _silent(roll: EngineProbe, only: str | None) -> NarratedError:
    """Why no engine tells its voices."""
    for worker in roll.workers:
        for name, why in worker.missing.items():
            if only in (None, name):
                return NarratedError(f"{name} cannot be had: {why}", "See `narrated doctor`.")
    if any(worker.state != WorkerState.READY for worker in roll.workers):
        who = only or "The engines"
        return NarratedError(
            f"{who} {'does' if only else 'do'} not answer yet: a worker is being started.",
            "Try again in a moment; `narrated status` shows how it stands.",
        )
    return NarratedError(
        f"No engine{f' {only}' if only else ''} that speaks is configured.",
        "An engine is there once it is named under `engines:`.",
    )


def added_lines(added: "AddedVoice") -> Iterator[str]:
    """What would make a voice that was added a better one, and how to hear it."""
    yield from (f"Better: {printable(line)}" for line in added.advice_lines)
    name = printable(shlex.quote(added.name))
    yield (
        f"{printable(added.name)} is added; hear it: "
        f"narrated voices audition {name} --engine {added.engine}"
    )


def auditioned(
    client: DaemonClient, voices: Sequence[str], engine: str | None, text: str, folder: Path
) -> Iterator[str]:
    """Have each voice say a text into a file of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for voice in voices:
        output = folder / f"{voice.replace('/', '-')}.mp3"
        seconds = client.say(text, voice, output, engine=engine)
        yield f"{printable(str(output))}: {seconds:.1f} s"
