"""Build a Script from a Document: lines for every block, and skips with their reasons."""

from collections import deque
from collections.abc import Iterable, Sequence

from narrated.reading import document as doc
from narrated.reading.collector_pause import collector_paused
from narrated.reading.document import child_blocks
from narrated.script import announcements
from narrated.script.announcements import NO_LEAD, Lead
from narrated.script.code_speaker import FOLDED, CodeSpeaker
from narrated.script.inline_text import (
    UNDESCRIBED,
    InlineText,
    SpokenLanguage,
    always_the_posts,
    find_spans,
)
from narrated.script.language_codes import is_english
from narrated.script.lexicon import Lexicon
from narrated.script.line_collector import LineCollector
from narrated.script.passages import Passage, spaced
from narrated.script.runs import (
    Run,
    RunKind,
    group_runs,
    links_inside,
    say_little,
    shows_nothing_said,
    split_pictures,
)
from narrated.script.script import Captions, ReadingSettings, Role, Script
from narrated.script.sentence_split import split_sentences
from narrated.script.spoken_numbers import number_style, say_number
from narrated.script.table_rows import TableRows
from narrated.script.traversal import (
    count_blocks,
    numbered_blocks,
    plain_text,
    title_block,
)

_SHORT_QUOTE_SENTENCES = 3
_FEW_ROWS = 2
"""A table of so many more rows than are said is said whole; to count them is no shorter."""
_Rows = tuple[tuple[doc.Cell, ...], ...]
_NOTED = (doc.FootnoteMark, doc.InlinePicture, doc.InlineCode, doc.InlineMath, doc.Link)
"""Spans that are more than words."""
_TASKS = {True: announcements.DONE, False: announcements.TO_DO, None: NO_LEAD}


@collector_paused()
def build_script(
    document: doc.Document,
    captions: Captions,
    lexicon: Lexicon,
    settings: ReadingSettings,
    spoken_language: SpokenLanguage = always_the_posts,
) -> Script:
    """Build a document's script; it speaks, announces or lists as skipped every block.

    `spoken_language` gives the language in which words marked as of a language are said.
    """
    with number_style(settings.numbers):
        inline = InlineText(captions, lexicon, settings.language, settings.links, spoken_language)
        return _ScriptBuilder(document, inline, settings).script()


class _ScriptBuilder:
    def __init__(
        self,
        document: doc.Document,
        inline: InlineText,
        settings: ReadingSettings,
    ) -> None:
        self._document = document
        self._captions = inline.captions
        self._settings = settings
        self._inline = inline
        self._written = inline.for_eyes()
        self._lines = LineCollector(inline.lexicon, settings, document.kind == "picture")
        self._code = CodeSpeaker(self._lines, self._inline)
        self._notes = {
            number: block
            for number, block in numbered_blocks(document)
            if isinstance(block, doc.Footnote)
        }
        self._note_numbers = {note.label: at for at, note in reversed(self._notes.items())}
        self._called_notes: deque[str] = deque()
        self._said_notes: set[int] = set()

    def script(self) -> Script:
        title = title_block(self._document)
        self._say_title_and_byline(title)
        for run in group_runs(self._document.blocks, 0):
            if run.blocks[0][0] != title:
                self._run(run, Role.PARAGRAPH)
                self._say_called_footnotes("paragraph")
        self._say_called_footnotes("end")
        self._skip_unsaid_footnotes()
        self._skip_silent_blocks()
        if self._document.kind != "picture":
            self._lines.enclose(self._settings.intro, self._settings.outro)
        return self._lines.script()

    def _say_title_and_byline(self, title: int | None) -> None:
        """Say the title before all; its heading is not said again if no words stand before it."""
        document = self._document
        if document.kind == "picture":
            return
        spans = document.title_spans or (doc.Text(document.title),)
        if title is not None:
            self._lines.block = title
            heading = next(block for at, block in numbered_blocks(document) if at == title)
            spans = heading.spans if isinstance(heading, doc.Heading) else spans
        self._say_spans(Role.TITLE, spans)
        self._say_called_footnotes("paragraph")
        self._lines.block = -1
        author, date = document.metadata.author or "", document.metadata.date or ""
        byline = announcements.byline(author, "" if date == document.title else date)
        if byline:
            self._lines.say(Role.BYLINE, byline)

    def _run(self, run: Run, role: Role, counts: tuple[int, ...] = ()) -> None:
        """Say a run, or each of its blocks; `counts` are the numbers of the items around it."""
        code = [(number, block) for number, block in run.blocks if isinstance(block, doc.Code)]
        if run.kind is RunKind.PICTURES and self._document.kind != "gallery":
            self._pictures(run)
        elif self._code.folds([block for _, block in code]):
            self._code.say_once(code)
        elif run.kind is RunKind.LINKS and self._settings.links == "fold" and say_little(run):
            self._fold_links(run)
        else:
            for number, block in run.blocks:
                self._block(block, number, role, counts)
        for number, block in run.silent:
            self._block(block, number, role)

    def _block(
        self, block: doc.Blocks, number: int, role: Role, counts: tuple[int, ...] = ()
    ) -> None:
        """Say a block; `role` is the role of its paragraphs."""
        self._lines.block = number
        match block:
            case doc.Heading(spans=spans):
                self._say_spans(Role.HEADING, spans)
            case doc.Paragraph(spans):
                self._say_spans(role, spans)
            case doc.Listing():
                self._listing(block, number, counts)
            case doc.Quote():
                self._quote(block, number)
            case doc.Admonition():
                self._admonition(block, number, role)
            case doc.Code():
                self._code.say(block)
            case doc.Table():
                self._table(block)
            case doc.Picture():
                self._picture(block)
            case doc.Math():
                self._lines.say(Role.MATH, announcements.FORMULA)
            case doc.Rule():
                self._lines.lengthen_pause()
                self._lines.skip("rule", "heard as a longer pause")
            case doc.Unspoken(kind, reason, text):
                self._lines.skip(kind, reason, text)
            case doc.Footnote():
                pass  # said after its mark, and accounted for at the end

    def _blocks(self, blocks: Iterable[doc.Blocks], number: int, role: Role) -> None:
        for run in group_runs(blocks, number):
            self._run(run, role)

    def _say_spans(self, role: Role, spans: tuple[doc.Spans, ...], lead: Lead = NO_LEAD) -> None:
        noted = _noted(spans)
        passages = written = self._inline.passages(spans)
        if self._inline.is_read_otherwise(noted):
            written = self._written.passages(spans)
        if lead.said:
            passages, written = (
                spaced([Passage("", words), *those])
                for words, those in zip(lead, (passages, written), strict=True)
            )
        self._lines.say_passages(role, passages, () if written is passages else written)
        self._note(noted)

    def _note_contents(self, spans: tuple[doc.Spans, ...]) -> None:
        self._note(_noted(spans))

    def _note(self, found: Sequence[doc.Span]) -> None:
        self._called_notes.extend(one.label for one in found if isinstance(one, doc.FootnoteMark))
        for picture in found:
            if isinstance(picture, doc.InlinePicture):
                self._note_missing_caption(picture.source)
        for code in found:
            if isinstance(code, doc.InlineCode) and not self._inline.is_read(code):
                self._lines.skip("code", "longer than is read inside a sentence", code.text)

    def _note_missing_caption(self, source: str) -> None:
        caption = self._captions.get(source, UNDESCRIBED)
        if not caption.text:
            self._lines.skip("picture", caption.missing or UNDESCRIBED.missing, source)

    def _listing(self, listing: doc.Listing, number: int, outer: tuple[int, ...] = ()) -> None:
        """Say a list; `outer` are the numbers of the items around it."""
        at = number + 1
        for count, item in enumerate(listing.items, start=listing.start):
            self._item(item, at, (*outer, count) if listing.ordered else ())
            at += sum(map(count_blocks, item.blocks))

    def _item(self, item: doc.Item, number: int, counts: tuple[int, ...]) -> None:
        lead = self._item_number(counts).then(_TASKS[item.done])
        self._lines.block = number if item.blocks else number - 1
        rest = self._say_lead(Role.ITEM, lead, item.blocks)
        number += len(item.blocks) - len(rest)
        for run in group_runs(rest, number):
            self._run(run, Role.ITEM, counts)

    def _item_number(self, counts: tuple[int, ...]) -> Lead:
        """Say an item's number after the numbers of the items around it: "Two point one."."""
        if not counts:
            return NO_LEAD
        language = self._settings.language
        joint = " point " if is_english(language) else " "
        said = joint.join(say_number(str(count), language) for count in counts)
        return Lead(f"{said[:1].upper()}{said[1:]}.", f"{'.'.join(map(str, counts))}.")

    def _say_lead(
        self, role: Role, lead: Lead, blocks: tuple[doc.Blocks, ...]
    ) -> tuple[doc.Blocks, ...]:
        """Say a lead and the paragraph after it; give the other blocks."""
        first = blocks[0] if blocks else doc.Paragraph(())
        if isinstance(first, doc.Paragraph):
            self._say_spans(role, first.spans, lead)
            return blocks[1:]
        if lead.said:
            self._lines.say(role, lead.said, lead.written)
        return blocks

    def _quote(self, quote: doc.Quote, number: int) -> None:
        outer_quoting = self._lines.quoting
        if self._is_short_quote(quote):
            self._lines.quoting = True
            spans = tuple(span for block in quote.blocks for span in _joined(block))
            self._lines.cover(range(number + 1, number + count_blocks(quote)))
            self._say_spans(Role.QUOTE, spans, announcements.QUOTE)
            for block in quote.blocks:
                if isinstance(block, doc.Unspoken):
                    self._lines.skip(block.kind, block.reason, block.text)
        else:
            self._lines.say(Role.NOTICE, announcements.LONG_QUOTE)
            self._lines.quoting = True
            self._blocks(quote.blocks, number + 1, Role.QUOTE)
            self._lines.quoting = outer_quoting
            self._lines.block = number
            self._lines.say(Role.NOTICE, announcements.QUOTE_END)
        self._lines.quoting = outer_quoting

    def _is_short_quote(self, quote: doc.Quote) -> bool:
        if not any(isinstance(block, doc.Paragraph) for block in quote.blocks):
            return False
        if not all(isinstance(block, doc.Paragraph | doc.Unspoken) for block in quote.blocks):
            return False
        text = plain_text(quote.blocks)
        return len(split_sentences(text, self._settings.language)) <= _SHORT_QUOTE_SENTENCES

    def _admonition(self, admonition: doc.Admonition, number: int, role: Role) -> None:
        said, written = (each.words(admonition.title) for each in (self._inline, self._written))
        lead = Lead(
            announcements.announce_admonition(admonition.kind, said),
            announcements.announce_admonition(admonition.kind, written),
        )
        rest = self._say_lead(role, lead, admonition.blocks)
        self._note_contents(admonition.title)
        inner = number + 1 + len(admonition.blocks) - len(rest)
        self._lines.cover(range(number + 1, inner))
        self._blocks(rest, inner, role)

    def _fold_links(self, run: Run) -> None:
        links = [links_inside(block) or [] for _, block in run.blocks]
        self._lines.block = run.blocks[0][0]
        self._lines.say(Role.NOTICE, announcements.count_links(sum(map(len, links))))
        for number, block in run.blocks:
            self._lines.block = number
            self._lines.cover(range(number, number + count_blocks(block)))
            self._lines.skip("links", FOLDED, plain_text([block]))

    def _table(self, table: doc.Table) -> None:
        if self._settings.tables == "skip":
            reason = "tables are not read (setting `tables: skip`)"
            self._lines.skip("table", reason, plain_text([table]))
            return
        heard, read = (TableRows.of(table, form) for form in (self._inline, self._written))
        self._lines.say(Role.TABLE, heard.announcement, read.announcement)
        for cell in table.header:
            self._note_contents(cell.spans)
        said, folded = self._split_rows(table)
        for row in said:
            self._lines.say_passages(Role.TABLE, heard.row(row), read.row(row))
            for cell in row:
                self._note_contents(cell.spans)
        if folded:
            self._lines.say(Role.TABLE, announcements.count_more_rows(len(folded)))
            reason = f"the first rows are read (setting `tables: {self._settings.tables}`)"
            self._lines.skip("table", reason, plain_text([doc.Table((), folded)]))

    def _split_rows(self, table: doc.Table) -> tuple[_Rows, _Rows]:
        """Split the rows of a table into those that are said, and those that are counted."""
        most = self._settings.tables
        if not isinstance(most, int) or len(table.rows) <= most + min(_FEW_ROWS, most // 2):
            return table.rows, ()
        return table.rows[:most], table.rows[most:]

    def _pictures(self, run: Run) -> None:
        """Say each picture that has something to say; count those between that have not."""
        silent = [
            isinstance(block, doc.Picture)
            and shows_nothing_said(block, self._captions.get(block.source, UNDESCRIBED))
            for _, block in run.blocks
        ]
        for pictures in split_pictures(run, silent):
            self._lines.block = pictures[0][0]
            if len(pictures) > 1:
                self._lines.say(Role.PICTURE, announcements.count_pictures(len(pictures)))
            for number, block in pictures:
                self._lines.block = number
                if isinstance(block, doc.Picture):
                    self._picture(block, is_counted=len(pictures) > 1)

    def _picture(self, picture: doc.Picture, *, is_counted: bool = False) -> None:
        caption = self._captions.get(picture.source, UNDESCRIBED)
        text = announcements.describe_picture(picture.alt, picture.title, caption.text)
        if self._document.kind == "picture":
            text = caption.text or text
        is_left_out = self._document.kind == "gallery" and bool(caption.missing)
        if not (is_counted or is_left_out):
            self._lines.say(Role.PICTURE, text)
        elif is_counted and caption.text:
            self._lines.skip("picture", FOLDED, picture.source)
        self._note_missing_caption(picture.source)

    def _say_called_footnotes(self, when: str) -> None:
        """Say the called footnotes, and the footnotes that those call."""
        if self._settings.footnotes != when:
            return
        while self._called_notes:
            number = self._note_numbers.get(self._called_notes.popleft())
            if number is not None and number not in self._said_notes:
                self._said_notes.add(number)
                self._say_footnote(number, self._notes[number])

    def _say_footnote(self, number: int, note: doc.Footnote) -> None:
        self._lines.block = number
        rest = self._say_lead(Role.FOOTNOTE, announcements.FOOTNOTE, note.blocks)
        inner = number + 1 + len(note.blocks) - len(rest)
        self._lines.cover(range(number + 1, inner))
        self._blocks(rest, inner, Role.FOOTNOTE)

    def _skip_unsaid_footnotes(self) -> None:
        for number, note in self._notes.items():
            if number in self._said_notes:
                continue
            self._lines.block = number
            self._lines.cover(range(number + 1, number + count_blocks(note)))
            called = note.label in self._called_notes and self._note_numbers[note.label] == number
            reason = "footnotes are not read (setting `footnotes: skip`)"
            reason = reason if called else "nothing that is read calls it"
            self._lines.skip("footnote", reason, plain_text(note.blocks))

    def _skip_silent_blocks(self) -> None:
        accounted = self._lines.accounted()
        for number, block in numbered_blocks(self._document):
            if number not in accounted and not child_blocks(block):
                self._lines.block = number
                self._lines.skip(type(block).__name__.lower(), "holds no words")


def _noted(spans: tuple[doc.Spans, ...]) -> list[doc.Span]:
    if all(type(span) is doc.Text for span in spans):
        return []
    return [span for span in find_spans(spans, doc.Span) if isinstance(span, _NOTED)]


def _joined(block: doc.Blocks) -> tuple[doc.Spans, ...]:
    return (*block.spans, doc.Text(" ")) if isinstance(block, doc.Paragraph) else ()
