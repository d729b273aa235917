"""Say American addresses: 2788 San Tomas Expy, Santa Clara, CA 95051."""

import re

from narrated.script.english.numbers import cardinal, hundreds, ordinal, pairs, spelled
from narrated.script.english.rule_engine import (
    Rules,
    any_of,
    number_rule,
    rule,
    starts_at,
    word_table,
)

_STREETS = word_table("""
    St: Street; Ave: Avenue; Av: Avenue; Rd: Road; Blvd: Boulevard; Dr: Drive; Ln: Lane; Ct: Court;
    Pl: Place; Sq: Square; Expy: Expressway; Hwy: Highway; hwy: Highway; Pkwy: Parkway;
    Cir: Circle; Ter: Terrace; Tpke: Turnpike; Fwy: Freeway; Street: Street; Avenue: Avenue;
    Road: Road; Boulevard: Boulevard; Drive: Drive; Lane: Lane; Court: Court; Parkway: Parkway;
    Highway: Highway; Expressway: Expressway
""")
_STATES = word_table("""
    AL: Alabama; AK: Alaska; AZ: Arizona; AR: Arkansas; CA: California; CO: Colorado;
    CT: Connecticut; DE: Delaware; FL: Florida; GA: Georgia; HI: Hawaii; ID: Idaho; IL: Illinois;
    IN: Indiana; IA: Iowa; KS: Kansas; KY: Kentucky; LA: Louisiana; ME: Maine; MD: Maryland;
    MA: Massachusetts; MI: Michigan; MN: Minnesota; MS: Mississippi; MO: Missouri; MT: Montana;
    NE: Nebraska; NV: Nevada; NH: New Hampshire; NJ: New Jersey; NM: New Mexico; NY: New York;
    NC: North Carolina; ND: North Dakota; OH: Ohio; OK: Oklahoma; OR: Oregon; PA: Pennsylvania;
    RI: Rhode Island; SC: South Carolina; SD: South Dakota; TN: Tennessee; TX: Texas; UT: Utah;
    VT: Vermont; VA: Virginia; WA: Washington; WV: West Virginia; WI: Wisconsin; WY: Wyoming;
    DC: D C
""")
_WAYS = word_table("""
    N: North; S: South; E: East; W: West; NE: North-East; NW: North-West; SE: South-East;
    SW: South-West
""")
_ORDINAL = re.compile(r"(\d+)[a-z]{2}")
_NAME = r"(?:[A-Z][a-z]+|\d{1,3}(?:st|nd|rd|th))"


def _street(found: re.Match[str]) -> str:
    way = f"{_WAYS[found['way'].rstrip('.')]} " if found["way"] else ""
    said = f"{_house(found['house'])} {way}{_name(found['name'])} {_STREETS[found['kind']]}"
    if found["rest"] and found["state"]:
        said += f"{found['rest']}{_STATES[found['state']]}"
    return said + _zip(found)


def _name(name: str) -> str:
    return _ORDINAL.sub(lambda found: ordinal(found[1]), name)


def _house(digits: str) -> str:
    if len(digits) == 4:
        return pairs(digits)
    return hundreds(digits) if len(digits) == 3 else cardinal(digits)


def _zip(found: re.Match[str]) -> str:
    if not found["zip"]:
        return ""
    comma = "," if found["comma"] else ""
    return f"{comma} {', '.join(map(spelled, found['zip'].split('-')))}"


def _state(found: re.Match[str]) -> str:
    return f", {_STATES[found['state']]}{_zip(found)}"


_ZIP = r"(?:(?P<comma>,)? (?P<zip>\d{5}(?:-\d{4})?))"
_STATE = rf"(?P<state>{any_of(_STATES)})\b"

RULES: Rules = (
    number_rule(
        rf"(?=\d+ [A-Z\d])(?<![\w.,/$-])(?P<house>\d{{1,5}}) (?:(?P<way>{any_of(_WAYS)})\.? )?"
        rf"(?P<name>{_NAME}(?: {_NAME}){{0,3}}?) (?P<kind>{any_of(_STREETS)})\b\.?"
        rf"(?:(?P<rest>,(?: [A-Z][a-z]+){{1,3}},? ){_STATE}{_ZIP}?)?(?!\w)",
        _street,
    ),
)

STATES: Rules = (
    rule(
        rf"(?<=[a-z]), {_STATE}{_ZIP}(?![\w-])", _state, ",", starts_at(r", (?=[A-Z]{2},? \d{5})")
    ),
)
"""States before a postcode."""
