"""Checks the free disk space, and that the cache may grow to its limit."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from narrated.config.values import Config
from narrated.doctor.finding import Finding, is_folder, shown, typed, warning, well, wrong
from narrated.models.file_hashes import size_if_file

_SCARCE_BYTES = 1_000_000_000
_FULL_BYTES = 100_000_000


def check_disk_space(config: Config) -> Iterator[Finding]:
    """Check the free space for narrations, state and cache."""
    yield _check_free_space("outbox disk", config.outbox)
    yield _check_free_space("state disk", config.state)
    yield _check_free_space("cache disk", config.cache)
    yield from _check_cache_limit(config)


def _check_free_space(name: str, folder: Path) -> Finding:
    existing = _nearest_existing(folder)
    free = shutil.disk_usage(existing).free
    inodes = os.statvfs(existing)
    remedy = f"Free some room: sudo du -xh --max-depth=2 {typed(existing)} | sort -h | tail"
    if inodes.f_files and inodes.f_favail < 1000:
        problem = f"The disk of {shown(folder)} has no inodes left for more files."
        return wrong(name, problem, remedy)
    if free < _SCARCE_BYTES:
        severity = wrong if free < _FULL_BYTES else warning
        return severity(name, f"Only {free / 1e6:.0f} MB are free for {shown(folder)}.", remedy)
    return well(name, f"{free / 1e9:.0f} GB are free for {shown(folder)}.")


def _check_cache_limit(config: Config) -> Iterator[Finding]:
    free = shutil.disk_usage(_nearest_existing(config.cache)).free
    used = _bytes_in(config.cache)
    if used + free < config.cache_limit:
        yield warning(
            "cache limit",
            f"The cache may grow to {config.cache_limit / 1e9:.0f} GB, but its disk has room for "
            f"{(used + free) / 1e9:.1f} GB only.",
            f"Set `cache_limit: {max(1, int((used + free) / 2e9))}GB`, or move `cache:`.",
        )


def _nearest_existing(folder: Path) -> Path:
    return next(each for each in (folder, *folder.parents) if is_folder(each))


def _bytes_in(folder: Path) -> int:
    files = (Path(path, name) for path, _, names in os.walk(folder) for name in names)
    return sum(size_if_file(file) or 0 for file in files)  # a running daemon may evict some
