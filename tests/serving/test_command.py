"""What `narrated serve` and `narrated podcast token` say to somebody who has never seen them."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

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
