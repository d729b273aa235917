"""Say references by number: verses of the Bible, sections with letters, paragraphs of law."""

import re

from narrated.script.english.numbers import cardinal, figure, hundreds, spelled
from narrated.script.english.romans import roman_value
from narrated.script.english.rule_engine import (
    Rules,
    any_of,
    number_rule,
    rule,
    starts_at,
    word_before,
    word_set,
    word_table,
)

_BOOKS = word_set("""
    Genesis Exodus Leviticus Numbers Deuteronomy Joshua Judges Ruth Samuel Kings Chronicles Ezra
    Nehemiah Esther Job Psalm Psalms Proverbs Ecclesiastes Solomon Songs Isaiah Jeremiah
    Lamentations Ezekiel Daniel Hosea Joel Amos Obadiah Jonah Micah Nahum Habakkuk Zephaniah Haggai
    Zechariah Malachi Matthew Mark Luke John Acts Romans Corinthians Galatians Ephesians
    Philippians Colossians Thessalonians Timothy Titus Philemon Hebrews James Peter Jude Revelation
    Tobit Judith Maccabees Wisdom Sirach Baruch Surah Sura surah sura
    Quran Qur'an Koran Gen Ex Lev Num Deut
    Josh Sam Chron Neh Ps Prov Eccl Isa Jer Ezek Dan Hos Mic Zech Mal Matt Mk Lk Jn Rom Cor Gal Eph
    Phil Col Thess Tim Heb Jas Pet Rev
""")
_SHORT_BOOKS = word_table("""
    Gen: Genesis; Exod: Exodus; Lev: Leviticus; Num: Numbers; Deut: Deuteronomy; Josh: Joshua;
    Judg: Judges; Sam: Samuel; Kgs: Kings; Chron: Chronicles; Chr: Chronicles; Neh: Nehemiah;
    Ps: Psalm; Pss: Psalms; Prov: Proverbs; Eccl: Ecclesiastes; Isa: Isaiah; Jer: Jeremiah;
    Lam: Lamentations; Ezek: Ezekiel; Dan: Daniel; Hos: Hosea; Mic: Micah; Hab: Habakkuk;
    Zeph: Zephaniah; Hag: Haggai; Zech: Zechariah; Mal: Malachi; Matt: Matthew; Mk: Mark; Lk: Luke;
    Jn: John; Rom: Romans; Cor: Corinthians; Gal: Galatians; Eph: Ephesians; Phil: Philippians;
    Col: Colossians; Thess: Thessalonians; Tim: Timothy; Heb: Hebrews; Jas: James; Pet: Peter;
    Rev: Revelation
""")
_PEOPLE = word_set("Sam Dan Phil Tim Matt Josh Col Mal Num Gen Rev Rom")
"""Short names of books that are words, too: before a chapter alone they stay."""
_LONGEST_LIST = 60
_IN_A_LIST = re.compile(
    r"(?:\b(?:article|section|clause|paragraph|para|chapter|figure|table|rule|appendix|annex|item|"
    r"step|part|question|exercise|page|equation|lemma|theorem|listing|example|schedule|title)s?"
    r" |§ ?)(?:[\d.]{1,8}[a-z]?\)?(?:, ?(?:and |or )?| and | or | to | ?[–-] ?))*\Z",
    re.IGNORECASE,
)
_LAW_DIGITS = 3


def _verse(found: re.Match[str]) -> str:
    if word_before(found).rstrip(".") not in _BOOKS:
        return found[0]
    chapter, verse, last = cardinal(found["chapter"]), found["verse"], found["last"]
    if not last and len(verse) == 2 and len(found["chapter"]) < 3:
        return f"{chapter} {cardinal(verse)}"
    until = f" to {cardinal(last)}" if last else ""
    end = f", {cardinal(found['last_verse'])}" if found["last_verse"] else ""
    return f"{chapter}, {cardinal(verse)}{until}{end}"


def _book(found: re.Match[str]) -> str:
    """Say 1 Cor. 13:4 by the name of the book, and Ps. 23."""
    name, is_sure = found["book"], found["verse"] or found["part"]
    if not is_sure and (name in _PEOPLE or not found["stop"]):
        return found[0]
    part = f"{cardinal(found['part'])} " if found["part"] else ""
    return f"{part}{_SHORT_BOOKS[name]} "


def _is_reference(found: re.Match[str]) -> bool:
    before = found.string[max(0, found.start() - _LONGEST_LIST) : found.start()]
    return bool(_IN_A_LIST.search(before))


def _section(found: re.Match[str]) -> str:
    """Say 5.1a after a word such as section; elsewhere it may be a version or a measure."""
    if not _is_reference(found):
        return found[0]
    number = " point ".join(map(cardinal, found["number"].split(".")))
    return f"{number} {_letter(found['letter'])}"


def _law(found: re.Match[str]) -> str:
    """Say 501(c)(3): "five oh one c three"."""
    number, marks = found["number"], re.findall(r"\w+", found["marks"])
    if not (re.fullmatch("[a-k]", marks[0]) or _is_reference(found)):
        return found[0]
    said = hundreds(number) if len(number) == _LAW_DIGITS else figure(number)
    marks += [found["last"]] if found["last"] else []
    return " ".join([said, *map(_mark, marks)])


def _mark(mark: str) -> str:
    if mark.isdigit():
        return cardinal(mark)
    return roman_value(mark.upper()) if len(mark) > 1 else _letter(mark)


def _letter(letter: str) -> str:
    """Write the letter a as a capital: a small one would sound like the article."""
    return spelled(letter) if letter == "a" else letter


BEFORE: Rules = (
    rule(
        rf"(?<![\w.])(?:(?P<part>[123]) )?(?P<book>{any_of(_SHORT_BOOKS)})(?P<stop>\.)? "
        r"(?=\d{1,3}(?P<verse>:\d)?)",
        _book,
        starts=starts_at(r"[1-3A-Z](?:(?<=\d) [A-Z])?[a-z]{1,4}(?=\.? \d)"),
    ),
)
"""Books of the Bible that are cut short."""

NUMBERS: Rules = (
    number_rule(
        r"(?P<chapter>\d{1,3}):(?P<verse>\d{1,3})"
        r"(?:[-–](?P<last>\d{1,3})(?::(?P<last_verse>\d{1,3}))?)?(?![\w:])",
        _verse,
        ":",
    ),
    number_rule(
        r"(?<![\w.])(?P<number>\d{1,4}(?:\.\d{1,4})*)(?P<letter>[a-z])(?!\w|\.\w)", _section
    ),
    number_rule(
        r"(?<![\w.])(?P<number>\d{1,4})(?P<marks>(?:\((?:[a-zA-Z]|\d{1,2}|[ivx]{2,4})\)){1,5})"
        r"(?P<last>\d{1,2})?(?!\w)",
        _law,
        "(",
    ),
)
"""References that end with a number."""
