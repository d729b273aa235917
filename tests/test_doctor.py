"""The doctor's findings on real folders, and that its remedies mend."""

import json
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
from engines.piper_voice_files import voice_files
from narrated.audio.formats import FORMATS
from narrated.config import file as configuration
from narrated.config.values import Bytes, Config, EngineConfig
from narrated.config.worker_specs import worker_specs
from narrated.doctor import kernel
from narrated.doctor.disk_space import check_disk_space
from narrated.doctor.encoder import check_encoder
from narrated.doctor.engines import check_engines
from narrated.doctor.finding import Finding, Severity
from narrated.doctor.folder_access import Account, check_folder_access, daemon_account
from narrated.doctor.folder_engines import check_folder_engines
from narrated.doctor.gpu_compute import check_gpu
from narrated.doctor.kernel import (
    _WITHOUT_LEASES,
    check_hard_links,
    check_inotify_limits,
    file_system_type,
)
from narrated.doctor.run_checks import run_checks
from narrated.doctor.syncthing import check_syncthing
from narrated.doctor.voice_presence import usual_voice
from narrated.engines.registry import BUILT_IN_ENGINES
from narrated.mount_table import parse_mounts
from narrated.workers.pool import probe_engines
from support.partial_venv import venv_without


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


def test_healthy_machine(config: Config) -> None:
    """On a healthy machine every check runs, and none finds a problem."""
    findings = list(run_checks(config, lambda: probe_engines(worker_specs(config), {})))
    assert [each for each in findings if each.severity is Severity.WRONG] == []
    names = {each.name for each in findings}
    assert names >= {
        "inbox",
        "inbox files",
        "outbox",
        "outbox names",
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


def test_problems_have_remedies(config: Config) -> None:
    """Every problem has a remedy."""
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


def test_missing_inbox_remedy(config: Config, account: Account) -> None:
    """The remedy makes a missing inbox."""
    config.inbox.rmdir()
    finding = named(check_folder_access(config, account), "inbox")
    assert finding.severity is Severity.WRONG
    assert str(config.inbox) in finding.text
    do(finding)
    assert config.inbox.is_dir()


def test_most_folders_are_looked_into(config: Config) -> None:
    """The look for engines that folders name ends after so many folders, and says so."""
    (config.inbox / "posts").mkdir()
    (config.inbox / "posts/.narrated.yaml").write_text("engine: nobody\n")
    (ended,) = check_folder_engines(config, most_folders=1)
    assert ended.text == f"Only 1 folders of {config.inbox} were looked into."
    assert [each.name for each in check_folder_engines(config)] == ["engine nobody"]


def test_closed_parent_folder(config: Config, account: Account) -> None:
    """A parent folder that cannot be entered is named, with its chmod."""
    barrier = config.outbox / "closed"
    inside = barrier / "out"
    inside.mkdir(parents=True)
    inside.chmod(0o777)
    barrier.chmod(0o600)
    finding = named(
        check_folder_access(msgspec.structs.replace(config, outbox=inside), account), "outbox"
    )
    barrier.chmod(0o700)
    assert finding.severity is Severity.WRONG
    assert f"cannot enter {barrier}," in finding.text
    assert f"chmod o+x {barrier}" in finding.remedy


def test_unwritable_outbox(config: Config, account: Account) -> None:
    """An outbox that cannot be written is a problem, and the remedy mends it."""
    config.outbox.chmod(0o555)
    finding = named(check_folder_access(config, account), "outbox")
    assert finding.severity is Severity.WRONG
    assert f"{account.name} cannot write to {config.outbox}" in finding.text
    do(finding)
    assert named(check_folder_access(config, account), "outbox").severity is Severity.WELL


def test_read_only_inbox(config: Config, account: Account) -> None:
    """The inbox must be writable only if narrated empties it."""
    config.inbox.chmod(0o555)
    assert named(check_folder_access(config, account), "inbox").severity is Severity.WELL
    emptied = msgspec.structs.replace(config, after="delete")
    assert named(check_folder_access(emptied, account), "inbox").severity is Severity.WRONG


def test_unreadable_file_remedy(config: Config, account: Account) -> None:
    """An unreadable file is found, and the remedy opens it."""
    (config.inbox / "posts").mkdir()
    shut = config.inbox / "posts" / "a\nb.md"
    shut.write_text("x")
    shut.chmod(0)
    finding = named(check_folder_access(config, account), "inbox files")
    assert finding.severity is Severity.WARNING
    assert r"posts/a\nb.md" in finding.text
    do(finding)
    assert shut.stat().st_mode & 0o777 == 0o040


def test_hidden_files_are_ignored(config: Config, account: Account) -> None:
    """Hidden files may be unreadable."""
    (config.inbox / ".stversions").mkdir(mode=0)
    (config.inbox / ".post.md.x").touch(mode=0)
    assert named(check_folder_access(config, account), "inbox files").severity is Severity.WELL


@pytest.mark.parametrize(
    ("kind", "state"),
    [("ext4", Severity.WELL), ("nfs4", Severity.WARNING), ("fuse.sshfs", Severity.WARNING)],
)
def test_leases_by_file_system(kind: str, state: Severity, config: Config) -> None:
    """Network file systems are known to have no leases."""
    place = str(config.inbox).replace(" ", r"\040")
    table = f"1 0 8:1 / / rw - ext4 /dev/a rw\n2 1 0:9 / {place} rw shared:1 - {kind} box:/ rw\n"
    assert file_system_type(config.inbox / "deep", parse_mounts(table)) == kind
    assert (_WITHOUT_LEASES.fullmatch(kind) is None) == (state is Severity.WELL)


@pytest.mark.parametrize(("guard", "state"), [("0\n", Severity.WARNING), ("1\n", Severity.WELL)])
def test_hard_link_protection(tmp_path: Path, guard: str, state: Severity) -> None:
    """Unprotected hard links are reported."""
    (tmp_path / "guard").write_text(guard)
    (finding,) = check_hard_links(tmp_path / "guard")
    assert finding.severity is state
    assert list(check_hard_links(tmp_path / "no such guard")) == []


def test_syncthing_ignore_remedy(config: Config) -> None:
    """The remedy makes Syncthing ignore unfinished files."""
    (config.outbox / ".stfolder").mkdir()
    finding = named(check_syncthing(config), "Syncthing outbox")
    assert finding.severity is Severity.WARNING
    do(finding)
    assert (config.outbox / ".stignore").read_text() == "(?d).narrated-*.tmp\n"
    assert named(check_syncthing(config), "Syncthing outbox").severity is Severity.WELL


def test_without_syncthing(config: Config) -> None:
    """Without Syncthing there is no finding about it."""
    assert list(check_syncthing(config)) == []


def test_too_few_watches(config: Config, tmp_path: Path) -> None:
    """Too few watches are reported, with a sufficient limit."""
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


def test_used_up_inotify_instances(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account that gets no inotify instance is told so, whatever the limit."""
    monkeypatch.setattr(kernel, "_gets_instance", lambda: False)
    finding = named(check_inotify_limits(config), "inotify instances")
    assert finding.severity is Severity.WARNING
    assert "in use" in finding.text
    assert "fs.inotify.max_user_instances=" in finding.remedy


def test_cache_larger_than_disk(config: Config) -> None:
    """A cache limit beyond the disk's room is reported."""
    huge = msgspec.structs.replace(config, cache_limit=Bytes(10**18))
    assert named(check_disk_space(huge), "cache limit").severity is Severity.WARNING
    assert all(each.name != "cache limit" for each in check_disk_space(config))


@pytest.mark.parametrize("format_name", FORMATS)
def test_encoder_of_each_format(format_name: str, config: Config) -> None:
    """Every audio format has an encoder."""
    text = f"inbox: {config.inbox}\noutbox: {config.outbox}\naudio: {{format: {format_name}}}\n"
    wished = configuration.parse(text, Path("/etc/narrated/narrated.yaml"), {})
    assert [each.severity for each in check_encoder(wished)] == [Severity.WELL]


def test_unloadable_engine(config: Config) -> None:
    """An engine that cannot be loaded is a problem; the others are not."""
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


def test_unknown_voice(
    config: Config,
) -> None:
    """A voice that its engine lacks is a problem, and similar voices are named."""
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


def test_account_of_a_user(config: Config) -> None:
    """A user's daemon runs as the user."""
    assert daemon_account(config).uid == os.geteuid()


@pytest.mark.parametrize(
    ("told", "free"),
    [
        ("NVIDIA GeForce RTX 3070, 550.54, 8192, 7000", "7.3 GB of 8.6 GB are free"),
        ("NVIDIA GH200, 550.54, [N/A], [N/A]", "does not report its memory"),
    ],
)
def test_graphics_card(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str, free: str
) -> None:
    """The card, its driver and its memory are reported."""
    tool = tmp_path / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\necho '{told}'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    (card,) = check_gpu(config)
    assert told.split(",")[0] in card.text and "driver 550.54" in card.text
    assert free in card.text


def test_missing_interpreter(
    config: Config,
) -> None:
    """For a missing interpreter, the remedy names the command that makes it."""
    entry = EngineConfig(python="/nowhere/bin/python")
    apart = msgspec.structs.replace(config, engines={"tortoise": entry})
    torch = named(check_gpu(apart), "torch")
    assert torch.severity is Severity.WRONG
    assert "Cannot run the interpreter /nowhere/bin/python: No such file or directory" in torch.text
    assert "narrated engines install tortoise --apart" in torch.remedy


def test_missing_own_interpreter(
    config: Config,
) -> None:
    """The remedy for a missing interpreter names no other engine."""
    entry = EngineConfig(like="bark", python="/nowhere/bin/python")
    torch = named(check_gpu(msgspec.structs.replace(config, engines={"mine": entry})), "torch")
    assert torch.severity is Severity.WRONG
    assert "Cannot run the interpreter /nowhere/bin/python: No such file or directory" in torch.text
    assert "tortoise" not in torch.remedy
    assert "`engines: mine: python:`" in torch.remedy


def test_renamed_tortoise(config: Config) -> None:
    """The remedy for a Tortoise of another name names Tortoise."""
    entry = EngineConfig(like="tortoise", python="/nowhere/bin/python")
    calm = msgspec.structs.replace(config, engines={"calm": entry})
    assert "narrated engines install tortoise --apart" in named(check_gpu(calm), "torch").remedy


def test_interpreter_without_torch(config: Config, tmp_path: Path) -> None:
    """An interpreter without torch is told to install torch, without transformers."""
    subprocess.run((sys.executable, "-m", "venv", "--without-pip", tmp_path), check=True)
    python = str(tmp_path / "bin/python")
    apart = msgspec.structs.replace(config, engines={"tortoise": EngineConfig(python=python)})
    torch = named(check_gpu(apart), "torch")
    assert torch.text == f"{python} has no torch, which the models need."
    assert torch.remedy == f"{python} -m pip install --upgrade torch"


@pytest.mark.parametrize(
    ("torch", "severity", "text"),
    [
        (
            {"device": "cuda", "rocm": "6.4"},
            "well",
            "torch 2.9.1 computes on the GPU, by ROCm 6.4.",
        ),
        ({"device": "cuda", "cuda": "12.8"}, "well", "computes on the GPU, by CUDA 12.8."),
        ({"device": "mps", "metal": True}, "well", "computes on the Apple GPU, by Metal."),
        ({"reason": "it needs macOS 14", "metal": True}, "well", "on the CPU: it needs macOS 14."),
        ({"reason": "no code for it"}, "warning", "although there is a card: no code for it."),
        ({"version": "2.5.1"}, "warning", "torch 2.5.1 is too old"),
    ],
)
def test_what_torch_computes_on(
    config: Config, tmp_path: Path, torch: dict[str, str | bool], severity: str, text: str
) -> None:
    """The device of `auto` is told, with the reason if it is not the card, and an old torch."""
    told = {"version": "2.9.1", "device": "cpu", "reason": "", "cuda": None, "rocm": None} | torch
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\necho '{json.dumps(told)}'\n")
    python.chmod(0o755)
    entry = EngineConfig(like="bark", python=str(python))
    found = named(check_gpu(msgspec.structs.replace(config, engines={"mine": entry})), "torch")
    assert found.severity == severity
    assert text in found.text


@pytest.mark.parametrize(
    ("language", "voice"), [("de", "anna"), ("en", "en_US-joe-low"), ("fr", "")]
)
def test_usual_voice_of_piper(config: Config, language: str, voice: str) -> None:
    """The voice that will speak is named: also one's own, whose configuration has its language."""
    voice_files(config.models.voices, "anna", language={"code": "de_DE"})
    voice_files(config.models.folder / "piper/en_US-joe-low", "en_US-joe-low")
    voice_files(config.models.folder / "piper/en_GB-alba-low", "en_GB-alba-low")
    reading = msgspec.structs.replace(config.reading, language=language)
    config = msgspec.structs.replace(config, reading=reading)
    assert usual_voice(config, BUILT_IN_ENGINES["piper"], []) == voice


def test_usual_voices_are_told(config: Config) -> None:
    """Of each engine that answers, the doctor names the voice that speaks where none is named."""
    engines = {"pico": EngineConfig(), "espeak": EngineConfig()}
    wished = msgspec.structs.replace(config, engines=engines)
    found = {
        each.name: each.text
        for each in check_engines(wished, probe_engines(worker_specs(wished), {}))
    }
    for name, voice in (("pico", "en-US"), ("espeak", "en-us")):
        told = found[f"usual voice of {name}"]
        assert told == f"Where no voice is named, {name} speaks en by {voice}."


def test_device_that_is_not_there(config: Config, tmp_path: Path) -> None:
    """A device that the configuration names and torch lacks is a problem."""
    told = {"version": "2.9.1", "device": "cpu", "reason": "", "cuda": None, "rocm": None}
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\necho '{json.dumps(told)}'\n")
    python.chmod(0o755)
    models = msgspec.structs.replace(config.models, device="mps")
    entry = EngineConfig(like="bark", python=str(python))
    wished = msgspec.structs.replace(config, engines={"mine": entry}, models=models)
    found = named(check_gpu(wished), "torch")
    assert found.severity is Severity.WRONG
    assert found.text.startswith("`models: device: mps` is not there: torch 2.9.1 computes on the")


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


def test_tortoise_without_model(config: Config) -> None:
    """Without Tortoise's model, the finding names the command that pulls it."""
    wished = speaking(config)
    found = named(check_engines(wished, probe_engines(worker_specs(wished), {})), "engine tortoise")
    assert found.severity is Severity.WRONG
    assert "Manmay/tortoise-tts is missing" in found.text
    assert "narrated models pull Manmay/tortoise-tts" in found.text


def test_tortoise_without_code(config: Config, tmp_path: Path) -> None:
    """Without Tortoise's code, the finding names the command that installs it."""
    wished = speaking(config, python=str(venv_without(tmp_path, "tortoise", "tortoise_tts")))
    tortoise(wished.models.folder / "Manmay/tortoise-tts")
    found = named(check_engines(wished, probe_engines(worker_specs(wished), {})), "engine tortoise")
    assert found.severity is Severity.WRONG
    assert "Tortoise's code is missing: No module named 'tortoise'" in found.text
    assert "narrated engines install tortoise" in found.text


def test_unknown_tortoise_voice(
    config: Config,
) -> None:
    """A voice that Tortoise lacks is a problem, and similar voices are named."""
    wished = speaking(config, voice="train_grade")
    tortoise(wished.models.folder / "Manmay/tortoise-tts")
    found = {
        each.name: each for each in check_engines(wished, probe_engines(worker_specs(wished), {}))
    }
    assert found["engine tortoise"].severity is Severity.WELL
    assert found["voice of narrator"].severity is Severity.WRONG
    assert found["voice of narrator"].text == "tortoise has no voice 'train_grade'."
    assert "`speech: voice`, such as train_grace" in found["voice of narrator"].remedy


def test_doctor_command(config: Config, tmp_path: Path) -> None:
    """`narrated doctor` reports Tortoise's problem and exits with 1.

    It finds the installed torch, and runs no torch.py of the current folder.
    """
    speaking(config)
    (tmp_path / "torch.py").write_text("import pathlib; pathlib.Path('ran').touch()\n")
    typed = (sys.executable, "-m", "narrated.cli.main", "--config", str(config.source), "doctor")
    package = str(Path(configuration.__file__).parents[2])
    environ = {**os.environ, "PYTHONPATH": package}
    done = subprocess.run(typed, cwd=tmp_path, env=environ, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    assert "tortoise is not available" in done.stdout
    assert "narrated models pull Manmay/tortoise-tts" in done.stdout
    assert "computes on the" in done.stdout
    assert not (tmp_path / "ran").exists()
