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
from narrated.engines.tortoise.clip_checks import MOST_BYTES, open_clip
from narrated.engines.tortoise.voices import MOST_CLIPS, TortoiseVoices, shipped
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


def test_clips_at_any_depth(own):
    """A folder of clips is a voice at any depth."""
    recorded(own / "anna", seed=1)
    recorded(own / "family/aunt", seed=2)
    recorded(own / "family", seed=3)
    told = listed(own)
    assert list(told) == ["anna", "family", "family/aunt"] and len(set(told.values())) == 3


def test_only_clip_suffixes_count(own):
    """Clips of every kind count and nothing else does."""
    for number, kind in enumerate(["WAV", "flac", "ogg", "opus", "mp3"]):
        (own / f"voice{number}").mkdir()
        (own / f"voice{number}" / f"1.{kind}").write_bytes(b"content")
    for name in ("notes.txt", "1.m4a", "1.npz", "wav", "1.wav.part"):
        (own / "other").mkdir(exist_ok=True)
        (own / "other" / name).write_bytes(b"content")
    (own / "loose.wav").write_bytes(b"no folder of its own")
    assert list(listed(own)) == [f"voice{number}" for number in range(5)]


def test_latents_file_or_folder(own):
    """Latents are a voice as a file and as the one in a folder."""
    (own / "family").mkdir()
    (own / "me.pth").write_bytes(b"1")
    (own / "family/anna.pth").write_bytes(b"2")
    assert list(listed(own)) == ["family", "family/anna", "me"]
    (own / "family/bert.pth").write_bytes(b"3")
    voices = TortoiseVoices(own, None)
    assert list(voices.listed()) == ["family/anna", "family/bert", "me"]
    assert voices.found("me").holds_latents
    assert contents(voices.found("me")) == [(str(own / "me.pth"), b"1")]


def test_clips_win_over_latents(own):
    """Clips go before latents of their name."""
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
def test_hidden_files_are_ignored(own, hidden):
    """A hidden file is a draft of somebody and no voice."""
    recorded(own / "anna")
    before = listed(own)
    for place in (own, own / "anna"):
        (place / hidden).parent.mkdir(parents=True, exist_ok=True)
        (place / hidden).write_bytes(written(speech(seed=9)))
    assert listed(own) == before


def test_links_stay_inside(own, tmp_path):
    """Links that lead outside are left out and those within followed."""
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


def test_pipe_is_no_clip(own, monkeypatch):
    """A file that never ends is no clip."""
    (own / "anna").mkdir()
    os.mkfifo(own / "anna/1.wav")
    os.mkfifo(own / "pipe.pth")
    with socket.socket(socket.AF_UNIX) as bound:
        monkeypatch.chdir(own)  # a socket's path is short
        bound.bind("anna/2.wav")
    assert listed(own) == {}


def test_pipe_swap_does_not_block(own):
    """A pipe that takes the place of a clip is not waited for."""
    recorded(own / "anna")
    voice = TortoiseVoices(own, None).found("anna")
    (own / "anna/2.wav").unlink()
    os.mkfifo(own / "anna/2.wav")
    told = []
    reading = threading.Thread(
        target=lambda: told.append(refusal(lambda: contents(voice))), daemon=True
    )
    reading.start()
    reading.join(30)
    assert not reading.is_alive() and "no regular file" in told[0]


def test_new_and_changed_voices(own):
    """A voice that is dropped later is found and a changed one has another digest."""
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


def test_digest_ignores_names(own):
    """Names times and places of clips do not matter."""
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


def test_unchanged_clip_is_read_once(own, monkeypatch):
    """Unchanged clips are read once."""
    recorded(own / "anna")
    voices = TortoiseVoices(own, None)
    first = voices.listed()
    opened_again = []
    monkeypatch.setattr("narrated.engines.neural.file_digests.open_regular", opened_again.append)
    assert voices.listed() == first and not opened_again


def test_reset_times_are_noticed(own):
    """A write that sets the times back is seen."""
    recorded(own / "anna")
    voices = TortoiseVoices(own, None)
    before, clip = voices.listed(), own / "anna/1.wav"
    state, content = clip.stat(), bytearray(clip.read_bytes())
    content[5000] ^= 1
    with clip.open("r+b") as file:
        file.write(content)
    os.utime(clip, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert voices.listed() != before


def test_kind_changes_digest(own):
    """Latents and a clip of the same bytes are different voices."""
    (own / "anna").mkdir()
    (own / "anna/1.wav").write_bytes(b"same")
    (own / "bert.pth").write_bytes(b"same")
    assert len(set(listed(own).values())) == 2


def test_most_clips_by_name(own):
    """The first clips by name count and no more."""
    (own / "anna").mkdir()
    for number in range(MOST_CLIPS):
        (own / f"anna/{number:02}.wav").write_bytes(bytes([number]))
    before = listed(own)
    (own / "anna/99.wav").write_bytes(b"one too many")
    assert listed(own) == before
    (own / "anna/000.wav").write_bytes(b"another first")
    assert listed(own) != before


def test_unreadable_clip_is_told(own, monkeypatch):
    """A clip that cannot be read is said where the voice is asked for."""
    recorded(own / "anna")

    def forbidden(file):
        raise PermissionError(13, "Permission denied", str(file))

    monkeypatch.setattr("narrated.engines.neural.file_digests.open_regular", forbidden)
    voices = TortoiseVoices(own, None)
    assert voices.listed() == {}
    told = refusal(lambda: voices.found("anna"))
    assert f"{own}/anna/1.wav cannot be read: Permission denied. Let the account" in told


def test_unknown_voice_names_similar(own):
    """An unknown voice is refused with names near it and how to make one."""
    recorded(own / "anna")
    told = refusal(lambda: TortoiseVoices(own, None).found("ana"))
    assert "Tortoise has no voice 'ana'. Near it are: anna. To make it, put three clips" in told
    assert f"into {own}/ana/ (.wav, .flac" in told
    assert "Near" not in refusal(lambda: TortoiseVoices(own, None).found("../../etc"))


def test_default_voice_is_trained(own, tmp_path):
    """Without a wish a speaker that the model knows speaks else an own one."""
    voices = TortoiseVoices(own, tmp_path / "shipped")
    assert "Tortoise has no voice. To make it" in refusal(lambda: voices.found(""))
    recorded(own / "zoe", seed=1)
    recorded(own / "bert", seed=2)
    assert voices.found("").name == "bert"
    recorded(tmp_path / "shipped/angie", seed=3)
    recorded(tmp_path / "shipped/train_grace", seed=4)
    assert voices.found("").name == "train_grace"


def test_own_voice_wins(own, tmp_path):
    """Own voices go before those that are shipped."""
    recorded(tmp_path / "shipped/tom", seed=1)
    recorded(tmp_path / "shipped/pat", seed=2)
    recorded(own / "tom", seed=3)
    voices = TortoiseVoices(own, tmp_path / "shipped")
    assert list(voices.listed()) == ["pat", "tom"]
    assert {file.parent for file in voices.found("tom").files} == {own / "tom"}


def test_changed_voice_is_refused(own):
    """A voice that changed since it was found is not taken for it."""
    recorded(own / "anna")
    voice = TortoiseVoices(own, None).found("anna")
    assert len(contents(voice)) == 3
    (own / "anna/2.wav").write_bytes(written(speech(seed=7)))
    assert refusal(lambda: contents(voice)).startswith("The voice 'anna' is being changed.")
    (own / "anna/2.wav").unlink()
    assert "is being changed" in refusal(lambda: contents(voice))


def test_large_file_fails_on_read(own):
    """A file larger than any clip is listed and refused when it is read."""
    (own / "anna").mkdir()
    with (own / "anna/1.wav").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    assert "anna" in listed(own)
    assert "1.wav cannot be used: it is larger than 67 MB" in refusal(
        lambda: contents(TortoiseVoices(own, None).found("anna"))
    )


def test_package_voices_all_work(tmp_path):
    """The voices that come with tortoise can all be spoken in."""
    voices = TortoiseVoices(tmp_path / "none", shipped())
    names = list(voices.listed())
    assert len(names) >= 30 and voices.found("").name == "train_grace"
    for name in ("train_grace", "train_lescault", "pat2", "geralt"):
        for file, content in contents(voices.found(name)):
            assert open_clip(content, file).seconds > 3
    assert voices.found("cond_latent_example").holds_latents


class SteppedClock:
    """A clock that only a test moves on, and by default one that is far behind the files'."""

    def __init__(self):
        self.passed_s = 0.0
        self.ahead_s = -1e9

    def time(self):
        return time.time() + self.ahead_s

    def monotonic(self):
        return self.passed_s

    def move_on(self):
        """Let a tenth of a second pass; meanwhile the file system's clock really ticks."""
        self.passed_s += 0.1
        time.sleep(0.02)


@pytest.fixture
def clock(monkeypatch):
    clock = SteppedClock()
    monkeypatch.setattr("narrated.engines.neural.file_digests.time", clock)
    return clock


@pytest.fixture
def settling(own, clock, monkeypatch):
    """Voices that take half a second to settle."""
    monkeypatch.setattr(module, "SETTLE_S", 0.5)
    return TortoiseVoices(own, None)


def settled(voices, clock, name="anna"):
    """Look until the voice is there; the seconds that took."""
    begun = clock.passed_s
    while name not in voices.listed():
        assert clock.passed_s - begun < 5
        clock.move_on()
    return clock.passed_s - begun


def test_copying_clip_is_no_voice(own, settling, clock):
    """A clip that is still being copied makes no voice."""
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
            clock.move_on()
        file.write(content[file.tell() :])
    assert settling.listed() == {}
    assert settled(settling, clock) == pytest.approx(0.5, abs=0.11)
    assert contents(settling.found("anna")) == [(str(own / "anna/1.wav"), content)]
    assert settling.digest("anna") == settling.found("anna").digest


def test_second_clip_settles_again(own, settling, clock):
    """A second clip that comes later makes the voice wait for the others."""
    recorded(own / "anna", count=1)
    settled(settling, clock)
    shutil.copy2(own / "anna/1.wav", own / "anna/2.wav")
    assert settling.listed() == {}
    settled(settling, clock)
    os.utime(own / "anna", (1, 1))
    (own / "anna/.3.wav.tmp").write_bytes(b"the third is on its way")
    os.utime(own / "anna", (1, 1))
    assert settling.listed() == {}
    settled(settling, clock)
    (own / "anna/2.wav").unlink()
    assert settling.listed() == {}
    settled(settling, clock)
    assert len(settling.found("anna").files) == 1


@pytest.mark.peers
def test_rsync_times_settle_too(own, tmp_path, settling, clock):
    """Clips that rsync brings with their times count once all are there."""
    source = recorded(tmp_path / "anna")
    for path in (*source.iterdir(), source):
        os.utime(path, (1, 1))
    subprocess.run(["rsync", "-a", f"{source}/1.wav", f"{own}/anna/"], check=True)
    assert settling.listed() == {}
    subprocess.run(["rsync", "-a", f"{source}/", f"{own}/anna/"], check=True)
    assert (own / "anna").stat().st_mtime == (own / "anna/3.wav").stat().st_mtime == 1
    assert settling.listed() == {}
    settled(settling, clock)
    assert len(settling.found("anna").files) == 3


def test_copying_latents_wait(own, settling, clock):
    """Latents that are still being copied make no voice."""
    (own / "bert.pth").write_bytes(b"latents")
    settled(settling, clock, "bert")
    (own / "anna.pth").write_bytes(b"half")
    assert list(settling.listed()) == ["bert"]
    assert "being changed" in refusal(lambda: settling.found("anna"))
    assert settling.found("").name == "bert"
    settled(settling, clock)


def test_moved_folder_counts_at_once(own, tmp_path, settling, clock):
    """A folder that was filled elsewhere and is moved here counts at once."""
    aside = recorded(tmp_path / "aside")
    clock.ahead_s = 0.0
    time.sleep(0.6)
    aside.rename(own / "anna")
    assert list(settling.listed()) == ["anna"]


@pytest.mark.parametrize("clock_s", [-3600.0, 3600.0])
def test_clock_shift_is_harmless(own, settling, clock, clock_s):
    """A clock that was set back or ahead keeps no voice out for ever."""
    recorded(own / "anna")
    clock.ahead_s = clock_s
    assert settled(settling, clock) < 2


def test_future_folder_settles(own, settling, clock):
    """A folder from the future counts once it was left alone."""
    recorded(own / "anna")
    os.utime(own / "anna", (4e9, 4e9))
    assert settling.listed() == {}
    assert settled(settling, clock) < 2


def test_one_voice_without_scan(own, monkeypatch):
    """One voice is found without a look at the others."""
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
def test_unlisted_name_finds_nothing(own, tmp_path, name):
    """A name that is not listed leads nowhere."""
    recorded(own / "anna")
    recorded(own / ".old/anna")
    recorded(tmp_path / "elsewhere")
    (own / "linked").symlink_to(tmp_path / "elsewhere")
    assert TortoiseVoices(own, None).digest(name) == ""
    assert "has no voice" in refusal(lambda: TortoiseVoices(own, None).found(name))


def test_no_package_no_voices(monkeypatch, tmp_path):
    """No voices are shipped where tortoise is not installed."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert shipped() is None
