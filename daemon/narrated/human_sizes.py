"""Sizes in bytes, formatted for people."""


def size(bytes: float) -> str:
    """Format a size in a fitting unit: 812 B, 3.4 MB, 4.5 GB."""
    for unit in ("B", "kB", "MB"):
        if round(bytes) < 1000:
            return f"{bytes:.0f} {unit}" if unit == "B" or bytes >= 10 else f"{bytes:.1f} {unit}"
        bytes /= 1000
    return f"{bytes:.1f} GB"
