"""Write English numbers digit by digit, so that all ways to say one are the same.

"Nineteen eighty-four" and "one thousand nine hundred and eighty-four" are both "one nine eight
four".
"""

from collections.abc import Iterator, Sequence

_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_UNITS = {word: number for number, word in enumerate(_DIGITS)} | {
    word: number
    for number, word in enumerate(
        (
            *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen"),
            *("seventeen", "eighteen", "nineteen"),
        ),
        start=10,
    )
}
_TENS = {
    word: number * 10
    for number, word in enumerate(
        ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"), start=2
    )
}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_NUMBERS = _UNITS | _TENS | _SCALES
_MOST_DIGITS = 24


def number_end(words: Sequence[str], start: int) -> int:
    """Give the end of the number that begins at a word; the start if there is none."""
    if words[start] not in _NUMBERS or words[start] in _SCALES:
        return start
    end = start + 1
    while end < len(words):
        if words[end] in _NUMBERS:
            end += 1
        elif words[end] == "and" and words[end - 1] in _SCALES and words[end + 1 : end + 2]:
            if words[end + 1] not in _NUMBERS:
                break
            end += 2
        else:
            break
    return end


def digit_words(words: Sequence[str]) -> list[str]:
    """Give the digits of a number in words; an ordinary number has one value, a year two parts."""
    digits = "".join(str(each) for each in _values([word for word in words if word != "and"]))
    return [_DIGITS[int(digit)] for digit in digits[:_MOST_DIGITS]]


def _values(words: Sequence[str]) -> Iterator[int]:
    """Give the parts of a number: each word goes with those before it, or begins another part."""
    total, group, last = 0, -1, 0
    for word in words:
        number = _NUMBERS[word]
        if word in _SCALES:
            if number == 100:
                group = max(group, 1) * number
            else:
                total, group = total + max(group, 1) * number, 0
            last = number
        elif group < 0 or not _fits(number, last):
            if group >= 0:
                yield total + group
            total, group, last = 0, number, number
        else:
            group, last = group + number, number
    if group >= 0:
        yield total + group


def _fits(number: int, last: int) -> bool:
    """True if a number goes on with one that ended in `last`: twenty one, hundred and twelve."""
    if last in (100, 1000, 10**6, 10**9, 10**12):
        return True
    return 20 <= last < 100 and last % 10 == 0 and 0 < number < 10
