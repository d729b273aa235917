"""The service on a box that others use too: who syncs, what was installed, what the doctor says."""

import json
import shutil
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from support.booted import booted, until, why_not
from support.box import PROGRAM, PYTHON, Box, installed

pytestmark = [pytest.mark.peers, pytest.mark.skipif(bool(why_not()), reason=why_not())]


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    """A box on which nothing is configured."""
    with installed() as box:
        yield box


def test_sync_account_shares_files(box: Box) -> None:
    """The account that syncs shares what is dropped and what is heard."""
    box.drop("blog/2026/post.md")
    box.heard("blog/2026/post")
    listed = box.as_laptop("cd /srv/narrated/outbox && stat -c '%a %G' blog blog/2026")
    assert listed.splitlines() == ["2775 narrated", "2775 narrated"]
    published = box.as_laptop("stat -c '%a %G' /srv/narrated/outbox/blog/2026/post.json")
    assert published == "664 narrated"
    box.as_laptop("md5sum /srv/narrated/outbox/blog/2026/* && rm -r /srv/narrated/outbox/blog")


def test_rsync_shares_private_files(box: Box) -> None:
    """rsync as documented shares what was private on the laptop."""
    recipe = next(
        line
        for line in Path(__file__).parents[2].joinpath("docs/syncing.md").read_text().splitlines()
        if line.strip().startswith("rsync ") and "box:/srv/narrated/inbox/" in line
    )
    box.as_laptop("umask 077; mkdir -p /tmp/posts/new && echo Hello. > /tmp/posts/new/sent.md")
    box.as_laptop("touch -d 2020-01-01 /tmp/posts /tmp/posts/new")
    local = recipe.replace("box:", "").replace("~/posts/", "/tmp/posts/")
    box.as_laptop(local)
    box.heard("new/sent")
    listed = box.as_laptop("cd /srv/narrated/inbox/new && stat -c '%a %G' . sent.md")
    assert listed.splitlines() == ["2775 narrated", "664 narrated"]


def test_others_open_file_waits(
    box: Box,
) -> None:
    """A file still open for writing is left alone though another account owns it."""
    box.as_laptop("touch /srv/narrated/inbox/slow.md")
    with (box.inbox / "slow.md").open("a") as slow:
        slow.write("The first half,")
        slow.flush()
        # Written in place, it must lie still as long as the other has by then.
        box.as_laptop("echo 'One line.' > /srv/narrated/inbox/after.md")
        box.heard("after")
        assert not (box.outbox / "slow.json").exists()
        slow.write(" and the second.")
    box.heard("slow")


@pytest.mark.parametrize("folder", ["inbox", "outbox"])
def test_remade_folder_is_used(box: Box, folder: str) -> None:
    """A folder that is removed and made again is used again."""
    place = f"/srv/narrated/{folder}"
    box.run("rm", "-r", place)
    box.run("install", "-d", "-m", "2775", "-o", "narrated", "-g", "narrated", place)
    box.drop(f"again-{folder}.md")
    box.heard(f"again-{folder}")


def test_second_install_changes_nothing(box: Box) -> None:
    """A second installation changes nothing and the doctor agrees."""
    said = box.run(PROGRAM, "install").splitlines()
    assert not [line for line in said if line.startswith(("Wrote", "Shared"))]
    findings = examined(box)
    assert findings["unit"] == "well"
    assert findings["unit files"] == "well"
    assert findings["inbox group"] == "well"
    assert "wrong" not in findings.values()


def test_doctor_restores_group_rights(box: Box) -> None:
    """The doctors remedy gives a folder back to the group."""
    box.run("chgrp", "root", "/srv/narrated/inbox")
    box.run("chmod", "2755", "/srv/narrated/inbox")
    assert examined(box)["inbox group"] == "warning"
    box.run("sh", "-c", remedy(box, "inbox group").replace("sudo ", ""))
    assert examined(box)["inbox group"] == "well"


def test_doctor_mends_unreadable_file(
    box: Box,
) -> None:
    """The doctor names what the service cannot read and its remedy mends it."""
    box.as_laptop("cd /srv/narrated/inbox && echo x > .hidden && echo x > shut.md")
    box.as_laptop("cd /srv/narrated/inbox && chmod 600 .hidden shut.md")
    assert examined(box)["inbox files"] == "warning"
    box.run("sh", "-c", remedy(box, "inbox files").split(";")[0].replace("sudo ", ""))
    assert examined(box)["inbox files"] == "well"


def test_doctor_says_it_may_not_look(box: Box) -> None:
    """The doctor says so to a user who may not look."""
    shut = box.root / "srv/shut"
    shut.mkdir(mode=0o700)
    config = box.root / "tmp/shut.yaml"
    lines = [f"{key}: /srv/shut/{key}" for key in ("inbox", "outbox", "state", "cache")]
    config.write_text("\n".join(lines) + "\n")
    said = box.as_laptop(f"{PROGRAM} --config /tmp/shut.yaml doctor || true")
    assert "laptop cannot enter /srv/shut" in said
    assert "Traceback" not in said


def test_install_refuses_without_root(box: Box) -> None:
    """Without root the installation is refused with the way out."""
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    said = box.run(*nobody, PROGRAM, "install", check=False)
    assert "needs root" in said
    assert "sudo" in said


def test_install_refuses_home_program(box: Box) -> None:
    """A program in a home is not installed as a service that could not see it."""
    box.run("cp", "-a", "/opt/narrated", "/root/narrated")
    said = box.run("/root/narrated/bin/python", PROGRAM, "install", check=False)
    assert "The program is in /root/narrated" in said
    assert "/opt/narrated" in said


def test_odd_folder_names_work(box: Box) -> None:
    """Folders with odd names are used as they are."""
    odd = Path(r'/srv/it\s "50%" $HOME: é')
    asked = f"Path({str(odd / 'narrated.yaml')!r}), root=Path('/tmp/odd'), "
    asked += f"inbox=Path({str(odd / 'in')!r}), outbox=Path({str(odd / 'out')!r})"
    program = f"from pathlib import Path; from narrated.install import install; install({asked})"
    box.run(PYTHON, "-c", program)
    box.run("systemd-tmpfiles", "--create", "/tmp/odd/etc/tmpfiles.d/narrated.conf")
    box.run("cp", f"/tmp/odd{odd}/narrated.yaml", odd / "narrated.yaml")
    # Beside the first service, so with folders of its own.
    units = box.root / "tmp/odd/etc/systemd/system"
    (units / "narrated.service").rename(units / "odd.service")
    (units / "narrated.service.d").rename(units / "odd.service.d")
    own = "".join(
        f"{kind}Directory=\n{kind}Directory=odd\n" for kind in ("State", "Cache", "Runtime")
    )
    (units / "odd.service.d/90-own.conf").write_text(f"[Service]\n{own}")
    box.run("cp", "-r", "/tmp/odd/etc/systemd/system/.", "/run/systemd/system")
    box.run("systemctl", "daemon-reload")
    assert box.run("systemctl", "start", "odd", check=False) == "", box.journal("-u", "odd")
    (box.root / str(odd / "in/post.md")[1:]).write_text("One line.")
    until((box.root / str(odd / "out/post.json")[1:]).exists)
    box.run("systemctl", "stop", "odd")


def examined(box: Box) -> dict[str, str]:
    """The doctor's findings by name."""
    return {name: state for name, (state, _) in _examination(box).items()}


def remedy(box: Box, name: str) -> str:
    """The doctor's remedy for one of its findings."""
    return _examination(box)[name][1]


def _examination(box: Box) -> dict[str, tuple[str, str]]:
    program = (
        "import json; from pathlib import Path; from narrated.config import file as config;"
        "from narrated.doctor.run_checks import run_checks; "
        "from narrated.terminal.daemon_client import DaemonClient;"
        "wished = config.load(Path('/etc/narrated/narrated.yaml'));"
        "found = run_checks(wished, DaemonClient(wished).probe_engines);"
        "print(json.dumps({each.name: (each.severity, each.remedy) for each in found}))"
    )
    found: dict[str, tuple[str, str]] = json.loads(box.run(PYTHON, "-c", program))
    return found


def test_models_run_under_hardening(box: Box, tmp_path: Path) -> None:
    """Neural voices and captions work under the hardened unit."""
    from engines.checkpoints.bark import bark  # torch, which the others need not wait for
    from engines.checkpoints.captions import blip

    models = box.root / "var/lib/narrated/models"
    for make, name in ((bark, "suno/bark"), (blip, "Salesforce/blip-image-captioning-base")):
        shutil.copytree(make(tmp_path / name), models / name)
    box.run("chmod", "-R", "a+rX", "/var/lib/narrated/models")
    box.configure(
        speech={"engine": "bark", "voice": "v2/en_speaker_6"}, pictures={"captions": "blip"}
    )
    try:
        box.reload()
        painted = BytesIO()
        Image.new("RGB", (90, 60), "red").save(painted, "PNG")
        (box.inbox / "red.png").write_bytes(painted.getvalue())
        box.drop("spoken.md", "Hello world. ![](red.png)")
        told = box.heard("spoken", within_s=90)
        assert told["engine"] == "bark"
        status = json.loads(box.run(PROGRAM, "status", "--json"))
        (worker,) = (each for each in status["workers"] if each["name"] == "models")
        assert {model["warmth"] for model in worker["models"]} == {"warm"}
        assert all(model["working_bytes"] > 0 for model in worker["models"])
    finally:
        box.configure()
        box.reload()


def test_services_outbox_is_refused(box: Box) -> None:
    """Whoever runs narrated on the service's outbox is told which process writes it."""
    folders = [
        "inbox: /tmp/inbox",
        "outbox: /srv/narrated/outbox",
        "state: /tmp/s",
        "cache: /tmp/c",
    ]
    (box.root / "tmp/other.yaml").write_text("\n".join(folders))
    told = box.run(PROGRAM, "--config", "/tmp/other.yaml", "once", check=False)
    assert "/srv/narrated/outbox is written by another daemon already" in told
    assert f"the process {box.main_pid} with the state /var/lib/narrated" in told


def test_init_before_install_is_the_box() -> None:
    """What root's `config init` wrote, with whatever umask, serves the box once it is installed."""
    with booted() as machine:
        box = Box(machine.pid)
        box.run("sh", "-c", f"umask 077; {PROGRAM} config init")
        assert 'inbox: "/srv/narrated/inbox"' in box.config.read_text()
        assert "Kept /etc/narrated/narrated.yaml\n" in box.run(PROGRAM, "install")
        box.run("useradd", "--groups", "narrated", "--create-home", "laptop")
        box.run("systemctl", "enable", "--now", "narrated")
        box.drop("post.md")
        box.heard("post")
        assert not (box.root / "root/narrated").exists()
