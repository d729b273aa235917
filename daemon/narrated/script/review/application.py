"""Apply a script that a person edited to the draft of its post.

Lines that the person did not change keep their words, marks and chunks to the letter, so their
takes stay. Changed and new ones are said as written, and a line taken out is listed as skipped.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from narrated.printable import printable
from narrated.script.chunks import chunk_script
from narrated.script.language_voices import ROLES
from narrated.script.lexicon import Lexicon
from narrated.script.line_collector import pause_after
from narrated.script.passages import Passage
from narrated.script.review.carried_marks import CarriedMarks
from narrated.script.review.changed_lines import LineWriter
from narrated.script.review.inline_languages import passages_of
from narrated.script.review.review_script import (
    ReviewLine,
    ReviewScript,
    pronunciations,
    words_as_lexicon,
)
from narrated.script.review.reviewed_chapters import reviewed_chapters
from narrated.script.review.script_file_text import ScriptFileWrong
from narrated.script.review.script_of_draft import (
    script_of_draft,
    speaker_of_role,
    units_of,
)
from narrated.script.script import Draft, Line, Script, Skip

TAKEN_OUT = "taken out in its script file"
_SHOWN_CHARACTERS = 80
_Unit = list[Line]


def applied(
    draft: Draft, script: ReviewScript, limits: Mapping[str, int], name: str = "The script file"
) -> Draft:
    """Say a script instead of the draft's own; its ids are those of `script_of_draft(draft)`.

    `limits` are the most characters of a chunk, by engine. Errors: ScriptFileWrong, if a line names
    a voice or a language that the draft does not have, or if nothing is left to be said.
    """
    own = script_of_draft(draft)
    if script.lines == own.lines:
        return draft
    if not script.lines:
        remedy = f"Write a line, or remove {printable(name)} to hear the post as it is."
        raise ScriptFileWrong(name, 0, "it leaves nothing to say", remedy)
    return _Application(draft, own, script, name).draft(limits)


@dataclass(slots=True)
class _Application:
    _draft: Draft
    _own: ReviewScript
    _script: ReviewScript
    _name: str
    _changed: dict[str, bool] = field(default_factory=dict)
    """Ids of lines with another role or words of the person: True if the post has the line, too,
    in this role."""

    def draft(self, limits: Mapping[str, int]) -> Draft:
        units = self._units()
        lines = tuple(line for parts in units for line in parts)
        script = Script(lines, (*self._draft.script.skipped, *self._taken_out()))
        speakers = {line.speaker: self._draft.speakers[line.speaker].engine for line in lines}
        return replace(
            self._draft,
            script=script,
            chunks=chunk_script(script, {who: limits[engine] for who, engine in speakers.items()}),
            chapters=reviewed_chapters(self._draft, units, self._changed),
        )

    def _units(self) -> list[_Unit]:
        before = units_of(self._draft)
        written = dict(zip((one.id for one in self._own.lines), self._own.lines, strict=True))
        parts = dict(zip(written, before, strict=True))
        writer = self._writer()
        units: list[_Unit] = []
        for number, line in enumerate(self._script.lines):
            if line.id in parts:
                units.append(self._of_post(line, written[line.id], parts[line.id], writer))
            else:
                units.append(self._new(line, number, units[-1] if units else [], writer))
        return units

    def _writer(self) -> LineWriter:
        said = words_as_lexicon(pronunciations(self._script))
        marks = CarriedMarks.of(self._draft.script.lines)
        return LineWriter(marks, Lexicon.parse([said]), self._draft.language)

    def _of_post(
        self, line: ReviewLine, written: ReviewLine, parts: _Unit, writer: LineWriter
    ) -> _Unit:
        """Give the parts of a line that the post has, as the person left them."""
        if (line.text, line.role, line.pause_s, line.speaker) == (
            written.text,
            written.role,
            written.pause_s,
            written.speaker,
        ):
            return parts
        model = self._model(line, parts[-1])
        is_of_role = line.role is written.role
        if line.text == written.text:
            self._changed |= {} if is_of_role else {model.id: False}
            return [self._in_manner(one, model, is_last=one is parts[-1]) for one in parts]
        self._changed[model.id] = is_of_role
        return writer.lines(self._passages(line), model, parts)

    def _in_manner(self, part: Line, model: Line, *, is_last: bool) -> Line:
        is_own = part.speaker != part.language
        return replace(
            part,
            role=model.role,
            speaker=model.speaker if is_own else part.speaker,
            pause_s=model.pause_s if is_last else part.pause_s,
        )

    def _new(
        self, line: ReviewLine, number: int, before: Sequence[Line], writer: LineWriter
    ) -> _Unit:
        """Give the parts of a line that the person added; its block is that of the line before."""
        key = f"review\0{line.role.value}\0{line.text}\0{number}"
        id = hashlib.sha256(key.encode()).hexdigest()[:16]
        block = before[0].block if before else -1
        model = self._model(line, Line(id, block, line.role, line.text, 0.0))
        self._changed[id] = False
        return writer.lines(self._passages(line), model, ())

    def _model(self, line: ReviewLine, before: Line) -> Line:
        """Give a line of the post with the person's role, voice and silence."""
        speaker = self._named(line.speaker) or speaker_of_role(line.role, self._draft)
        if speaker not in self._draft.speakers:
            known = ", ".join(map(printable, self._draft.speakers))
            problem = f"there is no voice `{speaker}` here"
            raise self._error(line, problem, f"Voices: {known}. More stand in the configuration.")
        pause_s = line.pause_s
        if pause_s is None:
            pause_s = pause_after(line.role, self._draft.overrides.settings)
        return replace(before, role=line.role, speaker=speaker, pause_s=pause_s)

    def _named(self, speaker: str) -> str:
        """Give the name of a voice as the draft has it: a person may write it in any case."""
        alike = [each for each in self._draft.speakers if each.lower() == speaker.lower()]
        return speaker if speaker in self._draft.speakers or len(alike) != 1 else alike[0]

    def _passages(self, line: ReviewLine) -> list[Passage]:
        passages = passages_of(line.text)
        for language, _ in passages:
            if language and (language in ROLES or language not in self._draft.speakers):
                problem = f"no voice says `{{{language}: …}}` in this post"
                remedy = "Write it without the braces, or mark such words in the post too."
                raise self._error(line, problem, remedy)
        return passages

    def _error(self, line: ReviewLine, problem: str, remedy: str) -> ScriptFileWrong:
        return ScriptFileWrong(self._name, line.number, problem, remedy)

    def _taken_out(self) -> Iterator[Skip]:
        said = {line.id for line in self._script.lines}
        for line, parts in zip(self._own.lines, units_of(self._draft), strict=True):
            if line.id not in said:
                cut = len(line.text) > _SHOWN_CHARACTERS
                shown = f"{line.text[:_SHOWN_CHARACTERS]}…" if cut else line.text
                yield Skip(parts[0].block, line.role.value, TAKEN_OUT, shown)
