"""Real web servers for an outbox: Caddy, as docs/serving.md has it, and `narrated serve`."""

import contextlib
import os
import re
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from support.daemon import TESTS, Daemon, wait
from support.servers import answers_on, serving_on

MISSING = "" if shutil.which("caddy") else "caddy"

Serving = Callable[[Daemon, int, Path], AbstractContextManager[None]]
"""Serves the outbox of a daemon at a port, with a folder of its own."""

_DOC = TESTS.parent / "docs/serving.md"
_SITE = re.compile(r"^[^\s#({][^\n]*\{$", re.M)
_ROOT = re.compile(r"^(\s*root\s+(?:\*\s+)?)/\S+", re.M)


def caddy_file(site: str, outbox: Path) -> str:
    """The first configuration of Caddy in docs/serving.md, for another site and outbox."""
    section = _DOC.read_text().partition("\n## Caddy\n")[2].partition("\n## ")[0]
    written = section.partition("\n```")[2].partition("\n")[2].partition("\n```")[0]
    told, sites = _SITE.subn(f"{site} {{", written, count=1)
    told, roots = _ROOT.subn(rf"\g<1>{outbox}", told)
    assert (sites, roots) == (1, 1), f"one site with one root, please:\n{written}"
    return told


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
