"""`narrated voices add`: what is taken for a voice, and that it appears whole or not at all."""

import contextlib
import io
import os
import shutil
import stat
import subprocess
import sys
import threading
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import torch

import narrated
from engines.checkpoints.bark import prompt_arrays
from engines.piper_voice_files import voice_files
from engines.tortoise.recordings import recorded, speech, written
from narrated.engines.bark.voices import BarkVoices as BarkVoices
from narrated.engines.piper.voices import PiperVoices
from narrated.engines.tortoise import voices as tortoise_voices
from narrated.engines.tortoise.clip_checks import MOST_BYTES
from narrated.engines.tortoise.voices import TortoiseVoices
from narrated.errors import NarratedError, StorageError
from narrated.terminal.command_reports import added_lines
from narrated.voices import detect, install
from narrated.voices.install import add_voice

PACKAGE = str(Path(narrated.__file__).parents[1])


@pytest.fixture
def voices(tmp_path):
    return tmp_path / "state/voices"


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Most ask what is added, and not how long it is left alone."""
    for each in (install, tortoise_voices):
        monkeypatch.setattr(each, "SETTLE_S", 0.0)


AT_ONCE = "from narrated.voices import install as adding; adding.SETTLE_S = 0.0"


def found(voices):
    return TortoiseVoices(voices, None).listed()


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def latents(path, width=1024):
    file = io.BytesIO()
    torch.save((torch.ones(1, width), torch.ones(1, 2 * width)), file)
    path.write_bytes(file.getvalue())
    return path


def refusal(*arguments, kind=NarratedError, **options):
    with pytest.raises(kind) as caught:
        add_voice(*arguments, **options)
    return str(caught.value)


def command(tmp_path, *arguments, before="", settle=AT_ONCE):
    """Run the command itself, as its own process."""
    config = tmp_path / "narrated.yaml"
    config.write_text(f"inbox: {tmp_path}/in\noutbox: {tmp_path}/out\nstate: {tmp_path}/state\n")
    code = f"{before}\n{settle}\nfrom narrated.cli.main import main\nmain()"
    return subprocess.run(
        [sys.executable, "-c", code, "--config", str(config), "voices", "add", *arguments],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": PACKAGE},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )


def test_folder_of_clips_is_a_voice(tmp_path, voices):
    """A folder of clips becomes a voice of its name."""
    source = recorded(tmp_path / "anna")
    (source / ".DS_Store").write_text("of somebody's desktop")
    (source / "notes.txt").write_text("recorded in the kitchen")
    added = add_voice([source], voices)
    assert (added.name, added.engine, added.advice_lines) == ("anna", "tortoise", [])
    assert names(voices) == ["anna", "anna/1.wav", "anna/2.wav", "anna/3.wav"]
    assert (voices / "anna/2.wav").read_bytes() == (source / "2.wav").read_bytes()


def test_daemon_can_read_added_files(tmp_path, voices):
    """The daemon's account can read the files that are added."""
    before = os.umask(0o077)
    try:
        add_voice([recorded(tmp_path / "anna")], voices, "family/anna")
    finally:
        os.umask(before)
    modes = {
        path.relative_to(voices).as_posix(): stat.S_IMODE(path.stat().st_mode)
        for path in (voices, *voices.rglob("*"))
    }
    assert {modes[place] for place in (".", "family", "family/anna")} == {0o755}
    assert modes["family/anna/1.wav"] == 0o644


def test_clips_take_given_name(tmp_path, voices):
    """Several clips become a voice of the name that is given."""
    one, two = recorded(tmp_path / "one", count=2), recorded(tmp_path / "two", seed=2)
    add_voice([one / "1.wav", one / "2.wav", two / "3.wav"], voices, "anna")
    assert names(voices / "anna") == ["1.wav", "2.wav", "3.wav"]
    add_voice([one / "1.wav", two / "1.wav", two / "2.wav"], voices, "of-one-name")
    assert len(TortoiseVoices(voices, None).found("of-one-name").files) == 3
    add_voice([one / "1.wav"], voices)
    assert "1" in found(voices)
    assert "have no common name. Name the voice: --name anna" in refusal(
        [one / "1.wav", one / "2.wav"], voices
    )


def test_latents_and_prompt_by_engine(tmp_path, voices):
    """Latents become a voice of tortoise and a prompt one of bark."""
    np.savez(tmp_path / "anna.npz", **prompt_arrays(7))
    assert add_voice([latents(tmp_path / "anna.pth")], voices).engine == "tortoise"
    assert add_voice([tmp_path / "anna.npz"], voices).engine == "bark"
    assert names(voices) == ["anna.npz", "anna.pth"]
    assert list(found(voices)) == ["anna"]


def test_command_gives_advice(tmp_path):
    """The command says what would be better and how to hear the voice."""
    recorded(tmp_path / "my aunt", count=2)
    done = command(tmp_path, "my aunt")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "Better: 2 clips make a voice, and 3 or more of about ten seconds a better one",
        "my aunt is added. Hear it: narrated voices audition 'my aunt' --engine tortoise",
    ]
    np.savez(tmp_path / "bert.npz", **prompt_arrays(7))
    *_, last = added_lines(add_voice([tmp_path / "bert.npz"], tmp_path / "state/voices"))
    assert last.endswith("audition bert --engine bark")


def test_added_voice_counts_at_once(tmp_path, voices, monkeypatch):
    """An added voice counts from the moment that the command is done."""
    monkeypatch.undo()
    done = command(tmp_path, str(recorded(tmp_path / "anna")), settle="")
    assert list(found(voices)) == ["anna"]
    assert done.stderr == "Waiting 3 s to see that the files no longer change …\n"
    add_voice([latents(tmp_path / "bert.pth")], voices)
    assert list(found(voices)) == ["anna", "bert"]


def test_bad_clip_writes_nothing(tmp_path):
    """A clip that is none is refused with what is wrong and nothing is written."""
    recorded(tmp_path / "anna")
    (tmp_path / "anna/2.wav").write_bytes(written(speech(1.0)))
    done = command(tmp_path, "anna")
    assert done.returncode == 1 and not done.stdout
    assert done.stderr.splitlines() == [
        "narrated: The clip anna/2.wav cannot be used: it is 1.0 s long, which is too short.",
        "          Record about ten seconds of one person who speaks, with nothing else to be "
        "heard.",
    ]
    assert not (tmp_path / "state").exists()


def test_clips_need_no_torch(tmp_path):
    """Clips are added where there is no torch and latents are said to need it."""
    without = "import sys; sys.modules['torch'] = sys.modules['transformers'] = None"
    recorded(tmp_path / "anna")
    latents(tmp_path / "bert.pth")
    assert command(tmp_path, "anna", before=without).returncode == 0
    done = command(tmp_path, "bert.pth", before=without)
    assert done.returncode == 1
    assert "bert.pth cannot be checked" in done.stderr
    assert "Install torch" in done.stderr
    assert names(tmp_path / "state/voices") == ["anna", "anna/1.wav", "anna/2.wav", "anna/3.wav"]


def test_one_large_clip_in_memory(tmp_path, voices):
    """Of many large clips no more than one is held at once."""
    clip = written(speech(60.0, rate=48_000), rate=48_000, kind="flac")
    peaks = []
    for name, count in (("one", 1), ("six", 6)):
        (tmp_path / name).mkdir()
        for number in range(count):
            (tmp_path / name / f"{number}.flac").write_bytes(clip)
        tracemalloc.start()
        add_voice([tmp_path / name], voices)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]


@pytest.mark.parametrize(("source", "file"), [("anna.npz", "anna.npz"), ("bert", "bert/2.wav")])
def test_changed_file_is_refused(tmp_path, voices, monkeypatch, source, file):
    """A file that changed after its check is refused."""
    np.savez(tmp_path / "anna.npz", **prompt_arrays(7))
    recorded(tmp_path / "bert")
    make = install.make_readable

    def another_comes_between(folder):
        make(folder)
        (tmp_path / file).write_bytes(b"another")

    monkeypatch.setattr(install, "make_readable", another_comes_between)
    assert "changed while it was checked. Add it when its copy is complete" in refusal(
        [tmp_path / source], voices
    )
    assert names(voices) == []


def test_prompt_is_read_once(tmp_path, voices, monkeypatch):
    """A prompt is read once to be checked."""
    prompt = tmp_path / "anna.npz"
    np.savez(prompt, **prompt_arrays(7))
    whole, read = prompt.read_bytes(), detect._read

    def changed_by_then(source):
        content = read(source)
        prompt.write_bytes(b"another")
        return content

    monkeypatch.setattr(detect, "_read", changed_by_then)
    assert "changed while it was checked" in refusal([prompt], voices)
    monkeypatch.setattr(detect, "_read", read)
    prompt.write_bytes(whole)
    add_voice([prompt], voices)
    assert (voices / "anna.npz").read_bytes() == whole


@pytest.mark.parametrize("suffix", [".pth", ".npz"])
def test_too_large_writes_nothing(tmp_path, voices, suffix):
    """A file that is too large is refused and not written in part."""
    np.savez(tmp_path / "anna.npz", **prompt_arrays(7))
    source = tmp_path / f"large{suffix}"
    with source.open("wb") as file:
        file.seek(MOST_BYTES)
        file.write((tmp_path / "anna.npz").read_bytes())  # an archive is found from its end
    assert f"large{suffix} is no voice: it is larger than 67 MB." in refusal([source], voices)
    assert not voices.exists()


def test_unusable_file_says_why(tmp_path, voices):
    """A file that is no voice is refused with what would be one."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty/1.m4a").write_bytes(b"content")
    assert "empty is no voice: it has no clip (.wav" in refusal([tmp_path / "empty"], voices)
    assert "ffmpeg -i FILE" in refusal([tmp_path / "empty/1.m4a"], voices)
    clips = recorded(tmp_path / "anna")
    np.savez(tmp_path / "anna.npz", **prompt_arrays(7))
    told = refusal([clips / "1.wav", tmp_path / "anna.npz"], voices)
    assert "Several files are one voice only if all are clips." in told
    assert "1.wav is no voice" not in told
    many = [clips / "1.wav"] * 25
    assert "25 clips are too many for a voice." in refusal(many, voices, "anna")
    (tmp_path / "bad.pth").write_bytes(b"nothing")
    assert "bad.pth cannot be used" in refusal([tmp_path / "bad.pth"], voices)
    assert "anna.npz/x is no voice" in refusal([tmp_path / "anna.npz/x"], voices)
    assert not voices.exists()


@pytest.mark.parametrize("suffix", [".wav", ".pth", ".npz"])
def test_pipe_is_refused(tmp_path, voices, suffix):
    """A pipe is refused and not waited for."""
    os.mkfifo(tmp_path / f"pipe{suffix}")
    assert "cannot be read: it is no regular file" in refusal([tmp_path / f"pipe{suffix}"], voices)


@pytest.mark.parametrize(
    "name", ["../out", "/tmp/out", "a/../../out", " ", ".anna", "a/.b", "a\0b"]
)
def test_name_outside_is_refused(tmp_path, voices, name):
    """A name that leads elsewhere or out of sight is refused."""
    assert "cannot be a voice's name" in refusal([recorded(tmp_path / "anna")], voices, name)
    assert not voices.exists()


def test_name_through_link_refused(tmp_path, voices):
    """A name that leads through a link is refused."""
    voices.mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (voices / "family").symlink_to(tmp_path / "elsewhere")
    told = refusal([recorded(tmp_path / "anna")], voices, "family/anna")
    assert "'family/anna' leads out of" in told and not names(tmp_path / "elsewhere")


def test_taken_name_needs_replace(tmp_path, voices):
    """A name that is taken is refused unless it is to be replaced."""
    old, new = recorded(tmp_path / "anna", count=4), recorded(tmp_path / "new", seed=2)
    add_voice([old], voices)
    before = found(voices)
    assert "There is a voice 'anna' already" in refusal([new], voices, "anna")
    assert found(voices) == before
    add_voice([new], voices, "anna", replace=True)
    assert names(voices) == ["anna", "anna/1.wav", "anna/2.wav", "anna/3.wav"]
    assert (voices / "anna/1.wav").read_bytes() == (new / "1.wav").read_bytes()


def test_clips_and_latents_replace(tmp_path, voices):
    """Clips and latents of a name replace one another."""
    clips, made = recorded(tmp_path / "anna"), latents(tmp_path / "anna.pth")
    add_voice([clips], voices)
    assert "already, in " in refusal([made], voices)
    add_voice([made], voices, replace=True)
    assert names(voices) == ["anna.pth"]
    assert "already, in " in refusal([clips], voices)
    add_voice([clips], voices, replace=True)
    assert names(voices) == ["anna", "anna/1.wav", "anna/2.wav", "anna/3.wav"]
    (voices / "anna.pth").write_bytes(made.read_bytes())
    add_voice([made], voices, replace=True)
    assert names(voices) == ["anna.pth"]


def test_other_voices_stay_in_folder(tmp_path, voices):
    """A folder of other voices is not replaced."""
    clips = recorded(tmp_path / "anna")
    add_voice([clips], voices, "family/anna")
    for options in ({}, {"replace": True}):
        assert "family has other files than a voice: anna" in refusal(
            [clips], voices, "family", **options
        )
    add_voice(
        [latents(tmp_path / "x.pth")], voices, "family"
    )  # a file beside it takes nothing away
    add_voice([clips], voices, "bert")
    (voices / "bert/mine.npz").write_bytes(b"a voice of Bark's")
    assert "bert has other files than a voice: mine.npz" in refusal(
        [clips], voices, "bert", replace=True
    )
    assert set(found(voices)) == {"family", "family/anna", "bert"}


def test_empty_folder_is_filled(tmp_path, voices):
    """A folder that was made and holds nothing yet is filled."""
    (voices / "anna").mkdir(parents=True)
    (voices / "anna/.DS_Store").write_text("of somebody's desktop")
    add_voice([recorded(tmp_path / "anna")], voices)
    assert len(TortoiseVoices(voices, None).found("anna").files) == 3


def test_replacement_is_atomic(tmp_path, voices):
    """A voice is seen whole or not at all while it is replaced."""
    sources = [recorded(tmp_path / f"v{seed}", count=5, seed=seed, seconds=3.5) for seed in (1, 2)]
    whole = set(found(tmp_path).values())
    over = threading.Event()
    seen = set()

    def look():
        looking = TortoiseVoices(voices, None)
        while not over.is_set():
            with contextlib.suppress(OSError):
                seen.update(looking.listed().items())

    watching = threading.Thread(target=look)
    watching.start()
    try:
        for turn in range(6):
            add_voice([sources[turn % 2]], voices, "anna", replace=True)
    finally:
        over.set()
        watching.join()
    assert {name for name, _ in seen} == {"anna"}
    assert {digest for _, digest in seen} <= whole


def killed_add(source, voices, renames):
    """Replace the voice anna in a process that ends after so many renames; its exit code."""
    pid = os.fork()
    if not pid:
        left, whole = renames, Path.rename

        def rename(self, target):
            nonlocal left
            if left:
                whole(self, target)
                left -= 1
            if not left:
                os._exit(9)

        Path.rename = rename
        try:
            add_voice([source], voices, "anna", replace=True)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.parametrize("renames", [0, 1, 2])
def test_killed_add_leaves_old_or_none(tmp_path, voices, renames):
    """None only until the next is added."""
    add_voice([recorded(tmp_path / "anna")], voices)
    before = found(voices)
    recorded(tmp_path / "new", seed=2)
    assert killed_add(tmp_path / "new", voices, renames) == 9
    assert found(voices) == ({} if renames == 1 else before if not renames else new(tmp_path))
    add_voice([tmp_path / "new"], voices, "bert")
    assert found(voices)["anna"] == (new(tmp_path) if renames == 2 else before)["anna"]
    add_voice([tmp_path / "new"], voices, "anna", replace=True)
    assert list(found(voices)) == ["anna", "bert"]
    assert not [path for path in names(voices) if path.startswith(".voice-")]


def new(tmp_path):
    return {"anna": found(tmp_path)["new"]}


@pytest.mark.parametrize("renames", [1, 2])
def test_killed_add_restores_no_clips(tmp_path, voices, renames):
    """Latents whose command was killed never bring replaced clips back."""
    clips, made = recorded(tmp_path / "anna"), latents(tmp_path / "made.pth")
    add_voice([clips], voices)
    assert killed_add(made, voices, renames) == 9
    add_voice([made], voices, "bert")
    assert TortoiseVoices(voices, None).found("anna").holds_latents == (renames == 2)


def test_parallel_adds_keep_drafts(tmp_path, voices, monkeypatch):
    """Two commands at once leave each other's drafts alone."""
    monkeypatch.setattr(install, "SETTLE_S", 0.3)
    voices.mkdir(parents=True)
    sources = [recorded(tmp_path / f"v{seed}", seed=seed, seconds=3.5) for seed in range(3)]
    commands = [threading.Thread(target=add_voice, args=([source], voices)) for source in sources]
    for each in commands:
        each.start()
    for each in commands:
        each.join()
    assert list(found(voices)) == ["v0", "v1", "v2"]


def test_engines_ignore_drafts(tmp_path, voices, monkeypatch):
    """No engine sees a draft."""
    np.savez(tmp_path / "anna.npz", **prompt_arrays(7))
    seen, rename = [], Path.rename

    def looking(self, target):
        seen.append([*BarkVoices(tmp_path, voices).listed(), *found(voices)])
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", looking)
    add_voice([tmp_path / "anna.npz"], voices)
    add_voice([latents(tmp_path / "bert.pth")], voices)
    add_voice([recorded(tmp_path / "clara")], voices)
    assert seen == [[], ["anna"], ["anna", "bert"]]


def test_failed_swap_restores_old(tmp_path, voices, monkeypatch):
    """The old voice is back where the new one cannot take its place."""
    add_voice([recorded(tmp_path / "anna")], voices)
    before, rename = found(voices), Path.rename

    def failing(self, target):
        if self.name.startswith(".voice-"):
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    told = refusal([recorded(tmp_path / "new")], voices, "anna", replace=True, kind=StorageError)
    assert "anna cannot be written: Input/output error." in told
    assert found(voices) == before
    assert not [path for path in names(voices) if path.startswith(".voice-")]


def test_unrestored_voice_is_named(tmp_path, voices, monkeypatch):
    """An old voice that cannot be put back is kept and it is said where."""
    add_voice([recorded(tmp_path / "anna")], voices)
    before, rename = found(voices), Path.rename

    def once(self, target):
        monkeypatch.setattr(Path, "rename", failing)
        return rename(self, target)

    def failing(self, target):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "rename", once)
    told = refusal([recorded(tmp_path / "new")], voices, "anna", replace=True, kind=StorageError)
    monkeypatch.setattr(Path, "rename", rename)
    (kept,) = voices.glob(".voice-*/anna")
    assert f"mv {kept} {voices}/anna" in told
    kept.rename(voices / "anna")
    assert found(voices) == before


def test_told_copy_survives_new_name(tmp_path, voices, monkeypatch):
    """The kept copy stays where another took the name."""
    add_voice([recorded(tmp_path / "anna")], voices)
    before, rename = found(voices), Path.rename

    def once(self, target):
        monkeypatch.setattr(Path, "rename", taken)
        return rename(self, target)

    def taken(self, target):
        (voices / "anna" / "of-another").mkdir(parents=True, exist_ok=True)
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", once)
    told = refusal([recorded(tmp_path / "new")], voices, "anna", replace=True, kind=StorageError)
    monkeypatch.setattr(Path, "rename", rename)
    add_voice([recorded(tmp_path / "bert")], voices)
    (kept,) = voices.glob(".voice-*/anna")
    assert f"mv {kept} {voices}/anna" in told
    shutil.rmtree(voices / "anna")
    kept.rename(voices / "anna")
    assert found(voices)["anna"] == before["anna"]


def test_race_for_place_needs_no_sudo(tmp_path, voices, monkeypatch):
    """A place that was filled meanwhile is said without sudo."""
    rename = Path.rename

    def late(self, target):
        (target / "of-another").mkdir(parents=True)
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", late)
    told = refusal([recorded(tmp_path / "anna")], voices, kind=StorageError)
    assert "anna cannot be written: Directory not empty." in told
    assert "sudo" not in told and "appeared there" in told


def test_unwritable_folder_is_named(tmp_path):
    """A folder that cannot be written is said."""
    (tmp_path / "voices").write_text("a file where the folder should be")
    told = refusal([recorded(tmp_path / "anna")], tmp_path / "voices", kind=StorageError)
    assert "anna cannot be written" in told and "sudo" in told


def test_copied_voice_equals_added(tmp_path, voices):
    """A voice that was copied in by hand is the same as one that was added."""
    add_voice([recorded(tmp_path / "anna")], voices)
    shutil.copytree(tmp_path / "anna", voices / "by-hand")
    told = found(voices)
    assert told["anna"] == told["by-hand"]


def piper_voice(folder, name="anna", content=b"weights"):
    config = {"audio": {"sample_rate": 16000}, "phoneme_id_map": {"a": [1]}}
    weights = voice_files(folder, name, **config, language={"code": "de_DE"})
    weights.write_bytes(b"\x08\x07" + content)
    return weights


def test_piper_voice_by_either_file(tmp_path, voices):
    """A voice of Piper's is added by its weights, by its configuration, or by both."""
    weights = piper_voice(tmp_path / "own")
    config = weights.with_name("anna.onnx.json")
    assert add_voice([weights], voices).engine == "piper"
    add_voice([config], voices, "family/bert")
    add_voice([config, weights], voices, "carl")
    found = PiperVoices(tmp_path / "models", voices)
    assert sorted(found.listed()) == ["anna", "carl", "family/bert"]
    assert len(set(found.listed().values())) == 1
    assert stat.S_IMODE((voices / "anna.onnx").stat().st_mode) == 0o644
    *_, last = added_lines(add_voice([weights], voices, "dora"))
    assert last.endswith("audition dora --engine piper")


def test_piper_voice_is_replaced(tmp_path, voices):
    """Both files of a voice are replaced together, only if it is asked for."""
    add_voice([piper_voice(tmp_path / "old")], voices)
    newer = piper_voice(tmp_path / "new", content=b"other")
    assert "There is a voice 'anna' already" in refusal([newer], voices)
    before = PiperVoices(tmp_path, voices).digest("anna")
    add_voice([newer], voices, replace=True)
    assert PiperVoices(tmp_path, voices).digest("anna") != before
    assert names(voices) == ["anna.onnx", "anna.onnx.json"]


def test_kill_between_both_files(tmp_path, voices):
    """A kill between both files of a replacement: the next command restores the old pair."""
    old = piper_voice(tmp_path / "old")
    add_voice([old], voices)
    before = PiperVoices(tmp_path, voices).digest("anna")
    aside = voices / f"{install._REPLACED}x"
    aside.mkdir()
    for name in names(voices):
        if name.startswith("anna"):
            (voices / name).rename(aside / name)
    (voices / "anna.onnx.json").write_text("{}")  # the new one; its weights did not come
    add_voice([old], voices, "other")
    assert PiperVoices(tmp_path, voices).digest("anna") == before


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda file: file.with_name("anna.onnx.json").unlink(), "has two files, and .* such file"),
        (lambda file: file.with_name("anna.onnx.json").write_text("[]"), "is no object of JSON"),
        (lambda file: file.with_name("anna.onnx.json").write_text("[" * 99999), "is nested too"),
        (lambda file: file.with_name("anna.onnx.json").write_text("{}"), "has no `audio`"),
        (lambda file: file.write_text("version https://git-lfs.github.com"), "pointer of git-lfs"),
        (lambda file: file.write_text("<html>"), "is no model in ONNX"),
        (lambda file: (file.unlink(), os.mkfifo(file)), "no regular file"),
    ],
)
def test_files_that_are_no_piper_voice(tmp_path, voices, spoil, why):
    """Files that are no voice of Piper's are refused with the reason; nothing is added."""
    weights = piper_voice(tmp_path / "own")
    spoil(weights)
    with pytest.raises(NarratedError, match=why):
        add_voice([weights], voices)
    assert not voices.exists()


def test_piper_name_of_a_speaker(tmp_path, voices):
    """A name that Piper would take for a speaker's is refused."""
    assert "after # comes one" in refusal([piper_voice(tmp_path / "own")], voices, "anna#1")
