"""The longest speech that a text may take: beyond it, a model babbles. Imports no torch."""

_BREATH_S = 2.5
"""For a text of one word: breaths, a laugh, a slow voice."""


def limit_tokens(words: int, a_word_s: float, rate_hz: float, most: int) -> int:
    """Most tokens for a text of so many words of a tokenizer, of which a slow voice takes
    `a_word_s` each; never more than the model's own `most`."""
    return min(most, round((_BREATH_S + words * a_word_s) * rate_hz))
