"""Licences of weights: how a repository names one, and which forbid commercial use."""

import re

_FORBIDS = re.compile(
    r"(?:^|[^a-z])(?:nc|non-?\s?commercial|noncommercial|research|amlr|cpml)(?:$|[^a-z])"
    r"|\b(?:no|not for|without) commercial|\b(?:personal|private) use|\bevaluation\b"
    r"|coqui[- ]public[- ]model|blizzard|academic|deepfloyd|\bmrl\b",
    re.ASCII,
)
"""In lower case: short names of the hub (`cc-by-nc-4.0`, `cpml`), and words of cards."""

_PERMITS = re.compile(
    r"public domain|unlicense|cc0(?:[ -]1\.0)?|cc[ -]by(?:[ -]sa)?(?:[ -][1-4]\.0)?"
    r"|mit(?: license)?|apache[ -](?:license )?2\.0"
    r"|bsd(?:[ -][23]-clause)?|(?:l|a)?gpl(?:[ -]?v?[23](?:\.0)?)?|isc"
    r"|openrail(?:\+\+)?",
    re.ASCII,
)
"""In lower case: whole names of licences that are known to permit it."""


def permits_commercial_use(licence: str) -> bool:
    """True if each of the named licences, with commas between them, is known to permit it."""
    return all(_PERMITS.fullmatch(each.strip()) for each in licence.lower().split(","))


def forbids_commercial_use(licence: str) -> bool:
    """True if a licence's name says that it forbids commercial use."""
    return _FORBIDS.search(licence.lower()) is not None


def named_licence(short: object, full: object) -> str:
    """The licence of a model's card. `other` is no name: the card has another for it."""
    shorts = short if isinstance(short, list) else [short]
    names = [str(each) for each in shorts if each]
    if full and (not names or names == ["other"]):
        return str(full)
    return ", ".join(names)
