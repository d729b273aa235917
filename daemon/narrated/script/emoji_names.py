"""Replace emoji by their names in the text's language."""

import re
import unicodedata

from narrated.script.language_codes import base_language

_SIGN = (
    "[\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u27bf\u2934\u2935\u2b05-\u2b55"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
_JOINTS = "[\ufe0e\ufe0f\u200d\u20e3\U000e0020-\U000e007f]"
# A run of signs: the library then scans these alone, not the whole text letter by letter.
_RUN = re.compile(f"\\s?(?:{_SIGN}{_JOINTS}*|[0-9#*]\ufe0f?\u20e3)+\\s?")
_NO_SPACE_AFTER = ("", *"(“‘\"'")
_NO_SPACE_BEFORE = ("", *".,;:!?)”’\"'")
_TONES = re.compile("[\U0001f3fb-\U0001f3ff]")
_LEFT_OVER_JOINTS = re.compile(_JOINTS)
# Pictures that are no emoji. ♪ stays: engines sing at this mark.
_PICTURE = re.compile("[\u2600-\u2669\u266c-\u26ff\u2b50\u2b55\U0001f000-\U0001faff]")
_KEPT_SIGNS = frozenset("✓✔✗✘©®™↔→←⇒▪▫■□●○◆◇▶►▸")


def name_emoji(text: str, language: str) -> str:
    """Replace each emoji by its name, without the skin tone."""
    return _RUN.sub(lambda run: _name_run(run, language), text)


def _name_run(run: re.Match[str], language: str) -> str:
    import emoji  # late: most texts need none

    known = base_language(language) if base_language(language) in emoji.LANGUAGES else "en"
    emoji.config.load_language(known)

    def name(signs: str, data: dict[str, str]) -> str:
        return signs if signs[0] in _KEPT_SIGNS else f" {_words(data.get(known) or data['en'])} "

    said = emoji.replace_emoji(_TONES.sub("", run[0]), replace=name)
    said = _PICTURE.sub(_unicode_name, _LEFT_OVER_JOINTS.sub("", said))
    said = (
        said.lstrip()
        if run.string[max(0, run.start() - 1) : run.start()] in _NO_SPACE_AFTER
        else said
    )
    return said.rstrip() if run.string[run.end() : run.end() + 1] in _NO_SPACE_BEFORE else said


def _words(code: str) -> str:
    return code.strip(":").replace("_", " ").replace("’", "'")


def _unicode_name(found: re.Match[str]) -> str:
    if found[0] in _KEPT_SIGNS:
        return found[0]
    name = unicodedata.name(found[0], "").lower()
    return f" {name} " if name else " "
