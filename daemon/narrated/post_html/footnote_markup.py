"""HTML of footnotes: their calls in the text, and the list of them below it."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from narrated.post_html.inline_markup import ID_PREFIX, words

_BACK = "↩"
_PARAGRAPH_END = "</p>\n"


class FootnoteMarkup:
    """Numbers footnotes in the order of their calls."""

    def __init__(self, notes: Sequence[tuple[str, int]]) -> None:
        """`notes`: the label of each footnote, and the number of its block."""
        self._all = [number for _, number in notes]
        self._notes = dict(reversed(notes))  # the first one counts
        self._places: dict[str, int] = {}
        """The place in the list of each label that was called."""
        self._called: list[str] = []
        """The labels that were called, in that order."""
        self._times: Counter[str] = Counter()

    def call(self, label: str) -> str:
        """Write the call of a footnote, which leads to it."""
        if label not in self._notes:
            return f'<sup class="call">{words(label)}</sup>'
        if label not in self._places:
            self._called.append(label)
            self._places[label] = len(self._called)
        place = self._places[label]
        self._times[label] += 1
        id = _call_id(place, self._times[label])
        return f'<sup class="call"><a href="#{_note_id(place)}" id="{id}">{place}</a></sup>'

    def items(self, write: Callable[[int], str], *, is_whole: bool) -> Iterator[str]:
        """Yield the items of the list of footnotes; `write` writes the block of one.

        A footnote may call others. `is_whole`: those that nobody calls follow.
        """
        done = 0
        while done < len(self._called):  # it grows meanwhile
            label = self._called[done]
            done += 1
            content = write(self._notes[label])
            back = "".join(_back(done, times + 1) for times in range(self._times[label]))
            body = content.removesuffix(_PARAGRAPH_END)
            end = "" if body == content else _PARAGRAPH_END
            yield f'<li id="{_note_id(done)}">{body}{back}{end}</li>\n'
        if is_whole:
            called = {self._notes[label] for label in self._called}
            others = (number for number in self._all if number not in called)
            yield from (f"<li>{write(number)}</li>\n" for number in others)


def _note_id(place: int) -> str:
    return f"{ID_PREFIX}note-{place}"


def _call_id(place: int, times: int) -> str:
    return f"{ID_PREFIX}call-{place}" + (f"-{times}" if times > 1 else "")


def _back(place: int, times: int) -> str:
    href = f"#{_call_id(place, times)}"
    return f' <a href="{href}" class="back" title="Back to the text">{_BACK}</a>'
