"""What holds for every test."""

import os
from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where everything a test needs was installed, a skipped test is a failure."""
    report = yield
    skipped = report.outcome == "skipped" and item.get_closest_marker("gpu") is None
    if skipped and os.environ.get("NARRATED_NO_SKIPS"):
        report.outcome = "failed"
        report.longrepr = f"skipped, though NARRATED_NO_SKIPS is set: {report.longrepr}"
    return report
