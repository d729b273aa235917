"""The player at hand: programs in PATH, each a script that notes what it was asked to play."""

import pytest

from narrated.errors import NarratedError
from narrated.terminal.player import play, players_for


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a player that runs a line of shell, in a PATH of its own."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))

    def install(name: str, line: str = f'echo "$0 $@" >> {tmp_path}/played'):
        program = programs / name
        program.write_text(f"#!/bin/sh\n{line}\n")
        program.chmod(0o755)
        return tmp_path / "played"

    return install


def test_plays_with_what_is_there(install, tmp_path):
    """A file is played whole by the program that is there, and only once."""
    played = install("mpv")
    play(tmp_path / "-post.mp3")
    [line] = played.read_text().splitlines()
    assert line.endswith(f"/mpv --no-video --no-terminal {tmp_path}/-post.mp3")


def test_failing_player_yields_to_next(install, tmp_path):
    """If the first player cannot reach its sound server, the next one plays."""
    install("pw-play", "echo 'no server' >&2; exit 1")
    played = install("aplay")
    play(tmp_path / "post.wav")
    assert "/aplay -q " in played.read_text()


def test_players_that_fail_are_named(install, tmp_path):
    """If none can play, the message has what each said."""
    install("pw-play", "echo 'no server' >&2; exit 1")
    install("aplay", "exit 3")
    with pytest.raises(NarratedError) as caught:
        play(tmp_path / "post.wav")
    assert "pw-play says: no server; aplay says: exit code 3." in caught.value.problem


def test_no_player_names_some(install, tmp_path):
    """Without a player, or with none for the format, the message says what to install."""
    with pytest.raises(NarratedError, match="no player") as caught:
        players_for(tmp_path / "post.mp3")
    assert "alsa-utils" in caught.value.remedy
    install("aplay")
    with pytest.raises(NarratedError, match=r"only aplay") as caught:
        players_for(tmp_path / "post.mp3")
    assert ".wav" in caught.value.remedy
