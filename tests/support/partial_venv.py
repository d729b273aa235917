"""An environment that has what ours has, but for some packages."""

import subprocess
import sys
import sysconfig
from pathlib import Path


def venv_without(folder: Path, *names: str) -> Path:
    """Make it in a folder; gives its interpreter.

    Ours are shown it from outside of it, so that its pip neither changes nor removes them.
    """
    environment, shown = folder / "environment", folder / "shown"
    subprocess.run((sys.executable, "-m", "venv", "--without-pip", environment), check=True)
    shown.mkdir()
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        package = path.name.partition("-")[0].partition(".")[0].lower()
        if package not in names:
            (shown / path.name).symlink_to(path)
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "shown.pth").write_text(f"{shown}\n")
    return environment / "bin/python"
