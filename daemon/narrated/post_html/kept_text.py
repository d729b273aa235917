"""The text of a post as the ledger keeps it, from planning until the page shows it."""

import re
import zlib
from collections.abc import Sequence
from typing import Self

import msgspec

from narrated.outbox.manifest_sentences import SentenceTime
from narrated.post_html.inline_markup import ID_PREFIX
from narrated.post_html.spoken_sentences import numbers_in_manifest

_NUMBERS = re.compile(r' data-s="([\d ]+)"')
_ID, _REFERENCE = f' id="{ID_PREFIX}', f'href="#{ID_PREFIX}'


class KeptText(msgspec.Struct, frozen=True, array_like=True):
    """A text before its sentences have times: they are numbered as the script has them."""

    html: str
    sizes: tuple[int, ...] = ()
    """The `spoken_size` of each of the script's sentences; none if they are numbered as those of
    the manifest."""

    def encode(self) -> bytes:
        """Encode for the ledger, compressed."""
        return zlib.compress(msgspec.msgpack.encode(self), 6)

    @classmethod
    def decode(cls, content: bytes) -> Self:
        """Decode what the ledger kept."""
        return msgspec.msgpack.decode(zlib.decompress(content), type=cls)

    def html_for(self, key: str, sentences: Sequence[SentenceTime]) -> str:
        """Return the HTML for an episode: its ids with its key, its numbers as in the manifest.

        A narration of other words has no marks: false ones would lead astray.
        """
        html = self.html.replace(_ID, f' id="{key}-').replace(_REFERENCE, f'href="#{key}-')
        if not self.sizes:
            return html
        numbers = numbers_in_manifest(self.sizes, sentences)
        if numbers == list(range(len(self.sizes))):
            return html

        def renumbered(found: re.Match[str]) -> str:
            own = map(int, found[1].split())
            known = dict.fromkeys(numbers[each] for each in own if each < len(numbers))
            joined = " ".join(map(str, known))
            return f' data-s="{joined}"' if known else ""

        return _NUMBERS.sub(renumbered, html)
