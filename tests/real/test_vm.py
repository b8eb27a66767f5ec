"""W One boot of Debian's kernel: its queueing disciplines, ``box up`` on a radio of its own, and the gate's kernel tests.

The guest runs pytest and writes a JUnit file; here every test of the guest is a test again, so that each has its own outcome.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from provisioning.lab import vm
from provisioning.lab.pace import limit
from tests.junit import Case, read

HERE = Path(__file__).resolve().parent
IN_GUEST, RADIO, GATE = HERE / "in_guest.py", HERE / "in_guest_radio.py", HERE / "test_gate_kernel.py"
CANARY = "test_a_failure_in_the_guest_is_seen"
pytestmark = [pytest.mark.vm, pytest.mark.timeout(900)]


def _tests(path: Path) -> list[str]:
    """Names of the test functions in a file, methods of test classes included."""
    tree = ast.parse(path.read_text("utf-8")) if path.exists() else ast.Module([], [])
    return sorted(n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name.startswith("test_"))


@dataclass(frozen=True)
class Guest:
    """What the guest reported."""

    cases: list[Case]
    console: str

    def of(self, path: Path, name: str) -> list[Case]:
        """Every case of one test function, one for each of its parameters."""
        return [case for case in self.cases if case.module == path.stem and case.name.partition("[")[0] == name]


@pytest.fixture(scope="module")
def guest(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Guest]:
    results = tmp_path_factory.mktemp("guest")
    files = [str(path.relative_to(vm.PROJECT)) for path in (IN_GUEST, RADIO, GATE) if path.exists()]
    report = results / "junit.xml"
    argv = [
        f"{vm.GUEST_CODE}/.venv/bin/python",
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-m",
        "net or kernel",
        f"--junitxml={report}",
        *files,
    ]
    seen = vm.visit(argv, results, timeout=limit(780))
    plugins = request.config.pluginmanager
    with plugins.getplugin("capturemanager").global_and_fixture_disabled():  # to be read also where all passed
        plugins.getplugin("terminalreporter").write_line(f"\n{seen.load.line()}")
    assert report.exists(), seen.console[-3000:]
    yield Guest(read(report.read_text("utf-8")), seen.console)


@pytest.mark.parametrize("name", [name for name in _tests(IN_GUEST) if name != CANARY])
def test_on_debians_kernel(guest: Guest, name: str) -> None:
    _passed(guest.of(IN_GUEST, name))


@pytest.mark.parametrize("name", _tests(RADIO))
def test_box_up_with_its_own_radio(guest: Guest, name: str) -> None:
    _passed(guest.of(RADIO, name))


@pytest.mark.parametrize("name", _tests(GATE))
def test_gate_on_debians_kernel(guest: Guest, name: str) -> None:
    _passed(guest.of(GATE, name))


def test_a_failing_guest_test_fails_here(guest: Guest) -> None:
    with pytest.raises(pytest.fail.Exception, match="on purpose"):
        _passed(guest.of(IN_GUEST, CANARY))


def test_a_guest_test_that_did_not_run_fails_here(guest: Guest) -> None:
    with pytest.raises(pytest.fail.Exception, match="did not run"):
        _passed(guest.of(IN_GUEST, "test_of_no_such_name"))


def _passed(cases: list[Case]) -> None:
    """Fail, or skip, as the guest did."""
    if not cases:
        pytest.fail("the guest did not run it", pytrace=False)
    for case in cases:
        if case.outcome == "failed":
            pytest.fail(f"in the guest, {case.name}: {case.text}", pytrace=False)
    if all(case.outcome == "skipped" for case in cases):
        pytest.skip(f"in the guest: {cases[0].text}")
