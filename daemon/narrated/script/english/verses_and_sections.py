"""Say references by number: verses of the Bible, sections with letters, paragraphs of law."""

import re

from narrated.script.english.numbers import cardinal, figure, hundreds, spelled
from narrated.script.english.romans import roman_value
from narrated.script.english.rule_engine import Rules, number_rule, word_before, word_set

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
