"""``campbox test`` with real processes for lanes: how they end, what they say, what the run says then."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from appliance.errors import BadInput, NotSo
from provisioning import lanes, modes, second_look, testing
from provisioning.lab import apart

A, B = "tests/real/test_a.py::test_b[c d]", "tests/real/test_e.py::test_f"
LANE = """
import os, signal, sys
from pathlib import Path
from provisioning import lanes
options = [word for word in ("--lane", "--share") if word in sys.argv]
name = sys.argv[sys.argv.index(options[0]) + 1] if options else "lint" if "tests/test_lint.py" in sys.argv else "alone"
deed = dict(word.split("=") for word in os.environ["DEEDS"].split()).get(name, "none")
tests = [word for word in sys.argv[1:] if "::" in word]
print(name, deed, *tests, flush=True)
def note(line):
    with Path(os.environ["CAMPBOX_NOTED"]).open("a") as file:
        file.write(line)
number = len(tests) or 3
note(lanes.collected(0 if deed == "none" else number))
if deed == "passes":
    note(lanes.passed(os.environ.get("PASSES") or ("fast" if "--share" in sys.argv else "net")))
if deed in ("fails", "fails-and-leaves"):
    note(lanes.failed("net", os.environ["FAILS"]))
if deed == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
if deed.startswith("ends"):
    os._exit(int(deed[4:]))
if deed == "fails-and-leaves":
    os._exit(1)
note(lanes.ran(0 if deed == "none" else number, 0))
sys.exit({"passes": 0, "fails": 1, "none": 5}[deed])
"""
"""A pytest that does what DEEDS says for its lane."""


@pytest.fixture
def flakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lanes without namespaces, and an empty table of flakes."""
    monkeypatch.setattr(apart, "room", nullcontext)
    monkeypatch.setattr(apart, "apart", list)
    monkeypatch.delenv("CAMPBOX_SIGHTINGS", raising=False)
    monkeypatch.setattr(testing, "FLAKES", tmp_path / "flakes.toml")
    monkeypatch.setattr(testing, "HALVES", {})
    (tmp_path / "lane.py").write_text(LANE)
    testing.FLAKES.write_text("# none\n")
    return testing.FLAKES


def run(flakes: Path, deeds: str, fails: str = A) -> lanes.Verdict:
    """The verdict on lanes that do this."""
    environment = {"PYTHONPATH": str(testing.PROJECT), "DEEDS": deeds, "FAILS": fails}
    folder = flakes.parent / "notes"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    return testing._side_by_side([sys.executable, str(flakes.with_name("lane.py"))], environment, folder)


@pytest.mark.lint
@pytest.mark.parametrize(
    "deeds, told",
    [
        ("places=passes camp=passes machines=passes", lanes.Verdict(0)),
        ("places=passes camp=none machines=none", lanes.Verdict(0)),
        ("places=none camp=none machines=none", lanes.Verdict(5)),
        ("places=fails camp=fails machines=none alone=fails", lanes.Verdict(1, "some tests failed, alone too")),
        ("places=fails camp=killed machines=passes", lanes.Verdict(1, "lane camp was killed by signal 9")),
        ("places=fails camp=ends3 machines=passes", lanes.Verdict(1, "lane camp met an error inside pytest (status 3)")),
        ("places=fails camp=ends4 machines=passes",
         lanes.Verdict(1, "lane camp was refused by pytest: wrong command line or no such test (status 4)")),
        ("places=passes camp=passes machines=ends0",
         lanes.Verdict(1, "lane machines ended with status 0 before it had run what it collected")),
        ("places=passes camp=fails-and-leaves machines=passes",
         lanes.Verdict(1, "lane camp ended with status 1 before it had run what it collected")),
        ("places=fails camp=passes machines=passes alone=killed", lanes.Verdict(1, "the second look was killed by signal 9")),
        ("places=fails camp=passes machines=passes alone=ends0",
         lanes.Verdict(1, "the second look ended with status 0 before it had run what it collected")),
    ],
)  # fmt: skip
def test_t1_what_real_lanes_come_to(deeds: str, told: lanes.Verdict, flakes: Path) -> None:
    assert run(flakes, deeds) == told
    assert flakes.read_text() == "# none\n"


@pytest.mark.lint
def test_t1_each_half_of_a_lane_counts_by_itself(
    flakes: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(testing, "HALVES", {"camp": 2})
    assert run(flakes, "places=passes camp=passes machines=passes") == lanes.Verdict(0)
    named = [line for line in capfd.readouterr().out.splitlines() if line.startswith("lane ")]
    assert named == ["lane loopback:", "lane front:", "lane camp 1 of 2:", "lane camp 2 of 2:", "lane machines:"]
    how = "ended with status 0 before it had run what it collected"
    told = lanes.Verdict(1, f"lane camp 1 of 2 {how}; lane camp 2 of 2 {how}")
    assert run(flakes, "places=passes camp=ends0 machines=passes") == told


@pytest.mark.lint
def test_t1_a_pass_on_the_second_look_is_said_in_the_last_line_and_counted(flakes: Path, capfd: pytest.CaptureFixture[str]) -> None:
    verdict = run(flakes, "places=fails camp=passes machines=passes alone=passes")
    testing._finish(replace(verdict, passed=frozenset({"fast", "net"})), ["fast", "net"], {"vm": "no kernel"})
    said = capfd.readouterr().out.splitlines()
    assert f"alone passes {A}" in said
    assert said[-1] == f"campbox test: all passed, 1 only on a second look: {A} (fast net); vm not run: no kernel"
    assert second_look.sightings(flakes.read_text()) == {A: 1}


@pytest.mark.lint
def test_t1_a_kind_of_which_no_test_passed_is_not_called_passed(flakes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    verdict = run(flakes, "1/2=passes 2/2=none places=passes camp=none machines=none")
    assert verdict.status == lanes.PASSED and verdict.passed >= {"net"} and not verdict.passed & {"vm", "image"}
    with pytest.raises(NotSo, match="no test of the kind vm, image has passed"):
        testing._finish(verdict, ["net", "vm", "image"], {})
    testing._finish(verdict, ["net", "vm"], {}, chosen_by_name=True)
    second = run(flakes, "places=fails camp=passes machines=none alone=passes")
    assert second.second == (A,) and "net" in second.passed


@pytest.mark.parametrize("by_name", [True, False])
@pytest.mark.parametrize("status", [lanes.PASSED, lanes.NO_TESTS])
def test_t1_a_run_in_which_nothing_passed_is_not_called_passed(by_name: bool, status: int) -> None:
    with pytest.raises(NotSo, match="no test of the kind fast, net has passed: all were skipped or left out; vm not run: why"):
        testing._finish(lanes.Verdict(status), ["fast", "net"], {"vm": "why"}, chosen_by_name=by_name)


@pytest.mark.parametrize("name, value", [("PYTEST_ADDOPTS", "-k nothing"), ("PYTEST_PLUGINS", "x"), ("PYTHONOPTIMIZE", "1")])
def test_t1_what_a_shell_holds_for_something_else_leaves_no_test_and_no_assertion_out(
    name: str, value: str, asked: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert CliRunner().invoke(testing.test, ["fast"]).exit_code == 0
    assert [name in environment for environment in asked] == [False]


@pytest.mark.parametrize("owner", ["ours", "another's"])
def test_what_is_compiled_is_kept_in_a_clone_of_our_own_alone(
    owner: str, asked: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it every process of a run compiles everything anew; in another's clone it would leave files of root."""
    us = testing.PROJECT.stat().st_uid + (owner != "ours")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setattr(testing.os, "geteuid", lambda: us)
    assert CliRunner().invoke(testing.test, ["fast"]).exit_code == 0
    assert ["PYTHONDONTWRITEBYTECODE" in environment for environment in asked] == [owner != "ours"]


@pytest.mark.lint
def test_t1_after_three_sightings_a_test_has_no_second_look_left(flakes: Path, capfd: pytest.CaptureFixture[str]) -> None:
    deeds = "places=fails camp=passes machines=passes alone=passes"
    for before in range(second_look.SPENT):
        assert second_look.sightings(flakes.read_text()).get(A, 0) == before
        assert run(flakes, deeds).status == lanes.PASSED
    verdict = run(flakes, deeds)
    assert verdict.status == lanes.FAILED and f"no second look is left for {A}" in verdict.why
    assert run(flakes, deeds, fails=B).second == (B,), "another has its own count"
    with pytest.raises(NotSo, match="some tests failed; no second look is left"):
        testing._finish(verdict, ["net"], {})
    assert second_look.sightings(flakes.read_text()) == {A: second_look.SPENT, B: 1}


@pytest.mark.lint
def test_t1_in_ci_a_sighting_is_noted_where_ci_prints_it(
    flakes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CAMPBOX_SIGHTINGS", str(tmp_path / "sightings"))
    assert run(flakes, "places=fails camp=passes machines=passes alone=passes").second == (A,)
    noted = (tmp_path / "sightings").read_text()
    assert second_look.sightings(noted) == {A: 1} and flakes.read_text() == "# none\n"
    assert noted.strip() in capfd.readouterr().out


def test_a_table_that_cannot_be_read_stops_the_run_before_it_starts(flakes: Path, capfd: pytest.CaptureFixture[str]) -> None:
    flakes.write_text("[[sighting]\n")
    with pytest.raises(NotSo, match="cannot be read"):
        run(flakes, "places=passes camp=passes machines=passes")
    assert capfd.readouterr().out == ""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """The environments in which tests would have been run."""
    seen = list[dict[str, str]]()

    def nothing(kinds: list[str], _only: str | None, _verbose: bool, environment: dict[str, str]) -> lanes.Verdict:
        seen.append(environment)
        return lanes.Verdict(lanes.PASSED, passed=frozenset(kinds))

    monkeypatch.setattr(testing, "_pytest", nothing)
    for name in ("CI", *modes.ASKED):
        monkeypatch.delenv(name, raising=False)
    return seen


def test_t2_new_examples_are_tried_only_when_asked_for(asked: list[dict[str, str]]) -> None:
    for arguments in (["fast"], ["fast", "--random"]):
        assert CliRunner().invoke(testing.test, arguments).exit_code == 0
    assert [modes.read(environment) for environment in asked] == [modes.Modes(), modes.Modes(random=True)]


@pytest.mark.parametrize("arguments, environment", [(["--random"], {}), ([], {modes.GOLDEN: "write"}), ([], {modes.RANDOM: "1"})])
def test_t5_ci_is_refused_what_is_for_a_person(
    arguments: list[str], environment: dict[str, str], asked: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"CI": "true", **environment}.items():
        monkeypatch.setenv(name, value)
    done = CliRunner().invoke(testing.test, ["fast", *arguments])
    assert isinstance(done.exception, BadInput) and "refused where CI is set" in str(done.exception)
    assert "\n" not in str(done.exception) and done.exception.exit_code == 2 and asked == []


@pytest.mark.lint
@pytest.mark.parametrize(
    "deeds, told",
    [
        ("1/2=passes 2/2=passes lint=passes", lanes.Verdict(0)),
        ("1/2=passes 2/2=passes lint=fails", lanes.Verdict(1, "some tests failed")),
        ("1/2=passes 2/2=fails lint=passes", lanes.Verdict(1, "some tests failed")),
        ("1/2=passes 2/2=killed lint=passes", lanes.Verdict(1, "fast 2 of 2 was killed by signal 9")),
        ("1/2=ends0 2/2=passes lint=passes",
         lanes.Verdict(1, "fast 1 of 2 ended with status 0 before it had run what it collected")),
        ("1/2=passes 2/2=passes lint=ends3", lanes.Verdict(1, "lint met an error inside pytest (status 3)")),
        ("1/2=none 2/2=none lint=none", lanes.Verdict(5)),
    ],
)  # fmt: skip
def test_point_6_the_shares_of_the_fast_tests_come_to_what_all_of_them_say(
    deeds: str, told: lanes.Verdict, flakes: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    environment = {"PYTHONPATH": str(testing.PROJECT), "DEEDS": deeds, "FAILS": A}
    monkeypatch.setattr(testing.os, "sched_getaffinity", lambda _: {0, 7})
    pytests = testing._fast([sys.executable, str(flakes.with_name("lane.py"))])
    assert lanes.verdict(testing._all_at_once(pytests, environment, flakes.parent)) == told
    one, two, lint = (word.partition("=")[2] for word in deeds.split())
    said = capfd.readouterr().out
    assert said == f"1/2 {one}\n\nfast 2 of 2:\n2/2 {two}\n\nlint:\nlint {lint}\n"
