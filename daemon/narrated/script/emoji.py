"""Emoji by their names in the language that is spoken."""

import re
import unicodedata

_MAYBE = re.compile("[\u203c-\u3299\ufe0f\U0001f000-\U0001faff]")
_TONES = re.compile("[\U0001f3fb-\U0001f3ff]")
_LEFT = re.compile("[\ufe0e\ufe0f\u200d\u20e3]")
# Marks that engines read by themselves, and arrows and mathematics, which have words of their own.
_PICTURES = re.compile("[\u2600-\u2669\u266c-\u27bf\u2b50\u2b55\U0001f300-\U0001faff]")
_NOT_PICTURES = "✓✔✗✘"


def emoji_named(text: str, language: str) -> str:
    """Put the name of each emoji in its place, without the tone of skin."""
    if not _MAYBE.search(text):
        return text
    import emoji  # late: most texts need none

    known = language.split("-")[0] if language.split("-")[0] in emoji.LANGUAGES else "en"

    def name(signs: str, data: dict[str, str]) -> str:
        if signs[0] in _NOT_PICTURES or signs[0].isascii() or signs in "©®™":
            return signs
        return f" {_words(data.get(known) or data['en'])} "

    text = emoji.replace_emoji(_TONES.sub("", text), replace=name)
    text = _PICTURES.sub(_unicode_name, _LEFT.sub("", text))
    return _tidied(text)


def _words(code: str) -> str:
    return code.strip(":").replace("_", " ").replace("’", "'")


def _unicode_name(found: re.Match[str]) -> str:
    if found[0] in _NOT_PICTURES:
        return found[0]
    name = unicodedata.name(found[0], "").lower()
    return f" {name} " if name else " "


def _tidied(text: str) -> str:
    return re.sub(r"\s+(?=[.,;:!?)”])", "", re.sub(r" {2,}", " ", text))
