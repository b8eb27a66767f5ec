"""However a demo ends, nothing of it is left: Ctrl-C, SIGTERM while it starts, and kill -9 cleared away by the next one."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from provisioning.lab.pace import patient
from tests.real.running_camp import UP, RunningCamp, none_left, start_demo, traces, until

pytestmark = [pytest.mark.net]


def test_ctrl_c_leaves_nothing_behind(camp: RunningCamp) -> None:
    state = camp.state_file
    assert traces() and state.exists()
    assert camp.stop(signal.SIGINT) == 0
    assert none_left() == []
    assert not state.exists()


@pytest.mark.parametrize("stage", ["", "the internet:", "the hub:", "the box:"])
def test_sigterm_while_it_comes_up_leaves_nothing_behind(no_camp: RunningCamp, tmp_path: Path, stage: str) -> None:
    """At each stage as the demo itself announces it, not after a time that a quick machine outruns."""
    output = tmp_path / "output"
    demo = start_demo(output, "--phones", "1")
    until(lambda: stage in output.read_text() or demo.poll() is not None, UP, f"the demo says {stage!r}")
    assert demo.poll() is None, output.read_text()
    demo.send_signal(signal.SIGTERM)
    assert demo.wait(UP) in (130, -signal.SIGTERM)
    assert none_left() == []


@pytest.mark.timeout(900)
def test_after_kill_9_the_next_demo_clears_up_and_all_its_checks_hold(no_camp: RunningCamp, tmp_path: Path) -> None:
    killed = start_demo(tmp_path / "killed", "--phones", "1", "--state", str(tmp_path / "state.json"))
    until(lambda: (tmp_path / "state.json").exists() or killed.poll() is not None, UP, "the demo is up")
    killed.kill()
    killed.wait()
    assert traces()
    checked = start_demo(tmp_path / "checked", "--phones", "6", "--check", "--data-disk", "2MB")
    status = checked.wait(patient(500))
    said = (tmp_path / "checked").read_text()
    assert status == 0, "\n".join(line for line in said.splitlines() if not line.startswith("ok "))
    assert "cleared away" in said
    # The box's disk filled up while half the phones were still to come.
    assert said.count("ok      disk ") == 7 and "there is room again" in said
    assert none_left() == []
