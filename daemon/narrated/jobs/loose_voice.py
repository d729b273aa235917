"""A `voice` in front matter that is none of the engine's: it is meant for another tool."""

import logging

from msgspec.structs import replace

from narrated.engines.interface import EngineInfo
from narrated.printable import printable
from narrated.script.script import Draft, Skip

log = logging.getLogger("narrated")


def without_foreign_voice(path: str, draft: Draft, engine: EngineInfo) -> Draft:
    """Pass over, list and log a loose voice that the narrator's engine does not have.

    An engine without a list of voices has any.
    """
    voice = draft.loose_voice
    if not voice or not engine.voices or voice in engine.voices:
        return draft
    reason = f"{engine.name} has no such voice; `narrated: {{voice: NAME}}` would wait for it"
    log.warning("%s: `voice: %s` is passed over: %s.", printable(path), printable(voice), reason)
    skip = Skip(-1, "front matter", reason, f"voice: {voice}")
    settings = draft.overrides.settings
    narrator = replace(draft.speakers["narrator"], voice=draft.voice_otherwise)
    speakers = {**draft.speakers, "narrator": narrator}
    return replace(
        draft,
        speakers=speakers,
        loose_voice="",
        overrides=replace(draft.overrides, settings=replace(settings, speakers=speakers)),
        script=replace(draft.script, skipped=(skip, *draft.script.skipped)),
    )
