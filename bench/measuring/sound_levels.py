"""Case of `bench/sound.py`: how loud published episodes are, by libebur128."""

import math
from dataclasses import dataclass
from pathlib import Path

from measuring import episodes
from measuring.program import Figure, NotTaken, say
from narrated.audio.formats import FORMATS
from support import ebur128
from support.ebur128 import HeardLevel

TARGET_LUFS, TOLERANCE_LU, PEAK_DBTP = -16.0, 0.5, -1.0
HOME = "levels"


@dataclass(frozen=True, slots=True)
class SoundSizes:
    """Sizes of a run."""

    formats: tuple[str, ...] = tuple(FORMATS)
    shorter: float = 1.0
    """Episodes are shorter by this factor."""
    cost_rounds: int = 3
    hours: float = 10.0


@dataclass(frozen=True, slots=True)
class SoundBench:
    """A scratch folder, and the sizes of a run."""

    scratch: Path
    sizes: SoundSizes


def levels(bench: SoundBench) -> list[Figure]:
    """Publish twenty episodes in each format, and measure each file as a player decodes it."""
    try:
        ebur128.library()
    except OSError as error:
        raise NotTaken("libebur128 is missing: apt-get install libebur128-1") from error
    return [_format(bench, format) for format in bench.sizes.formats]


def _format(bench: SoundBench, format: str) -> Figure:
    say(f"levels: twenty episodes in {format}")
    home = bench.scratch / HOME / format
    home.mkdir(parents=True)
    files = episodes.narrated(home, format, bench.scratch / HOME / "cache", bench.sizes.shorter)
    heard = {each: ebur128.heard_level(path) for each, path in files.items()}
    for each, level in heard.items():
        say(f"  {each.name}: {level.integrated_lufs:.2f} LUFS, {level.true_peak_db:.2f} dBTP")
    off = {each: _off_lu(level) for each, level in heard.items() if not each.is_silent}
    silent = all(level.true_peak_db < -60 for each, level in heard.items() if each.is_silent)
    furthest = max(off, key=lambda each: off[each])
    loudest = max(heard, key=lambda each: heard[each].true_peak_db)
    peak_db = heard[loudest].true_peak_db
    return Figure(
        f"{len(heard)} episodes in {format}, published by the daemon (one is silent, and stays so)",
        f"{off[furthest]:.2f} LU off at most ({furthest.name}); "
        f"true peak {peak_db:.2f} dBTP at most ({loudest.name})",
        f"within {TOLERANCE_LU} LU of {TARGET_LUFS:g} LUFS; at most {PEAK_DBTP:g} dBTP",
        off[furthest] <= TOLERANCE_LU and peak_db <= PEAK_DBTP and silent,
    )


def _off_lu(level: HeardLevel) -> float:
    off_lu = abs(level.integrated_lufs - TARGET_LUFS)
    return off_lu if math.isfinite(off_lu) else math.inf
