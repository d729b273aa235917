"""Options for work that nobody watches: for what is new, and not for what is published."""

import os
import subprocess
import sys
from pathlib import Path

from support.daemon import Daemon, toy

POST = "# A post\n\nIt has one paragraph.\n\nAnd it has another.\n"
EARLIER = """
from msgspec.structs import replace
from narrated.cli.main import main
from narrated.config.values import Config
today = Config.settings.fget
Config.settings = property(lambda config: replace(today(config), steady_takes=False))
main()
"""
"""The earlier version knew no such options."""


def test_update_keeps_published_takes(tmp_path: Path) -> None:
    """A renamed post keeps the takes of before such options; an edit speaks all of it with them."""
    daemon = Daemon(tmp_path, **toy(tmp_path, steady='{"min_eos_p": 0.2}'))
    daemon.drop("post.md", POST)
    command = [sys.executable, "-c", EARLIER, "--config", str(daemon.config), "once", "--quiet"]
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "daemon")}
    subprocess.run(command, env=environ, check=True)
    spoken = len(daemon.spoken)
    with daemon:
        daemon.drop("lexicon.yaml", "words: {unheard: of}\n")
        (daemon.inbox / "post.md").rename(daemon.inbox / "renamed.md")
        daemon.published("renamed", POST)
        daemon.wait_idle()
        assert len(daemon.spoken) == spoken
        edited = POST.replace("another", "a second")
        daemon.drop("renamed.md", edited)
        daemon.published("renamed", edited)
        assert len(daemon.spoken) == 2 * spoken
    assert daemon.manifest("renamed")["settings"]["script"]["steady_takes"] is True
