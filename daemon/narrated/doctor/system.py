"""What the box gives: encoders, room on its disks, watches, and a service manager."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from narrated.audio.formats import FORMATS
from narrated.config.values import Config
from narrated.doctor.account import Account
from narrated.doctor.finding import Finding, is_folder, shown, typed, warning, well, wrong
from narrated.systemd_units import drop_in_for_box, shipped

_SCARCE_BYTES = 1_000_000_000
_NONE_LEFT_BYTES = 100_000_000
_INSTANCES = 16
_UNITS = Path("/etc/systemd/system")


def encoders(config: Config) -> Iterator[Finding]:
    """Whether the format that is wished for can be written."""
    # These load FFmpeg and libsndfile; whoever asks for --help need not wait for that.
    import av
    import soundfile

    codec = FORMATS[config.audio.format].codec
    try:
        if codec == "libvorbis":
            able = soundfile.check_format("OGG", "VORBIS")
        else:
            able = av.Codec(codec, "w").is_encoder
    except av.FFmpegError:
        able = False
    if able:
        yield well("encoder", f"{config.audio.format} is encoded by {codec}.")
    else:
        yield wrong(
            "encoder",
            f"There is no {codec}, which writes {config.audio.format}.",
            "pip install --force-reinstall av soundfile, or set `audio: {format: flac}`.",
        )


def disks(config: Config) -> Iterator[Finding]:
    """Room for what is published, kept and cached."""
    for name, folder in (
        ("outbox", config.outbox),
        ("state", config.state),
        ("cache", config.cache),
    ):
        yield _room(f"{name} disk", folder)
    yield from _room_for_the_cache(config)


def _room(name: str, folder: Path) -> Finding:
    place = _existing(folder)
    free = shutil.disk_usage(place).free
    entries = os.statvfs(place)
    remedy = f"Free some: sudo du -xh --max-depth=2 {typed(place)} | sort -h | tail"
    if entries.f_files and entries.f_favail < 1000:
        return wrong(name, f"The disk of {shown(folder)} holds no more files.", remedy)
    if free < _SCARCE_BYTES:
        judged = wrong if free < _NONE_LEFT_BYTES else warning
        return judged(name, f"Only {free / 1e6:.0f} MB are free for {shown(folder)}.", remedy)
    return well(name, f"{free / 1e9:.0f} GB are free for {shown(folder)}.")


def _room_for_the_cache(config: Config) -> Iterator[Finding]:
    free = shutil.disk_usage(_existing(config.cache)).free
    used = _bytes_in(config.cache)
    if used + free < config.cache_limit:
        yield warning(
            "cache limit",
            f"The cache may grow to {config.cache_limit / 1e9:.0f} GB, and there is room for "
            f"{(used + free) / 1e9:.1f}.",
            f"Set `cache_limit: {max(1, int((used + free) / 2e9))}GB`, or move `cache:`.",
        )


def _existing(folder: Path) -> Path:
    return next(each for each in (folder, *folder.parents) if is_folder(each))


def _bytes_in(folder: Path) -> int:
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):  # a running daemon evicts meanwhile
                total += Path(path, name).stat().st_size
    return total


def inotify(config: Config, limits: Path = Path("/proc/sys/fs/inotify")) -> Iterator[Finding]:
    """Whether every folder of the inbox can be watched, and by how much."""
    folders = 1 + sum(len(names) for _, names, _ in os.walk(config.inbox))
    watches = int((limits / "max_user_watches").read_text())
    instances = int((limits / "max_user_instances").read_text())
    if folders * 2 > watches:
        yield warning(
            "inotify watches",
            f"{folders} folders in the inbox, and {watches} watches for an account: what cannot "
            "be watched is only found by looking everywhere.",
            _raised("max_user_watches", max(524_288, folders * 4)),
        )
    else:
        yield well("inotify watches", f"{watches} watches for {folders} folders.")
    if instances < _INSTANCES:
        yield warning(
            "inotify instances",
            f"An account may have {instances} watchers, and others want one too.",
            _raised("max_user_instances", 128),
        )


def _raised(limit: str, value: int) -> str:
    return (
        f"echo fs.inotify.{limit}={value} | sudo tee /etc/sysctl.d/60-narrated-{limit}.conf && "
        "sudo sysctl --system"
    )


def unit(config: Config, account: Account) -> Iterator[Finding]:
    """Whether the service is installed, for these folders, and runs."""
    if not Path("/run/systemd/system").is_dir():
        yield warning(
            "unit", "This box is not run by systemd.", "Start `narrated run` at boot in its way."
        )
        return
    # Who runs it by their own account runs it under their own service manager.
    systemctl = ("systemctl",) if account.is_shared else ("systemctl", "--user")
    state = _shown_by((*systemctl, "show", "narrated.service"))
    yield _running(state, " ".join(("sudo", *systemctl)[not account.is_shared :]))
    if account.is_shared and state.get("LoadState") == "loaded":
        yield _up_to_date(config)


def _shown_by(command: tuple[str, ...]) -> dict[str, str]:
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)


def _running(state: dict[str, str], systemctl: str) -> Finding:
    if state.get("LoadState") != "loaded":
        user = " --user" if "--user" in systemctl else ""
        install = f"narrated install{user}"
        return warning(
            "unit", "The service is not installed.", install if user else f"sudo {install}"
        )
    active = f"{state.get('ActiveState')} ({state.get('SubState')})"
    if state.get("ActiveState") == "failed":
        return wrong(
            "unit", f"The service is {active}.", f"{systemctl} restart narrated, and then status"
        )
    if state.get("ActiveState") != "active" or state.get("UnitFileState") != "enabled":
        return warning(
            "unit",
            f"The service is {active}, {state.get('UnitFileState')}.",
            f"{systemctl} enable --now narrated",
        )
    restarts = f", started again {state.get('NRestarts')} times"
    status = state.get("StatusText", "")
    return well("unit", f"The service is {active}{restarts}. {status}".strip())


def _up_to_date(config: Config) -> Finding:
    wanted = {_UNITS / "narrated.service": shipped("systemd/narrated.service")}
    if config.source is not None:
        drop_in = _UNITS / "narrated.service.d/10-paths.conf"
        wanted[drop_in] = drop_in_for_box(config, config.source)
    for path, text in wanted.items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            return warning(
                "unit files",
                f"{path} is not what this version and this configuration want: the service may "
                "not reach its folders.",
                "sudo narrated install && sudo systemctl restart narrated",
            )
    return well("unit files", "The unit fits this version and this configuration.")
