"""What `narrated serve` and `narrated podcast token` say to somebody who has never seen them."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from narrated.config.file import load
from narrated.doctor.podcast_address import check_podcast_address
from narrated.podcast_token import token_path
from support.served import PublishedOutbox

_WITHOUT = "import sys; sys.modules['{}'] = None; from narrated.cli.main import main; main()"


def _run(outbox: PublishedOutbox, *command: str, without: str = "-") -> tuple[int, str, str]:
    program: Sequence[str] = [sys.executable, "-c", _WITHOUT.format(without)]
    done = subprocess.run(
        [*program, "--config", str(outbox.config), *command], capture_output=True, text=True
    )
    return done.returncode, done.stdout, done.stderr


def test_missing_package_is_told(tmp_path: Path) -> None:
    """Without its packages it names the command that installs them, into this interpreter."""
    for package in ("starlette", "uvicorn", "anyio"):
        code, _, told = _run(PublishedOutbox(tmp_path / package), "serve", without=package)
        assert (code, "Traceback" in told) == (1, False)
        assert f"needs {package}, which is not installed" in told
        assert f"{sys.executable} -m pip install 'narrated[serve]'" in told


def test_token_prints_the_line_to_write(tmp_path: Path) -> None:
    """The address comes as a line of the configuration; where it stands already, it says so."""
    outbox = PublishedOutbox(tmp_path, base_url="https://example.org/pod/")
    code, first, error = _run(outbox, "podcast", "token")
    assert (code, error) == (0, "")
    line = first.splitlines()[0]
    assert line.startswith("base_url: https://example.org/pod/")
    assert str(outbox.config) in first
    assert _run(outbox, "podcast", "token")[1].splitlines()[0] == line
    text = outbox.config.read_text().replace("base_url: https://example.org/pod/", line)
    outbox.config.write_text(text)
    assert "says so already" in _run(outbox, "podcast", "token")[1]
    renewed = _run(outbox, "podcast", "token", "--new")[1].splitlines()[0]
    assert len(renewed) == len(line)
    assert renewed != line


def test_each_command_tells_lost_links(tmp_path: Path) -> None:
    """A token that `base_url` lacks is told by its command, the check, status and doctor."""
    outbox = PublishedOutbox(tmp_path, base_url="https://example.org/pod/")
    outbox.feed()
    lost = "`base_url` is without the token, so that the feed's links lead nowhere"
    assert lost not in _run(outbox, "podcast", "check")[1]
    made = _run(outbox, "podcast", "token")[1]
    assert "`narrated reload`" in made
    assert "Until then, the feed's links lead nowhere." in made
    code, checked, _ = _run(outbox, "podcast", "check")
    assert (code, f"BAD   podcast: {lost}." in checked) == (1, True)
    assert f"{lost}. `narrated podcast token` prints" in _run(outbox, "status")[1]
    config = load(outbox.config)
    assert [each.text for each in check_podcast_address(config)] == [f"{lost}."]
    line = made.splitlines()[0]
    outbox.config.write_text(
        outbox.config.read_text().replace("base_url: https://example.org/pod/", line)
    )
    assert lost not in _run(outbox, "podcast", "check")[1]
    assert "Players subscribe to" in next(check_podcast_address(load(outbox.config))).text
    token_path(config.state).write_text("short")
    assert [each.remedy for each in check_podcast_address(config)] == [
        "Make another: narrated podcast token --new"
    ]
