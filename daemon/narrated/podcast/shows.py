"""Tells which show each narration is of: that of its folder, or that of the whole outbox."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import quote

from msgspec.structs import replace

from narrated.podcast.categories import category
from narrated.podcast.show import Show
from narrated.podcast.show_section import ShowSection
from narrated.reading.file_kinds import is_gallery_path


class ShowSettings(NamedTuple):
    """The configuration's part of the shows."""

    root: Show
    """The show of the narrations that belong to no other."""
    is_each: bool = False
    """True if each first folder of the outbox is a show of its own."""
    ignore: tuple[str, ...] = ()
    """Patterns of files of the inbox that apply to nothing."""
    inbox_cover: str = ""
    """The inbox path of the root's cover, if it stands there."""


class Place(NamedTuple):
    """A folder of the inbox, and that of the outbox which has its narrations."""

    inbox: str
    outbox: str


ROOT = Place("", "")


@dataclass(eq=False)
class Shows:
    """The shows of some narrations.

    A folder whose settings have a section is a show of its own; the deepest one counts. Two folders
    of the inbox whose names are one in the outbox are one show: that of the first.
    """

    _settings: ShowSettings
    _sections: Mapping[str, ShowSection]
    """By folders of the inbox; `` for its root."""
    _places: dict[Place, Place] = field(default_factory=dict)
    """The place of the show by that of a narration."""
    _chosen: dict[str, Place] = field(default_factory=dict)
    """The place that a show is named by, by its folder in the outbox."""

    def place(self, path: str, stem: str) -> str:
        """Return the folder in the outbox of the show that a narration is of."""
        folder = path.rpartition("/")[0]
        if is_gallery_path(path):  # it stands beside its folder in the outbox
            folder = folder.rpartition("/")[0]
        own = Place(folder, stem.rpartition("/")[0])
        found = self._places.get(own)
        if found is None:
            found = self._places[own] = self._found(own)
            chosen = self._chosen.setdefault(found.outbox, found)
            self._chosen[found.outbox] = min(chosen, found, key=self._preference)
        return found.outbox

    def shows(self, with_root: bool = False) -> tuple[Show, ...]:
        """Return the shows of all narrations that were placed, in the order of their folders.

        `with_root` adds that of the root, though it has none.
        """
        folders = self._chosen | ({"": ROOT} if with_root else {})
        return tuple(self._show(folders[each]) for each in sorted(folders))

    def _preference(self, place: Place) -> tuple[bool, str]:
        return place.inbox not in self._sections, place.inbox

    def _found(self, own: Place) -> Place:
        places = _places_above(own)
        for place in reversed(places):
            if place.inbox in self._sections:
                return place
        return places[0] if self._settings.is_each and places else ROOT

    def _show(self, place: Place) -> Show:
        """Build a show: each folder above it that has a section says what it does not say itself.

        Its title alone is none of theirs.
        """
        show = self._settings.root
        if root := self._sections.get(""):
            show = with_section(show, root)
        for each in _places_above(place):
            section = self._sections.get(each.inbox)
            if section is not None or each == place:
                show = with_section(_below(show, each), section or ShowSection())
        return show


def with_section(show: Show, section: ShowSection) -> Show:
    """Return a show with what a section says of it."""
    title, author, owner = section.title, section.author, section.owner_name
    base_url, names = section.base_url, section.category
    has_picture = section.picture is not None or section.inbox_picture is not None
    pictures = (section.picture or "", section.inbox_picture or "")
    picture, inbox_picture = pictures if has_picture else (show.picture, show.inbox_picture)
    return replace(
        show,
        title=show.title if title is None else " ".join(title.split()),
        author=show.author if author is None else " ".join(author.split()),
        description=_given(section.description, show.description).strip(),
        language=_given(section.language, show.language),
        categories=show.categories if names is None else _categories(names),
        explicit=show.explicit if section.explicit is None else section.explicit,
        owner_name=show.owner_name if owner is None else owner.strip(),
        owner_email=_given(section.owner_email, show.owner_email).strip(),
        base_url=show.base_url if base_url is None else _with_slash(base_url),
        link=_given(section.link, show.link),
        type=_given(section.type, show.type),
        picture=picture,
        inbox_picture=inbox_picture,
    )


def _below(show: Show, place: Place) -> Show:
    """Return the show of a folder below, which says nothing of itself."""
    path = place.outbox.removeprefix(f"{show.folder}/" if show.folder else "")
    base_url = show.base_url and f"{show.base_url}{quote(os.fsencode(path), safe='/')}/"
    name = os.fsencode(place.inbox.rpartition("/")[2]).decode("utf-8", "replace")
    return replace(show, folder=place.outbox, title=" ".join(name.split()), base_url=base_url)


def _places_above(own: Place) -> list[Place]:
    """The folders of a narration from the first one on, each in the inbox and in the outbox.

    None if the narration lies elsewhere in the outbox than its source in the inbox.
    """
    inside = own.inbox.split("/") if own.inbox else []
    outside = own.outbox.split("/") if own.outbox else []
    if len(inside) != len(outside):
        return []
    depths = range(1, len(inside) + 1)
    return [Place("/".join(inside[:each]), "/".join(outside[:each])) for each in depths]


def _categories(names: Iterable[str]) -> tuple[tuple[str, str], ...]:
    return tuple(filter(None, map(category, names)))


def _given(value: str | None, otherwise: str) -> str:
    return otherwise if value is None else value


def _with_slash(base_url: str) -> str:
    return base_url and base_url.rstrip("/") + "/"
