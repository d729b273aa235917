"""What the letters of a text tell of its encoding, where nothing else does.

Of Latin letters the alphabets below tell more than a detector, which takes a Swedish page for a
Czech one; of all others the detector knows more.
"""

import re

_SAMPLE = 16_000
_LINES = re.compile(rb"[^\n]+")
_TAGS = re.compile(rb"<[^<>]{0,300}>")
_RUNS = re.compile(rb"[\x80-\xff]{3,}")
_HIGH = re.compile(rb"[\x80-\xff]")
_SHARE_IN_RUNS = 0.5
_WESTERN = (
    "àâæçéèêëîïôœùûüÿ",  # French
    "äöüßéèàç",  # German
    "áéíñóúü",  # Spanish
    "áâãàçéêíóôõúü",  # Portuguese
    "àèéìíîòóù",  # Italian
    "áéëèêïíóöüúà",  # Dutch
    "åäöéüàæøèôò",  # Swedish, Danish, Norwegian, Finnish
    "áðéíóúýþæö",  # Icelandic
    "àçéèíïóòúü",  # Catalan
    "éèêëàâäöüïîôûçñáíóúøå",  # names in English
)
_CENTRAL = (
    "ąćęłńóśźż",  # Polish
    "áčďéěíňóřšťúůýžöü",  # Czech
    "áäčďéíĺľňóôŕšťúýž",  # Slovak
    "áéíóöőúüű",  # Hungarian
    "ăâîşţ",  # Romanian
    "čćđšž",  # Croatian, Slovene
)
_TURKISH = ("çğıöşüâîû",)
_BALTIC = ("ąčęėįšųūž", "āčēģīķļņšūž", "äõöüšž")
_LATIN = {
    "cp1250": _CENTRAL,
    "iso8859_2": _CENTRAL,
    "cp1254": _TURKISH,
    "cp1257": _BALTIC,
    "mac_roman": _WESTERN,
    "cp850": _WESTERN,
}
_OTHERS = [
    *("cp1251", "koi8_r", "koi8_u", "iso8859_5", "cp866", "mac_cyrillic"),
    *("cp1253", "iso8859_7", "cp1255", "cp1256", "iso8859_6", "cp874"),
    *("cp932", "euc_jp", "gb18030", "big5", "cp949"),
]
_TYPOGRAPHY = frozenset("‘’‚‛“”„‟«»‹›–—…•·¡¿€£¥¢$§©®™°±×÷ªº¹²³¼½¾†‡\u00a0\u00ad")
_BETWEEN_LETTERS = frozenset("‘’–—…·\u00a0\u00ad")
_HANJA = re.compile("[\u4e00-\u9fff]")


def encoding_of(data: bytes) -> str:
    """Guess the encoding of a text that is no UTF-8; Windows-1252 where nothing tells more."""
    sample = _sample(data)
    return _other(sample) if _is_other(sample) else _latin(sample)


def _sample(data: bytes) -> bytes:
    """The first lines that have something to tell, without tags; one very long line is cut."""
    lines: list[bytes] = []
    size = 0
    for found in _LINES.finditer(data):
        if size > _SAMPLE:
            break
        if _HIGH.search(found[0]):
            lines.append(_TAGS.sub(b" ", found[0][:_SAMPLE]))
            size += len(lines[-1])
    return b"\n".join(lines)


def _is_other(sample: bytes) -> bool:
    """Tell whether letters follow one another that are not ASCII, as in no Latin text."""
    in_runs = sum(len(run) for run in _RUNS.findall(sample))
    return in_runs > _SHARE_IN_RUNS * len(_HIGH.findall(sample))


def _other(sample: bytes) -> str:
    from charset_normalizer import from_bytes  # late, as it is seldom asked

    # A line that was cut may end in the middle of a sign, which its own encoding refuses.
    cuts = [sample] if len(sample) < _SAMPLE else [sample, sample[:-1]]
    matches = [one for cut in cuts if (one := from_bytes(cut, cp_isolation=_OTHERS).best())]
    found = min(matches, key=lambda match: match.chaos, default=None)
    if found and found.encoding == "cp949" and _HANJA.search(str(found)):
        return "gb18030"  # a short Chinese text looks Korean, but for signs that Korean has left
    return found.encoding if found else "cp1252"


def _latin(sample: bytes) -> str:
    western = _strangers(sample, "cp1252", _WESTERN)
    strangers = {one: _strangers(sample, one, alphabets) for one, alphabets in _LATIN.items()}
    best = min(strangers, key=lambda one: strangers[one])
    # One strange letter is a name; what is far stranger as Western than otherwise is not Western.
    return best if western >= 2 and strangers[best] <= western / 4 else "cp1252"


def _strangers(sample: bytes, encoding: str, alphabets: tuple[str, ...]) -> int:
    """Count the letters that fit the best of the alphabets least, and what stands amiss."""
    text = f" {sample.decode(encoding, 'replace')} "
    high = [at for at, sign in enumerate(text) if sign > "\x7f"]
    letters = [text[at].lower() for at in high if text[at].isalpha() and text[at] not in "ªº"]
    least = min(sum(sign not in alphabet for sign in letters) for alphabet in alphabets)
    return least + sum(_is_amiss(*text[at - 1 : at + 2]) for at in high)


def _is_amiss(before: str, sign: str, after: str) -> bool:
    """Tell of a capital in the middle of a word, and of a sign where none stands."""
    if sign in _TYPOGRAPHY:
        raised = sign in "ªº¹²³" and after.isalpha()
        return raised or (before.isalpha() and after.isalpha() and sign not in _BETWEEN_LETTERS)
    return not sign.isalpha() or (sign.isupper() and before.islower())
