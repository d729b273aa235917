"""Settings for the checks of takes, as they hold for a post."""

from collections.abc import Mapping
from typing import Any, Literal, Self

import msgspec

Check = Literal["auto", "ears", "signal", "off"]
Publish = Literal["checked", "now"]


class TakeCheckSettings(msgspec.Struct, frozen=True):
    """The checks of takes, and the consequences of a bad one.

    The defaults are those of plans and manifests from before there were checks: none are made.
    """

    check: Check = "off"
    """`auto`: a hearing model listens once there is one; until then the sound alone is checked."""
    most: int = 3
    """At most this many takes of a chunk are spoken to get a good one."""
    strict: bool = False
    """True if a chunk without a good take fails its post."""
    publish: Publish = "checked"
    """`now`: a post is out before its takes are heard, and again once better ones are there."""

    @property
    def is_on(self) -> bool:
        """True if takes are checked at all."""
        return self.check != "off"

    @property
    def may_hear(self) -> bool:
        """True if a hearing model may listen."""
        return self.check in ("auto", "ears")

    def with_overrides(self, overrides: Mapping[str, Any]) -> Self:
        """Return the settings with some of them replaced, by their names."""
        return msgspec.structs.replace(self, **overrides)


NO_CHECKS = TakeCheckSettings()
