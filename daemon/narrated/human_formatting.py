"""Sizes, durations, times and counts, formatted for people."""

import time


def size(bytes: float) -> str:
    """Format a size in a fitting unit: 812 B, 3.4 MB, 4.5 GB."""
    for unit in ("B", "kB", "MB"):
        if round(bytes) < 1000:
            return f"{bytes:.0f} {unit}" if unit == "B" or bytes >= 10 else f"{bytes:.1f} {unit}"
        bytes /= 1000
    return f"{bytes:.1f} GB"


def duration(seconds: float) -> str:
    """Format a duration: 45 s, 12 min, 3 h 20 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def count_noun(count: int, noun: str) -> str:
    """Format a count with its noun, in the plural if needed: 1 file, 2,000 files."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def clock_time(at: float, now: float) -> str:
    """Format a time, in seconds since the epoch, by the local clock: 14:00, or 2026-12-01 14:00."""
    local = time.localtime(at)
    is_today = local[:3] == time.localtime(now)[:3]
    return time.strftime("%H:%M" if is_today else "%Y-%m-%d %H:%M", local)
