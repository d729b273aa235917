"""The files that an installation writes, into a root of the test's own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from narrated.config import file as configuration
from narrated.errors import ConfigurationError, StorageError
from narrated.install import commented, install
from narrated.systemd_units import quoted, shipped

DROP_IN = "etc/systemd/system/narrated.service.d/10-paths.conf"
CONFIG = "etc/narrated/narrated.yaml"
PUSH = (
    "narrated-push.path",
    "narrated-push-page.path",
    "narrated-push.service",
    "narrated-push-again.service",
)


def contents(root: Path) -> dict[str, str]:
    """Every file below a root, and what stands in it."""
    return {
        str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()
    }


def settings(text: str) -> list[str]:
    """The lines of a unit that set something."""
    return [line for line in text.splitlines() if re.match(r"\w+=", line)]


def with_config(root: Path, text: str) -> None:
    """Put a configuration where the box has its own."""
    (root / CONFIG).parent.mkdir(parents=True)
    (root / CONFIG).write_text(text)


def test_installs_every_file(tmp_path: Path) -> None:
    """An installation writes unit, account, folders and configuration."""
    install(root=tmp_path)
    assert set(contents(tmp_path)) == {
        "etc/systemd/system/narrated.service",
        DROP_IN,
        "etc/systemd/system/narrated-serve.service",
        "etc/systemd/system/narrated-serve.service.d/10-paths.conf",
        "etc/systemd/system/narrated-serve.socket",
        *(f"etc/systemd/system/{unit}" for unit in PUSH),
        *(f"etc/systemd/system/{unit}.d/10-paths.conf" for unit in PUSH),
        "etc/systemd/system/narrated-worker@.service",
        "etc/systemd/system/narrated-worker@.service.d/10-paths.conf",
        "etc/systemd/system/narrated-worker@.socket",
        "etc/systemd/system/narrated-bridge@.service",
        "etc/systemd/system/narrated-bridge@.service.d/10-paths.conf",
        "etc/systemd/system/narrated-bridge@.socket",
        "etc/narrated/workers/ssh_config",
        "etc/narrated/push/push.conf",
        "etc/narrated/push/rclone.filter",
        "etc/narrated/push/ssh_config",
        "etc/sysusers.d/narrated.conf",
        "etc/tmpfiles.d/narrated.conf",
        CONFIG,
        "etc/narrated/lexicon.yaml",
    }


def test_unit_command(
    tmp_path: Path,
) -> None:
    """The unit runs this interpreter's program with the machine's configuration."""
    install(root=tmp_path)
    program = Path(sys.executable).with_name("narrated")
    command = f'"{program}" --config "/etc/narrated/narrated.yaml"'
    assert settings((tmp_path / DROP_IN).read_text())[:4] == [
        "ExecStart=",
        f"ExecStart={command} run",
        "ExecReload=",
        f"ExecReload={command} reload --quiet",
    ]


def test_umask_is_irrelevant(tmp_path: Path) -> None:
    """The service can read the installed files, whatever the umask."""
    before = os.umask(0o077)
    try:
        install(root=tmp_path)
    finally:
        os.umask(before)
    assert (tmp_path / CONFIG).stat().st_mode & 0o777 == 0o644
    assert (tmp_path / CONFIG).parent.stat().st_mode & 0o777 == 0o755


def test_second_installation(tmp_path: Path) -> None:
    """A second installation changes nothing."""
    install(root=tmp_path)
    first = contents(tmp_path)
    said = install(root=tmp_path)
    assert contents(tmp_path) == first
    assert said
    assert all(line.startswith("Kept ") for line in said)


def test_configuration_is_kept(tmp_path: Path) -> None:
    """An edited configuration is kept, and names the folders."""
    with_config(tmp_path, "inbox: /data/drop\noutbox: /data/heard\n")
    install(root=tmp_path)
    assert (tmp_path / CONFIG).read_text() == "inbox: /data/drop\noutbox: /data/heard\n"
    assert 'ReadWritePaths="-/data"' in (tmp_path / DROP_IN).read_text()
    assert 'd "/data/drop" :2775' in (tmp_path / "etc/tmpfiles.d/narrated.conf").read_text()


def test_other_folders_refused(tmp_path: Path) -> None:
    """Folders that contradict the configuration are refused."""
    with_config(tmp_path, "inbox: /data/drop\noutbox: /data/heard\n")
    with pytest.raises(ConfigurationError, match="inbox: /data/drop") as refused:
        install(root=tmp_path, inbox=Path("/elsewhere/drop"))
    assert "leave --inbox out" in refused.value.remedy


def test_outdated_unit_replaced(tmp_path: Path) -> None:
    """An outdated unit is replaced."""
    install(root=tmp_path)
    unit = tmp_path / "etc/systemd/system/narrated.service"
    unit.write_text("[Service]\nExecStart=/bin/false\n")
    assert any(line == f"Wrote {unit}" for line in install(root=tmp_path))
    assert unit.read_text() == shipped("systemd/narrated.service")


def test_read_only_inbox_in_unit(tmp_path: Path) -> None:
    """A service that keeps the inbox can only read it."""
    install(root=tmp_path)
    lines = settings((tmp_path / DROP_IN).read_text())
    assert 'ReadOnlyPaths="-/srv/narrated/inbox"' in lines
    assert 'ReadWritePaths="-/srv/narrated"' in lines


def test_writable_archive_in_unit(tmp_path: Path) -> None:
    """With `after: archive`, inbox and archive are writable."""
    with_config(
        tmp_path, "inbox: /a/in\noutbox: /b/out\nafter: archive\narchive: /c/old\nstate: /d/state\n"
    )
    install(root=tmp_path)
    lines = settings((tmp_path / DROP_IN).read_text())
    writable = {line for line in lines if line.startswith("ReadWritePaths=")}
    assert writable == {
        "ReadWritePaths=",
        'ReadWritePaths="-/a"',
        'ReadWritePaths="-/b"',
        'ReadWritePaths="-/c/old"',
        'ReadWritePaths="-/d/state"',
    }
    assert not any("/a/in" in line for line in lines)


def test_home_folders_are_bound(tmp_path: Path) -> None:
    """Folders in a home are bind-mounted into the service."""
    with_config(tmp_path, "inbox: /home/ann/sync/in\noutbox: /home/ann/out/heard\n")
    install(root=tmp_path)
    lines = settings((tmp_path / DROP_IN).read_text())
    assert "ProtectHome=tmpfs" in lines
    assert 'BindReadOnlyPaths="-/home/ann/sync"' in lines
    assert 'BindPaths="-/home/ann/out"' in lines


def test_models_in_a_home(tmp_path: Path) -> None:
    """The service can read models and voices in a home."""
    with_config(
        tmp_path,
        "inbox: /srv/narrated/inbox\noutbox: /srv/narrated/outbox\n"
        "models: {folder: /home/ann/models, voices: /srv/voices}\n",
    )
    install(root=tmp_path)
    lines = settings((tmp_path / DROP_IN).read_text())
    assert 'BindReadOnlyPaths="-/home/ann/models"' in lines
    assert not any("/srv/voices" in line for line in lines)  # the service sees it anyway


@pytest.mark.parametrize("folder", ["/data", "/srv", "/home/ann"])
def test_shared_folder_refused(folder: str, tmp_path: Path) -> None:
    """A home or a system folder is not shared with the group."""
    with pytest.raises(ConfigurationError, match="with the group"):
        install(root=tmp_path, inbox=Path(folder), outbox=Path("/opt/a/b"))
    assert contents(tmp_path) == {}


def test_server_sees_outbox_and_token(tmp_path: Path) -> None:
    """The service that serves the podcast sees this box's outbox and token alone."""
    with_config(tmp_path, "inbox: /data/in\noutbox: /home/ann/out\nstate: /data/state\n")
    install(root=tmp_path)
    units = tmp_path / "etc/systemd/system"
    lines = settings((units / "narrated-serve.service.d/10-paths.conf").read_text())
    assert lines[1].endswith('narrated" --config "/etc/narrated/narrated.yaml" serve')
    assert lines[2:] == [
        "InaccessiblePaths=",
        'InaccessiblePaths="-/data/in"',
        'InaccessiblePaths="-/var/cache/narrated"',
        "InaccessiblePaths=-/run/narrated -/run/lock",
        "BindReadOnlyPaths=",
        "ProtectHome=tmpfs",
        'BindReadOnlyPaths="-/home/ann"',
        'TemporaryFileSystem="/data/state:ro"',
        'BindReadOnlyPaths="/data/state/serve"',
    ]
    folders = (tmp_path / "etc/tmpfiles.d/narrated.conf").read_text()
    assert 'd "/data/state/serve" :0700 :narrated :narrated' in folders


def test_gpu_drop_in(tmp_path: Path) -> None:
    """The drop-in for a GPU is written with --gpu only."""
    install(root=tmp_path, gpu=True)
    gpu = tmp_path / "etc/systemd/system/narrated.service.d/20-gpu.conf"
    assert gpu.read_text() == shipped("systemd/narrated-gpu.conf")


def test_dry_run(tmp_path: Path) -> None:
    """A dry run names every file and writes nothing."""
    said = install(root=tmp_path, dry_run=True)
    assert contents(tmp_path) == {}
    assert "Would write /etc/narrated/narrated.yaml" in said
    assert "Would run systemd-sysusers /etc/sysusers.d/narrated.conf" in said
    assert any("systemctl enable --now narrated" in line for line in said)


def test_unwritable_place_named(tmp_path: Path) -> None:
    """A path that cannot be written is named."""
    (tmp_path / "etc").write_text("a file where a folder should be")
    with pytest.raises(StorageError, match=re.escape(f"{tmp_path}/etc/")):
        install(root=tmp_path)


def test_user_installation(tmp_path: Path) -> None:
    """A user's installation writes into the user's folders."""
    program = (
        "import sys; from pathlib import Path; from narrated.install import install;"
        "print(*install(user=True, root=Path(sys.argv[1])), sep='\\n')"
    )
    environment = {"PYTHONPATH": os.pathsep.join(sys.path), "HOME": "/home/ann", "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    written = contents(tmp_path)
    assert set(written) == {
        "home/ann/.config/systemd/user/narrated.service",
        "home/ann/.config/systemd/user/narrated.service.d/10-paths.conf",
        *(f"home/ann/.config/systemd/user/{unit}" for unit in PUSH),
        *(f"home/ann/.config/systemd/user/{unit}.d/10-paths.conf" for unit in PUSH),
        "home/ann/.config/narrated/push/push.conf",
        "home/ann/.config/systemd/user/narrated-serve.service",
        "home/ann/.config/systemd/user/narrated-serve.service.d/10-paths.conf",
        "home/ann/.config/systemd/user/narrated-serve.socket",
        "home/ann/.config/narrated/narrated.yaml",
        "home/ann/.config/narrated/lexicon.yaml",
    }
    assert "/home/ann/narrated/inbox" in written["home/ann/.config/narrated/narrated.yaml"]
    assert done.stderr == ""


@pytest.mark.parametrize(
    "folder", ["/srv/a b", '/srv/"quoted"', "/srv/50% $HOME", r"/srv/back\1slash", "/srv/: é 日 #"]
)
def test_any_folder_name(folder: str) -> None:
    """The written configuration can hold any folder's name."""
    text = commented(Path(folder) / "in", Path(folder) / "out")
    config = configuration.parse(text, Path("/etc/narrated/narrated.yaml"), {})
    assert config.inbox == Path(folder) / "in"
    assert config.outbox == Path(folder) / "out"


def test_unprintable_path_refused() -> None:
    """A path that would end a unit's line is refused."""
    with pytest.raises(ConfigurationError, match="unprintable characters"):
        quoted("/srv/a\nExecStart=/bin/sh")


def test_folders_of_roots_own_are_told(tmp_path: Path) -> None:
    """A kept configuration with folders in /root stays as it is, with advice."""
    with_config(tmp_path, "inbox: /root/narrated/inbox\noutbox: /srv/narrated/outbox\n")
    said = install(root=tmp_path, dry_run=True)
    assert any("`inbox: /root/narrated/inbox`, which only root can enter" in line for line in said)
    assert any("set `inbox: /srv/narrated/inbox`" in line for line in said)
    assert not any("outbox: /srv/narrated/outbox`, which" in line for line in said)


@pytest.mark.skipif(os.geteuid() != 0, reason="root's umask closes the file to the service")
def test_closed_configuration_is_told(tmp_path: Path) -> None:
    """A kept configuration that the service cannot read is told with the command that opens it."""
    with_config(tmp_path, "inbox: /data/drop\noutbox: /data/heard\n")
    (tmp_path / CONFIG).chmod(0o600)
    said = install(root=tmp_path)
    told = f"Kept {tmp_path / CONFIG}, which the service cannot read: sudo chmod a+r"
    assert any(told in line for line in said)
    assert (tmp_path / CONFIG).stat().st_mode & 0o777 == 0o600
