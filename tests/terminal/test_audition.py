"""Auditions: the same text in several voices, heard through a player that keeps what it gets."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile


@pytest.fixture
def audition(tmp_path):
    """Run an audition with a player, in an empty home. Gives its output and the sounds heard."""
    programs, heard = tmp_path / "bin", tmp_path / "heard"
    programs.mkdir()
    heard.mkdir()
    player = programs / "pw-play"
    player.write_text(f'#!/bin/sh\nn=$(ls {heard} | wc -l)\ncp "$1" {heard}/$n.wav\n')
    player.chmod(0o755)

    def audition(*names: str, plays: bool = True):
        if not plays:
            player.write_text("#!/bin/sh\necho 'no server' >&2\nexit 1\n")
        call = [Path(sys.executable).with_name("narrated"), "voices", "audition", *names]
        env = {"HOME": str(tmp_path), "PATH": f"{programs}:{os.environ['PATH']}"}
        done = subprocess.run(call, env=env, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == (0 if plays else 1), done.stderr
        return done.stdout + done.stderr, [
            soundfile.read(file)[0] for file in sorted(heard.iterdir())
        ]

    return audition


def test_voices_are_played_in_turn(audition, tmp_path):
    """Each voice is named and played, whatever its engine, and no file is left."""
    told, sounds = audition("en-us", "en-GB", "--text", "One sentence for both.")
    first, second = (line for line in told.splitlines() if " of " in line)
    assert first.startswith("en-us of espeak: ") and second.startswith("en-GB of pico: ")
    assert len(sounds) == 2 and all(abs(sound).max() > 0.1 for sound in sounds)
    assert not [*tmp_path.glob("*.wav"), *tmp_path.glob("*.mp3")]


def test_silent_machine_names_way_out(audition, monkeypatch, tmp_path):
    """If no player can be heard, the message has its reason, and the option that writes files."""
    monkeypatch.setenv("PATH", "/nonexistent")
    told, _ = audition("en-us", "--text", "Words.", plays=False)
    assert "The voice could not be played. pw-play says: no server." in told
    assert "--output FOLDER" in told


def test_engines_say_one_paragraph(tmp_path):
    """Each engine speaks the first long paragraph of a post; one that cannot is named, with why."""
    paragraph = "The cat weighs 4 kg, and sat on the API until 3 o'clock. *Then* it slept, says it."
    (tmp_path / "post.md").write_text(f"# Cats\n\nShort.\n\n{paragraph} {paragraph}\n\nMore.\n")
    program = Path(sys.executable).with_name("narrated")
    wanted = "pico,bark,espeak:en-gb"
    done = subprocess.run(
        [program, "audition", "post.md", "--engines", wanted, "-o", "heard"],
        env={"HOME": str(tmp_path), "PATH": os.environ["PATH"], "STATE_DIRECTORY": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Each says: The cat weighs four kilograms" in done.stdout
    assert "bark: " in done.stderr and "narrated models pull suno/bark" in done.stderr
    heard = {file.name: soundfile.info(file).duration for file in (tmp_path / "heard").iterdir()}
    assert set(heard) == {"pico.mp3", "espeak-en-gb.mp3"}
    assert all(8 < seconds < 30 for seconds in heard.values())


def test_unknown_engine_of_an_audition(tmp_path):
    """An engine that nobody knows is refused before any sound, with those that speak."""
    (tmp_path / "post.md").write_text("Words.\n")
    program = Path(sys.executable).with_name("narrated")
    done = subprocess.run(
        [program, "audition", "post.md", "--engines", "pico,bork", "-o", "heard"],
        env={"HOME": str(tmp_path), "PATH": os.environ["PATH"]},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "There is no engine bork that speaks." in done.stderr
    assert "pico" in done.stderr and not (tmp_path / "heard").exists()
