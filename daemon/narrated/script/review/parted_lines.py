"""Lines that a person parted: they are merged as one, and parted again at the same words."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise

from msgspec.structs import replace

from narrated.script.review.inline_languages import is_sayable
from narrated.script.review.review_script import ReviewLine
from narrated.script.review.word_merge import moved_places


@dataclass(frozen=True, slots=True)
class PartedLine:
    """A line, whole, and its parts as the person has them."""

    whole: ReviewLine
    parts: tuple[ReviewLine, ...]

    def parted(self, merged: ReviewLine) -> Iterator[ReviewLine]:
        """Part the merged line where the person parted the whole."""
        old, new = self.whole.text.split(" "), merged.text.split(" ")
        lengths = (len(part.text.split(" ")) for part in self.parts)
        places = moved_places(old, new, list(accumulate(lengths))[:-1])
        bounds = pairwise([0, *places, len(new)])
        texts = [" ".join(new[begin:end]) for begin, end in bounds]
        if not all(map(is_sayable, texts)):
            yield merged
            return
        yield replace(merged, text=texts[0])
        for part, text in zip(self.parts[1:], texts[1:], strict=True):
            own = replace(part, parted_from="")
            yield replace(own, text=text, role=merged.role, speaker=merged.speaker)


def joined_parts(lines: Iterable[ReviewLine]) -> list[PartedLine]:
    """Join the parts of each line that a person parted."""
    groups: list[list[ReviewLine]] = []
    for line in lines:
        if line.parted_from and groups and groups[-1][0].id == line.parted_from:
            groups[-1].append(line)
        else:
            groups.append([line])
    return [
        PartedLine(replace(parts[0], text=" ".join(part.text for part in parts)), tuple(parts))
        for parts in groups
    ]
