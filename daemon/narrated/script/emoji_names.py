"""Emoji by their names in the language that is spoken."""

import re
import unicodedata

from narrated.script.language_codes import base_language

_SIGN = (
    "[\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u27bf\u2934\u2935\u2b05-\u2b55"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
_JOINTS = "[\ufe0e\ufe0f\u200d\u20e3\U000e0020-\U000e007f]"
# A run of signs, so that the library looks at these alone and not at a whole text letter by letter.
_RUN = re.compile(f"\\s?(?:{_SIGN}{_JOINTS}*|[0-9#*]\ufe0f?\u20e3)+\\s?")
_OPEN = ("", *"(“‘\"'")
_CLOSED = ("", *".,;:!?)”’\"'")
_TONES = re.compile("[\U0001f3fb-\U0001f3ff]")
_LEFT = re.compile(_JOINTS)
# What is a picture without being an emoji; marks that engines sing by (♪) stay as they are.
_PICTURE = re.compile("[\u2600-\u2669\u266c-\u26ff\u2b50\u2b55\U0001f000-\U0001faff]")
_NO_EMOJI = frozenset("✓✔✗✘©®™↔→←⇒▪▫■□●○◆◇▶►▸")


def name_emoji(text: str, language: str) -> str:
    """Put the name of each emoji in its place, without the tone of skin."""
    return _RUN.sub(lambda run: _named(run, language), text)


def _named(run: re.Match[str], language: str) -> str:
    import emoji  # late: most texts need none

    known = base_language(language) if base_language(language) in emoji.LANGUAGES else "en"
    emoji.config.load_language(known)

    def name(signs: str, data: dict[str, str]) -> str:
        return signs if signs[0] in _NO_EMOJI else f" {_words(data.get(known) or data['en'])} "

    said = emoji.replace_emoji(_TONES.sub("", run[0]), replace=name)
    said = _PICTURE.sub(_by_unicode, _LEFT.sub("", said))
    said = said.lstrip() if run.string[max(0, run.start() - 1) : run.start()] in _OPEN else said
    return said.rstrip() if run.string[run.end() : run.end() + 1] in _CLOSED else said


def _words(code: str) -> str:
    return code.strip(":").replace("_", " ").replace("’", "'")


def _by_unicode(found: re.Match[str]) -> str:
    if found[0] in _NO_EMOJI:
        return found[0]
    name = unicodedata.name(found[0], "").lower()
    return f" {name} " if name else " "
