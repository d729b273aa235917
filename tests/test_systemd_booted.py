"""The installed service, under a real systemd."""

import json
import shutil
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from support.booted import Machine, booted, until, why_not

PROGRAM = "/opt/narrated/bin/narrated"
PYTHON = "/opt/narrated/bin/python"
pytestmark = [pytest.mark.peers, pytest.mark.skipif(bool(why_not()), reason=why_not())]


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    """A box on which narrated was installed as docs/install.md says, with a laptop's account."""
    with booted() as machine:
        machine.run(PROGRAM, "install")
        machine.run("useradd", "--groups", "narrated", "laptop")
        machine.run("systemctl", "enable", "--now", "narrated")
        yield machine


def as_laptop(machine: Machine, script: str) -> str:
    """Run a line of shell by the account that syncs, with the umask that most have."""
    account = ["setpriv", "--reuid=laptop", "--regid=laptop", "--init-groups"]
    return machine.run(*account, "sh", "-c", f"umask 022; {script}")


def drop(machine: Machine, name: str, text: str = "One line.") -> None:
    """Drop a file as a synchroniser does: under a dot-name first, then renamed."""
    final = Path("/srv/narrated/inbox", name)
    write = f"cd {final.parent} && echo '{text}' > .x.tmp && mv .x.tmp {final.name}"
    as_laptop(machine, f"mkdir -p {final.parent} && {write}")


def heard(machine: Machine, stem: str, within_s: float = 20) -> dict[str, object]:
    """Wait for a narration's manifest."""
    manifest = machine.root / f"srv/narrated/outbox/{stem}.json"
    try:
        until(manifest.exists, within_s)
    except AssertionError as error:
        raise AssertionError(machine.journal("-u", "narrated")) from error
    found: dict[str, object] = json.loads(manifest.read_text())
    return found


def main_pid(machine: Machine) -> str:
    return machine.shows("narrated", "MainPID")


def is_active(machine: Machine) -> bool:
    return machine.shows("narrated", "ActiveState") == "active"


def test_it_is_up_and_says_so(machine: Machine) -> None:
    assert is_active(machine)
    assert machine.shows("narrated", "SubState") == "running"
    assert machine.shows("narrated", "StatusText")
    assert machine.run("systemctl", "--failed", "--plain", "--no-legend") == ""


def test_systemd_finds_no_fault_with_what_was_installed(machine: Machine) -> None:
    said = machine.run("systemd-analyze", "verify", "--man=no", "narrated.service")
    assert said == ""


def test_the_account_that_syncs_shares_what_is_dropped_and_what_is_heard(machine: Machine) -> None:
    drop(machine, "blog/2026/post.md")
    heard(machine, "blog/2026/post")
    listed = as_laptop(machine, "cd /srv/narrated/outbox && stat -c '%a %G' blog blog/2026")
    assert listed.splitlines() == ["2775 narrated", "2775 narrated"]
    published = as_laptop(machine, "stat -c '%a %G' /srv/narrated/outbox/blog/2026/post.json")
    assert published == "664 narrated"
    as_laptop(machine, "md5sum /srv/narrated/outbox/blog/2026/* && rm -r /srv/narrated/outbox/blog")


def test_rsync_as_documented_shares_what_was_private_on_the_laptop(machine: Machine) -> None:
    recipe = next(
        line
        for line in Path(__file__).parents[1].joinpath("docs/syncing.md").read_text().splitlines()
        if line.strip().startswith("rsync ") and "box:/srv/narrated/inbox/" in line
    )
    as_laptop(machine, "umask 077; mkdir -p /tmp/posts/new && echo Hello. > /tmp/posts/new/sent.md")
    as_laptop(machine, "touch -d 2020-01-01 /tmp/posts /tmp/posts/new")
    local = recipe.replace("box:", "").replace("~/posts/", "/tmp/posts/")
    as_laptop(machine, local)
    heard(machine, "new/sent")
    listed = as_laptop(machine, "cd /srv/narrated/inbox/new && stat -c '%a %G' . sent.md")
    assert listed.splitlines() == ["2775 narrated", "664 narrated"]


def test_a_file_still_open_for_writing_is_left_alone_though_another_account_owns_it(
    machine: Machine,
) -> None:
    as_laptop(machine, "touch /srv/narrated/inbox/slow.md")
    with (machine.root / "srv/narrated/inbox/slow.md").open("a") as slow:
        slow.write("The first half,")
        slow.flush()
        # Written in place, it must lie still as long as the other has by then.
        as_laptop(machine, "echo 'One line.' > /srv/narrated/inbox/after.md")
        heard(machine, "after")
        assert not (machine.root / "srv/narrated/outbox/slow.json").exists()
        slow.write(" and the second.")
    heard(machine, "slow")


def test_the_journal_has_one_line_a_file_and_its_fields(machine: Machine) -> None:
    drop(machine, "logged.md")
    heard(machine, "logged")
    until(lambda: machine.journal("NARRATED_FILE=logged.md"))
    records = machine.journal("-u", "narrated", "NARRATED_FILE=logged.md", output="json")
    for record in map(json.loads, records.splitlines()):
        assert record["SYSLOG_IDENTIFIER"] == "narrated"
        assert "\n" not in record["MESSAGE"]
        assert record["_SYSTEMD_UNIT"] == "narrated.service"


def test_a_reload_keeps_the_process_and_ends_in_readiness(machine: Machine) -> None:
    before = main_pid(machine)
    machine.run("systemctl", "reload", "narrated")
    until(lambda: is_active(machine))
    assert main_pid(machine) == before
    drop(machine, "reloaded.md")
    heard(machine, "reloaded")


def test_a_broken_configuration_is_refused_at_a_reload_and_not_tried_again_at_a_start(
    machine: Machine,
) -> None:
    config = machine.root / "etc/narrated/narrated.yaml"
    good, before = config.read_text(), main_pid(machine)
    config.write_text("inbox: [\n")
    try:
        machine.run("systemctl", "reload", "narrated")
        until(lambda: "refused" in machine.journal("-u", "narrated"))
        assert main_pid(machine) == before
        assert is_active(machine)
        machine.run("systemctl", "restart", "narrated", check=False)
        assert machine.shows("narrated", "ActiveState") == "failed"
        assert "narrated.yaml" in machine.journal("-u", "narrated", "-n", "20")
    finally:
        config.write_text(good)
        machine.run("systemctl", "restart", "narrated")


def test_killed_it_comes_back_and_finds_what_was_dropped_meanwhile(machine: Machine) -> None:
    before = main_pid(machine)
    machine.run("kill", "-9", before)
    drop(machine, "meanwhile.md")
    until(lambda: is_active(machine) and main_pid(machine) not in ("0", before))
    heard(machine, "meanwhile")


def test_a_hang_is_seen_by_the_watchdog_and_ended(machine: Machine) -> None:
    # The shipped times are for a loaded box; their mechanism is what is tried here.
    drop_in = machine.root / "run/systemd/system/narrated.service.d/90-quick.conf"
    drop_in.parent.mkdir(parents=True)
    drop_in.write_text("[Service]\nWatchdogSec=3\nTimeoutAbortSec=1\n")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", "narrated")
    try:
        hung = main_pid(machine)
        machine.run("kill", "-STOP", hung)
        until(lambda: is_active(machine) and main_pid(machine) not in ("0", hung), within_s=30)
    finally:
        drop_in.unlink()
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "restart", "narrated")


def test_a_stop_is_done_within_ten_seconds_and_leaves_no_process(machine: Machine) -> None:
    group = Path("sys/fs/cgroup") / machine.shows("narrated", "ControlGroup").lstrip("/")
    began = time.monotonic()
    machine.run("systemctl", "stop", "narrated")
    assert time.monotonic() - began < 10
    assert machine.shows("narrated", "Result") == "success"
    procs = machine.root / group / "cgroup.procs"
    assert not procs.exists() or procs.read_text() == ""
    machine.run("systemctl", "start", "narrated")


def test_it_has_no_network_at_all(machine: Machine) -> None:
    devices = (process(machine) / "net/dev").read_text().splitlines()[2:]
    assert [line.split(":")[0].strip() for line in devices] == ["lo"]


def test_it_may_lease_files_and_nothing_else(machine: Machine) -> None:
    status = (process(machine) / "status").read_text()
    lines = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    lease = 1 << 28
    assert {int(lines[name], 16) for name in ("CapBnd", "CapEff", "CapAmb")} == {lease}
    assert lines["NoNewPrivs"] == "1"
    assert lines["Seccomp"] == "2"


def test_it_writes_nowhere_but_to_its_own_folders_and_the_outbox(machine: Machine) -> None:
    def writable(path: str) -> bool:
        inside = ["nsenter", f"--mount=/proc/{main_pid(machine)}/ns/mnt"]
        return machine.run(*inside, "sh", "-c", f"touch {path}/probe", check=False) == ""

    assert not writable("/srv/narrated/inbox")
    assert not writable("/etc")
    assert not writable("/var/lib")
    assert not writable("/opt/narrated")
    assert writable("/srv/narrated/outbox")
    assert writable("/var/lib/narrated")
    assert writable("/var/cache/narrated")
    (machine.root / "srv/narrated/outbox/probe").unlink()


@pytest.mark.parametrize("folder", ["inbox", "outbox"])
def test_a_folder_that_is_removed_and_made_anew_is_used_again(
    machine: Machine, folder: str
) -> None:
    place = f"/srv/narrated/{folder}"
    machine.run("rm", "-r", place)
    machine.run("install", "-d", "-m", "2775", "-o", "narrated", "-g", "narrated", place)
    drop(machine, f"anew-{folder}.md")
    heard(machine, f"anew-{folder}")


def test_a_second_installation_changes_nothing_and_the_doctor_agrees(machine: Machine) -> None:
    said = machine.run(PROGRAM, "install").splitlines()
    assert not [line for line in said if line.startswith(("Wrote", "Shared"))]
    findings = examined(machine)
    assert findings["unit"] == "well"
    assert findings["unit files"] == "well"
    assert findings["inbox group"] == "well"
    assert "wrong" not in findings.values()


def test_the_doctors_remedy_gives_a_folder_back_to_the_group(machine: Machine) -> None:
    machine.run("chgrp", "root", "/srv/narrated/inbox")
    machine.run("chmod", "2755", "/srv/narrated/inbox")
    assert examined(machine)["inbox group"] == "warning"
    machine.run("sh", "-c", remedy(machine, "inbox group").replace("sudo ", ""))
    assert examined(machine)["inbox group"] == "well"


def test_the_doctor_names_what_the_service_cannot_read_and_its_remedy_mends_it(
    machine: Machine,
) -> None:
    as_laptop(machine, "cd /srv/narrated/inbox && echo x > .hidden && echo x > shut.md")
    as_laptop(machine, "cd /srv/narrated/inbox && chmod 600 .hidden shut.md")
    assert examined(machine)["inbox files"] == "warning"
    machine.run("sh", "-c", remedy(machine, "inbox files").split(";")[0].replace("sudo ", ""))
    assert examined(machine)["inbox files"] == "well"


def test_who_may_not_look_is_told_so_by_the_doctor(machine: Machine) -> None:
    shut = machine.root / "srv/shut"
    shut.mkdir(mode=0o700)
    config = machine.root / "tmp/shut.yaml"
    lines = [f"{key}: /srv/shut/{key}" for key in ("inbox", "outbox", "state", "cache")]
    config.write_text("\n".join(lines) + "\n")
    said = as_laptop(machine, f"{PROGRAM} --config /tmp/shut.yaml doctor || true")
    assert "laptop cannot enter /srv/shut" in said
    assert "Traceback" not in said


def test_without_root_the_installation_is_refused_with_the_way_out(machine: Machine) -> None:
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    said = machine.run(*nobody, PROGRAM, "install", check=False)
    assert "needs root" in said
    assert "sudo" in said


def test_a_program_in_a_home_is_not_installed_as_a_service_that_could_not_see_it(
    machine: Machine,
) -> None:
    machine.run("cp", "-a", "/opt/narrated", "/root/narrated")
    said = machine.run("/root/narrated/bin/python", PROGRAM, "install", check=False)
    assert "stands in /root/narrated" in said
    assert "/opt/narrated" in said


def test_folders_with_odd_names_are_used_as_they_are(machine: Machine) -> None:
    odd = Path(r'/srv/it\s "50%" $HOME: é')
    asked = f"Path({str(odd / 'narrated.yaml')!r}), root=Path('/tmp/odd'), "
    asked += f"inbox=Path({str(odd / 'in')!r}), outbox=Path({str(odd / 'out')!r})"
    program = f"from pathlib import Path; from narrated.install import install; install({asked})"
    machine.run(PYTHON, "-c", program)
    machine.run("systemd-tmpfiles", "--create", "/tmp/odd/etc/tmpfiles.d/narrated.conf")
    machine.run("cp", f"/tmp/odd{odd}/narrated.yaml", odd / "narrated.yaml")
    # Beside the first service, so with folders of its own.
    units = machine.root / "tmp/odd/etc/systemd/system"
    (units / "narrated.service").rename(units / "odd.service")
    (units / "narrated.service.d").rename(units / "odd.service.d")
    own = "".join(
        f"{kind}Directory=\n{kind}Directory=odd\n" for kind in ("State", "Cache", "Runtime")
    )
    (units / "odd.service.d/90-own.conf").write_text(f"[Service]\n{own}")
    machine.run("cp", "-r", "/tmp/odd/etc/systemd/system/.", "/run/systemd/system")
    machine.run("systemctl", "daemon-reload")
    assert machine.run("systemctl", "start", "odd", check=False) == "", machine.journal("-u", "odd")
    (machine.root / str(odd / "in/post.md")[1:]).write_text("One line.")
    until((machine.root / str(odd / "out/post.json")[1:]).exists)
    machine.run("systemctl", "stop", "odd")


def process(machine: Machine) -> Path:
    """The daemon's own folder in the machine's /proc."""
    return machine.root / "proc" / main_pid(machine)


def examined(machine: Machine) -> dict[str, str]:
    """The doctor's findings by name."""
    return {name: state for name, (state, _) in _examination(machine).items()}


def remedy(machine: Machine, name: str) -> str:
    """What the doctor says to do about one of its findings."""
    return _examination(machine)[name][1]


def _examination(machine: Machine) -> dict[str, tuple[str, str]]:
    program = (
        "import json; from pathlib import Path; from narrated.config import file as config;"
        "from narrated.doctor.examine import examine; from narrated.terminal.client import Client;"
        "wished = config.load(Path('/etc/narrated/narrated.yaml'));"
        "found = examine(wished, Client(wished).roll);"
        "print(json.dumps({each.name: (each.state, each.remedy) for each in found}))"
    )
    found: dict[str, tuple[str, str]] = json.loads(machine.run(PYTHON, "-c", program))
    return found


def test_neural_voices_and_captions_work_under_the_hardened_unit(
    machine: Machine, tmp_path: Path
) -> None:
    from engines.checkpoints.bark import bark  # torch, which the others need not wait for
    from engines.checkpoints.captions import blip

    models = machine.root / "var/lib/narrated/models"
    for make, name in ((bark, "suno/bark"), (blip, "Salesforce/blip-image-captioning-base")):
        shutil.copytree(make(tmp_path / name), models / name)
    machine.run("chmod", "-R", "a+rX", "/var/lib/narrated/models")
    config = machine.root / "etc/narrated/narrated.yaml"
    good = config.read_text()
    config.write_text(
        f"{good}\nspeech: {{engine: bark, voice: v2/en_speaker_6}}\npictures: {{captions: blip}}\n"
    )
    try:
        machine.run("systemctl", "reload", "narrated")
        painted = BytesIO()
        Image.new("RGB", (90, 60), "red").save(painted, "PNG")
        (machine.root / "srv/narrated/inbox/red.png").write_bytes(painted.getvalue())
        drop(machine, "spoken.md", "Hello world. ![](red.png)")
        told = heard(machine, "spoken", within_s=90)
        assert told["engine"] == "bark"
        status = json.loads(machine.run(PROGRAM, "status", "--json"))
        (worker,) = (each for each in status["workers"] if each["name"] == "models")
        assert {model["warmth"] for model in worker["models"]} == {"warm"}
        assert all(model["working_bytes"] > 0 for model in worker["models"])
    finally:
        config.write_text(good)
        machine.run("systemctl", "reload", "narrated")
