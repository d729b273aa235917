"""The wheel and the sdist: their contents, and a narration by an environment made of them."""

import email
import json
import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from email.message import Message
from pathlib import Path
from zipfile import ZipFile

import pytest

import narrated

ROOT = Path(__file__).parents[1]
PACKAGE = "daemon/narrated"
SHIPPED = {"systemd": "narrated/shipped/systemd", "config": "narrated/shipped/config"}


def _files(folder: str) -> Iterator[tuple[str, bytes]]:
    """Yield each file below a folder of the checkout, by its path there, with its bytes."""
    for path in (ROOT / folder).rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield str(path.relative_to(ROOT / folder)), path.read_bytes()


def _run(*command: str | Path, home: Path) -> str:
    """Run a command as a new user would, with nothing of this environment; give its output."""
    ran = subprocess.run(
        command,
        env={"HOME": str(home), "PATH": os.environ["PATH"]},
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def _build(folder: Path, *options: str) -> Path:
    """Build from the checkout as a release does; give the wheel."""
    _run(sys.executable, "-m", "build", "--no-isolation", *options, "-o", folder, ROOT, home=folder)
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A wheel built from the checkout, and one built from its sdist."""
    return {
        "checkout": _build(tmp_path_factory.mktemp("checkout"), "--wheel"),
        "sdist": _build(tmp_path_factory.mktemp("sdist")),
    }


@pytest.fixture(scope="module")
def environment(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment: narrated from a wheel; its dependencies are those of the tests.

    One is enough, since the wheels of checkout and sdist are the same, byte for byte.
    """
    home = tmp_path_factory.mktemp("environment")
    venv.create(home / "venv", symlinks=True)
    python = home / "venv/bin/python"
    offline = ("--quiet", "--no-index", "--no-deps", "--no-compile")
    pip = (sys.executable, "-m", "pip", "--python", python, "install", *offline)
    _run(*pip, wheels["sdist"], home=home)
    site = _run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", home=home)
    # Only the folders themselves: a .pth file in them, such as that of an editable narrated, is
    # not followed, and the wheel's narrated comes first.
    outer = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    Path(site.strip(), "outer.pth").write_text("\n".join(outer) + "\n")
    return home / "venv/bin"


@pytest.fixture
def contents(wheels: dict[str, Path]) -> dict[str, bytes]:
    """The files of the wheel that was built from the sdist, by name."""
    with ZipFile(wheels["sdist"]) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _metadata(contents: dict[str, bytes]) -> Message:
    (name,) = (name for name in contents if name.endswith(".dist-info/METADATA"))
    return email.message_from_bytes(contents[name])


def test_wheel_has_the_package(contents: dict[str, bytes]) -> None:
    """The wheel holds every file of the package, the queries and the catalogue among them."""
    package = {f"narrated/{name}": content for name, content in _files(PACKAGE)}
    assert package.keys() >= {"narrated/py.typed", "narrated/models/catalogue.toml"}
    assert {name: contents.get(name) for name in package} == package


def test_wheel_has_units_and_config(contents: dict[str, bytes]) -> None:
    """The wheel holds the units, the configuration and the lexicon, as they are in the checkout."""
    shipped = {
        f"{place}/{name}": content
        for folder, place in SHIPPED.items()
        for name, content in _files(folder)
    }
    assert shipped.keys() >= {
        "narrated/shipped/systemd/narrated.service",
        "narrated/shipped/systemd/user/narrated.service",
        "narrated/shipped/config/narrated.yaml",
        "narrated/shipped/config/lexicon.yaml",
    }
    assert {name: contents.get(name) for name in shipped} == shipped


def test_wheel_has_nothing_else(contents: dict[str, bytes]) -> None:
    """The wheel holds the package and its metadata: no tests, no docs, no benches."""
    top = {name.partition("/")[0] for name in contents}
    assert top == {"narrated", f"narrated-{narrated.__version__}.dist-info"}


def test_wheel_has_its_licence(contents: dict[str, bytes]) -> None:
    """The metadata names the licence by its SPDX expression, and its text comes along."""
    metadata = _metadata(contents)
    assert metadata["License-Expression"] == "GPL-3.0-or-later"
    assert metadata.get_all("License-File") == ["LICENSE"]
    text = contents[f"narrated-{narrated.__version__}.dist-info/licenses/LICENSE"]
    assert text == (ROOT / "LICENSE").read_bytes()


def test_sdist_builds_the_same_wheel(wheels: dict[str, Path]) -> None:
    """A wheel built from the sdist is the wheel built from the checkout, byte for byte."""
    assert wheels["sdist"].name == wheels["checkout"].name
    assert wheels["sdist"].read_bytes() == wheels["checkout"].read_bytes()


def test_version_is_the_packages(contents: dict[str, bytes], environment: Path) -> None:
    """The metadata and the command say the version that the package says."""
    assert _metadata(contents)["Version"] == narrated.__version__
    said = _run(environment / "narrated", "--version", home=environment)
    assert said == f"narrated, version {narrated.__version__}\n"


def test_installed_finds_shipped_files(environment: Path, tmp_path: Path) -> None:
    """An installed narrated writes its configuration and its unit without a checkout."""
    config = tmp_path / "narrated.yaml"
    _run(environment / "narrated", "--config", config, "config", "init", home=tmp_path)
    written = config.read_text()
    inbox = "/srv/narrated/inbox" if os.geteuid() == 0 else f"{tmp_path}/narrated/inbox"
    assert f'inbox: "{inbox}"' in written
    announced = _run(environment / "narrated", "install", "--user", "--dry-run", home=tmp_path)
    assert f"Would write {tmp_path}/.config/systemd/user/narrated.service\n" in announced


def test_installed_narrates_a_text(environment: Path, tmp_path: Path) -> None:
    """An installed narrated turns a text of the inbox into sound, transcript and manifest."""
    where = _run(
        environment / "python", "-c", "import narrated; print(narrated.__file__)", home=tmp_path
    )
    assert Path(where).is_relative_to(environment.parent)
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox/post.md").write_text("# A wheel\n\nIt speaks by itself.\n")
    folders = ("inbox", "outbox", "state", "cache")
    (tmp_path / "narrated.yaml").write_text("".join(f"{name}: {name}\n" for name in folders))
    _run(environment / "narrated", "--config", "narrated.yaml", "once", "--quiet", home=tmp_path)
    manifest = json.loads((tmp_path / "outbox/post.json").read_text())
    assert manifest["program"] == f"narrated {narrated.__version__}"
    assert "It speaks by itself." in (tmp_path / "outbox/post.vtt").read_text()
    assert (tmp_path / "outbox/post.mp3").stat().st_size > 1000
