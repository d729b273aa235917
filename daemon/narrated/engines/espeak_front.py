"""The front of espeak's English voices: writes marked parts of a text as espeak says them right.

espeak reads "A P I" as "uh pee eye", and "A P Is" as "uh pee is". It reads "A.P.I" as three
letters under one stress, in each of its English dialects, and "A-" as the letter. Its dictionary
has phrases such as "of a", which a space without width before the A parts.
"""

import re
from collections.abc import Mapping

from narrated.engines.interface import Mark, SpeechRequest
from narrated.engines.respelling import Respelling

VERSION = "1"
"""Change it with each change of what this module writes."""

# Read as "for example", "that is" and "also known as", also inside of longer ones.
_ABBREVIATIONS = re.compile(r"E\.G\b|I\.E\Z|A\.K\.A\.")
_LONE = {"A": "\u200bA-", "a": "\u200bA-"}
# The plural of these letters is another sound than a z after the letter.
_HISSING = "FHSX"

_LONGEST_SPELLED = 3
"""espeak spells capitals up to this length among other words: "RAM" is "are ay em"."""

WORDS: Mapping[str, str] = {
    "async": "ay-sink",
    "asyncio": "ay-sink I.O",
    "asic": "A-sick",
    "bashrc": "bash R.C",
    "blas": "blass",
    "chroot": "C.H root",
    "config": "con-fig",
    "configs": "con-figs",
    "cuda": "cooda",
    "dram": "D-ram",
    "eeprom": "E.E prom",
    "enum": "e-num",
    "enums": "e-nums",
    "fifo": "fyfo",
    "fixme": "fix me",
    "fsck": "F.S check",
    "glibc": "G lib C",
    "huawei": "wahway",
    "iaas": "I.A.A.S",
    "inode": "eye-node",
    "inodes": "eye-nodes",
    "ioctl": "I.O control",
    "jupyter": "jupiter",
    "knuth": "kanooth",
    "kubectl": "cube control",
    "latex": "lah-tek",
    "libc": "lib C",
    "lifo": "life-oh",
    "matplotlib": "mat-plot-lib",
    "numpy": "num-pie",
    "nvram": "N.V ram",
    "paas": "pass",
    "pypi": "pie P.I",
    "qemu": "Q emu",
    "qwen": "kwen",
    "regex": "rejjex",
    "regexes": "rejjexes",
    "regexp": "rejjex P",
    "rtos": "R-toss",
    "saas": "sass",
    "scipy": "sigh-pie",
    "shrdlu": "shurdloo",
    "sklearn": "S.K learn",
    "snes": "S-ness",
    "tex": "tek",
    "tkinter": "T.K inter",
    "todo": "too-do",
    "umask": "you-mask",
    "umount": "you-mount",
    "vimrc": "vim R.C",
    "vite": "veet",
    "vlan": "V-lan",
    "voip": "voyp",
    "vram": "V-ram",
    "webp": "web P",
    "xiaomi": "show-mee",
    "xorg": "X-org",
    "zsh": "Z shell",
    "zstd": "Z standard",
}
"""Marked words that espeak says wrongly, in small letters, and letters that it says right."""


def espeak_text(request: SpeechRequest) -> Respelling:
    """Give the text of a request in letters that an English voice of espeak says right."""
    return request.respelling(_respelled)


def _respelled(mark: Mark, text: str, ending: str) -> str:
    if mark.kind == "word":
        small = text.lower()
        is_misread = len(text) <= _LONGEST_SPELLED or ending  # it leaves out the s of "JPEGs"
        return WORDS.get(small, small if is_misread else text) + ending
    return _letters(text.split(), ending)


def _letters(letters: list[str], ending: str) -> str:
    if not ending:
        return _one_after_the_other(letters)
    *others, last = letters
    if not others or last.upper() in _HISSING:
        return f"{_one_after_the_other(others)} {last.upper()}'s".lstrip()
    return f"{_one_after_the_other(letters)}.'s"


def _one_after_the_other(letters: list[str]) -> str:
    if len(letters) < 2:
        return "".join(_LONE.get(letter, letter) for letter in letters)
    said = ".".join(letters).upper()
    if _ABBREVIATIONS.match(said):
        return f"{_one_after_the_other(letters[:1])} {_one_after_the_other(letters[1:])}"
    return f"\u200b{said}" if said.startswith("A") else said
