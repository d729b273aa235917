"""The measures of a take with its engine's own word on the end, as the ledger keeps them."""

from contextlib import suppress

import msgspec

from narrated.audio.take_measures import TakeMeasures


class MeasuredTake(msgspec.Struct, frozen=True, omit_defaults=True):
    """All that is known of a take's sound without listening to it."""

    measures: TakeMeasures
    ended: bool | None = None
    """The engine's own word on the end; None if it cannot tell."""

    def encode(self) -> bytes:
        """Encode for the ledger."""
        return msgspec.json.encode(self)


def decode_measured_take(content: bytes | None) -> MeasuredTake | None:
    """Decode what the ledger has; None if it has nothing, or that of another version."""
    with suppress(msgspec.ValidationError):
        return None if content is None else msgspec.json.decode(content, type=MeasuredTake)
    return None
