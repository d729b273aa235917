"""Lists of voices, and the audition of several voices."""

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


def voice_lines(probe: EngineProbe, only: str | None) -> Iterator[str]:
    """List the voices of each speech engine, or of engine `only`, and the way to configure one."""
    speaking = {
        name: info
        for name, info in sorted(probe.engines.items())
        if info.kind == "speech" and only in (None, name)
    }
    if not speaking:
        raise _no_voices(probe, only)
    for name, info in speaking.items():
        yield f"{name} ({len(info.voices)} voices)"
        yield from (f"  {printable(voice)}" for voice in sorted(info.voices))
    yield "Try one: narrated voices audition NAME; use it: `speech: {engine: …, voice: NAME}`."


def _no_voices(probe: EngineProbe, only: str | None) -> NarratedError:
    """The reason that no engine lists voices."""
    for worker in probe.workers:
        for name, why in worker.missing.items():
            if only in (None, name):
                return NarratedError(
                    f"The engine {name} is not available: {why}", "Run `narrated doctor`."
                )
    if any(worker.state != WorkerState.READY for worker in probe.workers):
        engines = f"The engine {only} does" if only else "The engines do"
        return NarratedError(
            f"{engines} not answer yet: a worker is starting.",
            "Try again in a moment. `narrated status` shows the workers.",
        )
    return NarratedError(
        f"No speech engine{f' {only}' if only else ''} is configured.",
        "Name the engine under `engines:` in narrated.yaml.",
    )


def added_lines(added: "AddedVoice") -> Iterator[str]:
    """Report an added voice: advice for a better one, and a command that plays it."""
    yield from (f"Better: {printable(line)}" for line in added.advice_lines)
    name = printable(shlex.quote(added.name))
    yield (
        f"{printable(added.name)} is added. Hear it: "
        f"narrated voices audition {name} --engine {added.engine}"
    )


def audition(
    client: DaemonClient, voices: Sequence[str], engine: str | None, text: str, folder: Path
) -> Iterator[str]:
    """Speak a text with each voice, into one file a voice."""
    folder.mkdir(parents=True, exist_ok=True)
    for voice in voices:
        output = folder / f"{voice.replace('/', '-')}.mp3"
        seconds = client.say(text, voice, output, engine=engine)
        yield f"{printable(str(output))}: {seconds:.1f} s"
