"""Guesses the encoding of a text that declares none.

For Latin letters, the alphabets below are more reliable than charset-normalizer, which takes a
Swedish page for a Czech one. For all other scripts charset-normalizer decides.
"""

import re
import unicodedata

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
_LATIN = {
    **dict.fromkeys(("cp1250", "iso8859_2"), _CENTRAL),
    "cp1254": ("çğıöşüâîû",),  # Turkish
    "cp1257": ("ąčęėįšųūž", "āčēģīķļņšūž", "äõöüšž"),  # Lithuanian, Latvian, Estonian
    **dict.fromkeys(("mac_roman", "cp850"), _WESTERN),
}
_NON_LATIN = [
    *("cp1251", "koi8_r", "koi8_u", "iso8859_5", "cp866", "mac_cyrillic"),
    *("cp1253", "iso8859_7", "cp1255", "cp1256", "iso8859_6", "cp874"),
    *("cp932", "euc_jp", "gb18030", "big5", "cp949"),
]
_TYPOGRAPHY = frozenset("‘’‚‛“”„‟«»‹›–—…•·¡¿€£¥¢$§©®™°±×÷ªº¹²³¼½¾†‡\u00a0\u00ad")
_BETWEEN_LETTERS = frozenset("‘’–—…·\u00a0\u00ad")
_HANJA = re.compile("[\u4e00-\u9fff]")

_UTF16_SAMPLE = 8_000
_UTF16_COMMON = frozenset(" \n\r.,、。，")
"""Every text has these; in the wrong byte order they are characters that no text has."""
_UNASSIGNED = frozenset({"Cn", "Co", "Cs", "Cc"})
_SHARE_UNASSIGNED = 0.005


def detect_utf16(data: bytes) -> str:
    """Return the encoding of UTF-16 without a byte order mark; "" for other bytes."""
    score, best = max((_utf16_score(data, order), order) for order in ("utf-16-be", "utf-16-le"))
    return best if len(data) % 2 == 0 and score > 0 else ""


def _utf16_score(data: bytes, encoding: str) -> float:
    """The share of common characters in the text; 0 if it has unassigned characters."""
    try:
        text = data[:_UTF16_SAMPLE].decode(encoding)
    except UnicodeDecodeError as error:
        if error.end < min(len(data), _UTF16_SAMPLE):
            return 0
        text = data[: error.start].decode(encoding)
    words = "".join(text.split())
    strange = sum(unicodedata.category(sign) in _UNASSIGNED for sign in words)
    if not text or strange > _SHARE_UNASSIGNED * len(text):
        return 0
    return sum(sign in _UTF16_COMMON for sign in text) / len(text)


def detect_charset(data: bytes) -> str:
    """Guess the encoding of a text that is not Unicode; Windows-1252 if there is no evidence."""
    sample = _sample(data)
    # Non-ASCII letters follow one another, as they never do in Latin text.
    in_runs = sum(map(len, _RUNS.findall(sample)))
    is_latin = in_runs <= _SHARE_IN_RUNS * len(_HIGH.findall(sample))
    return _latin(sample) if is_latin else _non_latin(sample)


def _sample(data: bytes) -> bytes:
    """The first lines with non-ASCII bytes, without tags; a very long line is cut."""
    lines: list[bytes] = []
    size = 0
    for found in _LINES.finditer(data):
        if size > _SAMPLE:
            break
        if _HIGH.search(found[0]):
            lines.append(_TAGS.sub(b" ", found[0][:_SAMPLE]))
            size += len(lines[-1])
    return b"\n".join(lines)


def _non_latin(sample: bytes) -> str:
    from charset_normalizer import from_bytes  # late: rarely needed

    # A cut line may end in the middle of a character, and its own encoding refuses that.
    cuts = [sample] if len(sample) < _SAMPLE else [sample, sample[:-1]]
    matches = [one for cut in cuts if (one := from_bytes(cut, cp_isolation=_NON_LATIN).best())]
    found = min(matches, key=lambda match: match.chaos, default=None)
    if found and found.encoding == "cp949" and _HANJA.search(str(found)):
        return "gb18030"  # a short Chinese text looks Korean, but Korean gave up these characters
    return found.encoding if found else "cp1252"


def _latin(sample: bytes) -> str:
    western = _foreign_letters(sample, "cp1252", _WESTERN)
    foreign = {one: _foreign_letters(sample, one, alphabets) for one, alphabets in _LATIN.items()}
    best = min(foreign, key=lambda one: foreign[one])
    # One foreign letter is a name. A text with far more of them as Western than otherwise is not.
    return best if western >= 2 and foreign[best] <= western / 4 else "cp1252"


def _foreign_letters(sample: bytes, encoding: str, alphabets: tuple[str, ...]) -> int:
    """Count the letters outside of the best alphabet, and the misplaced characters."""
    text = f" {sample.decode(encoding, 'replace')} "
    high = [at for at, sign in enumerate(text) if sign > "\x7f"]
    letters = [text[at].lower() for at in high if text[at].isalpha() and text[at] not in "ªº"]
    least = min(sum(sign not in alphabet for sign in letters) for alphabet in alphabets)
    return least + sum(_is_misplaced(*text[at - 1 : at + 2]) for at in high)


def _is_misplaced(before: str, sign: str, after: str) -> bool:
    """True for a capital in the middle of a word, and for a symbol in an impossible place."""
    if sign in _TYPOGRAPHY:
        raised = sign in "ªº¹²³" and after.isalpha()
        return raised or (before.isalpha() and after.isalpha() and sign not in _BETWEEN_LETTERS)
    return not sign.isalpha() or (sign.isupper() and before.islower())
