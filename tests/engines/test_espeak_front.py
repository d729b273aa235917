"""The front of espeak's English voices, held to espeak's own phonemes."""

import re

import pytest

from narrated.engines.espeak import load
from narrated.engines.espeak_front import espeak_text
from narrated.engines.interface import Mark, SpeechRequest
from narrated.script.english.terms import TERMS
from narrated.script.text_normalisation import normalise_and_mark
from support.acronyms import LETTERS, WORDS
from support.engine_context import PlainContext
from support.espeak_phonemes import phonemes, sound

# The names of the letters in espeak's phonemes, as `sound` writes them.
_NAMES = """
    A eI B bi C si D di E i F Ef G dZi H eItS I aI J dZeI K keI L El M Em N En O oU P pi Q kju
    R A@ S Es T ti U ju V vi W dVb@Lju X Eks Y waI Z zi
"""
NAMES = dict(re.findall(r"([A-Z]) (\S+)", _NAMES))
ENGLISH = ["en-us", "gmw/en", "en-gb-scotland", "en-gb-x-rp", "en-029", "en-us-nyc"]


def fronted(written):
    text, marks = normalise_and_mark(written)
    return espeak_text(SpeechRequest("1", text, "", marks=marks)).text


def named(letters):
    """The sound of letters: an R sounds before a vowel, and an N before a K is another."""
    said = "".join(NAMES[letter] for letter in letters)
    return said.replace("EnkeI", "ENkeI").replace("Enkju", "ENkju")


def between_words(acronym):
    """The sound of an acronym inside of a sentence."""
    said = sound(fronted(f"we think of {acronym} more")).removeprefix(sound("we think of it")[:-2])
    return said.removesuffix(sound("more")).replace("A@r", "A@")


@pytest.mark.parametrize("acronym", [each for each in LETTERS if not each.endswith("s")])
def test_acronym_sounds_as_letters(acronym):
    """espeak says the letters' names, and no article."""
    assert between_words(acronym) == named(acronym)


@pytest.mark.parametrize("acronym", [each for each in LETTERS if each.endswith("s")])
def test_plural_is_one_sound_more(acronym):
    """A plural is the letters and their plural's sound."""
    *_, last = bare = acronym[:-1]
    ending = {"F": "s", "H": "Iz", "S": "Iz", "X": "Iz"}.get(last, "z")
    assert between_words(acronym) == named(bare) + ending


@pytest.mark.parametrize("word", WORDS)
def test_capitals_sound_as_a_word(word):
    """espeak says a word in capitals as the word, not letter by letter."""
    assert sound(fronted(f"We like the {word} of it.")) == sound(
        f"We like the {WORDS[word]} of it."
    )


@pytest.mark.parametrize("voice", ENGLISH)
def test_every_dialect_says_letters(voice):
    """Each English voice says A as the letter, and its own name of Z."""
    said = phonemes(fronted("The A-Z of ABZ, and AI."), voice)
    assert ",eIb,i:" in said
    assert ("z'i:" if "us" in voice else "z'Ed") in said
    assert "a# 'aI" not in said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Plan A is good.", "pl'an 'eI Iz g'Ud"),
        ("The A380 flies.", "DI2; 'eI Tr'i:; 'eIt#i fl'aIz"),
        ("AI's name.", ",eI'aI z n'eIm"),
        ("EGX and IE.", "'i: dZ,i:;'Eks_:_: and aI 'i:"),
        ("An async call.", "a#n 'aIs'INk k'O:l"),
        ("RAM is not a ram.", "r'am Iz n,0t#3 r'am"),
        ("A ram.", "a# r'am"),
    ],
)
def test_phonemes_of_hard_cases(written, said):
    """espeak's phonemes are those of a careful reader."""
    assert phonemes(fronted(written)) == said


def test_text_without_marks_is_unchanged():
    """A request without marks is spoken as it is, as by earlier versions."""
    text = "The A P Is of [[noise]] and RAM."
    assert espeak_text(SpeechRequest("1", text, "")).text == text


def test_each_term_has_its_sound():
    """Each marked term is one that espeak's front knows, alone or in the plural."""
    known = {term for term in TERMS if fronted(f"the {term} of") != f"the {term} of"}
    assert known == TERMS


def spoken(engine, text, voice, marks=()):
    engine.admit(SpeechRequest("1", text, voice, language="en", marks=marks))
    return engine.step()[0].pcm


def test_other_voices_get_the_text():
    """A voice of another language speaks the text as it is; an English one minds the marks."""
    engine = load({}, PlainContext())
    marks = (Mark(4, 9, "letters"),)
    plain, marked = (
        [spoken(engine, "Die A P I.", voice, each) for voice in ("de", "en-gb")]
        for each in ((), marks)
    )
    assert plain[0] == marked[0]
    assert plain[1] != marked[1]
