"""The user's pronunciations of words, phrases and patterns.

words:
  nginx: engine x        # all lower case: matches Nginx and NGINX too
  US: U S                # with a capital: matches this case only, and leaves "us" alone
patterns:
  - match: '\\bRFC (\\d+)\\b'
    say: 'R F C \\1'
"""

import re
from collections.abc import Mapping, Sequence

from narrated.errors import SourceError
from narrated.reading.text_decoding import cleaned
from narrated.reading.yaml_toml import load_yaml

_KEYS = ("words", "patterns")
_RUN = re.compile(r"\w+|[^\w\s]")
_PATTERN_KEYS = {"match", "say"}


class Lexicon:
    """Pronunciations of whole words, the longest entry first; then of patterns."""

    def __init__(self, words: Mapping[str, str], patterns: Sequence[tuple[re.Pattern[str], str]]):
        self._exact = {word: said for word, said in words.items() if word != word.lower()}
        self._any_case = {word: said for word, said in words.items() if word == word.lower()}
        self._exact_words = _whole_words(self._exact, 0)
        self._any_case_words = _whole_words(self._any_case, re.IGNORECASE)
        self._patterns = patterns
        # Most texts hold no word of the lexicon; a look-up of their words shows it.
        self._first_tokens = {_first_token(word) for word in words}

    @classmethod
    def parse(cls, texts: Sequence[str]) -> "Lexicon":
        """Read lexicons from YAML texts; a later one's word wins over an earlier one's.

        Raises SourceError; it names the wrong entry.
        """
        words: dict[str, str] = {}
        patterns: list[tuple[re.Pattern[str], str]] = []
        for number, text in enumerate(texts, start=1):
            what = "The lexicon" if len(texts) == 1 else f"Lexicon {number} of {len(texts)}"
            entries = load_yaml(text, what)
            _check_keys(entries, what)
            words |= _words(entries.get("words"), what)
            patterns += _patterns(entries.get("patterns"), what)
        return cls(words, patterns)

    def apply(self, text: str) -> str:
        """Replace written words by their pronunciations."""
        if self._first_tokens.isdisjoint(_RUN.findall(text.lower())):
            return self._apply_patterns(text)
        if self._exact:
            text = self._exact_words.sub(lambda found: self._exact[found[0]], text)
        if self._any_case:
            text = self._any_case_words.sub(self._any_case_word, text)
        return self._apply_patterns(text)

    def _any_case_word(self, found: re.Match[str]) -> str:
        # Ignoring case, regular expressions also match other letters: ı for i.
        return self._any_case.get(found[0].lower(), found[0])

    def _apply_patterns(self, text: str) -> str:
        for pattern, said in self._patterns:
            text = pattern.sub(said, text)
        # A pronunciation may hold an escape, such as `\\0`.
        return " ".join(cleaned(text).split()) if self._patterns else text


def _first_token(word: str) -> str:
    return str(_RUN.findall(word.lower())[0])


def _whole_words(words: Mapping[str, str], flags: int) -> re.Pattern[str]:
    longest_first = sorted(words, key=len, reverse=True)
    spelled = "|".join(re.escape(word) for word in longest_first)
    return re.compile(rf"(?<!\w)(?:{spelled})(?!\w)", flags)


def _check_keys(entries: Mapping[str, object], what: str) -> None:
    for key in entries:
        if key not in _KEYS:
            raise SourceError(f"{what} has an unknown key `{key}`.", "Known: words, patterns.")


def _words(found: object, what: str) -> dict[str, str]:
    if found in (None, ""):
        return {}
    if not isinstance(found, dict):
        raise SourceError(f"{what}: `words` is not a mapping.", "Write `word: pronunciation`.")
    for word, said in found.items():
        if not isinstance(word, str) or not isinstance(said, str) or not word.strip():
            raise SourceError(f"{what}: `words: {word}` is not a text.", "Quote it.")
    return {" ".join(word.split()): " ".join(said.split()) for word, said in found.items()}


def _patterns(found: object, what: str) -> list[tuple[re.Pattern[str], str]]:
    if found in (None, ""):
        return []
    if not isinstance(found, list):
        raise SourceError(f"{what}: `patterns` is not a list.", "Write `- match:` and `say:`.")
    return [_pattern(entry, what) for entry in found]


def _pattern(entry: object, what: str) -> tuple[re.Pattern[str], str]:
    if not isinstance(entry, dict) or entry.keys() != _PATTERN_KEYS:
        raise SourceError(f"{what}: a pattern needs `match` and `say`.", "Write both keys.")
    match, said = entry["match"], entry["say"]
    if not isinstance(match, str) or not isinstance(said, str):
        raise SourceError(f"{what}: `match` and `say` must be texts.", "Quote them.")
    try:
        pattern = re.compile(match)
        pattern.sub(said, "")  # reads `said` too, and its groups
    except (re.error, IndexError, OverflowError) as error:
        problem = f"{what}: the pattern `{match}` with `say: {said}` is wrong ({error})."
        raise SourceError(problem, "Mend the regular expression.") from error
    return pattern, said
