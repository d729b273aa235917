"""Fixtures and hooks of every test."""

import gc
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterator

import pytest

from support.pins import MAKING_S, tortoise_pins

__all__ = ["tortoise_pins"]

pytest_plugins = ["support.tiers"]

# Tiny models: their threads would wait for one another longer than they compute. Torch reads it
# when it is imported, and workers inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# What tests install is compiled when it is imported; "0" is how pip spells "do not compile".
os.environ.setdefault("PIP_NO_COMPILE", "0")

# It is compiled once, though a container image says to keep nothing of it.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A job in the background of a script ignores Ctrl-C, and so would what the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

FIGURE = "figure"


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Have what a test measured, or the seed that it drew, printed at the end of the run."""

    def tell(measured: str) -> None:
        print(measured)  # beside a failure too
        record_property(FIGURE, measured)

    return tell


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The figures of all tests, whichever process ran them."""
    figures = [
        f"{report.nodeid.rpartition('::')[2]}: {value}"
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == FIGURE and report.when == "call"
    ]
    terminalreporter.section("figures")
    terminalreporter.write_line("\n".join(sorted(figures)))
    terminalreporter.section("files")
    terminalreporter.write_line("\n".join(_files(terminalreporter)))


def _files(terminalreporter: pytest.TerminalReporter) -> Iterator[str]:
    """Sum up each file of tests, the longest first, down to a second."""
    seconds, passed = Counter[str](), Counter[str]()
    for kind, reports in terminalreporter.stats.items():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                file = report.nodeid.partition("::")[0]
                seconds[file] += report.duration
                passed[file] += kind == "passed"
    for file, took_s in seconds.most_common():
        if took_s >= 1:
            yield f"{took_s:6.1f} s, {passed[file]} passed: {file}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a skipped test where NARRATED_NO_SKIPS says that all it needs is installed."""
    report = yield
    if report.outcome == "skipped" and os.environ.get("NARRATED_NO_SKIPS"):
        report.outcome = "failed"
        report.longrepr = f"skipped, though NARRATED_NO_SKIPS is set: {report.longrepr}"
    return report


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests of a GPU or of AMX, rather than skip them, if there is none.

    The first test that needs Tortoise's pins waits until they are installed.
    """
    for item in items:
        if "tortoise_pins" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.timeout(MAKING_S))
    for marker, is_there in (("gpu", _gpu_is_there), ("amx", _amx_is_there)):
        marked = [item for item in items if item.get_closest_marker(marker) is not None]
        if marked and not is_there():
            config.hook.pytest_deselected(items=marked)
            items[:] = [item for item in items if item not in marked]


def pytest_collection_finish() -> None:
    """Have collections pass over what is imported: torch alone is half a million objects."""
    gc.freeze()


def _gpu_is_there() -> bool:
    import torch  # takes a second, which runs without such tests need not spend

    return torch.cuda.is_available()


def _amx_is_there() -> bool:
    import torch

    return torch.cpu._is_amx_tile_supported()
