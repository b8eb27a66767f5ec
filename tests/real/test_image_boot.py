"""The built images, flashed and powered on in emulated computers: to the portal, the hub, the phones; through power cuts.

Each image is booted once, and every test looks at a step of that one rehearsal. Times are printed, never judged.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.run import open_log, run, spawn
from provisioning.lab import card_place, image_boot
from provisioning.lab import topology as plan
from provisioning.lab.netns import Namespace, existing
from provisioning.lab.pace import factor, limit, patient
from tests.real.running_camp import ENVIRONMENT, RunningCamp, none_left, until

pytestmark = [pytest.mark.image, pytest.mark.timeout(1500)]
EMULATED_PI = pytest.mark.skipif("CAMPBOX_TEST_IMAGE" not in os.environ, reason="takes minutes more: ./campbox test image")
CAMPBOX = (sys.executable, "-m", "appliance.cli")
CUTS = (10, 20, 32) if "CAMPBOX_TEST_IMAGE" in os.environ else (35,)
"""Seconds after power-on: as the kernel starts, as the card grows, as services start (two free cores; later on a slow machine)."""
STEPS = (
    "ticket", "flash", "portal", "enrolled", "on the dashboard", "catalogue", "phone Android", "self-test", "no unit failed",
    "card grown", "state is whole", "token gone",
)  # fmt: skip

Build = Callable[[str], Path]


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Build]:
    """Makes the image of an architecture, from the cache where the recipe is known; the files go at the end."""
    folder = tmp_path_factory.mktemp("images")

    def make(arch: str) -> Path:
        image = folder / f"{arch}.img"
        if not image.exists():
            began = time.monotonic()
            argv = [
                *CAMPBOX,
                "image",
                "build",
                "--site",
                str(image_boot.CARD_SITE),
                "--arch",
                arch,
                "--output",
                str(image),
                "--json",
            ]
            told = json.loads(run(argv, env=ENVIRONMENT, timeout=limit(1400)).stdout)
            print(f"\n{arch} image: {time.monotonic() - began:.0f} s, {told}"[:2000])
        return image

    yield make
    for image in folder.glob("*.img*"):
        image.unlink()


def rehearse(image: Path, log: Path, *arguments: str) -> dict[str, Any]:
    """``campbox image boot``; its report, with what it said printed."""
    argv = [*CAMPBOX, "image", "boot", str(image), "--json", "--log", str(log), *arguments]
    done = run(argv, env=ENVIRONMENT, check=False, timeout=limit(1400))
    print(f"\n{done.stderr}")
    assert done.stdout, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    assert (done.returncode == 0) == all(step["holds"] is not False for step in report["steps"])
    return report


def holds(report: dict[str, Any], name: str) -> None:
    """A step was reached and holds."""
    wrong = [f"{step['name']}: {step['figure']}" for step in report["steps"] if step["holds"] is False]
    found = [step for step in report["steps"] if step["name"] == name]
    assert found, f"not reached; {'; '.join(wrong)}"
    if found[-1]["holds"] is None:
        pytest.skip(found[-1]["figure"])
    assert all(step["holds"] for step in found), "; ".join(wrong)


@pytest.fixture(scope="module")
def cut(the_camp: RunningCamp, build: Build, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The amd64 image at the hub of a running demo; the plug is pulled several times during the first start."""
    the_camp.ensure()
    cuts = [part for seconds in CUTS for part in ("--cut-power-after", f"{factor() * seconds:.0f}")]
    log = tmp_path_factory.mktemp("cut") / "console"
    return {**rehearse(build("amd64"), log, "--state", str(the_camp.state_file), *cuts), "console": log.read_text(errors="replace")}


@pytest.mark.parametrize("step", [*STEPS, "phone iPhone"])
def test_a_card_for_a_pc_starts_after_power_cuts_and_is_seen_by_phones_and_hub(cut: dict[str, Any], step: str) -> None:
    holds(cut, step)


def test_the_plug_was_pulled_while_it_started(cut: dict[str, Any]) -> None:
    pulled = [step for step in cut["steps"] if step["name"] == "power cut"]
    assert len(pulled) == len(CUTS)
    assert any("nothing" not in step["figure"] for step in pulled), "every cut came before the kernel"


def test_systemd_starts_everything_in_an_order_that_there_is(cut: dict[str, Any]) -> None:
    assert "systemd" in cut["console"]
    assert "ordering cycle" not in cut["console"].lower()


def test_a_demo_that_was_joined_goes_on_as_if_nothing_had_been(cut: dict[str, Any], camp: RunningCamp) -> None:
    assert plan.CARD not in existing()
    assert not card_place.FOLDER.exists() and not card_place.LOCK.exists()
    camp.guest("after").must("join", "held", "tap", "online")


@pytest.fixture(scope="module")
def arm(the_camp: RunningCamp, build: Build, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The arm64 image, with a demo of its own for its hub."""
    the_camp.stop()
    return rehearse(build("arm64"), tmp_path_factory.mktemp("arm") / "console", "--phones", "1")


@EMULATED_PI
@pytest.mark.parametrize("step", STEPS)
def test_a_card_for_a_pi_starts_and_is_seen_by_phones_and_hub(arm: dict[str, Any], step: str) -> None:
    holds(arm, step)


@EMULATED_PI
def test_a_rehearsal_leaves_nothing_behind(arm: dict[str, Any]) -> None:
    assert none_left() == []
    assert not card_place.FOLDER.exists() and not card_place.LOCK.exists()


def test_a_killed_rehearsal_leaves_no_machine_running_and_the_next_clears_away_the_rest(
    no_camp: RunningCamp, build: Build, tmp_path: Path
) -> None:
    image = build("amd64")
    with open_log(tmp_path / "said") as said:
        argv = [*CAMPBOX, "image", "boot", str(image), "--phones", "0"]
        killed = spawn(argv, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True)
    until(lambda: _machines() or killed.poll() is not None, patient(300), "the machine is on")
    assert _machines(), (tmp_path / "said").read_text()
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    until(lambda: not _machines(), patient(60), "the machine has gone with it")
    assert card_place.FOLDER.exists()
    again = run(
        [*CAMPBOX, "image", "boot", str(image), "--phones", "0", "--patience", "1"],
        env=ENVIRONMENT,
        check=False,
        timeout=limit(600),
    )
    assert again.returncode == 1 and "not within 1 s" in again.stdout
    assert "what an earlier rehearsal left" in again.stdout
    assert none_left() == [] and not card_place.FOLDER.exists()


def _machines() -> list[int]:
    """QEMU, in the namespace around the machine, where short commands come and go between the list and the look."""
    there = Namespace(plan.CARD).pids() if plan.CARD in existing() else []
    return [pid for pid in there if b"qemu" in _command(pid)]


def _command(pid: int) -> bytes:
    """Its command line; empty where it has ended meanwhile (proc(5): the folder is gone, or no such process)."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""
