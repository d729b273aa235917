"""Voices: what in a folder is one, what tells it, and what is said of one that is not there."""

import os
import shutil
import socket
import subprocess
import threading
import time

import pytest

from engines.tortoise.recordings import recorded, speech, written
from narrated.engines.tortoise import voices as module
from narrated.engines.tortoise.voice_clips import MOST_BYTES, open_clip
from narrated.engines.tortoise.voice_folders import MOST_CLIPS
from narrated.engines.tortoise.voices import TortoiseVoices, shipped
from narrated.errors import EngineUnavailable


@pytest.fixture
def own(tmp_path):
    (tmp_path / "own").mkdir()
    return tmp_path / "own"


def listed(own, others=None):
    return TortoiseVoices(own, others).listed()


def refusal(do):
    with pytest.raises(EngineUnavailable) as caught:
        do()
    return str(caught.value)


def contents(voice):
    """Each of its files' path and bytes."""
    return [voice.content(number) for number in range(len(voice.files))]


def test_a_folder_of_clips_is_a_voice_at_any_depth(own):
    recorded(own / "anna", seed=1)
    recorded(own / "family/aunt", seed=2)
    recorded(own / "family", seed=3)
    told = listed(own)
    assert list(told) == ["anna", "family", "family/aunt"] and len(set(told.values())) == 3


def test_clips_of_every_kind_count_and_nothing_else_does(own):
    for number, kind in enumerate(["WAV", "flac", "ogg", "opus", "mp3"]):
        (own / f"voice{number}").mkdir()
        (own / f"voice{number}" / f"1.{kind}").write_bytes(b"content")
    for name in ("notes.txt", "1.m4a", "1.npz", "wav", "1.wav.part"):
        (own / "other").mkdir(exist_ok=True)
        (own / "other" / name).write_bytes(b"content")
    (own / "loose.wav").write_bytes(b"no folder of its own")
    assert list(listed(own)) == [f"voice{number}" for number in range(5)]


def test_latents_are_a_voice_as_a_file_and_as_the_one_in_a_folder(own):
    (own / "family").mkdir()
    (own / "me.pth").write_bytes(b"1")
    (own / "family/anna.pth").write_bytes(b"2")
    assert list(listed(own)) == ["family", "family/anna", "me"]
    (own / "family/bert.pth").write_bytes(b"3")
    voices = TortoiseVoices(own, None)
    assert list(voices.listed()) == ["family/anna", "family/bert", "me"]
    assert voices.found("me").holds_latents
    assert contents(voices.found("me")) == [(str(own / "me.pth"), b"1")]


def test_clips_go_before_latents_of_their_name(own):
    recorded(own / "anna", count=2)
    (own / "anna.pth").write_bytes(b"latents")
    (own / "anna/old.pth").write_bytes(b"latents")
    voice = TortoiseVoices(own, None).found("anna")
    assert not voice.holds_latents and len(voice.files) == 2


@pytest.mark.parametrize(
    "hidden",
    [
        ".syncthing.4.wav.tmp",
        ".4.wav",
        ".4.wav.Ab3dEf",
        "~syncthing~4.wav.tmp",
        ".voice-draft/1.wav",
        ".stfolder/1.wav",
        ".stversions/anna/1.wav",
    ],
)
def test_what_is_hidden_is_a_draft_of_somebody_and_no_voice(own, hidden):
    recorded(own / "anna")
    before = listed(own)
    for place in (own, own / "anna"):
        (place / hidden).parent.mkdir(parents=True, exist_ok=True)
        (place / hidden).write_bytes(written(speech(seed=9)))
    assert listed(own) == before


def test_links_that_lead_outside_are_left_out_and_those_within_followed(own, tmp_path):
    elsewhere = recorded(tmp_path / "elsewhere")
    recorded(own / "anna", count=2)
    before = listed(own)
    (own / "anna/passwd.wav").symlink_to("/etc/passwd")
    (own / "anna/other.wav").symlink_to(elsewhere / "1.wav")
    (own / "anna/nowhere.wav").symlink_to("nowhere")
    (own / "passwd.pth").symlink_to("/etc/passwd")
    (own / "linked").symlink_to(elsewhere)
    (own / "anna/loop").symlink_to(own)
    (own / "anna/itself.wav").symlink_to("itself.wav")
    assert listed(own) == before
    (own / "copy").mkdir()
    for name in ("1.wav", "2.wav"):
        (own / "copy" / name).symlink_to(own / "anna" / name)
    assert listed(own)["copy"] == before["anna"]


def test_what_never_ends_is_no_clip(own, monkeypatch):
    (own / "anna").mkdir()
    os.mkfifo(own / "anna/1.wav")
    os.mkfifo(own / "pipe.pth")
    with socket.socket(socket.AF_UNIX) as bound:
        monkeypatch.chdir(own)  # a socket's path is short
        bound.bind("anna/2.wav")
    assert listed(own) == {}


def test_a_pipe_that_takes_the_place_of_a_clip_is_not_waited_for(own):
    recorded(own / "anna")
    voice = TortoiseVoices(own, None).found("anna")
    (own / "anna/2.wav").unlink()
    os.mkfifo(own / "anna/2.wav")
    told = []
    reading = threading.Thread(
        target=lambda: told.append(refusal(lambda: contents(voice))), daemon=True
    )
    reading.start()
    reading.join(5)
    assert not reading.is_alive() and "no regular file" in told[0]


def test_a_voice_that_is_dropped_later_is_found_and_a_changed_one_has_another_digest(own):
    voices = TortoiseVoices(own, None)
    assert voices.listed() == {}
    recorded(own / "anna", seed=1)
    recorded(own / "bert", seed=2)
    first = voices.listed()
    (own / "anna/2.wav").write_bytes(written(speech(seed=7)))
    second = voices.listed()
    (own / "anna/3.wav").unlink()
    third = voices.listed()
    assert len({each["anna"] for each in (first, second, third)}) == 3
    assert first["bert"] == second["bert"] == third["bert"]


def test_names_times_and_places_of_clips_do_not_matter(own):
    recorded(own / "anna")
    voices = TortoiseVoices(own, None)
    before = voices.found("anna")
    os.utime(own / "anna/1.wav", (1, 1))
    assert voices.found("anna") == before
    shutil.copytree(own / "anna", own / "moved")
    (own / "moved/1.wav").rename(own / "moved/z.wav")
    (own / "moved/2.wav").rename(own / "moved/a.wav")
    moved = voices.found("moved")
    assert moved.digest == before.digest
    assert [content for _, content in contents(moved)] == [c for _, c in contents(before)]


def test_unchanged_clips_are_read_once(own, monkeypatch):
    recorded(own / "anna")
    voices = TortoiseVoices(own, None)
    first = voices.listed()
    opened_again = []
    monkeypatch.setattr("narrated.engines.neural.file_digests.regular", opened_again.append)
    assert voices.listed() == first and not opened_again


def test_a_write_that_sets_the_times_back_is_seen(own):
    recorded(own / "anna")
    voices = TortoiseVoices(own, None)
    before, clip = voices.listed(), own / "anna/1.wav"
    state, content = clip.stat(), bytearray(clip.read_bytes())
    content[5000] ^= 1
    with clip.open("r+b") as file:
        file.write(content)
    os.utime(clip, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert voices.listed() != before


def test_latents_and_a_clip_of_the_same_bytes_are_different_voices(own):
    (own / "anna").mkdir()
    (own / "anna/1.wav").write_bytes(b"same")
    (own / "bert.pth").write_bytes(b"same")
    assert len(set(listed(own).values())) == 2


def test_the_first_clips_by_name_count_and_no_more(own):
    (own / "anna").mkdir()
    for number in range(MOST_CLIPS):
        (own / f"anna/{number:02}.wav").write_bytes(bytes([number]))
    before = listed(own)
    (own / "anna/99.wav").write_bytes(b"one too many")
    assert listed(own) == before
    (own / "anna/000.wav").write_bytes(b"another first")
    assert listed(own) != before


def test_a_clip_that_cannot_be_read_is_said_where_the_voice_is_asked_for(own, monkeypatch):
    recorded(own / "anna")

    def forbidden(file):
        raise PermissionError(13, "Permission denied", str(file))

    monkeypatch.setattr("narrated.engines.neural.file_digests.regular", forbidden)
    voices = TortoiseVoices(own, None)
    assert voices.listed() == {}
    told = refusal(lambda: voices.found("anna"))
    assert f"{own}/anna/1.wav cannot be read: Permission denied. Let the account" in told


def test_an_unknown_voice_is_refused_with_names_near_it_and_how_to_make_one(own):
    recorded(own / "anna")
    told = refusal(lambda: TortoiseVoices(own, None).found("ana"))
    assert "Tortoise has no voice 'ana'. Near it are: anna. To make it, put three clips" in told
    assert f"into {own}/ana/ (.wav, .flac" in told
    assert "Near" not in refusal(lambda: TortoiseVoices(own, None).found("../../etc"))


def test_without_a_wish_a_speaker_that_the_model_knows_speaks_else_an_own_one(own, tmp_path):
    voices = TortoiseVoices(own, tmp_path / "shipped")
    assert "Tortoise has no voice. To make it" in refusal(lambda: voices.found("", "en"))
    recorded(own / "zoe", seed=1)
    recorded(own / "bert", seed=2)
    assert voices.found("", "en").name == "bert"
    recorded(tmp_path / "shipped/angie", seed=3)
    recorded(tmp_path / "shipped/train_grace", seed=4)
    assert voices.found("", "en").name == "train_grace"


def test_own_voices_go_before_those_that_are_shipped(own, tmp_path):
    recorded(tmp_path / "shipped/tom", seed=1)
    recorded(tmp_path / "shipped/pat", seed=2)
    recorded(own / "tom", seed=3)
    voices = TortoiseVoices(own, tmp_path / "shipped")
    assert list(voices.listed()) == ["pat", "tom"]
    assert {file.parent for file in voices.found("tom").files} == {own / "tom"}


def test_a_voice_that_changed_since_it_was_found_is_not_taken_for_it(own):
    recorded(own / "anna")
    voice = TortoiseVoices(own, None).found("anna")
    assert len(contents(voice)) == 3
    (own / "anna/2.wav").write_bytes(written(speech(seed=7)))
    assert refusal(lambda: contents(voice)).startswith("The voice 'anna' is being changed.")
    (own / "anna/2.wav").unlink()
    assert "is being changed" in refusal(lambda: contents(voice))


def test_a_file_larger_than_any_clip_is_listed_and_refused_when_it_is_read(own):
    (own / "anna").mkdir()
    with (own / "anna/1.wav").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    assert "anna" in listed(own)
    assert "1.wav cannot be used: it is larger than 67 MB" in refusal(
        lambda: contents(TortoiseVoices(own, None).found("anna"))
    )


def test_the_voices_that_come_with_tortoise_can_all_be_spoken_in(tmp_path):
    voices = TortoiseVoices(tmp_path / "none", shipped())
    names = list(voices.listed())
    assert len(names) >= 30 and voices.found("").name == "train_grace"
    for name in ("train_grace", "train_lescault", "pat2", "geralt"):
        for file, content in contents(voices.found(name)):
            assert open_clip(content, file).seconds > 3
    assert voices.found("cond_latent_example").holds_latents


@pytest.fixture
def settling(own, monkeypatch):
    """Voices that take half a second to settle."""
    monkeypatch.setattr(module, "SETTLE_S", 0.5)
    return TortoiseVoices(own, None)


def settled(voices, name="anna"):
    """Look until the voice is there; the seconds that took."""
    begun = time.monotonic()
    while name not in voices.listed():
        assert time.monotonic() - begun < 5
        time.sleep(0.02)
    return time.monotonic() - begun


def test_a_clip_that_is_still_being_copied_makes_no_voice(own, settling):
    (own / "anna").mkdir()
    content = written(speech(seed=1))
    half = len(content) // 2
    with (own / "anna/1.wav").open("wb") as file:
        for at in range(0, half, half // 8):
            file.write(content[at : at + half // 8])
            file.flush()
            assert settling.listed() == {} and settling.digest("anna") == ""
            told = refusal(lambda: settling.found("anna"))
            assert "'anna' is being changed" in told and "by itself" in told
            time.sleep(0.1)
        file.write(content[file.tell() :])
    assert settling.listed() == {}
    assert 0.3 < settled(settling) < 2
    assert contents(settling.found("anna")) == [(str(own / "anna/1.wav"), content)]
    assert settling.digest("anna") == settling.found("anna").digest


def test_a_second_clip_that_comes_later_makes_the_voice_wait_for_the_others(own, settling):
    recorded(own / "anna", count=1)
    settled(settling)
    shutil.copy2(own / "anna/1.wav", own / "anna/2.wav")
    assert settling.listed() == {}
    settled(settling)
    os.utime(own / "anna", (1, 1))
    (own / "anna/.3.wav.tmp").write_bytes(b"the third is on its way")
    os.utime(own / "anna", (1, 1))
    assert settling.listed() == {}
    settled(settling)
    (own / "anna/2.wav").unlink()
    assert settling.listed() == {}
    settled(settling)
    assert len(settling.found("anna").files) == 1


@pytest.mark.peers
def test_clips_that_rsync_brings_with_their_times_count_once_all_are_there(own, tmp_path, settling):
    source = recorded(tmp_path / "anna")
    for path in (*source.iterdir(), source):
        os.utime(path, (1, 1))
    subprocess.run(["rsync", "-a", f"{source}/1.wav", f"{own}/anna/"], check=True)
    assert settling.listed() == {}
    subprocess.run(["rsync", "-a", f"{source}/", f"{own}/anna/"], check=True)
    assert (own / "anna").stat().st_mtime == (own / "anna/3.wav").stat().st_mtime == 1
    assert settling.listed() == {}
    settled(settling)
    assert len(settling.found("anna").files) == 3


def test_latents_that_are_still_being_copied_make_no_voice(own, settling):
    (own / "bert.pth").write_bytes(b"latents")
    settled(settling, "bert")
    (own / "anna.pth").write_bytes(b"half")
    assert list(settling.listed()) == ["bert"]
    assert "being changed" in refusal(lambda: settling.found("anna"))
    assert settling.found("").name == "bert"
    settled(settling)


def test_a_folder_that_was_filled_elsewhere_and_is_moved_here_counts_at_once(
    own, tmp_path, settling
):
    aside = recorded(tmp_path / "aside")
    time.sleep(0.6)
    aside.rename(own / "anna")
    assert list(settling.listed()) == ["anna"]


@pytest.mark.parametrize("clock_s", [-3600.0, 3600.0])
def test_a_clock_that_was_set_back_or_ahead_keeps_no_voice_out_for_ever(
    own, settling, monkeypatch, clock_s
):
    recorded(own / "anna")
    now = time.time
    monkeypatch.setattr("narrated.engines.neural.file_digests.time.time", lambda: now() + clock_s)
    assert settled(settling) < 2


def test_a_folder_from_the_future_counts_once_it_was_left_alone(own, settling):
    recorded(own / "anna")
    os.utime(own / "anna", (4e9, 4e9))
    assert settling.listed() == {}
    assert settled(settling) < 2


def test_one_voice_is_found_without_a_look_at_the_others(own, monkeypatch):
    for name in ("anna", "bert", "family/anna"):
        recorded(own / name)
    (own / "clara.PTH").write_bytes(b"latents")
    (own / "dora").mkdir()
    (own / "dora/only.pth").write_bytes(b"others")
    voices = TortoiseVoices(own, None)
    told = voices.listed()
    monkeypatch.setattr(TortoiseVoices, "_all", None)
    for name, digest in told.items():
        assert voices.found(name).digest == voices.digest(name) == digest
    assert set(told) == {"anna", "bert", "clara", "dora", "dora/only", "family/anna"}


@pytest.mark.parametrize(
    "name", ["../own/anna", "/anna", "anna/", "./anna", ".", "a\0b", "linked", ".old/anna", "x/y"]
)
def test_a_name_that_is_not_listed_leads_nowhere(own, tmp_path, name):
    recorded(own / "anna")
    recorded(own / ".old/anna")
    recorded(tmp_path / "elsewhere")
    (own / "linked").symlink_to(tmp_path / "elsewhere")
    assert TortoiseVoices(own, None).digest(name) == ""
    assert "has no voice" in refusal(lambda: TortoiseVoices(own, None).found(name))


def test_where_tortoise_is_not_installed_no_voices_are_shipped(monkeypatch, tmp_path):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert shipped() is None
