"""The front of Pico's English voices: writes marked parts of a text as Pico says them right.

Pico says letters with spaces by their names, but a lone A as the article, and "Is" as the word. It
says the dots of "A.P.I". By ears, 18 of 24 acronyms were understood so, 15 in bare capitals.
"""

from narrated.engines.interface import Mark, SpeechRequest
from narrated.engines.respelling import Respelling

VERSION = "1"
"""Change it with each change of what this module writes."""

_NAME_OF_A = "ay"


def pico_text(request: SpeechRequest) -> Respelling:
    """Give the text of a request in letters that an English voice of Pico says right."""
    return request.respelling(_respelled)


def _respelled(mark: Mark, text: str, ending: str) -> str:
    if mark.kind == "word":
        return (text.lower() if text.isupper() else text) + ending
    letters = [_NAME_OF_A if letter in "aA" else letter.upper() for letter in text.split()]
    return " ".join(letters) + ("'s" if ending else "")
