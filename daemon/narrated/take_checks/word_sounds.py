"""Keys of words that sound alike, in English: "their" and "there", "colour" and "color".

A key has the consonants by their sounds, and a sign for a vowel at the start, as Soundex and
Metaphone have it. A voice that mumbles changes consonants too, so an equal key proves enough.
"""

import re
from functools import lru_cache

_SOUNDS = (
    (re.compile(r"^(?:[kgp](?=n)|w(?=r)|p(?=[st]))"), ""),
    (re.compile(r"^wh"), "w"),
    (re.compile(r"mb$|mb(?=[s]$)"), "m"),
    (re.compile(r"gh(?=t|$|s$|ed$|ing$)"), ""),
    (re.compile(r"tch|ch"), "C"),
    (re.compile(r"sh|ti(?=on)|ci(?=a)|ssi(?=on)"), "S"),
    (re.compile(r"th"), "T"),
    (re.compile(r"ph"), "f"),
    (re.compile(r"dg(?=[ei])|j"), "J"),
    (re.compile(r"sc(?=[eiy])|c(?=[eiy])|z"), "s"),
    (re.compile(r"ck|q|c"), "k"),
    (re.compile(r"x"), "ks"),
)
_VOWELS = re.compile(r"[aeiouyhw]+")
_TWICE = re.compile(r"(.)\1+")


@lru_cache(maxsize=8192)
def sound_key(word: str) -> str:
    """Give the key of a word in lower case; a word of vowels alone is its own."""
    if not word.isascii():
        return word
    sound = word
    for letters, one in _SOUNDS:
        sound = letters.sub(one, sound)
    is_vowel = sound[:1] in "aeiouy"
    consonants = _TWICE.sub(r"\1", _VOWELS.sub("", sound))
    return ("a" if is_vowel else "") + consonants if consonants else word
