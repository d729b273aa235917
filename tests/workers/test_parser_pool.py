"""Readers of sources: a hostile file ends one reader, and is told what it did."""

import asyncio
import errno
import os
import textwrap

import msgspec
import pytest

from narrated.errors import ParserUnavailable, SourceError, SourceTookTooLong
from narrated.script.script import Draft, ReadingSettings
from narrated.workers.parser_pool import SMALL_BYTES, ParserPool

STANDIN = """
    import os, sys, time
    from narrated.workers.protocol import ChildChannel, die_with_parent

    die_with_parent()
    wire = ChildChannel.inherited(int(sys.argv[-1]))
    asked = 0
    while (frame := wire.receive()) is not None:
        header, payload = frame
        asked += 1
        what = header["do"]
        if what == "die":
            os._exit(3)
        if what == "die unless first" and asked > 1:
            os._exit(4)
        if what == "hang":
            time.sleep(60)
        if what == "eat":
            hoard = bytearray(8 << 30)
        if what == "wait":
            while not os.path.exists(header["for"]):
                time.sleep(0.01)
        if what == "nonsense":
            os.write(int(sys.argv[-1]), b"\\xff" * 20)
            continue
        if what == "backtrack" and not header["backtracking"]:
            wire.send({"backtracks": True})
            continue
        if what == "fail":
            wire.send({"failed": {"problem": "It is no text.", "remedy": "Save it again."}})
            continue
        wire.send({"ok": True}, f"{os.getpid()} {asked} ".encode() + payload[:100])
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "standin_parser.py").write_text(textwrap.dedent(STANDIN))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "standin_parser"


def telling(story, parsers):
    async def whole():
        try:
            await story(parsers)
        finally:
            await parsers.stop()

    asyncio.run(whole())


def test_one_child_answers_in_turn(module):
    """One child answers one question after another."""

    async def story(parsers):
        answers = await asyncio.gather(
            *(parsers.ask({"do": "plan"}, str(n).encode()) for n in range(5))
        )
        pids, counts, payloads = zip(*(answer.split() for answer in answers), strict=True)
        assert len(set(pids)) == 1
        assert counts == (b"1", b"2", b"3", b"4", b"5")
        assert payloads == (b"0", b"1", b"2", b"3", b"4")

    telling(story, ParserPool(module=module))


def test_unreadable_source_says_why(module):
    """An unreadable source says why, with the remedy."""

    async def story(parsers):
        with pytest.raises(SourceError, match="no text") as failed:
            await parsers.ask({"do": "fail"}, b"")
        assert failed.value.remedy == "Save it again."
        assert (await parsers.ask({"do": "plan"}, b"")).split()[1] == b"2"

    telling(story, ParserPool(module=module))


def test_second_crash_blames_source(module):
    """A source that crashes its parser twice is refused."""

    async def story(parsers):
        with pytest.raises(SourceError, match=r"crashed twice.*exit status 3"):
            await parsers.ask({"do": "die"}, b"")
        assert await parsers.ask({"do": "plan"}, b"well")

    telling(story, ParserPool(module=module))


def test_first_crash_is_retried(module):
    """A source is parsed again by a new child after one crash."""

    async def story(parsers):
        first = (await parsers.ask({"do": "plan"}, b"")).split()
        second = (await parsers.ask({"do": "die unless first"}, b"")).split()
        assert second[0] != first[0]
        assert second[1] == b"1"

    telling(story, ParserPool(module=module))


def test_slow_source_is_given_up(module):
    """A source that takes too long is given up."""

    async def story(parsers):
        with pytest.raises(SourceError, match=r"longer than 3 seconds"):
            await parsers.ask({"do": "hang"}, b"")
        assert await parsers.ask({"do": "plan"}, b"")

    telling(story, ParserPool(time_limit_s=3, module=module))


def test_memory_bomb_ends_its_parser(module):
    """A source that takes too much memory ends only its parser."""

    async def story(parsers):
        with pytest.raises(SourceError, match="crashed twice"):
            await parsers.ask({"do": "eat"}, b"")

    telling(story, ParserPool(memory_bytes=1 << 30, module=module))


def test_invalid_answer_ends_parser(module):
    """A parser that sends an invalid frame is replaced."""

    async def story(parsers):
        with pytest.raises(SourceError, match="crashed twice"):
            await parsers.ask({"do": "nonsense"}, b"")
        assert await parsers.ask({"do": "plan"}, b"")

    telling(story, ParserPool(module=module))


def test_cancel_keeps_answers_apart(module):
    """The next question does not get the answer to a cancelled one."""

    async def story(parsers):
        asking = asyncio.create_task(parsers.ask({"do": "hang"}, b""))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asking, 0.3)
        answer = await parsers.ask({"do": "plan"}, b"the next")
        assert answer.endswith(b"the next")

    telling(story, ParserPool(module=module))


def test_small_source_does_not_wait(module, tmp_path):
    """A small source does not wait for a large one."""

    async def story(parsers):
        signal = tmp_path / "signal"
        large = asyncio.create_task(
            parsers.ask({"do": "wait", "for": str(signal)}, bytes(SMALL_BYTES))
        )
        assert await parsers.ask({"do": "plan"}, b"small")
        assert not large.done()
        signal.touch()
        assert await large

    telling(story, ParserPool(count=2, module=module))


def test_slow_folder_is_held_apart(module):
    """After one slow source, its folder's others hold up no other folder's, in either order."""

    async def story(parsers):
        slow = [
            asyncio.create_task(parsers.ask({"do": "hang"}, b"", path))
            for path in ("slow/a.md", "slow/b.md", "slow/deep/c.md", "slow/d.md")
        ]
        await asyncio.sleep(0)
        assert await parsers.ask({"do": "plan"}, b"", "slower/note.md")
        assert sum(each.done() for each in slow) < 3
        for each in slow:
            each.cancel()
        await asyncio.wait(slow)
        assert await parsers.ask({"do": "plan"}, b"", "slow/good.md")

    telling(story, ParserPool(time_limit_s=3, module=module))


def test_long_parses_hold_a_folder_apart(module, tmp_path):
    """A source that takes seconds has its folder parsed apart, until one of it is quick again."""

    async def story(parsers):
        marks = [tmp_path / "first", tmp_path / "second"]
        first = asyncio.create_task(
            parsers.ask({"do": "wait", "for": str(marks[0])}, b"", "slow/a.md")
        )
        marks[0].touch()
        usual = (await first).split()[0]
        second = asyncio.create_task(
            parsers.ask({"do": "wait", "for": str(marks[1])}, b"", "slow/b.md")
        )
        assert (await parsers.ask({"do": "plan"}, b"", "other/note.md")).split()[0] == usual
        assert not second.done()
        marks[1].touch()
        apart = (await second).split()[0]
        assert apart != usual

    telling(story, ParserPool(module=module, slow_s=0.0))


def test_quick_folder_is_apart_no_more(module):
    """A folder whose sources only took seconds goes back once one of them is quick."""

    async def story(parsers):
        parsers.slow_s = 0.0
        usual = (await parsers.ask({"do": "plan"}, b"", "slow/a.md")).split()[0]
        parsers.slow_s = 3600.0
        apart, back = [
            (await parsers.ask({"do": "plan"}, b"", "slow/a.md")).split()[0] for _ in "ab"
        ]
        assert (apart != usual, back) == (True, usual)

    telling(story, ParserPool(module=module))


def test_backtracking_has_its_own_child(module):
    """A source that needs `re` for its lexicon goes to the child that is kept for that."""

    async def story(parsers):
        plain = (await parsers.ask({"do": "plan"}, b"")).split()
        kept = [(await parsers.ask({"do": "backtrack"}, b"text")).split() for _ in range(2)]
        assert [each[1:] for each in kept] == [[b"1", b"text"], [b"2", b"text"]]
        assert kept[0][0] != plain[0]

    telling(story, ParserPool(module=module))


def test_slow_root_is_no_folder_above(module):
    """A slow source at the inbox's root holds up no folder below it."""

    async def story(parsers):
        with pytest.raises(SourceTookTooLong):
            await parsers.ask({"do": "hang"}, b"", "a.md")
        second = asyncio.create_task(parsers.ask({"do": "hang"}, b"", "b.md"))
        await asyncio.sleep(0)
        assert await parsers.ask({"do": "plan"}, b"", "folder/note.md")
        assert not second.done()
        second.cancel()
        await asyncio.wait([second])

    telling(story, ParserPool(time_limit_s=3, module=module))


def test_parser_that_does_not_start():
    """A parser that does not start blames no source, and says what it wrote last."""

    async def story(parsers):
        with pytest.raises(ParserUnavailable, match=r"exit status 1.*No module named"):
            await parsers.ask({"do": "plan"}, b"")

    telling(story, ParserPool(module="no_such_module"))


def test_refused_fork_blames_no_source(module, monkeypatch):
    """A process that the kernel refuses blames no source, and the next request starts one."""

    async def refused(*command, **named):
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    async def story(parsers):
        with monkeypatch.context() as patched:
            patched.setattr(asyncio, "create_subprocess_exec", refused)
            with pytest.raises(ParserUnavailable, match="temporarily unavailable"):
                await parsers.ask({"do": "plan"}, b"")
        assert await parsers.ask({"do": "plan"}, b"")

    telling(story, ParserPool(module=module))


def test_oversized_question_is_refused(module):
    """A question too large for a frame is refused."""

    async def story(parsers):
        with pytest.raises(SourceError, match="limit"):
            await parsers.ask({"do": "plan", "lexicon": "x" * (2 << 20)}, b"")
        assert await parsers.ask({"do": "plan"}, b"")

    telling(story, ParserPool(module=module))


def test_the_real_reader_plans_a_post():
    async def story(parsers):
        settings = msgspec.to_builtins(ReadingSettings())
        engines = {"limits": {"espeak": 600}}
        header = {
            "captions": {},
            "lexicons": [],
            "folders": [],
            "settings": settings,
            "engines": engines,
        }
        reply = await parsers.ask({"do": "plan", "name": "a.md", **header}, b"# Hi\n\nHello.")
        plan = msgspec.json.decode(reply, type=Draft)
        assert plan.title == "Hi"
        assert "Hello." in [chunk.text for chunk in plan.chunks]

    telling(story, ParserPool())


def test_no_question_starts_no_child():
    """Without a question no child starts."""
    telling(lambda parsers: asyncio.sleep(0), ParserPool(module="no_such_module"))
