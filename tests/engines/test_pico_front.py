"""The front of Pico's English voices."""

import pytest

from narrated.engines.interface import Mark, SpeechRequest
from narrated.engines.pico import load
from narrated.engines.pico_front import pico_text
from narrated.script.text_normalisation import normalise_and_mark
from support.engine_context import PlainContext


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("AI and its APIs", "ay I and its ay P I's"),
        ("the AWS API's key", "the ay W S ay P I's key"),
        ("RAM, NIL and GIFs", "ram, nil and gifs"),
        ("plan A is an async one", "plan ay is an async one"),
        ("no letters here", "no letters here"),
    ],
)
def test_letters_and_words_for_pico(written, said):
    """Letters have spaces, an A its name, and a word small letters."""
    text, marks = normalise_and_mark(written)
    assert pico_text(SpeechRequest("1", text, "", marks=marks)).text == said


def spoken(engine, voice, marks):
    engine.admit(SpeechRequest("1", "Die A P I.", voice, language="en", marks=marks))
    return engine.step()[0].pcm


def test_other_voices_get_the_text():
    """A voice of another language speaks the text as it is; an English one minds the marks."""
    engine = load({}, PlainContext())
    marks = (Mark(4, 9, "letters"),)
    assert spoken(engine, "de-DE", marks) == spoken(engine, "de-DE", ())
    assert spoken(engine, "en-US", marks) != spoken(engine, "en-US", ())
