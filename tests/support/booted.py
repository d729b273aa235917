"""A real systemd for tests, booted in namespaces over a throw-away copy of a root.

The root is this machine's own, or Debian 13's, which `trixie.sh` makes. It needs root, a cgroup2
mount and no container engine, and is up in about a second. Inside, `narrated` stands in
/opt/narrated as on a real box. Not enforced there, so not to be claimed by a test: MemoryMax=,
TasksMax=.
"""

import contextlib
import functools
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
HERE = Path("/")
TRIXIE = CHECKOUT / ".venv" / "trixie"

_PREFIX = "narrated-booted-"
_NAMESPACES = ("--mount", "--pid", "--uts", "--ipc", "--cgroup", "--net")
_PROGRAM = """#!/opt/narrated/bin/python
from narrated.cli.main import main
main()
"""


@dataclass(frozen=True, slots=True)
class Machine:
    """A booted machine: its systemd's process id as seen from here."""

    pid: int

    @property
    def root(self) -> Path:
        """Its root folder, as this side reaches into it."""
        return Path(f"/proc/{self.pid}/root")

    def run(self, *command: str | Path, check: bool = True) -> str:
        """Run a command inside as root; what it wrote, errors too, without the last line end."""
        done = subprocess.run(
            ["nsenter", "-t", str(self.pid), *_NAMESPACES, *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
        )
        if check and done.returncode != 0:
            raise AssertionError(f"{command} ended with {done.returncode}: {done.stdout}")
        return done.stdout.rstrip("\n")

    def shows(self, unit: str, attribute: str) -> str:
        """A property of a unit."""
        return self.run("systemctl", "show", "--value", "-p", attribute, unit)

    def journal(self, *matches: str, output: str = "cat") -> str:
        """The journal's entries for these matches, all of them written out first."""
        self.run("journalctl", "--sync")
        return self.run("journalctl", "-q", "--no-pager", "-o", output, *matches)


def why_not(root: Path = HERE) -> str:
    """The reason why no systemd can be booted here from this root; empty if one can."""
    if not root.is_dir():
        return f"{root} is missing: with root and mmdebstrap, `make test` makes it"
    if os.geteuid() != 0:
        return "booting a systemd needs root"
    if _cgroup2() is None:
        return "booting a systemd needs a cgroup2 mount"
    needed = ("unshare", "nsenter", "setpriv", "systemctl", "journalctl")
    if missing := [name for name in needed if shutil.which(name) is None]:
        return f"booting a systemd needs {', '.join(missing)}"
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode != 0:
        return "booting a systemd needs the right to make namespaces"
    return ""


def until(condition: Callable[[], object], within_s: float = 60) -> None:
    """Wait until the condition holds; AssertionError when it does not come to hold."""
    limit = time.monotonic() + within_s
    pause_s = 0.05
    while not condition():
        assert time.monotonic() < limit, f"not within {within_s} s"
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, 0.4)  # most conditions run a command inside, which costs CPU


@functools.cache
def _compile_program() -> None:
    """Keep narrated's modules compiled: inside, where they are read-only, each start would."""
    modules = "narrated.service.daemon, narrated.workers.host, narrated.parser_process"
    subprocess.run([sys.executable, "-c", f"import narrated.cli.main, {modules}"], check=True)


@contextlib.contextmanager
def booted(root: Path = HERE) -> Iterator[Machine]:
    """Boot a machine from this root; it is gone afterwards, with all that was done in it."""
    _compile_program()
    scratch = Path(tempfile.mkdtemp(prefix=_PREFIX))
    cgroup = _made_cgroup(scratch.name)
    process = _started(scratch, cgroup, root)
    try:
        machine = Machine(_first_process(process))
        until(lambda: _is_up(machine, process, scratch), within_s=60)
        _install_program(machine)
        yield machine
        _power_off(machine, process)
    finally:
        process.kill()
        process.wait()
        _remove_cgroup(cgroup)
        shutil.rmtree(scratch)


def _cgroup2() -> Path | None:
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(place)
    return None


def _made_cgroup(name: str) -> Path:
    mounted = _cgroup2()
    assert mounted is not None
    for left_behind in mounted.glob(f"{_PREFIX}*"):  # by a test run that was killed
        _removed(left_behind)
    cgroup = mounted / name
    cgroup.mkdir()
    return cgroup


def _started(scratch: Path, cgroup: Path, root: Path) -> subprocess.Popen[bytes]:
    flags = [*_NAMESPACES, "--fork", "--kill-child=SIGKILL"]
    script = Path(__file__).with_name("booted.sh")
    binds = [str(CHECKOUT), "/opt/checkout", *_interpreter_binds(root)]
    # Into its cgroup first: the cgroup namespace takes the place that it is made in for its root.
    enter = f'echo 0 > "{cgroup}/cgroup.procs"; exec "$@"'
    # It must not outlive a test run that is killed.
    with_us = ["setpriv", "--pdeathsig", "KILL", "unshare", *flags]
    boot = ["bash", str(script), str(scratch), str(root), *binds]
    command = ["bash", "-c", enter, "enter", *with_us, *boot]
    with (scratch / "boot.log").open("wb") as log:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )


def _interpreter_binds(root: Path) -> list[str]:
    binds = [sysconfig.get_path("purelib"), "/opt/packages"]
    if sys.base_prefix != "/usr":
        return [*binds, sys.base_prefix, "/opt/python"]
    if root == HERE:
        return binds
    # This machine's own interpreter, where the other root has none of its version.
    own = [os.path.realpath(sys.executable), sysconfig.get_path("stdlib")]
    return [*binds, *(place for path in own for place in (path, path))]


def _first_process(process: subprocess.Popen[bytes]) -> int:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    until(lambda: children.exists() and children.read_text().strip())
    return int(children.read_text())


def _is_up(machine: Machine, process: subprocess.Popen[bytes], scratch: Path) -> bool:
    assert process.poll() is None, (scratch / "boot.log").read_text()
    if Path(f"/proc/{machine.pid}/comm").read_text() != "systemd\n":
        return False
    state = machine.run("systemctl", "is-system-running", check=False)
    return state.splitlines()[-1:] in (["running"], ["degraded"])


def _install_program(machine: Machine) -> None:
    """Make /opt/narrated what `python -m venv` and `pip install` would have made it.

    The interpreter and the packages are those of this test run, seen at a place of their own:
    they may well stand in a home, where the service must not look.
    """
    home = Path("/usr/bin") if sys.base_prefix == "/usr" else Path("/opt/python/bin")
    opt = machine.root / "opt/narrated"
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = opt / "lib" / version / "site-packages"
    packages.mkdir(parents=True)
    (opt / "bin").mkdir()
    (opt / "bin/python").symlink_to(home / version)
    (opt / "pyvenv.cfg").write_text(f"home = {home}\ninclude-system-site-packages = false\n")
    (packages / "checkout.pth").write_text("/opt/packages\n/opt/checkout/daemon\n")
    (opt / "bin/narrated").write_text(_PROGRAM)
    (opt / "bin/narrated").chmod(0o755)
    if home.parent != Path("/usr"):
        # Before the machine's own library of that name, which may be an older one.
        (machine.root / "etc/ld.so.conf.d/000-python.conf").write_text(f"{home.parent}/lib\n")
        machine.run("ldconfig")


def _power_off(machine: Machine, process: subprocess.Popen[bytes]) -> None:
    os.kill(machine.pid, signal.SIGRTMIN + 14)  # at once, as systemd(1) has it
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=5)


def _remove_cgroup(cgroup: Path) -> None:
    until(functools.partial(_removed, cgroup))


def _removed(cgroup: Path) -> bool:
    """Try to remove a control group; not while a process is in it."""
    for folder, _, _ in os.walk(cgroup, topdown=False):
        with contextlib.suppress(OSError):
            Path(folder).rmdir()
    return not cgroup.exists()
