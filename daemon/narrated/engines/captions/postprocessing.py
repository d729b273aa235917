"""Turns a captioner's output into one or two sentences to speak."""

import re
import unicodedata
from collections.abc import Iterator

_MOST_SENTENCES = 2
_LONGEST_CHARACTERS = 320
"""About twenty seconds of speech."""

_ENDS = ".!?…。！？"
_CLOSERS = "\"'”’)]»"

# Markup and special tokens.
_THOUGHT = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|$)", re.DOTALL | re.IGNORECASE)
_TOKEN = re.compile(r"<\|[^<>]{0,60}\|>|</?[A-Za-z_][\w .=:-]{0,60}>|\[(?:[A-Z]{2,5}|unused\d+)\]")
_MARK = re.compile(r"\*\*|__|`+|(?m:^\s*(?:#{1,6}|[-*+•>]|\d{1,2}[.)])\s+)|\*")

# Refusals and courtesies of chat models.
_REFUSAL = re.compile(
    r"(?:(?:i'm|i am|we're) )?(?:sorry|unable to|not able to)\b|(?:i|we) (?:cannot|can't|can not|do"
    r" not|don't) (?:see|view|provide|help|assist|have|describe)\b|as an? (?:ai|language)\b"
    r"|unanswerable\b",
    re.IGNORECASE,
)
_COURTESY = re.compile(
    r"(?:sure|certainly|of course|okay|ok|absolutely|yes|great)(?: thing)?[,.!:]+\s*"
    r"|(?:here is|here's|below is) (?:an?|the|your|my) [^.:]{0,120}:\s*"
    r"|(?:(?:the|an?|image|picture|photo|short|brief|detailed|concise) ){0,4}"
    r"(?:description|caption|alt[- ]?text|answer|assistant|summary|response|image|picture)\s*:\s*",
    re.IGNORECASE,
)

# Openings such as "a picture of": the narrator has announced the picture already.
_PICTURE = r"(?:image|picture|photo(?:graph)?|photography|pic|snapshot|scene|frame)s?"
_GIVEN = r"(?:(?:that )?you(?:'ve| have)? (?:provided|shared|uploaded|sent) |provided |above )?"
_SHOWS = (
    r"(?:shows?|depicts?|displays?|features?|presents?|portrays?|captures?|contains?|showcases?"
    r"|illustrates?|represents?)(?: us)?(?: that)?"
)
_IS = (
    r"(?:(?:is|are) )?(?:also |clearly |mainly |primarily |simply )?(?:consists? of|includes?"
    rf"|{_SHOWS}|showing|depicting|displaying|featuring|(?:appears|seems) to (?:show|depict|be)"
    r"|is of|is)"
)
_THING = (
    r"(?= (?:an?|the|one|two|three|four|five|six|several|some|many|various|multiple|people|someone"
    r"|my|our|no|it|they|only)\b)"
)
_SOMETHING = r"(?= (?!no\b|nothing\b|not\b))"
_LEADS = [
    re.compile(pattern + r"[,:]?\s+", re.IGNORECASE)
    for pattern in (
        # In this image, we can see
        rf"(?:in|on|from) (?:the|this|that) (?:given |provided |above )?{_PICTURE},?",
        r"(?:here,? )?(?:we|i|you|one) (?:can |could |may )?(?:clearly |also )?see",
        r"(?:there|here) (?:is|are|appears to be|seems to be)(?: also)?" + _SOMETHING,
        r"(?:there|here)'s" + _SOMETHING,
        # The image shows
        rf"(?:(?:the|this|that|an?) )?(?:main )?{_PICTURE} {_GIVEN}{_IS}{_THING}",
        rf"(?:the|this|that) {_PICTURE} {_GIVEN}{_SHOWS}",
        r"(?:the )?(?:main |central |primary )?(?:subject|focus|object) (?:of|in) (?:the|this)"
        rf" {_PICTURE} is",
        r"(?:this|that|it|these) (?:is|are|appears to be|seems to be|looks like|shows|depicts)"
        + _THING,
        r"it's" + _THING,
        # A picture of
        r"(?:(?:an?|the|this|one|some) )?(?:stock |free |beautiful |nice |great |stunning )?"
        rf"{_PICTURE} (?:of|with|containing|(?:(?:that|which) )?(?:{_SHOWS}|showing|depicting"
        r"|featuring|displaying))",
        r"(?:an?|the) (?:view|shot) of(?= (?:an?|the)\b)",
    )
]

# Florence-2 repeats this for each thing.
_SEEN_TOO = re.compile(r"(?<!^)\b(and|,) (?:i|we|you) can (?:also )?see ", re.IGNORECASE)

# Meaningless words of BLIP large.
_ARTEFACT = re.compile(r"\b(an? )?araff?(?:ed|es|e|y|ly|led|ing)?\b,?\s*(?=(\w)?)", re.IGNORECASE)

_JOINTS = [
    joint.split() for joint in ("", "and", "and also", "with", "or", "in front of", "next to")
]
"""Words between a phrase and its repetition."""
_SMALL = frozenset(
    [
        *("a", "an", "the", "this", "that", "its", "their", "his", "her", "is", "are", "and", "or"),
        *("of", "on", "in", "at", "with", "to", "from", "by", "for"),
    ]
)
"""Words that mean nothing when repeated, and cannot end a sentence."""
_LONGEST_REPEAT = 12

_ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|St|Mt|Jr|Sr|No|Nos|vs|approx|ca|Ave|Blvd|Inc|Ltd|Co|e\.g|i\.e"
    r"|[Ff]ig))\.$"
)
_BOUNDARY = re.compile(rf"(?<=[{_ENDS}])[{re.escape(_CLOSERS)}]*(?:\s+|(?<=[。！？]))")


def tidy(raw: str, is_cut: bool = False) -> str:
    """One or two sentences about a picture; empty if the text says nothing about it.

    `is_cut` is true if the token limit cut the text off.
    """
    text = _stripped(_text(raw), [_COURTESY])
    if _REFUSAL.match(text):
        return ""
    text = _repeats_collapsed(_artefacts_dropped(text))
    sentences = [said for sentence in _sentences(text, is_cut) if (said := _said(sentence))]
    return _bounded(list(dict.fromkeys(sentences))[:_MOST_SENTENCES])


def _text(raw: str) -> str:
    """The printable text on one line."""
    text = _TOKEN.sub(" ", _THOUGHT.sub(" ", unicodedata.normalize("NFC", raw)))
    text = _MARK.sub("", text)
    lines = [line for each in text.splitlines() if (line := " ".join(_printable(each).split()))]
    text = " ".join([*map(_closed, lines[:-1]), *lines[-1:]])
    text = re.sub(r"\s+([.,;:!?])(?=\s|$)", r"\1", text)
    text = _SEEN_TOO.sub(r"\1 ", text)
    return _unquoted(re.sub(r"\s*'\s*(?=s\b|t\b)", "'", text).strip())


def _printable(line: str) -> str:
    return "".join(
        letter if unicodedata.category(letter)[0] != "C" and letter != "\ufffd" else " "
        for letter in line
    )


def _unquoted(text: str) -> str:
    """Remove quotes around the whole text."""
    for opening, closing in ('""', "“”", "«»", "„“"):
        inner = text[1:-1]
        if text[:1] == opening and text[1:].endswith(closing) and opening not in inner:
            return inner.strip()
    return text


def _closed(line: str) -> str:
    """End a line with a full stop, unless it announces the next."""
    return line if line[-1] in _ENDS + _CLOSERS + ":," else f"{line}."


def _stripped(text: str, leads: list[re.Pattern[str]]) -> str:
    """Remove all leads from the start."""
    while match := next((found for lead in leads if (found := lead.match(text))), None):
        text = text[match.end() :]
    return text


def _artefacts_dropped(text: str) -> str:
    def article(match: re.Match[str]) -> str:
        if not match[1]:
            return ""
        return "an " if match[2] and match[2].lower() in "aeiou" else "a "

    return _ARTEFACT.sub(article, text)


def _repeats_collapsed(text: str) -> str:
    """Collapse repetitions, such as `a dog and a dog and a dog`."""
    words = text.split(" ")
    at = 0
    while at < len(words):
        if skip := _repeat(words, at):
            del words[at : at + skip]
            at = max(0, at - _LONGEST_REPEAT)
        else:
            at += 1
    return " ".join(words)


def _repeat(words: list[str], at: int) -> int:
    """Number of words from here on that repeat at once; 0 if none do."""
    for length in range(min(_LONGEST_REPEAT, (len(words) - at) // 2), 0, -1):
        phrase = _folded(words[at : at + length])
        for said in _JOINTS if length > 1 else _JOINTS[:1]:
            start = at + length + len(said)
            if _folded(words[at + length : start + length]) != [*said, *phrase]:
                continue
            # A repeated word is an error if it is a small one, or comes three times.
            if length > 1 or phrase[0] in _SMALL or _folded(words[at + 2 : at + 3]) == phrase:
                return start - at
    return 0


def _folded(words: list[str]) -> list[str]:
    return [word.casefold().rstrip(",.") for word in words]


def _sentences(text: str, is_cut: bool) -> list[str]:
    """The sentences, without one that the token limit cut off."""
    parts = list(_parted(text))
    if not (parts and is_cut) or parts[-1].rstrip(_CLOSERS)[-1:] in _ENDS:
        return parts
    return parts[:-1] or [_whole_clause(parts[0])]


def _parted(text: str) -> Iterator[str]:
    begin = 0
    has_capitals = any(letter.isupper() for letter in text)
    for boundary in _BOUNDARY.finditer(text):
        sentence, rest = text[begin : boundary.start()], text[boundary.end() :]
        if _ABBREVIATION.search(sentence) or (has_capitals and rest[:1].islower()):
            continue
        yield text[begin : boundary.end()].strip()
        begin = boundary.end()
    if rest := text[begin:].strip():
        yield rest


def _whole_clause(text: str) -> str:
    """The text before the cut clause, if it has at least five words."""
    clause = text.rpartition(",")[0]
    return clause if len(clause.split()) >= 5 else text


def _said(sentence: str) -> str:
    """A sentence without leads, from a capital letter to a full stop."""
    text = _unquoted(_stripped(sentence, _LEADS).strip())
    end = text[-1:] if text[-1:] in _ENDS else "."
    if text[-1:] in _CLOSERS and text[-2:-1] in _ENDS:
        end = ""
    words = text.rstrip(_ENDS if end else "").rstrip(" ,;:-–—").split(" ")
    while words and words[-1].casefold() in _SMALL:
        words.pop()
    text = " ".join(words)
    if not any(letter.isalnum() for letter in text):
        return ""
    return text[0].upper() + text[1:] + end


def _bounded(sentences: list[str]) -> str:
    """Keep as many sentences as fit; of a sentence that is too long, whole clauses."""
    text = " ".join(sentences)
    if len(text) <= _LONGEST_CHARACTERS or not sentences:
        return text
    first = sentences[0]
    return first if len(first) <= _LONGEST_CHARACTERS else _said(_clipped(first))


def _clipped(text: str) -> str:
    head = text[:_LONGEST_CHARACTERS]
    cuts = (head.rpartition(mark)[0] for mark in ("; ", ", ", " "))
    return next((cut for cut in cuts if len(cut) >= _LONGEST_CHARACTERS // 2), head)
