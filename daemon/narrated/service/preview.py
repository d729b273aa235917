"""Results without a job: a text spoken, a picture described, a file's draft."""

import dataclasses

import msgspec

from narrated.errors import NarratedError
from narrated.jobs.plan import PlanOutdated
from narrated.jobs.planner import JobDefaults
from narrated.script.script import Draft, Speaker
from narrated.service.app import App
from narrated.workers.engine_probe import EngineProbe


class Preview:
    """Speaks, describes and drafts without publishing anything."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def say(
        self, text: str, voice: str | None, engine: str | None = None
    ) -> tuple[dict[str, int], bytes]:
        """Speak a text: its sample rate, and 16-bit mono PCM.

        An engine named without a voice takes its own best one.
        """
        if not text.strip():
            raise NarratedError("There is nothing to say.", 'Give a text: narrated say "Hello".')
        defaults = _with_voice(self._app.defaults, voice, engine)
        try:
            pcm, sample_rate = await self._say(text, defaults)
        except PlanOutdated:  # for example, the voice was replaced a moment ago
            pcm, sample_rate = await self._say(text, defaults)
        return {"sample_rate": sample_rate}, pcm

    async def draft(self, path: str) -> Draft:
        """Parse a file of the inbox into its script; nothing is spoken."""
        return await self._app.planner.draft(path, self._app.defaults)

    async def describe(self, picture: bytes) -> str:
        """Caption a picture."""
        return await self._app.planner.describe(picture, 0, self._app.defaults)

    def engines(self) -> EngineProbe:
        """List the engines that answer, and the state of each worker."""
        pool = self._app.pool
        engines = {name: info for each in pool.workers for name, info in each.engines.items()}
        return EngineProbe(engines, pool.states())

    async def _say(self, text: str, defaults: JobDefaults) -> tuple[bytes, int]:
        return await self._app.synthesis.say(await self._app.planner.plan_text(text, defaults))


def _with_voice(defaults: JobDefaults, voice: str | None, engine: str | None) -> JobDefaults:
    narrator = defaults.settings.speakers["narrator"]
    if engine is not None and engine != narrator.engine:
        narrator = Speaker(engine, voice or "", {})
    elif voice is not None:
        narrator = msgspec.structs.replace(narrator, voice=voice)
    speakers = {**defaults.settings.speakers, "narrator": narrator}
    settings = msgspec.structs.replace(defaults.settings, speakers=speakers)
    return dataclasses.replace(defaults, settings=settings)
