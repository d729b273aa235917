"""Capitals: which are spelled, which are said as words."""

import re

from narrated.script.english.rule import Rule, names, rule

_SAID = names("""
    NASA NATO JSON YAML RAM ROM CUDA POSIX ASCII GIF PIN SIM LAN WAN RAID REST CRUD OK ASAP LASER
    RADAR SONAR UNICEF UNESCO OPEC AIDS GNU GNOME BIOS CAPTCHA DOS UNIX BASIC COBOL LISP NAN LED
    WASM TOML VIM NANO MIDI SOAP AJAX ZIP TAR MIME IMAP ANSI BLIP BARK
""")
_SPELLED = names("""
    US IT AI API AWS URI URL UID GUI CLI CPU GPU TPU IO UI OS PC ID IP IDE ISO IEEE LUFS UEFI AAC
    EOF AOT FAQ FYI ABI EU UK UN USA USB UTC UTF CLOS
""")
_WORDS = names("""
    A I ALL AM AN AND ANY ARE AS AT BAD BE BIG BUT BUY BY CAN CUT DAY DID DO END FAR FEW FOR FUN
    GET GO GOD GOT HAD HAS HE HER HEY HI HIM HIS HOT HOW IF IN IS ITS JOB KEY LET LOT MAN MAY ME
    MEN MY NEW NO NOR NOT NOW OF OFF OH OLD ON ONE OR OUR OUT OWN PAY PUT RAN RED RUN SAD SAY SEE
    SET SHE SIT SO TEN THE TO TOO TOP TRY TWO UP USE WAS WAY WE WHO WHY WIN YES YET YOU ADD ASK
    BOX CAR CAT DOG EAT EAR EYE FIX FLY HIT ICE LAW LOW MIX MOM ODD PER SIX SUN TEA VIA WAR ARM
    AIR AGE AGO ACT BUG BAG BED BIT BOY COW CUP DRY EGG FAT FIT GAS GUN GUY HAT HUG JOY KID LEG
    LIE LOG MAP MUD NET NUT OIL PEN PET PIE POT RAW RIP ROW SEA SIN SKY SON TAX TIP TOY VAN WEB
    WET
""")
_VOWELS = frozenset("AEIOUY")
_SHORT = 3
# Pairs of consonants with which English words begin and end; others are no word.
_BEGINNINGS = names("""
    BL BR CH CL CR DR DW FL FR GH GL GN GR KN KR PH PL PR PS RH SC SH SK SL SM SN SP SQ ST SW TH
    TR TW WH WR
""")
_ENDS = names("""
    BS CH CK CS CT DD DS DT FF FT GG GH GN GS HS HT KS LB LD LF LK LL LM LP LS LT MB MN MP MS ND
    NG NK NN NS NT PS PT RB RC RD RF RG RK RL RM RN RP RR RS RT RV SH SK SM SP SS ST TH TS TT WD
    WK WL WN WS XT ZZ
""")


def acronym(word: str) -> str:
    """Spell capitals that are no word; others, and whatever is not all capitals, stay."""
    bare, plural = (word[:-1], "s") if word.endswith("s") and word[:-1].isupper() else (word, "")
    return " ".join(bare) + plural if is_acronym(bare) else word


def is_acronym(word: str) -> bool:
    """Tell whether a word is spelled letter by letter."""
    if len(word) < 2 or not word.isupper() or not word.isascii() or word in _SAID:
        return False
    if word in _SPELLED:
        return True
    if word in _WORDS:
        return False
    return len(word) <= _SHORT or not _is_sayable(word)


def is_no_word(word: str) -> bool:
    """Tell whether capitals cannot be a word, whatever stands around them."""
    return word in _SPELLED or not (word in _SAID or _is_sayable(word))


def _is_sayable(word: str) -> bool:
    if not _VOWELS & set(word):
        return False
    begins, ends = word[:2], word[-2:]
    return (bool(_VOWELS & set(begins)) or begins in _BEGINNINGS) and (
        bool(_VOWELS & set(ends)) or ends in _ENDS
    )


def _capitals(found: re.Match[str]) -> str:
    return acronym(found[1]) + (found[2] or "")


RULES: tuple[Rule, ...] = (
    rule(r"\bAT&T\b", "A T and T", "&"),
    rule(r"(?<![\w'’])([A-Z]{2,}s?)([’']s)?(?!\w)", _capitals),
)
