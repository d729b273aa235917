"""What an installation writes, into a root of the test's own."""

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


def test_the_box_gets_a_unit_an_account_folders_and_a_configuration(tmp_path: Path) -> None:
    install(root=tmp_path)
    assert set(contents(tmp_path)) == {
        "etc/systemd/system/narrated.service",
        DROP_IN,
        "etc/sysusers.d/narrated.conf",
        "etc/tmpfiles.d/narrated.conf",
        CONFIG,
        "etc/narrated/lexicon.yaml",
    }


def test_the_unit_runs_this_interpreters_program_with_the_boxs_configuration(
    tmp_path: Path,
) -> None:
    install(root=tmp_path)
    program = Path(sys.executable).with_name("narrated")
    assert settings((tmp_path / DROP_IN).read_text())[:2] == [
        "ExecStart=",
        f'ExecStart="{program}" --config "/etc/narrated/narrated.yaml" run',
    ]


def test_what_it_writes_can_be_read_by_the_service_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        install(root=tmp_path)
    finally:
        os.umask(before)
    assert (tmp_path / CONFIG).stat().st_mode & 0o777 == 0o644
    assert (tmp_path / CONFIG).parent.stat().st_mode & 0o777 == 0o755


def test_a_second_installation_changes_nothing(tmp_path: Path) -> None:
    install(root=tmp_path)
    first = contents(tmp_path)
    said = install(root=tmp_path)
    assert contents(tmp_path) == first
    assert said
    assert all(line.startswith("Kept ") for line in said)


def test_an_edited_configuration_is_kept_and_says_where_the_folders_are(tmp_path: Path) -> None:
    with_config(tmp_path, "inbox: /data/drop\noutbox: /data/heard\n")
    install(root=tmp_path)
    assert (tmp_path / CONFIG).read_text() == "inbox: /data/drop\noutbox: /data/heard\n"
    assert 'ReadWritePaths="-/data"' in (tmp_path / DROP_IN).read_text()
    assert 'd "/data/drop" :2775' in (tmp_path / "etc/tmpfiles.d/narrated.conf").read_text()


def test_folders_other_than_the_configurations_are_refused(tmp_path: Path) -> None:
    with_config(tmp_path, "inbox: /data/drop\noutbox: /data/heard\n")
    with pytest.raises(ConfigurationError, match="inbox: /data/drop") as refused:
        install(root=tmp_path, inbox=Path("/elsewhere/drop"))
    assert "leave --inbox out" in refused.value.remedy


def test_an_outdated_unit_is_replaced(tmp_path: Path) -> None:
    install(root=tmp_path)
    unit = tmp_path / "etc/systemd/system/narrated.service"
    unit.write_text("[Service]\nExecStart=/bin/false\n")
    assert any(line == f"Wrote {unit}" for line in install(root=tmp_path))
    assert unit.read_text() == shipped("systemd/narrated.service")


def test_the_inbox_is_read_only_to_the_service_that_keeps_it(tmp_path: Path) -> None:
    install(root=tmp_path)
    lines = settings((tmp_path / DROP_IN).read_text())
    assert 'ReadOnlyPaths="-/srv/narrated/inbox"' in lines
    assert 'ReadWritePaths="-/srv/narrated"' in lines


def test_an_archive_and_the_inbox_that_it_empties_are_writable(tmp_path: Path) -> None:
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


def test_folders_in_a_home_are_bound_into_the_service(tmp_path: Path) -> None:
    with_config(tmp_path, "inbox: /home/ann/sync/in\noutbox: /home/ann/out/heard\n")
    install(root=tmp_path)
    lines = settings((tmp_path / DROP_IN).read_text())
    assert "ProtectHome=tmpfs" in lines
    assert 'BindReadOnlyPaths="-/home/ann/sync"' in lines
    assert 'BindPaths="-/home/ann/out"' in lines


def test_models_and_voices_in_a_home_can_be_read_by_the_service(tmp_path: Path) -> None:
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
def test_a_home_or_a_system_folder_is_not_handed_to_the_group(folder: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="with the group"):
        install(root=tmp_path, inbox=Path(folder), outbox=Path("/opt/a/b"))
    assert contents(tmp_path) == {}


def test_the_drop_in_for_a_gpu_is_written_on_request_alone(tmp_path: Path) -> None:
    install(root=tmp_path, gpu=True)
    gpu = tmp_path / "etc/systemd/system/narrated.service.d/20-gpu.conf"
    assert gpu.read_text() == shipped("systemd/narrated-gpu.conf")


def test_a_dry_run_writes_nothing_and_names_every_file(tmp_path: Path) -> None:
    said = install(root=tmp_path, dry_run=True)
    assert contents(tmp_path) == {}
    assert "Would write /etc/narrated/narrated.yaml" in said
    assert "Would run systemd-sysusers /etc/sysusers.d/narrated.conf" in said
    assert any("systemctl enable --now narrated" in line for line in said)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "etc").write_text("a file where a folder should be")
    with pytest.raises(StorageError, match=re.escape(f"{tmp_path}/etc/")):
        install(root=tmp_path)


def test_a_user_gets_a_unit_and_a_configuration_in_their_own_folders(tmp_path: Path) -> None:
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
        "home/ann/.config/narrated/narrated.yaml",
        "home/ann/.config/narrated/lexicon.yaml",
    }
    assert "/home/ann/narrated/inbox" in written["home/ann/.config/narrated/narrated.yaml"]
    assert done.stderr == ""


@pytest.mark.parametrize(
    "folder", ["/srv/a b", '/srv/"quoted"', "/srv/50% $HOME", r"/srv/back\1slash", "/srv/: é 日 #"]
)
def test_the_configuration_holds_any_folders_name(folder: str) -> None:
    text = commented(Path(folder) / "in", Path(folder) / "out")
    config = configuration.parse(text, Path("/etc/narrated/narrated.yaml"), {})
    assert config.inbox == Path(folder) / "in"
    assert config.outbox == Path(folder) / "out"


def test_a_name_that_would_end_a_units_line_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="unprintable characters"):
        quoted("/srv/a\nExecStart=/bin/sh")
