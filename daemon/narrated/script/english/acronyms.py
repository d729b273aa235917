"""Spell capitals letter by letter, or say them as a word."""

import re

from narrated.script.english.rule_engine import Rules, rule, word_after, word_before, word_set
from narrated.script.english.units import UNITS

_SAID = word_set("""
    NASA NATO JSON YAML RAM ROM CUDA POSIX ASCII GIF PIN SIM LAN WAN RAID REST CRUD OK ASAP LASER
    RADAR SONAR UNICEF UNESCO OPEC AIDS GNU GNOME BIOS CAPTCHA DOS UNIX BASIC COBOL LISP NAN LED
    WASM TOML VIM NANO MIDI SOAP AJAX ZIP TAR MIME IMAP ANSI BLIP BARK JPEG QWERTY
""")
_SPELLED = word_set("""
    US IT AI API AWS URI URL UID GUI CLI CPU GPU TPU IO UI OS PC ID IP IDE ISO IEEE LUFS UEFI AAC
    EOF AOT FAQ FYI ABI EU UK UN USA USB UTC UTF CLOS IMHO AFAIK UUID IANAL
""")
_WORDS = word_set("""
    A ACT ADD AGE AGO AIM AIR ALE ALL AM AN AND ANT ANY APE ARE ARM AS ASH ASK AT AWE AXE BAD
    BAG BAN BAR BAT BAY BE BED BEE BEG BET BIG BIN BIT BOW BOX BOY BUD BUG BUN BUS BUT BUY BY
    BYE CAB CAN CAP CAR CAT COD COP COT COW CRY CUB CUE CUP CUT DAM DAY DEN DEW DID DIE DIG DIM
    DO DOE DOG DON DOT DRY DUE DUG DUO EAR EAT EBB EEL EGG ELF ELM END EWE EYE FAD FAN FAR FAT
    FED FEE FEW FIG FIN FIT FIX FLU FLY FOG FOR FOX FRY FUN FUR GAP GAS GEL GEM GET GIN GO GOD
    GOT GUM GUN GUT GUY HAD HAM HAS HAT HAY HE HEN HER HEY HI HID HIM HIP HIS HIT HOP HOT HOW
    HUG HUM HUT I ICE ICY IF ILL IN INK INN IRE IS ITS IVY JAB JAM JAR JAW JET JOB JOG JOY KEY
    KID KIN KIT LAD LAG LAP LAW LAY LEG LET LID LIE LIP LOG LOO LOT LOW LUG MAD MAN MAP MAT MAY
    ME MEN MET MIX MOM MUD MUG MY NAG NAP NET NEW NIP NO NOD NOR NOT NOW NUT OAK OAR OAT ODD ODE
    OF OFF OFT OH OIL OLD ON ONE OR ORE OUR OUT OWE OWL OWN PAD PAN PAY PEA PEG PEN PER PET PIE
    PIG PIT PLY POD POP POT PUB PUP PUT RAG RAN RAT RAW RAY RED RIB RID RIG RIM RIP ROB ROD ROE
    ROT ROW RUB RUG RUM RUN RUT RYE SAD SAG SAP SAT SAW SAY SEA SEE SET SEW SEX SHE SHY SIN SIP
    SIR SIT SIX SKY SLY SO SOB SON SOW SPY STY SUE SUM SUN TAB TAG TAN TAP TAR TAX TEA TEE
    TEN THE THY TIC TIE TIN TIP TO TOE TON TOO TOP TOT TOW TOY TRY TUB TUG TWO UP URN USE VAN
    VET VIA VIE VOW WAD WAR WAS WAX WAY WE WEB WEE WET WHO WHY WIG WIN WIT WOE WON WRY YAM YAP
    YEN YES YET YOU ZAP ZEN ZIP
""")
_SHOUTED = frozenset({"IT", "US"})
"""Acronyms, but words among other shouted words."""
_VOWELS = frozenset("AEIOUY")
_SHORT = 3
# English words begin and end with these pairs of consonants; other pairs make no word.
_BEGINNINGS = word_set("""
    BL BR CH CL CR DR DW FL FR GH GL GN GR KN KR PH PL PR PS RH SC SH SK SL SM SN SP SQ ST SW TH
    TR TW WH WR
""")
_ENDS = word_set("""
    BS CH CK CS CT DD DS DT FF FT GG GH GN GS HS HT KS LB LD LF LK LL LM LP LS LT MB MN MP MS ND
    NG NK NN NS NT PS PT RB RC RD RF RG RK RL RM RN RP RR RS RT RV SH SK SM SP SS ST TH TS TT WD
    WK WL WN WS XT ZZ
""")


def acronym(word: str) -> str:
    """Spell capitals that are no word; return any other word unchanged."""
    bare, plural = (word[:-1], "s") if word.endswith("s") and word[:-1].isupper() else (word, "")
    return " ".join(bare) + plural if is_acronym(bare) else word


def is_acronym(word: str) -> bool:
    """True if a word is spelled letter by letter."""
    if len(word) < 2 or not word.isupper() or not word.isascii() or word in _SAID:
        return False
    is_word = word in _WORDS or (len(word) > _SHORT and _is_sayable(word))
    return word in _SPELLED or not is_word


def is_no_word(word: str) -> bool:
    """True if capitals cannot be a word in any context."""
    return word in _SPELLED or not (word in _SAID or _is_sayable(word))


def _is_sayable(word: str) -> bool:
    begins, ends = word[:2], word[-2:]
    begins_well = begins in _BEGINNINGS or not _VOWELS.isdisjoint(begins)
    ends_well = ends in _ENDS or not _VOWELS.isdisjoint(ends)
    return begins_well and ends_well and not _VOWELS.isdisjoint(word)


def _capitals(found: re.Match[str]) -> str:
    if found[1] in _SHOUTED and (_is_shouted(word_before(found)) or _is_shouted(word_after(found))):
        return found[0]
    return acronym(found[1]) + (found[2] or "")


def _is_shouted(word: str) -> bool:
    return len(word) > 1 and word.isupper() and not is_acronym(word)


RULES: Rules = (
    rule(r"\bAT&T\b", "A T and T", "&"),
    rule(r"\bTL;\s?DR\b", "T L D R", ";"),
    rule(r"(?<=\bper )([KMGT]B)\b", lambda found: UNITS[found[1]][0]),
    rule(r"(?<![\w'’])([A-Z]{2,}s?)([’']s)?(?!\w)", _capitals),
)
