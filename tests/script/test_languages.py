"""Words that the author marked as of a language are said in it, by a voice of it."""

from pathlib import Path

import msgspec
import pytest

from narrated.config.file import parse, to_yaml
from narrated.config.worker_specs import speech_engines, worker_specs
from narrated.engines import espeak, espeak_voices
from narrated.errors import ConfigurationError
from narrated.script.language_codes import base_language
from narrated.script.passages import Passage, tidy_passages
from narrated.script.preview import preview_lines
from narrated.script.script import Speaker
from narrated.script.source_to_draft import build_draft


def configured(speech="", reading=""):
    text = f"inbox: in\noutbox: out\nspeech: {{{speech}}}\nreading: {{{reading}}}\n"
    return parse(text, Path("/narrated.yaml"), {"HOME": "/"})


def planned(text, speech="engine: pico", name="a.md"):
    config = configured(speech)
    return build_draft(
        text.encode(),
        name,
        captions={},
        lexicons=[],
        settings=config.settings,
        engines=speech_engines(config),
    )


def voices(draft):
    """The engine and the voice of each speaker."""
    return {who: (one.engine, one.voice) for who, one in draft.speakers.items()}


def said(draft):
    """The chunks after the title: the language, if it is another one, and the words."""
    chunks = [chunk for chunk in draft.chunks if chunk.role != "title"]
    return [(chunk.language.replace(draft.language, ""), chunk.text) for chunk in chunks]


@pytest.mark.parametrize(
    ("marked", "passages"),
    [
        ("He said <fr>bonjour<>, and left.", "He said|fr:bonjour,|and left."),
        ("He said <fr>bonjour<>.", "He said|fr:bonjour."),
        ("He said “<fr>bonjour<>” (<de>ja<>)", "He said|fr:“bonjour”|de:(ja)"),
        ("In <fr>Le Monde<>'s view", "In|fr:Le Monde's|view"),
        ("The <fr>chef<>s of l'<fr>Isle<>", "The|fr:chefs|of|fr:l'Isle"),
        ("Anti<de>geist<> and the-<fr>mot<>", "de:Antigeist|and the-|fr:mot"),
        ("<fr>Oui<> <fr>non<>", "fr:Oui non"),
        ("A <fr>…<> b <fr>oui<>", "A … b|fr:oui"),
        ("<fr>« <>Well", "« Well"),
        ("私は<en>Apple<>が好き", "私は|en:Apple|が好き"),
        ("<de>zehn<>—<fr>dix<>", "de:zehn—|fr:dix"),
    ],
)
def test_passages_are_tidy(marked, passages):
    """Words stay whole, signs stand beside their words, and no passage is without a word."""
    pieces = [part.rpartition(">") for part in marked.replace("<>", "\0<>").split("<") if part]
    found = tidy_passages(Passage(language, text.strip("\0")) for language, _, text in pieces)
    shown = [f"{one.language}:{one.text.strip()}".lstrip(":") for one in found if one.text.strip()]
    assert "|".join(shown) == passages
    assert sorted("".join(one.text for one in found)) == sorted(
        "".join(text.strip("\0") for _, _, text in pieces)
    )


def test_marked_words_are_passages():
    """A line is cut at changes of language, with no more than a breath, and stays one line."""
    draft = planned("He said <i lang=fr>bonjour, il est 20 h</i> to [all]{lang=de}. Well.")
    assert said(draft) == [
        ("", "He said"),
        ("fr", "bonjour, il est vingt h"),
        ("", "to"),
        ("de", "all."),
        ("", "Well."),
    ]
    line = [chunk for chunk in draft.chunks if chunk.role != "title"]
    assert [chunk.pause_s for chunk in line] == [0.0, 0.0, 0.0, 0.1, 0.5]
    assert len({chunk.line for chunk in line}) == 1
    assert [unit.text for unit in draft.script.units[1:]] == ["He said"]


def test_announcements_stay_the_posts():
    """What narrated says of itself is in the post's language, what it quotes in its own."""
    text = (
        "> Oui, 21.\n{: lang='fr'}\n\n| [Mot]{lang=fr} | Word |\n|--|--|\n| [Eau]{lang=fr} | |\n"
        "\n- [x] [Non]{lang=fr} ~~[peu]{lang=fr}~~ `a.b`[^1]\n\n[^1]: [Fin]{lang=fr}"
    )
    assert said(planned(text)) == [
        ("", "Quote:"),
        ("fr", "Oui, vingt et un."),
        ("", "A table of one row: Mot, Word."),
        ("fr", "Mot: Eau;"),
        ("", "Word: empty."),
        ("", "Done:"),
        ("fr", "Non"),
        ("", "(struck out:"),
        ("fr", "peu)"),
        ("", "a dot b"),
        ("", "Footnote:"),
        ("fr", "Fin"),
    ]


def test_own_language_changes_nothing():
    """Words marked as of the post's language, or of none, are said as if they were not."""
    plain = planned("He said hello.")
    for tag in ("en", "en-GB", "", "klingon", "x" * 9999):
        draft = planned(f"He <i lang='{tag}'>said</i> <b lang='{tag}'>hello</b>.")
        assert msgspec.json.encode(draft) == msgspec.json.encode(plain)


def test_embedded_voices_say_the_rest():
    """The narrator's engine says what it speaks, else an embedded voice, else the narrator."""
    text = "A [b]{lang=fr} c [d]{lang=nl} e [f]{lang=br}."
    of_pico = planned(text)
    assert voices(of_pico) == {
        "narrator": ("pico", ""),
        "fr": ("pico", ""),
        "nl": ("espeak", ""),
    }
    assert (of_pico.unvoiced, said(of_pico)[-1]) == (("br",), ("", "e f."))
    of_tortoise = planned(text, "engine: tortoise, voice: tom, options: {preset: fast}")
    assert of_tortoise.speakers["fr"] == Speaker("pico", speed=1.0)
    of_bark = planned(text, "engine: bark, voice: v2/en_speaker_1")
    assert (voices(of_bark)["fr"], voices(of_bark)["nl"]) == (("bark", ""), ("espeak", ""))


def test_settings_choose_voices():
    """`speech: voices` names the voice of a language, for posts of it and inside others."""
    speech = "engine: bark, voices: {fr: fr-FR, de: {engine: espeak, voice: de}, nl: ann}, speed: 2"
    draft = planned("A [b]{lang=fr-CA} c [d]{lang=de-AT} e [f]{lang=nl}.", speech)
    assert voices(draft) == {
        "narrator": ("bark", ""),
        "fr-CA": ("pico", "fr-FR"),
        "de-AT": ("espeak", "de"),
        "nl": ("bark", "ann"),
    }
    german = planned("---\nlang: de\n---\nJa, [oui]{lang=fr}.", speech)
    assert voices(german) == {"narrator": ("espeak", "de"), "fr": ("pico", "fr-FR")}
    own = planned("---\nlang: de\nnarrated: {voice: de-de}\n---\nJa.", speech)
    assert voices(own) == {"narrator": ("espeak", "de-de")}
    assert {made.speed(one) for made in (draft, german, own) for one in made.chunks} == {2.0}


def test_voices_are_checked_and_kept():
    """A voice of no language, or of an unknown engine, is refused; the others are printed back."""
    for wrong, told in (
        ("klingon: x", "`speech.voices.klingon`: that is no language"),
        ("fr: {engine: none}", "`speech.voices.fr`"),
        ("fr: {engine: embedded}", "`speech.voices.fr`: embedded describes pictures"),
        ("fr: 3", "Expected text or a group of keys, got a whole number"),
    ):
        with pytest.raises(ConfigurationError) as refused:
            configured(f"voices: {{{wrong}}}")
        assert told in refused.value.problem
    config = configured("engine: espeak, voices: {fr: {voice: fr-fr}, de: {speed: 1.2}}")
    printed = to_yaml(config).replace("source: /narrated.yaml\n", "")
    again = parse(printed, Path("/narrated.yaml"), {"HOME": "/"})
    assert again.settings.speakers["fr"] == Speaker("espeak", "fr-fr")
    assert again.settings.speakers["de"] == Speaker("espeak", speed=1.2)


def test_workers_hold_every_voice():
    """The workers have the engines that may say another language."""
    (engines,) = worker_specs(configured("engine: pico"))
    assert {spec.name for spec in engines.engines} >= {"pico", "espeak"}
    named = worker_specs(configured("engine: tortoise, voices: {sv: {engine: bark}}"))
    held = {spec.name for worker in named for spec in worker.engines}
    assert held >= {"tortoise", "bark", "pico", "espeak"}


def test_espeak_speaks_what_is_listed():
    """The list of espeak's languages is that of its voices."""
    voices = espeak.opened({}).voices()
    assert {base_language(voice) for voice in voices} == espeak_voices.LANGUAGES


def test_preview_shows_languages():
    """`narrated script` names the language of what is in another one, and what no voice speaks."""
    draft = planned("He said [oui]{lang=fr} twice.\n\n::: {lang=br}\nDemat.\n:::")
    shown = list(preview_lines(draft))
    assert shown[1] == "in en, said by pico (its own voice); fr: pico (its own voice)"
    assert shown[2] == "No voice speaks br: its words are read as en."
    assert shown[-2:] == [
        "paragraph   0.5 s  He said ¦ [fr] oui ¦ twice.",
        "paragraph   0.5 s  Demat.",
    ]


def test_code_beside_code_stays_apart() -> None:
    """Codes that stand side by side with spaces at their edges are said apart."""
    code = "<code> one two </code><code> one two </code>"
    draft = planned(f'<h1>T</h1><p><i lang="fr">Bon.</i>{code}</p>', name="a.html")
    assert draft.chunks[-1].text == "one two one two"
