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
_RUN = re.compile(f"\\s?(?:(?:{_SIGN}{_JOINTS}*|[0-9#*]\ufe0f?\u20e3)\\s?)+")
_ONE_SIGN = re.compile(_SIGN)
_NO_SPACE_AFTER = ("", *"(“‘\"'")
_NO_SPACE_BEFORE = ("", *".,;:!?)”’\"'")
_TONES = re.compile("[\U0001f3fb-\U0001f3ff]")
_LEFT_OVER_JOINTS = re.compile(_JOINTS)
# Pictures that are no emoji. ♪ stays: engines sing at this mark.
_PICTURE = re.compile("[\u2600-\u2669\u266c\u2670-\u26ff\u2b50\u2b55\U0001f000-\U0001faff]")
_KEPT_SIGNS = frozenset("♭♮♯✓✔✗✘©®™↔→←⇒▪▫■□●○◆◇▶►▸")


_SAME = re.compile(
    f"((?![\U0001f1e6-\U0001f1ff]){_SIGN}{_JOINTS}*(?:\u200d{_SIGN}{_JOINTS}*)*)(?:\\s?\\1)+"
)
_STARS = re.compile("([★⭐])(?:\\1|\ufe0f){0,4}[☆✩]{0,4}")


_ONE_STAR = ("★", "⭐", "⭐\ufe0f")
_NUMBER_BEFORE = re.compile(r"\d\Z")
_NOUN_AFTER = re.compile(r"(?:rating|review|hotel|restaurant|average|app|book|film|movie|read)")


def is_of_emoji(sign: str) -> bool:
    """True for a sign that every emoji has one of."""
    return sign == "\u20e3" or bool(_ONE_SIGN.fullmatch(sign))


def name_emoji(text: str, language: str) -> str:
    """Replace each emoji by its name, without the skin tone."""
    return _RUN.sub(lambda run: _name_run(run, language), text)


def _name_run(run: re.Match[str], language: str) -> str:
    import emoji  # late: most texts need none

    known = base_language(language) if base_language(language) in emoji.LANGUAGES else "en"
    emoji.config.load_language(known)

    def name(signs: str, data: dict[str, str]) -> str:
        return signs if signs[0] in _KEPT_SIGNS else f" {_words(data.get(known) or data['en'])} "

    signs = _STARS.sub(_rating, run[0]) if known == "en" else run[0]
    if (
        known == "en"
        and signs.strip() in _ONE_STAR
        and _NUMBER_BEFORE.search(run.string[: run.start()][-4:])
    ):
        return _stars_of(run)
    said = emoji.replace_emoji(_SAME.sub(r"\1", _TONES.sub("", signs)), replace=name)
    said = _PICTURE.sub(_unicode_name, _LEFT_OVER_JOINTS.sub("", said))
    said = (
        said.lstrip()
        if run.string[max(0, run.start() - 1) : run.start()] in _NO_SPACE_AFTER
        else said
    )
    return said.rstrip() if run.string[run.end() : run.end() + 1] in _NO_SPACE_BEFORE else said


def _rating(found: re.Match[str]) -> str:
    """Say ★★★★☆ as a rating."""
    stars = found[0].count(found[1])
    most = len(found[0].replace("\ufe0f", ""))
    if most < 3:
        return found[0]
    return f" {stars} out of {most} stars " if stars < most else f" {stars} stars "


def _stars_of(run: re.Match[str]) -> str:
    """Say a 4.5★ rating, and 5★."""
    is_attribute = _NOUN_AFTER.match(run.string, run.end())
    end = " " if run.string[run.end() : run.end() + 1].isalnum() else ""
    return f" {'star' if is_attribute else 'stars'}{end}"


def _words(code: str) -> str:
    return code.strip(":").replace("_", " ").replace("’", "'")


def _unicode_name(found: re.Match[str]) -> str:
    if found[0] in _KEPT_SIGNS:
        return found[0]
    name = unicodedata.name(found[0], "").lower()
    return f" {name} " if name else " "
