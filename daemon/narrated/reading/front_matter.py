"""Front matter: splits a post into metadata and body."""

from narrated.printable import printable
from narrated.reading.document import Unspoken
from narrated.reading.front_matter_forms import find_front_matter
from narrated.reading.metadata_keys import is_known, read_metadata
from narrated.reading.narration_settings import Choices, NarrationSettings


def split_front_matter(
    text: str, name: str, choices: Choices
) -> tuple[NarrationSettings, tuple[Unspoken, ...], str]:
    """Split a source into its metadata, the front matter that narrated passes over, and its body.

    A source without front matter is all body. Raises SourceError for a wrong value that can only be
    meant for narrated.
    """
    found = find_front_matter(text, name, is_known)
    if found is None:
        return NarrationSettings(), (), text
    label = f"The front matter of {printable(name)}"
    metadata, unused = read_metadata(found.entries, label, choices)
    unread = (Unspoken("front matter", part.reason, part.text) for part in found.unread)
    return metadata, (*unused, *unread), found.body
