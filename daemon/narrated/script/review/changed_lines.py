"""Lines with the words that a person wrote: they are spoken as written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from narrated.engines.interface import Mark
from narrated.script.english.terms import has_terms, mark_terms
from narrated.script.language_codes import is_english
from narrated.script.lexicon import Lexicon
from narrated.script.line_collector import joint_s
from narrated.script.marks import unmarked_letters, without_marks
from narrated.script.passages import Passage
from narrated.script.review.carried_marks import CarriedMarks
from narrated.script.review.script_of_draft import marked_language, written_sentences
from narrated.script.script import Line
from narrated.script.sentence_alignment import aligned_sentences
from narrated.script.sentence_split import split_sentences


@dataclass(frozen=True, slots=True)
class LineWriter:
    """Makes the lines of a unit from a person's words.

    Their numbers and signs stay as they are: an engine gets them as the person wrote them.
    """

    marks: CarriedMarks
    lexicon: Lexicon
    """The pronunciations of the file; no others hold for words that a person wrote."""
    language: str
    """The language of the post."""

    def lines(self, passages: Sequence[Passage], model: Line, parts: Sequence[Line]) -> list[Line]:
        """Make the parts of a unit like `model`, with other words; `parts` are those it had."""
        own = {(marked_language(one), one.text): one for one in parts}
        written = dict(pair for one in parts for pair in written_sentences(one))
        return [
            replace(
                own.get(passage) or self._line(passage, model, parts[at : at + 1], written),
                id=model.id,
                block=model.block,
                role=model.role,
                pause_s=model.pause_s if at == len(passages) - 1 else joint_s(passage.text),
                speaker=passage.language or model.speaker,
            )
            for at, passage in enumerate(passages)
        ]

    def _line(
        self, passage: Passage, model: Line, before: Sequence[Line], written: Mapping[str, str]
    ) -> Line:
        """Make a line of a passage; `written` has the written words of the sentences of before."""
        language = passage.language or self.language
        text, marks = self._spoken(passage.text, language)
        is_same = bool(before) and marked_language(before[0]) == passage.language
        sentences = split_sentences(passage.text, language)
        shown = " ".join(written.get(one, one) for one in sentences)
        return replace(
            model,
            text=text,
            language=language,
            marks=self.marks.marks(text, marks, before[0] if is_same else None),
            sentences=aligned_sentences(text, shown, language),
        )

    def _spoken(self, text: str, language: str) -> tuple[str, tuple[Mark, ...]]:
        said = self.lexicon.apply(unmarked_letters(text))
        return without_marks(mark_terms(said) if is_english(language) and has_terms(said) else said)
