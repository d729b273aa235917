"""Tell a measure that stands before its noun, as in "a 10 m passageway": it is singular."""

import re

from narrated.script.english.rule_engine import word_after, word_set

_BEFORE_A_NOUN = 40
# "a 10 m passageway", "another small 40 cm gap": a unit between these words and a noun is singular.
_ONE_THING = re.compile(
    r"\b(?:an?|another)\s+(?:(?:small|big|large|huge|tiny|short|long|narrow|wide|mere"
    r"|full|new|old|cheap|fast|slow|single|typical|standard|modest|second|further|extra)\s+)?\Z",
    re.IGNORECASE,
)
_A_THING = re.compile(
    r"\b(?:the|my|your|his|her|its|our|their|this|that|these|those)\s+\Z", re.IGNORECASE
)
NO_NOUNS = word_set("""
    of in on at to for from by with and or but nor than that which who as if so is are was were will
    would can could may might has have had do does did not be been away long wide tall high deep
    thick old ago later more less per each before after when while until because it we they you he
    she i this these those there then now only just too also again between into over under above
    below out off up down left come came went go took take make made get got need needs needed
""")
"""Words after a measure that are no noun it could belong to."""

_MEASURED_THINGS = word_set("""
    battery batteries charger chargers adapter adapters monitor monitors display displays screen
    screens disk disks card cards timeout timeouts delay delays limit limits network networks link
    links connection connections port ports pages blocks chunks window windows interval intervals
    radius lens cable cables resistor resistors capacitor capacitors supply supplies bottle bottles
    tank buffer buffers cache caches heap partition partitions file files image images font fonts
    lamp lamps bulb bulbs motor motors engine engines video videos clip clips session sessions
    shop store shift clock format service support drive flight walk ride hike run trip commute dash
    sprint hurdles freestyle relay marathon pan pans tin tins skillet boat ladder fence pole ceiling
    bolt pipe nail screw board cord rope
    process latency rail laptop laptops SSD SSDs HDD HDDs angle angles hike USB budget ceiling
""")
"""Things that a measure before them describes without an article: "65W chargers"."""

_WORD_NEXT = re.compile(r"\s[A-Za-z]")
_BRACKETS_NEXT = re.compile(r"\s\([^()]{1,20}\)\s[a-z]")
"""The same measure in another unit: "a 10 m (32 ft) passageway"."""


def follows_an_article(found: re.Match[str]) -> bool:
    """True after "a" or "another", with or without an adjective."""
    return bool(_ONE_THING.search(_before(found)))


def measures_a_noun(found: re.Match[str]) -> bool:
    """True for a measure of the noun after it."""
    if _BRACKETS_NEXT.match(found.string, found.end()):
        return follows_an_article(found)
    if not _WORD_NEXT.match(found.string, found.end()):
        return False
    if word_after(found) in _MEASURED_THINGS:
        return True
    if follows_an_article(found):
        return word_after(found) not in ("and", "or", "to")
    return bool(_A_THING.search(_before(found))) and word_after(found) not in NO_NOUNS


def _before(found: re.Match[str]) -> str:
    return found.string[max(0, found.start() - _BEFORE_A_NOUN) : found.start()]
