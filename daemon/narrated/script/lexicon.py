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
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest

from narrated.errors import SourceError
from narrated.printable import printable
from narrated.reading.text_decoding import cleaned
from narrated.reading.yaml_toml import load_yaml
from narrated.script.linear_pattern import Inexpressible, LinearPattern
from narrated.script.regex_time_limit import RegexRunner
from narrated.script.required_signs import is_plain, required_signs, required_text
from narrated.script.words_of_text import words_of_text

_KEYS = ("words", "patterns")
_TOKEN = re.compile(r"\w+|[^\w\s]")
_RUN = re.compile(r"\w+")
_PATTERN_KEYS = {"match", "say"}
_SHOWN_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A pattern with its replacement, run in linear time where that means the same."""

    compiled: re.Pattern[str]
    say: str
    where: str
    """Its name to the user."""
    linear: LinearPattern | None
    needs: frozenset[str] | None
    """Characters of which each match in a plain text has one; None if nothing is known."""
    text: str
    """Each match has this in it or beside it."""

    def sub(self, text: str, regex_runner: RegexRunner) -> str:
        if self.linear is not None:
            try:
                return self.linear.sub(text)
            except Inexpressible:  # on this text
                pass
        return regex_runner.sub(self.compiled, self.say, text, self.where)


class Lexicon:
    """Pronunciations of whole words, the longest entry first; then of patterns.

    `regex_runner` runs the patterns that cannot run in linear time.
    """

    def __init__(
        self,
        words: Mapping[str, str],
        patterns: Sequence[_Pattern],
        regex_runner: RegexRunner,
    ) -> None:
        self._exact = {word: said for word, said in words.items() if word != word.lower()}
        self._any_case = {word: said for word, said in words.items() if word == word.lower()}
        self._exact_words = _whole_words(self._exact, 0)
        self._any_case_words = _whole_words(self._any_case, re.IGNORECASE)
        self.pronunciations = frozenset(filter(None, words.values()))
        """All that is said for its words."""
        self._patterns = patterns
        self._regex_runner = regex_runner
        # Most texts hold no word of the lexicon; a look-up of their words shows it.
        first_tokens = {_first_token(word) for word in words}
        self._first_words = frozenset(token for token in first_tokens if _RUN.fullmatch(token))
        self._first_signs = first_tokens - self._first_words

    @classmethod
    def parse(
        cls,
        texts: Sequence[str],
        paths: Sequence[str] = (),
        regex_runner: RegexRunner | None = None,
    ) -> "Lexicon":
        """Read lexicons from YAML texts; a later one's word wins over an earlier one's.

        Raises SourceError; it names the wrong entry, and the path if `paths` are given.
        """
        words: dict[str, str] = {}
        patterns: list[_Pattern] = []
        for text, path in zip_longest(texts, paths, fillvalue=""):
            entries = _entries(text, f"{printable(path)}: The lexicon" if path else "The lexicon")
            words |= entries.words
            patterns += entries.patterns
        return cls(words, patterns, regex_runner or RegexRunner())

    def apply(self, text: str) -> str:
        """Replace written words by their pronunciations."""
        if not self._may_have_words(text.lower()):
            return self._apply_patterns(text)
        if self._exact:
            text = self._exact_words.sub(lambda found: self._exact[found[0]], text)
        if self._any_case:
            text = self._any_case_words.sub(self._any_case_word, text)
        return self._apply_patterns(text)

    def _may_have_words(self, lower: str) -> bool:
        """True if a text has the first word or sign of an entry."""
        return not (
            self._first_words.isdisjoint(words_of_text(lower))
            and self._first_signs.isdisjoint(lower)
        )

    def _any_case_word(self, found: re.Match[str]) -> str:
        # Ignoring case, regular expressions also match other letters: ı for i.
        return self._any_case.get(found[0].lower(), found[0])

    def _apply_patterns(self, text: str) -> str:
        signs = set(text) if self._patterns and is_plain(text) else None
        for pattern in self._patterns:
            if pattern.text not in text:
                continue
            if signs is None or pattern.needs is None or not pattern.needs.isdisjoint(signs):
                said = pattern.sub(text, self._regex_runner)
                if said != text:
                    text, signs = said, None
        # A pronunciation may hold an escape, such as `\\0`.
        return _on_one_line(text) if self._patterns else text


def _on_one_line(text: str) -> str:
    """Remove control characters, and fold white space."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip(" ")  # nearly every text
    return " ".join(cleaned(text).split())


def _first_token(word: str) -> str:
    return str(_TOKEN.findall(word.lower())[0])


def _whole_words(words: Mapping[str, str], flags: int) -> re.Pattern[str]:
    longest_first = sorted(words, key=len, reverse=True)
    spelled = "|".join(re.escape(word) for word in longest_first)
    return re.compile(rf"(?<!\w)(?:{spelled})(?!\w)", flags)


@dataclass(frozen=True, slots=True)
class _Entries:
    words: Mapping[str, str]
    patterns: Sequence[_Pattern]


@lru_cache(maxsize=16)  # the next post has the same lexicons, and reading a large one takes seconds
def _entries(text: str, what: str) -> _Entries:
    found = load_yaml(text, what)
    _check_keys(found, what)
    return _Entries(_words(found.get("words"), what), _patterns(found.get("patterns"), what))


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


def _patterns(found: object, what: str) -> list[_Pattern]:
    if found in (None, ""):
        return []
    if not isinstance(found, list):
        raise SourceError(f"{what}: `patterns` is not a list.", "Write `- match:` and `say:`.")
    return [_pattern(entry, what) for entry in found]


def _pattern(entry: object, what: str) -> _Pattern:
    if not isinstance(entry, dict) or entry.keys() != _PATTERN_KEYS:
        raise SourceError(f"{what}: a pattern needs `match` and `say`.", "Write both keys.")
    match, said = entry["match"], entry["say"]
    if not isinstance(match, str) or not isinstance(said, str):
        raise SourceError(f"{what}: `match` and `say` must be texts.", "Quote them.")
    where = f"{what}: the pattern `{_shown(match)}`"
    try:
        pattern = re.compile(match)
        pattern.sub(said, "")  # reads `said` too, and its groups
    except RecursionError as error:
        problem = f"{where} has too many groups within groups."
        raise SourceError(problem, "Mend the regular expression.") from error
    except (re.error, IndexError, OverflowError) as error:
        problem = f"{where} with `say: {_shown(said)}` is wrong ({error})."
        raise SourceError(problem, "Mend the regular expression.") from error
    needs = required_signs(match, len(match)).anywhere
    return _Pattern(pattern, said, where, _linear(match, said), needs, required_text(match))


def _shown(text: str) -> str:
    """Shorten a text for a message, which is to name more than the text."""
    is_short = len(text) <= _SHOWN_CHARACTERS
    return text if is_short else f"{text[:_SHOWN_CHARACTERS]}…"


@lru_cache(maxsize=512)  # as many as `re` keeps
def _linear(match: str, said: str) -> LinearPattern | None:
    try:
        return LinearPattern(match, said)
    except (Inexpressible, RecursionError):
        return None
