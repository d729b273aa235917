"""Checks the systemd service: installed, up to date, running."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

from narrated.config.values import Config
from narrated.doctor.finding import Finding, warning, well, wrong
from narrated.doctor.folder_access import Account
from narrated.systemd_units import drop_in_for_box, serve_files, shipped

_UNITS = Path("/etc/systemd/system")


def check_service_unit(config: Config, account: Account) -> Iterator[Finding]:
    """Check that the service is installed for these folders, and runs."""
    if not Path("/run/systemd/system").is_dir():
        yield warning(
            "unit",
            "This machine does not run systemd.",
            "Let your service manager start `narrated run` at boot.",
        )
        return
    # A user's own daemon runs under the user's service manager.
    systemctl = ("systemctl",) if account.is_shared else ("systemctl", "--user")
    state = _properties((*systemctl, "show", "narrated.service"))
    yield _check_state(state, " ".join(("sudo", *systemctl)[not account.is_shared :]))
    if account.is_shared and state.get("LoadState") == "loaded":
        yield _check_unit_files(config)


def _properties(command: tuple[str, ...]) -> dict[str, str]:
    shown = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    return dict(line.split("=", 1) for line in shown.stdout.splitlines() if "=" in line)


def _check_state(state: dict[str, str], systemctl: str) -> Finding:
    if state.get("LoadState") != "loaded":
        install = "narrated install --user" if "--user" in systemctl else "sudo narrated install"
        return warning("unit", "The service is not installed.", install)
    active = f"The service is {state.get('ActiveState')} ({state.get('SubState')})"
    if state.get("ActiveState") == "failed":
        restart = f"{systemctl} restart narrated; {systemctl} status narrated"
        return wrong("unit", f"{active}.", restart)
    enabled = state.get("UnitFileState")
    if state.get("ActiveState") != "active" or enabled != "enabled":
        return warning("unit", f"{active}, {enabled}.", f"{systemctl} enable --now narrated")
    restarts = f", restarted {state.get('NRestarts')} times"
    status = state.get("StatusText", "")
    return well("unit", f"{active}{restarts}. {status}".strip())


def _check_unit_files(config: Config) -> Finding:
    wanted = {_UNITS / "narrated.service": shipped("systemd/narrated.service")}
    if config.source is not None:
        drop_in = _UNITS / "narrated.service.d/10-paths.conf"
        wanted[drop_in] = drop_in_for_box(config, config.source)
        if (_UNITS / "narrated-serve.service").is_file():  # an earlier version had none
            wanted |= dict(serve_files(config, config.source, _UNITS))
    for path, text in wanted.items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            return warning(
                "unit files",
                f"{path} does not fit this version and this configuration: the service may not "
                "reach its folders.",
                "sudo narrated install && sudo systemctl restart narrated",
            )
    return well("unit files", "The unit fits this version and this configuration.")
