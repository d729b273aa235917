"""Spell capitals letter by letter, or say them as a word."""

import re

from narrated.script.english.rule_engine import (
    Rules,
    rule,
    starts_at,
    word_after,
    word_before,
    word_set,
    word_table,
)
from narrated.script.english.units import UNITS
from narrated.script.marks import mark_letters, mark_word

_SAID = word_set("""
    ACID AIDS AJAX ALT ANSI ARP ARPA ARPANET ASAP ASCII ASIC ATOM AWK BARK BASIC BERT BIOS
    BITNET BLAS BLIP BOM BSON CAD CAP CAPTCHA CERN CISC CLISP COBOL COFF COM CORS CPAN CRAN CRUD
    CUDA DAC DAG DARPA DEC DEFUN DEL DOM DOS DRAM DRY ECMA EEPROM ELF EMACS ENV EPROM EPUB EULA
    EXIF FAANG FEMA FIDO FIFA FIFO FIXME FLAC FLOSS FOMO FOO FORTRAN FOSS GAN GIF GIL GNOME GNU
    GREP GRUB GUID HAL HEX HIPAA HUD HURD IDEA IMAP JAR JAX JIT JPEG JSON JTAG KISS LAN LAPACK
    LASER LDAP LESS LIFO LILO LISP LUT MAC MIDI MIME MIPS MOO MOOC MOSFET MPEG MUD NAN NANO NAS
    NASA NAT NATO NAVER NEON NIC NIL NIST NUC NUL NUMA NVRAM OCAML OGG OK OLAP OLED ONNX OPEC
    OSHA PAM PEG PEP PIN PIP POJO POSIX QEMU QWERTY RADAR RAG RAID RAM REM REPL REST RISC ROFL
    ROM RTOS SAML SAN SASS SAT SATA SCADA SCSI SCUBA SED SHRDLU SIEM SIM SIMD SLIME SNES SOAP
    SOLID SONAR SPAM SPARC SRAM STEM SUSE SWAT TAR TED TIFF TODO TOML TOR UART UNESCO UNICEF UNIX
    USENET VAX VESA VIM VLAN VRAM WAN WASM WAV WEBP WIFI WINE WLAN YAGNI YAML YARN YOLO ZIP
""")
_SPELLED = word_set("""
    AA AAC ABC ABI ACLU ACM ACPI ADC ADHD AES AFAIK AGI AGPL AI AIFF AMA AMD AMQP AOC AOL AOT
    API APK APT AR ASDF ASM AST ATM ATP AUR AVI AVX AWS BBC BBS BDD BDFL BDSM BFS BGP BMP BNF
    BSD BST BTC BTW CA CAA CBC CCD CDC CDN CDR CDT CEO CEST CET CFO CGI CIA CISA CLA CLI CLOS
    CLS CMS CNC CNN COO CPA CPC CPU CRC CRDT CRLF CRM CRT CSP CSRF CSS CST CSV CTA CTO CTR CVE
    DBA DDOS DDR DES DFA DFS DHCP DHT DIY DKIM DLC DLL DMA DMCA DNS DOI DPI DRM DSL DSP DTD DTO
    DVD EBNF EC ECC ECDSA ECS EDDSA EDR EDT EFF EKS ELB EMEA EOF EOL EPA EPS ERB ERC ERP ESA ESL
    ESP EST ETA ETH ETL EU EUR EV EVM EXE FAA FAQ FBI FDA FFI FFT FHIR FPGA FPS FSF FTE FTP FUD
    FWIW FYI GA GCC GCP GDB GDI GDP GDPR GHC GIS GMT GOP GPG GPIO GPL GPS GPT GPU GRU GSM GTK
    GUI HCI HDD HDMI HDR HLS HMM HN HOA HP HR HSL HTML HTTP HTTPS HUAC IANA IANAL IBM ICMP ICYMI IDE
    IDK IE IEC IETF IGMP IIRC IIS IMDB IMEI IMHO IMO IO IOT IP IPA IPC IPO IPP IR IRA IRC IRL
    IRQ IRS ISA ISBN ISO ISP ISR IST IT ITU JDK JPG JRE JST JSX JVM JWT KDE KPI KVM LAX LCD LED
    LGPL LLC LLM LLVM LOC LOL LRU LSP LSTM LTE LTS LUFS LVM MBA MBR MCP MCU MDN MFA MIT ML MLP
    MMO MMU MQTT MSDN MTA MTU MVC MVP NAACP NBA NBC NDA NFA NFC NFL NFT NIH NLP NOAA NPC NPM NPR
    NSA NSFW NTFS NTP NYC OCR OCSP ODBC OEM OIDC OKR OMG OOM OOP OPML ORM OS OSGI OSI OSS OSX
    OTA OTP PBS PC PCA PCB PCI PCIE PDA PDF PDP PDT PGP PHD PHP PID PII PKI PNG POC POS POV PPA
    PPC PR PRNG PST PSU PTSD PTY PWA PWM QA QR RCS RDF RDP RDS RFC RFID RGB RGBA RIP RISD RLHF
    RNA RNG RNN ROI RPC RPG RPI RPM RSA RSI RSS RTFM RTL RTT SAAS SAP SBCL SCM SCP SCSS SDK SDL
    SEC SEO SES SFTP SGD SGI SHA SICP SKU SLA SLO SMS SMTP SNMP SOA SOC SPA SPI SQL SQS SRE SRP
    SSA SSD SSE SSG SSH SSL SSO SSR STD STL SUV SVG SVM SVN TBD TBH TCO TCP TDD TEI TIL TLA TLD
    TLS TOC TOS TPM TPU TTL TTS TTY TUI TV UA UAC UAE UAV UB UCB UCLA UDP UEFI UFO UI UID UIUC
    UK ULA UML UMTS UN UPS URI URL US USA USB USD USPS USSR UTC UTF UUID UX VAE VAT VBA VC VCS
    VFX VGA VHS VIP VLC VM VNC VOD VPC VPN VPS VR WAL WCAG WEP WIP WPA WSGI WSL WWDC WWW XHR XML
    XMPP XP XSS YMCA ZFS ZKP
""")
_SAID_OTHERWISE = word_table("""
    NVIDIA: Nvidia; IEEE: I triple E; NCAA: N C double A; AAA: triple A; SXSW: South by Southwest;
    WWI: World War One; WWII: World War Two; SETQ: set Q; SETF: set F; CTRL: Control; ESC: Escape;
    FLOPS: flops; MFLOPS: megaflops; GFLOPS: gigaflops; TFLOPS: teraflops; PFLOPS: petaflops
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
_WORDS_WHEN_SMALL = _SHOUTED | {"SHA"}
_VOWELS = frozenset("AEIOUY")
_LONG = 4
_SYLLABLE = re.compile(r"[B-DF-HJ-NP-TV-XZ][AEIOU][B-DF-HJ-NP-TV-XZ]")
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
    """Mark capitals that are no word as spelled; return any other word as people say it."""
    bare, plural = (word[:-1], "s") if word.endswith("s") and word[:-1].isupper() else (word, "")
    if is_acronym(bare):
        return mark_letters(bare) + plural
    return _SAID_OTHERWISE[bare] + plural if bare in _SAID_OTHERWISE else word


def is_acronym(word: str) -> bool:
    """True if a word is spelled letter by letter."""
    if len(word) < 2 or not word.isupper() or not word.isascii():
        return False
    return word in _SPELLED or not (
        word in _SAID or word in _SAID_OTHERWISE or word in _WORDS or _is_like_a_word(word)
    )


def is_no_word(word: str) -> bool:
    """True if capitals cannot be a word in any context."""
    return word in _SPELLED or not (word in _SAID or _is_sayable(word))


def is_small_acronym(word: str) -> bool:
    """True for an acronym in small letters, as in utf8 or ec2."""
    capitals = word.upper()
    is_known = capitals in _SPELLED - _WORDS_WHEN_SMALL or _VOWELS.isdisjoint(capitals)
    return len(word) > 1 and word.isascii() and word.islower() and is_known


def _is_like_a_word(word: str) -> bool:
    """True for capitals that no table knows and people read as a word: NIL, REPL, FIXME."""
    return _is_sayable(word) if len(word) >= _LONG else bool(_SYLLABLE.fullmatch(word))


def _is_sayable(word: str) -> bool:
    begins, ends = word[:2], word[-2:]
    begins_well = begins in _BEGINNINGS or not _VOWELS.isdisjoint(begins)
    ends_well = ends in _ENDS or not _VOWELS.isdisjoint(ends)
    return begins_well and ends_well and not _VOWELS.isdisjoint(word)


def _capitals(found: re.Match[str]) -> str:
    word, ending = found[1], found[2] or ""
    if word in _SHOUTED and (_is_shouted(word_before(found)) or _is_shouted(word_after(found))):
        return mark_word(word) + ending
    said = acronym(word)
    return (mark_capitals(said) if said == word else said) + ending


def mark_capitals(word: str) -> str:
    """Mark a word in capitals, but not its plural's ending."""
    return mark_word(word[:-1]) + "s" if word.endswith("s") else mark_word(word)


def _is_shouted(word: str) -> bool:
    return len(word) > 1 and word.isascii() and word.isupper() and not is_acronym(word)


# A noun before its letter: a lone A is no article there.
_LETTERED = word_set("""
    Annex Appendix Block Box Building Case Class Column Company Drive Exhibit Figure Grade Group
    Hepatitis Layer Level Line Model Node Option Part Person Phase Plan Player Point Process Product
    Room Row Schedule Section Series Server Set Side Step Table Task Team Thread Type Unit Variant
    Version Vitamin
""")
_ENDS_LETTER = re.compile(
    r"[,;:!?)\]”\"]|\.(?:\s|\Z)|\Z"
    r"| (?:or|and|to|vs|versus|then|slash|plus|minus|equals|implies) [B-Z]\b"
)
_SMALL_WORD = re.compile(r" [a-z]")


def _lone_a(found: re.Match[str]) -> str:
    """Tell the letter A from the article: "plan A is", "a grade A student", "A or B"."""
    text, begin, end = found.string, found.start(), found.end()
    follows_small = text[begin - 1 : begin] == " " and text[begin - 2 : begin - 1].islower()
    is_letter = (
        _ENDS_LETTER.match(text, end)
        or (follows_small and _SMALL_WORD.match(text, end))
        or word_before(found) in _LETTERED
    )
    return mark_letters("A") if is_letter else found[0]


RULES: Rules = (
    rule(r"\b(?:PCIe|NVMe)\b", lambda found: mark_letters(found[0].upper())),
    rule(r"\bAT&T\b", f"{mark_letters('AT')} and T", "&"),
    rule(r"\bTL;\s?DR\b", mark_letters("TLDR"), ";"),
    rule(r"(?<=\bper )([KMGT]B)\b", lambda found: UNITS[found[1]][0]),
    rule(r"(?<![\w'’])([A-Z]{2,}s?)([’']s)?(?!\w)", _capitals),
)

LETTERS_HINT = r"[A-Z](?:(?= [A-Z]\b)|(?<=A)(?<!\w.)(?!\w))"

LETTERS: Rules = (
    rule(
        r"(?<![\w'’.-])[A-Z](?: [A-Z])+(?!\w)",
        lambda found: mark_letters(found[0].replace(" ", "")),
        starts=starts_at(r"[A-Z](?= [A-Z](?!\w))"),
    ),
    rule("A", _lone_a, starts=starts_at(r"A(?![\w'’])(?<![\w'’]A)")),
)
"""Letters that other rules have parted, and an A that is no article."""
