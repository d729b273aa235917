"""Recognises the language that a file's metadata names; other tools write other things there."""

import re


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TAG = re.compile(r"([A-Za-z]{2,3})((?:[-_][A-Za-z0-9]{1,8}){0,4})(?:[.@][\w.@-]*)?")
# ISO 639-1. `lang: js` and `language: php` name no language that anybody speaks.
_TWO_LETTERS = _codes("""
    aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da
    de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz
    ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln
    lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi
    pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti
    tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
""")
# Those of ISO 639-2 and 639-3 that a voice or a two-letter code exists for.
_THREE_LETTERS = _codes("""
    afr amh ara arg asm aze bak bel ben bos bpy bul cat ces chr chv cmn cym dan deu ell eng epo est
    eus fas fin fra fre ger gla gle grc grn guj hak haw hbs heb hin hrv hun hye ido ina ind isl ita
    jam jbo jpn kal kan kat kaz kir kok kor kur lat lav lfn lit ltz mal mar mkd mlt msa mya nci nep
    nld nno nob nor ori pan pap piq pol por pyu que quc quz ron rum rus sco shn sin sjn slk slo slv
    smj sna snd spa sqi srp swa swe tam tat tel tgl tha tir tsn tuk tur uig ukr urd uzb vie xex yue
    zho zul
""")
_NAMES = {
    "english": "en",
    "american english": "en-US",
    "british english": "en-GB",
    "german": "de",
    "deutsch": "de",
    "french": "fr",
    "français": "fr",
    "francais": "fr",
    "spanish": "es",
    "español": "es",
    "espanol": "es",
    "italian": "it",
    "italiano": "it",
    "portuguese": "pt",
    "português": "pt",
    "dutch": "nl",
    "nederlands": "nl",
    "polish": "pl",
    "polski": "pl",
    "russian": "ru",
    "русский": "ru",
    "ukrainian": "uk",
    "czech": "cs",
    "swedish": "sv",
    "svenska": "sv",
    "danish": "da",
    "norwegian": "no",
    "finnish": "fi",
    "hungarian": "hu",
    "turkish": "tr",
    "greek": "el",
    "arabic": "ar",
    "hindi": "hi",
    "japanese": "ja",
    "chinese": "zh",
    "korean": "ko",
}


def language_tag(text: str) -> str | None:
    """Return the language tag that a text means (`de_DE.UTF-8`, `German`); None if it is none."""
    text = " ".join(text.split())
    if name := _NAMES.get(text.casefold()):
        return name
    found = _TAG.fullmatch(text)
    if found is None or found[1].lower() not in _TWO_LETTERS | _THREE_LETTERS:
        return None
    return f"{found[1]}{found[2]}".replace("_", "-")
