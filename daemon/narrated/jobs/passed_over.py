"""Front matter that planning passes over: a voice of another tool, a cover that is not there."""

import logging
from collections.abc import Mapping

from msgspec.structs import replace

from narrated.engines.engine_info import EngineInfo
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
    settings = draft.overrides.settings
    narrator = draft.narrator_otherwise or replace(draft.speakers["narrator"], voice="")
    speakers = {**draft.speakers, "narrator": narrator}
    kept = replace(
        draft,
        speakers=speakers,
        loose_voice="",
        overrides=replace(draft.overrides, settings=replace(settings, speakers=speakers)),
    )
    return _listing(kept, reason, f"voice: {voice}")


def listing_missing_cover(draft: Draft, target: str | None, shown: Mapping[str, str]) -> Draft:
    """List a cover of which the inbox has no picture.

    `target` is its inbox path, and `shown` has the sha256 of each picture that is there.
    """
    if not draft.cover or (target and shown.get(target)):
        return draft
    reason = f"{target or 'it'} is not in the inbox"
    return _listing(draft, reason, f"cover: {draft.cover}")


def _listing(draft: Draft, reason: str, text: str) -> Draft:
    skip = Skip(-1, "front matter", reason, text)
    return replace(draft, script=replace(draft.script, skipped=(skip, *draft.script.skipped)))
