"""Checks which names the outbox's file system takes."""

from collections.abc import Iterator

from narrated.config.values import Config
from narrated.doctor.finding import Finding, is_folder, shown, warning, well
from narrated.errors import StorageError
from narrated.outbox.name_probe import allowed_names

_NAME = "outbox names"


def check_outbox_names(config: Config) -> Iterator[Finding]:
    """Check that every source can have a name; asks in a hidden folder that goes at once."""
    if not is_folder(config.outbox):
        return
    try:
        rules = allowed_names(config.outbox)
    except StorageError:
        return  # we may not write there, or the disk is full: other checks tell
    if rules.portable and config.outbox_names == "posix":
        yield warning(
            _NAME,
            f"The file system of {shown(config.outbox)} refuses some names, such as `What?`; with "
            "`outbox_names: posix` files of such names fail.",
            "Take `outbox_names` out of the configuration, then run `narrated reload`.",
        )
    else:
        yield well(_NAME, f"In {shown(config.outbox)} {rules.meaning}.")
