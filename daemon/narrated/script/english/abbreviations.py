"""Say abbreviations with a full stop, and numbered things such as figures and pages."""

import re

from narrated.script.english.rule_engine import (
    Rules,
    any_of,
    begins_sentence,
    full_stop,
    rule,
    starts_at,
    starts_at_words,
    word_after,
    word_before,
    word_set,
    word_table,
)

_TITLES = word_table("""
    Mr: Mister; Mrs: Missus; Ms: Miz; Prof: Professor; Rev: Reverend; Gen: General; Capt: Captain;
    Sgt: Sergeant; Lt: Lieutenant; Sen: Senator; Gov: Governor; Mt: Mount
""")
_PLACES_BEFORE = word_table("St: Saint; Dr: Doctor")
_PLACES_AFTER = word_table(
    "St: Street; Dr: Drive; Ave: Avenue; Rd: Road; Blvd: Boulevard; Ln: Lane; Sq: Square"
)
_NEVER_AT_THE_END = word_table("""
    approx: approximately; cf: compare; ca: circa; vs: versus; viz: namely;
    Approx: Approximately; Cf: Compare; Ca: Circa; Vs: Versus; Viz: Namely
""")
_ANYWHERE = word_table("""
    etc: et cetera; Jr: Junior; Sr: Senior; dept: department; Dept: Department;
    misc: miscellaneous; incl: including; esp: especially
""")
_NUMBERED = word_table("""
    fig: figure; figs: figures; eq: equation; eqs: equations; p: page; pp: pages; vol: volume;
    vols: volumes; ch: chapter; chs: chapters; sec: section; secs: sections; no: number;
    nos: numbers; art: article; app: appendix; ed: edition; tab: table; ver: version; v: version
""")
# "I said no. 5 people left.": without its capital, `no.` is the word.
_WRITTEN = {*_NUMBERED, *(short.capitalize() for short in _NUMBERED)} - {"no", "nos"}
_FIRST_WORDS = word_set("""
    The A An It He She We They You This That These Those There Here In On At By For From With But
    And Or So If When While After Before Now Then What Why How Who My Our His Her Their Its Not No
    Yes As To
""")
_NO_NAMES = frozenset({"Mt", "Mount", "Fort", "Port", "The"})
_NAME_AFTER = re.compile(r"\s+[“\"]?[A-Z][\w'’]")
_ORDINAL = re.compile(r"\d+(?:st|nd|rd|th)\Z")


def _numbered(found: re.Match[str]) -> str:
    said = _NUMBERED[found[1].lower()]
    is_small = found[1].islower() or said.startswith("number")
    return f"{said if is_small else said.capitalize()} "


def _place(found: re.Match[str]) -> str:
    """Tell Saint Paul from Paul Street by the names before and after."""
    before, after = _PLACES_BEFORE.get(found[1]), _PLACES_AFTER[found[1]]
    previous = word_before(found)
    follows_name = (previous[:1].isupper() and previous.rstrip(".") not in _NO_NAMES) or bool(
        _ORDINAL.match(previous)
    )
    precedes_name = bool(_NAME_AFTER.match(found.string, found.end()))
    if follows_name and precedes_name and before:
        # "Visit St. Paul": a sentence's first word is no name.
        first = found.start() - len(previous) - 1
        follows_name = not begins_sentence(found.string, first)
    if follows_name:
        return f"{after}{full_stop(found)}"
    return before if before and precedes_name else found[0]


def _initials(found: re.Match[str]) -> str:
    letters = found[0].replace(".", "")
    # A name goes on with its next word; a sentence begins with one of few.
    goes_on = _NAME_AFTER.match(found.string, found.end()) and word_after(found) not in _FIRST_WORDS
    return " ".join(letters) + ("" if goes_on else full_stop(found))


def _half_of_a_day(found: re.Match[str]) -> str:
    before = found.string[max(0, found.start() - 2) : found.start()]
    if any(sign.isdigit() for sign in before):
        return found[0]  # part of a time; the calendar's rules say it as a whole
    return f"{found[1].upper()} M{full_stop(found)}"


_ALL = sorted({"al", *_TITLES, *_PLACES_AFTER, *_NEVER_AT_THE_END, *_ANYWHERE, *_WRITTEN})
# A hint that starts at a rare sign and looks back is several times as fast.
_LOOKING_BACK = "|".join(rf"(?<=\b{short}\.)" for short in _ALL)
HINT = rf"\.(?:(?<=\b[A-Za-z]\.)(?=\w| [gmka\d])|{_LOOKING_BACK})|[№§#]|vs\b"

_AT_STOPS = starts_at_words(r"\.", ".")

RULES: Rules = (
    rule(rf"\b({any_of(_TITLES)})\.(?=\s+[A-Z])", lambda found: _TITLES[found[1]], ".", _AT_STOPS),
    rule(r"\b([Mm]rs?)\.(?=\s)", lambda found: _TITLES[found[1].capitalize()], ".", _AT_STOPS),
    rule(rf"\b({any_of(_PLACES_AFTER)})\.", _place, ".", _AT_STOPS),
    rule(r"\be\.\s?g\.", "for example", ".", _AT_STOPS),
    rule(r"\bE\.\s?g\.", "For example", ".", _AT_STOPS),
    rule(r"\bi\.\s?e\.", "that is", ".", _AT_STOPS),
    rule(r"\bI\.e\.", "That is", ".", _AT_STOPS),
    rule(r"\ba\.\s?k\.\s?a\.", "A K A", ".", _AT_STOPS),
    rule(r"\b([ap])\.\s?m\.", _half_of_a_day, ".", _AT_STOPS),
    rule(r"\bPh\.\s?D\.", "P H D", ".", _AT_STOPS),
    rule(r"\b(?:[A-Z]\.){2,}(?!\w)", _initials, ".", _AT_STOPS),
    rule(rf"(?<![\w.])({any_of(_WRITTEN)})\. ?(?=\d|[IVXL]+\b)", _numbered, ".", _AT_STOPS),
    rule(
        rf"(?<![\w.])({any_of(_NEVER_AT_THE_END)})\.(?=\s)",
        lambda found: _NEVER_AT_THE_END[found[1]],
        ".",
        _AT_STOPS,
    ),
    rule(
        rf"(?<![\w.])({any_of(_ANYWHERE)})\.",
        lambda found: f"{_ANYWHERE[found[1]]}{full_stop(found)}",
        ".",
        _AT_STOPS,
    ),
    rule(r"\bet al\.", lambda found: f"and others{full_stop(found)}", ".", starts_at(r"et al\.")),
    rule(r"\bvs\b(?!\.)", "versus", "v", starts_at(r"vs\b")),
    rule(r"№\s?(?=\d)", "number ", "№"),
    rule(r"§§?\s?(?=\d)", "section ", "§"),
    rule(r"(?<![\w&#])#(?=\d{1,5}\b)", "number ", "#"),
)
