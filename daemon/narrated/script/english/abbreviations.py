"""Say abbreviations with a full stop, and numbered things such as figures and pages."""

import re

from narrated.script.english.rule_engine import (
    Rules,
    after_words,
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
    Sgt: Sergeant; Lt: Lieutenant; Sen: Senator; Gov: Governor; Mt: Mount; Col: Colonel;
    Maj: Major; Cpl: Corporal; Adm: Admiral; Cmdr: Commander; Pres: President; Hon: Honourable;
    Ft: Fort; Drs: Doctors; Mme: Madame; Mlle: Mademoiselle
""")
_BARE_TITLES = word_set("Rev Gov Sen Lt Col Capt Gen Sgt Prof Maj Cpl Adm Pres Hon")
"""Titles that a text may name without a name after them: "a Lt., two Sgts"."""
_WITHOUT_STOP = word_set("Mr Mrs Ms Dr Prof")
_PLACES_BEFORE = word_table("St: Saint; Dr: Doctor")
_PLACES_AFTER = word_table(
    "St: Street; Dr: Drive; Ave: Avenue; Rd: Road; Blvd: Boulevard; Ln: Lane; Sq: Square"
)
_NEVER_AT_THE_END = word_table("""
    approx: approximately; cf: compare; ca: circa; vs: versus; viz: namely;
    incl: including; excl: excluding;
    Approx: Approximately; Cf: Compare; Ca: Circa; Vs: Versus; Viz: Namely
""")
_ANYWHERE = word_table("""
    etc: et cetera; Jr: Junior; Sr: Senior; dept: department; Dept: Department;
    misc: miscellaneous; esp: especially; resp: respectively; Resp: Respectively;
    ibid: ibid; Ibid: Ibid; avg: average; Avg: Average; max: maximum; Max: Maximum;
    govt: government; Govt: Government; Ltd: Limited; Corp: Corporation; Univ: University;
    Bros: Brothers; Assoc: Association; abbr: abbreviated; anon: anonymous; est: estimated
""")
_LETTERS = word_table("""
    w.r.t.: with respect to; W.r.t.: With respect to; s.t.: such that; i.i.d.: I I D;
    q.v.: which see;
    p.a.: per annum; c.f.: compare; B.Sc.: B S C; M.Sc.: M S C; B.Eng.: B Eng; M.Eng.: M Eng;
    D.Phil.: D Phil; M.Phil.: M Phil; LL.B.: L L B; LL.M.: L L M; B.Ed.: B Ed; M.Ed.: M Ed;
    B.Tech.: B Tech; M.Tech.: M Tech
""")
"""Abbreviations of several parts."""
_NUMBERED = word_table("""
    fig: figure; figs: figures; eq: equation; eqs: equations; p: page; pp: pages; vol: volume;
    vols: volumes; ch: chapter; chs: chapters; sec: section; secs: sections; no: number;
    nos: numbers; art: article; app: appendix; ed: edition; tab: table; ver: version; v: version;
    ext: extension; para: paragraph; paras: paragraphs; ref: reference; refs: references;
    apt: apartment; ln: line; lns: lines; ex: example; thm: theorem; lem: lemma; def: definition;
    alg: algorithm; tbl: table; ser: series; ep: episode; eps: episodes; op: opus; rte: route;
    rt: route; hwy: highway; ste: suite; rm: room; bldg: building; qtr: quarter; sect: section;
    pt: part; pts: parts; iss: issue; fn: footnote; cert: certificate
""")
# "I said no. 5 people left.": without its capital, `no.` is the word.
_WRITTEN = {*_NUMBERED, *(short.capitalize() for short in _NUMBERED)} - {"no", "nos"}
_FIRST_WORDS = word_set("""
    The A An It He She We They You This That These Those There Here In On At By For From With But
    And Or So If When While After Before Now Then What Why How Who My Our His Her Their Its Not No
    Yes As To
""")
_IN_NAMES = frozenset({"Jr.", "Sr."})
_NO_NAMES = frozenset({"Mt", "Mount", "Fort", "Port", "The"})
_NAME_AFTER = re.compile(r"\s+[“\"]?[A-Z][\w'’]")
_POSSESSIVE = re.compile(r"[’']s\b")
_LIVES = word_table("b: born; d: died; r: reigned; fl: flourished")
_WAYS = word_table("N: North; S: South; E: East; W: West")
_EDITIONS = word_set("rev revised second third fourth fifth first new int'l intl")
_ORDINAL = re.compile(r"\d+(?:st|nd|rd|th)\Z")


def _numbered(found: re.Match[str]) -> str:
    said = _NUMBERED[found[1].lower()]
    is_small = found[1].islower() or said.startswith("number")
    return f"{said if is_small else said.capitalize()} "


def _place(found: re.Match[str]) -> str:
    """Tell Saint Paul from Paul Street by the names before and after."""
    before, after = _PLACES_BEFORE.get(found[1]), _PLACES_AFTER[found[1]]
    previous = word_before(found)
    is_apart = found.string[max(0, found.start() - 2) : found.start()] == ", "
    follows_name = (
        not is_apart and previous[:1].isupper() and previous.rstrip(".") not in _NO_NAMES
    ) or bool(_ORDINAL.match(previous))
    precedes_name = bool(_NAME_AFTER.match(found.string, found.end()))
    if follows_name and precedes_name and before:
        # "Visit St. Paul": a sentence's first word is no name, nor is its last: "8 GB. Dr. Who".
        first = found.start() - len(previous) - 1
        follows_name = not begins_sentence(found.string, first) and not _ends(previous)
    if follows_name:
        return f"{after}{full_stop(found)}"
    return before if before and precedes_name else found[0]


def _ends(word: str) -> bool:
    """True if a full stop after a word ends its sentence, and is no part of a name."""
    return word.endswith(".") and word not in _IN_NAMES


def _edition(found: re.Match[str]) -> str:
    """Say "2nd ed." and "(ed.)"; any other `ed.` is a name."""
    if _ORDINAL.match(word_before(found)) or word_before(found).lower() in _EDITIONS:
        return f"edition{full_stop(found)}"
    is_editor = found.string.startswith(")", found.end())
    return ("editors" if found[1] else "editor") if is_editor else found[0]


def _letters(found: re.Match[str]) -> str:
    return " ".join(found[0].replace(".", "").upper()) + full_stop(found)


def _saint(found: re.Match[str]) -> str:
    """Say "St Paul", but not "Main St Paul"."""
    first = found.start() - len(word_before(found)) - 1
    is_street = word_before(found)[:1].isupper() and not begins_sentence(found.string, first)
    return found[0] if is_street else "Saint "


def _initials(found: re.Match[str]) -> str:
    letters = found[0].replace(".", "").removesuffix("s")
    if found[0].endswith("s"):  # several M.D.s
        return f"{' '.join(letters)}s"
    if _POSSESSIVE.match(found.string, found.end()):
        return " ".join(letters)
    # A name goes on with its next word; a sentence begins with one of few.
    goes_on = _NAME_AFTER.match(found.string, found.end()) and word_after(found) not in _FIRST_WORDS
    return " ".join(letters) + ("" if goes_on else full_stop(found))


def _half_of_a_day(found: re.Match[str]) -> str:
    before = found.string[max(0, found.start() - 2) : found.start()]
    if any(sign.isdigit() for sign in before):
        return found[0]  # part of a time; the calendar's rules say it as a whole
    return f"{found[1].upper()} M{full_stop(found)}"


_ALL = sorted(
    {"al", "no", "Fl", *_TITLES, *_PLACES_AFTER, *_NEVER_AT_THE_END, *_ANYWHERE, *_WRITTEN}
)
# A hint that starts at a rare sign and looks back is several times as fast.
HINT = (
    r"[.№§#º°v](?:(?<=\.)(?:(?<=\b[A-Za-z].)(?=\w| [gmka\d])|(?<=\b[NSEW].)(?= [A-Z])"
    r"|(?<=\beds.)(?=\))|(?<=\bLL.)"
    rf"|(?<=\bPh.)(?=\s?D\.)|{after_words(_ALL, '.')})|(?<=[№§#º°])|(?<=v)s\b)"
)

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
    rule(
        rf"(?<![\w.])({any_of(_LETTERS)})(?!\w)",
        lambda found: _LETTERS[found[1]] + (full_stop(found) if found[1][0].isupper() else ""),
        ".",
        _AT_STOPS,
    ),
    rule(
        r"(?<![\w.])(?:[a-z]\.){3,}(?!\w)|(?<![\w.])[cemp]\.[sd]\.t(?!\w)",
        _letters,
        ".",
        _AT_STOPS,
    ),
    rule(r"\bed(s)?\.(?=\)|\s|,|$)", _edition, ".", _AT_STOPS),
    rule(
        rf"\b({any_of(_BARE_TITLES)})\.(?=[,;)]|$)",
        lambda found: f"{_TITLES[found[1]]}{full_stop(found)}",
        ".",
        _AT_STOPS,
    ),
    rule(r"\b(?:[A-Z]\.){2,}(?:s\b|(?!\w))", _initials, ".", _AT_STOPS),
    rule(
        rf"(?<![\w.])({any_of(_WRITTEN)})\. ?(?=\d|[IVXL]{{2,}}\b|[VX]\b)",
        _numbered,
        ".",
        _AT_STOPS,
    ),
    rule(
        rf"(?<![\w.])({any_of(_NEVER_AT_THE_END)})\.(?=[\s,])",
        lambda found: _NEVER_AT_THE_END[found[1]],
        ".",
        _AT_STOPS,
    ),
    rule(
        rf"(?<![\w.])(?<!\s/)(?<!\A/)({any_of(_ANYWHERE)})\.",
        lambda found: f"{_ANYWHERE[found[1]]}{full_stop(found)}",
        ".",
        _AT_STOPS,
    ),
    rule(
        r"(?<![\w.])([Ee]q|[Ff]ig)(s?)\. ?(?=\(\d)",
        lambda found: f"{_NUMBERED[found[1].lower()]}{found[2]} ",
        ".",
        _AT_STOPS,
    ),
    rule(r"\bet al\.(?=\s?[(\[])", "and others", ".", starts_at(r"et al\.")),
    rule(r"\bet al\.", lambda found: f"and others{full_stop(found)}", ".", starts_at(r"et al\.")),
    rule(
        r"(?<![\w.])(b|d|r|fl)\. (?=(?:c\. )?(?:1\d{3}|20[0-2]\d)\b)",
        lambda found: f"{_LIVES[found[1]]} ",
        ".",
        _AT_STOPS,
    ),
    rule(r"(?<![\w.])c\.\s?(?=1\d{3}\b)", "circa ", ".", _AT_STOPS),
    rule(r"\bvs\b(?!\.)", "versus", "v", starts_at(r"vs\b")),
    rule(r"№\s?(?=\d)", "number ", "№"),
    rule(r"\bN[º°]\s?(?=\d)", "number ", "º°", starts_at("N[º°]")),
    rule(r"\bno\.(?=\d)|(?<=\d )no\. (?=\d)|(?<=\d, )no\. (?=\d)", "number ", ".", _AT_STOPS),
    rule(r"(?<=[a-z] )v\.(?= [A-Z][a-z])", "versus", ".", _AT_STOPS),
    rule(
        r"(?:(?<=\dth )|(?<=\dst )|(?<=\dnd )|(?<=\drd ))Fl\.",
        lambda found: f"Floor{full_stop(found)}",
        ".",
        _AT_STOPS,
    ),
    rule(r"\b([Rr])ev\. ?(?=\d{1,3}(?![\d:]))", r"\1evision ", ".", _AT_STOPS),
    rule(
        r"(?<![\w.])([NSEW])\.(?= [A-Z][a-z]+ (?:St|Ave|Rd|Blvd|Dr|Ln|Street|Avenue|Road|Drive)\b)",
        lambda found: _WAYS[found[1]],
        ".",
        _AT_STOPS,
    ),
    rule(r"§§?\s?(?=\d)", "section ", "§"),
    rule(
        r"(?<![\w&#])#(\d{1,5})\s?[-–]\s?#(\d{1,5})\b",
        r"numbers \1 to \2",
        "#",
        starts_at(r"#\d{1,5}\s?[-–](?=\s?#)"),
    ),
    rule(r"(?<![\w&#])#(?!000\b)(?=\d{1,5}\b)(?<!color #)(?<!colour #)", "number ", "#"),
)

BARE_HINT = r"[DJMPS](?:(?<!\w.)(?:rs?|s|rof|t)(?=[\s,;)]|$))"

BARE: Rules = (
    rule(
        rf"\b({any_of(_WITHOUT_STOP)}) (?=[A-Z][a-z])",
        lambda found: f"{_TITLES.get(found[1], 'Doctor')} ",
        starts=starts_at(r"(?:Mrs?|Ms|Dr|Prof) "),
    ),
    rule(
        r"(?<=[a-z] )([JS])r\b(?=\s[a-z]|[,;)]|$)",
        lambda found: _ANYWHERE[f"{found[1]}r"],
        starts=starts_at(r"[JS]r(?=[\s,;)]|$)"),
    ),
    rule(r"\bSt (?=[A-Z][a-z])", _saint, starts=starts_at("St ")),
)
"""Titles without their full stop."""
