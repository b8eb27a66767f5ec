"""P The guard of the fast tests bites, and lets the others be; a lane says what it collected and ran."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioning import lanes, modes
from tests.conftest import Forbidden, makes_a_namespace

PROJECT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize(
    "deed",
    [
        lambda: subprocess.run(["true"], check=True),
        lambda: os.system("true"),  # noqa: S605
        lambda: os.posix_spawn("/bin/true", ["true"], {}),
        lambda: os.fork(),
        lambda: socket.socket(socket.AF_UNIX),
        lambda: socket.getaddrinfo("localhost", 80),
    ],
)
def test_fast_tests_start_no_process_and_open_no_socket(deed: Callable[[], object]) -> None:
    with pytest.raises(Forbidden, match="is a fast test and caused"):
        deed()


@pytest.mark.lint
def test_tests_of_another_kind_may_start_processes() -> None:
    assert subprocess.run(["true"], check=False).returncode == 0


@pytest.mark.parametrize(
    "argv, makes",
    [
        (["ip", "netns", "add", "x"], True),
        (("/usr/sbin/ip", "-n", "x", "netns", "add", "y"), True),
        (["unshare", "-n", "true"], True),
        (["/usr/bin/unshare", "-n", "true"], True),
        (["nsenter", "--net", "true"], False),
        (["env", "unshare", "--mount", "--net", "true"], True),
        (["unshare", "--mount", "true"], False),
        (["ip", "netns", "list"], False),
        (["sed", "-n", "1p"], False),
        ("ip netns add x", False),
    ],
)
def test_what_makes_a_namespace_is_known(argv: object, makes: bool) -> None:
    assert makes_a_namespace(argv) == makes


ON_LOOPBACK = """
import subprocess, pytest
@pytest.mark.net
@pytest.mark.loopback
def test_it():
    assert subprocess.run(["true"]).returncode == 0
    subprocess.run(["unshare", "--net", "true"])
"""


@pytest.mark.lint
def test_a_test_on_loopback_makes_no_namespace(tmp_path: Path) -> None:
    """The kernel makes them one after the other: they all are in one lane."""
    done = pytest_of_its_own(tmp_path, ON_LOOPBACK, CAMPBOX_VM="1")
    assert done.returncode == 1 and "is marked loopback and makes a network namespace" in done.stdout


PYTEST = [
    sys.executable,
    "-m",
    "pytest",
    "-q",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:schemathesis",
    "-p",
    "no:anyio",
    "-p",
    "tests.conftest",
    "-c",
    os.devnull,
    "--rootdir",
    ".",
]


def pytest_of_its_own(folder: Path, text: str, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a file of tests under this conftest, in a process of its own, with nothing asked for but what is given."""
    (folder / "test_it.py").write_text(text)
    ours = {name: value for name, value in os.environ.items() if name not in ("CI", *modes.ASKED)}
    known = {**ours, "PYTHONPATH": str(PROJECT), "PYTHONDONTWRITEBYTECODE": "1", **environment}
    return subprocess.run([*PYTEST, *options, "test_it.py"], cwd=folder, env=known, capture_output=True, text=True, check=False)


FIRST = """
import os, subprocess, sys, pytest
def test_passes(): assert os.environ.get("CAMPBOX_NOTED") is None, "a pytest started here would note into the same file"
def test_is_skipped(): pytest.skip("why")
@pytest.mark.xfail
def test_fails_as_it_should(): assert 0
"""
A_FAILURE = (
    FIRST
    + """
@pytest.fixture
def ends_badly():
    yield
    assert 0
def test_fails(ends_badly): assert 0
"""
)


@pytest.mark.lint
@pytest.mark.parametrize(
    "text, status, said",
    [
        (FIRST, 0, lanes.Said(3, 3, skipped=2, passed=("fast",))),
        (FIRST.replace("test_passes", "_passes"), 0, lanes.Said(2, 2, skipped=2)),
        (A_FAILURE, 1, lanes.Said(4, 4, 2, (("fast", "test_it.py::test_fails"),), ("fast",))),
        ("", 5, lanes.Said(0, 0)),
        (FIRST + "def test_leaves(): os._exit(0)\ndef test_after(): assert 0", 0, lanes.Said(5, passed=("fast",))),
        (A_FAILURE + "def test_leaves(): os._exit(1)", 1, lanes.Said(5, None, 0, (("fast", "test_it.py::test_fails"),), ("fast",))),
        (FIRST + "def test_leaves(): pytest.exit('enough', 0)", 0, lanes.Said(4, 3, skipped=2, passed=("fast",))),
        ("import nothing_of_this_name", 2, lanes.Said(0, 0)),
    ],
)
def test_t1_a_lane_says_what_it_collected_and_ran(text: str, status: int, said: lanes.Said, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    # As in the virtual machine: without Hypothesis and the camp, whose start costs more than all that is looked at here.
    done = pytest_of_its_own(tmp_path, text, CAMPBOX_NOTED=str(notes), CAMPBOX_VM="1")
    assert (done.returncode, lanes.read(notes.read_text())) == (status, said), done.stdout + done.stderr


@pytest.mark.lint
def test_t1_without_assertions_nothing_is_run(tmp_path: Path) -> None:
    """Those of helpers would be left out; only those of test files pytest makes itself."""
    done = pytest_of_its_own(tmp_path, "def test_passes(): assert 1", CAMPBOX_VM="1", PYTHONOPTIMIZE="1")
    assert done.returncode == 4 and "without assertions" in done.stderr, done.stdout


@pytest.mark.lint
@pytest.mark.parametrize(
    "text",
    [
        "import pytest\n@pytest.mark.parametrize('x', [])\ndef test_it(x): assert x",
        "def test_it(): return 1 == 2",
        "class TestIt:\n    def __init__(self): pass\n    def test_it(self): assert 0",
    ],
)
def test_t3_a_test_that_looks_at_nothing_passes_no_run_of_ours(text: str, tmp_path: Path) -> None:
    whole = "def test_passes(): assert 1\n" + text
    settings = tmp_path / "setup.cfg"
    settings.write_text((PROJECT / "setup.cfg").read_text("utf-8"))
    assert pytest_of_its_own(tmp_path, whole, "-c", str(settings), CAMPBOX_VM="1").returncode in (1, 2)


@pytest.mark.lint
def test_collecting_says_in_one_line_which_kinds_there_are() -> None:
    files = [str(Path(__file__)), str(Path(__file__).parent / "real/test_names.py")]
    argv = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--collect-only", "-q", *files]
    found = subprocess.run(argv, check=False, capture_output=True, text=True)
    assert re.findall(r"(?m)^kinds:.*$", found.stdout) == ["kinds: fast net"]


PROPERTY = """
from hypothesis import given, settings, strategies
@settings(max_examples=20)
@given(strategies.integers(0, 2**64))
def test_it(number):
    with open("tried", "a") as file:
        file.write(f"{number} ")
"""


@pytest.mark.lint
def test_t2_property_tests_try_the_same_examples_in_every_run_and_new_ones_when_asked(tmp_path: Path) -> None:
    def tried(**environment: str) -> str:
        (tmp_path / "tried").unlink(missing_ok=True)
        done = pytest_of_its_own(tmp_path, PROPERTY, **environment)
        assert done.returncode == 0, done.stdout
        return (tmp_path / "tried").read_text()

    ordinary = tried()
    assert len(ordinary.split()) >= 20
    assert tried() == tried(CI="true") == ordinary
    assert len({ordinary, tried(CAMPBOX_RANDOM="1"), tried(CAMPBOX_RANDOM="1")}) == 3


@pytest.mark.lint
def test_t2_an_example_that_fails_can_be_tried_again(tmp_path: Path) -> None:
    done = pytest_of_its_own(tmp_path, PROPERTY + "    assert number < 5", CAMPBOX_RANDOM="1")
    assert done.returncode == 1 and "@reproduce_failure(" in done.stdout


@pytest.mark.lint
@pytest.mark.parametrize("asked", [{modes.GOLDEN: "write"}, {modes.RANDOM: "1"}])
def test_t5_what_is_not_for_ci_is_refused_there_in_one_line_before_any_test(asked: dict[str, str], tmp_path: Path) -> None:
    done = pytest_of_its_own(tmp_path, "import pathlib\npathlib.Path('was_here').touch()", CI="true", **asked)
    (line,) = done.stderr.strip().splitlines()
    assert done.returncode == 4 and "is refused where CI is set" in line and not (tmp_path / "was_here").exists()
