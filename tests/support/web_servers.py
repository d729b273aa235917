"""Real web servers for an outbox: Caddy, as docs/serving.md has it, and `narrated serve`."""

import contextlib
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from support.daemon import Daemon, wait
from support.documented import blocks
from support.servers import answers_on, serving_on

MISSING = "" if shutil.which("caddy") else "caddy"

Serving = Callable[[Daemon, int, Path], AbstractContextManager[None]]
"""Serves the outbox of a daemon at a port, with a folder of its own."""


def caddy_file(site: str, outbox: Path) -> str:
    """The first configuration of Caddy in docs/serving.md, for another site and outbox."""
    written = blocks("serving.md", "Caddy", "caddy")[0]
    for old, new in (("podcast.example.org", site), ("/srv/narrated/outbox", str(outbox))):
        assert written.count(old) == 1, f"docs/serving.md has no {old!r}"
        written = written.replace(old, new)
    return written


@contextlib.contextmanager
def caddy(
    daemon: Daemon, port: int, home: Path, *, secure_port: int | None = None
) -> Iterator[None]:
    """Serve by Caddy; at the second port by https, with a certificate of its own authority."""
    sites = ["{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n}"]
    sites.append(caddy_file(f"http://127.0.0.1:{port}", daemon.outbox))
    if secure_port:
        secure = caddy_file(f"https://localhost:{secure_port}", daemon.outbox)
        sites.append(secure.replace(" {\n", " {\n\ttls internal\n", 1))
    (home / "Caddyfile").write_text("\n".join(sites))
    command = ["caddy", "run", "--config", str(home / "Caddyfile"), "--adapter", "caddyfile"]
    own = {"HOME": str(home), "XDG_DATA_HOME": str(home), "XDG_CONFIG_HOME": str(home)}
    with serving_on(command, home / "log", port, {**os.environ, **own}):
        yield


@contextlib.contextmanager
def narrated_serve(daemon: Daemon, port: int, home: Path) -> Iterator[None]:
    """Serve by `narrated serve`."""
    server = daemon.launch("serve", "--port", str(port))
    try:
        wait(lambda: server.poll() is not None or answers_on(port), lambda: daemon.log)
        assert server.poll() is None, daemon.log
        yield
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(10)


def authority(home: Path) -> Path:
    """The certificate of Caddy's own authority, waiting for it."""
    path = home / "caddy/pki/authorities/local/root.crt"
    wait(path.exists, lambda: (home / "log").read_text())
    return path


SERVERS: dict[str, Serving] = {"caddy": caddy, "serve": narrated_serve}
