"""Drafts: metadata, folder settings and configuration resolved into what is spoken."""

import re
import time
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from narrated.config.file import parse
from narrated.errors import SourceError
from narrated.script.default_voice import SpeechEngines
from narrated.script.script import (
    Caption,
    LexiconReference,
    ReadingSettings,
    Role,
    ShownPicture,
    Speaker,
)
from narrated.script.source_to_draft import build_draft

POSTS = Path(__file__).parent / "posts"
SAMPLE = Path(__file__).parents[2] / "docs" / "sample"
ENGINES = SpeechEngines({"espeak": 400, "pico": 400, "bark": 20})


def planned(text, name="a.md", captions=None, lexicons=(), settings=None, folders=()):
    return build_draft(
        text.encode() if isinstance(text, str) else text,
        name,
        captions=captions or {},
        lexicons=lexicons,
        settings=settings or ReadingSettings(),
        engines=ENGINES,
        folders=[(f"{'deep/' * depth}.narrated.yaml", said) for depth, said in enumerate(folders)],
    )


def png():
    data = BytesIO()
    Image.new("RGB", (30, 20), "red").save(data, "PNG")
    return data.getvalue()


def test_draft_holds_front_matter():
    """A draft holds the values of the front matter above the post."""
    made = planned("---\ntitle: T\nauthor: A\ndate: 2024-01-02\nlang: de\n---\nWorte.")
    found = (made.kind, made.title, made.author, made.date, made.language, made.narrate)
    assert found == ("text", "T", "A", "2024-01-02", "de", True)
    assert {line.language for line in made.script.lines} == {"de"}
    assert {chunk.language for chunk in made.chunks} == {"de"}


def test_dialects_may_be_turned_off():
    """The configuration turns a dialect of Markdown off; the others stay on."""
    config = parse(
        "inbox: in\noutbox: out\nreading: {dialects: {obsidian: off}}", Path("/narrated.yaml")
    )
    made = planned("# T\n\nSee [[a|b]] and {{< x >}}.", settings=config.settings)
    assert [line.text for line in made.script.lines] == ["T", "See [[a|b]] and ."]
    on = planned("# T\n\nSee [[a|b]] and {{< x >}}.")
    assert [line.text for line in on.script.lines] == ["T", "See b and ."]


def test_front_matter_sets_voice():
    """Front matter may set a voice."""
    settings = ReadingSettings(speakers={"narrator": Speaker(options={"speed": 2})})
    made = planned("---\nvoice: en-gb\n---\nWords.", settings=settings)
    assert made.speakers == {"narrator": Speaker("espeak", "en-gb", {"speed": 2})}


def test_lone_voice_may_be_foreign():
    """A voice that stands alone in front matter may be another tool's; no other one may."""
    settings = ReadingSettings(speakers={"narrator": Speaker(voice="en-us")})
    made = planned("---\nvoice: active\n---\nWords.", settings=settings)
    assert made.loose_voice == "active"
    assert made.narrator_otherwise == Speaker("espeak", "en-us")
    for ours in (
        "engine: espeak\nvoice: v",
        "narrated: {voice: v}",
        "voice: w\nnarrated: {voice: v}",
    ):
        made = planned(f"---\n{ours}\n---\nWords.")
        assert (made.speakers["narrator"].voice, made.loose_voice) == ("v", "")
    assert not planned("Words.", folders=["voice: active"]).loose_voice


def test_speed_goes_with_any_engine():
    """A speed is merged as a voice is, and another engine keeps it."""
    settings = ReadingSettings(speakers={"narrator": Speaker(speed=0.9), "quote": Speaker()})
    assert planned("Words.", settings=settings).speakers["narrator"].speed == 0.9
    in_folder = {"settings": settings, "folders": ["speed: 0.8"]}
    assert planned("---\nengine: bark\n---\nWords.", **in_folder).speakers["narrator"].speed == 0.8
    for ours in ("speed: 1.2", "narrated: {speed: 1.2}", "speed: 2\nnarrated: {speed: 1.2}"):
        made = planned(f"---\n{ours}\n---\nWords.\n\n> Quoted.", **in_folder)
        assert {made.speed(chunk) for chunk in made.chunks} == {1.2}


def test_speaker_keeps_own_speed():
    """A speaker with a speed of its own keeps it, whatever the narrator's."""
    settings = ReadingSettings(speakers={"narrator": Speaker(), "quote": Speaker(speed=0.7)})
    made = planned("---\nspeed: 1.4\n---\n> Quoted.", settings=settings)
    (quoted,) = (chunk for chunk in made.chunks if chunk.speaker == "quote")
    assert (made.speed(quoted), made.speed(made.chunks[0])) == (0.7, 1.4)


@pytest.mark.parametrize("value", ["0.4", "3", "fast", ".nan", "nan", "true", "1e999", "-1"])
def test_wrong_speed_is_told(value):
    """A speed that is none is refused with the range."""
    told = r"`speed` is .*Allowed: a number from 0\.5 to 2"
    with pytest.raises(SourceError, match=told):
        planned(f"---\nnarrated: {{speed: {value}}}\n---\nWords.")
    with pytest.raises(SourceError, match=told):
        planned("Words.", folders=[f"speed: {value}"])


def test_foreign_speed_is_listed():
    """A `speed` in words may be another tool's, and is listed; a number is meant for narrated."""
    made = planned("---\nspeed: fast\n---\nWords.")
    assert made.mean_speed == 1.0
    assert [skip.text for skip in made.script.skipped] == ["speed: fast"]
    with pytest.raises(SourceError, match=r"from 0\.5 to 2"):
        planned("---\nspeed: 12\n---\nWords.")


def test_other_language_resets_voice():
    """Another language is not spoken in the configured voice."""
    assert planned("---\nlang: de\n---\nWorte.").speakers["narrator"].voice == ""
    assert planned("---\nlang: en-GB\n---\nWords.").speakers["narrator"].voice == "en-us"
    wished = "---\nlang: de\nvoice: de\n---\nWorte."
    assert planned(wished).speakers["narrator"].voice == "de"


def test_other_engine_gets_own_limits():
    """Another engine gets its own voice and limit."""
    settings = ReadingSettings(
        speakers={"narrator": Speaker(options={"speed": 2}), "quote": Speaker()}
    )
    text = "---\nengine: bark\n---\n# T\n\nOne two three four. Five six seven."
    made = planned(text, settings=settings)
    assert made.speakers == {"narrator": Speaker("bark"), "quote": Speaker("espeak", "en-us")}
    assert [chunk.text for chunk in made.chunks[1:]] == ["One two three four.", "Five six seven."]


def test_foreign_engine_is_listed():
    """An engine that narrated does not know is another tool's, and its voice too."""
    made = planned("---\nengine: knitr\nvoice: loud\n---\nWords.")
    assert made.speakers == {"narrator": Speaker("espeak", "en-us")}
    assert [skip.text for skip in made.script.skipped] == ["engine: knitr", "voice: loud"]


def test_unknown_engine_of_ours_is_told():
    """An unknown engine under `narrated` is refused with the known engines."""
    with pytest.raises(SourceError, match=r"a\.md.*`siren`.*bark, espeak"):
        planned("---\nnarrated: {engine: siren}\n---\nWords.")


def test_own_namespace_holds_every_key():
    """Under `narrated` a post may set all that a folder may."""
    made = planned("---\nnarrated: {engine: bark, links: announce, album: A}\n---\nWords.")
    assert made.speakers == {"narrator": Speaker("bark", "", {})}
    assert (made.overrides.settings.links, made.overrides.album) == ("announce", "A")


@pytest.mark.parametrize(
    ("folder", "name", "date"),
    [
        ("", "2024-02-03-name.md", "2024-02-03"),
        ("blog/2024/02/03", "name.md", "2024-02-03"),
        ("blog/2024-02-03", "index.md", "2024-02-03"),
        ("blog/2024", "02-03-name.md", "2024-02-03"),
        ("", "20240203-name.md", "2024-02-03"),
        ("", "20240203T101112--name__tag.md", "2024-02-03"),
        ("", "2024-2-3-name.md", "2024-02-03"),
        ("blog/2024/2/3", "name.md", "2024-02-03"),
        ("", "release-2024-2-3.md", ""),
        ("", "2024.1.1-release.md", ""),
        ("2020-01-01", "2024-02-03-since-2023-01-01.md", "2024-02-03"),
        ("", "2024-13-45-name.md", ""),
    ],
)
def test_path_gives_date(folder, name, date):
    """A date in the file's or a folder's name is the date."""
    made = build_draft(
        b"Words.",
        name,
        captions={},
        lexicons=[],
        settings=ReadingSettings(),
        engines=ENGINES,
        folder=folder,
    )
    assert made.date == date


def test_written_date_beats_path():
    """Front matter and folder settings override the date of the path."""
    assert planned("---\ndate: 2020-01-01\n---\nW.", "2024-02-03-a.md").date == "2020-01-01"
    assert planned("W.", "2024-02-03-a.md", folders=["date: 2021-01-01"]).date == "2021-01-01"


def test_date_as_title_is_said_once():
    """A post that is named by its day alone says the day once."""
    made = planned("Words.", "2024-02-03.md")
    said = [line.text for line in made.script.lines]
    assert said == ["February third, twenty twenty-four", "Words."]


def test_draft_has_description_and_tags():
    """A draft holds description, tags and cover of its front matter, without markup."""
    made = planned("---\nsummary: A *b* &amp; c\ntags: [x, Y]\nimage: a.png\n---\nWords.")
    assert (made.description, made.tags, made.cover) == ("A b & c", ("x", "Y"), "a.png")


def test_post_may_refuse_narration():
    """A post's front matter may refuse narration."""
    assert not planned("---\nnarrate: false\n---\nWords.").narrate


def test_pictures_are_listed_in_order():
    """Every picture that a post shows is listed once, in order."""
    text = (
        "![B](b.png 'T')\n\n- see ![A](a.png)\n\n| ![C](c.png) |\n|---|\n\n![again](b.png)\n\n"
        "> ![D](d.png)\n\nN[^1].\n\n[^1]: ![E](e.png)"
    )
    made = planned(text)
    assert made.shown[0] == ShownPicture("b.png", "B", "T")
    assert [one.source for one in made.shown] == [f"{letter}.png" for letter in "bacde"]


def test_picture_is_said_as_its_caption():
    """A dropped picture shows itself and is said as its caption."""
    made = planned(png(), "deep/photo.png", {"photo.png": Caption("A red field.")})
    assert made.kind == "picture"
    assert made.title == "photo"
    assert [one.source for one in made.shown] == ["photo.png"]
    assert [chunk.text for chunk in made.chunks] == ["A red field."]


def test_lexicons_are_applied():
    made = planned("The vi.", lexicons=[("lexicon.yaml", "words: {vi: six}")])
    assert made.chunks[-1].text == "The six."


def test_wrong_lexicon_is_named():
    """A wrong lexicon is named."""
    lexicons = [("lexicon.yaml", "words: {a: b}"), ("deep/lexicon.yaml", "words: [a]")]
    with pytest.raises(SourceError, match=r"deep/lexicon\.yaml: .*`words` is not a mapping"):
        planned("Words.", lexicons=lexicons)


def test_folder_settings_apply_to_post():
    """A folder sets the same values as front matter would."""
    said = "author: Leo\ndate: 2024-01-02\nlang: de\nvoice: en-gb\nnarrate: true"
    made = planned("# T\n\nWorte.", folders=[said])
    found = (made.author, made.date, made.language, made.narrate)
    assert found == ("Leo", "2024-01-02", "de", True)
    assert made.speakers["narrator"].voice == "en-gb"
    assert "Leo" in made.script.lines[1].text
    assert made.script.lines[1].role is Role.BYLINE


def test_front_matter_beats_folders():
    """Front matter overrides folder settings."""
    text = "---\nauthor: Ada\ndate: 2023-04-05\nlang: fr\nvoice: en-us\n---\nMots."
    said = "author: Leo\ndate: 2024-01-02\nlang: de\nvoice: en-gb"
    made = planned(text, folders=[said])
    assert (made.author, made.date, made.language) == ("Ada", "2023-04-05", "fr")
    assert made.speakers["narrator"].voice == "en-us"


def test_deeper_folder_beats_higher():
    """A deeper folder overrides a higher one key by key."""
    made = planned("Words.", folders=["author: Ada\nalbum: All", "author: Leo"])
    assert (made.author, made.overrides.album) == ("Leo", "All")


def test_folders_beat_configuration():
    """Folder settings override the configuration."""
    settings = ReadingSettings(code="read", links="announce", pauses={"code": 3, "title": 4})
    said = "code: skip\ntables: 3\nfootnotes: end\nnumbers: american\npauses: {title: 2}"
    used = planned("Words.", settings=settings, folders=[said]).overrides.settings
    assert (used.code, used.links, used.footnotes) == ("skip", "announce", "end")
    assert used.tables == 3
    assert used.numbers == "american"
    assert used.pauses == {"code": 3, "title": 2}


def test_folder_setting_skips_code():
    """A folder's setting for code is applied."""
    made = planned("Words.\n\n    code\n", folders=["code: skip"])
    assert Role.CODE not in {line.role for line in made.script.lines}


def test_folder_engine_has_own_voice():
    """An engine that a folder names takes its own voice."""
    settings = ReadingSettings(speakers={"narrator": Speaker(options={"speed": 2})})
    made = planned("Words.", settings=settings, folders=["voice: en-gb", "engine: bark"])
    assert made.speakers["narrator"] == Speaker("bark", "", {})


def test_subfolder_voice_suits_engine():
    """A voice below the folder that names an engine is that engine's."""
    made = planned("Words.", folders=["engine: bark\nvoice: v1", "voice: v2"])
    assert made.speakers["narrator"] == Speaker("bark", "v2", {})


def test_post_engine_drops_folder_voice():
    """An engine in front matter leaves the folder's voice behind."""
    made = planned("---\nengine: bark\n---\nWords.", folders=["voice: en-gb"])
    assert made.speakers["narrator"] == Speaker("bark", "", {})


def test_folder_may_refuse_narration():
    """A folder may refuse narration of its texts and pictures."""
    assert not planned("Words.", folders=["narrate: false"]).narrate
    captions = {"a.png": Caption("A red field.")}
    assert not planned(png(), "a.png", captions, folders=["narrate: false"]).narrate


def test_post_overrides_narrate_false():
    """A post may override `narrate: false` of its folder."""
    assert planned("---\nnarrate: true\n---\nWords.", folders=["narrate: false"]).narrate
    assert planned("+++\nnarrate = true\n+++\nWords.", folders=["narrate: false"]).narrate


@pytest.mark.parametrize("said", ["narrate: true", "title: T\nNarrate: yes", '"narrate": on'])
def test_front_matter_overrides_folder(said):
    """Front matter that sets `narrate` overrides the folder."""
    assert planned(f"---\n{said}\n---\nWords.", folders=["narrate: false"]).narrate


@pytest.mark.parametrize("text", ["Words.", "---\ntitle: T\n---\nnarrate: true", "narrate: true"])
def test_narrate_in_text_is_no_setting(text):
    """A text that mentions `narrate` elsewhere does not override the folder."""
    assert not planned(text, folders=["narrate: false"]).narrate


def test_unwanted_file_is_no_error():
    """A broken file in a folder with `narrate: false` is no error."""
    assert not planned(b"PK", "a.zip", folders=["narrate: false"]).narrate


def test_named_lexicons_keep_origin():
    """Every named lexicon is listed with the file that names it."""
    text = "---\nlexicon: lexicon.yaml\n---\nWords."
    said = ["lexicon: x-lexicon.yaml", "author: Leo", "lexicon: y-lexicon.yaml"]
    made = planned(text, folders=said)
    expected = (
        LexiconReference("x-lexicon.yaml", 0),
        LexiconReference("y-lexicon.yaml", 2),
        LexiconReference("lexicon.yaml"),
    )
    assert made.overrides.lexicons == expected


def test_wrong_settings_name_their_file():
    """Wrong settings are refused, and the message names their file."""
    with pytest.raises(SourceError, match=r"deep/\.narrated\.yaml: `code` is `maybe`") as caught:
        planned("Words.", folders=["", "code: maybe"])
    assert "announce, read, skip" in caught.value.remedy
    with pytest.raises(SourceError, match=r"\.narrated\.yaml: `engine` is `siren`") as caught:
        planned("Words.", folders=["engine: siren"])
    assert "bark, espeak" in caught.value.remedy


def test_picture_gets_folders_author():
    """A dropped picture has its folder's author and no byline."""
    made = planned(png(), "a.png", {"a.png": Caption("A red field.")}, folders=["author: Leo"])
    assert made.author == "Leo"
    assert [chunk.text for chunk in made.chunks] == ["A red field."]


def test_sample_post_is_planned_whole():
    """The sample post is planned whole."""
    text = (SAMPLE / "first-post.md").read_text()
    made = planned(text, "first-post.md", {"desk.png": Caption("A desk.")})
    roles = {line.role.value for line in made.script.lines}
    expected = "title byline heading paragraph item quote code table picture footnote"
    assert roles == set(expected.split())
    assert made.script.skipped == ()
    assert made.tags
    assert all((SAMPLE / one.source).is_file() for one in made.shown)


def digested(text):
    """The parts of the chunks' digests, without the engine and the voice."""
    return {(one.text, one.speaker, one.language) for one in planned(text).chunks}


@pytest.mark.parametrize("post", sorted(POSTS.glob("*.md")), ids=lambda post: post.stem)
def test_early_word_changes_one_chunk(post):
    """A word inserted at the start changes one chunk."""
    text = post.read_text()
    first = next(line for line in text.splitlines() if re.match(r"(?:So|I|It|The|This)\b", line))
    edited = text.replace(first, f"Indeed, {first}", 1)
    assert len(digested(edited) - digested(text)) == 1


def test_build_time_grows_linearly():
    """A book ten times as long takes ten times the work."""
    page = "So *it* goes, and on it goes. " * 40 + "\n\n## And on\n\n- item 1\n- item 2\n\n"
    spent = []
    for pages in (10, 100):
        began_s = time.process_time()
        planned(page * pages)
        spent.append(time.process_time() - began_s)
    assert spent[1] < 20 * spent[0]


def test_opening_has_no_words_of_ours():
    """A first paragraph with a picture is kept without what the voice says of it."""
    text = "# T\n\nText before ![an evil svg](e.svg) text after.\n"
    assert planned(text).opening == "Text before text after."
    assert planned("# T\n\nPlain.\n").opening == ""
