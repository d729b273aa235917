"""Merge the script that a person edited with that of the post, which changed since.

Each line is compared with the one that narrated wrote into the file, the base. What one side alone
changed holds. If both changed a line, in different words, both changes hold; in the same words, the
post's line holds, and a conflict names both. A line whose words in the source are as they were did
not change in the post, whatever the lexicon and the configuration make of it: the person's holds.
Role, voice and silence are the person's if they changed them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from msgspec.structs import replace

from narrated.script.review.conflicts import Conflict, ConflictKind
from narrated.script.review.inline_languages import is_sayable
from narrated.script.review.line_matching import matched_lines
from narrated.script.review.line_order import merged_order
from narrated.script.review.parted_lines import PartedLine, joined_parts
from narrated.script.review.review_script import ReviewLine, ReviewScript, are_same_words
from narrated.script.review.word_merge import merged_words

_Key = int
"""The place of a line in the post's script; or below 0, counted from -1, in the person's."""


def merged(
    base: ReviewScript, theirs: ReviewScript, persons: ReviewScript
) -> tuple[ReviewScript, tuple[Conflict, ...]]:
    """Merge a person's script with that of the post, `theirs`; both come from `base`.

    The lines have the ids of `theirs`; one that the person added has none.
    """
    merge = _Merge(base.lines, theirs.lines, joined_parts(persons.lines))
    lines = tuple(merge.lines())
    return ReviewScript(lines, theirs.lines, persons.pronounced), tuple(merge.conflicts)


@dataclass(slots=True)
class _Merge:
    _base: Sequence[ReviewLine]
    _theirs: Sequence[ReviewLine]
    _persons: Sequence[PartedLine]
    conflicts: list[Conflict] = field(default_factory=list)
    _places: Mapping[_Key, int] = field(default_factory=dict)
    """Places in the base of the post's lines."""
    _claimed: dict[_Key, PartedLine] = field(default_factory=dict)
    """The person's lines that are lines of the post."""

    def lines(self) -> Iterator[ReviewLine]:
        matches = matched_lines(self._base, self._theirs)
        self._places = {match: at for at, match in matches.items()}
        persons = self._keys_of_person(matches)
        skeleton = [at for at in range(len(self._theirs)) if self._is_kept(at)]
        base = [matches[at] for at in range(len(self._base)) if at in matches]
        keys = merged_order(skeleton, persons, base)
        return chain.from_iterable(map(self._lines, keys))

    def _keys_of_person(self, matches: Mapping[int, _Key]) -> list[_Key]:
        """Give the keys of the person's lines; without those that the post does not have."""
        ids = {line.id: at for at, line in enumerate(self._base) if line.id}
        keys: list[_Key | None] = []
        for number, parted in enumerate(self._persons, start=1):
            line = parted.whole
            place = ids.get(line.id)
            key = -number if place is None else matches.get(place)
            if key is not None and key >= 0:
                self._claimed[key] = parted
            elif place is not None and line.text != self._base[place].text:
                self._note(ConflictKind.GONE, line, None)
            keys.append(key)
        equal = self._equal_lines()
        return [self._own_or_equal(key, equal) for key in keys if key is not None]

    def _equal_lines(self) -> dict[tuple[str, str], list[_Key]]:
        """Give the lines of the post that no line of the person is yet, by their words."""
        equal: dict[tuple[str, str], list[_Key]] = {}
        for at, line in reversed(list(enumerate(self._theirs))):
            if at not in self._claimed:
                equal.setdefault((line.role.value, line.text), []).append(at)
        return equal

    def _own_or_equal(self, key: _Key, equal: Mapping[tuple[str, str], list[_Key]]) -> _Key:
        """Give a line that the person added the key of an equal one of the post."""
        if key >= 0:
            return key
        parted = self._persons[-key - 1]
        if not (same := equal.get((parted.whole.role.value, parted.whole.text))):
            return key
        self._claimed[same[-1]] = parted
        return same.pop()

    def _is_kept(self, at: _Key) -> bool:
        """True for a line of the post that is the person's too, is new, or has changed."""
        if at in self._claimed or at not in self._places:
            return True
        if _is_unchanged(self._base[self._places[at]], self._theirs[at]):
            return False
        self._note(ConflictKind.BACK, None, self._theirs[at])
        return True

    def _lines(self, key: _Key) -> Iterable[ReviewLine]:
        """Give the merged line of a key, in the parts that the person made of it."""
        if key < 0:
            parts = self._persons[-key - 1].parts
            return (replace(part, id="", source="", parted_from="") for part in parts)
        parted = self._claimed.get(key)
        if parted is None:
            return (self._theirs[key],)
        base = self._base[self._places[key]] if key in self._places else self._theirs[key]
        line = self._merged(base, self._theirs[key], parted.whole)
        is_posts = line.text == self._theirs[key].text and not are_same_words(
            parted.whole.text, base.text
        )
        return (line,) if is_posts else parted.parted(line)

    def _merged(self, base: ReviewLine, post: ReviewLine, line: ReviewLine) -> ReviewLine:
        return replace(
            post,
            text=self._words(base, post, line),
            role=post.role if line.role == base.role else line.role,
            pause_s=post.pause_s if line.pause_s in (None, base.pause_s) else line.pause_s,
            speaker=post.speaker if line.speaker == base.speaker else line.speaker,
            number=line.number,
        )

    def _words(self, base: ReviewLine, post: ReviewLine, line: ReviewLine) -> str:
        if are_same_words(line.text, base.text):
            return post.text
        if post.text in (line.text, base.text):
            return line.text
        if (both := _both_words(base.text, post.text, line.text)) is not None:
            return both
        if _is_unchanged(base, post):
            return line.text
        self._note(ConflictKind.WORDS, line, post)
        return post.text

    def _note(self, kind: ConflictKind, line: ReviewLine | None, post: ReviewLine | None) -> None:
        number, yours = (line.number, line.text) if line else (0, "")
        self.conflicts.append(Conflict(kind, number, yours, post.text if post else ""))


def _is_unchanged(base: ReviewLine, post: ReviewLine) -> bool:
    """True if the words of a line are the same in the source."""
    return base.text == post.text or (bool(base.source) and base.source == post.source)


def _both_words(base: str, post: str, line: str) -> str | None:
    both = merged_words(base, post, line)
    return both if both is not None and is_sayable(both) else None
