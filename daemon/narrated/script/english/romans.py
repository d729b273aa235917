"""Say Roman numerals: of rulers, of numbered things, of years and of centuries."""

import re

from narrated.script.english.numbers import ordinal, year
from narrated.script.english.rule_engine import Rules, any_of, rule, starts_at, word_set
from narrated.script.spoken_numbers import say_number

_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_RULERS = word_set("""
    Henry Louis Elizabeth George Charles James Edward Richard William Pius Paul Benedict Gregory
    Leo Napoleon Philip Peter Catherine Alexander Nicholas Frederick Friedrich Wilhelm Ivan Otto
    Gustav Christian Carl Karl Margaret Mary Francis Innocent Urban Ramesses Ptolemy Justinian
    Constantine Theodosius John Clement Boniface Julius Sixtus Umberto Leopold Albert Alfonso
    Ferdinand Joseph Ludwig Maximilian Rudolf Selim Mehmed Murad Harald Haakon Olav Christina
    Isabella Victoria
""")
_OTHER_RULERS = word_set("""
    Thutmose Tuthmosis Amenhotep Amenemhat Ramses Rameses Seti Senusret Mentuhotep Psamtik Pepi
    Nectanebo Cleopatra Berenice Arsinoe Darius Xerxes Artaxerxes Cyrus Cambyses Khosrow Shapur
    Sargon Ashurnasirpal Shalmaneser Nebuchadnezzar Nabonidus Antiochus Seleucus Demetrius Attalus
    Eumenes Mithridates Herod Agrippa Tigranes Constantius Valentinian Theodoric Basil Michael
    Alexios Alexius Manuel Andronikos Heraclius Romanos Tiberius Robert Hugh Lothair Conrad Konrad
    Sigismund Ladislaus Casimir Stephen Bela Andrew Matthias Wenceslaus Ottokar Sancho Pedro Afonso
    Carlos Felipe Juan Fernando Jaime Victor Emmanuel Emanuel Vittorio Baldwin David Robert Kenneth
    Malcolm Duncan Eric Erik Magnus Valdemar Canute Cnut Olaf Harold Edmund Ethelred Suleiman
    Bayezid Mahmud Hamid Ahmed Mustafa Osman Abbas Faisal Hussein Abdullah Hassan Mohammed Muhammad
    Menelik Mindon Rama Adrian Hadrian Callixtus Celestine Eugene Felix Honorius Lucius Martin
    Paschal Sergius Sylvester Anastasius Adolf Franz Georg Johann Albrecht Frederik Oscar Margrethe
    Henri Charlotte Anne Rainier Elizaveta Nikolai Alexandra Boris Simeon Stefan Dushan Kamehameha
    Moctezuma Montezuma Chlothar Childeric Clovis Dagobert Pepin Sverre Haakon
""")
"""Rulers, of whom no single letter follows as a middle name."""
_TITLES = "King|Queen|Pope|Emperor|Empress|Tsar|Czar|Kaiser|Pharaoh|Sultan|Prince|Shah"
_NUMBERED = ("Chapter", "Part", "Volume", "Act", "War", "Phase", "Type", "Section", "Book", "Scene")
_ALSO_NUMBERED = (
    *("Episode", "Season", "Title", "Article", "Canto", "Figure", "Table", "Stage", "Grade"),
    *("Class", "Level", "Mark", "Lesson", "Lecture", "Symphony", "Psalm", "Appendix", "Schedule"),
    *("Bowl", "Series", "Category", "Tier", "Division", "Century", "Olympiad", "Question"),
)
_GIVEN = word_set("""
    John William James George Henry Charles Robert Thomas Edward Joseph Samuel David Daniel Richard
    Michael Frank Walter Arthur Albert Fred Frederick Harry Benjamin Peter Paul Mark Andrew Anthony
    Alexander Alfred Bill Bob Jim Tom Jack Sam Ben Dan Joe Will Ted Ken Kenneth Ronald Donald Gary
    Larry Jerry Roger Philip Patrick Matthew Stephen Steven Brian Kevin Eric Gregory Douglas Howard
    Harold Louis Ralph Carl Lawrence Lewis Theodore Oliver Martin Clarence Ernest Eugene Raymond
    Edgar Edwin Earl Roy Russell Stanley Leonard Vincent Victor Warren Marcus Nathaniel Nelson Hugh
    Cornelius Augustus Davis Sonny Ricky Trey Calvin Luther Adlai Griffin Robin Otis Cuthbert
""")
"""Given names, before a family name and the number of a generation: John Smith III."""
_GAMES = "GTA|Civ|Fantasy|Civilization|Doom|Quake|Ultima|Rocky|iPhone|OS"
_LISTED = "(?:II|III|IV|V|VI|VII|VIII|IX|X)"
_IN_A_LIST = re.compile(r"\b[IVX]+\b")
_NUMERAL = (
    r"(?P<numeral>(?=[MDCLXVI])M{0,3}(?:C[MD]|D?C{0,3})(?:X[CL]|L?X{0,3})(?:I[XV]|V?I{0,3}))"
    r"(?![A-Za-z])"
)
_SMALL = r"(?P<numeral>(?=[ivxl])(?:x[cl]|l?x{0,3})(?:i[xv]|v?i{0,3}))(?![A-Za-z])"
_AFTER = r"(?![’'](?!s\b)\w|\w)"
_LONE_I = r"(?=[.,:;)–—]|\s*$|\s(?:of|and|to|in)\b)"
"""Follows a single I that is a number; a pronoun is followed by other words."""


def roman_value(numeral: str) -> str:
    """Say the value of a Roman numeral in capitals."""
    return say_number(_value(numeral))


def _value(numeral: str) -> str:
    total = 0
    for sign, following in zip(numeral, [*numeral[1:], ""], strict=True):
        value = _VALUES[sign]
        total += -value if following and _VALUES[following] > value else value
    return str(total)


def _ruler(found: re.Match[str]) -> str:
    return f"{found['name']} the {_capitalised(ordinal(_value(found['numeral'])))}"


def _numbered(found: re.Match[str]) -> str:
    said = roman_value(found["numeral"].upper())
    return f"{found['name']} {said if found['numeral'].islower() else _capitalised(said)}"


def _capitalised(words: str) -> str:
    return re.sub(r"(?<![a-z])[a-z]", lambda first: first[0].upper(), words)


def _year(found: re.Match[str]) -> str:
    value = _value(found["numeral"])
    return year(value) if "1500" <= value <= "2100" else found[0]


def _world_war(found: re.Match[str]) -> str:
    return f"World War {('One', 'Two', 'Three')[len(found[1]) - 1]}"


# A single I is the pronoun, except after a numbered word such as Chapter.
_I = "|".join(rf"(?<={name[-3:]} I)" for name in (*_NUMBERED, *_ALSO_NUMBERED, *_RULERS))
_ANY_CASE = "|".join(
    dict.fromkeys(
        form
        for name in (*_NUMBERED, *_ALSO_NUMBERED)
        for form in (name, name.lower(), name.upper())
    )
)
_AT_NAMES = starts_at(rf"\b(?:{_ANY_CASE})(?= [IVXLCDMivxl]+\b)")
HINT = (
    rf"[IVXLCDMWivxl](?:(?<= [IVXLCDM])(?:[IVXLCDM]+|(?<=[VX])|{_I})\b"
    r"|(?<= [ivxl])[ivxl]+\b|(?<=\([ivx])[ivx]+\)"
    r"|(?<=W)WI|(?<=M)[CDM][CDMLXVI]|(?<=[IVX])(?:[a-z]{2})? [Cc]entur)"
)

_SMALL_NUMBERS = "I|II|III|IV|V|VI|VII|VIII|IX|X|XI|XII|XIII|XIV|XV"

RULES: Rules = (
    rule(
        rf"(?<=s )({_SMALL_NUMBERS})\s?[-–]\s?({_SMALL_NUMBERS})\b(?!-)",
        lambda found: f"{roman_value(found[1])} to {roman_value(found[2])}",
        "-–",
        starts_at(r"[IVX]{1,5}(?=\s?[-–]\s?[IVX]{1,5}\b)"),
    ),
    rule(r"\bWW(I{1,3})\b", _world_war, "W"),
    rule(
        rf"\b(?P<name>{any_of(_RULERS)}) (?=[IVXL]{{2,}}\b|[VX]\b(?!\.\s?[A-Z])){_NUMERAL}{_AFTER}",
        _ruler,
        "IVX",
    ),
    rule(
        rf"\b(?P<name>{any_of(_OTHER_RULERS)}) (?=[IVXL]{{2,}}\b){_NUMERAL}{_AFTER}", _ruler, "IVX"
    ),
    rule(
        rf"(?<![\w-])(?P<name>(?:{_TITLES}) [A-Z][a-z]+) (?=[IVXL]+\b){_NUMERAL}{_AFTER}",
        _ruler,
        "IVX",
    ),
    rule(
        rf"\b(?P<name>(?:{any_of(_GIVEN)})(?: [A-Z]\.){{0,2}} [A-Z][A-Za-z'’]+),? "
        rf"(?=(?:II|III|IV)\b){_NUMERAL}{_AFTER}",
        _ruler,
        "IV",
        starts_at(rf"(?:{any_of(_GIVEN)}) (?=[A-Z][^\d]{{2,24}}I[IV])"),
    ),
    rule(rf"\b(?P<name>{any_of(_RULERS)}) (?P<numeral>I)(?= of [A-Z]|[’']s\b)", _ruler, "I"),
    rule(
        rf"\b(?P<name>{any_of(_NUMBERED)}) (?=[IVX]|[LC][LXVI]){_NUMERAL}(?![’'](?!s\b)\w|/)",
        _numbered,
        "IVXLC",
    ),
    rule(
        rf"\b(?P<name>{any_of(_ALSO_NUMBERED)}) (?=[VX]\b|I\b{_LONE_I}|[IVXLC]{{2}}){_NUMERAL}"
        r"(?![’'](?!s\b)\w|/)",
        _numbered,
        "IVXLC",
        _AT_NAMES,
    ),
    rule(
        rf"\b(?P<name>{any_of(name.upper() for name in (*_NUMBERED, *_ALSO_NUMBERED))}) "
        rf"(?=[VX]\b|I\b{_LONE_I}|[IVXLC]{{2}}){_NUMERAL}(?![’'](?!s\b)\w|/)",
        _numbered,
        "IVXLC",
        _AT_NAMES,
    ),
    rule(
        rf"\b(?P<name>{any_of(name.lower() for name in (*_NUMBERED, *_ALSO_NUMBERED))}) "
        rf"(?=[IVXL]{{2,}}\b){_NUMERAL}",
        _numbered,
        "IVXL",
        _AT_NAMES,
    ),
    rule(
        rf"\b(?P<name>(?i:{any_of((*_NUMBERED, *_ALSO_NUMBERED))})) (?=[ivxl]{{2,}}\b){_SMALL}",
        _numbered,
        "ivx",
        _AT_NAMES,
    ),
    rule(
        rf"\b(?P<name>M[Kk])\.? (?=[IVX]+\b){_NUMERAL}(?![’'./-]\w)",
        lambda found: f"Mark {_capitalised(roman_value(found['numeral']))}",
        "IVX",
    ),
    rule(
        rf"\b(?P<name>[A-Z][A-Za-z’']+) (?=[IVX]{{2,}}\b){_NUMERAL}(?![’'](?!s\b)\w|[/-])",
        _numbered,
        "IVX",
    ),
    rule(rf"\b(?P<name>{_GAMES}) (?=[VX]\b){_NUMERAL}(?![’'./-]\w)", _numbered, "VX"),
    rule(
        rf"\bI(?=,? (?:and |or |& )?II\b)(?:, {_LISTED}){{0,8}},? (?:and|or|&) {_LISTED}\b",
        lambda found: _IN_A_LIST.sub(lambda one: roman_value(one[0]), found[0]),
        "I",
    ),
    rule(
        r"(?<![\w-])(?P<numeral>III|VII|VIII|XII|XIII)(?![\w’'-])",
        lambda found: roman_value(found["numeral"]),
        "I",
    ),
    rule(
        rf"\((?=[ivx]{{2}}){_SMALL}\)",
        lambda found: f"({roman_value(found['numeral'].upper())})",
        "(",
    ),
    rule(
        rf"\b(?=[IVX]){_NUMERAL}(?=[ -][Cc]entur)",
        lambda found: ordinal(_value(found["numeral"])),
        "IVX",
    ),
    rule(
        r"\b(?P<numeral>[IVX]{1,6})(?:st|nd|rd|th)\b",
        lambda found: ordinal(_value(found["numeral"])),
        "IVX",
    ),
    rule(
        rf"(?<![\w-])(?=MCM[CDLXVI]|MM[CDLXVI]{{2}}|M[CD][CDLXVI]{{3}})(?!MMIX\b){_NUMERAL}(?![\w-])",
        _year,
        "M",
    ),
)
