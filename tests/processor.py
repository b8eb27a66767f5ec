"""E A plugin: which test files and tests cost most, in processor seconds, which other work on the machine hardly changes.

python -m pytest -p tests.processor -m "not (net or browser or vm or image)"

With --write-costs it writes what it measured into tests/costs.toml, for the lane that was run (--lane; the fast one if none).
"""

from __future__ import annotations

import resource
import time
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioning import shares
from provisioning.testing import LINT

SHOWN = 15
COSTS = Path(__file__).with_name("costs.toml")
_files: defaultdict[str, float] = defaultdict(float)
_tests: defaultdict[str, float] = defaultdict(float)
_waited: defaultdict[str, float] = defaultdict(float)
_collecting = 0.0


def _seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def pytest_collection_finish() -> None:
    """What start and collecting took."""
    global _collecting
    _collecting = _seconds()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[Any]:
    """What a test takes with its fixtures; the one that sets up what others share pays for it."""
    before, began = _seconds(), time.monotonic()
    try:
        return (yield)
    finally:
        spent = _seconds() - before
        _files[item.nodeid.partition("::")[0]] += spent
        _waited[item.nodeid.partition("::")[0]] += time.monotonic() - began
        _tests[item.nodeid.partition("[")[0]] += spent


def pytest_addoption(parser: pytest.Parser) -> None:
    """Whether the table of costs is written anew."""
    parser.addoption("--write-costs", action="store_true", help="Write tests/costs.toml anew.")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """The dearest."""
    terminalreporter.section("processor seconds")
    terminalreporter.write_line(f"{_collecting:7.1f} start and collecting, {_seconds():.1f} in all")
    for counted in (_files, _tests):
        for name, spent in sorted(counted.items(), key=lambda item: -item[1])[:SHOWN]:
            terminalreporter.write_line(f"{spent:7.1f} {name}")
    if config.getoption("write_costs"):
        lane = config.getoption("lane") or "fast"
        costs = (_files if lane == "fast" else _waited).items()
        known = tomllib.loads(COSTS.read_text("utf-8"))
        measured = {name.removeprefix("tests/"): spent for name, spent in costs if name not in LINT}
        known[lane] = {**known[lane], **measured} if config.getoption("share") else measured
        COSTS.write_text(shares.table(known), "utf-8")
