"""A child process: alone in its interpreter, bound to its parent, told nothing it need not know."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import textwrap
import venv
from pathlib import Path

import pytest

from narrated.engines.registry import EngineSpec
from narrated.workers.child import LINES_KEPT, ChildProcess
from workers.support import ENGINES, ends_within, running, say, spec, toy


def probed(python="", **changed):
    """The state of a worker's process in that interpreter."""

    async def story():
        probe = EngineSpec("probe", "speech", "process_probe", 400, path=ENGINES, **changed)
        async with running(spec(probe, python=python)) as watched:
            await watched.until(lambda: watched.pool.unavailable("probe"))
            return json.loads(watched.pool.unavailable("probe").problem)

    return asyncio.run(story())


@pytest.fixture(scope="module")
def foreign_python(tmp_path_factory):
    folder = tmp_path_factory.mktemp("interpreter")
    venv.create(folder, with_pip=False)
    return str(folder / "bin" / "python")


def test_foreign_python_sees_narrated(foreign_python):
    """Another interpreter sees narrated, and no other package of ours."""
    seen = probed(foreign_python)
    assert seen["prefix"] == str(Path(foreign_python).parents[1])
    assert seen["packages"] == ["narrated"]
    assert not any("site-packages" in place and sys.prefix in place for place in seen["path"])


def test_another_interpreter_speaks(foreign_python):
    async def story():
        async with running(spec(toy(), python=foreign_python)) as watched:
            assert (await say(await watched.worker(), "Hello")).payload

    asyncio.run(story())


def test_our_python_has_our_packages():
    """Our own interpreter has our packages."""
    assert probed()["packages"] == ["msgspec", "yaml", "narrated"]


def test_worker_environment_is_clean(monkeypatch):
    """A worker is offline and gets no variables of the service manager."""
    monkeypatch.setenv("NOTIFY_SOCKET", "@nowhere")
    monkeypatch.setenv("WATCHDOG_USEC", "1000000")
    monkeypatch.setenv("KEPT", "as it is")
    environment = probed()["environment"]
    assert environment["HF_HUB_OFFLINE"] == environment["TRANSFORMERS_OFFLINE"] == "1"
    assert environment["KEPT"] == "as it is"
    assert not {"NOTIFY_SOCKET", "WATCHDOG_USEC"} & environment.keys()


def test_models_use_huge_pages(monkeypatch):
    """A worker with models asks for huge pages, unless the daemon's environment says otherwise."""
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.hugetlb=0")
    environment = probed(holds_models=True)["environment"]
    assert environment["THP_MEM_ALLOC_ENABLE"] == "1"
    assert environment["GLIBC_TUNABLES"] == "glibc.malloc.hugetlb=0"
    assert "THP_MEM_ALLOC_ENABLE" not in probed()["environment"]


def test_worker_inherits_no_files():
    """A worker reads no stdin and inherits no open files."""
    with Path(__file__).open() as held_open:
        os.set_inheritable(held_open.fileno(), True)
        seen = probed()
    assert seen["stdin"] == "/dev/null"
    assert __file__ not in seen["open"]


def test_worker_is_killed_first_on_oom():
    """The kernel ends a worker before the daemon if memory runs out."""
    ours = int(Path("/proc/self/oom_score_adj").read_text())
    assert probed()["oom_score_adj"] > ours


def test_worker_dies_with_parent():
    """A worker dies with its parent even if it hangs."""
    parent = textwrap.dedent(
        """
        import asyncio
        from workers.support import running, say, spec

        async def story():
            async with running(spec()) as watched:
                worker = await watched.worker()
                say(worker, "HANG")
                print(worker.pid, flush=True)
                await asyncio.sleep(60)

        asyncio.run(story())
        """
    )
    tests = str(Path(__file__).parents[1])
    with subprocess.Popen(
        [sys.executable, "-c", parent],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": tests},
    ) as process:
        assert process.stdout is not None
        worker = int(process.stdout.readline())
        os.kill(process.pid, signal.SIGKILL)
    assert ends_within(worker, 30)


def test_early_orphan_ends_itself():
    """A child ends if its parent is gone before it starts to watch it."""
    orphan = (
        "from narrated.workers.protocol import die_with_parent; die_with_parent(); print('here')"
    )
    done = subprocess.run(
        [sys.executable, "-c", orphan],
        env=os.environ | {"NARRATED_PARENT_PID": "1"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert done.stdout == b""


def module_of(tmp_path, monkeypatch, code):
    (tmp_path / "standin.py").write_text(textwrap.dedent(code))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "standin"


def test_last_stderr_lines_are_kept(tmp_path, monkeypatch):
    """The last lines of stderr are kept, however many, long or strange they are."""
    module = module_of(
        tmp_path,
        monkeypatch,
        r"""
        import sys
        for n in range(100):
            print("line", n, file=sys.stderr)
        sys.stderr.buffer.write(b"x" * 200_000 + b"\n\xff\x1b[31mred\rprogress 10%\rprogress 20%")
        """,
    )

    async def story():
        child = await ChildProcess.start("standin", module)
        assert await child.receive() is None
        assert await child.ended(5) == "ended with exit status 0"
        lines = child.last_lines
        assert len(lines) == LINES_KEPT
        assert lines[-1] == "progress 20%"
        assert lines[-3].endswith("\\x1b[31mred")
        assert all(len(line) <= 2100 for line in lines)

    asyncio.run(story())


def test_open_stderr_does_not_block_end(tmp_path, monkeypatch):
    """A process that inherits a child's stderr does not delay the child's end."""
    module = module_of(
        tmp_path,
        monkeypatch,
        """
        import subprocess, sys
        print(subprocess.Popen(["sleep", "60"]).pid, file=sys.stderr)
        """,
    )

    async def story():
        child = await ChildProcess.start("standin", module)
        begin = asyncio.get_running_loop().time()
        await child.ended(5)
        assert asyncio.get_running_loop().time() - begin < 30
        os.kill(int(child.last_lines[0]), signal.SIGKILL)

    asyncio.run(story())


def test_stuck_child_is_killed(tmp_path, monkeypatch):
    """A child that does not end by itself is killed."""
    module = module_of(tmp_path, monkeypatch, "import time; time.sleep(60)")

    async def story():
        child = await ChildProcess.start("standin", module)
        assert await child.ended(0.1) == "was killed by SIGKILL"

    asyncio.run(story())
