"""W What holds for every test: fast ones touch no process and no socket, each kind runs in its turn, skips say why."""

from __future__ import annotations

import functools
import gc
import os
import re
import sys
import tempfile
import tomllib
from collections import Counter, defaultdict
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.errors import BadInput
from provisioning import lanes, modes, shares
from provisioning.lab import pace

pytest.register_assert_rewrite("tests.golden_files")
IN_VM = "CAMPBOX_VM" in os.environ
"""In the virtual machine every import costs seconds: there is no camp and no property test there."""
pytest_plugins = () if IN_VM else ("tests.camp_fixture",)
TESTS = Path(__file__).resolve().parent
ORDER = ("fast", "lint", "net", "browser", "vm", "image")
"""Kinds in the order they run: the quickest answer first."""
NEED_ROOT = ("net", "browser", "vm", "image")
FORBIDDEN = {
    "subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "pty.spawn",
    "socket.__new__", "socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname",
}  # fmt: skip
"""Audit events (docs.python.org/3/library/audit_events.html) that no fast test may cause."""

# No time limit that an example or its making may miss on a busy machine; no database in the clone that another user cannot write;
# the same examples in every run, unless new ones are asked for.
if not IN_VM:
    import hypothesis
    import hypothesis.configuration

    # What it knows of Unicode and of our sources' constants takes it three seconds to find out; a clone of our own keeps it.
    if TESTS.parent.stat().st_uid == os.geteuid():
        hypothesis.configuration.set_hypothesis_home_dir(TESTS.parent / ".hypothesis")
    else:
        _home = tempfile.TemporaryDirectory(prefix="campbox-hypothesis-")
        hypothesis.configuration.set_hypothesis_home_dir(_home.name)
    slow = [hypothesis.HealthCheck.too_slow]
    same = hypothesis.settings(deadline=None, database=None, print_blob=True, suppress_health_check=slow, derandomize=True)
    hypothesis.settings.register_profile("campbox", same)
    hypothesis.settings.register_profile("random", same, derandomize=False)
    hypothesis.settings.load_profile("random" if os.environ.get(modes.RANDOM) else "campbox")


class Forbidden(AssertionError):
    """A fast test reached for a process or a socket."""


_noted = os.environ.pop("CAMPBOX_NOTED", None)
"""Where this process says what it collected and ran. Taken out of the environment: a pytest that a test starts is another."""
_ran: set[str] = set()
_skipped: set[str] = set()
_passed: set[str] = set()
_guarded: str | None = None
_on_loopback: str | None = None
_seconds: defaultdict[str, float] = defaultdict(float)
_outcomes: dict[str, Counter[str]] = {}


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if _guarded is not None and event in FORBIDDEN:
        raise Forbidden(f"{_guarded} is a fast test and caused {event}; mark it (net, browser, vm, lint) or hand in a fake")
    if _on_loopback is not None and event == "subprocess.Popen" and makes_a_namespace(arguments[1]):
        raise Forbidden(f"{_on_loopback} is marked loopback and makes a network namespace: the kernel makes one after the other")


def makes_a_namespace(argv: object) -> bool:
    """Whether a command makes a network namespace (ip-netns(8), unshare(1))."""
    words = [str(word) for word in argv] if isinstance(argv, list | tuple) else []
    unshares = any(Path(word).name == "unshare" for word in words)
    return unshares and not {"--net", "-n"}.isdisjoint(words) or {"netns", "add"} <= set(words)


sys.addaudithook(_audit)

_OF_ANOTHER_KIND = re.compile(rf"^pytestmark = \[?\s*pytest\.mark\.({'|'.join(NEED_ROOT)})\b", re.MULTILINE)

# Modules, tests and their parameters live as long as the run: looking through them for garbage every 700 objects cost 7 % of it.
gc.set_threshold(100_000, 20, 20)


def kind_of(item: pytest.Item) -> str:
    """The kind of a test: its marker, else fast."""
    return next((kind for kind in reversed(ORDER) if item.get_closest_marker(kind)), "fast")


def lane_of(item: pytest.Item) -> str:
    """Which lane a test runs in (provisioning/testing.py, LANES)."""
    if kind_of(item) in ("fast", "lint"):
        return "fast"
    if kind_of(item) in ("vm", "image"):
        return "machines"
    if (lane := next((name for name in ("loopback", "front") if item.get_closest_marker(name)), None)) is not None:
        return lane
    return "camp" if "the_camp" in getattr(item, "fixturenames", ()) else "places"


def pytest_addoption(parser: pytest.Parser) -> None:
    """``campbox test`` runs the lanes side by side; plain pytest runs all, one after the other."""
    parser.addoption(
        "--lane", choices=("places", "fast", "loopback", "front", "camp", "machines"), help="Only the tests of this lane."
    )
    parser.addoption("--share", help="Only the files of one share of several, as 1/2.")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the other shares' files and those without a fast test out before they are read: that costs as much as running many."""
    share, lane = config.getoption("share"), config.getoption("lane") or "fast"
    return True if share is not None and collection_path in _of_other_shares(lane, share) else None


@functools.cache
def _of_other_shares(lane: str, share: str) -> frozenset[Path]:
    from provisioning.testing import LINT
    from tests import fuzz

    every = sorted(TESTS.rglob("test_*.py"))
    without = {path for path in every if lane == "fast" and is_of_another_kind(path.read_text("utf-8"))}
    files = [path.relative_to(TESTS).as_posix() for path in every if path not in without]
    costs = tomllib.loads((TESTS / "costs.toml").read_text("utf-8"))[lane]
    # Some have a process of their own beside the shares; what is tried for minutes where CI asks costs those minutes.
    costs |= {file.removeprefix("tests/"): 0.0 for file in LINT} | ({"test_fuzz.py": fuzz.MINUTES * 60} if fuzz.MINUTES else {})
    return frozenset(TESTS / file for file in shares.others(files, costs, share)) | without


def is_of_another_kind(file: str) -> bool:
    """Whether a file of tests (its text) marks all of them as net, browser, vm or image."""
    return _OF_ANOTHER_KIND.search(file) is not None


def pytest_report_header() -> str:
    """What every wait is multiplied by here (``campbox test`` says so itself, and runs quietly)."""
    return pace.line()


def pytest_configure() -> None:
    """Refuse what may not be asked for, in one line."""
    if sys.flags.optimize:
        raise pytest.UsageError("Python runs without assertions (-O or PYTHONOPTIMIZE): helpers of the tests would assert nothing")
    try:
        modes.read(os.environ)
    except BadInput as error:
        raise pytest.UsageError(str(error)) from error


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Order by kind; leave the other lanes' out; give a slow machine its time; skip what needs root where there is none."""
    items.sort(key=lambda item: ORDER.index(kind_of(item)))
    if (lane := config.getoption("lane")) is not None:
        strays = [item.nodeid for item in items if lane_of(item) != "fast" and item.path.parent.name not in ("real", "browser")]
        if strays:
            raise pytest.UsageError(f"only tests/real and tests/browser are looked through for the lanes: {strays[0]}")
        config.hook.pytest_deselected(items=[item for item in items if lane_of(item) != lane])
        items[:] = [item for item in items if lane_of(item) == lane]
    for item in items:
        limit = item.get_closest_marker("timeout")
        if seconds := float(limit.args[0] if limit is not None else config.getini("timeout") or 0):
            item.add_marker(pytest.mark.timeout(pace.limit(seconds)), append=False)
        if os.geteuid() != 0 and kind_of(item) in NEED_ROOT:
            item.add_marker(pytest.mark.skip(reason="needs root: it makes network namespaces"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Guard a test from its fixtures' set-up to their end."""
    global _guarded, _on_loopback
    _guarded = item.nodeid if kind_of(item) == "fast" else None
    _on_loopback = item.nodeid if item.get_closest_marker("loopback") else None
    try:
        return (yield)
    finally:
        _guarded = _on_loopback = None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Count outcomes and seconds by kind for the closing table."""
    report = yield
    kind = kind_of(item)
    _seconds[kind] += report.duration
    if report.when == "call" or report.outcome != "passed":
        _outcomes.setdefault(kind, Counter())[report.outcome] += 1
    told = "fast" if kind == "lint" else kind
    if report.when == "call" and report.passed and told not in _passed:
        _passed.add(told)
        _note(lanes.passed(told))
    if report.failed:
        _note(lanes.failed(kind, item.nodeid))
    if report.skipped:
        _skipped.add(item.nodeid)
    if report.when == "teardown":
        _ran.add(item.nodeid)
    return report


def _note(line: str) -> None:
    if _noted is not None:
        with Path(_noted).open("a") as file:
            file.write(line)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Say what there is to run, once nothing is left out any more.

    With --collect-only one line names the kinds: the launcher asks, to install no more than ``campbox test --only`` needs.
    """
    _note(lanes.collected(len(session.items)))
    gc.collect()
    gc.freeze()
    if "flask" in sys.modules:
        from tests import kept

        kept.keep()
    if session.config.option.collectonly:
        found = {"fast" if kind_of(item) == "lint" else kind_of(item) for item in session.items}
        print("kinds:", *(kind for kind in ORDER if kind in found))


def pytest_sessionfinish() -> None:
    """Say what was run: who leaves earlier, with whatever status, has not said it."""
    _note(lanes.ran(len(_ran), len(_skipped)))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One line a kind."""
    terminalreporter.section("by kind")
    for kind in (name for name in ORDER if name in _outcomes):
        counts = ", ".join(f"{number} {outcome}" for outcome, number in sorted(_outcomes[kind].items()))
        terminalreporter.write_line(f"{kind:8} {counts} in {_seconds[kind]:.0f} s")
