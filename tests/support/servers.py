"""A real sshd and a real rsync daemon on the loopback device, for the account that runs tests."""

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from support.daemon import wait

SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
MISSING = ", ".join(
    name for name in ("ssh", "scp", "sftp", "ssh-keygen", "rsync") if shutil.which(name) is None
) or ("" if SSHD else "sshd")
_SFTP = ("/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server")
_SEPARATION = Path("/run/sshd")


@dataclass(frozen=True, slots=True)
class Ssh:
    """An sshd that lets this account in as `box`, for every client that is given `config`."""

    config: Path

    @property
    def shell(self) -> str:
        """The argument of `rsync -e`."""
        return f"ssh -F {self.config}"


@contextlib.contextmanager
def sshd(home: Path) -> Iterator[Ssh]:
    """Serve ssh, scp and sftp from a folder of keys and settings, until the context ends."""
    assert SSHD is not None
    home.mkdir(mode=0o700)
    for key in ("host", "user"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(home / key)]
        subprocess.run(command, check=True)
    port = free_port()
    host_key = (home / "host.pub").read_text()
    (home / "known_hosts").write_text(f"[127.0.0.1]:{port} {host_key}")
    (home / "sshd_config").write_text(_settings(home, port))
    (home / "config").write_text(_client(home, port))
    if os.geteuid() == 0:
        _SEPARATION.mkdir(mode=0o755, exist_ok=True)  # where no package's boot has made it
    command = [SSHD, "-D", "-e", "-f", str(home / "sshd_config")]
    with serving_on(command, home / "log", port):
        yield Ssh(home / "config")


@contextlib.contextmanager
def rsyncd(home: Path, folder: Path) -> Iterator[str]:
    """Serve a folder by rsync's own protocol; gives the URL to send to."""
    home.mkdir()
    port = free_port()
    owner = f"uid = {os.geteuid()}\ngid = {os.getegid()}\n" if os.geteuid() == 0 else ""
    settings = f"use chroot = no\n{owner}[inbox]\npath = {folder}\nread only = no\n"
    (home / "rsyncd.conf").write_text(settings)
    command = ["rsync", "--daemon", "--no-detach", "--address=127.0.0.1", f"--port={port}"]
    command += [f"--config={home / 'rsyncd.conf'}", f"--log-file={home / 'served'}"]
    with serving_on(command, home / "log", port):
        yield f"rsync://127.0.0.1:{port}/inbox"


def _settings(home: Path, port: int) -> str:
    sftp = next((path for path in _SFTP if Path(path).exists()), "internal-sftp")
    return f"""
        ListenAddress 127.0.0.1:{port}
        HostKey {home / "host"}
        AuthorizedKeysFile {home / "user.pub"}
        PidFile none
        StrictModes no
        UsePAM no
        PasswordAuthentication no
        Subsystem sftp {sftp}
    """


def _client(home: Path, port: int) -> str:
    return f"""
        Host box
            HostName 127.0.0.1
            Port {port}
            User {getpass.getuser()}
            IdentityFile {home / "user"}
            IdentitiesOnly yes
            UserKnownHostsFile {home / "known_hosts"}
            StrictHostKeyChecking yes
            BatchMode yes
    """


def free_port() -> int:
    """Return a port of loopback on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextlib.contextmanager
def serving_on(
    command: list[str], log: Path, port: int, env: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Run a server of a port until the context ends; its output goes to `log`."""
    with log.open("wb") as written:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=written, stderr=written, env=env
        )
    try:
        wait(lambda: process.poll() is not None or answers_on(port), log.read_text)
        assert process.poll() is None, log.read_text()
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def answers_on(port: int) -> bool:
    """True if something listens on a port of loopback."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
