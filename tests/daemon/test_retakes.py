"""Bad takes are spoken again, the best is published, and the manifest tells it."""

from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from narrated.jobs.plan import Plan
from narrated.ledger.misheard_words import misheard_pairs
from narrated.ledger.store import Ledger
from support.daemon import Daemon, wait
from support.mumbling import ear, heard, mumbled, mumbling

POST = "# A walk\n\nThe lazy dog sleeps in the sun today.\n\nA quick fox jumps over the fence.\n"
LONG = (
    "# Long\n\nThe gardener goes out in the rain and he sees a red fox and an old dog by the sea "
    "as the sun is up and we all go to the big old inn on the hill to eat a pie and to nap.\n"
)
WORDS = ["river", "stone", "garden", "window", "letter", "morning", "silver", "forest", "music"]
HEARD = {"check": "ears", "hearing": "ear"}


def _with_ear(home: Path, voice: dict[str, Any], **options: Any) -> dict[str, Any]:
    """Settings of a daemon whose takes are heard."""
    engines = {**voice["engines"], "ear": ear(home, **options)}
    return {**voice, "engines": engines, "takes": HEARD}


def _takes(home: Path, part: str) -> list[tuple[int, str]]:
    """The takes that were spoken of a text, with the trouble of each, in order."""
    return [(each["take"], each["kind"]) for each in mumbled(home) if part in each["text"]]


def test_bad_take_is_spoken_again(tmp_path: Path) -> None:
    """A cut take gives way to the next, which is published, and told in the manifest."""
    spoils = {"lazy dog": ["silence", ""]}
    with Daemon(tmp_path, **mumbling(tmp_path, spoils=spoils)) as daemon:
        daemon.drop("walk.md", POST)
        daemon.published("walk", POST)
        assert _takes(tmp_path, "lazy dog") == [(0, "silence"), (1, "")]
        assert _takes(tmp_path, "quick fox") == [(0, "")]
        takes = daemon.manifest("walk")["takes"]
    assert (takes["checked"], takes["heard"], takes["retaken"], takes["doubtful"]) == (3, 0, 1, 0)


def test_ear_hears_what_was_not_said(tmp_path: Path) -> None:
    """Words that sound well and are not the text's are heard, and spoken again."""
    voice = mumbling(tmp_path, spoils={"lazy dog": ["garbage", ""]})
    with Daemon(tmp_path, **_with_ear(tmp_path, voice)) as daemon:
        daemon.drop("walk.md", POST)
        daemon.published("walk", POST)
        assert _takes(tmp_path, "lazy dog") == [(0, "garbage"), (1, "")]
        takes = daemon.manifest("walk")["takes"]
    assert (takes["checked"], takes["heard"], takes["doubtful"]) == (3, 3, 0)
    assert len(heard(tmp_path)) == 4


def test_best_take_is_published(tmp_path: Path) -> None:
    """Where no take is good, the best of `most` is published, and told as doubtful."""
    spoils = {"lazy dog": ["nothing", "silence", "nothing"]}
    with Daemon(tmp_path, **mumbling(tmp_path, spoils=spoils)) as daemon:
        daemon.drop("walk.md", POST)
        daemon.published("walk", POST)
        assert [take for take, _ in _takes(tmp_path, "lazy dog")] == [0, 1, 2]
        takes = daemon.manifest("walk")["takes"]
        edited = POST.replace("fence", "hedge")
        daemon.drop("walk.md", edited)
        daemon.published("walk", edited)
        kept = daemon.manifest("walk")["takes"]
    (told,) = takes["chunks"]
    assert (takes["doubtful"], told["takes"], told["text"][:12]) == (1, 3, "The lazy dog")
    assert [fault["kind"] for fault in told["faults"]] == ["inner_silence"]
    assert len(_takes(tmp_path, "lazy dog")) == 3  # an edit elsewhere tries no more
    assert (kept["chunks"][0]["takes"], kept["doubtful"]) == (3, 1)


def test_misheard_alike_is_accepted(tmp_path: Path) -> None:
    """A word that the ear never knows costs two more takes, and its post is not doubtful."""
    voice = mumbling(tmp_path)
    mishears = {"lazy": "mountains of sugar"}
    with Daemon(tmp_path, **_with_ear(tmp_path, voice, mishears=mishears)) as daemon:
        daemon.drop("walk.md", POST)
        daemon.published("walk", POST)
        takes = daemon.manifest("walk")["takes"]
    assert [take for take, _ in _takes(tmp_path, "lazy dog")] == [0, 1, 2]
    assert (takes["accepted"], takes["doubtful"], takes["retaken"]) == (1, 0, 1)


def test_twins_are_misheard_once(tmp_path: Path) -> None:
    """A sentence that stands twice is heard once a take, and its misheard words count so often."""
    voice = mumbling(tmp_path)
    text = f"{POST}\nThe lazy dog sleeps in the sun today.\n"
    settings = _with_ear(tmp_path, voice, mishears={"lazy": "mountains of sugar"})
    with Daemon(tmp_path, **settings) as daemon:
        daemon.drop("walk.md", text)
        assert daemon.published("walk", text)["takes"]["accepted"] == 2
    assert len(_takes(tmp_path, "lazy dog")) == len(heard(tmp_path)) - 2 == 3
    (pair,) = misheard_pairs(tmp_path / "state/ledger.sqlite")
    assert (pair.said, pair.heard, pair.takes) == ("lazy", "mountains of sugar", 3)


def test_other_losses_are_not_alike(tmp_path: Path) -> None:
    """A long sentence that loses other words in each take is doubtful, though most are heard."""
    voice = mumbling(tmp_path, spoils={"gardener": "missing"})
    with Daemon(tmp_path, **_with_ear(tmp_path, voice)) as daemon:
        daemon.drop("long.md", LONG)
        takes = daemon.published("long", LONG)["takes"]
    assert [take for take, _ in _takes(tmp_path, "gardener")] == [0, 1, 2]
    assert (takes["accepted"], takes["doubtful"]) == (0, 1)


def test_strict_post_fails_clearly(tmp_path: Path) -> None:
    """With `strict`, a sentence without a good take fails its post; the note names both."""
    voice = mumbling(tmp_path, spoils={"lazy dog": "silence"})
    with Daemon(tmp_path, **voice, takes={"strict": True, "most": 2}) as daemon:
        daemon.drop("walk.md", POST)
        note = daemon.note("walk")
        assert "“The lazy dog sleeps in the sun today.” was spoken 2 times" in note
        assert "it stops for" in note
        assert "`takes: {strict: off}` publishes the best take" in note
        refused = daemon.ask("respeak", "walk.md", "--doubtful")
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "walk.md has no narration yet." in refused.stderr
        daemon.drop(".narrated.yaml", "takes: {strict: off}\n")
        daemon.published("walk", POST)
    assert len(_takes(tmp_path, "lazy dog")) == 2


def test_takes_that_cannot_vary_are_told(tmp_path: Path) -> None:
    """A voice that says the same each time is checked, and not asked again."""
    voice = mumbling(tmp_path, spoils={"lazy dog": "silence"}, varies=False)
    with Daemon(tmp_path, **voice) as daemon:
        daemon.drop("walk.md", POST)
        daemon.published("walk", POST)
        assert daemon.manifest("walk")["takes"]["doubtful"] == 1
    assert len(_takes(tmp_path, "lazy dog")) == 1


def test_checks_can_be_off(tmp_path: Path) -> None:
    """`check: off` in front matter publishes what the engine says, and tells of no check."""
    text = f"---\ntakes: {{check: off}}\n---\n{POST}"
    with Daemon(tmp_path, **mumbling(tmp_path, spoils={"lazy dog": "nothing"})) as daemon:
        daemon.drop("walk.md", text)
        daemon.published("walk", text)
        assert not daemon.manifest("walk").get("takes")
    assert len(_takes(tmp_path, "lazy dog")) == 1


def test_persons_take_is_not_replaced(tmp_path: Path) -> None:
    """The take that a person asks for is checked and told, and stays, however bad."""
    spoils = {"lazy dog": ["", "silence", ""]}
    with Daemon(tmp_path, **mumbling(tmp_path, spoils=spoils)) as daemon:
        daemon.drop("walk.md", POST)
        before = daemon.published("walk", POST)
        assert daemon.ask("respeak", "walk.md").returncode == 0
        wait(lambda: daemon.manifest("walk")["outputs"] != before["outputs"])
        daemon.wait_idle()
        takes = daemon.manifest("walk")["takes"]
    assert _takes(tmp_path, "lazy dog") == [(0, ""), (1, "silence")]
    assert takes["doubtful"] == 1


def test_published_now_and_again(tmp_path: Path) -> None:
    """`publish: now` is out before it is heard, and again under the same guid once it is better."""
    voice = mumbling(tmp_path, spoils={"lazy dog": ["garbage", ""]})
    held = tmp_path / "held"
    held.touch()
    settings = _with_ear(tmp_path, voice, held=str(held))
    settings["takes"] = {**HEARD, "publish": "now"}
    with Daemon(tmp_path, **settings) as daemon:
        daemon.drop("walk.md", POST)
        first = daemon.published("walk", POST)
        assert _takes(tmp_path, "lazy dog") == [(0, "garbage")]
        assert first["takes"]["heard"] == 0
        held.unlink()
        wait(lambda: daemon.manifest("walk")["takes"]["heard"] == 3)
        daemon.wait_idle()
        second = daemon.manifest("walk")
        assert _takes(tmp_path, "lazy dog") == [(0, "garbage"), (1, "")]
        assert (second["guid"], second["takes"]["doubtful"]) == (first["guid"], 0)
        assert second["script"] != first["script"]
        daemon.drop("other.md", "# Other\n\nNothing is wrong with these words.\n")
        other = daemon.published("other", "# Other\n\nNothing is wrong with these words.\n")
        wait(lambda: daemon.manifest("other")["takes"]["heard"] == 2)
        daemon.wait_idle()
        assert daemon.manifest("other")["published"] == other["published"]


def test_check_keeps_settings(tmp_path: Path) -> None:
    """`refresh --check` does not listen where a post says so, but where it has no checks at all.

    Such a post has them from then on: another take of it is heard, and what was found stays.
    """
    settings = _with_ear(tmp_path, mumbling(tmp_path, spoils={"lazy dog": ["", "garbage"]}))
    texts = {check: f"---\ntakes: {{check: {check}}}\n---\n{POST}" for check in ("signal", "off")}
    with Daemon(tmp_path, **settings) as daemon:
        for name, text in texts.items():
            daemon.drop(f"{name}.md", text)
            daemon.published(name, text)
            assert daemon.ask("refresh", f"{name}.md", "--check").returncode == 0
            wait(partial(_is_checked, daemon, name))
        assert daemon.manifest("signal")["takes"]["heard"] == 0
        assert daemon.manifest("off")["takes"]["heard"] == 3
        assert daemon.ask("respeak", "off.md").returncode == 0
        wait(lambda: daemon.history("off.md") == ["superseded", "superseded", "done"])
        takes = daemon.manifest("off")["takes"]
    assert (takes["heard"], takes["doubtful"]) == (3, 1)


def _is_checked(daemon: Daemon, name: str) -> bool:
    return daemon.history(f"{name}.md") == ["superseded", "done"]


def test_words_of_the_lexicon_may_differ(tmp_path: Path) -> None:
    """The ear need not know a word that the lexicon says how to say: it costs no other take."""
    mishears = {"kuber": "cooper", "netties": "and the nannies"}
    settings = _with_ear(tmp_path, mumbling(tmp_path), mishears=mishears)
    with Daemon(tmp_path, **settings) as daemon:
        daemon.drop("lexicon.yaml", "words: {Kubernetes: kuber netties}\n")
        text = "# Ships\n\nA note on Kubernetes for all of us.\n"
        daemon.drop("ships.md", text)
        takes = daemon.published("ships", text)["takes"]
    assert (takes["heard"], takes["retaken"], takes["doubtful"]) == (2, 0, 0)


def test_one_take_in_ten_is_spoiled(tmp_path: Path) -> None:
    """Of an engine that spoils a take in ten, at most a chunk in a hundred is published spoiled."""
    chance = Random(5)
    lines = [" ".join(chance.choices(WORDS, k=chance.randint(4, 9))) for _ in range(100)]
    story = "# Story\n\n" + "\n\n".join(f"The {line} was here." for line in lines) + "\n"
    voice = mumbling(tmp_path, share=0.1)
    with Daemon(tmp_path, **_with_ear(tmp_path, voice)) as daemon:
        daemon.drop("story.md", story)
        daemon.published("story", story)
    plan = _published_plan(tmp_path, "story.md")
    kinds = {(each["text"], each["take"]): each["kind"] for each in mumbled(tmp_path)}
    texts = [chunk.text for chunk in plan.draft.chunks]
    published = [kinds[said] for said in zip(texts, plan.takes, strict=True)]
    first = [kinds[text, 0] for text in texts]
    assert len([kind for kind in first if kind]) > 7
    assert len([kind for kind in published if kind]) <= 1


def _published_plan(home: Path, path: str) -> Plan:
    ledger = Ledger(home / "state/ledger.sqlite")
    published = ledger.jobs.published(path)
    assert published is not None
    content = ledger.jobs.plan(published)
    ledger.close()
    assert content is not None
    return Plan.decode(content)
