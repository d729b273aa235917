"""Sizes as a person reads them."""


def size(bytes: float) -> str:
    """A size in the unit that leaves it short: 812 B, 3.4 MB, 4.5 GB."""
    for unit in ("B", "kB", "MB"):
        if round(bytes) < 1000:
            return f"{bytes:.0f} {unit}" if unit == "B" or bytes >= 10 else f"{bytes:.1f} {unit}"
        bytes /= 1000
    return f"{bytes:.1f} GB"
