"""How long a pause lasts, as people write it."""

import pytest

from narrated.cli.pause_commands import parse_duration


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("", None),
        ("90m", 5400),
        ("90min", 5400),
        ("90 minutes", 5400),
        ("2h", 7200),
        ("2 h", 7200),
        ("2H", 7200),
        ("1.5h", 5400),
        ("1h30m", 5400),
        ("1h 30m", 5400),
        ("2d", 172800),
        ("1 day 2 hours", 93600),
        ("45s", 45),
    ],
)
def test_duration_in_words(written: str, seconds: float | None) -> None:
    """Days, hours, minutes and seconds, alone or together."""
    assert parse_duration(written) == seconds
