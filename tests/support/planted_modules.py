"""Modules that stand where a command is typed, by the names of what it needs: none may run."""

from pathlib import Path

_NAMES = ("pip", "ensurepip", "venv", "torch", "transformers", "tortoise", "narrated")


def plant(folder: Path) -> None:
    """Write modules there that tell that they ran."""
    for name in _NAMES:
        tells = f"import pathlib; pathlib.Path({str(folder)!r}, 'ran-{name}').touch()\n"
        (folder / f"{name}.py").write_text(tells)


def ran(folder: Path) -> list[str]:
    """The modules of that folder which were run."""
    return sorted(path.name.removeprefix("ran-") for path in folder.glob("ran-*"))
