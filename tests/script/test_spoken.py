"""Numbers and signs in words."""

import pytest

from narrated.script.spoken import spoken

CASES = """
I have 3 cats.                  | I have three cats.
3,497 of them                   | three thousand four hundred and ninety-seven of them
It was 1984.                    | It was nineteen eighty-four.
3.14 and 0.5                    | three point one four and zero point five
at -5 degrees                   | at minus five degrees
well-known 2-something          | well-known two-something
the 1st and the 22nd            | the first and the twenty-second
on 2024-01-02.                  | on January second, twenty twenty-four.
at 10:30, 9:05 and 12:00        | at ten thirty, nine oh five and twelve o'clock
10-12 days                      | ten to twelve days
5 % or 7.5%                     | five percent or seven point five percent
$5 and €2.50 and £1             | five dollars and two euros and fifty cents and one pound
v1.2.3                          | version one point two point three
the tortoise-tts-v2             | the tortoise-tts-v2
1.9.10 is out                   | one point nine point ten is out
R&B, salt & pepper              | R&B, salt and pepper
a -> b → c                      | a to b to c
a == b and a != b               | a equals b and a is not equal to b
1 + 1 = 2                       | one plus one equals two
C++ and I/O and <b>             | C++ and I/O and <b>
20 °C                           | twenty degrees Celsius
See https://www.a.example.com/x?y=1. Now | See a dot example dot com. Now
ask ada@example.com             | ask ada at example dot com
sha256 and x86_64 and 8GB       | sha256 and x86_64 and 8GB
Nice 😀!                        | Nice grinning face!
1111111111111111 | one one one one one one one one one one one one one one one one
don't "quote" me                | don't "quote" me
"""


@pytest.mark.parametrize("case", CASES.strip().splitlines())
def test_english_is_spoken_in_words(case):
    written, wanted = (side.strip() for side in case.split(" | "))
    assert spoken(written) == wanted


def test_other_languages_get_their_own_numbers():
    assert spoken("Es sind 3 Katzen & 3,5 Hunde.", "de") == "Es sind drei Katzen & 3,5 Hunde."
    assert spoken("Ce sont 21 chats.", "fr-FR") == "Ce sont vingt et un chats."


def test_a_language_without_numbers_keeps_them_as_they_are_written():
    assert spoken("abc 12", "tlh") == "abc 12"


def test_spoken_words_stay_as_they_are():
    for case in CASES.strip().splitlines():
        once = spoken(case.split(" | ")[0])
        assert spoken(once) == once
