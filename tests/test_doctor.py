"""What the doctor finds on real folders, and that its remedies mend."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import yaml

from engines.checkpoints.tortoise import tortoise
from narrated.audio.formats import FORMATS
from narrated.config import file as configuration
from narrated.config.values import Bytes, Config, EngineConfig
from narrated.config.worker_specs import worker_specs
from narrated.doctor.account import Account, daemon_account
from narrated.doctor.disk_space import check_disk_space
from narrated.doctor.encoder import check_encoder
from narrated.doctor.engines import check_engines
from narrated.doctor.finding import Finding, Severity
from narrated.doctor.folder_rights import check_folder_rights
from narrated.doctor.gpu import check_gpu
from narrated.doctor.inbox_file_system import (
    _WITHOUT_LEASES,
    check_hard_links,
    file_system_type,
)
from narrated.doctor.inotify_limits import check_inotify_limits
from narrated.doctor.run_checks import run_checks
from narrated.doctor.syncthing import check_syncthing
from narrated.workers.engine_probe import probe_engines
from support.lacking import lacking


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every account may enter, as pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def account() -> Account:
    """Somebody who is not root, so that rights mean something."""
    if os.geteuid() == 0:
        return Account("nobody", 65534, 65534, (65534,))
    return Account("ourselves", os.geteuid(), os.getegid(), tuple(os.getgroups()))


@pytest.fixture
def config(place: Path, account: Account) -> Config:
    """A configuration in which that account's folders are made."""
    for name in ("in", "out", "state", "cache"):
        (place / name).mkdir()
        os.chown(place / name, account.uid, account.gid)
    lines = [f"{key}: {place / name}" for key, name in (("inbox", "in"), ("outbox", "out"))]
    lines += [f"state: {place}/state", f"cache: {place}/cache", "cache_limit: 1MB"]
    return configuration.parse("\n".join(lines), place / "narrated.yaml", {"HOME": "/"})


def named(findings: Iterator[Finding], name: str) -> Finding:
    """The one finding of this name."""
    return next(each for each in findings if each.name == name)


def do(finding: Finding) -> None:
    """Type the remedy, as root where the test is."""
    command = finding.remedy.split(" (or ")[0].split("; ")[0].replace("sudo ", "")
    subprocess.run(["sh", "-c", command], check=True, capture_output=True)


def test_on_a_well_box_nothing_is_wrong_and_every_part_is_looked_at(config: Config) -> None:
    findings = list(run_checks(config, lambda: probe_engines(worker_specs(config), {})))
    assert [each for each in findings if each.severity is Severity.WRONG] == []
    names = {each.name for each in findings}
    assert names >= {
        "inbox",
        "inbox files",
        "outbox",
        "leases",
        "inotify watches",
        "outbox disk",
        "state disk",
        "cache disk",
        "unit",
        "encoder",
        "engine espeak",
        "voice of narrator",
    }


def test_whatever_is_not_well_comes_with_a_remedy(config: Config) -> None:
    (config.outbox / ".stfolder").mkdir()
    config = msgspec.structs.replace(config, cache_limit=Bytes(10**18))
    config.inbox.rmdir()
    findings = [
        each
        for each in run_checks(config, lambda: probe_engines(worker_specs(config), {}))
        if each.severity is not Severity.WELL
    ]
    assert {"inbox", "Syncthing outbox", "cache limit"} <= {each.name for each in findings}
    assert all(each.remedy for each in findings)


def test_a_missing_inbox_is_made_by_the_remedy(config: Config, account: Account) -> None:
    config.inbox.rmdir()
    finding = named(check_folder_rights(config, account), "inbox")
    assert finding.severity is Severity.WRONG
    assert str(config.inbox) in finding.text
    do(finding)
    assert config.inbox.is_dir()


def test_a_folder_that_bars_the_way_is_named_and_opened(config: Config, account: Account) -> None:
    barrier = config.outbox / "closed"
    inside = barrier / "out"
    inside.mkdir(parents=True)
    inside.chmod(0o777)
    barrier.chmod(0o600)
    finding = named(
        check_folder_rights(msgspec.structs.replace(config, outbox=inside), account), "outbox"
    )
    barrier.chmod(0o700)
    assert finding.severity is Severity.WRONG
    assert f"cannot enter {barrier}," in finding.text
    assert f"chmod o+x {barrier}" in finding.remedy


def test_an_outbox_that_cannot_be_written_is_wrong(config: Config, account: Account) -> None:
    config.outbox.chmod(0o555)
    finding = named(check_folder_rights(config, account), "outbox")
    assert finding.severity is Severity.WRONG
    assert f"{account.name} cannot write to {config.outbox}" in finding.text
    do(finding)
    assert named(check_folder_rights(config, account), "outbox").severity is Severity.WELL


def test_an_inbox_need_not_be_writable_unless_it_is_emptied(
    config: Config, account: Account
) -> None:
    config.inbox.chmod(0o555)
    assert named(check_folder_rights(config, account), "inbox").severity is Severity.WELL
    emptied = msgspec.structs.replace(config, after="delete")
    assert named(check_folder_rights(emptied, account), "inbox").severity is Severity.WRONG


def test_a_file_that_cannot_be_read_is_found_and_opened_by_the_remedy(
    config: Config, account: Account
) -> None:
    (config.inbox / "posts").mkdir()
    shut = config.inbox / "posts" / "a\nb.md"
    shut.write_text("x")
    shut.chmod(0)
    finding = named(check_folder_rights(config, account), "inbox files")
    assert finding.severity is Severity.WARNING
    assert r"posts/a\nb.md" in finding.text
    do(finding)
    assert shut.stat().st_mode & 0o777 == 0o040


def test_what_is_never_a_document_may_be_unreadable(config: Config, account: Account) -> None:
    (config.inbox / ".stversions").mkdir(mode=0)
    (config.inbox / ".post.md.x").touch(mode=0)
    assert named(check_folder_rights(config, account), "inbox files").severity is Severity.WELL


@pytest.mark.parametrize(
    ("kind", "state"),
    [("ext4", Severity.WELL), ("nfs4", Severity.WARNING), ("fuse.sshfs", Severity.WARNING)],
)
def test_a_network_file_system_is_known_to_have_no_leases(
    kind: str, state: Severity, config: Config
) -> None:
    place = str(config.inbox).replace(" ", r"\040")
    mounts = f"1 0 8:1 / / rw - ext4 /dev/a rw\n2 1 0:9 / {place} rw shared:1 - {kind} box:/ rw\n"
    assert file_system_type(config.inbox / "deep", mounts) == kind
    assert (_WITHOUT_LEASES.fullmatch(kind) is None) == (state is Severity.WELL)


@pytest.mark.parametrize(("guard", "state"), [("0\n", Severity.WARNING), ("1\n", Severity.WELL)])
def test_it_is_told_where_people_may_link_what_they_may_not_read(
    tmp_path: Path, guard: str, state: Severity
) -> None:
    (tmp_path / "guard").write_text(guard)
    (finding,) = check_hard_links(tmp_path / "guard")
    assert finding.severity is state
    assert list(check_hard_links(tmp_path / "no such guard")) == []


def test_syncthing_is_kept_from_unfinished_files_by_the_remedy(config: Config) -> None:
    (config.outbox / ".stfolder").mkdir()
    finding = named(check_syncthing(config), "Syncthing outbox")
    assert finding.severity is Severity.WARNING
    do(finding)
    assert (config.outbox / ".stignore").read_text() == "(?d).narrated-*.tmp\n"
    assert named(check_syncthing(config), "Syncthing outbox").severity is Severity.WELL


def test_without_syncthing_nothing_is_said_of_it(config: Config) -> None:
    assert list(check_syncthing(config)) == []


def test_more_folders_than_watches_are_reported_with_a_limit_that_fits(
    config: Config, tmp_path: Path
) -> None:
    for number in range(10):
        (config.inbox / str(number)).mkdir()
    limits = tmp_path / "limits"
    limits.mkdir()
    (limits / "max_user_watches").write_text("12\n")
    (limits / "max_user_instances").write_text("4\n")
    watches, instances = check_inotify_limits(config, limits)
    assert watches.severity is Severity.WARNING
    assert "fs.inotify.max_user_watches=524288" in watches.remedy
    assert "fs.inotify.max_user_instances=128" in instances.remedy


def test_a_cache_that_may_outgrow_its_disk_is_reported(config: Config) -> None:
    huge = msgspec.structs.replace(config, cache_limit=Bytes(10**18))
    assert named(check_disk_space(huge), "cache limit").severity is Severity.WARNING
    assert all(each.name != "cache limit" for each in check_disk_space(config))


@pytest.mark.parametrize("format_name", FORMATS)
def test_every_format_has_its_encoder(format_name: str, config: Config) -> None:
    text = f"inbox: {config.inbox}\noutbox: {config.outbox}\naudio: {{format: {format_name}}}\n"
    wished = configuration.parse(text, Path("/etc/narrated/narrated.yaml"), {})
    assert [each.severity for each in check_encoder(wished)] == [Severity.WELL]


def test_an_engine_that_cannot_be_loaded_is_wrong_and_the_others_are_not(config: Config) -> None:
    text = (
        f"inbox: {config.inbox}\noutbox: {config.outbox}\n"
        "engines: {mine: {module: no_such_module}}\n"
    )
    wished = configuration.parse(text, Path("/etc/narrated/narrated.yaml"), {})
    states = {
        each.name: each for each in check_engines(wished, probe_engines(worker_specs(wished), {}))
    }
    assert states["engine espeak"].severity is Severity.WELL
    assert states["engine mine"].severity is Severity.WRONG
    assert "no_such_module" in states["engine mine"].text


def test_a_voice_that_its_engine_does_not_have_is_wrong_and_near_ones_are_named(
    config: Config,
) -> None:
    text = (
        f"inbox: {config.inbox}\noutbox: {config.outbox}\n"
        "speech: {voice: en-uss, speakers: {quote: {voice: klingonish}}}\n"
    )
    wished = configuration.parse(text, Path("/etc/narrated/narrated.yaml"), {})
    found = {
        each.name: each for each in check_engines(wished, probe_engines(worker_specs(wished), {}))
    }
    assert found["engine espeak"].severity is Severity.WELL
    assert found["voice of narrator"].severity is Severity.WRONG
    assert "en-us" in found["voice of narrator"].remedy
    assert found["voice of quote"].severity is Severity.WRONG
    assert "klingonish" in found["voice of quote"].text
    assert "`speech: speakers: quote: voice`" in found["voice of quote"].remedy


def test_a_users_daemon_is_their_own_account(config: Config) -> None:
    assert daemon_account(config).uid == os.geteuid()


@pytest.mark.parametrize(
    ("told", "free"),
    [
        ("NVIDIA GeForce RTX 3070, 550.54, 8192, 7000", "7.3 GB of 8.6 GB are free"),
        ("NVIDIA GH200, 550.54, [N/A], [N/A]", "does not report its memory"),
    ],
)
def test_the_doctor_tells_the_card_its_driver_and_its_memory(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str, free: str
) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\necho '{told}'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    (card,) = check_gpu(config)
    assert told.split(",")[0] in card.text and "driver 550.54" in card.text
    assert free in card.text


def test_an_interpreter_apart_that_is_not_there_names_the_command_that_makes_it(
    config: Config,
) -> None:
    entry = EngineConfig(python="/nowhere/bin/python")
    apart = msgspec.structs.replace(config, engines={"tortoise": entry})
    torch = named(check_gpu(apart), "torch")
    assert torch.severity is Severity.WRONG
    assert "Cannot run the interpreter /nowhere/bin/python: No such file or directory" in torch.text
    assert "narrated engines install tortoise --apart" in torch.remedy


def test_an_interpreter_that_is_not_there_is_not_made_by_installing_another_engine(
    config: Config,
) -> None:
    entry = EngineConfig(like="bark", python="/nowhere/bin/python")
    torch = named(check_gpu(msgspec.structs.replace(config, engines={"mine": entry})), "torch")
    assert torch.severity is Severity.WRONG
    assert "Cannot run the interpreter /nowhere/bin/python: No such file or directory" in torch.text
    assert "tortoise" not in torch.remedy
    assert "`engines: mine: python:`" in torch.remedy


def test_a_tortoise_of_another_name_is_made_anew_by_its_command(config: Config) -> None:
    entry = EngineConfig(like="tortoise", python="/nowhere/bin/python")
    calm = msgspec.structs.replace(config, engines={"calm": entry})
    assert "narrated engines install tortoise --apart" in named(check_gpu(calm), "torch").remedy


def test_torch_of_the_folder_that_the_doctor_is_called_in_is_not_run(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "torch.py").write_text("import pathlib; pathlib.Path('ran').touch()\n")
    monkeypatch.chdir(tmp_path)
    bark = msgspec.structs.replace(config, engines={"calm": EngineConfig(like="bark")})
    assert "computes on the" in named(check_gpu(bark), "torch").text
    assert not (tmp_path / "ran").exists()


def test_an_interpreter_apart_without_torch_is_told_to_get_torch_and_no_newer_transformers(
    config: Config, tmp_path: Path
) -> None:
    subprocess.run((sys.executable, "-m", "venv", "--without-pip", tmp_path), check=True)
    python = str(tmp_path / "bin/python")
    apart = msgspec.structs.replace(config, engines={"tortoise": EngineConfig(python=python)})
    torch = named(check_gpu(apart), "torch")
    assert torch.text == f"{python} has no torch, which the models need."
    assert torch.remedy == f"{python} -m pip install --upgrade torch"


def speaking(config: Config, voice: str = "", **entry: str) -> Config:
    """That configuration, with Tortoise as its engine."""
    speech = {"engine": "tortoise", "voice": voice} if voice else {"engine": "tortoise"}
    told = {
        **{key: str(getattr(config, key)) for key in ("inbox", "outbox", "state", "cache")},
        "speech": speech,
        "engines": {"tortoise": entry},
    }
    config.source.write_text(yaml.safe_dump(told))
    return configuration.load(config.source)


def test_tortoise_without_its_model_names_the_command_that_pulls_it(config: Config) -> None:
    wished = speaking(config)
    found = named(check_engines(wished, probe_engines(worker_specs(wished), {})), "engine tortoise")
    assert found.severity is Severity.WRONG
    assert "Manmay/tortoise-tts is not there" in found.text
    assert "narrated models pull Manmay/tortoise-tts" in found.text


def test_tortoise_without_its_code_names_the_command_that_installs_it(
    config: Config, tmp_path: Path
) -> None:
    wished = speaking(config, python=str(lacking(tmp_path, "tortoise", "tortoise_tts")))
    tortoise(wished.models.folder / "Manmay/tortoise-tts")
    found = named(check_engines(wished, probe_engines(worker_specs(wished), {})), "engine tortoise")
    assert found.severity is Severity.WRONG
    assert "Tortoise's code is not there: No module named 'tortoise'" in found.text
    assert "narrated engines install tortoise" in found.text


def test_a_voice_that_tortoise_does_not_have_is_wrong_and_near_ones_are_named(
    config: Config,
) -> None:
    wished = speaking(config, voice="train_grade")
    tortoise(wished.models.folder / "Manmay/tortoise-tts")
    found = {
        each.name: each for each in check_engines(wished, probe_engines(worker_specs(wished), {}))
    }
    assert found["engine tortoise"].severity is Severity.WELL
    assert found["voice of narrator"].severity is Severity.WRONG
    assert found["voice of narrator"].text == "tortoise has no voice 'train_grade'."
    assert "`speech: voice`, such as train_grace" in found["voice of narrator"].remedy


def test_the_doctor_as_typed_tells_of_tortoise_and_fails(config: Config) -> None:
    speaking(config)
    typed = (sys.executable, "-m", "narrated.cli.main", "--config", str(config.source), "doctor")
    package = str(Path(configuration.__file__).parents[2])
    environ = {**os.environ, "PYTHONPATH": package}
    done = subprocess.run(typed, env=environ, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    assert "tortoise is not available" in done.stdout
    assert "narrated models pull Manmay/tortoise-tts" in done.stdout
