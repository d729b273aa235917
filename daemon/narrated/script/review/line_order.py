"""The order of a merged script: the post's, but for the lines that the person moved or added."""

from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

from narrated.script.review.longest_rising import longest_rising

Key = TypeVar("Key", bound=Hashable)


def merged_order(skeleton: Sequence[Key], persons: Sequence[Key], base: Sequence[Key]) -> list[Key]:
    """Order the keys of the post's script and of the person's.

    `base` has the keys of the script that the person began with, in its order. A key that the
    person added or moved follows the one before it in their script.
    """
    moved = _moved(persons, base)
    kept = [key for key in skeleton if key not in moved]
    following = _following(persons, moved, set(kept))
    ordered = following.get(None, [])
    for key in kept:
        ordered += [key, *following.get(key, ())]
    return ordered


def _moved(persons: Sequence[Key], base: Sequence[Key]) -> set[Key]:
    """Give the fewest keys without which the others are in the order of before, and new ones."""
    places = {key: at for at, key in enumerate(base)}
    known = [key for key in persons if key in places]
    stays = longest_rising([places[key] for key in known])
    return set(persons) - {known[at] for at in stays}


def _following(
    persons: Iterable[Key], moved: set[Key], kept: set[Key]
) -> dict[Key | None, list[Key]]:
    """Give the moved keys that come after each kept key in the person's script."""
    following: dict[Key | None, list[Key]] = {}
    last: Key | None = None
    for key in persons:
        if key in moved:
            following.setdefault(last, []).append(key)
        elif key in kept:
            last = key
    return following
