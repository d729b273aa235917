r"""Words of other languages inside a line: `He said {fr: bonjour} to all.`

A backslash takes the meaning from the sign after it: `\{`, `\[`, `\<`, `\\`.
"""

import re
from collections.abc import Iterable, Iterator

from narrated.script.passages import Passage, has_words

_SPECIAL = re.compile(r"[\\\[{}<]")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_TOKEN = re.compile(r"\\.|\{(?P<language>[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,4}): ?|\}", re.DOTALL)


class BracesWrong(ValueError):
    """Braces do not close, or stand in each other; the message says which."""


def inline_text(passages: Iterable[Passage]) -> str:
    """Write the passages of a line; an empty language is that of the post."""
    return " ".join(filter(None, map(_written, passages)))


def _written(passage: Passage) -> str:
    words = " ".join(_SPECIAL.sub(r"\\\g<0>", passage.text).split())
    return f"{{{passage.language}: {words}}}" if passage.language and words else words


def passages_of(text: str) -> list[Passage]:
    """Read the passages of a line; signs without a word join the passage before them.

    Errors: BracesWrong.
    """
    passages: list[Passage] = []
    for language, words in _pieces(text):
        said = " ".join(_ESCAPED.sub(r"\1", words).split())
        if not said:
            continue
        if passages and not has_words(said):
            passages[-1] = Passage(passages[-1].language, passages[-1].text + said)
        else:
            passages.append(Passage(language, said))
    return passages


def is_sayable(text: str) -> bool:
    """True if a line has words, and its braces are whole."""
    try:
        return has_words(text) and bool(passages_of(text))
    except BracesWrong:
        return False


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    language, begin = "", 0
    for token in _TOKEN.finditer(text):
        if token["language"]:
            if language:
                raise BracesWrong(f"`{{{language}:` is not closed before the next brace")
            yield "", text[begin : token.start()]
            language, begin = token["language"], token.end()
        elif token[0] == "}" and language:
            yield language, text[begin : token.start()]
            language, begin = "", token.end()
    if language:
        raise BracesWrong(f"`{{{language}:` is not closed")
    yield "", text[begin:]
