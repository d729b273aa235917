"""Parsers in the whole program: slow sources, and parsers that do not start.

A `sitecustomize` has the daemon's parsers hang at the word HANG, and refuses their start while a
file asks for it.
"""

import shutil
import textwrap
from collections.abc import Iterator

import pytest

from support import consistency
from support.daemon import TESTS, Daemon, wait

TROUBLE = """
    import asyncio, errno, os, sys, time
    from pathlib import Path

    refused = Path(os.environ["REFUSED"])
    why = refused.read_text() if refused.exists() else ""
    if "narrated.parser_process" in sys.orig_argv:
        if why == "the child ends":
            os._exit(1)
        from narrated.script import source_to_draft

        whole = source_to_draft.build_draft

        def hanging(data, *arguments, **named):
            if b"HANG" in data:
                time.sleep(3600)
            return whole(data, *arguments, **named)

        source_to_draft.build_draft = hanging
    elif "narrated.cli.main" in sys.orig_argv:
        start = asyncio.create_subprocess_exec

        async def refusing(*command, **named):
            is_parser = "narrated.parser_process" in command
            if is_parser and refused.exists() and refused.read_text() == "no process":
                raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
            return await start(*command, **named)

        asyncio.create_subprocess_exec = refusing
"""


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    home = tmp_path_factory.mktemp("parsers")
    (home / "site").mkdir()
    (home / "site" / "sitecustomize.py").write_text(textwrap.dedent(TROUBLE))
    started = Daemon(home, workers={"reading": "5s"})
    path = f"{home / 'site'}:{TESTS.parent / 'daemon'}:{TESTS}"
    (home / "refused").write_text("no process")
    started.start("env", PYTHONPATH=path, REFUSED=str(home / "refused"))
    yield started
    started.stop()


@pytest.mark.parametrize("why", ["no process", "the child ends"])
def test_post_waits_for_its_parser(daemon: Daemon, why: str) -> None:
    """A post whose parser cannot be started waits with a note, and goes on by itself."""
    stem = why.replace(" ", "-")
    refused = daemon.home / "refused"
    if not refused.exists():
        refused.write_text(why)
        daemon.drop("hang.md", "HANG")  # ends the parser that runs
        daemon.note("hang")
        (daemon.inbox / "hang.md").unlink()
    daemon.drop(f"{stem}.md", "A post.\n")
    note = daemon.note(stem)
    assert "No parser can be started" in note
    assert "tried again by itself" in note
    # Between two tries it waits.
    wait(lambda: [each["path"] for each in daemon.status()["waiting"]] == [f"{stem}.md"])
    refused.unlink()
    daemon.published(stem, "A post.\n")
    wait(lambda: not (daemon.outbox / f"{stem}.error.txt").exists())


def test_slow_folder_holds_up_no_other(daemon: Daemon) -> None:
    """Sources that take too long hold up their own folder, after the first, however many."""
    (daemon.home / "refused").unlink(missing_ok=True)
    slow = {f"slow/deep/e{number}": f"HANG {number}\n" for number in range(60)}
    for stem, text in slow.items():
        daemon.drop(f"{stem}.md", text)
    wait(lambda: daemon.status()["state"] == "working")
    daemon.drop("elsewhere/note.md", "A note.\n")
    daemon.published("elsewhere/note", "A note.\n")
    notes = list((daemon.outbox / "slow" / "deep").glob("*.error.txt"))
    assert len(notes) < 6
    assert "took longer than 5 seconds" in notes[0].read_text()
    shutil.rmtree(daemon.inbox / "slow" / "deep")
    daemon.drop("slow/good.md", "A good post.\n")
    daemon.drop("slow/deep/good.md", "A good post.\n")
    daemon.published("slow/good", "A good post.\n")
    daemon.published("slow/deep/good", "A good post.\n")
    daemon.wait_idle()
    consistency.verify(daemon)
